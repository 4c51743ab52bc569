"""After an unclear answer: wait, look, wait, look, and only then send again."""

from __future__ import annotations

from typing import Any

import pytest

from calcom_provider.api.errors import UnclearOutcomeError
from calcom_provider.hr.apply.applier import Patience
from calcom_provider.hr.out_of_office.job import OutOfOfficeJob, OutOfOfficeSettings
from calcom_provider.hr.sources.rows import from_records
from tests.unit.hr.fake_calcom import FakeCalcom
from tests.unit.hr.jobs import absence, common


class Hand:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Hand:
    return Hand()


def job(fake: FakeCalcom, clock: Hand) -> OutOfOfficeJob:
    # Without a wait of its own: the default is what is tried here.
    patience = Patience(sleep=clock.sleep, now=lambda: clock.now)
    return OutOfOfficeJob(fake, OutOfOfficeSettings(common()), None, patience)


def fail(*writes: int) -> Any:
    def unclear(number: int) -> None:
        if number in writes:
            raise UnclearOutcomeError("no answer")

    return unclear


@pytest.fixture
def fake() -> FakeCalcom:
    made = FakeCalcom()
    made.add_user(1)
    return made


def run(fake: FakeCalcom, clock: Hand) -> Any:
    one = job(fake, clock)
    return one.apply(one.plan(from_records([absence("R1", 1, "2026-05-01", "2026-05-04")])), reread=False)


def test_an_effect_that_shows_is_not_sent_again(fake: FakeCalcom, clock: Hand) -> None:
    fake.after = fail(1)
    assert run(fake, clock).statuses == {"done": 1}
    assert clock.slept == [35.0]
    assert len(fake.writes) == len(fake.read_entries()) == 1


def test_what_did_not_arrive_is_sent_again_after_two_looks(fake: FakeCalcom, clock: Hand) -> None:
    fake.before = fail(1)
    assert run(fake, clock).statuses == {"done": 1}
    assert clock.slept == [35.0, 35.0]
    assert len(fake.read_entries()) == 1


def test_what_never_gets_through_is_told_as_unclear(fake: FakeCalcom, clock: Hand) -> None:
    fake.before = fail(1, 2, 3)
    result = run(fake, clock)
    assert result.statuses == {"failed": 1}
    assert result.codes == {"unclear": 1}
    assert clock.slept == [35.0] * 6
    assert fake.read_entries() == {}
