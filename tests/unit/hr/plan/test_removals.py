"""Whatever takes away is guarded: flips, moves, cuts, a mapping edited wrongly, assignments taken back.

What is expected follows from how each scene is built; nothing here asks the code what it counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from calcom_provider.hr.errors import RefusedError
from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.hr.out_of_office.days import DayPolicy
from calcom_provider.hr.plan.guards import Confirmation, GuardLimits
from calcom_provider.hr.sources.mapping import load_mapping
from calcom_provider.hr.sources.rows import from_records
from tests.unit.hr.fake_calcom import FakeCalcom
from tests.unit.hr.jobs import MAPPING, OPEN, absence, attribute_job, employees, ooo_job
from tests.unit.hr.promises import promised

FIRST = date(2026, 5, 4)
DAYS = DayPolicy(horizon_days=800)
STRICT = GuardLimits()
ALWAYS_FREE = {"same_day": 1.0}


def staff(number: int) -> FakeCalcom:
    fake = FakeCalcom()
    for user_id in range(1, number + 1):
        fake.add_user(user_id)
    return fake


def row(user: int, length: int, **more: Any) -> dict[str, Any]:
    start = more.pop("start", FIRST)
    return absence(f"R{user}", user, str(start), str(start + timedelta(days=length - 1)), **more)


def written(ledger: Ledger, lengths: list[int]) -> tuple[FakeCalcom, list[dict[str, Any]]]:
    """One entry a person, so many days long, owned."""
    fake = staff(len(lengths))
    rows = [row(user, length) for user, length in enumerate(lengths, start=1)]
    job = ooo_job(fake, ledger, days=DAYS, limits=OPEN)
    job.apply(job.plan(from_records(rows)), reread=False)
    assert len(fake.entries) == len(lengths)
    return fake, rows


def refusals(fake: FakeCalcom, ledger: Ledger, rows: list[Any], **more: Any) -> tuple[str, ...]:
    job = ooo_job(fake, ledger, days=DAYS, **({"limits": GuardLimits(**ALWAYS_FREE)} | more))
    return job.plan(from_records(rows)).refusals


def flip(one: dict[str, Any]) -> dict[str, Any]:
    return one | {"status": "cancelled"}


def move_by_a_year(one: dict[str, Any]) -> dict[str, Any]:
    return one | {name: str(date.fromisoformat(one[name]) + timedelta(days=364)) for name in ("start", "end")}


def cut_to_one_day(one: dict[str, Any]) -> dict[str, Any]:
    return one | {"end": one["start"]}


def shift_by_a_week(one: dict[str, Any]) -> dict[str, Any]:
    return one | {name: str(date.fromisoformat(one[name]) + timedelta(days=7)) for name in ("start", "end")}


@pytest.fixture(scope="module")
def seven_hundred() -> Iterator[tuple[Ledger, FakeCalcom, list[dict[str, Any]]]]:
    """700 entries of five days; every plan about them is refused, so the tests can share them."""
    with Ledger("sqlite://") as ledger:
        yield ledger, *written(ledger, [5] * 700)


@pytest.mark.parametrize("change", [flip, move_by_a_year, cut_to_one_day, shift_by_a_week])
def test_seven_hundred_are_refused_whoever_confirms(change: Any, seven_hundred: Any) -> None:
    promised("Everything that takes away is counted, whatever its reason")
    promised("in entries that lose a day and in person-days")
    ledger, fake, rows = seven_hundred
    before = dict(fake.entries)
    job = ooo_job(fake, ledger, days=DAYS, limits=STRICT)
    changed = from_records([change(one) for one in rows])
    plan = job.plan(changed)
    assert {"removals", "removals_hard"} <= set(plan.refusals)
    assert "vanished" not in plan.refusals
    confirmed = ooo_job(fake, ledger, days=DAYS, limits=STRICT, confirm=Confirmation(plan_hash=plan.hash))
    again = confirmed.plan(changed)
    assert again.refusals == ("removals_hard",)
    with pytest.raises(RefusedError, match="removals_hard"):
        confirmed.apply(again, reread=False)
    assert fake.entries == before


def test_more_than_five_hundred_person_days_are_refused_whoever_confirms() -> None:
    """Counted in person-days and in entries, whichever trips: here fifteen entries of forty days."""
    with Ledger("sqlite://") as ledger:
        fake, rows = written(ledger, [40] * 15)
        assert "removals_hard" in refusals(fake, ledger, [flip(one) for one in rows])
    with Ledger("sqlite://") as ledger:
        fake, rows = written(ledger, [40] * 12)
        assert "removals_hard" not in refusals(fake, ledger, [flip(one) for one in rows])


def test_a_word_mapped_wrongly_is_refused() -> None:
    with Ledger("sqlite://") as ledger:
        fake, rows = written(ledger, [1] * 60)
        wrong = MAPPING | {"absences": MAPPING["absences"] | {"statuses": {"removed": ["approved"]}}}
        assert refusals(fake, ledger, rows, mapping=load_mapping(wrong)) == ("removals",)


@pytest.mark.parametrize(
    ("owned", "gone", "refused"),
    [(20, 5, False), (20, 6, True), (40, 8, False), (40, 9, True), (5, 5, False)],
)
def test_a_fifth_of_the_entries_or_five_may_go(owned: int, gone: int, refused: bool) -> None:
    """Days are one an entry, and 35 of them always may go: it is the entries that trip."""
    with Ledger("sqlite://") as ledger:
        fake, rows = written(ledger, [1] * owned)
        changed = [flip(one) if place < gone else one for place, one in enumerate(rows)]
        assert refusals(fake, ledger, changed) == (("removals",) if refused else ())


@pytest.mark.parametrize(("kept", "refused"), [(26, False), (25, True)])
def test_thirty_five_person_days_may_always_go(kept: int, refused: bool) -> None:
    """One entry of 61 days loses 35 or 36; a fifth of the 71 person-days would be 14."""
    with Ledger("sqlite://") as ledger:
        fake, rows = written(ledger, [61, *[1] * 10])
        cut = rows[0] | {"end": str(FIRST + timedelta(days=kept - 1))}
        assert refusals(fake, ledger, [cut, *rows[1:]]) == (("removals",) if refused else ())


@pytest.mark.parametrize(("gone", "refused"), [(2, False), (3, True)])
def test_a_fifth_of_the_person_days_may_go(gone: int, refused: bool) -> None:
    """5 of 50 days and 30 of one: 280 person-days, of which 56 may go. Few entries, so the days trip."""
    promised("whichever trips first")
    with Ledger("sqlite://") as ledger:
        fake, rows = written(ledger, [*[50] * 5, *[1] * 30])
        changed = [
            one | {"end": str(FIRST + timedelta(days=21))} if n < gone else one for n, one in enumerate(rows)
        ]
        assert refusals(fake, ledger, changed) == (("removals",) if refused else ())


def test_the_past_part_of_an_entry_does_not_count() -> None:
    """20 people are away for 80 days, 77 of which are over when all are cancelled: 3 days each are taken."""
    with Ledger("sqlite://") as ledger:
        fake, rows = written(ledger, [80] * 20)
        later = FIRST + timedelta(days=77)
        job = ooo_job(fake, ledger, days=DAYS, limits=STRICT, as_of=later)
        told = {one.guard: one for one in job.plan(from_records([flip(one) for one in rows])).verdicts}
        assert told["removals"].allowed is False
        told = {one.guard: one for one in job.plan(from_records([flip(rows[0]), *rows[1:]])).verdicts}
        assert told["removals"].allowed
        assert (told["removals"].observed, told["removals"].subject) in {(1, "entries"), (3, "days")}


def test_days_that_another_entry_takes_over_are_not_taken_away() -> None:
    """Everybody's two requests become one over the same days and those between."""
    fake = staff(20)
    with Ledger("sqlite://") as ledger:
        rows = [row(user, 5) for user in range(1, 21)]
        rows += [row(user, 5, start=FIRST + timedelta(days=7)) | {"key": f"S{user}"} for user in range(1, 21)]
        job = ooo_job(fake, ledger, days=DAYS, limits=OPEN)
        job.apply(job.plan(from_records(rows)), reread=False)
        assert len(fake.entries) == 40
        joined = [row(user, 12) for user in range(1, 21)] + [flip(one) for one in rows[20:]]
        assert refusals(fake, ledger, joined) == ()


