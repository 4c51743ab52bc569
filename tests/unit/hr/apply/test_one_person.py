"""A refusal about one person is that row's own; one that means the key ends the run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from calcom_provider.api.errors import (
    AuthenticationError,
    CalComError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    TransportError,
)
from calcom_provider.hr.apply.stored_plans import undo_job
from calcom_provider.hr.ledger.plan_states import SENT
from calcom_provider.hr.ledger.record import Ledger, Progress
from calcom_provider.hr.sources.rows import from_records
from tests.unit.hr.fake_calcom import CutError, FakeCalcom, cut_at
from tests.unit.hr.jobs import HASTE, TODAY, absence, attribute_job, employees, ooo_job
from tests.unit.hr.promises import promised

ROWS = [absence(f"R{n}", n, f"2026-05-{n:02d}", f"2026-05-{n + 1:02d}") for n in range(1, 6)]


@pytest.fixture
def fake() -> FakeCalcom:
    made = FakeCalcom()
    for number in range(1, 6):
        made.add_user(number)
    return made


def lose_profile(fake: FakeCalcom, user_id: int = 3) -> None:
    fake.users[user_id] = replace(fake.users[user_id], has_profile=False)


def leave_at(fake: FakeCalcom, number: int, user_id: int = 3) -> None:
    fake.before = lambda now: lose_profile(fake, user_id) if now == number else None


def raiser(error: Exception) -> Callable[[], None]:
    def refuse() -> None:
        raise error

    return refuse


def test_a_member_without_a_profile_is_pending_and_the_others_are_written(fake: FakeCalcom) -> None:
    lose_profile(fake)
    with Ledger("sqlite://") as ledger:
        job = ooo_job(fake, ledger)
        plan = job.plan(from_records(ROWS))
        assert {one.user_id for one in plan.actions} == {1, 2, 4, 5}
        assert [(one.code, one.key, one.level) for one in plan.issues] == [("pending", "R3", "warning")]
        assert job.apply(plan, reread=True).statuses == {"done": 4}


def test_so_is_one_of_the_employee_source(fake: FakeCalcom) -> None:
    lose_profile(fake)
    plan = ooo_job(fake, None).plan(from_records(ROWS), employees(fake))
    assert plan.facts.people["pending"] == 1
    assert plan.facts.people["matched"] == 4
    assert {one.user_id for one in plan.actions} == {1, 2, 4, 5}


def test_attributes_need_no_profile(fake: FakeCalcom) -> None:
    lose_profile(fake)
    fake.add_attribute("Team", "SINGLE_SELECT", ["Red"])
    with Ledger("sqlite://") as ledger:
        job = attribute_job(fake, ledger, {"team": "Team"})
        plan = job.plan(employees(fake, team=dict.fromkeys(range(1, 6), "Red")))
        assert job.apply(plan, reread=True).statuses == {"done": 5}


def test_who_leaves_between_reading_and_writing_fails_alone_and_nothing_is_stuck(fake: FakeCalcom) -> None:
    promised("A 403 or 404 on a row, or on the look whether it landed, fails that row alone")
    with Ledger("sqlite://") as ledger:
        job = ooo_job(fake, ledger)
        plan = job.plan(from_records(ROWS))
        leave_at(fake, 3)
        result = job.apply(plan, reread=True)
        assert result.statuses == {"done": 4, "failed": 1}
        assert result.codes == {"http_403": 1}
        assert ledger.open_plans(901) == []
        again = ooo_job(fake, ledger)
        assert again.plan(from_records(ROWS)).actions == ()
        undo = undo_job(fake, ledger, plan.id)  # type: ignore[arg-type]
        undo.common = replace(undo.common, as_of=TODAY)
        assert undo.apply(undo.plan(plan.id).plan).statuses == {"done": 4}


def test_a_row_that_is_not_found_fails_alone(fake: FakeCalcom) -> None:
    promised("A 403 or 404 on a row, or on the look whether it landed, fails that row alone")

    def gone(number: int) -> None:
        if number == 3:
            raise NotFoundError("gone", status=404)

    with Ledger("sqlite://") as ledger:
        job = ooo_job(fake, ledger)
        plan = job.plan(from_records(ROWS))
        fake.before = gone
        result = job.apply(plan, reread=True)
        assert (result.statuses, result.codes) == ({"done": 4, "failed": 1}, {"http_404": 1})
        assert ledger.open_plans(901) == []
        fake.before = lambda _: None
        assert [one.user_id for one in ooo_job(fake, ledger).plan(from_records(ROWS)).actions] == [3]


def test_a_write_that_was_sent_and_cannot_be_looked_for_no_longer_blocks_the_ledger(fake: FakeCalcom) -> None:
    with Ledger("sqlite://") as ledger:
        job = ooo_job(fake, ledger)
        plan = job.plan(from_records(ROWS))
        for name, hook in cut_at(3, "before").items():
            setattr(fake, name, hook)
        with pytest.raises(CutError):
            job.apply(plan, reread=False)
        fake.before = lambda _: None
        lose_profile(fake)
        assert ledger.progress(plan.id)[3].status == SENT
        later = ooo_job(fake, ledger)
        rest = later.plan(from_records(ROWS))
        assert ledger.open_plans(901) == []
        assert (ledger.progress(plan.id)[3].status, ledger.progress(plan.id)[3].code) == (
            "failed",
            "http_403",
        )
        assert later.apply(rest, reread=False).statuses == {"done": 2}
        assert ooo_job(fake, ledger).plan(from_records(ROWS)).actions == ()


def test_a_key_that_lost_its_role_ends_the_run_and_what_was_sent_stays_sent(fake: FakeCalcom) -> None:
    promised(
        "the key has lost its role: the run ends, what was sent stays ``sent``, and the next run looks for it"
    )
    refusal = PermissionDeniedError("no role", status=403)
    with Ledger("sqlite://") as ledger:
        job = ooo_job(fake, ledger)
        plan = job.plan(from_records(ROWS))
        fake.access = raiser(refusal)
        leave_at(fake, 3)
        with pytest.raises(PermissionDeniedError):
            job.apply(plan, reread=False)
        assert [ledger.progress(plan.id)[n].status for n in range(1, 6)] == [
            "done", "done", SENT, "planned", "planned"
        ]  # fmt: skip
        assert ledger.open_plans(901) == [plan.id]
        fake.before, fake.access = lambda _: None, lambda: None
        rest = ooo_job(fake, ledger).plan(from_records(ROWS))
        assert ledger.open_plans(901) == []
        assert {one.user_id for one in rest.actions} == {4, 5}


@pytest.mark.parametrize(
    "error",
    [
        AuthenticationError("key", status=401),
        RateLimitError("limit", status=429),
        ServerError("api", status=503),
        TransportError("network"),
    ],
)
def test_401_429_and_5xx_are_no_matter_of_one_row(fake: FakeCalcom, error: CalComError) -> None:
    promised("So it is with 401, 429 and an API that fails: they are no matter of one row.")
    with Ledger("sqlite://") as ledger:
        job = ooo_job(fake, ledger)
        plan = job.plan(from_records(ROWS))
        leave_at(fake, 3)
        fake.access = raiser(error)
        with pytest.raises(type(error)):
            job.apply(plan, reread=False)
        assert ledger.progress(plan.id)[3] == replace(
            Progress(), status=SENT, sent_at=HASTE.now(), attempts=1
        )


@pytest.mark.parametrize("kind", ["dns", "refused"])
def test_what_never_left_stays_planned_and_ends_the_run(fake: FakeCalcom, kind: str) -> None:
    promised("A request that never left, because there is no connection, stays planned.")
    with Ledger("sqlite://") as ledger:
        job = ooo_job(fake, ledger)
        plan = job.plan(from_records(ROWS))

        def cut(number: int) -> None:
            if number == 2:
                raise TransportError("no connection", kind=kind, sent=False)

        fake.before = cut
        with pytest.raises(TransportError):
            job.apply(plan, reread=False)
        assert [ledger.progress(plan.id)[n].status for n in (1, 2, 3)] == ["done", "planned", "planned"]


def test_a_repeated_write_that_ends_in_an_error_is_looked_for(fake: FakeCalcom) -> None:
    """The client repeats an update by itself; its last failure does not say that none of them landed."""
    with Ledger("sqlite://") as ledger:
        job = ooo_job(fake, ledger)
        job.apply(job.plan(from_records(ROWS)), reread=False)
        moved = [{**ROWS[0], "end": "2026-05-08"}, *ROWS[1:]]
        plan = job.plan(from_records(moved))
        written = len(fake.writes)

        def fail(number: int) -> None:
            if number == written + 1:
                raise ServerError("broken", status=500)

        fake.after = fail
        result: Any = job.apply(plan, reread=False)
        assert result.statuses == {"done": 1}
