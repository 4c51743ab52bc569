"""Days written for a request stay until HR says something readable about it, whoever owns the entry."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.hr.out_of_office.days import DayPolicy
from calcom_provider.hr.sources.mapping import load_mapping
from calcom_provider.hr.sources.rows import from_records
from tests.unit.hr.fake_calcom import CutError, FakeCalcom
from tests.unit.hr.jobs import MAPPING, TODAY, absence, employees, ooo_job
from tests.unit.hr.promises import promised

FIRST = absence("R1", 1, "2026-04-06", "2026-04-10")
SECOND = absence("R2", 1, "2026-04-11", "2026-04-17")
OTHER = absence("R9", 2, "2026-05-04", "2026-05-05")


class Scene:
    """Two people and what HR says day after day."""

    def __init__(self, ledger: Ledger | None, **settings: Any) -> None:
        self.fake = FakeCalcom()
        self.fake.add_user(1)
        self.fake.add_user(2)
        self.ledger = ledger
        self.settings = settings
        self.today = TODAY

    def says(self, *rows: dict[str, Any], **more: Any) -> Any:
        job = ooo_job(self.fake, self.ledger, as_of=self.today, **{**self.settings, **more})
        plan = job.plan(from_records([*rows, OTHER]))
        assert plan.outcome != "refused"
        job.apply(plan, reread=False)
        again = ooo_job(self.fake, self.ledger, as_of=self.today, **{**self.settings, **more})
        assert again.plan(from_records([*rows, OTHER])).actions == ()
        return plan

    def written(self) -> list[tuple[str, str]]:
        return sorted(
            (str(one.start), str(one.end)) for one in self.fake.entries.values() if one.user_id == 1
        )

    def days(self) -> tuple[str, str, int]:
        """First and last day away, and how many there are."""
        found = {
            one.start + timedelta(days=step)
            for one in self.fake.entries.values()
            if one.user_id == 1
            for step in range((one.end - one.start).days + 1)
        }
        return str(min(found)), str(max(found)), len(found)

    def entry(self) -> Any:
        (found,) = [one for one in self.fake.entries.values() if one.user_id == 1]
        return found


@pytest.fixture(params=["ledger", "marks"])
def scene(request: pytest.FixtureRequest) -> Any:
    if request.param == "marks":
        yield Scene(None)
        return
    with Ledger("sqlite://") as ledger:
        yield Scene(ledger)


@pytest.fixture
def known() -> Any:
    with Ledger("sqlite://") as ledger:
        yield Scene(ledger)


UNSURE = [
    pytest.param({"status": "requested"}, id="waiting"),
    pytest.param({"status": "hm"}, id="unknown-status"),
    pytest.param({"start": "31.31.2026"}, id="unreadable"),
    pytest.param({"email": "nobody@example.com"}, id="unmatched"),
]


@pytest.mark.parametrize("change", UNSURE)
def test_a_joined_entry_is_not_cut_when_one_of_its_requests_turns_uncertain(
    scene: Scene, change: dict[str, str]
) -> None:
    promised("Days written for a request stay until HR says something readable about it")
    scene.says(FIRST, SECOND)
    assert scene.written() == [("2026-04-06", "2026-04-17")]
    if scene.ledger is None and "email" in change:
        # The mark of a joined entry names no request, and nothing else ties a stranger to it.
        return
    scene.says(FIRST, SECOND | change)
    assert scene.written() == [("2026-04-06", "2026-04-17")]
    scene.says(FIRST, SECOND | {"status": "cancelled"})
    assert scene.written() == [("2026-04-06", "2026-04-10")]


@pytest.mark.parametrize("change", UNSURE)
def test_an_entry_taken_over_by_another_request_loses_no_uncertain_day(
    scene: Scene, change: dict[str, str]
) -> None:
    promised("Days written for a request stay until HR says something readable about it")
    long = absence("R1", 1, "2026-04-06", "2026-04-12")
    scene.says(long)
    scene.says(long | change)
    scene.says(long | change, absence("R2", 1, "2026-04-10", "2026-04-17"))
    assert scene.days() == ("2026-04-06", "2026-04-17", 12)
    scene.says(absence("R2", 1, "2026-04-10", "2026-04-17"))
    assert scene.written() == [("2026-04-10", "2026-04-17")]


def test_days_that_vanish_from_a_joined_entry_count_as_vanished(known: Scene) -> None:
    known.says(FIRST, SECOND)
    plan = known.says(FIRST)
    assert [(one.kind, one.why) for one in plan.actions] == [("ooo_update", "vanished")]
    assert known.written() == [("2026-04-06", "2026-04-10")]


def test_a_request_of_an_excluded_type_is_taken_back_readably(known: Scene) -> None:
    known.says(FIRST | {"type": "Telework"})
    mapping = load_mapping(MAPPING, absences={"excluded_types": ["Telework"]})
    plan = known.says(FIRST | {"type": "Telework"}, mapping=mapping)
    assert [(one.kind, one.why) for one in plan.actions] == [("ooo_delete", "cancelled")]
    assert ("R1", "type_excluded") in {(one.key, one.code) for one in plan.issues}


def test_days_after_somebody_leaves_are_not_written_and_are_reported(known: Scene) -> None:
    promised("says for every row that it did not write why")
    job = ooo_job(known.fake, known.ledger)
    staff = employees(known.fake, left={1: "2026-05-06"})
    plan = job.plan(from_records([absence("R1", 1, "2026-05-04", "2026-05-08")]), staff)
    assert [(one.after["start"], one.after["end"]) for one in plan.actions] == [("2026-05-04", "2026-05-06")]
    assert ("R1", "beyond_termination") in {(one.key, one.code) for one in plan.issues}


def test_ownership_follows_a_request_that_is_issued_again(known: Scene) -> None:
    promised("A request that is issued again under another id with the same days keeps its entry")
    known.says(FIRST)
    before = dict(known.fake.entries)
    again = FIRST | {"key": "R1b"}
    plan = known.says(FIRST | {"status": "superseded"}, again)
    assert [(one.kind, one.why) for one in plan.actions] == [("ooo_own", "owned")]
    assert (plan.writes, plan.minutes) == (0, 0)
    assert known.fake.entries == before
    known.says(again | {"status": "hm"})
    assert known.fake.entries == before
    del known.fake.entries[known.entry().id]
    plan = known.says(again)
    assert known.written() == []
    assert "deleted_by_hand" in {one.code for one in plan.issues}


@pytest.mark.parametrize("gone", [True, False], ids=["no-longer-named", "superseded"])
def test_an_entry_deleted_by_hand_stays_so_when_its_request_is_issued_again(known: Scene, gone: bool) -> None:
    known.says(FIRST)
    del known.fake.entries[known.entry().id]
    again = FIRST | {"key": "R1b"}
    known.says(*([] if gone else [FIRST | {"status": "superseded"}]), again)
    assert known.written() == []
    known.says(again | {"end": "2026-04-09"})
    assert known.written() == [("2026-04-06", "2026-04-09")]


ROLL = {"days": DayPolicy(open_ended="roll", roll_weeks=2, horizon_days=60)}
OPEN_END = absence("R1", 1, "2026-03-23", "")


def edit(scene: Scene) -> None:
    entry = scene.entry()
    scene.fake.entries[entry.id] = type(entry)(
        entry.id, 1, entry.start, entry.start + timedelta(days=1), entry.reason, None, entry.notes
    )


def delete(scene: Scene) -> None:
    del scene.fake.entries[scene.entry().id]


@pytest.mark.parametrize("change", [edit, delete])
def test_a_rolled_end_is_no_news(known: Scene, change: Any) -> None:
    promised("Compared is what HR said, not what was made of it")
    known.settings = ROLL
    known.says(OPEN_END)
    known.today += timedelta(days=1)
    known.says(OPEN_END)
    change(known)
    after = known.written()
    for _ in range(20):
        known.today += timedelta(days=1)
        known.says(OPEN_END)
        assert known.written() == after
    known.says(OPEN_END | {"end": "2026-04-10"})
    assert known.written()[-1][1] == "2026-04-10"


@pytest.mark.parametrize("change", [edit, delete])
def test_a_moving_window_is_no_news(known: Scene, change: Any) -> None:
    promised("Compared is what HR said, not what was made of it")
    mapping = load_mapping("workday_raas", absences={"fields": {"key": "key"}})
    every = [TODAY + timedelta(days=step) for step in range(2, 60)]

    def feed(without: int | None = None) -> tuple[list[dict[str, Any]], tuple[Any, Any]]:
        window = (known.today, known.today + timedelta(days=14))
        rows = [
            {"key": "W1", "Work_Email": "user1@example.com", "Employee_ID": None, "Status": "Approved",
             "Time_Off_Type": "x", "Time_Off_Date": str(day), "Units": 8, "Unit_of_Time": "Hours"}
            for place, day in enumerate(every)
            if window[0] <= day <= window[1] and place != without
        ]  # fmt: skip
        return rows, window

    def says(without: int | None = None) -> Any:
        rows, window = feed(without)
        for expected in (None, ()):
            job = ooo_job(known.fake, known.ledger, as_of=known.today, mapping=mapping, window=window)
            plan = job.plan(from_records(rows))
            assert expected is None or plan.actions == expected
            job.apply(plan, reread=False)

    says()
    change(known)
    after = known.written()
    for _ in range(12):
        known.today += timedelta(days=1)
        says()
        assert known.written() == after
    says(without=20)
    assert known.written() != after


def test_a_request_beside_it_that_comes_or_goes_is_no_news(known: Scene) -> None:
    promised("Compared is what HR said, not what was made of it")
    known.says(FIRST)
    delete(known)
    known.says(FIRST, SECOND)
    assert known.written() == [("2026-04-11", "2026-04-17")]
    known.says(FIRST)
    assert known.written() == []


@pytest.mark.parametrize("days", [0, 2], ids=["complete", "window"])
def test_a_request_that_is_over_and_leaves_the_feed_is_no_news(known: Scene, days: int) -> None:
    promised("Nor is it news when a feed no longer names a request that is over.")
    known.says(FIRST, SECOND)
    known.today = type(TODAY)(2026, 4, 13)
    window = (known.today - timedelta(days=days), None) if days else (None, None)
    entry = known.entry()
    known.fake.entries[entry.id] = replace(entry, end=type(TODAY)(2026, 4, 19))
    known.says(SECOND, window=window)
    assert known.written() == [("2026-04-06", "2026-04-19")]
    known.says(SECOND | {"end": "2026-04-20"}, window=window)
    assert known.written() == [("2026-04-06", "2026-04-20")]


def test_somebody_who_came_back_early_is_not_sent_away_again(known: Scene) -> None:
    promised("Edited by hand")
    known.says(FIRST)
    known.today = type(TODAY)(2026, 4, 8)
    entry = known.entry()
    known.fake.entries[entry.id] = type(entry)(
        entry.id, 1, entry.start, type(TODAY)(2026, 4, 7), entry.reason, None, entry.notes
    )
    known.says(FIRST)
    assert known.written() == [("2026-04-06", "2026-04-07")]
    known.says(FIRST | {"end": "2026-04-15"})
    assert known.written() == [("2026-04-06", "2026-04-07"), ("2026-04-08", "2026-04-15")]
    known.says(FIRST)
    assert known.written() == [("2026-04-06", "2026-04-07"), ("2026-04-08", "2026-04-10")]


def test_what_the_window_does_not_show_stays(known: Scene) -> None:
    promised("days outside it never count as vanished")
    known.says(FIRST, absence("R3", 1, "2026-05-11", "2026-05-15"))
    window = (TODAY, TODAY + timedelta(days=30))
    plan = known.says(window=window)
    assert known.written() == [("2026-05-11", "2026-05-15")]
    assert "outside_window" in {one.code for one in plan.issues}


def test_nobody_is_bookable_between_two_writes(known: Scene) -> None:
    """Removals come last: while an entry replaces two others, no day of theirs is ever free."""
    parts = [absence("R1", 1, "2026-04-06", "2026-04-08"), absence("R2", 1, "2026-04-13", "2026-04-15")]
    known.says(*parts)
    free: list[tuple[str, str, int]] = []
    known.fake.after = lambda _: free.append(known.days())
    joined = absence("R3", 1, "2026-04-06", "2026-04-15")
    plan = known.says(*(one | {"status": "cancelled"} for one in parts), joined)
    assert [one.kind for one in plan.actions][-1] == "ooo_delete"
    assert free == [("2026-04-06", "2026-04-15", 10)] * plan.writes


def test_new_entries_come_before_the_removal_of_old_ones(known: Scene) -> None:
    old = absence("R1", 1, "2026-04-06", "2026-04-08")
    known.says(old)
    new = absence("R3", 2, "2026-06-01", "2026-06-05")
    plan = known.says(old | {"status": "cancelled"}, new)
    assert [one.kind for one in plan.actions] == ["ooo_create", "ooo_delete"]


def test_a_kill_between_two_writes_leaves_no_uncertain_day_unowned(known: Scene) -> None:
    """An uncertain request's days go over to another entry; whoever dies in between still knows whose they are."""
    long = absence("R1", 1, "2026-04-06", "2026-04-14", cover="user2@example.com")
    beside = absence("R2", 1, "2026-04-12", "2026-04-18")
    known.says(long)
    unsure = long | {"status": "requested"}

    def die(_: int) -> None:
        raise CutError

    known.fake.after = die
    job = ooo_job(known.fake, known.ledger)
    with pytest.raises(CutError):
        job.apply(job.plan(from_records([unsure, beside, OTHER])), reread=False)
    known.fake.after = lambda _: None
    known.says(unsure, beside)
    assert known.days() == ("2026-04-06", "2026-04-18", 13)
    known.says(unsure)
    assert known.days() == ("2026-04-06", "2026-04-14", 9)


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"start": "2026-01-05", "end": "2026-01-06"}, "past"),
        ({"start": "2028-01-05", "end": "2028-01-06"}, "after_horizon"),
        ({"status": "withdrawn"}, "status:withdrawn"),
        ({"status": "requested"}, "status:requested"),
        ({"email": "nobody@example.com"}, "unmatched"),
        ({"end": ""}, "missing_end"),
        ({"start": "2026-06-02", "end": "2026-06-05"}, "covered"),
    ],
)
def test_every_row_that_is_not_written_is_reported_with_its_reason(
    known: Scene, row: dict[str, str], code: str
) -> None:
    promised("says for every row that it did not write why")
    known.fake.add_entry(1, "2026-06-01", "2026-06-08", notes="mine")
    plan = known.says(FIRST | row)
    assert known.written() == [("2026-06-01", "2026-06-08")]
    assert code in {one.code for one in plan.issues if one.key == "R1"}