def test_one_confirmation_names_the_count_that_is_told() -> None:
    with Ledger("sqlite://") as ledger:
        fake, rows = written(ledger, [1] * 20)
        changed = [flip(one) if place < 6 else one for place, one in enumerate(rows)]
        for count, passes in ((5, False), (6, True), (7, False)):
            confirm = Confirmation.of({"removals": count})
            assert (refusals(fake, ledger, changed, confirm=confirm) == ()) is passes
        job = ooo_job(
            fake, ledger, days=DAYS, limits=STRICT, confirm=Confirmation.of({"removals:entries": 6})
        )
        plan = job.plan(from_records(changed))
        assert job.apply(plan, reread=True).statuses == {"done": 6}


def team(ledger: Ledger, people: int) -> tuple[FakeCalcom, Any]:
    """Everybody is Red in one attribute and Hot in the other, both assigned by us."""
    fake = staff(people)
    fake.add_attribute("Colour", "SINGLE_SELECT", ["Red", "Blue"])
    fake.add_attribute("Warmth", "SINGLE_SELECT", ["Hot", "Cold"])
    columns = {"colour": "Colour", "warmth": "Warmth"}
    job = attribute_job(fake, ledger, columns, limits=OPEN)
    job.apply(job.plan(cells(fake, 0, 0)), reread=False)
    return fake, attribute_job(fake, ledger, columns, limits=GuardLimits(persons_changed=1.0, unassigns=1.0))


