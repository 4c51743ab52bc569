"""Show bookings: how many, how long ahead, at which hours, and what became of them."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from calcom_provider.reporting import functions as fn
from calcom_provider.reporting.page.data import Dimensions, Panel
from calcom_provider.reporting.page.reading.dimensions import Holders, type_places
from calcom_provider.reporting.page.reading.reader import Reader, whole
from calcom_provider.reporting.source import Source, live
from calcom_provider.reporting.views.parts.hosting import absent_attendees, with_local_time

#: First minute of a class of lead times, and what it is called; each ends where the next begins.
LEADS: tuple[tuple[int, str], ...] = (
    (0, "under 2 hours"),
    (120, "2 to 24 hours"),
    (1440, "1 day"),
    (2 * 1440, "2 days"),
    (3 * 1440, "3 to 6 days"),
    (7 * 1440, "1 week"),
    (14 * 1440, "2 weeks"),
    (21 * 1440, "3 weeks"),
    (28 * 1440, "4 weeks and more"),
)
_LATER = [minutes for minutes, _ in LEADS[1:]]
#: Weeks of a period that can be chosen, the shortest first.
PERIODS = (4, 13, 26)
OUTCOMES = ("accepted", "cancelled", "rescheduled", "rejected", "pending")
#: Numbers of a week: bookings by outcome, those that are over, no-shows of those, and what lead times are made of.
MEASURES = (*OUTCOMES, "over", "no_show_guest", "no_show_host", "lead_minutes", "lead_bookings")
NEEDS = (
    "id",
    "start_at",
    "end_at",
    "status",
    "event_type_id",
    "created_at",
    "absent_host",
    "rescheduled_to_uid",
)
#: More than the span of all zones.
NEAR = timedelta(days=2)
Group = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Booking:
    """Hold what is counted of a booking; a booking that was moved has another in its place.

    :param week: place of the week in which it begins, by the clocks of its first host.
    :param hour: hour of the week, from Monday 0.
    :param event_type: id of its event type; 0 for none.
    :param host: its first host; 0 for none.
    :param outcome: one of ``OUTCOMES``.
    :param over: whether it has ended.
    :param guest_absent: whether somebody marked an attendee as absent.
    :param host_absent: whether somebody marked the host as absent.
    :param lead_minutes: minutes from its making to its start; None where that is not known.
    """

    week: int
    hour: int
    event_type: int
    host: int
    outcome: str
    over: bool
    guest_absent: bool
    host_absent: bool
    lead_minutes: int | None


@dataclass
class Counted:
    """Hold numbers of bookings by week and by one thing: event types, or values of attributes.

    :param measures: week and group -> the numbers of ``MEASURES``.
    :param leads: week, group and class of lead time -> bookings.
    :param hours: period, group and hour of the week from Monday 0 -> bookings; of periods that begin after one another.
    """

    measures: dict[Group, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0] * len(MEASURES)))
    leads: Counter[tuple[int, int, int]] = field(default_factory=Counter)
    hours: Counter[tuple[int, int, int]] = field(default_factory=Counter)

    def add(self, group: int, one: Booking, dims: Dimensions) -> None:
        """Add a booking.

        :param group: what it counts for.
        :param one: the booking.
        :param dims: what numbers are told apart by.
        """
        found = self.measures[one.week, group]
        found[OUTCOMES.index(one.outcome)] += 1
        if one.outcome != "accepted":
            return
        if one.over:
            found[5] += 1
            found[6] += one.guest_absent
            found[7] += one.host_absent
        if one.lead_minutes is not None:
            found[8] += max(one.lead_minutes, 0)
            found[9] += 1
            self.leads[one.week, group, bisect_right(_LATER, one.lead_minutes)] += 1
        band = band_of(one.week, dims)
        if band is not None:
            self.hours[band, group, one.hour] += 1

    def facts(self) -> dict[str, Any]:
        """Return the numbers as the page carries them."""
        return {
            "measures": [[*group, *numbers] for group, numbers in sorted(self.measures.items())],
            "leads": [[*group, number] for group, number in sorted(self.leads.items())],
            "hours": [[*group, number] for group, number in sorted(self.hours.items())],
        }


@dataclass
class Bookings:
    """Hold the numbers of bookings.

    :param by_type: by event type.
    :param by_value: by the value of an attribute that the first host has.
    :param missing: what to do first where nothing is known.
    :param notes: what the numbers rest on.
    """

    by_type: Counted = field(default_factory=Counted)
    by_value: Counted = field(default_factory=Counted)
    missing: str | None = None
    notes: tuple[str, ...] = ()


def band_of(week: int, dims: Dimensions) -> int | None:
    """Return the shortest period that a week belongs to; None for weeks ahead.

    :param week: place of the week.
    :param dims: what numbers are told apart by.
    """
    if week > dims.now:
        return None
    return next((place for place, weeks in enumerate(PERIODS) if week > dims.now - weeks), None)


def read_bookings(read: Reader, dims: Dimensions, holders: Holders, now: datetime) -> Bookings:
    """Count bookings of the weeks that are shown.

    :param read: the warehouse.
    :param dims: what numbers are told apart by.
    :param holders: who holds which option.
    :param now: the moment the page is made for.
    """
    source = read.source()
    if not source.has("bookings", *NEEDS) or not source.has("booking_hosts", "user_id"):
        return Bookings(missing="Sync bookings: name `bookings` among the resources of the sync.")
    if not source.has("calendar") or not source.has("tz_offsets"):
        return Bookings(
            missing="Run `calcom reports create` first: it writes the calendar that weeks are counted by."
        )
    days = (dims.weeks[0], dims.weeks[-1] + timedelta(days=6))
    found, places = Bookings(), type_places(read, dims.types)
    values: dict[int, list[int]] = defaultdict(list)
    for place, value in enumerate(dims.values):
        for user in holders.get(value.id, ()) if value.offered else ():
            values[user].append(place)
    for one in _read(read, dims, days, now):
        found.by_type.add(places.get(one.event_type, 0), one, dims)
        for place in values.get(one.host, ()):
            found.by_value.add(place, one, dims)
    if short := read.short_calendar(days):
        found.notes = (short,)
    if not found.by_type.measures:
        found.missing = (
            f"There are no bookings between {days[0]:%-d %B %Y} and {days[1]:%-d %B %Y}. If Cal.com has some, sync "
            "`bookings` over these days."
        )
    return found


def hosted(
    source: Source, days: tuple[Any, Any]
) -> tuple[sa.FromClause, sa.FromClause, sa.FromClause, sa.FromClause, Any]:
    """Join bookings to their first host and the civil day on which they begin there.

    :param source: tables, with the calendar's days that are asked for.
    :param days: first and last of these.
    :returns: the joined tables; bookings, hosts and calendar in them; the time that the host's clocks show.
    """
    b, h, c = source.table("bookings", "b"), source.table("booking_hosts", "h"), source.table("calendar", "c")
    f = source.table("booking_hosts", "fh")
    first = (
        sa.select(f.c.organization_id, f.c.booking_id, sa.func.min(f.c.position).label("position"))
        .where(live(f), f.c.user_id.is_not(None))
        .group_by(f.c.organization_id, f.c.booking_id)
        .subquery("first_host")
    )
    of_booking = sa.and_(first.c.organization_id == b.c.organization_id, first.c.booking_id == b.c.id)
    of_host = sa.and_(
        h.c.organization_id == first.c.organization_id,
        h.c.booking_id == first.c.booking_id,
        h.c.position == first.c.position,
    )
    tables: sa.FromClause = b.outerjoin(first, of_booking).outerjoin(h, of_host)
    tables, local = with_local_time(source, tables, b.c.organization_id, h.c.user_id, b.c.start_at)
    return tables.join(c, c.c.date == fn.utc_date(local)), b, h, c, local


def near(b: sa.FromClause, days: tuple[Any, Any]) -> Any:
    """Tell whether a booking begins on one of some days, in whichever zone, so that few are looked at."""
    first, last = (fn.day_start(sa.literal(day, sa.Date())) for day in (days[0] - NEAR, days[1] + NEAR))
    return sa.and_(b.c.start_at >= first, b.c.start_at < last, live(b))


def outcome(b: sa.FromClause) -> Any:
    """Give what became of a booking: one of ``OUTCOMES``. A booking that was moved has another in its place."""
    return sa.case(
        (b.c.rescheduled_to_uid.is_not(None), "rescheduled"),
        (b.c.status == "cancelled", "cancelled"),
        (b.c.status == "rejected", "rejected"),
        (sa.or_(b.c.status.is_(None), b.c.status != "accepted"), "pending"),
        else_="accepted",
    )


def moment(now: datetime) -> Any:
    """Give a time as an expression, to the minute."""
    minutes = now.hour * 60 + now.minute
    return fn.add_minutes(fn.day_start(sa.literal(now.date(), sa.Date())), minutes)


def _read(read: Reader, dims: Dimensions, days: tuple[date, date], now: datetime) -> Iterator[Booking]:
    source = read.source(days)
    tables, b, h, c, local = hosted(source, days)
    guest: Any = sa.literal(0)
    if source.has("booking_attendees", "absent"):
        g = absent_attendees(source)
        absent = sa.and_(g.c.organization_id == b.c.organization_id, g.c.booking_id == b.c.id)
        tables, guest = tables.outerjoin(g, absent), sa.case((g.c.booking_id.is_not(None), 1), else_=0)
    rows = sa.select(
        c.c.week_start,
        c.c.weekday,
        fn.minutes_between(fn.day_start(c.c.date), local),
        b.c.event_type_id,
        h.c.user_id,
        outcome(b),
        sa.case((sa.func.coalesce(b.c.end_at, b.c.start_at) <= moment(now), 1), else_=0),
        guest,
        sa.case((b.c.absent_host.is_(sa.true()), 1), else_=0),
        fn.minutes_between(b.c.created_at, b.c.start_at),
    )
    weeks = {week.isoformat(): place for place, week in enumerate(dims.weeks)}
    for week, weekday, minutes, kind, user, became, over, away, missing, lead in read.rows(
        rows.select_from(tables).where(near(b, days))
    ):
        yield Booking(
            weeks[str(week)],
            24 * (whole(weekday) - 1) + whole(minutes) // 60,
            whole(kind),
            whole(user),
            str(became),
            bool(over),
            bool(away),
            bool(missing),
            None if lead is None else whole(lead),
        )


def panels(found: Bookings, figures: Mapping[str, Any]) -> tuple[Panel, ...]:
    """Return the panels about bookings; the first carries the numbers of all.

    :param found: what was counted.
    :param figures: the figures of each period.
    """
    facts = {"types": found.by_type.facts(), "values": found.by_value.facts(), "figures": figures}
    told: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
        (
            "bookings",
            "Bookings by week",
            "Confirmed bookings by the week in which they take place, in the time of their first host. Weeks after "
            "this one hold what is booked so far.",
            ("bookings",),
        ),
        (
            "outcomes",
            "Cancellations, no-shows and reschedules",
            "Of the bookings of each week, the share that was cancelled, moved, or that somebody was marked as absent "
            "from. Nobody marked is not the same as nobody absent.",
            ("cancellation-rate", "reschedule-rate", "no-show-rate"),
        ),
        (
            "lead-time",
            "Lead time",
            "How long before their start bookings were made.",
            ("lead-time",),
        ),
        (
            "hours",
            "Busiest hours",
            "Confirmed bookings by weekday and hour, in the time of their first host.",
            ("bookings",),
        ),
    )
    return tuple(
        Panel(
            key,
            "trends",
            title,
            text,
            metrics,
            ("period", "team", "type", "value"),
            {} if found.missing else facts if place == 0 else {"of": "bookings"},
            missing=found.missing,
            notes=found.notes if place == 0 else (),
        )
        for place, (key, title, text, metrics) in enumerate(told)
    )
