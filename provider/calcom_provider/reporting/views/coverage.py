"""Is there somebody for each option of an attribute on each day?"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from calcom_provider.reporting.model import View
from calcom_provider.reporting.source import Source, live
from calcom_provider.reporting.views.spans import (
    OPTION,
    held_options,
    in_span,
    listed_days,
    member_spans,
    out_within,
    select_options,
)
from calcom_provider.reporting.views.working import minutes, names_day, schedules_known

CHOICES = ("SINGLE_SELECT", "MULTI_SELECT")
# The sum of the ids of all who are available is the id of the last one when there is one only.
NUMBERS = ("holders", "scheduled", "available", "ids")


def _coverage_days(source: Source) -> sa.Select[Any]:
    p = _parts(source)
    keys = [p.c[name] for name in ("organization_id", "date", *OPTION[1:])]
    sums = [sa.cast(sa.func.sum(p.c[name]), sa.BigInteger()).label(name) for name in NUMBERS]
    h = sa.select(*keys, *sums).group_by(*keys).subquery("h")
    nobody_due = sa.and_(h.c.available == 0, sa.or_(h.c.holders == 0, h.c.scheduled > 0))
    return sa.select(
        *(h.c[one.name] for one in keys),
        h.c.holders,
        h.c.scheduled.label("scheduled_holders"),
        h.c.available.label("available_holders"),
        sa.case((nobody_due, sa.true()), else_=sa.false()).label("is_uncovered"),
        sa.case((h.c.available == 1, h.c.ids)).label("last_holder_user_id"),
        source.history_note("memberships", "attribute_assignments", "ooo_entries").label("note"),
    )


def _parts(source: Source) -> sa.Subquery:
    """Give rows to add up by option and day.

    Everybody counts as on any such weekday; days with an absence or with other hours are then put right.
    """
    things = select_options(source, *CHOICES).subquery("thing")
    tables, day = listed_days(source, things)
    zeros = sa.select(*_option(things), day, *_named(0, 0, 0, 0)).select_from(tables)
    if schedules_known(source):
        parts = [zeros, _holders(source), _on_weekdays(source), _on_special_days(source)]
    else:
        parts = [zeros, _holders(source), _on_absences(source)]
    return sa.union_all(*parts).subquery("part")


def _option(table: sa.FromClause) -> list[Any]:
    return [table.c[name] for name in OPTION]


def _named(*numbers: Any) -> list[Any]:
    made = [sa.literal(number) if isinstance(number, int) else number for number in numbers]
    return [number.label(name) for name, number in zip(NUMBERS, made, strict=True)]


def _people(source: Source, *, schedules: bool = False) -> sa.Subquery:
    """Give the spans for which accepted members hold options."""
    return member_spans(source, held_options(source, *CHOICES), schedules=schedules)


def _holders(source: Source) -> sa.Select[Any]:
    c, n = source.table("calendar", "hc"), _alike(_people(source))
    scheduled = (0, 0, 0) if schedules_known(source) else (n.c.n, n.c.n, n.c.ids)
    return sa.select(*_option(n), c.c.date, *_named(n.c.n, *scheduled)).select_from(
        n.join(c, in_span(c.c.date, n))
    )


def _alike(people: sa.FromClause, *more: str) -> sa.Subquery:
    """Count those with the same option, the same span and the same of what else is named."""
    keys = [people.c[name] for name in (*OPTION, "first_day", "end_day", *more)]
    counted = sa.func.count().label("n"), sa.func.sum(people.c.user_id).label("ids")
    return sa.select(*keys, *counted).group_by(*keys).subquery("alike")


def _on_weekdays(source: Source) -> sa.Select[Any]:
    """Give those who work on the weekday of each day in an ordinary week."""
    p, a = _people(source, schedules=True), source.table("schedule_availability", "a")
    days, c = source.table("calendar", "wd"), source.table("calendar", "c")
    w = sa.select(days.c.weekday_name).distinct().subquery("weekday")
    keys = [*_option(p), p.c.user_id, p.c.first_day, p.c.end_day, w.c.weekday_name]
    due = (
        sa.select(*keys)
        .select_from(p.join(a, _of_schedule(a, p)).join(w, names_day(a, w.c.weekday_name)))
        .group_by(*keys)
        .having(sa.func.sum(minutes(a)) > 0)
        .subquery("due")
    )
    n = _alike(due, "weekday_name")
    on = sa.and_(c.c.weekday_name == n.c.weekday_name, in_span(c.c.date, n))
    return sa.select(*_option(n), c.c.date, *_named(0, n.c.n, n.c.n, n.c.ids)).select_from(n.join(c, on))


def _on_special_days(source: Source) -> sa.Select[Any]:
    """Give what differs from the ordinary week on the days with an absence or with other hours."""
    x, c = _special_days(source), source.table("calendar", "c")
    a = source.table("schedule_availability", "a")
    of_week = sa.and_(_of_schedule(a, x), names_day(a, c.c.weekday_name))
    keys = [*_option(x), x.c.date, x.c.user_id, x.c.is_out, x.c.has_other, x.c.other_minutes]
    d = (
        sa.select(*keys, sa.func.sum(minutes(a)).label("usual_minutes"))
        .select_from(x.join(c, c.c.date == x.c.date).outerjoin(a, of_week))
        .group_by(*keys)
        .subquery("special")
    )
    usual = sa.case((d.c.usual_minutes > 0, 1), else_=0)
    due = sa.case((d.c.has_other == 0, usual), (d.c.other_minutes > 0, 1), else_=0)
    more = due * (1 - d.c.is_out) - usual
    return sa.select(*_option(d), d.c.date, *_named(0, due - usual, more, more * d.c.user_id))


def _special_days(source: Source) -> sa.Subquery:
    """Give who is out or has other hours than in an ordinary week on which day."""
    p, o = _people(source, schedules=True), source.table("schedule_overrides", "o")
    tables, day = out_within(source, p)
    person = [*_option(p), p.c.user_id, p.c.schedule_id]
    marks = ("is_out", "has_other", "other_minutes")
    out = sa.select(
        *person, day, *(sa.literal(one).label(name) for name, one in zip(marks, (1, 0, 0), strict=True))
    )
    other = sa.select(*person, o.c.date, sa.literal(0), sa.literal(1), minutes(o)).select_from(
        p.join(o, sa.and_(_of_schedule(o, p), in_span(o.c.date, p)))
    )
    either = sa.union_all(out.select_from(tables), other).subquery("either")
    keys = [one for one in either.c if one.name not in marks]
    return (
        sa.select(
            *keys,
            sa.func.max(either.c.is_out).label("is_out"),
            sa.func.max(either.c.has_other).label("has_other"),
            sa.func.sum(either.c.other_minutes).label("other_minutes"),
        )
        .group_by(*keys)
        .subquery("special_day")
    )


def _on_absences(source: Source) -> sa.Select[Any]:
    """Take away those who are out, where everybody counts as scheduled."""
    p = _people(source)
    tables, day = out_within(source, p)
    d = sa.select(*_option(p), p.c.user_id, day).select_from(tables).distinct().subquery("absent")
    return sa.select(*_option(d), d.c.date, *_named(0, 0, -1, -d.c.user_id))


def _of_schedule(part: sa.FromClause, people: sa.FromClause) -> Any:
    return sa.and_(
        part.c.organization_id == people.c.organization_id,
        part.c.schedule_id == people.c.schedule_id,
        live(part),
    )


RPT_ATTRIBUTE_COVERAGE_DAY = View(
    "rpt_attribute_coverage_day",
    "An option of an attribute with options to choose from, and a civil day: who is there for it",
    {
        "organization_id": "organisation",
        "date": "civil day",
        "attribute_id": "attribute",
        "attribute_slug": "attribute by its slug",
        "option_id": "option",
        "option_value": "value of the option",
        "holders": "accepted members with the option at the end of the day",
        "scheduled_holders": "of these, with working hours on the day; all of them without schedules",
        "available_holders": "of the scheduled ones, without an out-of-office entry",
        "is_uncovered": "whether nobody is available, and somebody should be or nobody holds the option",
        "last_holder_user_id": "the one who is available, when there is one only",
        "note": "which history is not kept",
    },
    key=("organization_id", "date", "attribute_id", "option_id"),
    needs={
        "calendar": (),
        "attributes": ("slug", "type", "enabled"),
        "attribute_options": ("attribute_id", "value"),
        "attribute_assignments": ("attribute_id", "option_id", "user_id"),
        "memberships": ("user_id", "accepted"),
        "ooo_entries": ("user_id", "start", "end"),
    },
    resources=("memberships", "attributes", "attribute_options", "attribute_assignments", "ooo_entries"),
    select=_coverage_days,
    kept_by="date",
)
