"""What is ours is known by digests that outlive a release, and by nothing that names a person."""

from __future__ import annotations

from datetime import date

import pytest

from calcom_provider.hr.errors import HrSettingsError
from calcom_provider.hr.plan.ownership import Erased, Marker, Owned, OwnedEntry, OwnedPairs, erased_digest

MARKER = Marker("hr", 9)


def test_digests_are_those_that_ledgers_and_notes_hold_already() -> None:
    """One more digit, and nothing that an earlier release wrote would be known as ours."""
    assert MARKER.keyed("R1") == "8945dffdd9c6831c"
    assert MARKER.notes(["R2", "R1"]) == MARKER.notes(["R1", "R2"]) == "[hr:hr:6149b52a04de]"


@pytest.mark.parametrize("note", ["", "Away, by HR."])
def test_a_mark_is_found_alone_or_behind_our_own_sentence(note: str) -> None:
    marker = Marker("hr", 9, note=note)
    notes = marker.notes(["R1"])
    assert notes.startswith(note)
    assert marker.found_in(notes) == marker.token(["R1"])
    for other in (None, "", f"{notes} and more", notes.replace("[hr:hr:", "[hr:it:")):
        assert marker.found_in(other) is None


@pytest.mark.parametrize("wrong", [{"namespace": "HR"}, {"namespace": ""}, {"note": "[hr:x:y]"}])
def test_a_mark_that_could_not_be_found_again_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(HrSettingsError):
        Marker(**{"namespace": "hr", "organization_id": 9, **wrong})


def test_what_was_owned_of_erased_people_is_known_by_digests_alone() -> None:
    day = erased_digest("secret-key", "day", 7, "2026-05-04")
    pair = erased_digest("secret-key", "pair", 7, "o1")
    erased = Erased("secret-key", {day: frozenset({1, 31}), pair: frozenset({0})})
    assert "secret-key" not in repr(erased)
    assert erased.entries() == {1, 31}
    assert Erased().entries() == frozenset()
    assert erased.on(7, date(2026, 5, 4)) == {1, 31}
    assert erased.on(8, date(2026, 5, 4)) == erased.on(7, date(2026, 5, 5)) == frozenset()
    pairs = OwnedPairs({(3, "o3"): False}, erased)
    assert (3, "o3") in pairs
    assert (7, "o1") in pairs
    assert (8, "o1") not in pairs
    assert "o1" not in pairs
    owned = Owned(pairs=pairs, erased=erased)
    assert [owned.owns_entry(number) for number in (0, 1, 2)] == [False, True, False]


def test_the_users_of_a_request_are_those_of_all_its_entries() -> None:
    days = date(2026, 5, 4), date(2026, 5, 5)
    entries = {
        number: OwnedEntry(number, user, *days, behind=dict.fromkeys(requests, None))  # type: ignore[arg-type]
        for number, user, requests in ((1, 7, "ab"), (2, 8, "b"), (3, 7, ""))
    }
    assert Owned(entries=entries).users_of_requests() == {"a": frozenset({7}), "b": frozenset({7, 8})}


def test_without_a_ledger_nothing_is_claimed_and_the_key_of_marks_is_never_shown() -> None:
    nothing = Owned()
    assert (nothing.has_ledger, nothing.first_run, nothing.directory_sync_seen) == (False, None, False)
    assert (nothing.pairs, nothing.options, nothing.entries, nothing.erased) == ({}, {}, {}, Erased())
    assert (nothing.source_rows, nothing.match_rate, nothing.told_until) == (None, None, None)
    assert "a-secret-key" not in repr(Marker("hr", 9, secret="a-secret-key"))


def test_an_entry_is_as_written_while_days_reason_and_cover_are() -> None:
    entry = OwnedEntry(1, 7, date(2026, 5, 4), date(2026, 5, 5), "vacation", 8)
    assert entry.is_as_written(["2026-05-04", "2026-05-05", "vacation", 8])
    for place, other in enumerate(("2026-05-03", "2026-05-06", "sick", None)):
        shape: list[object] = ["2026-05-04", "2026-05-05", "vacation", 8]
        shape[place] = other
        assert not entry.is_as_written(shape)
