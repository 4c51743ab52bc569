"""Read single rows as the sync's lists show them: one request for a booking, a form's answers, a person's absences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from calcom_provider.api.errors import CalComError, NotFoundError
from calcom_provider.resources.events import ABSENCES, APART, BOOKINGS, RESPONSES, TABLES, Change, nearest
from calcom_provider.sync.events.missed import as_moment
from calcom_provider.sync.reading.keyset import iso

if TYPE_CHECKING:
    from calcom_provider.api.client import CalComClient

Outcome = Literal["read", "absent", "left", "unreadable", "deferred"]
Rows = list[dict[str, Any]]

#: What a person's or a form's list answers when it is there no more.
GONE = (403, 404)
#: Requests at the same time; a scheduled sync beside has its own.
AT_ONCE = 4
#: Rows of a page, the most that the API gives where it has a bound, and how many pages are read of a list.
PAGE, PAGES = 250, 2


@dataclass(frozen=True, slots=True)
class Part:
    """Hold what was read of a row, form or person for changes that name it and ended alike.

    :param resource: the resource.
    :param changes: the changes.
    :param outcome: ``read``; ``absent`` for a booking that answered 404; ``left`` where the budget was another's;
        ``unreadable`` for what the API cannot write, which the scheduled sync reads around; ``deferred`` for what
        two requests do not show, which is the scheduled sync's.
    :param rows: the rows, as the API sent them.
    :param arguments: what the list was asked for, for columns that repeat it.
    :param stands_for: ids of the rows that changes are about which do not tell it, by the identity of the change.
    """

    resource: str
    changes: list[Change]
    outcome: Outcome
    rows: Rows = field(default_factory=list)
    arguments: dict[str, Any] = field(default_factory=dict)
    stands_for: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Listed:
    """Hold what was read of a list.

    :param rows: the rows.
    :param is_whole: whether the list ended with them.
    """

    rows: Rows
    is_whole: bool


class Rereader:
    """Read the rows of changes again.

    :param client: open client.
    :param may_send: tells whether the budget has room for a request of ours.
    """

    def __init__(self, client: CalComClient, may_send: Callable[[], bool]) -> None:
        self._client = client
        self._may_send = may_send

    def read(self, changes: Iterable[Change]) -> list[Part]:
        """Read again; several changes of one row, form or person cost one reading.

        :param changes: what events named.
        """
        groups: dict[tuple[str, str], list[Change]] = {}
        for change in changes:
            groups.setdefault((change.resource, change.key), []).append(change)
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="calcom-reread") as threads:
            read = threads.map(lambda group: self._parts(*group), groups.items())
            return [part for parts in read for part in parts]

    def _parts(self, place: tuple[str, str], changes: list[Change]) -> list[Part]:
        resource, key = place
        if not self._may_send():
            return [Part(resource, changes, "left")]
        try:
            return _READERS[resource](self, key, changes)
        except CalComError as error:
            if error.status != 500:
                raise
            return [Part(resource, changes, "unreadable")]

    def _booking(self, key: str, changes: list[Change]) -> list[Part]:
        # The organisation's list shows a booking in the sync's shape; its own route does not.
        rows = [
            row for row in self._client.call("org_bookings.list", bookingUid=key) if row.get("uid") == key
        ]
        if rows:
            return [Part(BOOKINGS, changes, "read", rows)]
        try:
            self._client.call("bookings.get", bookingUid=key)
        except NotFoundError:
            return [Part(BOOKINGS, changes, "absent")]
        # It is there, but no member hosts or attends it any more: what becomes of its row a full read says.
        return [Part(BOOKINGS, changes, "deferred")]

    def _absences(self, key: str, changes: list[Change]) -> list[Part]:
        wanted = {change.number for change in changes}
        # No filter names an absence. Who enters one enters it for the time to come, so the latest come first.
        listed = self._listed("org_user_ooo.list", wanted, userId=int(key), sortStart="desc")
        rows = [row for row in listed.rows if row.get("id") in wanted]
        if listed.is_whole:
            # What a whole list does not show is there no more: what becomes of its row the scheduled sync says.
            return [Part(ABSENCES, changes, "read", listed.rows if None in wanted else rows)]
        shown = {row.get("id") for row in rows}
        return _told_apart(ABSENCES, changes, rows, lambda change: change.number in shown)

    def _responses(self, key: str, changes: list[Change]) -> list[Part]:
        first, arguments = min(change.occurred_at for change in changes), {"routingFormId": key}
        asked = {**arguments, "sortCreatedAt": "asc"}
        since = iso(first - timedelta(seconds=APART))
        listed = self._page("org_routing_form_responses.list", afterCreatedAt=since, **asked)
        told = _told(listed.rows, changes)
        if len(told) < len(changes):
            if not listed.is_whole:
                more = self._page("org_routing_form_responses.list", skip=PAGE, afterCreatedAt=since, **asked)
                told = _told([*listed.rows, *more.rows], changes)
            else:
                # An event without an answer of its time came late; then it stands for any before it.
                since = iso(first - TABLES[RESPONSES].margin)
                listed = self._page("org_routing_form_responses.list", afterCreatedAt=since, **asked)
                if listed.is_whole:
                    stands_for = {change: row["id"] for change, row in told.items()}
                    return [Part(RESPONSES, changes, "read", listed.rows, arguments, stands_for)]
        named = list({row["id"]: row for row in told.values()}.values())
        parts = _told_apart(RESPONSES, changes, named, lambda change: id(change) in told, arguments)
        stands_for = {change: row["id"] for change, row in told.items()}
        return [replace(part, stands_for=stands_for) if part.outcome == "read" else part for part in parts]

    def _listed(self, operation: str, wanted: set[int | None], **parameters: Any) -> Listed:
        """Read a list until it has shown the wanted rows or ended, or for as many pages as a change may cost."""
        rows: Rows = []
        for number in range(PAGES):
            page = self._page(operation, skip=number * PAGE, **parameters)
            rows += page.rows
            if page.is_whole or wanted <= {row.get("id") for row in rows}:
                return Listed(rows, page.is_whole)
        return Listed(rows, False)

    def _page(self, operation: str, **parameters: Any) -> Listed:
        try:
            rows = list(self._client.call(operation, take=PAGE, **parameters))
        except CalComError as error:
            if error.status in GONE:
                return Listed([], True)
            raise
        return Listed(rows, len(rows) < PAGE)


def _told_apart(
    resource: str,
    changes: list[Change],
    rows: Rows,
    is_shown: Callable[[Change], bool],
    arguments: Mapping[str, Any] = MappingProxyType({}),
) -> list[Part]:
    """Tell the changes whose rows were shown from those that are left to the scheduled sync."""
    shown = [change for change in changes if is_shown(change)]
    hidden = [change for change in changes if not is_shown(change)]
    parts = [Part(resource, shown, "read", rows, dict(arguments))] if shown else []
    return [*parts, Part(resource, hidden, "deferred")] if hidden else parts


def _told(rows: Rows, changes: list[Change]) -> dict[int, dict[str, Any]]:
    """Return which answer each event of their form is about, by the identity of the change."""
    told: dict[int, dict[str, Any]] = {}
    made = [(row, at) for row in rows if (at := as_moment(row.get("createdAt"))) is not None]
    for change in (change for change in changes if change.number is not None):
        told |= {id(change): row for row, _ in made if row.get("id") == change.number}
    mine = [change for change in changes if change.number is None]
    held = [row.get("id") for row in told.values()]
    free = [(row, at) for row, at in made if row.get("id") not in held]
    # What is told twice is one answer all the same.
    for answers in (free, made):
        rest = [change for change in mine if id(change) not in told]
        pairs = nearest([at for _, at in answers], [change.occurred_at for change in rest])
        told |= {id(rest[event]): answers[answer][0] for event, answer in pairs.items()}
    return told


_READERS: dict[str, Callable[[Rereader, str, list[Change]], list[Part]]] = {
    BOOKINGS: Rereader._booking,
    ABSENCES: Rereader._absences,
    RESPONSES: Rereader._responses,
}
