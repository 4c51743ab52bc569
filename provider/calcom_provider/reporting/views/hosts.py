"""How much of each host's working time is booked, week by week?

The facts of a week come from several tables. They are put below each other and added up, not joined: a
condition on the week then reaches each of them before anything is counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from calcom_provider.reporting import functions as fn
from calcom_provider.reporting.fixed_tables.calendar import WEEKDAYS
from calcom_provider.reporting.model import View
from calcom_provider.reporting.source import Source, held_on, live
from calcom_provider.reporting.views.parts.hosting import (
    OVER,
    absent_attendees,
    attributes_known,
    chosen_columns,
    held_values,
    with_local_date,
)
from calcom_provider.reporting.views.parts.week_time import (
    out_days_by_week,
    weekly_minutes,
    weeks,
    with_usual,
)
from calcom_provider.reporting.views.parts.working import (
    default_schedules,
    override_minutes,
    schedules_known,
)
from calcom_provider.resources.data_subjects import Subject

_COUNTS = (
    "special_minutes",
    "ooo_minutes",
    "booked_minutes",
    "bookings",
    "cancelled",
    "rescheduled",
    "no_show_host",
    "no_show_guest",
    "ratings",
    "rated",
)
_BOOKING = ("status", "duration", "absent_host", "rating", "rescheduled_to_uid")


def _host_weeks(source: Source) -> sa.Select[Any]:
    f, w = _summed(source), weeks(source)
    none = sa.cast(sa.null(), sa.BigInteger())
    scheduled: Any = f.c.weekly_minutes + f.c.special_minutes if schedules_known(source) else none
    ooo: Any = f.c.ooo_minutes
    if source.has("ooo_entries") and not schedules_known(source):
        ooo = none
    guests = f.c.no_show_guest if source.has("booking_attendees", "absent") else none
    return sa.select(
        f.c.organization_id,
        f.c.host_user_id,
        w.c.iso_year,
        w.c.iso_week,
        f.c.week_start,
        scheduled.label("scheduled_minutes"),
        ooo.label("ooo_minutes"),
        (scheduled - ooo).label("bookable_minutes"),
        f.c.booked_minutes,
        fn.percent(f.c.booked_minutes, scheduled - ooo).label("utilisation_pct"),
        f.c.bookings,
        f.c.cancelled,
        f.c.rescheduled,
        f.c.no_show_host,
        guests.label("no_show_guest"),
        fn.percent(f.c.ratings, 100 * f.c.rated).label("avg_rating"),
        *(f.c[name].label(shown) for name, shown in chosen_columns(source.options.host_attributes).items()),
        source.history_note("attribute_assignments", "ooo_entries").label("note"),
    ).select_from(f.join(w, w.c.week_start == f.c.week_start))


def _summed(source: Source) -> sa.Subquery:
    """Give a row for each host and week of the calendar with the sums of all facts."""
    parts = [_base(source), _booked(source)]
    if schedules_known(source):
        parts.append(_special(source))
        if source.has("ooo_entries", "user_id", "start_at", "end_at"):
            parts.append(_out(source))
    f = sa.union_all(*parts).subquery("fact")
    return (
        sa.select(
            f.c.organization_id,
            f.c.host_user_id,
            f.c.week_start,
            sa.func.max(f.c.weekly_minutes).label("weekly_minutes"),
            *(sa.cast(sa.func.sum(f.c[name]), sa.BigInteger()).label(name) for name in _COUNTS),
            *(sa.func.min(f.c[name]).label(name) for name in chosen_columns(source.options.host_attributes)),
        )
        .group_by(f.c.organization_id, f.c.host_user_id, f.c.week_start)
        # Some facts are about people who are no hosts.
        .having(sa.func.max(f.c.weekly_minutes).is_not(None))
        .subquery("summed")
    )


def _facts(
    source: Source,
    keys: list[Any],
    counts: Mapping[str, Any],
    *,
    weekly: Any = None,
    texts: Mapping[str, Any] | None = None,
) -> list[Any]:
    """Give the columns of a part: what it does not tell is 0, or null where it is not added up."""
    # Short integers: PostgreSQL adds long ones up as numerics.
    return [
        *keys,
        sa.cast(sa.null() if weekly is None else weekly, sa.Integer()).label("weekly_minutes"),
        *(sa.cast(counts.get(name, sa.literal(0)), sa.Integer()).label(name) for name in _COUNTS),
        *(
            (texts or {}).get(name, sa.null()).label(name)
            for name in chosen_columns(source.options.host_attributes)
        ),
    ]


def _hosts(source: Source) -> sa.Subquery:
    m, h = source.table("memberships", "hm"), source.table("booking_hosts", "hh")
    members = sa.select(m.c.organization_id, m.c.user_id).where(m.c.accepted.is_(sa.true()), live(m))
    # Distinct first: there are many more bookings than hosts.
    booked = sa.select(h.c.organization_id, h.c.user_id).where(h.c.user_id.is_not(None), live(h)).distinct()
    return members.union(booked).subquery("host")


def _base(source: Source) -> sa.Select[Any]:
    """Give every host and week, with the minutes of the weekly hours and the attributes at the week's end.

    A host with several values of an attribute has several rows.
    """
    h, w = _hosts(source), weeks(source)
    tables: sa.FromClause = h.join(w, sa.true())
    weekly: Any = sa.literal(0)
    if schedules_known(source):
        p = weekly_minutes(source)
        own = sa.and_(p.c.organization_id == h.c.organization_id, p.c.owner_id == h.c.user_id)
        tables = tables.outerjoin(p, own)
        total = sum((p.c[name] * w.c[name] for name in WEEKDAYS), start=sa.literal(0))
        weekly = sa.func.coalesce(total, 0)
    texts = {}
    chosen = source.options.host_attributes if attributes_known(source) else {}
    for name, slug in zip(chosen_columns(chosen), chosen.values(), strict=True):
        a = held_values(source, slug, f"held_{name}")
        held = sa.and_(
            a.c.organization_id == h.c.organization_id, a.c.user_id == h.c.user_id, held_on(a, w.c.last_day)
        )
        tables, texts[name] = tables.outerjoin(a, held), a.c.value
    keys = [h.c.organization_id, h.c.user_id.label("host_user_id"), w.c.week_start]
    return sa.select(*_facts(source, keys, {}, weekly=weekly, texts=texts)).select_from(tables)


def _special(source: Source) -> sa.Select[Any]:
    """Give what the days with other hours add to the weekly ones, or take from them."""
    s, o, c = default_schedules(source), override_minutes(source), source.table("calendar", "sc")
    own = sa.and_(s.c.organization_id == o.c.organization_id, s.c.schedule_id == o.c.schedule_id)
    days = (
        sa.select(
            s.c.organization_id,
            s.c.owner_id,
            s.c.schedule_id,
            c.c.week_start,
            c.c.weekday_name,
            o.c.minutes,
            c.c.date,
        )
        .select_from(o.join(c, c.c.date == o.c.date).join(s, own))
        .subquery("special_day")
    )
    u = with_usual(source, days)
    keys = [u.c.organization_id, u.c.owner_id, u.c.week_start]
    return sa.select(*_facts(source, keys, {"special_minutes": u.c.minutes - u.c.usual}))


def _out(source: Source) -> sa.Select[Any]:
    """Give the working minutes of the days on which somebody is out."""
    d, s, o = out_days_by_week(source), default_schedules(source), override_minutes(source)
    own = sa.and_(s.c.organization_id == d.c.organization_id, s.c.owner_id == d.c.user_id)
    days = sa.select(*d.c, s.c.schedule_id).select_from(d.join(s, own)).subquery("own_day")
    u = with_usual(source, days)
    special = sa.and_(
        o.c.organization_id == u.c.organization_id, o.c.schedule_id == u.c.schedule_id, o.c.date == u.c.date
    )
    keys = [u.c.organization_id, u.c.user_id, u.c.week_start]
    counts = {"ooo_minutes": sa.func.coalesce(o.c.minutes, u.c.usual)}
    return sa.select(*_facts(source, keys, counts)).select_from(u.outerjoin(o, special))


def _booked(source: Source) -> sa.Select[Any]:
    """Give the bookings of each host, once each."""
    b = _bookings(source)
    accepted = sa.and_(b.c.status == "accepted", b.c.rescheduled_to_uid.is_(None))
    tables: sa.FromClause = b
    counts: dict[str, Any] = {
        "booked_minutes": sa.case((accepted, sa.func.coalesce(b.c.duration, 0)), else_=0),
        "bookings": _one(accepted),
        "cancelled": _one(b.c.status.in_(OVER), b.c.rescheduled_to_uid.is_(None)),
        "rescheduled": _one(b.c.rescheduled_to_uid.is_not(None)),
        "no_show_host": _one(accepted, b.c.absent_host.is_(sa.true())),
        "ratings": sa.case((accepted, sa.func.coalesce(b.c.rating, 0)), else_=0),
        "rated": _one(accepted, b.c.rating.is_not(None)),
    }
    if source.has("booking_attendees", "absent"):
        g = absent_attendees(source)
        same = sa.and_(g.c.organization_id == b.c.organization_id, g.c.booking_id == b.c.booking_id)
        tables = tables.outerjoin(g, same)
        counts["no_show_guest"] = _one(accepted, g.c.booking_id.is_not(None))
    keys = [b.c.organization_id, b.c.host_user_id, b.c.week_start]
    return sa.select(*_facts(source, keys, counts)).select_from(tables)


def _one(*conditions: Any) -> Any:
    return sa.case((sa.and_(*conditions), 1), else_=0)


def _bookings(source: Source) -> sa.Subquery:
    """Give a row for each booking and host, with the week of the booking's civil day."""
    b, h = _near_bookings(source), source.table("booking_hosts", "h")
    of_booking = sa.and_(
        h.c.organization_id == b.c.organization_id, h.c.booking_id == b.c.booking_id, h.c.user_id.is_not(None)
    )
    joined, day = with_local_date(
        source, b.join(h, of_booking), h.c.organization_id, h.c.user_id, b.c.start_at
    )
    keys = [
        b.c.organization_id,
        h.c.user_id,
        b.c.week_start,
        b.c.booking_id,
        *(b.c[name] for name in _BOOKING),
    ]
    return (
        sa.select(*(one.label("host_user_id") if one.name == "user_id" else one for one in keys))
        .select_from(joined)
        .where(live(h), day >= b.c.week_start, day <= fn.add_days(b.c.week_start, 6))
        .group_by(*keys)
        .subquery("booking")
    )


