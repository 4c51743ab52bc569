"""What a change may cost, and what becomes of one whose row lies further down than that."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from calcom_provider.api.errors import NotFoundError, ServerError
from calcom_provider.resources.events import ABSENCES, BOOKINGS, RESPONSES, Change
from calcom_provider.sync.events.reread import PAGE, Part, Rereader

NOW = datetime(2026, 11, 20, 10, 14, tzinfo=UTC)


class Api:
    """Answer lists of a person's absences and a form's answers as the API does."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def call(self, operation: str, **given: Any) -> Any:
        self.asked.append((operation, given))
        if operation == "org_bookings.list":
            return []
        if operation == "bookings.get":
            return {"uid": given["bookingUid"]}
        rows = list(self.rows)
        if "afterCreatedAt" in given:
            since = datetime.fromisoformat(given["afterCreatedAt"])
            rows = [row for row in rows if datetime.fromisoformat(row["createdAt"]) >= since]
        for name, column in (("sortStart", "start"), ("sortCreatedAt", "createdAt")):
            if name in given:
                rows.sort(key=lambda row, column=column: str(row[column]), reverse=given[name] == "desc")
        skip = given.get("skip", 0)
        return rows[skip : skip + given.get("take", PAGE)]

    def read(self, *changes: Change) -> dict[str, list[Part]]:
        parts = Rereader(self, lambda: True).read(changes)  # type: ignore[arg-type]
        return {name: [part for part in parts if part.outcome == name] for name in ("read", "deferred")}


def absence(number: int, days: int) -> dict[str, Any]:
    return {"id": number, "start": (NOW + timedelta(days=days)).isoformat()}


def answer(number: int, seconds: float) -> dict[str, Any]:
    return {"id": number, "createdAt": (NOW + timedelta(seconds=seconds)).isoformat()}


def away(number: int | None) -> Change:
    return Change(ABSENCES, "3", number, NOW)


def answered(seconds: float) -> Change:
    return Change(RESPONSES, "form", None, NOW + timedelta(seconds=seconds))


def shown(parts: list[Part]) -> set[int]:
    return {row["id"] for part in parts for row in part.rows}


@pytest.mark.parametrize(
    ("others", "requests", "found"), [(0, 1, True), (249, 1, True), (250, 2, True), (499, 2, True), (500, 2, False)]
)  # fmt: skip
def test_an_absence_is_looked_for_on_two_pages(others: int, requests: int, found: bool) -> None:
    """The others are older entries for later times, so that the new one comes last in any order."""
    api = Api([absence(number, 2 + number) for number in range(1, others + 1)] + [absence(900, 1)])
    parts = api.read(away(900))
    assert len(api.asked) == requests
    assert shown(parts["read"]) == ({900} if found else set())
    assert [part.changes for part in parts["deferred"]] == ([] if found else [[away(900)]])


def test_of_several_absences_those_that_are_not_shown_alone_are_left() -> None:
    api = Api([absence(number, number) for number in range(1, 601)])
    parts = api.read(away(590), away(3), away(None))
    assert shown(parts["read"]) == {590}
    assert [part.changes for part in parts["read"]] == [[away(590)]]
    assert [part.changes for part in parts["deferred"]] == [[away(3), away(None)]]
    assert len(api.asked) == 2


def test_an_absence_that_a_whole_list_does_not_show_is_gone() -> None:
    parts = Api([absence(1, 1)]).read(away(900))
    assert [(part.changes, part.rows) for part in parts["read"]] == [([away(900)], [])]


def test_an_answer_is_found_behind_hundreds_that_were_made_before_it() -> None:
    api = Api([answer(number, -60 - number) for number in range(1, 401)] + [answer(900, 1)])
    parts = api.read(answered(0))
    assert (shown(parts["read"]), len(api.asked)) == ({900}, 1)


def test_an_answer_is_found_on_the_second_page_of_those_since() -> None:
    # Of two events, one long before the other.
    api = Api([answer(1, -1000), *(answer(number, -900) for number in range(2, 402)), answer(900, 1)])
    parts = api.read(answered(-1000), answered(0))
    assert (shown(parts["read"]), len(api.asked)) == ({1, 900}, 2)
    assert parts["deferred"] == []


def test_answers_that_lie_further_down_are_left() -> None:
    api = Api([answer(1, -1000), *(answer(number, -900) for number in range(2, 702)), answer(900, 1)])
    parts = api.read(answered(-1000), answered(0))
    assert (shown(parts["read"]), len(api.asked)) == ({1}, 2)
    assert [part.changes for part in parts["deferred"]] == [[answered(0)]]


def test_of_answers_that_lie_close_together_each_event_is_about_the_nearest() -> None:
    api = Api([answer(1, -3), answer(2, 0), answer(3, 4)])
    first, second, again = answered(0), answered(-2.5), answered(0.5)
    assert shown(api.read(first)["read"]) == {2}
    assert shown(api.read(first, second)["read"]) == {1, 2}
    # What is told twice, and has no other answer that is free, is one answer all the same.
    api.rows.pop()
    (part,) = api.read(first, second, again)["read"]
    assert shown([part]) == {1, 2}
    assert part.stands_for == {id(first): 2, id(second): 1, id(again): 2}


def test_an_event_that_a_sync_has_taken_for_an_answer_is_about_that_one() -> None:
    api = Api([answer(1, -3), answer(2, 0)])
    assert shown(api.read(Change(RESPONSES, "form", 1, NOW))["read"]) == {1}


@pytest.mark.parametrize(("answers", "whole"), [(200, True), (400, False)])
def test_a_late_event_stands_for_any_answer_where_all_are_shown(answers: int, whole: bool) -> None:
    api = Api([answer(number, -600 - number) for number in range(1, answers + 1)])
    parts = api.read(answered(0))
    assert len(api.asked) == 2
    assert len(shown(parts["read"])) == (answers if whole else 0)
    assert len(parts["deferred"]) == (0 if whole else 1)


def test_a_booking_that_no_list_shows_is_left() -> None:
    change = Change(BOOKINGS, "uid", 1, NOW)
    assert [part.changes for part in Api([]).read(change)["deferred"]] == [[change]]


@pytest.mark.parametrize(("error", "outcome"), [(404, "read"), (500, "unreadable")])
def test_a_list_that_is_gone_has_no_rows_and_one_that_cannot_be_written_is_left(
    error: int, outcome: str
) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise (NotFoundError if error == 404 else ServerError)("refused", status=error)

    api = Api([])
    api.call = refuse  # type: ignore[method-assign]
    read: Callable[..., list[Part]] = Rereader(api, lambda: True).read  # type: ignore[arg-type]
    assert [(part.outcome, part.rows) for part in read([answered(0)])] == [(outcome, [])]
