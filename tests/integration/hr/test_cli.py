"""``calcom hr plan``, ``apply`` and ``undo``: exit codes, and output without anybody's data."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.cli.app import run
from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.hr.target.gateway import Gateway, read_state
from calcom_provider.sandbox import Sandbox
from tests.unit.hr.promises import promised

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
    assert hr("plan", *arguments(hr), "--json") == 4
    plan = json.loads(capfd.readouterr().out.splitlines()[-1])
    assert ours(gateway) == 0
    stored = ["--plan-id", plan["plan_id"], "--plan-hash", plan["plan_hash"]]
    assert hr("apply", *arguments(hr)[:3], *stored) == 0
    assert ours(gateway) == 4
    assert hr("plan", *arguments(hr)) == 0
    assert hr("apply", *arguments(hr)[:3], *stored) == 1
    assert hr("undo", plan["plan_id"], "--preview") == 0
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
    [{"timezone": "Mars/Base"}, {"timezone": None}, {"mapping": "nothing"}, {"colour": "red"}],
)
def test_wrong_settings_are_two(hr: Any, gateway: Gateway, change: dict[str, Any]) -> None:
    path = hr.folder / "hr.yaml"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    assert hr("plan", *arguments(hr)) == 2
    assert hr("apply", *arguments(hr)) == 2
    assert ours(gateway) == 0


def test_a_refusal_is_three(hr: Any, gateway: Gateway) -> None:
    strict(hr)
    assert hr("plan", *arguments(hr)) == 3
    assert hr("apply", *arguments(hr)) == 3
    assert ours(gateway) == 0


def test_a_wrong_hash_is_refused(hr: Any, gateway: Gateway, capfd: pytest.CaptureFixture[str]) -> None:
    hr("plan", *arguments(hr), "--json")
    plan = json.loads(capfd.readouterr().out.splitlines()[-1])
    assert hr("apply", *arguments(hr)[:3], "--plan-id", plan["plan_id"], "--plan-hash", "0" * 64) == 3
    assert ours(gateway) == 0


def test_a_hash_alone_binds_the_plan_that_is_made_now(
    hr: Any, gateway: Gateway, capfd: pytest.CaptureFixture[str]
) -> None:
    promised("Without an id, ``--plan-hash`` binds the plan that is made now.")
    hr("plan", *arguments(hr), "--json")
    plan = json.loads(capfd.readouterr().out.splitlines()[-1])
    assert hr("apply", *arguments(hr), "--plan-hash", "0" * 64) == 3
    assert ours(gateway) == 0
    assert hr("apply", *arguments(hr), "--plan-hash", plan["plan_hash"]) == 0
    assert ours(gateway) == 4


def test_the_named_count_overrides(hr: Any, gateway: Gateway) -> None:
    path = hr.folder / "hr.yaml"
    strict = {**json.loads(path.read_text()), "limits": {"same_day": 0, "same_day_floor": 0}}
    path.write_text(json.dumps(strict))
    assert hr("plan", *arguments(hr), "--confirm", "same_day=3") == 3
    assert hr("plan", *arguments(hr), "--confirm", "same_day=4") == 4


def strict(hr: Any) -> None:
    path = hr.folder / "hr.yaml"
    path.write_text(
        json.dumps({**json.loads(path.read_text()), "limits": {"same_day": 0, "same_day_floor": 0}})
    )


def test_the_hash_names_a_plan_and_overrides_nothing(
    hr: Any, gateway: Gateway, capfd: pytest.CaptureFixture[str]
) -> None:
    promised(
        "``plan_hash`` and ``--plan-hash`` say which plan is meant and override nothing; only ``confirm`` does."
    )
    strict(hr)
    assert hr("plan", *arguments(hr), "--json") == 3
    plan = json.loads(capfd.readouterr().out.splitlines()[-1])
    stored = ["--plan-id", plan["plan_id"], "--plan-hash", plan["plan_hash"]]
    assert hr("apply", *arguments(hr)[:3], *stored) == 3
    assert ours(gateway) == 0
    assert hr("apply", *arguments(hr)[:3], *stored, "--confirm", "same_day=3") == 3
    assert ours(gateway) == 0
    with Ledger(f"sqlite:///{hr.folder / 'ledger.db'}") as ledger:
        assert ledger.confirmations(plan["plan_id"]) == []


def test_a_refused_plan_names_the_command_that_confirms_it_and_the_ledger_keeps_who_did(
    hr: Any, gateway: Gateway, capfd: pytest.CaptureFixture[str]
) -> None:
    promised("A refused plan says which counts these are, and the command that names them:")
    strict(hr)
    hr("plan", *arguments(hr), "--json")
    plan = json.loads(capfd.readouterr().out.splitlines()[-1])
    words = shlex.split(plan["confirm_command"])
    assert words[:2] == ["calcom", "hr"]
    before = time.time()
    assert hr(*words[2:], "--confirmed-by", "reviewer") == 0
    assert ours(gateway) == 4
    with Ledger(f"sqlite:///{hr.folder / 'ledger.db'}") as ledger:
        [told] = ledger.confirmations(plan["plan_id"])
    assert (told["by"], told["guards"]) == (
        "reviewer", [{"guard": "same_day", "subject": None, "observed": 4, "limit": 0}]
    )  # fmt: skip
    assert before <= told["at"] <= time.time()


def test_without_a_ledger_the_command_plans_anew(
    hr: Any, gateway: Gateway, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CALCOM_LEDGER_URL")
    strict(hr)
    assert hr("apply", *arguments(hr)) == 3
    told = next(line for line in capfd.readouterr().err.splitlines() if line.startswith("to confirm: "))
    assert hr(*shlex.split(told)[4:]) == 0
    assert ours(gateway) == 4


def test_a_plan_of_the_other_kind_is_refused(hr: Any, capfd: pytest.CaptureFixture[str]) -> None:
    hr("plan", *arguments(hr), "--json")
    plan = json.loads(capfd.readouterr().out.splitlines()[-1])
    path = hr.folder / "hr.yaml"
    columns = {"columns": {"team": {"attribute": "cost-centre"}}, "directory_sync": "off"}
    path.write_text(json.dumps({**json.loads(path.read_text()), "attributes": columns}))
    assert hr("apply", "attributes", "--settings", str(path), "--plan-id", plan["plan_id"]) == 2
    assert "not of attributes" in capfd.readouterr().err