def test_a_request_that_corrections_bring_to_nothing_is_reported(known: Scene) -> None:
    promised("says for every row that it did not write why")
    mapping = load_mapping("bamboohr")
    row = {"employeeId": "E1", "type": {"name": "x"}, "status": {"status": "approved", "lastChanged": None}}
    rows = [
        {**row, "id": "B1", "dates": {"2026-05-04": "1"}},
        {**row, "id": "B2", "dates": {"2026-05-04": "-1"}},
        {**row, "id": "B3", "dates": {"2026-05-05": "0"}},
    ]
    staff = from_records([{"id": "E1", "workEmail": "user1@example.com"}])
    plan = ooo_job(known.fake, known.ledger, mapping=mapping).plan(from_records(rows), staff)
    assert plan.actions == ()
    told = {(one.key, one.code) for one in plan.issues}
    assert {("B1", "net_zero"), ("B2", "correction"), ("B3", "net_zero")} <= told


@pytest.mark.parametrize(
    ("first", "last", "covered"),
    [
        ("2026-05-04", "2026-05-08", True),
        ("2026-05-01", "2026-05-10", True),
        ("2026-05-05", "2026-05-08", False),
        ("2026-05-04", "2026-05-07", False),
    ],
)
def test_an_absence_that_an_entry_of_others_covers_whole_is_not_written_again(
    first: str, last: str, covered: bool
) -> None:
    fake = FakeCalcom()
    fake.add_user(1)
    fake.add_entry(1, first, last)
    with Ledger("sqlite://") as ledger:
        plan = ooo_job(fake, ledger).plan(from_records([absence("R1", 1, "2026-05-04", "2026-05-08")]))
    assert ("covered" in {one.code for one in plan.issues}) is covered
    assert (plan.actions == ()) is covered
