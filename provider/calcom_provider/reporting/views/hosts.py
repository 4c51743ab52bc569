"""How much of each host's working time is booked, week by week?

The facts of a week come from several tables. They are put below each other and added up, not joined: a
condition on the week then reaches each of them before anything is counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from calcom_provider.reporting import functions as fn
from calcom_provider.reporting.calendar import WEEKDAYS
from calcom_provider.reporting.model import View
from calcom_provider.reporting.source import Source, held_on, live, not_removed_on
from calcom_provider.reporting.views.hosting import (
    OVER,
    absent_attendees,
    attributes_known,
    held_values,
    with_local_date,
)
from calcom_provider.reporting.views.working import default_schedules, schedules_known

_COUNTS = (
    "is_host",
    "scheduled_minutes",
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


def _host_weeks(source: Source) -> sa.Select[Any]:
    f, w = _summed(source), _weeks(source)
    none = sa.cast(sa.null(), sa.BigInteger())
    scheduled: Any = f.c.scheduled_minutes if schedules_known(source) else none
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
        *(f.c[name] for name in source.options.host_attributes),
        source.history_note("attribute_assignments", "ooo_entries").label("note"),
    ).select_from(f.join(w, w.c.week_start == f.c.week_start))


def _summed(source: Source) -> sa.Subquery:
    """Give a row for each host and week of the calendar with the sums of all facts."""
    parts = [_base(source), _booked(source)]
    if schedules_known(source):
        parts.append(_special(source))
        if source.has("ooo_entries", "user_id", "start", "end"):
            parts.append(_out(source))
    if attributes_known(source) and source.options.host_attributes:
        parts.append(_described(source))
    f = sa.union_all(*parts).subquery("fact")
    return (
        sa.select(
            f.c.organization_id,
            f.c.host_user_id,
            f.c.week_start,
            *(sa.cast(sa.func.sum(f.c[name]), sa.BigInteger()).label(name) for name in _COUNTS),
            *(sa.func.min(f.c[name]).label(name) for name in source.options.host_attributes),
        )
        .group_by(f.c.organization_id, f.c.host_user_id, f.c.week_start)
        # Some facts are about people who are no hosts.
        .having(sa.func.sum(f.c.is_host) > 0)
        .subquery("summed")
    )


def _facts(
    source: Source, keys: list[Any], counts: Mapping[str, Any], texts: Mapping[str, Any] | None = None
) -> list[Any]:
    """Give the columns of a part: what it does not tell is 0, or null for a text."""
    values = texts or {}
    return [
        *keys,
        *(sa.cast(counts.get(name, sa.literal(0)), sa.BigInteger()).label(name) for name in _COUNTS),
        *(values.get(name, sa.null()).label(name) for name in source.options.host_attributes),
    ]


def _weeks(source: Source) -> sa.Subquery:
    """Give the weeks of the calendar, each with the number of its days that the calendar has, by weekday."""
    c = source.table("calendar", "wc")
    days = [sa.func.sum(sa.case((c.c.weekday == n, 1), else_=0)).label(name) for n, name in _numbered()]
    return (
        sa.select(
            c.c.week_start,
            c.c.iso_year,
            c.c.iso_week,
            fn.day_start(c.c.week_start).label("begin_utc"),
            fn.day_start(fn.add_days(c.c.week_start, 7)).label("end_utc"),
            *days,
        )
        .group_by(c.c.week_start, c.c.iso_year, c.c.iso_week)
        .subquery("week")
    )


def _numbered() -> list[tuple[int, str]]:
    return list(enumerate(WEEKDAYS, start=1))


def _hosts(source: Source) -> sa.Subquery:
    m, h = source.table("memberships", "hm"), source.table("booking_hosts", "hh")
    members = sa.select(m.c.organization_id, m.c.user_id).where(m.c.accepted.is_(sa.true()), live(m))
    booked = sa.select(h.c.organization_id, h.c.user_id).where(h.c.user_id.is_not(None), live(h))
    return members.union(booked).subquery("host")


def _base(source: Source) -> sa.Select[Any]:
    """Give every host and week, with the minutes of the weekly hours."""
    h, w = _hosts(source), _weeks(source)
    tables: sa.FromClause = h.join(w, sa.true())
    counts: dict[str, Any] = {"is_host": sa.literal(1)}
    if schedules_known(source):
        p = _weekly(source)
        own = sa.and_(p.c.organization_id == h.c.organization_id, p.c.owner_id == h.c.user_id)
        tables = tables.outerjoin(p, own)
        total = sum((p.c[name] * w.c[name] for name in WEEKDAYS), start=sa.literal(0))
        counts["scheduled_minutes"] = sa.func.coalesce(total, 0)
    keys = [h.c.organization_id, h.c.user_id.label("host_user_id"), w.c.week_start]
    return sa.select(*_facts(source, keys, counts)).select_from(tables)


def _minutes(window: sa.FromClause) -> Any:
    return fn.clock_minutes(window.c.end_time) - fn.clock_minutes(window.c.start_time)


def _weekly(source: Source) -> sa.Subquery:
    """Give each user's weekly minutes: ``owner_id``, ``schedule_id`` and a column for each weekday."""
    s, a = default_schedules(source), source.table("schedule_availability", "wa")
    own = sa.and_(a.c.organization_id == s.c.organization_id, a.c.schedule_id == s.c.schedule_id, live(a))
    named = [(name, fn.holds_text(a.c.days, sa.literal(f'"{name}"', sa.Text()))) for name in WEEKDAYS]
    sums = [sa.func.sum(sa.case((on, _minutes(a)), else_=0)).label(name) for name, on in named]
    return (
        sa.select(s.c.organization_id, s.c.owner_id, s.c.schedule_id, *sums)
        .select_from(s.outerjoin(a, own))
        .group_by(s.c.organization_id, s.c.owner_id, s.c.schedule_id)
        .subquery("weekly")
    )


