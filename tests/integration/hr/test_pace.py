"""The minutes of a plan follow the limit that the API states."""

from __future__ import annotations

import pytest

from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.hr.sources.rows import from_records
from calcom_provider.hr.target.gateway import Gateway
from calcom_provider.sandbox import Sandbox
from tests.faults.hr.sandbox_scene import job_for
from tests.integration.hr.conftest import connect
from tests.unit.hr.jobs import HASTE
from tests.unit.hr.promises import promised


@pytest.mark.parametrize(("limit", "window"), [(240, 60.0), (1_000, 10.0)])
def test_a_plan_says_its_minutes_at_the_stated_limit(limit: int, window: float) -> None:
    promised("A plan says how many minutes its writes take at the limit that the API has stated.")
    with Sandbox(users=70, limit=(limit, window, 60.0)) as sandbox, connect(sandbox) as client:
        gateway = Gateway(client)
        people = [one for one in gateway.read_users().values() if one.accepted and one.has_profile][:60]
        rows = [
            {"key": f"R{n}", "email": one.email, "status": "approved", "start": "2026-05-04", "end": "2026-05-05"}
            for n, one in enumerate(people)
        ]  # fmt: skip
        with Ledger("sqlite://") as ledger:
            plan = job_for("out_of_office", gateway, ledger, HASTE).plan(from_records(rows))
            stored = ledger.load_plan(plan.id)
    pace = limit * 60 / window
    assert len(plan.actions) == 60
    # A window is learnt to the second from what is left of it when the first answer comes.
    assert plan.requests_per_minute == pytest.approx(pace, rel=0.2)
    assert plan.requests_per_minute == stored.requests_per_minute
    assert plan.minutes == stored.minutes == round(60 / plan.requests_per_minute, 1)
