"""After an unclear answer: wait, look, wait, look, and only then send again; told by a clock of our own."""

from __future__ import annotations

from typing import Any

import pytest

from calcom_provider.api.errors import UnclearOutcomeError
from calcom_provider.hr.apply.applier import Patience
from calcom_provider.hr.errors import RefusedError
from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.hr.plan.guards import GuardLimits
from calcom_provider.hr.sources.rows import from_records
from calcom_provider.hr.target.state import OooEntry
from tests.unit.hr.fake_calcom import FakeCalcom
from tests.unit.hr.jobs import absence, common, ooo_job

ABSENCE = absence("R1", 1, "2026-05-04", "2026-05-08")


class WatchedCalcom(FakeCalcom):
    """Tells when it was looked at, and when it was sent something."""

    story: list[tuple[str, float]]
    clock: float = 0.0
    lands_at_look: int | None = None

    def entries_of_user(self, user_id: int) -> dict[int, OooEntry]:
        self.story.append(("look", self.clock))
        if self.lands_at_look == sum(word == "look" for word, _ in self.story):
            self.add_entry(1, "2026-05-04", "2026-05-08", notes=self.notes)
        return super().entries_of_user(user_id)

    def create_entry(self, *args: Any, **kwargs: Any) -> Any:
        self.story.append(("send", self.clock))
        raise UnclearOutcomeError("lost")

    notes: str = ""


def run_lost(lands_at_look: int | None) -> tuple[WatchedCalcom, dict[str, int]]:
    fake = WatchedCalcom()
    fake.story = []
    fake.lands_at_look = lands_at_look
    fake.add_user(1)

    def sleep(seconds: float) -> None:
        fake.clock += seconds

    with Ledger("sqlite://") as ledger:
        job = ooo_job(fake, ledger)
        job.patience = Patience(sleep=sleep, now=lambda: fake.clock)
        plan = job.plan(from_records([ABSENCE]))
        fake.notes = plan.actions[0].after["notes"]
        return fake, job.apply(plan, reread=False).statuses


def test_it_waits_looks_waits_looks_and_then_repeats() -> None:
    fake, statuses = run_lost(None)
    once = [("send", 0.0), ("look", 35.0), ("look", 70.0)]
    assert fake.story == [(word, at + 70 * turn) for turn in range(3) for word, at in once]
    assert statuses == {"failed": 1}


@pytest.mark.parametrize(("look", "story"), [(1, 2), (2, 3)])
def test_what_landed_late_is_found_and_not_sent_again(look: int, story: int) -> None:
    fake, statuses = run_lost(look)
    assert fake.story == [("send", 0.0), ("look", 35.0), ("look", 70.0)][:story]
    assert statuses == {"done": 1}
    assert len(fake.entries) == 1


def test_the_source_is_judged_again_before_an_approved_plan_is_applied() -> None:
    fake = FakeCalcom()
    for number in range(1, 6):
        fake.add_user(number)
    rows = [absence(f"R{n}", n, "2026-05-04", "2026-05-08") for n in range(1, 6)]
    with Ledger("sqlite://") as ledger:
        full = ooo_job(fake, ledger)
        larger = full.plan(from_records(rows[1:]))
        small = ooo_job(fake, ledger).plan(from_records(rows[:1]))
        full.apply(larger, reread=True)
        strict = ooo_job(fake, ledger, limits=GuardLimits(match_rate=0.0, match_rate_drop=1.0))
        written = len(fake.writes)
        with pytest.raises(RefusedError, match="source_drop"):
            strict.apply(small, reread=True)
        assert len(fake.writes) == written
        assert common().limits.source_drop == 1.0
