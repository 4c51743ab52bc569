"""Parts that several views share: who works when, who is out when, who stands in."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from calcom_provider.reporting import functions as fn
from calcom_provider.reporting.source import Condition, Source, held_on, live, not_removed_on

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


def working_minutes(
    source: Source, organization_id: Any, schedule_id: Any, day: Any, weekday_name: Any
) -> Any:
    """Give the working minutes of a schedule on a day; 0 without a schedule.

    An override takes the place of the weekly hours; one that ends as it begins is a day off. The parts of a
    schedule are found by the begin of their key.

    :param source: Tables; the schedules must be known.
    :param organization_id: Expression.
    :param schedule_id: Expression.
    :param day: Expression.
    :param weekday_name: Expression, in English.
    """
    o, a = source.table("schedule_overrides", "so"), source.table("schedule_availability", "sa")
    special = sa.and_(
        o.c.organization_id == organization_id, o.c.schedule_id == schedule_id, o.c.date == day, live(o)
    )
    named = sa.literal('"', sa.Text()) + weekday_name + sa.literal('"', sa.Text())
    weekly = sa.and_(
        a.c.organization_id == organization_id,
        a.c.schedule_id == schedule_id,
        fn.holds_text(a.c.days, named),
        live(a),
    )
    of_day = sa.select(sa.func.sum(_minutes(o))).where(special).scalar_subquery()
    of_week = sa.select(sa.func.sum(_minutes(a))).where(weekly).scalar_subquery()
    return sa.func.coalesce(of_day, of_week, 0)


def _minutes(window: sa.FromClause) -> Any:
    return fn.clock_minutes(window.c.end_time) - fn.clock_minutes(window.c.start_time)


def covers(entry: sa.FromClause, day: Any) -> Condition:
    """Tell whether an out-of-office entry covers a civil day; its bounds are whole days in UTC."""
    return sa.and_(day >= fn.utc_date(entry.c.start), day <= fn.utc_date(entry.c["end"]))


def out_days(source: Source) -> sa.Subquery:
    """Give the days of the calendar on which users are out: ``organization_id``, ``user_id``, ``date``, once each.

    An entry that was removed later than on the day still counts for it.
    """
    o, c = source.table("ooo_entries", "oo"), source.table("calendar", "oc")
    return (
        sa.select(o.c.organization_id, o.c.user_id, c.c.date)
        .select_from(o.join(c, covers(o, c.c.date)))
        .where(not_removed_on(o, c.c.date))
        .group_by(o.c.organization_id, o.c.user_id, c.c.date)
        .subquery("out_day")
    )


def accepted_on(members: sa.FromClause, day: Any) -> Condition:
    """Tell whether a membership was an accepted one at the end of a day."""
    return sa.and_(members.c.accepted.is_(sa.true()), held_on(members, day))
