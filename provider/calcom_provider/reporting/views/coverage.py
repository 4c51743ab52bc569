"""Is there somebody for each option of an attribute on each day?"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from calcom_provider.reporting import functions as fn
from calcom_provider.reporting.model import View
from calcom_provider.reporting.source import Source, live
from calcom_provider.reporting.views.spans import (
    OPTION,
    common_days,
    in_span,
    listed_days,
    member_spans,
    select_held,
    select_options,
)
from calcom_provider.reporting.views.working import (
    default_schedules,
    out_days,
    schedules_known,
    working_minutes,
)

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


def _people(source: Source) -> sa.Subquery:
    """Give the spans for which accepted members hold options."""
    options = select_options(source, *CHOICES).subquery("option")
    x, s = select_held(source, options).subquery("x"), member_spans(source)
    first, end, any_day = common_days(x, s)
    same = sa.and_(x.c.organization_id == s.c.organization_id, x.c.user_id == s.c.user_id, s.c.accepted == 1)
    return (
        sa.select(*_option(x), x.c.user_id, first, end)
        .select_from(x.join(s, same))
        .where(any_day)
        .subquery("person")
    )


def _holders(source: Source) -> sa.Select[Any]:
    p, c = _people(source), source.table("calendar", "hc")
    n = _alike(p)
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
    p, s, a = _people(source), default_schedules(source), source.table("schedule_availability", "a")
    days, c = source.table("calendar", "wd"), source.table("calendar", "c")
    w = sa.select(days.c.weekday_name).distinct().subquery("weekday")
    tables = p.join(s, _owned(s, p))
    tables = tables.join(
        a, sa.and_(a.c.organization_id == p.c.organization_id, a.c.schedule_id == s.c.schedule_id)
    ).join(w, _names(a, w.c.weekday_name))
    keys = [*_option(p), p.c.user_id, p.c.first_day, p.c.end_day, w.c.weekday_name]
    due = (
        sa.select(*keys)
        .select_from(tables)
        .where(live(a))
        .group_by(*keys)
        .having(sa.func.sum(_minutes(a)) > 0)
        .subquery("due")
    )
    n = _alike(due, "weekday_name")
    on = sa.and_(c.c.weekday_name == n.c.weekday_name, in_span(c.c.date, n))
    return sa.select(*_option(n), c.c.date, *_named(0, n.c.n, n.c.n, n.c.ids)).select_from(n.join(c, on))


def _on_special_days(source: Source) -> sa.Select[Any]:
    """Give what differs from the ordinary week on the days with an absence or with other hours."""
    p, x, s, c = (
        _people(source),
        _special_days(source),
        default_schedules(source),
        source.table("calendar", "c"),
    )
    same = sa.and_(x.c.organization_id == p.c.organization_id, x.c.user_id == p.c.user_id)
    tables = p.join(x, sa.and_(same, in_span(x.c.date, p))).join(s, _owned(s, p))
    tables = tables.join(c, c.c.date == x.c.date)
    a = source.table("schedule_availability", "wa")
    of_week = (
        sa.select(sa.func.sum(_minutes(a)))
        .where(
            a.c.organization_id == p.c.organization_id,
            a.c.schedule_id == s.c.schedule_id,
            _names(a, c.c.weekday_name),
            live(a),
        )
        .scalar_subquery()
    )
    minutes = working_minutes(source, p.c.organization_id, s.c.schedule_id, c.c.date, c.c.weekday_name)
    usual, due = sa.case((of_week > 0, 1), else_=0), sa.case((minutes > 0, 1), else_=0)
    d = (
        sa.select(
            *_option(p),
            x.c.date,
            p.c.user_id,
            usual.label("usual"),
            due.label("due"),
            (due * (1 - x.c.is_out)).label("available"),
        )
        .select_from(tables)
        .subquery("special")
    )
    more = d.c.available - d.c.usual
    return sa.select(*_option(d), d.c.date, *_named(0, d.c.due - d.c.usual, more, more * d.c.user_id))


def _special_days(source: Source) -> sa.Subquery:
    x, o, s = out_days(source), source.table("schedule_overrides", "o"), default_schedules(source)
    of_schedule = sa.and_(o.c.organization_id == s.c.organization_id, o.c.schedule_id == s.c.schedule_id)
    out = sa.select(x.c.organization_id, x.c.user_id, x.c.date, sa.literal(1).label("is_out"))
    other = sa.select(s.c.organization_id, s.c.owner_id, o.c.date, sa.literal(0)).where(live(o))
    both = sa.union_all(out, other.select_from(o.join(s, of_schedule))).subquery("either")
    keys = (both.c.organization_id, both.c.user_id, both.c.date)
    return (
        sa.select(*keys, sa.func.max(both.c.is_out).label("is_out")).group_by(*keys).subquery("special_day")
    )


def _on_absences(source: Source) -> sa.Select[Any]:
    """Take away those who are out, where everybody counts as scheduled."""
    p, x = _people(source), out_days(source)
    same = sa.and_(
        x.c.organization_id == p.c.organization_id, x.c.user_id == p.c.user_id, in_span(x.c.date, p)
    )
    gone = _named(0, 0, -1, -p.c.user_id)
    return sa.select(*_option(p), x.c.date, *gone).select_from(p.join(x, same))


def _owned(schedules: sa.FromClause, people: sa.FromClause) -> Any:
    return sa.and_(
        schedules.c.organization_id == people.c.organization_id, schedules.c.owner_id == people.c.user_id
    )


def _names(window: sa.FromClause, weekday_name: Any) -> Any:
    quote = sa.literal('"', sa.Text())
    return fn.holds_text(window.c.days, quote + weekday_name + quote)


def _minutes(window: sa.FromClause) -> Any:
    return fn.clock_minutes(window.c.end_time) - fn.clock_minutes(window.c.start_time)


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
