"""Working time and absences by the week: parts of the view of the hosts."""

from __future__ import annotations

import sqlalchemy as sa

from calcom_provider.reporting import functions as fn
from calcom_provider.reporting.fixed_tables.calendar import WEEKDAYS
from calcom_provider.reporting.source import Source, live, not_removed_on
from calcom_provider.reporting.views.parts.working import (
    default_schedules,
    minutes,
    names_day,
    schedule_week,
)


def weeks(source: Source) -> sa.Subquery:
    """Give the weeks of the calendar, each with a column for each weekday: 1 if the calendar has the day, else 0.

    A week is found by its Monday, the first one by the calendar's first day: a condition on the week then leaves
    no doubt to a planner that few weeks remain.
    """
    c, every = source.table("calendar", "wc"), source.table("calendar", "every")
    first = sa.select(sa.func.min(every.c.date)).scalar_subquery()
    last = sa.select(sa.func.max(every.c.date)).scalar_subquery()
    days = [
        sa.case((sa.and_(c.c.weekday <= n, fn.add_days(c.c.week_start, n - 1) <= last), 1), else_=0).label(
            name
        )
        for n, name in _numbered()
    ]
    every_week = sa.select(
        c.c.week_start,
        c.c.iso_year,
        c.c.iso_week,
        fn.add_days(c.c.week_start, 6).label("last_day"),
        fn.day_start(c.c.week_start).label("begin_utc"),
        fn.day_start(fn.add_days(c.c.week_start, 7)).label("end_utc"),
        *days,
    )
    return sa.union_all(
        every_week.where(c.c.weekday == 1), every_week.where(c.c.weekday > 1, c.c.date == first)
    ).subquery("week")


def _numbered() -> list[tuple[int, str]]:
    return list(enumerate(WEEKDAYS, start=1))


def weekly_minutes(source: Source) -> sa.Subquery:
    """Give each user's weekly minutes: ``owner_id`` and a column for each weekday."""
    s, w = default_schedules(source), schedule_week(source)
    own = sa.and_(w.c.organization_id == s.c.organization_id, w.c.schedule_id == s.c.schedule_id)
    return (
        sa.select(s.c.organization_id, s.c.owner_id, *(w.c[name] for name in WEEKDAYS))
        .select_from(s.join(w, own))
        .subquery("weekly")
    )


def with_usual(source: Source, days: sa.Subquery) -> sa.Subquery:
    """Add ``usual``, the minutes of the weekly hours, to days of schedules.

    :param source: tables.
    :param days: with ``organization_id``, ``schedule_id`` and ``weekday_name``; rows that are all different.
    """
    a = source.table("schedule_availability", "ua")
    weekly = sa.and_(
        a.c.organization_id == days.c.organization_id,
        a.c.schedule_id == days.c.schedule_id,
        names_day(a, days.c.weekday_name),
        live(a),
    )
    usual = sa.func.coalesce(sa.func.sum(minutes(a)), 0)
    return (
        sa.select(*days.c, usual.label("usual"))
        .select_from(days.outerjoin(a, weekly))
        .group_by(*days.c)
        .subquery("usual_day")
    )


def out_days_by_week(source: Source) -> sa.Subquery:
    """Give the days on which users are out, with their weeks.

    Absences meet weeks first and days second: there are fewer weeks.
    """
    o, w, c = source.table("ooo_entries", "wx"), weeks(source), source.table("calendar", "xc")
    near = sa.and_(o.c.start_at < w.c.end_utc, o.c.end_at >= w.c.begin_utc)
    covered = sa.and_(
        c.c.week_start == w.c.week_start,
        o.c.start_at < fn.day_start(fn.add_days(c.c.date, 1)),
        o.c.end_at >= fn.day_start(c.c.date),
    )
    keys = [o.c.organization_id, o.c.user_id, c.c.date, c.c.weekday_name, w.c.week_start]
    return (
        sa.select(*keys)
        .select_from(o.join(w, near).join(c, covered))
        .where(not_removed_on(o, c.c.date))
        .group_by(*keys)
        .subquery("out_day")
    )