def _on_weekday(weekly: sa.FromClause, weekday: Any) -> Any:
    named = [(weekday == n, weekly.c[name]) for n, name in _numbered()]
    return sa.func.coalesce(sa.case(*named), 0)


def _overrides(source: Source) -> sa.Subquery:
    """Give the minutes of the days with other hours: ``organization_id``, ``schedule_id``, ``date``, ``minutes``."""
    o = source.table("schedule_overrides", "wo")
    return (
        sa.select(o.c.organization_id, o.c.schedule_id, o.c.date, sa.func.sum(_minutes(o)).label("minutes"))
        .where(live(o))
        .group_by(o.c.organization_id, o.c.schedule_id, o.c.date)
        .subquery("override_day")
    )


def _special(source: Source) -> sa.Select[Any]:
    """Give what the days with other hours add to the weekly ones, or take from them."""
    p, o, c = _weekly(source), _overrides(source), source.table("calendar", "sc")
    own = sa.and_(p.c.organization_id == o.c.organization_id, p.c.schedule_id == o.c.schedule_id)
    more = o.c.minutes - _on_weekday(p, c.c.weekday)
    keys = [p.c.organization_id, p.c.owner_id, c.c.week_start]
    tables = o.join(c, c.c.date == o.c.date).join(p, own)
    return sa.select(*_facts(source, keys, {"scheduled_minutes": more})).select_from(tables)


def _out(source: Source) -> sa.Select[Any]:
    """Give the working minutes of the days on which somebody is out."""
    d, p, o = _out_days(source), _weekly(source), _overrides(source)
    own = sa.and_(p.c.organization_id == d.c.organization_id, p.c.owner_id == d.c.user_id)
    special = sa.and_(
        o.c.organization_id == p.c.organization_id,
        o.c.schedule_id == p.c.schedule_id,
        o.c.date == d.c.date,
    )
    minutes = sa.func.coalesce(o.c.minutes, _on_weekday(p, d.c.weekday))
    keys = [d.c.organization_id, d.c.user_id, d.c.week_start]
    tables = d.join(p, own).outerjoin(o, special)
    return sa.select(*_facts(source, keys, {"ooo_minutes": minutes})).select_from(tables)


