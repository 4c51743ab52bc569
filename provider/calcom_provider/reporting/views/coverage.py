"""Is there somebody for each option of an attribute on each day?"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from calcom_provider.reporting.fixed_tables.calendar import WEEKDAYS
from calcom_provider.reporting.model import View
from calcom_provider.reporting.source import Source, live
from calcom_provider.reporting.views.parts.spans import (
    OPTION,
    held_options,
    in_span,
    listed_days,
    member_spans,
    out_days,
    out_within,
    same_user,
    select_options,
)
from calcom_provider.reporting.views.parts.working import (
    default_schedules,
    minutes,
    on_weekday,
    schedule_week,
    schedules_known,
)
from calcom_provider.resources.data_subjects import Subject

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
        parts = [zeros, _holders(source), _on_special_days(source)]
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
    """Give those who hold options on each day; with schedules, who of them works on that weekday in an ordinary week.

    Each weekday is a column, so that people are looked at once and not once a weekday.
    """
    c, known = source.table("calendar", "hc"), schedules_known(source)
    p = _people(source, schedules=known)
    tables: sa.FromClause = p
    keys = [p.c[name] for name in (*OPTION, "first_day", "end_day")]
    counts = [sa.func.count().label("n"), sa.func.sum(p.c.user_id).label("ids")]
    if known:
        u = schedule_week(source)
        own = sa.and_(u.c.organization_id == p.c.organization_id, u.c.schedule_id == p.c.schedule_id)
        tables = p.outerjoin(u, own)
        for name in WEEKDAYS:
            works = u.c[name] > 0
            counts.append(sa.func.sum(sa.case((works, 1), else_=0)).label(f"due_{name}"))
            counts.append(sa.func.sum(sa.case((works, p.c.user_id), else_=0)).label(f"ids_{name}"))
    n = sa.select(*keys, *counts).select_from(tables).group_by(*keys).subquery("alike")
    due, ids = n.c.n, n.c.ids
    if known:
        due, ids = (
            on_weekday(c, {name: n.c[f"{one}_{name}"] for name in WEEKDAYS}) for one in ("due", "ids")
        )
    on = in_span(c.c.date, n)
    return sa.select(*_option(n), c.c.date, *_named(n.c.n, due, due, ids)).select_from(n.join(c, on))


def _on_special_days(source: Source) -> sa.Select[Any]:
    """Give what differs from the ordinary week on the days with an absence or with other hours."""
    p, d = _people(source), _special_days(source)
    usual = sa.case((d.c.usual_minutes > 0, 1), else_=0)
    due = sa.case((d.c.has_other == 0, usual), (d.c.other_minutes > 0, 1), else_=0)
    more = due * (1 - d.c.is_out) - usual
    return sa.select(*_option(p), d.c.date, *_named(0, due - usual, more, more * d.c.user_id)).select_from(
        d.join(p, sa.and_(same_user(p, d), in_span(d.c.date, p)))
    )


def _special_days(source: Source) -> sa.Subquery:
    """Give who with a schedule is out or has other hours than in an ordinary week on which day, and the usual ones.

    Once for each person, whatever options they hold.
    """
    s, o, y = _weeks_of_people(source), source.table("schedule_overrides", "o"), out_days(source)
    yc, oc = source.table("calendar", "yc"), source.table("calendar", "c")
    own = sa.and_(s.c.organization_id == y.c.organization_id, s.c.user_id == y.c.user_id)
    numbers = {"is_out": 1, "has_other": 0, "other_minutes": 0}
    out = sa.select(
        s.c.organization_id,
        s.c.user_id,
        y.c.date,
        on_weekday(yc, s.c).label("usual_minutes"),
        *(sa.literal(one).label(name) for name, one in numbers.items()),
    ).select_from(y.join(s, own).join(yc, yc.c.date == y.c.date))
    other = sa.select(
        s.c.organization_id,
        s.c.user_id,
        o.c.date,
        on_weekday(oc, s.c),
        sa.literal(0),
        sa.literal(1),
        minutes(o),
    ).select_from(s.join(o, _of_schedule(o, s)).join(oc, oc.c.date == o.c.date))
    e = sa.union_all(out, other).subquery("either")
    keys: list[Any] = [e.c.organization_id, e.c.user_id, e.c.date]
    return (
        sa.select(
            *keys,
            *(sa.func.max(e.c[name]).label(name) for name in ("usual_minutes", "is_out", "has_other")),
            sa.func.sum(e.c.other_minutes).label("other_minutes"),
        )
        .group_by(*keys)
        .subquery("special_day")
    )


def _weeks_of_people(source: Source) -> sa.Subquery:
    """Give who has a default schedule: ``user_id``, ``schedule_id``, and the minutes of each weekday, if any."""
    s, u = default_schedules(source), schedule_week(source)
    same = sa.and_(u.c.organization_id == s.c.organization_id, u.c.schedule_id == s.c.schedule_id)
    week = (u.c[name] for name in WEEKDAYS)
    return (
        sa.select(s.c.organization_id, s.c.owner_id.label("user_id"), s.c.schedule_id, *week)
        .select_from(s.outerjoin(u, same))
        .subquery("person_week")
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
        "ooo_entries": ("user_id", "start_at", "end_at"),
    },
    resources=("memberships", "attributes", "attribute_options", "attribute_assignments", "ooo_entries"),
    select=_coverage_days,
    snapshot_by="date",
    snapshot_subject=Subject(clear_user=("last_holder_user_id",)),
)
