"""Which bookings fall on a day on which their host is out?"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from calcom_provider.reporting import functions as fn
from calcom_provider.reporting.model import View
from calcom_provider.reporting.source import VALID_FROM, Source, column, live, removed_at
from calcom_provider.reporting.views.parts.hosting import OVER, with_local_date
from calcom_provider.reporting.views.parts.working import covers

#: More than the span of all zones, in minutes: what lies further apart never meets on a civil day.
NEAR = 2 * 24 * 60
_BOOKING = (
    "organization_id",
    "booking_id",
    "booking_uid",
    "start_utc",
    "start_local_date",
    "host_user_id",
    "team_id",
    "event_type_id",
    "status",
    "created_at",
    "changed_at",
)


def _conflicts(source: Source) -> sa.Select[Any]:
    f = _found(source)
    v = source.table("ooo_entries", "v")
    same = sa.and_(
        v.c.organization_id == f.c.organization_id,
        v.c.id == f.c.ooo_id,
        v.c.user_id == f.c.host_user_id,
        covers(v, f.c.start_local_date),
    )
    cover, live_cover = sa.func.min(v.c.to_user_id), sa.func.min(sa.case((live(v), v.c.to_user_id)))
    seen = sa.func.min(column(v, VALID_FROM.name, sa.DateTime()))
    met = sa.case((sa.or_(seen > f.c.created_at, f.c.created_at.is_(None)), seen), else_=f.c.created_at)
    over = f.c.status.in_(OVER)
    gone = sa.case((f.c.live_id.is_(None), f.c.removed_at))
    stands = sa.or_(f.c.status.is_(None), sa.not_(over), f.c.changed_at >= f.c.first_seen)
    grouped = [f.c[name] for name in (*_BOOKING, "ooo_id", "live_id", "first_seen", "removed_at")]
    return (
        sa.select(
            f.c.organization_id,
            f.c.booking_uid,
            f.c.start_utc,
            f.c.start_local_date,
            f.c.host_user_id,
            f.c.team_id,
            f.c.event_type_id,
            f.c.ooo_id,
            sa.case((f.c.live_id.is_(None), cover), else_=live_cover).label("cover_user_id"),
            fn.days_between(fn.utc_today(), f.c.start_local_date).label("days_until"),
            fn.utc_date(met).label("detected_on"),
            sa.case((over, fn.utc_date(f.c.changed_at)), else_=fn.utc_date(gone)).label("resolved_on"),
            source.history_note("ooo_entries").label("note"),
        )
        .select_from(f.join(v, same))
        .where(stands)
        .group_by(*grouped)
    )


def _found(source: Source) -> sa.Subquery:
    """Give a row for each booking and host with an absence on the booking's day, and the entry to name."""
    m = _meetings(source)
    keys = [m.c[name] for name in _BOOKING]
    live_id = sa.func.min(m.c.live_id)
    return (
        sa.select(
            *keys,
            live_id.label("live_id"),
            sa.func.coalesce(live_id, sa.func.min(m.c.ooo_id)).label("ooo_id"),
            sa.func.min(m.c.valid_from).label("first_seen"),
            sa.func.max(m.c.removed_at).label("removed_at"),
        )
        .group_by(*keys)
        .subquery("found")
    )


def _meetings(source: Source) -> sa.Subquery:
    """Give a row for each booking, host, and version of an absence that covers the booking's civil day."""
    b, h = source.table("bookings", "b"), source.table("booking_hosts", "h")
    o = source.lookup("ooo_entries", "o", "id", "user_id", "start_at", "end_at")
    of_booking = sa.and_(h.c.organization_id == b.c.organization_id, h.c.booking_id == b.c.id)
    of_host = sa.and_(
        o.c.organization_id == h.c.organization_id,
        o.c.user_id == h.c.user_id,
        # The civil day is looked up for few bookings only, since each costs a walk through a zone's offsets.
        fn.add_minutes(o.c.start_at, -NEAR) <= b.c.start_at,
        fn.add_minutes(o.c.end_at, NEAR) >= b.c.start_at,
    )
    joined, day = with_local_date(
        source, b.join(h, of_booking).join(o, of_host), h.c.organization_id, h.c.user_id, b.c.start_at
    )
    team: Any = sa.cast(sa.null(), sa.BigInteger())
    if source.has("team_event_types", "team_id"):
        e = source.table("team_event_types", "e")
        of_type = sa.and_(e.c.organization_id == b.c.organization_id, e.c.id == b.c.event_type_id, live(e))
        joined, team = joined.outerjoin(e, of_type), e.c.team_id
    return (
        sa.select(
            b.c.organization_id,
            b.c.id.label("booking_id"),
            b.c.uid.label("booking_uid"),
            b.c.start_at.label("start_utc"),
            day.label("start_local_date"),
            h.c.user_id.label("host_user_id"),
            team.label("team_id"),
            b.c.event_type_id,
            b.c.status,
            b.c.created_at,
            sa.func.coalesce(b.c.updated_at, b.c.created_at).label("changed_at"),
            o.c.id.label("ooo_id"),
            sa.case((live(o), o.c.id)).label("live_id"),
            column(o, VALID_FROM.name, sa.DateTime()).label("valid_from"),
            removed_at(o).label("removed_at"),
        )
        .select_from(joined)
        .where(live(b), live(h), covers(o, day))
        .subquery("meeting")
    )


RPT_OOO_BOOKING_CONFLICT = View(
    "rpt_ooo_booking_conflict",
    "A booking and a host who is out on the civil day of its start",
    {
        "organization_id": "organisation",
        "booking_uid": "booking",
        "start_utc": "begin of the booking",
        "start_local_date": "civil day of it in the host's time zone; in UTC when that is not known",
        "host_user_id": "host who is out",
        "team_id": "team of the event type; null without team event types",
        "event_type_id": "event type",
        "ooo_id": "the entry of the day; the lowest id of several",
        "cover_user_id": "who stands in",
        "days_until": "days from today to the booking; negative once it is past",
        "detected_on": "day on which both the booking and the absence were known",
        "resolved_on": "day on which the booking was cancelled or the absence was found removed; null before",
        "note": "which history is not kept",
    },
    key=("organization_id", "booking_uid", "host_user_id"),
    needs={
        "bookings": ("uid", "start_at", "status", "event_type_id", "created_at", "updated_at"),
        "booking_hosts": ("user_id",),
        "ooo_entries": ("user_id", "to_user_id", "start_at", "end_at"),
        "users": ("time_zone",),
        "tz_offsets": (),
    },
    resources=("bookings", "ooo_entries", "users"),
    select=_conflicts,
)