def _out_days(source: Source) -> sa.Subquery:
    """Give the days on which users are out, with their weeks.

    Absences meet weeks first and days second: there are fewer weeks.
    """
    o, w, c = source.table("ooo_entries", "wx"), _weeks(source), source.table("calendar", "xc")
    near = sa.and_(o.c.start < w.c.end_utc, o.c["end"] >= w.c.begin_utc)
    covered = sa.and_(
        c.c.week_start == w.c.week_start,
        o.c.start < fn.day_start(fn.add_days(c.c.date, 1)),
        o.c["end"] >= fn.day_start(c.c.date),
    )
    keys = [o.c.organization_id, o.c.user_id, c.c.date, c.c.weekday, w.c.week_start]
    return (
        sa.select(*keys)
        .select_from(o.join(w, near).join(c, covered))
        .where(not_removed_on(o, c.c.date))
        .group_by(*keys)
        .subquery("out_day")
    )


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
    u, b, h = _near_days(source), source.table("bookings", "b"), source.table("booking_hosts", "h")
    of_booking = sa.and_(
        h.c.organization_id == b.c.organization_id, h.c.booking_id == b.c.id, h.c.user_id.is_not(None)
    )
    joined, day = with_local_date(
        source,
        u.join(b, fn.utc_date(b.c.start) == u.c.utc_day).join(h, of_booking),
        h.c.organization_id,
        h.c.user_id,
        b.c.start,
    )
    names = ("status", "duration", "absent_host", "rating", "rescheduled_to_uid")
    keys = [u.c.week_start, b.c.organization_id, b.c.id, h.c.user_id, *(b.c[name] for name in names)]
    return (
        sa.select(
            b.c.organization_id,
            h.c.user_id.label("host_user_id"),
            u.c.week_start,
            b.c.id.label("booking_id"),
            *(b.c[name] for name in names),
        )
        .select_from(joined)
        .where(live(b), live(h), day >= u.c.week_start, day <= fn.add_days(u.c.week_start, 6))
        .group_by(*keys)
        .subquery("booking")
    )


def _near_days(source: Source) -> sa.Subquery:
    """Give the days in UTC on which a booking of a week may begin: with any zone, one more on either side."""
    c = source.table("calendar", "nc")
    w = sa.select(c.c.week_start).distinct().subquery("near_week")
    numbers = [sa.select(sa.literal(number).label("number")) for number in range(-1, 8)]
    n = sa.union_all(*numbers).subquery("near")
    day = fn.add_days(w.c.week_start, n.c.number).label("utc_day")
    return sa.select(w.c.week_start, day).select_from(w.join(n, sa.true())).subquery("near_day")


def _described(source: Source) -> sa.Select[Any]:
    """Give the attributes that somebody held at the end of each week."""
    attributes = source.options.host_attributes
    a, w = held_values(source, attributes.values(), "described"), _weeks(source)
    keys = [a.c.organization_id, a.c.user_id, w.c.week_start]
    texts = {name: sa.case((a.c.slug == slug, a.c.value)) for name, slug in attributes.items()}
    tables = a.join(w, held_on(a, fn.add_days(w.c.week_start, 6)))
    return sa.select(*_facts(source, keys, {}, texts)).select_from(tables)


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
        "bookings": ("start", "status", "duration", "absent_host", "rating", "rescheduled_to_uid"),
        "booking_hosts": ("user_id",),
        "memberships": ("user_id", "accepted"),
        "users": ("time_zone",),
        "tz_offsets": (),
    },
    resources=("bookings", "memberships", "users"),
    select=_host_weeks,
    kept_by="week_start",
)