def cells(fake: FakeCalcom, blue: int, cold: int) -> Any:
    """So many people change in each attribute."""
    people = range(1, len(fake.users) + 1)
    return employees(
        fake,
        colour={n: "Blue" if n <= blue else "Red" for n in people},
        warmth={n: "Cold" if n <= cold else "Hot" for n in people},
    )


@pytest.mark.parametrize(
    ("blue", "cold", "refused"), [(10, 10, False), (10, 11, True), (0, 20, False), (21, 0, True)]
)
def test_assignments_taken_back_are_counted_over_all_attributes(blue: int, cold: int, refused: bool) -> None:
    """100 assignments in two attributes, a fifth of which may be taken back in all."""
    promised("``removals`` counts the assignments taken back in all attributes together")
    with Ledger("sqlite://") as ledger:
        fake, job = team(ledger, 50)
        assert job.plan(cells(fake, blue, cold)).refusals == (("removals",) if refused else ())


def test_assignments_have_the_hard_limit_too() -> None:
    with Ledger("sqlite://") as ledger:
        fake, job = team(ledger, 501)
        assert set(job.plan(cells(fake, 251, 250)).refusals) == {"removals", "removals_hard"}
        assert job.plan(cells(fake, 250, 250)).refusals == ("removals",)


def test_texts_edited_in_place_count_as_taken_back() -> None:
    promised("texts edited in place included")
    with Ledger("sqlite://") as ledger:
        fake = staff(60)
        fake.add_attribute("Room", "TEXT")
        job = attribute_job(fake, ledger, {"room": "Room"}, limits=OPEN)
        job.apply(job.plan(employees(fake, room={n: f"A{n}" for n in range(1, 61)})), reread=False)
        strict = attribute_job(fake, ledger, {"room": "Room"}, limits=GuardLimits(persons_changed=1.0))
        for edited, refused in ((12, ()), (13, ("removals",))):
            cells = {n: f"B{n}" if n <= edited else f"A{n}" for n in range(1, 61)}
            plan = strict.plan(employees(fake, room=cells))
            assert {one.kind for one in plan.actions} == {"option_update"}
            assert plan.refusals == refused
