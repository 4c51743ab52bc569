"""Parts that several views share: who works when, who is out when, who stands in."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from calcom_provider.reporting import functions as fn
from calcom_provider.reporting.fixed_tables.calendar import WEEKDAYS
from calcom_provider.reporting.source import Condition, Source, held_on, live

SCHEDULES = ("schedules", "schedule_availability", "schedule_overrides")


def schedules_known(source: Source) -> bool:
    """Tell whether working hours were synced."""
    return all(source.has(name) for name in SCHEDULES)


def default_schedules(source: Source) -> sa.Subquery:
    """Give the default schedule of each user: ``organization_id``, ``owner_id``, ``schedule_id``."""
    s = source.table("schedules", "s")
    return (
        sa.select(s.c.organization_id, s.c.owner_id, sa.func.min(s.c.id).label("schedule_id"))
        .where(s.c.is_default.is_(sa.true()), live(s))
        .group_by(s.c.organization_id, s.c.owner_id)
        .subquery("default_schedule")
    )


def with_hours(
    source: Source, tables: sa.FromClause, organization_id: Any, user_id: Any, days: sa.FromClause
) -> tuple[sa.FromClause, Condition]:
    """Join working hours to people and days; somebody works on the day if a row says so.

    An override takes the place of the weekly hours; one that ends as it begins is a day off. Joins, not subqueries
    for each row: databases then read the hours of many people at once. A person and day may come in several rows.

    :param source: tables; the schedules must be known.
    :param tables: what the people and days come from.
    :param organization_id: expression, as the next.
    :param user_id: expression.
    :param days: one of the tables, with ``date`` and ``weekday_name``.
    :returns: the joined tables, and whether the row says that the person works.
    """
    s = default_schedules(source)
    joined = tables.outerjoin(s, sa.and_(s.c.organization_id == organization_id, s.c.owner_id == user_id))
    if source.views.repeats_lookups:
        # Worked out before, for each schedule and not for each person and day. The longest tell whether any count.
        o, a = override_minutes(source, sa.func.max), schedule_week(source, sa.func.max)
        of_day = _of(o, s.c.organization_id, s, o.c.date == days.c.date)
        joined = joined.outerjoin(o, of_day).outerjoin(a, _of(a, s.c.organization_id, s))
        usual = on_weekday(days, a.c)
        return joined, sa.case((o.c.date.is_not(None), o.c.minutes), else_=usual) > 0
    other, weekly = source.table("schedule_overrides", "so"), source.table("schedule_availability", "sa")
    of_day = _of(other, organization_id, s, other.c.date == days.c.date, live(other))
    of_week = _of(weekly, organization_id, s, names_day(weekly, days.c.weekday_name), live(weekly))
    joined = joined.outerjoin(other, of_day).outerjoin(weekly, of_week)
    return joined, sa.case((other.c.date.is_not(None), minutes(other)), else_=minutes(weekly)) > 0


def _of(hours: sa.FromClause, organization_id: Any, schedule: sa.FromClause, *more: Condition) -> Condition:
    same = hours.c.organization_id == organization_id, hours.c.schedule_id == schedule.c.schedule_id
    return sa.and_(*same, *more)


def schedule_week(source: Source, total: Any = sa.func.sum) -> sa.Subquery:
    """Give the weekly hours of each schedule: ``schedule_id`` and a column of minutes for each weekday.

    :param total: what makes a number of the minutes of several hours on one weekday, by default their sum.
    """
    a = source.table("schedule_availability", "wa")
    # Grouped first, so that no row's days are read as text more than once.
    days = sa.cast(a.c.days, sa.Text())
    hours = (
        sa.select(
            a.c.organization_id,
            a.c.schedule_id,
            days.label("days"),
            total(minutes(a)).label("minutes"),
        )
        .where(live(a))
        .group_by(a.c.organization_id, a.c.schedule_id, days)
        .subquery("hours")
    )
    keys = (hours.c.organization_id, hours.c.schedule_id)
    whole = sa.cast(hours.c.minutes, sa.Integer())
    named = [(name, fn.holds_text(hours.c.days, sa.literal(f'"{name}"', sa.Text()))) for name in WEEKDAYS]
    sums = [total(sa.case((on, whole), else_=0)).label(name) for name, on in named]
    return sa.select(*keys, *sums).group_by(*keys).subquery("schedule_week")


def override_minutes(source: Source, total: Any = sa.func.sum) -> sa.Subquery:
    """Give the minutes of the days with other hours: ``organization_id``, ``schedule_id``, ``date``, ``minutes``.

    :param total: what makes a number of the minutes of several hours on one day, by default their sum.
    """
    o = source.table("schedule_overrides", "wo")
    return (
        sa.select(o.c.organization_id, o.c.schedule_id, o.c.date, total(minutes(o)).label("minutes"))
        .where(live(o))
        .group_by(o.c.organization_id, o.c.schedule_id, o.c.date)
        .subquery("override_day")
    )


def on_weekday(day: sa.FromClause, values: Any) -> Any:
    """Give the value of a day's weekday.

    :param day: with ``weekday_name``, such as the calendar.
    :param values: gives an expression for the name of each weekday, as columns do.
    """
    return sa.case(*((day.c.weekday_name == name, values[name]) for name in WEEKDAYS))


def names_day(window: sa.FromClause, weekday_name: Any) -> Condition:
    """Tell whether weekly hours are of a weekday: their ``days`` are a JSON list of English names."""
    quote = sa.literal('"', sa.Text())
    return fn.holds_text(window.c.days, quote + weekday_name + quote)


def minutes(window: sa.FromClause) -> Any:
    """Give the length of weekly hours, or of other hours on a day."""
    return fn.clock_minutes(window.c.end_time) - fn.clock_minutes(window.c.start_time)


def covers(entry: sa.FromClause, day: Any) -> Condition:
    """Tell whether an out-of-office entry covers a civil day; its bounds are whole days in UTC."""
    return sa.and_(day >= fn.utc_date(entry.c.start_at), day <= fn.utc_date(entry.c.end_at))


def accepted_on(members: sa.FromClause, day: Any) -> Condition:
    """Tell whether a membership was an accepted one at the end of a day."""
    return sa.and_(members.c.accepted.is_(sa.true()), held_on(members, day))
