"""What happens to bookings: made, confirmed, moved, cancelled, missed, handed over."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from calcom_provider.sandbox.world.bookings import moment
from calcom_provider.sandbox.world.stores import bookings
from calcom_provider.sandbox.world.tables import Row
from calcom_provider.sandbox.world.world import iso
from tests.unit.sandbox.conftest import Caller

V = {"cal_api_version": "2024-08-13"}
GUEST = {"name": "Gil Guest", "email": "gil@client.example", "timeZone": "Europe/Berlin", "language": "en"}


@pytest.fixture
def calcom() -> Caller:
    return Caller(bookings=40, limit=None)


def event_type(calcom: Caller, slug: str) -> Row:
    return next(row for row in calcom.world.event_types if row["slug"] == slug)


def free(calcom: Caller, slug: str, place: int = 0) -> str:
    row, day = event_type(calcom, slug), calcom.world.today + timedelta(days=60)
    window = f"start={day:%Y-%m-%d}&end={day + timedelta(days=9):%Y-%m-%d}"
    path = f"/v2/slots?eventTypeId={row['id']}&{window}"
    answer = calcom.data("GET", path, key=None, cal_api_version="2024-09-04")
    return str([slot["start"] for slots in answer.values() for slot in slots][place])


def book(calcom: Caller, slug: str, start: str | None = None, status: int = 201, **more: Any) -> Any:
    body = {
        "start": start or free(calcom, slug),
        "eventTypeId": event_type(calcom, slug)["id"],
        "attendee": GUEST,
    }
    return calcom.data("POST", "/v2/bookings", body | more, key=None, status=status, **V)


def test_a_booking_needs_no_key_and_takes_its_slot(calcom: Caller) -> None:
    start = free(calcom, "intro-call")
    made = book(calcom, "intro-call", start, metadata={"hris": "1"})
    assert (made["status"], made["start"], made["metadata"]) == ("accepted", start, {"hris": "1"})
    assert free(calcom, "intro-call") != start
    body = {"start": start, "eventTypeId": event_type(calcom, "intro-call")["id"], "attendee": GUEST}
    assert calcom.error("POST", "/v2/bookings", body, key=None, **V)[0] == 400


def test_a_taken_slot_is_refused_with_who_hosts_it(calcom: Caller) -> None:
    texts = {}
    for row in calcom.world.event_types:
        if row["recurrence"] or not row["seats"].get("disabled"):
            continue
        start = iso(calcom.world.today + timedelta(days=60, hours=-calcom.world.today.hour + 1))
        body = {"start": start, "eventTypeId": row["id"], "attendee": GUEST}
        texts[bool(row["teamId"])] = calcom.error("POST", "/v2/bookings", body, key=None, **V)
    busy = "either already has booking at this time or is not available"
    assert texts == {False: (400, f"User {busy}"), True: (400, f"One of the hosts {busy}")}


def test_complaints_are_joined_into_one_text(calcom: Caller) -> None:
    status, text = calcom.error("POST", "/v2/bookings", {}, key=None, **V)
    assert status == 400
    assert "start property is wrong" in text
    assert "attendee property is wrong" in text
    assert "eventTypeId or eventTypeSlug" in text


def test_the_past_is_refused(calcom: Caller) -> None:
    body = {
        "start": "2020-01-01T09:00:00Z",
        "eventTypeId": event_type(calcom, "intro-call")["id"],
        "attendee": GUEST,
    }
    assert calcom.error("POST", "/v2/bookings", body, key=None, **V) == (
        400, "Attempting to book a meeting in the past."
    )  # fmt: skip


def test_a_booking_is_shown_to_everybody(calcom: Caller) -> None:
    row = bookings(calcom.world).ordered()[5]
    shown = calcom.data("GET", f"/v2/bookings/{row['uid']}", key=None, **V)
    assert shown["attendees"][0]["email"].endswith("@client.example")
    old = calcom.data("GET", f"/v2/bookings/{row['uid']}", key=None)
    assert old["startTime"] == shown["start"]


def test_what_needs_a_confirmation_waits_for_it(calcom: Caller) -> None:
    made = book(calcom, "needs-confirmation")
    assert made["status"] == "pending"
    path = f"/v2/bookings/{made['uid']}"
    assert calcom.error("POST", f"{path}/confirm", key="member", **V)[0] == 401
    assert calcom.data("POST", f"{path}/confirm", key="owner", **V)["status"] == "accepted"
    assert calcom.error("POST", f"{path}/confirm", key="owner", **V)[0] == 400
    assert calcom.error("POST", f"{path}/decline", {}, key="owner", **V)[0] == 400


def test_declining_twice_is_a_success(calcom: Caller) -> None:
    path = f"/v2/bookings/{book(calcom, 'needs-confirmation')['uid']}/decline"
    assert calcom.data("POST", path, {}, key="owner", **V)["status"] == "rejected"
    assert calcom.data("POST", path, {}, key="owner", **V)["status"] == "rejected"


def test_a_series_has_one_uid_and_is_read_by_it(calcom: Caller) -> None:
    rows = book(calcom, "weekly", recurrenceCount=3)
    (uid,) = {row["recurringBookingUid"] for row in rows}
    assert len(calcom.data("GET", f"/v2/bookings/{uid}", key=None, **V)) == 3
    body = {"cancellationReason": "x", "cancelSubsequentBookings": True}
    answer = calcom.data("POST", f"/v2/bookings/{rows[1]['uid']}/cancel", body, key=None, **V)
    assert [row["status"] for row in answer] == ["accepted", "cancelled", "cancelled"]


def test_seats_join_one_booking(calcom: Caller) -> None:
    start = free(calcom, "workshop")
    first = book(calcom, "workshop", start)
    second = book(calcom, "workshop", start, attendee=GUEST | {"email": "second@client.example"})
    assert first["uid"] == second["uid"]
    assert first["seatUid"] != second["seatUid"]
    body = {"start": start, "eventTypeId": event_type(calcom, "workshop")["id"], "attendee": GUEST}
    assert calcom.error("POST", "/v2/bookings", body, key=None, **V)[0] == 409
    path = f"/v2/bookings/{first['uid']}/cancel"
    left = calcom.data("POST", path, {"seatUid": first["seatUid"]}, key=None, **V)
    assert left["status"] == "accepted"
    assert [one["email"] for one in left["attendees"]] == ["second@client.example"]
    by_seat = calcom.data("GET", f"/v2/bookings/by-seat/{second['seatUid']}", **V)
    assert by_seat["uid"] == first["uid"]
    assert calcom.error("GET", f"/v2/bookings/{second['seatUid']}", **V)[0] == 404


def test_a_moved_booking_leaves_a_cancelled_one_behind(calcom: Caller) -> None:
    made = book(calcom, "intro-call")
    path = f"/v2/bookings/{made['uid']}/reschedule"
    body = {"start": free(calcom, "intro-call", 5), "reschedulingReason": "later"}
    new = calcom.data("POST", path, body, key=None, status=201, **V)
    old = calcom.data("GET", f"/v2/bookings/{made['uid']}", **V)
    assert (new["rescheduledFromUid"], new["reschedulingReason"]) == (made["uid"], "later")
    assert (old["status"], old["rescheduledToUid"]) == ("cancelled", new["uid"])
    status, text = calcom.error("POST", path, body, key=None, **V)
    assert status == 400
    assert new["uid"] in text
    assert calcom.error("POST", "/v2/bookings/nope/reschedule", body, key=None, **V)[0] == 500


def test_cancelling_twice_is_refused(calcom: Caller) -> None:
    path = f"/v2/bookings/{book(calcom, 'intro-call')['uid']}/cancel"
    first = calcom.data("POST", path, {"cancellationReason": "bye"}, key=None, **V)
    assert (first["cancellationReason"], first["cancelledByEmail"]) == ("bye", None)
    assert calcom.error("POST", path, {}, key=None, **V)[0] == 400


def test_only_the_absence_of_the_host_touches_the_last_change(calcom: Caller) -> None:
    now = iso(calcom.world.today)
    row = next(row for row in bookings(calcom.world).ordered() if row["start"] < now and row["updatedAt"])
    path, before = f"/v2/bookings/{row['uid']}/mark-absent", row["updatedAt"]
    people = [{"email": row["attendees"][0]["email"], "absent": True}]
    # Nobody asks whose booking it is
    shown = calcom.data("POST", path, {"attendees": people}, key="outsider", **V)
    assert (shown["attendees"][0]["absent"], shown["updatedAt"]) == (True, before)
    shown = calcom.data("POST", path, {"host": True}, key="outsider", **V)
    assert shown["absentHost"]
    assert moment(shown["updatedAt"]) > moment(before)
    assert (
        calcom.error("POST", path, {"attendees": [{"email": "x@y.example", "absent": True}]}, **V)[0] == 500
    )


def test_absence_waits_for_the_start(calcom: Caller) -> None:
    path = f"/v2/bookings/{book(calcom, 'intro-call')['uid']}/mark-absent"
    assert calcom.error("POST", path, {"host": True}, **V)[0] == 400


def test_a_booking_is_handed_to_another_host(calcom: Caller) -> None:
    demo = event_type(calcom, "sales-demo")
    made = book(calcom, "sales-demo")
    path = f"/v2/bookings/{made['uid']}/reassign"
    given = calcom.data("POST", path, **V)["reassignedTo"]["id"]
    assert given != made["hosts"][0]["id"]
    assert given in {host["userId"] for host in demo["hosts"]}
    stranger = calcom.world.users.first("email", "loner@nowhere.example")
    assert stranger is not None
    assert calcom.error("POST", f"{path}/{stranger['id']}", {}, **V)[0] == 400


def test_attendees_and_guests_can_be_added_by_contract(calcom: Caller) -> None:
    uid = book(calcom, "intro-call")["uid"]
    body = {"name": "Second", "email": "second@client.example", "timeZone": "Europe/Paris"}
    added = calcom.data("POST", f"/v2/bookings/{uid}/attendees", body, status=201, **V)
    listed = calcom.data("GET", f"/v2/bookings/{uid}/attendees", **V)
    assert [one["email"] for one in listed] == ["gil@client.example", "second@client.example"]
    assert calcom.data("GET", f"/v2/bookings/{uid}/attendees/{added['id']}", **V) == listed[1]
    shown = calcom.data(
        "POST", f"/v2/bookings/{uid}/guests", {"guests": [{"email": "third@client.example"}]}, **V
    )
    assert shown["guests"] == ["third@client.example"]


def test_references_are_the_hosts_own(calcom: Caller) -> None:
    made = book(calcom, "intro-call")
    path = f"/v2/bookings/{made['uid']}/references"
    assert calcom.data("GET", path, key="owner", **V) == []
    assert calcom.error("GET", path, key="member", **V)[0] == 400


# -- slots ----------------


def test_a_reserved_slot_is_refused_until_it_runs_out(calcom: Caller) -> None:
    version = {"cal_api_version": "2024-09-04"}
    body = {"eventTypeId": event_type(calcom, "intro-call")["id"], "slotStart": free(calcom, "intro-call")}
    made = calcom.data("POST", "/v2/slots/reservations", body, key=None, status=201, **version)
    assert made["reservationDuration"] == 5
    assert calcom.error("POST", "/v2/slots/reservations", body, key=None, **version)[0] == 422
    assert (
        calcom.error(
            "POST", "/v2/slots/reservations", body | {"reservationDuration": 9}, key=None, **version
        )[0]
        == 401
    )
    calcom.world.advance(301)
    again = calcom.data("POST", "/v2/slots/reservations", body, key=None, status=201, **version)
    path = f"/v2/slots/reservations/{again['reservationUid']}"
    assert calcom.data("GET", path, key=None, **version)["slotStart"] == body["slotStart"]
    assert calcom.send("DELETE", path, key=None, **version).status == 200
    assert calcom.send("DELETE", path, key=None, **version).status == 200
    assert calcom.data("GET", path, key=None, **version) is None


def test_slots_follow_the_schedule_and_the_zone(calcom: Caller) -> None:
    row = event_type(calcom, "intro-call")
    query = (
        f"/v2/slots?eventTypeId={row['id']}&start=2026-06-01&end=2026-06-07&format=range&timeZone=Asia/Tokyo"
    )
    found = calcom.data("GET", query, key=None, cal_api_version="2024-09-04")
    slots = [slot for day in found.values() for slot in day]
    assert slots
    assert all(slot["start"].endswith("+09:00") and slot["start"] < slot["end"] for slot in slots)
    assert calcom.data("GET", query.replace("end=2026-06-07", "end=2026-05-01"), key=None,
                       cal_api_version="2024-09-04") == {}  # fmt: skip
    assert calcom.error("GET", query, key=None)[0] == 404
