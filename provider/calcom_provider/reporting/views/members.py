"""Who has which attribute, and how many do on each day?"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from calcom_provider.reporting import functions as fn
from calcom_provider.reporting.model import View
from calcom_provider.reporting.source import VALID_FROM, Source, column, live, removed_at
from calcom_provider.reporting.views.parts.spans import (
    OPTION,
    days_of,
    held_options,
    in_span,
    listed_days,
    member_spans,
    out_within,
    select_options,
    there,
)
from calcom_provider.resources.data_subjects import Subject

NONE = "(none)"


def _member_attributes(source: Source) -> sa.Select[Any]:
    x, a = source.table("attribute_assignments", "x"), source.table("attributes", "a")
    o, g = source.table("attribute_options", "o"), _groups(source)
    tables: sa.FromClause = x.outerjoin(a, sa.and_(_same(a, x, id="attribute_id"), live(a)))
    tables = tables.outerjoin(o, sa.and_(_same(o, x, id="option_id", attribute_id="attribute_id"), live(o)))
    tables = tables.outerjoin(g, _same(g, x, attribute_id="attribute_id", option_id="option_id"))
    membership: Any = sa.cast(sa.null(), sa.BigInteger())
    if source.has("memberships"):
        m = _live_memberships(source)
        tables, membership = tables.outerjoin(m, _same(m, x, user_id="user_id")), m.c.membership_id
    managed_by: Any = sa.null()
    if source.has_ledger("assignments"):
        n = _managers(source)
        tables = tables.outerjoin(n, _same(n, x, user_id="user_id", option_id="option_id"))
        managed_by = sa.case((live(x), n.c.managed_by))
    return sa.select(
        x.c.organization_id,
        x.c.user_id,
        membership.label("membership_id"),
        x.c.attribute_id,
        a.c.slug.label("attribute_slug"),
        a.c.type.label("attribute_type"),
        x.c.option_id,
        o.c.value.label("option_value"),
        g.c.group_option,
        managed_by.label("managed_by"),
        column(x, VALID_FROM.name, sa.DateTime()).label("valid_from"),
        removed_at(x).label("valid_to"),
        live(x).label("is_current"),
        source.history_note("attribute_assignments").label("note"),
    ).select_from(tables)


def _same(table: sa.FromClause, x: sa.FromClause, **columns: str) -> Any:
    """Spell that rows belong together; ``columns`` names those of ``x`` by those of the table."""
    pairs = {"organization_id": "organization_id"} | columns
    return sa.and_(*(table.c[name] == x.c[other] for name, other in pairs.items()))


def _groups(source: Source) -> sa.Subquery:
    x, g = source.table("attribute_assignments", "gx"), source.table("attribute_options", "g")
    keys = (x.c.organization_id, x.c.attribute_id, x.c.option_id)
    held = sa.select(*keys).distinct().subquery("held_option")
    quote = sa.literal('"', sa.Text())
    named = fn.holds_text(g.c.contained_option_ids, quote + held.c.option_id + quote)
    return (
        sa.select(*held.c, sa.func.min(g.c.value).label("group_option"))
        .select_from(held.join(g, sa.and_(_same(g, held, attribute_id="attribute_id"), named)))
        .where(g.c.is_group.is_(sa.true()), live(g))
        .group_by(*held.c)
        .subquery("option_group")
    )


def _live_memberships(source: Source) -> sa.Subquery:
    m = source.table("memberships", "m")
    return (
        sa.select(m.c.organization_id, m.c.user_id, sa.func.min(m.c.id).label("membership_id"))
        .where(live(m))
        .group_by(m.c.organization_id, m.c.user_id)
        .subquery("membership")
    )


def _managers(source: Source) -> sa.Subquery:
    n = source.ledger("assignments", "n")
    keys = (n.c.organization_id, n.c.user_id, n.c.option_id)
    lowest = sa.func.min(n.c.namespace).label("managed_by")
    return sa.select(*keys, lowest).group_by(*keys).subquery("manager")


DIM_MEMBER_ATTRIBUTE = View(
    "dim_member_attribute",
    "A member and an option of an attribute, one row for each time that it was held",
    {
        "organization_id": "organisation",
        "user_id": "member",
        "membership_id": "the member's membership now; null without one, or without memberships",
        "attribute_id": "attribute",
        "attribute_slug": "attribute by its slug",
        "attribute_type": "TEXT, NUMBER, SINGLE_SELECT or MULTI_SELECT",
        "option_id": "option",
        "option_value": "value of the option; null when the option is gone",
        "group_option": "value of the group that the option is in; the lowest of several",
        "managed_by": "namespace of the write-back that set it; null for past versions or without a ledger",
        "valid_from": "sync that first saw it; null without history",
        "valid_to": "sync that found it gone; null while it holds",
        "is_current": "whether it holds now",
        "note": "which history is not kept",
    },
    key=("organization_id", "user_id", "attribute_id", "option_id", "valid_from"),
    needs={
        "attribute_assignments": ("attribute_id", "option_id", "user_id"),
        "attributes": ("slug", "type"),
        "attribute_options": ("attribute_id", "value", "is_group", "contained_option_ids"),
    },
    resources=("attributes", "attribute_options", "attribute_assignments"),
    select=_member_attributes,
)


def _headcounts(source: Source) -> sa.Select[Any]:
    p, t = _parts(source), _accepted_totals(source)
    sums = {name: sa.func.sum(p.c[name]) for name in ("members", "accepted", "scheduled", "out_today")}
    keys = [p.c[name] for name in ("organization_id", "date", *OPTION[1:])]
    h = sa.select(*keys, *(one.label(name) for name, one in sums.items())).group_by(*keys).subquery("h")

    def number(name: str) -> Any:
        return sa.cast(h.c[name], sa.BigInteger())

    same = sa.and_(t.c.organization_id == h.c.organization_id, t.c.date == h.c.date)
    return sa.select(
        *(h.c[column.name] for column in keys),
        number("members").label("members"),
        number("accepted").label("accepted_members"),
        number("scheduled").label("members_with_schedule"),
        fn.percent(number("accepted"), t.c.accepted).label("share_of_org"),
        number("out_today").label("out_today"),
        source.history_note("memberships", "attribute_assignments").label("note"),
    ).select_from(h.outerjoin(t, same))


def _parts(source: Source) -> sa.Subquery:
    """Give rows to add up by option and day: zeros, those who hold it, those of them who are out.

    Those without any option are all members, less those with any.
    """
    parts = []
    for one in (select_options(source), _without(source)):
        tables, day = listed_days(source, things := one.subquery("thing"))
        parts.append(sa.select(*_option(things), day, *_numbers(source)).select_from(tables))
    for held, weight in ((held_options(source), 1), (_any_option(source), -1), (None, 1)):
        parts.append(_held(source, held, weight))
        if source.has("ooo_entries"):
            parts.append(_out(source, held, weight))
    return sa.union_all(*parts).subquery("part")


def _option(table: sa.FromClause) -> list[Any]:
    return [table.c[name] for name in OPTION]


def _numbers(
    source: Source, members: Any = 0, accepted: Any = 0, scheduled: Any = 0, out: Any = 0
) -> list[Any]:
    """Name the numbers to add up; null where the tables that they need are not there."""
    numbers = {"members": members, "accepted": accepted}
    numbers["scheduled"] = scheduled if source.has("schedules") else None
    numbers["out_today"] = out if source.has("ooo_entries") else None
    nothing = sa.cast(sa.null(), sa.BigInteger())
    made = {name: nothing if one is None else one for name, one in numbers.items()}
    return [(sa.literal(one) if isinstance(one, int) else one).label(name) for name, one in made.items()]


def _held(source: Source, held: sa.FromClause | None, weight: int) -> sa.Select[Any]:
    """Count those who hold an option on each day, all members for None."""
    s = member_spans(source, held, pending=True, schedules=source.has("schedules"))
    has_schedule = column(s, "schedule_id", sa.BigInteger()).is_not(None)
    counts = {
        "members": sa.func.sum(weight * (1 - s.c.accepted)),
        "accepted": sa.func.sum(weight * s.c.accepted),
        "scheduled": sa.func.sum(sa.case((has_schedule, weight * s.c.accepted), else_=0)),
    }
    keys = [*_keys(s), s.c.first_day, s.c.end_day]
    n = sa.select(*keys, *(one.label(name) for name, one in counts.items())).group_by(*keys).subquery("alike")
    c, (tables, option) = source.table("calendar", "hc"), _with_option(source, n)
    numbers = _numbers(source, n.c.members, n.c.accepted, n.c.scheduled)
    return sa.select(*option, c.c.date, *numbers).select_from(tables.join(c, in_span(c.c.date, n)))


def _out(source: Source, held: sa.FromClause | None, weight: int) -> sa.Select[Any]:
    s = member_spans(source, held)
    tables, day = out_within(source, s)
    keys = [*_keys(s), day]
    people = sa.func.count(sa.distinct(s.c.user_id)).label("people")
    n = sa.select(*keys, people).select_from(tables).group_by(*keys).subquery("absent")
    tables, option = _with_option(source, n)
    return sa.select(*option, n.c.date, *_numbers(source, out=weight * n.c.people)).select_from(tables)


def _keys(spans: sa.FromClause) -> list[Any]:
    return [spans.c[name] for name in OPTION if name in spans.c]


def _with_option(source: Source, counted: sa.FromClause) -> tuple[sa.FromClause, list[Any]]:
    """Give what was counted with its option; all members of an organisation stand for each attribute."""
    if "option_id" in counted.c:
        return counted, _option(counted)
    w = _without(source).subquery("attribute")
    return counted.join(w, w.c.organization_id == counted.c.organization_id), _option(w)


def _any_option(source: Source) -> sa.Subquery:
    """Give the spans for which users hold any option of an attribute, as if it were the one of having none."""
    x, w = source.table("attribute_assignments", "wx"), _without(source).subquery("attribute")
    return (
        sa.select(*_option(w), x.c.user_id, *days_of(x))
        .select_from(w.join(x, _same(w, x, attribute_id="attribute_id")))
        .where(there(x))
        .subquery("any_holding")
    )


def _without(source: Source) -> sa.Select[Any]:
    """Give the enabled live attributes, each as the option of those who have none."""
    a = source.table("attributes", "wa")
    return sa.select(
        a.c.organization_id,
        a.c.id.label("attribute_id"),
        a.c.slug.label("attribute_slug"),
        sa.null().label("option_id"),
        sa.literal(NONE, sa.Text()).label("option_value"),
    ).where(a.c.enabled.is_(sa.true()), live(a))


def _accepted_totals(source: Source) -> sa.Subquery:
    """Give the accepted members of an organisation on each day."""
    s, c = member_spans(source), source.table("calendar", "tc")
    keys = (s.c.organization_id, s.c.first_day, s.c.end_day)
    n = sa.select(*keys, sa.func.count().label("n")).group_by(*keys).subquery("alike")
    accepted = sa.cast(sa.func.sum(n.c.n), sa.BigInteger()).label("accepted")
    return (
        sa.select(n.c.organization_id, c.c.date, accepted)
        .select_from(n.join(c, in_span(c.c.date, n)))
        .group_by(n.c.organization_id, c.c.date)
        .subquery("total")
    )


RPT_HEADCOUNT_BY_ATTRIBUTE_DAY = View(
    "rpt_headcount_by_attribute_day",
    "An option of an attribute and a civil day: how many hold it; one row more for those without any",
    {
        "organization_id": "organisation",
        "date": "civil day",
        "attribute_id": "attribute",
        "attribute_slug": "attribute by its slug",
        "option_id": "option; null for the members without any option of the attribute",
        "option_value": "value of the option, (none) for the members without any",
        "members": "members with the option at the end of the day, pending ones too",
        "accepted_members": "of these, the accepted ones",
        "members_with_schedule": "of the accepted ones, with a default schedule now; null without schedules",
        "share_of_org": "accepted members in percent of all accepted members of the day",
        "out_today": "of the accepted ones, with an out-of-office entry; null without those",
        "note": "which history is not kept",
    },
    key=("organization_id", "date", "attribute_id", "option_id"),
    needs={
        "calendar": (),
        "memberships": ("user_id", "accepted"),
        "attributes": ("slug", "enabled"),
        "attribute_options": ("attribute_id", "value"),
        "attribute_assignments": ("attribute_id", "option_id", "user_id"),
    },
    resources=("memberships", "attributes", "attribute_options", "attribute_assignments"),
    select=_headcounts,
    snapshot_by="date",
    snapshot_subject=Subject(),
)
