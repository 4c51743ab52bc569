"""Which event types are there, and which ones do bookings name that no list of event types has?

Every booking belongs to exactly one row: what the lists do not hold is made from the bookings themselves.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from calcom_provider.reporting.model import View
from calcom_provider.reporting.source import VALID_FROM, Source, column, live

#: The id of the row of bookings that name no event type.
NO_EVENT_TYPE = 0
_NUMBERS = ("team_id", "owner_user_id", "original_event_type_id", "length_in_minutes")
_TEXTS = ("title", "slug", "scheduling_type")


def _event_types(source: Source) -> sa.Select[Any]:
    counted = _counted(source)
    listed = _listed(source)
    parts = [_of_bookings(counted, listed)]
    if listed is not None:
        parts.append(_of_list(counted, listed))
    f = sa.union_all(*parts).subquery("f")
    tables: sa.FromClause = f
    team: Any = sa.cast(sa.null(), sa.Text())
    if source.has("teams", "name"):
        t = source.table("teams", "t")
        same = sa.and_(t.c.organization_id == f.c.organization_id, t.c.id == f.c.team_id, live(t))
        tables, team = tables.outerjoin(t, same), t.c.name
    numbered = sa.literal("Event type ", sa.Text()) + sa.cast(f.c.event_type_id, sa.Text())
    return sa.select(
        f.c.organization_id,
        f.c.event_type_id,
        sa.case(
            (f.c.event_type_id == NO_EVENT_TYPE, sa.literal("No event type", sa.Text())),
            (f.c.title != "", f.c.title),
            (f.c.slug != "", f.c.slug),
            else_=numbered,
        ).label("event_type_name"),
        f.c.title,
        f.c.slug,
        sa.cast(
            sa.case(
                (f.c.event_type_id == NO_EVENT_TYPE, "none"),
                (f.c.is_listed == 0, "unlisted"),
                (f.c.team_id == f.c.organization_id, "organization"),
                (f.c.team_id.is_not(None), "team"),
                (f.c.original_event_type_id.is_not(None), "managed_copy"),
                else_="personal",
            ),
            sa.Text(),
        ).label("kind"),
        f.c.team_id,
        team.label("team_name"),
        f.c.owner_user_id,
        f.c.original_event_type_id,
        f.c.scheduling_type,
        f.c.length_in_minutes,
        (f.c.is_hidden == 1).label("hidden"),
        (f.c.is_deleted == 1).label("is_deleted"),
        (f.c.is_listed == 1).label("is_listed"),
        f.c.bookings,
    ).select_from(tables)


def _counted(source: Source) -> sa.Subquery:
    """Give a row for each event type that bookings name, those that are gone included."""
    b = source.table("bookings", "b")
    number = sa.func.coalesce(b.c.event_type_id, NO_EVENT_TYPE)
    return (
        sa.select(
            b.c.organization_id,
            number.label("event_type_id"),
            sa.func.max(column(b, "event_type_slug")).label("slug"),
            sa.cast(sa.func.sum(sa.case((live(b), 1), else_=0)), sa.BigInteger()).label("bookings"),
        )
        .group_by(b.c.organization_id, number)
        .subquery("counted")
    )


def _listed(source: Source) -> sa.Subquery | None:
    """Give the newest version of each event type that a list has or had; None where none was synced."""
    if not source.has("team_event_types"):
        return _newest(source, "user_event_types").subquery("listed") if _of_users(source) else None
    teams = _newest(source, "team_event_types")
    if not _of_users(source):
        return teams.subquery("listed")
    users, t = _newest(source, "user_event_types").subquery("users"), source.table("team_event_types", "here")
    # Copies of a team's event type are in both lists.
    there = sa.select(t.c.organization_id, t.c.id.label("event_type_id")).distinct().subquery("there")
    same = sa.and_(
        there.c.organization_id == users.c.organization_id, there.c.event_type_id == users.c.event_type_id
    )
    alone = sa.select(*users.c).select_from(users.outerjoin(there, same))
    return teams.union_all(alone.where(there.c.event_type_id.is_(None))).subquery("listed")


def _of_users(source: Source) -> bool:
    return source.has("user_event_types")


def _newest(source: Source, name: str) -> sa.Select[Any]:
    e = source.table(name, "e")
    if not source.keeps_history(name):
        return sa.select(*_fields(e))
    v = source.table(name, "v")
    newest = (
        sa.select(v.c.organization_id, v.c.id, sa.func.max(v.c[VALID_FROM.name]).label("newest_from"))
        .group_by(v.c.organization_id, v.c.id)
        .subquery("newest")
    )
    same = sa.and_(
        newest.c.organization_id == e.c.organization_id,
        newest.c.id == e.c.id,
        newest.c.newest_from == e.c[VALID_FROM.name],
    )
    return sa.select(*_fields(e)).select_from(e.join(newest, same))


def _fields(e: sa.FromClause) -> list[Any]:
    whole = sa.BigInteger()
    return [
        e.c.organization_id,
        e.c.id.label("event_type_id"),
        column(e, "title").label("title"),
        column(e, "slug").label("slug"),
        column(e, "scheduling_type").label("scheduling_type"),
        column(e, "team_id", whole).label("team_id"),
        column(e, "owner_id", whole).label("owner_user_id"),
        column(e, "parent_event_type_id", whole).label("original_event_type_id"),
        column(e, "length_in_minutes", whole).label("length_in_minutes"),
        sa.case((column(e, "hidden", sa.Boolean()).is_(sa.true()), 1), else_=0).label("is_hidden"),
        sa.case((live(e), 0), else_=1).label("is_deleted"),
    ]


def _of_list(counted: sa.Subquery, listed: sa.Subquery) -> sa.Select[Any]:
    c = counted.alias("named")
    same = sa.and_(
        c.c.organization_id == listed.c.organization_id, c.c.event_type_id == listed.c.event_type_id
    )
    return sa.select(
        *_of_both(listed.c),
        listed.c.is_hidden,
        listed.c.is_deleted,
        sa.literal(1).label("is_listed"),
        sa.func.coalesce(c.c.bookings, 0).label("bookings"),
    ).select_from(listed.outerjoin(c, same))


def _of_bookings(counted: sa.Subquery, listed: sa.Subquery | None) -> sa.Select[Any]:
    """Give what no list has: the slug is all that bookings tell of an event type; their titles name people."""
    missing: dict[str, Any] = {name: sa.cast(sa.null(), sa.BigInteger()) for name in _NUMBERS}
    missing |= {name: sa.cast(sa.null(), sa.Text()) for name in _TEXTS}
    known = {one.name: one for one in counted.c}
    found = sa.select(
        *_of_both(missing | known),
        sa.cast(sa.null(), sa.Integer()).label("is_hidden"),
        sa.cast(sa.null(), sa.Integer()).label("is_deleted"),
        sa.literal(0).label("is_listed"),
        counted.c.bookings,
    )
    if listed is None:
        return found
    here = listed.alias("known")
    same = sa.and_(
        here.c.organization_id == counted.c.organization_id, here.c.event_type_id == counted.c.event_type_id
    )
    return found.select_from(counted.outerjoin(here, same)).where(here.c.event_type_id.is_(None))


def _of_both(columns: Any) -> list[Any]:
    names = ("organization_id", "event_type_id", *_TEXTS, *_NUMBERS)
    return [columns[name].label(name) for name in names]


DIM_EVENT_TYPE = View(
    "dim_event_type",
    "An event type, whether a list of event types has it or only bookings name it",
    {
        "organization_id": "organisation",
        "event_type_id": "event type; 0 stands for the bookings that name none",
        "event_type_name": "what to show: the title, else the slug, else its number",
        "title": "title; null where no list has the event type",
        "slug": "last part of its address; of bookings, where no list has it",
        "kind": "team, organization, managed_copy, personal, unlisted (only bookings name it) or none",
        "team_id": "team that it belongs to",
        "team_name": "that team's name; null where the team is gone or teams were not synced",
        "owner_user_id": "member that it belongs to, of personal ones and of managed copies",
        "original_event_type_id": "the team's event type that a managed copy was made from",
        "scheduling_type": "roundRobin, collective or managed; null for others",
        "length_in_minutes": "length of a meeting",
        "hidden": "whether its page is hidden; null where no list has it",
        "is_deleted": (
            "whether a list had it and has it no more; null where no list had it, and never true of personal ones, "
            "which keep their last title when they are gone"
        ),
        "is_listed": "whether a list of event types has it, or had it when it was read",
        "bookings": "bookings that name it and are there now, of any status",
    },
    key=("organization_id", "event_type_id"),
    needs={"bookings": ("event_type_id",)},
    resources=("bookings",),
    select=_event_types,
)
