"""Parts of the views that count members by day without making a row for each member and day.

A span is a stretch of days at whose end something held: from ``first_day`` on, up to ``end_day`` and without
it. Days are joined to them only after the spans that begin and end together are counted.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from calcom_provider.reporting import functions as fn
from calcom_provider.reporting.source import VALID_FROM, Condition, Source, live, removed_at

# Moved by no days, a text is a day in every database.
BEGIN, END = (fn.add_days(sa.literal(day, sa.Text()), 0) for day in ("1970-01-01", "9999-12-31"))
OPTION = ("organization_id", "attribute_id", "attribute_slug", "option_id", "option_value")


def select_options(source: Source, *types: str) -> sa.Select[Any]:
    """Give the live options of the enabled live attributes: the columns ``OPTION``.

    :param types: Types of the attributes; all of them by default.
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


def select_held(source: Source, options: sa.FromClause) -> sa.Select[Any]:
    """Give the spans for which members hold options: ``OPTION``, ``user_id``, ``first_day``, ``end_day``.

    :param options: What :func:`select_options` gives.
    """
    x = source.table("attribute_assignments", "x")
    same = sa.and_(
        x.c.organization_id == options.c.organization_id,
        x.c.attribute_id == options.c.attribute_id,
        x.c.option_id == options.c.option_id,
    )
    return (
        sa.select(*(options.c[name] for name in OPTION), x.c.user_id, *days_of(x))
        .select_from(x.join(options, same))
        .where(_there(x))
    )


def member_spans(source: Source) -> sa.Subquery:
    """Give the spans of membership: ``organization_id``, ``user_id``, ``accepted``, ``first_day``, ``end_day``.

    The spans with ``accepted`` 0 are those of any membership, the ones with 1 those of an accepted one. On a
    day a user is in at most one of each.
    """
    m = source.table("memberships", "m")
    there = sa.and_(m.c.user_id.is_not(None), _there(m))
    every = sa.select(m.c.organization_id, m.c.user_id, sa.literal(0).label("accepted"), *days_of(m))
    accepted = sa.select(m.c.organization_id, m.c.user_id, sa.literal(1).label("accepted"), *days_of(m))
    both = sa.union_all(every.where(there), accepted.where(there, m.c.accepted.is_(sa.true())))
    return disjoint(both.subquery("membership"), "organization_id", "user_id", "accepted")


def days_of(table: sa.FromClause) -> tuple[Any, Any]:
    """Give the columns ``first_day`` and ``end_day`` of a version; without history, of all time."""
    if VALID_FROM.name not in table.c:
        return BEGIN.label("first_day"), END.label("end_day")
    first, end = table.c[VALID_FROM.name], fn.utc_date(removed_at(table))
    return fn.utc_date(first).label("first_day"), sa.func.coalesce(end, END).label("end_day")


def _there(table: sa.FromClause) -> Condition:
    return sa.true() if VALID_FROM.name in table.c else live(table)


def disjoint(spans: sa.FromClause, *keys: str) -> sa.Subquery:
    """Cut spans so that those of one key have no day in common.

    :param keys: Columns that tell apart what the spans belong to.
    """
    seen = sa.func.max(spans.c.end_day).over(
        partition_by=[spans.c[name] for name in keys],
        order_by=(spans.c.first_day, spans.c.end_day),
        rows=(None, -1),
    )
    before = (
        sa.select(*(spans.c[name] for name in keys), spans.c.first_day, spans.c.end_day, seen.label("seen"))
        .where(spans.c.first_day < spans.c.end_day)
        .subquery("before")
    )
    first = sa.case((before.c.seen > before.c.first_day, before.c.seen), else_=before.c.first_day)
    new = sa.or_(before.c.seen.is_(None), before.c.seen < before.c.end_day)
    return (
        sa.select(*(before.c[name] for name in keys), first.label("first_day"), before.c.end_day)
        .where(new)
        .subquery("span")
    )


def common_days(one: sa.FromClause, other: sa.FromClause) -> tuple[Any, Any, Condition]:
    """Give the ``first_day`` and the ``end_day`` that two spans have in common, and whether there are any days."""
    first = sa.case((one.c.first_day > other.c.first_day, one.c.first_day), else_=other.c.first_day)
    end = sa.case((one.c.end_day < other.c.end_day, one.c.end_day), else_=other.c.end_day)
    return first.label("first_day"), end.label("end_day"), first < end


def in_span(day: Any, span: sa.FromClause) -> Condition:
    """Tell whether a day is one of a span."""
    return sa.and_(span.c.first_day <= day, day < span.c.end_day)


def listed_days(source: Source, things: sa.FromClause) -> tuple[sa.FromClause, Any]:
    """Join the days to list for things of organisations, and give the day.

    Before the first sync of memberships there is no history to count from.

    :param things: Rows with ``organization_id``.
    """
    c, m = source.table("calendar", "c"), source.table("memberships", "fm")
    if VALID_FROM.name not in m.c:
        return things.join(c, sa.true()), c.c.date
    first_day = fn.utc_date(sa.func.min(m.c[VALID_FROM.name])).label("first_day")
    first = sa.select(m.c.organization_id, first_day).group_by(m.c.organization_id).subquery("first")
    known = things.join(first, first.c.organization_id == things.c.organization_id)
    return known.join(c, c.c.date >= first.c.first_day), c.c.date
