"""Read the body of a delivery: what it names, and nothing else of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from calcom_provider.api.errors import CalComError
from calcom_provider.resources.events import ABSENCES, BOOKINGS, RESPONSES, TRIGGERS, Change

#: What an id may look like; a name or an address is none.
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LARGEST = 2**63 - 1
#: Triggers that Cal.com has and that name no row of a table; others are names that it should not have sent.
OTHER_TRIGGERS = frozenset(
    {
        "MEETING_STARTED",
        "MEETING_ENDED",
        "RECORDING_READY",
        "RECORDING_TRANSCRIPTION_GENERATED",
        "INSTANT_MEETING",
        "DELEGATION_CREDENTIAL_ERROR",
        "WRONG_ASSIGNMENT_REPORT",
    }
)
PING = "PING"


class BodyError(CalComError):
    """Say that a body is no delivery of Cal.com."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """Hold what a delivery says.

    :param trigger: name of the trigger, ``OTHER`` for one that there is not.
    :param occurred_at: its ``createdAt``, None without one.
    :param changes: rows that it names.
    """

    trigger: str
    occurred_at: datetime | None
    changes: tuple[Change, ...]


def read_body(body: bytes) -> Delivered:
    """Read a body.

    What it names is told by its shape: names of triggers were seen to be wrong.

    :param body: as it was delivered.
    :raises BodyError: when it is none of Cal.com's shapes.
    """
    try:
        # A nesting that is too deep is refused by the parser itself.
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise BodyError("no JSON") from None
    if not isinstance(found, dict) or not isinstance(found.get("triggerEvent"), str):
        raise BodyError("no trigger")
    trigger = found["triggerEvent"]
    known = trigger in TRIGGERS or trigger in OTHER_TRIGGERS or trigger == PING
    at = _moment(found.get("createdAt"))
    payload = found.get("payload")
    changes = () if at is None or not isinstance(payload, dict) else tuple(_changes(payload, at))
    return Delivered(trigger if known else "OTHER", at, changes)


def _changes(payload: Mapping[str, Any], at: datetime) -> list[Change]:
    absence = payload.get("oooEntry")
    if isinstance(absence, dict):
        user = absence.get("user")
        key = _number(user.get("id")) if isinstance(user, dict) else None
        return [] if key is None else [Change(ABSENCES, str(key), _number(absence.get("id")), at)]
    found: list[Change] = []
    for name, number in (
        ("uid", "bookingId"),
        ("bookingUid", "bookingId"),
        ("rescheduleUid", "rescheduleId"),
    ):
        uid = _id(payload.get(name))
        if uid and uid not in [change.key for change in found]:
            found.append(Change(BOOKINGS, uid, _number(payload.get(number)), at))
    form = _id(payload.get("formId"))
    if form and not found:
        found.append(Change(RESPONSES, form, None, at))
    return found


def _id(value: Any) -> str | None:
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def _number(value: Any) -> int | None:
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _LARGEST
    return value if fits else None


def _moment(value: Any) -> datetime | None:
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
