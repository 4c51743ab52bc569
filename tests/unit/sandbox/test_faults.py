"""Faults happen as they are asked for, over a real connection, and the same way for the same seed."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter

import pytest
import requests

from calcom_provider.sandbox import Sandbox
from calcom_provider.sandbox.control.faults import KINDS, Faults
from calcom_provider.sandbox.core.wire import Incoming, Response
from tests.unit.sandbox.conftest import Http

BROKEN = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)


def absence(http: Http) -> tuple[str, dict[str, str]]:
    busy = {row["userId"] for row in http.sandbox.state.ooo} | {
        row["toUserId"] for row in http.sandbox.state.ooo
    }
    user = next(row["id"] for row in http.get("users").json()["data"] if row["id"] not in busy)
    return f"users/{user}/ooo", {"start": "2027-01-01T00:00:00Z", "end": "2027-01-02T00:00:00Z"}


def test_a_lost_answer_has_had_its_effect(http: Http) -> None:
    path, body = absence(http)
    http.sandbox.faults.script([{"operation": "org_user_ooo.create", "do": "lost"}])
    with pytest.raises(BROKEN):
        http.post(path, body)
    assert len(http.get(path).json()["data"]) == 1
    assert http.post(path, body).status_code == 409


def test_a_reset_before_the_effect_has_had_none(http: Http) -> None:
    path, body = absence(http)
    http.sandbox.faults.script([{"operation": "org_user_ooo.create", "do": "reset"}])
    with pytest.raises(BROKEN):
        http.post(path, body)
    assert http.get(path).json()["data"] == []
    assert http.post(path, body).status_code == 201


def test_a_late_effect_lands_after_its_lost_answer(http: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    path, body = absence(http)
    over, sleep = threading.Event(), asyncio.sleep

    async def until_over(seconds: float) -> None:
        while seconds == 777 and not over.is_set():
            await sleep(0.01)
        await sleep(0.0 if seconds == 777 else seconds)

    monkeypatch.setattr(asyncio, "sleep", until_over)
    http.sandbox.faults.script([{"operation": "org_user_ooo.create", "do": "late", "seconds": 777}])
    with pytest.raises(BROKEN):
        http.post(path, body)
    assert http.get(path).json()["data"] == []
    over.set()
    deadline = time.monotonic() + 60
    while not http.get(path).json()["data"] and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(http.get(path).json()["data"]) == 1


def test_a_truncated_body_is_noticed(http: Http) -> None:
    http.sandbox.faults.script([{"operation": "org_users.list", "do": "truncated", "after": 1}])
    assert http.get("users").status_code == 200
    with pytest.raises(BROKEN):
        http.get("users")
    assert http.get("users").status_code == 200


def test_silence_and_latency(http: Http) -> None:
    http.sandbox.faults.set(latency=0.05, timeout_seconds=5)
    started = time.monotonic()
    http.get("teams")
    assert time.monotonic() - started >= 0.05
    http.sandbox.faults.script([{"do": "timeout"}])
    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{http.sandbox.url}/me", timeout=0.2)


@pytest.mark.parametrize(
    ("kind", "status"), [("500", 500), ("502", 502), ("503", 503), ("504", 504), ("html", 502)]
)
def test_error_answers(http: Http, kind: str, status: int) -> None:
    http.sandbox.faults.script([{"do": kind}])
    answer = http.get("teams")
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("application/json" if kind == "500" else "text/html")


def test_tests_can_cut_at_an_exact_answer(http: Http) -> None:
    seen: list[str] = []

    def cut(request: Incoming, answer: Response) -> object:
        seen.append(request.path)
        return {2: "lost", 3: Response(418, b"{}", {"Content-Type": "application/json"})}.get(len(seen))

    http.sandbox.before_answer(cut)
    assert http.get("teams").status_code == 200
    with pytest.raises(BROKEN):
        http.get("teams")
    assert http.get("teams").status_code == 418


def decided(faults: Faults, order: list[int]) -> dict[str, list[str | None]]:
    found: dict[str, list[str | None]] = {}
    for number in order:
        fault = faults.decide("org_users.list", Incoming("GET", f"/v2/x/{number}"))
        found.setdefault(str(number), []).append(fault.kind if fault else None)
    return found


def test_faults_follow_seed_and_request_not_their_order() -> None:
    orders = [list(range(40)) * 5, [number for number in range(40) for _ in range(5)]]
    one, two, other = Faults(), Faults(), Faults()
    for faults in (one, two):
        faults.set(rate=0.4, seed=3)
    other.set(rate=0.4, seed=4)
    first = decided(one, orders[0])
    assert first == decided(two, orders[1])
    assert first != decided(other, orders[0])
    kinds = Counter(kind for row in first.values() for kind in row)
    assert set(KINDS) <= set(kinds)
    assert 0.2 <= 1 - kinds[None] / 200 <= 0.6


def test_at_most_two_500_follow_one_another() -> None:
    faults = Faults()
    faults.set(rates={"500": 1.0}, in_a_row=50)
    row = decided(faults, [1] * 30)["1"]
    assert row == ["500", "500", None] * 10


def test_unknown_faults_are_refused() -> None:
    with pytest.raises(ValueError, match="No such fault: nonsense"):
        Faults().set(nonsense=1)
    with pytest.raises(ValueError, match="No such fault: 999"):
        Faults().set(rates={"999": 1.0})


def test_control_routes(http: Http) -> None:
    http.control("POST", "faults", {"rates": {"503": 1.0}, "only": ["org_teams.list"]})
    assert [http.get(path).status_code for path in ("teams", "users")] == [503, 200]
    assert http.control("DELETE", "faults")["happened"] == {"503": 1}
    rows = http.control("GET", "stats")["rows"]["users"]
    added = http.control("POST", "mutate", {"resource": "users", "do": "insert", "count": 2})["keys"]
    assert len(http.get("users").json()["data"]) == rows + 2
    http.control("POST", "mutate", {"resource": "users", "do": "delete", "place": 0})
    listed = [row["id"] for row in http.get("users").json()["data"]]
    assert listed[-2:] == added
    http.control("POST", "reset")
    assert http.control("GET", "stats")["rows"]["users"] == rows
    assert http.get("users").status_code == 200


def test_reads_lag_behind_writes(http: Http) -> None:
    http.sandbox.faults.set(lag=3600)
    path, body = absence(http)
    assert http.post(path, body).status_code == 201
    assert http.get(path).json()["data"] == []
    http.sandbox.faults.set(lag=0.001)
    assert len(http.get(path).json()["data"]) == 1


def test_ties_are_shuffled_at_each_request(http: Http) -> None:
    for row in http.sandbox.state.ooo.ordered():
        row["start"] = "2026-05-01T00:00:00.000Z"
    http.sandbox.faults.set(shuffle_ties=True)
    orders = {tuple(row["id"] for row in http.get("ooo?sortStart=asc").json()["data"]) for _ in range(6)}
    assert len(orders) > 1
    assert len({tuple(sorted(order)) for order in orders}) == 1


def test_physical_order_moves_updated_rows(http: Http) -> None:
    http.sandbox.faults.set(physical_order=True)
    first = http.get("memberships").json()["data"][0]
    http.session.patch(
        f"{http.base}/memberships/{first['id']}", json={"disableImpersonation": True}, timeout=60
    )
    assert http.get("memberships").json()["data"][-1]["id"] == first["id"]


def test_rows_churn_between_pages(http: Http) -> None:
    http.sandbox.faults.set(churn={"delete": 1.0})
    before = len(http.sandbox.state.profiles.by("organizationId", http.sandbox.organization_id))
    http.get("users?take=10")
    http.get("users?take=10&skip=10")
    assert len(http.sandbox.state.profiles.by("organizationId", http.sandbox.organization_id)) == before - 1


def test_a_stranger_spends_the_same_budget_and_headers_can_be_missing() -> None:
    with Sandbox(10, limit=(120, 60.0, 60.0)) as sandbox:
        http = Http(sandbox)
        sandbox.faults.set(stranger={"every": 2, "requests": 30})
        left = [int(http.get("teams").headers["X-RateLimit-Remaining-Default"]) for _ in range(4)]
        assert left == [119, 88, 87, 56]
        sandbox.spend("admin", 50)
        sandbox.faults.set(stranger={}, rate_headers=False)
        assert not [name for name in http.get("teams").headers if "ratelimit" in name.lower()]


def test_any_size_starts_fast() -> None:
    started = time.process_time()  # a loaded machine makes it no slower by this measure
    with Sandbox(5000, limit=None) as sandbox:
        assert time.process_time() - started < 10
        assert len(Http(sandbox).get("users?take=1000").json()["data"]) == 1000
