"""Parts of the views that count members by day without making a row for each member and day.

A span is a stretch of days at whose end something held: from ``first_day`` on, up to ``end_day`` and without
it. Days are joined to them only after the spans that begin and end together are counted.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from calcom_provider.reporting import functions as fn
from calcom_provider.reporting.source import (
    VALID_FROM,
    Condition,
    Source,
    live,
    not_removed_on,
    removed_at,
)
from calcom_provider.reporting.views.parts.working import covers, default_schedules

# Moved by no days, a text is a day in every database.
BEGIN, END = (fn.add_days(sa.literal(day, sa.Text()), 0) for day in ("1970-01-01", "9999-12-31"))
OPTION = ("organization_id", "attribute_id", "attribute_slug", "option_id", "option_value")


def select_options(source: Source, *types: str) -> sa.Select[Any]:
    """Give the live options of the enabled live attributes: the columns ``OPTION``.

    :param types: types of the attributes; all of them by default.
    """
    a, o = source.table("attributes", "a"), source.table("attribute_options", "o")
    same = sa.and_(a.c.organization_id == o.c.organization_id, a.c.id == o.c.attribute_id)
    return (
        sa.select(
            o.c.organization_id,
            o.c.attribute_id,
            a.c.slug.label("attribute_slug"),
            o.c.id.label("option_id"),
            o.c.value.label("option_value"),
        )
        .select_from(a.join(o, same))
        .where(a.c.enabled.is_(sa.true()), live(a), live(o), a.c.type.in_(types) if types else sa.true())
    )


def held_options(source: Source, *types: str) -> sa.Subquery:
    """Give the spans for which users hold options: ``OPTION``, ``user_id``, ``first_day``, ``end_day``.

    :param types: types of the attributes; all of them by default.
    """
    x, o = source.table("attribute_assignments", "x"), select_options(source, *types).subquery("option")
    same = [x.c[name] == o.c[name] for name in ("organization_id", "attribute_id", "option_id")]
    return (
        sa.select(*(o.c[name] for name in OPTION), x.c.user_id, *days_of(x))
        .select_from(o.join(x, sa.and_(*same)))
        .where(there(x))
        .subquery("holding")
    )


def member_spans(
    source: Source, held: sa.FromClause | None = None, *, pending: bool = False, schedules: bool = False
) -> sa.Subquery:
    """Give the spans of membership, of each user and thing that is held no two with a day in common.

    Columns: those of ``held``, or ``organization_id`` and ``user_id``; ``accepted``, 1 for accepted
    memberships; ``first_day``, ``end_day``.

    :param held: only for as long as the user holds something: spans of users.
    :param pending: whether to give the spans of any membership too, with ``accepted`` 0.
    :param schedules: whether to give ``schedule_id``, that of the user's default schedule, too.
    """
    table = source.lookup("memberships", "mm", "user_id", "accepted")
    columns = table.c.organization_id, table.c.user_id, table.c.accepted, *days_of(table)
    m = sa.select(*columns).where(table.c.user_id.is_not(None), there(table)).subquery("m")
    tables: sa.FromClause = m
    keys: list[Any] = [m.c.organization_id, m.c.user_id]
    first, end = m.c.first_day, m.c.end_day
    if held is not None:
        tables = held.join(m, same_user(m, held))
        keys = [one for one in held.c if one.name not in ("first_day", "end_day")]
        first, end = common_days(held, m)
    if schedules:
        s = default_schedules(source)
        on = sa.and_(s.c.organization_id == m.c.organization_id, s.c.owner_id == m.c.user_id)
        tables = tables.outerjoin(s, on)
        keys.append(s.c.schedule_id)

    def spans(accepted: int) -> sa.Select[Any]:
        mark = sa.literal(accepted).label("accepted")
        chosen = sa.select(*keys, mark, first.label("first_day"), end.label("end_day")).select_from(tables)
        return source.in_order(
            chosen.where(first < end, m.c.accepted.is_(sa.true()) if accepted else sa.true())
        )

    every = sa.union_all(spans(0), spans(1)) if pending else spans(1)
    return _disjoint(source, every.subquery("any_span"))


def same_user(one: sa.FromClause, other: sa.FromClause) -> Condition:
    """Tell whether rows are about the same user."""
    return sa.and_(one.c.organization_id == other.c.organization_id, one.c.user_id == other.c.user_id)


def days_of(table: sa.FromClause) -> tuple[Any, Any]:
    """Give the columns ``first_day`` and ``end_day`` of a version; without history, of all time."""
    if VALID_FROM.name not in table.c:
        return BEGIN.label("first_day"), END.label("end_day")
    first, end = table.c[VALID_FROM.name], fn.utc_date(removed_at(table))
    return fn.utc_date(first).label("first_day"), sa.func.coalesce(end, END).label("end_day")


def there(table: sa.FromClause) -> Condition:
    """Tell whether a row held at any time; without history, whether it does now."""
    return sa.true() if VALID_FROM.name in table.c else live(table)


def _disjoint(source: Source, spans: sa.FromClause) -> sa.Subquery:
    """Cut spans so that those with the same other columns have no day in common."""
    names = [name for name in spans.c.keys() if name not in ("first_day", "end_day")]  # noqa: SIM118
    seen = sa.func.max(spans.c.end_day).over(
        partition_by=[spans.c[name] for name in names],
        order_by=(spans.c.first_day, spans.c.end_day),
        rows=(None, -1),
    )
    before = source.in_order(sa.select(*spans.c, seen.label("seen"))).subquery("before")
    first = sa.case((before.c.seen > before.c.first_day, before.c.seen), else_=before.c.first_day)
    return (
        sa.select(*(before.c[name] for name in names), first.label("first_day"), before.c.end_day)
        .where(sa.or_(before.c.seen.is_(None), before.c.seen < before.c.end_day))
        .subquery("span")
    )


def common_days(one: sa.FromClause, other: sa.FromClause) -> tuple[Any, Any]:
    """Give the first and the end day of what two spans have in common; nothing when the end is not later."""
    first = sa.case((one.c.first_day > other.c.first_day, one.c.first_day), else_=other.c.first_day)
    end = sa.case((one.c.end_day < other.c.end_day, one.c.end_day), else_=other.c.end_day)
    return first, end


def out_within(source: Source, spans: sa.FromClause) -> tuple[sa.FromClause, Any]:
    """Join the days of their spans on which users are out, and give the day.

    :param spans: rows with ``organization_id``, ``user_id``, ``first_day``, ``end_day``.
    """
    days = out_days(source)
    return spans.join(days, sa.and_(same_user(days, spans), in_span(days.c.date, spans))), days.c.date


def out_days(source: Source) -> sa.Subquery:
    """Give the days on which users are out, once each: ``organization_id``, ``user_id``, ``date``.

    They are worked out before they meet the spans: a user may have many of those, and databases that know no better
    would look at each day of an absence in every one of them.
    """
    o, c = source.table("ooo_entries", "oo"), source.table("calendar", "oc")
    days = (
        sa.select(o.c.organization_id, o.c.user_id, c.c.date)
        .select_from(o.join(c, covers(o, c.c.date)))
        .where(not_removed_on(o, c.c.date))
    )
    return source.in_order(days.distinct()).subquery("out_day")


def in_span(day: Any, span: sa.FromClause) -> Condition:
    """Tell whether a day is one of a span."""
    return sa.and_(span.c.first_day <= day, day < span.c.end_day)


def listed_days(source: Source, things: sa.FromClause) -> tuple[sa.FromClause, Any]:
    """Join the days to list for things of organisations, and give the day.

    Before the first sync of memberships there is no history to count from.

    :param things: rows with ``organization_id``.
    """
    c, m = source.table("calendar", "c"), source.table("memberships", "fm")
    if VALID_FROM.name not in m.c:
        return things.join(c, sa.true()), c.c.date
    first_day = fn.utc_date(sa.func.min(m.c[VALID_FROM.name])).label("first_day")
    first = sa.select(m.c.organization_id, first_day).group_by(m.c.organization_id).subquery("first")
    known = things.join(first, first.c.organization_id == things.c.organization_id)
    return known.join(c, c.c.date >= first.c.first_day), c.c.date
