"""``calcom hr plan``, ``apply`` and ``undo``: exit codes, and output without anybody's data."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.cli.app import run
from calcom_provider.hr.gateway import Gateway, read_state
from calcom_provider.sandbox import Sandbox

SECRETS = ("Kneeop", "please keep private")


@pytest.fixture
def hr(
    sandbox: Sandbox, gateway: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., int]:
    users = [one for one in read_state(gateway).users.values() if one.accepted and one.has_profile]
    chosen = sorted(users, key=lambda one: one.id)[:4]
    rows = [
        {"id": f"R{n}", "mail": one.email, "state": "approved", "kind": SECRETS[0], "note": SECRETS[1],
         "from": "2027-03-01", "to": "2027-03-03"}
        for n, one in enumerate(chosen)
    ]  # fmt: skip
    (tmp_path / "absences.json").write_text(json.dumps(rows))
    settings = {
        "timezone": "Europe/Berlin",
        "as_of": "2027-02-01",
        "mapping": {
            "absences": {
                "fields": {
                    "key": "id", "email": "mail", "status": "state", "type": "kind", "start": "from", "end": "to"
                }
            }
        },
        "out_of_office": {"horizon_days": 90},
    }  # fmt: skip
    (tmp_path / "hr.yaml").write_text(json.dumps(settings))
    monkeypatch.setenv("CALCOM_API_KEY", sandbox.keys["admin"])
    monkeypatch.setenv("CALCOM_BASE_URL", sandbox.url)
    monkeypatch.setenv("CALCOM_STATE_STORE", str(tmp_path / "state"))
    monkeypatch.setenv("CALCOM_LEDGER_URL", f"sqlite:///{tmp_path / 'ledger.db'}")

    def call(*words: str) -> int:
        return run(["hr", *words])

    call.folder = tmp_path  # type: ignore[attr-defined]
    call.people = [one.email for one in chosen]  # type: ignore[attr-defined]
    return call


def arguments(hr: Any) -> list[str]:
    return [
        "out_of_office",
        "--settings",
        str(hr.folder / "hr.yaml"),
        "--absences",
        str(hr.folder / "absences.json"),
    ]


def ours(gateway: Gateway) -> int:
    return sum((one.notes or "").startswith("[hr:") for one in gateway.read_entries().values())


def test_plan_apply_undo(hr: Any, gateway: Gateway, capfd: pytest.CaptureFixture[str]) -> None:
    assert hr("plan", *arguments(hr), "--json") == 2
    plan = json.loads(capfd.readouterr().out.splitlines()[-1])
    assert ours(gateway) == 0
    stored = ["--plan-id", plan["plan_id"], "--plan-hash", plan["plan_hash"]]
    assert hr("apply", *arguments(hr)[:3], *stored) == 0
    assert ours(gateway) == 4
    assert hr("plan", *arguments(hr)) == 0
    assert hr("apply", *arguments(hr)[:3], *stored) == 1
    assert hr("undo", plan["plan_id"], "--dry-run") == 0
    assert ours(gateway) == 4
    assert hr("undo", plan["plan_id"]) == 0
    assert ours(gateway) == 0
    out = capfd.readouterr()
    for word in (*SECRETS, *hr.people):
        assert word not in out.out + out.err


def test_plan_and_apply_at_once(hr: Any, gateway: Gateway) -> None:
    assert hr("apply", *arguments(hr)) == 0
    assert ours(gateway) == 4


@pytest.mark.parametrize(
    "change",
    [{"timezone": "Mars/Base"}, {"timezone": None}, {"mapping": "nothing"}, {"colour": "red"},
     {"limits": {"same_day": 0, "same_day_floor": 0}}],
)  # fmt: skip
def test_refused_or_wrong_is_one(hr: Any, gateway: Gateway, change: dict[str, Any]) -> None:
    path = hr.folder / "hr.yaml"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    assert hr("plan", *arguments(hr)) == 1
    assert hr("apply", *arguments(hr)) == 1
    assert ours(gateway) == 0


def test_a_wrong_hash_is_refused(hr: Any, gateway: Gateway, capfd: pytest.CaptureFixture[str]) -> None:
    hr("plan", *arguments(hr), "--json")
    plan = json.loads(capfd.readouterr().out.splitlines()[-1])
    assert hr("apply", *arguments(hr)[:3], "--plan-id", plan["plan_id"], "--plan-hash", "0" * 64) == 1
    assert ours(gateway) == 0


def test_the_named_count_overrides(hr: Any, gateway: Gateway) -> None:
    path = hr.folder / "hr.yaml"
    strict = {**json.loads(path.read_text()), "limits": {"same_day": 0, "same_day_floor": 0}}
    path.write_text(json.dumps(strict))
    assert hr("plan", *arguments(hr), "--confirm", "same_day=3") == 1
    assert hr("plan", *arguments(hr), "--confirm", "same_day=4") == 2
