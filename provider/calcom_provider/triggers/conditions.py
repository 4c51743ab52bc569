"""What sensors wait for: conditions on bookings and absences, as plain data that a trigger can carry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from calcom_provider.api.errors import ConfigurationError, NotFoundError

if TYPE_CHECKING:
    from calcom_provider.api.client import CalComClient

Found = dict[str, Any]
BOOKING_STATES = ("accepted", "pending", "cancelled", "rejected", "awaiting_host")
ENDED = ("cancelled", "rejected")


class UnreachableStateError(ConfigurationError):
    """Say that what is waited for cannot happen any more."""


def check(client: CalComClient, condition: Mapping[str, Any]) -> Found | None:
    """Ask once whether a condition holds; return what was found, or None.

    :param client: client of the account to look into.
    :param condition: ``kind`` (``booking_state``, ``bookings`` or ``out_of_office``) and what that kind
        needs.
    :raises UnreachableStateError: if it can't hold any more.
    :raises CalComError: if the question could not be asked.
    """
    return KINDS[condition["kind"]](client, condition)


def booking_state(client: CalComClient, condition: Mapping[str, Any]) -> Found | None:
    """Tell whether one booking is in a wanted state.

    :param client: see :func:`check`.
    :param condition: ``uid`` and ``states``.
    """
    try:
        booking = client.call("bookings.get", bookingUid=condition["uid"])
    except NotFoundError:
        # A booking that is about to be made is not found until then.
        return None
    # A recurring booking's uid answers with all of its occurrences.
    for one in booking if isinstance(booking, list) else [booking]:
        state = one.get("status")
        if state in condition["states"]:
            return {"uid": one.get("uid"), "id": one.get("id"), "status": state, "start": one.get("start")}
        if state in ENDED:
            raise UnreachableStateError(
                f"The booking is {state} and will not become {'/'.join(condition['states'])}."
            )
    return None


def bookings(client: CalComClient, condition: Mapping[str, Any]) -> Found | None:
    """Tell whether enough bookings match a filter.

    :param client: see :func:`check`.
    :param condition: ``operation``, ``filters`` and ``count``.
    """
    wanted = int(condition["count"])
    uids: list[str] = []
    for row in client.pages(condition["operation"], page_size=min(wanted, 100), **condition["filters"]):
        uids += [booking["uid"] for booking in row.rows or ()]
        if len(uids) >= wanted:
            return {"count": len(uids), "uids": uids[:wanted]}
    return None


def out_of_office(client: CalComClient, condition: Mapping[str, Any]) -> Found | None:
    """Tell whether somebody is away, or back, at this moment.

    :param client: see :func:`check`.
    :param condition: ``user_id`` and ``away``, true to wait for an absence and false for its end.
    """
    now = datetime.now(UTC)
    entry = current(client.rows("org_user_ooo.list", userId=condition["user_id"]), now)
    if bool(entry) != bool(condition["away"]):
        return None
    if entry is None:
        return {"away": False}
    # Reasons and notes tell about people's health; they stay in Cal.com.
    return {"away": True, "id": entry["id"], "start": entry["start"], "end": entry["end"]}


def current(entries: Iterable[Mapping[str, Any]], now: datetime) -> Mapping[str, Any] | None:
    """Return the entry that covers a moment and ends last, or None.

    :param entries: out-of-office entries as the API lists them; both bounds are inclusive.
    :param now: the moment, with a time zone.
    """
    covering = [one for one in entries if moment(one["start"]) <= now <= moment(one["end"])]
    return max(covering, key=lambda one: moment(one["end"]), default=None)


def moment(text: str) -> datetime:
    """Return the instant that a text of the API names; one without an offset is UTC."""
    parsed = datetime.fromisoformat(text)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


KINDS: dict[str, Callable[[CalComClient, Mapping[str, Any]], Found | None]] = {
    "booking_state": booking_state,
    "bookings": bookings,
    "out_of_office": out_of_office,
}
