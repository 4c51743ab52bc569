"""An apply killed with SIGKILL at a request is continued to the state of an undisturbed run."""

from __future__ import annotations

import functools
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.api.client import CalComClient
from calcom_provider.api.http.auth import ApiKey
from calcom_provider.api.rate_limit.governor import Governor, MemoryStateStore
from calcom_provider.hr.apply.applier import Patience
from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.hr.target.gateway import Gateway
from calcom_provider.sandbox import Sandbox
from tests.faults.hr.sandbox_scene import job_for, picture, prepare, source

REPOSITORY = Path(__file__).resolve().parents[3]
HASTE = Patience(wait=0.0)
SAMPLE = {("attributes", 1, "after"), ("attributes", 17, "before"), ("attributes", 40, "after")} | {
    ("out_of_office", 9, "after"),
    ("out_of_office", 25, "before"),
    ("out_of_office", 50, "after"),
}
POINTS = [
    (kind, number, when)
    for kind in ("attributes", "out_of_office")
    for number in range(1, 51)
    for when in ("before", "after")
]


def gateway_of(sandbox: Sandbox) -> Gateway:
    auth = ApiKey(sandbox.keys["admin"])
    return Gateway(CalComClient(auth=auth, base_url=sandbox.url, governor=Governor(MemoryStateStore(), "")))


@functools.cache
def undisturbed(kind: str) -> Any:
    with Sandbox(users=60, limit=(1_000_000, 60.0, 60.0)) as sandbox:
        gateway = gateway_of(sandbox)
        prepare(gateway)
        job = job_for(kind, gateway, Ledger("sqlite://"), HASTE)
        plan = job.plan(source(kind, gateway))
        assert len(plan.actions) >= 50
        job.apply(plan, reread=False)
        return picture(gateway)


@pytest.mark.parametrize(
    "point",
    [one if one in SAMPLE else pytest.param(one, marks=pytest.mark.exhaustive) for one in POINTS],
    ids=lambda one: "-".join(map(str, one)),
)
def test_killed_then_continued(point: tuple[str, int, str], tmp_path: Path) -> None:
    kind, number, when = point
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    with Sandbox(users=60, limit=(1_000_000, 60.0, 60.0)) as sandbox:
        gateway = gateway_of(sandbox)
        prepare(gateway)
        with Ledger(url) as ledger:
            plan = job_for(kind, gateway, ledger, HASTE).plan(source(kind, gateway))
        arguments = [sandbox.url, sandbox.keys["admin"], url, plan.id, str(number), when]
        child = subprocess.run(
            [sys.executable, "-m", "tests.faults.hr.killed_apply", *arguments],
            cwd=REPOSITORY,
            timeout=240,
            check=False,
        )
        assert child.returncode == -signal.SIGKILL
        with Ledger(url) as ledger:
            job = job_for(kind, gateway, ledger, HASTE)
            result = job.apply(ledger.load_plan(plan.id), reread=True)
            assert result.statuses == {"done": len(plan.actions)}
            assert picture(gateway) == undisturbed(kind)
            assert job.plan(source(kind, gateway)).actions == ()
