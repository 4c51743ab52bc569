"""The views on hosts and on what routing led to, worked out from their specification."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd

from tests.integration.reporting.expected.common import (
    Hours,
    days,
    held_on,
    local_day,
    moment,
    note,
    out_days,
    table,
    utc_day,
    versions,
)
from tests.integration.reporting.world import World

Row = dict[str, Any]
HISTORIES = ("attribute_assignments", "ooo_entries")
HOST_ATTRIBUTES = {"department": "department", "region": "region"}
HOST_WEEK = (
    "organization_id",
    "host_user_id",
    "iso_year",
    "iso_week",
    "week_start",
    "scheduled_minutes",
    "ooo_minutes",
    "bookable_minutes",
    "booked_minutes",
    "utilisation_pct",
    "bookings",
    "cancelled",
    "rescheduled",
    "no_show_host",
    "no_show_guest",
    "avg_rating",
)
OUTCOME = (
    "organization_id",
    "response_id",
    "form_id",
    "created_at",
    "routed_to_booking_uid",
    "booked",
    "booking_id",
    "host_user_id",
    "host_attribute_value",
    "host_out_on_day",
    "minutes_to_booking",
    "outcome",
)


def rpt_host_week(
    world: World, first: date, last: date, attributes: Mapping[str, str] = HOST_ATTRIBUTES
) -> pd.DataFrame:
    """Give every host in every week of the calendar.

    :param first: first day of the calendar
    :param last: last day
    :param attributes: column -> slug
    """
    hours, out, booked, absent = Hours(world), out_days(world), _booked(world), _absent(world)
    weeks: dict[date, list[date]] = {}
    for day in days(first, last):
        weeks.setdefault(day - timedelta(days=day.weekday()), []).append(day)
    values = {slug: _Values(world, slug) for slug in attributes.values()}
    rows = []
    for host in _hosts(world):
        for monday, listed in weeks.items():
            row: Row = {"organization_id": world.organization_id, "host_user_id": host, "week_start": monday}
            row["iso_year"], row["iso_week"], _ = monday.isocalendar()
            of_days = {day: hours.minutes(host, day) for day in listed}
            away = sum(minutes for day, minutes in of_days.items() if (host, day) in out)
            row["scheduled_minutes"] = sum(of_days.values()) if hours.known else None
            row["ooo_minutes"] = away if hours.known or not world.has("ooo_entries") else None
            row["bookable_minutes"] = sum(of_days.values()) - away if hours.known else None
            row |= _of_bookings(booked.get((host, monday), []), absent)
            possible = row["bookable_minutes"]
            row["utilisation_pct"] = 100 * row["booked_minutes"] / possible if possible else None
            sunday = monday + timedelta(days=6)
            row |= {name: values[slug].of(host, sunday) for name, slug in attributes.items()}
            rows.append(row | {"note": note(world, *HISTORIES)})
    return table((*HOST_WEEK, *attributes, "note"), rows)


def _hosts(world: World) -> list[int]:
    members = {row["user_id"] for row in world.rows("memberships") if row["accepted"]}
    return sorted(members | {row["user_id"] for row in world.rows("booking_hosts")} - {None})


def _zones(world: World) -> dict[int, str | None]:
    return {row["id"]: row["time_zone"] for row in world.rows("users")}


def _booked(world: World) -> dict[tuple[int, date], list[Row]]:
    """Give the bookings of each host and Monday, by the day on which they begin where the host is."""
    zones = _zones(world)
    found: dict[tuple[int, date], list[Row]] = {}
    bookings = {row["id"]: row for row in world.rows("bookings")}
    pairs = {(row["booking_id"], row["user_id"]) for row in world.rows("booking_hosts")}
    for booking, host in pairs:
        if host is None or booking not in bookings:
            continue
        day = local_day(bookings[booking]["start_at"], zones.get(host))
        monday = day - timedelta(days=day.weekday())
        found.setdefault((host, monday), []).append(bookings[booking])
    return found


def _absent(world: World) -> set[int] | None:
    """Give the bookings with an attendee who did not come; None where attendees are not synced."""
    if not world.has("booking_attendees"):
        return None
    return {row["booking_id"] for row in world.rows("booking_attendees") if row["absent"]}


def _of_bookings(rows: list[Row], absent: set[int] | None) -> Row:
    stayed = [row for row in rows if row["rescheduled_to_uid"] is None]
    accepted = [row for row in stayed if row["status"] == "accepted"]
    ratings = [row["rating"] for row in accepted if row["rating"] is not None]
    missed = None if absent is None else sum(row["id"] in absent for row in accepted)
    return {
        "booked_minutes": sum(row["duration"] or 0 for row in accepted),
        "bookings": len(accepted),
        "cancelled": sum(row["status"] in ("cancelled", "rejected") for row in stayed),
        "rescheduled": len(rows) - len(stayed),
        "no_show_host": sum(row["absent_host"] is True for row in accepted),
        "no_show_guest": missed,
        "avg_rating": sum(ratings) / len(ratings) if ratings else None,
    }


class _Values:
    """Know which value of one attribute users held when: the lowest of several, none without the tables."""

    def __init__(self, world: World, slug: str) -> None:
        attributes = {row["id"] for row in world.rows("attributes") if row["slug"] == slug}
        options = {row["id"]: row["value"] for row in world.rows("attribute_options")}
        self._held: dict[int, list[tuple[Row, str]]] = {}
        for version in versions(world, "attribute_assignments"):
            if version["attribute_id"] in attributes and version["option_id"] in options:
                pair = (version, options[version["option_id"]])
                self._held.setdefault(version["user_id"], []).append(pair)

    def of(self, user: int | None, day: date) -> str | None:
        """Give the value at the end of a day."""
        held = self._held.get(user, []) if user is not None else []
        return min((value for version, value in held if held_on(version, day)), default=None)


def rpt_routing_outcome(
    world: World,
    now: datetime,
    attribute: str = "department",
    answers: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Give every response with what became of its booking.

    :param now: present time
    :param attribute: slug of the attribute that is shown of the host
    :param answers: column -> identifier of a question
    """
    asked = answers or {}
    values, out, zones = _Values(world, attribute), out_days(world), _zones(world)
    bookings = {row["uid"]: row for row in world.rows("bookings")}
    hosts = _first_hosts(world.rows("booking_hosts"))
    absent = _absent(world) or set()
    rows = []
    for response in world.rows("routing_form_responses"):
        uid, booking = response["routed_to_booking_uid"], bookings.get(response["routed_to_booking_uid"])
        host = hosts.get(booking["id"]) if booking else None
        away = None
        if booking and host is not None and world.has("ooo_entries"):
            away = (host, local_day(booking["start_at"], zones.get(host))) in out
        row = {
            "organization_id": world.organization_id,
            "response_id": response["id"],
            "form_id": response["form_id"],
            "created_at": moment(response["created_at"]),
            "routed_to_booking_uid": uid,
            "booked": uid is not None,
            "booking_id": booking["id"] if booking else None,
            "host_user_id": host,
            "host_attribute_value": values.of(host, utc_day(response["created_at"])),
            "host_out_on_day": away,
            "minutes_to_booking": _minutes(response, booking) if booking else None,
            "outcome": _outcome(uid, booking, absent, now),
            "note": note(world, *HISTORIES),
        }
        given = response["response"]
        rows.append(row | {name: given.get(key, {}).get("value") for name, key in asked.items()})
    return table((*OUTCOME, *asked, "note"), rows)


def _first_hosts(rows: Iterable[Row]) -> dict[int, int | None]:
    """Give the host of each booking with the lowest position."""
    return {row["booking_id"]: row["user_id"] for row in sorted(rows, key=lambda row: -row["position"])}


def _minutes(response: Row, booking: Row) -> int:
    """Count full minutes, parts of seconds left out, towards zero."""
    first, then = (moment(row["created_at"]).replace(microsecond=0) for row in (response, booking))
    seconds = round((then - first).total_seconds())
    return seconds // 60 if seconds >= 0 else -(-seconds // 60)


def _outcome(uid: str | None, booking: Row | None, absent: set[int], now: datetime) -> str:
    if uid is None:
        return "no_booking"
    if booking is None:
        return "booking_not_synced"
    if booking["rescheduled_to_uid"] is not None:
        return "rescheduled"
    if booking["status"] != "accepted":
        return booking["status"] if booking["status"] in ("cancelled", "rejected") else "pending"
    if booking["absent_host"]:
        return "no_show_host"
    if booking["id"] in absent:
        return "no_show_guest"
    ends = moment(booking["end_at"] or booking["start_at"])
    return "upcoming" if ends > now.astimezone(UTC) else "held"
