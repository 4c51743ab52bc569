"""Parts that several views share: who works when, who is out when, who stands in."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from calcom_provider.reporting import functions as fn
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
    source: Source, tables: sa.FromClause, organization_id: Any, user_id: Any, day: Any, weekday_name: Any
) -> tuple[sa.FromClause, Condition]:
    """Join working hours to people and days; somebody works on the day if a row says so.

    An override takes the place of the weekly hours; one that ends as it begins is a day off. Joins, not subqueries
    for each row: databases then read the hours of many people at once. A person and day may come in several rows.

    :param source: Tables; the schedules must be known.
    :param tables: What the people and days come from.
    :param organization_id: Expression, as all that follow.
    :returns: The joined tables, and whether the row says that the person works.
    """
    s = default_schedules(source)
    o, a = source.table("schedule_overrides", "so"), source.table("schedule_availability", "sa")
    of_day = sa.and_(
        o.c.organization_id == organization_id, o.c.schedule_id == s.c.schedule_id, o.c.date == day, live(o)
    )
    of_week = sa.and_(
        a.c.organization_id == organization_id,
        a.c.schedule_id == s.c.schedule_id,
        names_day(a, weekday_name),
        live(a),
    )
    of_user = sa.and_(s.c.organization_id == organization_id, s.c.owner_id == user_id)
    joined = tables.outerjoin(s, of_user).outerjoin(o, of_day).outerjoin(a, of_week)
    return joined, sa.case((o.c.date.is_not(None), minutes(o)), else_=minutes(a)) > 0


def names_day(window: sa.FromClause, weekday_name: Any) -> Condition:
    """Tell whether weekly hours are of a weekday: their ``days`` are a JSON list of English names."""
    quote = sa.literal('"', sa.Text())
    return fn.holds_text(window.c.days, quote + weekday_name + quote)


def minutes(window: sa.FromClause) -> Any:
    """Give the length of weekly hours, or of other hours on a day."""
    return fn.clock_minutes(window.c.end_time) - fn.clock_minutes(window.c.start_time)


def covers(entry: sa.FromClause, day: Any) -> Condition:
    """Tell whether an out-of-office entry covers a civil day; its bounds are whole days in UTC."""
    return sa.and_(day >= fn.utc_date(entry.c.start), day <= fn.utc_date(entry.c["end"]))


def accepted_on(members: sa.FromClause, day: Any) -> Condition:
    """Tell whether a membership was an accepted one at the end of a day."""
    return sa.and_(members.c.accepted.is_(sa.true()), held_on(members, day))
