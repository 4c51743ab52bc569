"""Working time and absences by the week: parts of the view of the hosts."""

from __future__ import annotations

import sqlalchemy as sa

from calcom_provider.reporting import functions as fn
from calcom_provider.reporting.calendar import WEEKDAYS
from calcom_provider.reporting.source import Source, live, not_removed_on
from calcom_provider.reporting.views.working import default_schedules, minutes, names_day


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
    s, a = default_schedules(source), source.table("schedule_availability", "wa")
    # Grouped first, so that no row's days are read as text more than once.
    days = sa.cast(a.c.days, sa.Text())
    hours = (
        sa.select(
            a.c.organization_id,
            a.c.schedule_id,
            days.label("days"),
            sa.func.sum(minutes(a)).label("minutes"),
        )
        .where(live(a))
        .group_by(a.c.organization_id, a.c.schedule_id, days)
        .subquery("hours")
    )
    own = sa.and_(hours.c.organization_id == s.c.organization_id, hours.c.schedule_id == s.c.schedule_id)
    named = [(name, fn.holds_text(hours.c.days, sa.literal(f'"{name}"', sa.Text()))) for name in WEEKDAYS]
    whole = sa.cast(hours.c.minutes, sa.Integer())
    sums = [sa.func.sum(sa.case((on, whole), else_=0)).label(name) for name, on in named]
    return (
        sa.select(s.c.organization_id, s.c.owner_id, *sums)
        .select_from(s.join(hours, own))
        .group_by(s.c.organization_id, s.c.owner_id)
        .subquery("weekly")
    )


def override_minutes(source: Source) -> sa.Subquery:
    """Give the minutes of the days with other hours: ``organization_id``, ``schedule_id``, ``date``, ``minutes``."""
    o = source.table("schedule_overrides", "wo")
    return (
        sa.select(o.c.organization_id, o.c.schedule_id, o.c.date, sa.func.sum(minutes(o)).label("minutes"))
        .where(live(o))
        .group_by(o.c.organization_id, o.c.schedule_id, o.c.date)
        .subquery("override_day")
    )


def with_usual(source: Source, days: sa.Subquery) -> sa.Subquery:
    """Add ``usual``, the minutes of the weekly hours, to days of schedules.

    :param source: Tables.
    :param days: With ``organization_id``, ``schedule_id`` and ``weekday_name``; rows that are all different.
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
    near = sa.and_(o.c.start < w.c.end_utc, o.c["end"] >= w.c.begin_utc)
    covered = sa.and_(
        c.c.week_start == w.c.week_start,
        o.c.start < fn.day_start(fn.add_days(c.c.date, 1)),
        o.c["end"] >= fn.day_start(c.c.date),
    )
    keys = [o.c.organization_id, o.c.user_id, c.c.date, c.c.weekday_name, w.c.week_start]
    return (
        sa.select(*keys)
        .select_from(o.join(w, near).join(c, covered))
        .where(not_removed_on(o, c.c.date))
        .group_by(*keys)
        .subquery("out_day")
    )