def _near_bookings(source: Source) -> sa.Subquery:
    """Give each week with the bookings that begin in it in some zone, so with one more day in UTC on either side.

    They are grouped to keep the look-up of the civil day for what is left of the bookings.
    """
    w, b = weeks(source), source.table("bookings", "b")
    numbers = [sa.select(sa.literal(number).label("number")) for number in range(-1, 8)]
    n = sa.union_all(*numbers).subquery("near")
    day = fn.add_days(w.c.week_start, n.c.number).label("day")
    d = sa.select(w.c.week_start, day).select_from(w.join(n, sa.true())).distinct().subquery("near_day")
    keys = [d.c.week_start, b.c.organization_id, b.c.id, b.c.start_at, *(b.c[name] for name in _BOOKING)]
    return (
        sa.select(*(one.label("booking_id") if one.name == "id" else one for one in keys))
        .select_from(b.join(d, d.c.day == fn.utc_date(b.c.start_at)))
        .where(live(b))
        .group_by(*keys)
        .subquery("near_booking")
    )


RPT_HOST_WEEK = View(
    "rpt_host_week",
    "A host and a week: working time, absences, bookings",
    {
        "organization_id": "organisation",
        "host_user_id": "accepted member, or host of a booking",
        "iso_year": "year of the ISO week",
        "iso_week": "number of it",
        "week_start": "its Monday",
        "scheduled_minutes": "working minutes of the default schedule on the week's days; null without schedules",
        "ooo_minutes": "of these, on days on which the host is out",
        "bookable_minutes": "the others",
        "booked_minutes": "minutes of the accepted bookings, by the host's time zone",
        "utilisation_pct": "booked in percent of the bookable minutes; null when there are none",
        "bookings": "accepted and not rescheduled",
        "cancelled": "cancelled or rejected, not rescheduled",
        "rescheduled": "moved to another booking",
        "no_show_host": "accepted ones to which the host did not come",
        "no_show_guest": "accepted ones to which an attendee did not come; null without attendees",
        "avg_rating": "mean rating of the accepted ones; null without a rating",
        "department": "the host's value at the end of the week; which attributes are shown is an option",
        "region": "likewise",
        "note": "which history is not kept",
    },
    key=("organization_id", "host_user_id", "week_start"),
    needs={
        "calendar": (),
        "bookings": ("start_at", "status", "duration", "absent_host", "rating", "rescheduled_to_uid"),
        "booking_hosts": ("user_id",),
        "memberships": ("user_id", "accepted"),
        "users": ("time_zone",),
        "tz_offsets": (),
    },
    resources=("bookings", "memberships", "users"),
    select=_host_weeks,
    snapshot_by="week_start",
    snapshot_subject=Subject(user=("host_user_id",)),
)
