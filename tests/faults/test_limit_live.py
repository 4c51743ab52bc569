"""The governor against the imitated throttle, in real time at small windows: what counts are the refusals."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from calcom_provider.api.client import CalComClient
from calcom_provider.api.http.auth import ApiKey
from calcom_provider.api.rate_limit.governor import governor_for
from calcom_provider.api.rate_limit.state import FileStateStore


def client_of(sandbox: Any, directory: Path, **settings: Any) -> CalComClient:
    auth = ApiKey(sandbox.keys["admin"])
    governor = governor_for(auth, sandbox.url, FileStateStore(directory), **settings)
    return CalComClient(auth=auth, base_url=sandbox.url, governor=governor)


def statuses(sandbox: Any) -> dict[str, int]:
    return dict(sandbox.stats()["statuses"])


def call_often(client: CalComClient, times: int, threads: int = 8) -> None:
    with ThreadPoolExecutor(threads) as pool:
        for future in [pool.submit(client.call, "me.get") for _ in range(times)]:
            future.result()


def test_a_sync_of_the_usual_shape_is_never_refused(make_sandbox: Callable[..., Any], tmp_path: Path) -> None:
    # 75 requests and more at 20 per 5 s: five windows, the same shape as 255 at 120 per 60 s.
    sandbox = make_sandbox(users=2200, ooo=900, teams=40, team_size=12, limit=(20, 5.0, 5.0))
    waits: list[float] = []
    with client_of(sandbox, tmp_path, on_wait=lambda seconds, reason: waits.append(seconds)) as client:
        read: dict[str, int] = {}

        def whole(operation: str, **parameters: Any) -> list[Any]:
            reader = client.pages(operation, **parameters)
            rows = [row for page in reader for row in page.rows or ()]
            assert reader.complete, reader.reason
            read[operation] = read.get(operation, 0) + reader.requests
            return rows

        users = whole("org_users.list")
        members = whole("org_memberships.list")
        assert len({row["id"] for row in users}) == sandbox.stats()["rows"]["users"]
        assert len({row["id"] for row in members}) == sandbox.stats()["rows"]["memberships"]
        whole("org_ooo.list")
        teams = {row["id"] for row in whole("org_teams.list")}
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda team: whole("org_team_memberships.list", teamId=team), teams))
        assert set(statuses(sandbox)) == {"200"}
        # At most two more than a list's full pages and its short one.
        assert read["org_users.list"] <= len(users) // 1000 + 1 + 2
        assert read["org_memberships.list"] <= len(members) // 250 + 1 + 2
        assert client.stats.throttled == 0
        assert client.stats.waited_seconds > 0
        assert waits


def test_a_stranger_in_mid_window_costs_at_most_one_refusal(
    make_sandbox: Callable[..., Any], tmp_path: Path
) -> None:
    sandbox = make_sandbox(limit=(20, 3.0, 3.0))
    with client_of(sandbox, tmp_path) as client:
        call_often(client, 8)
        sandbox.spend("admin", 6)
        # Two in flight of 20 are as eight of 120: what is under way cannot know of the stranger.
        call_often(client, 30, threads=2)
    assert statuses(sandbox).get("429", 0) <= 1
    assert statuses(sandbox)["200"] == 38


def test_a_key_that_is_nearly_spent_at_the_start(make_sandbox: Callable[..., Any], tmp_path: Path) -> None:
    sandbox = make_sandbox(limit=(20, 3.0, 3.0))
    sandbox.spend("admin", 15)
    with client_of(sandbox, tmp_path) as client:
        call_often(client, 20)
    assert statuses(sandbox) == {"200": 20}


def test_a_block_in_force_at_the_start_is_waited_out(
    make_sandbox: Callable[..., Any], tmp_path: Path
) -> None:
    sandbox = make_sandbox(limit=(20, 3.0, 3.0))
    sandbox.spend("admin", 25)
    with client_of(sandbox, tmp_path) as client:
        call_often(client, 10)
    assert statuses(sandbox) == {"429": 1, "200": 10}


def test_two_named_limits(make_sandbox: Callable[..., Any], tmp_path: Path) -> None:
    sandbox = make_sandbox()
    sandbox.set_limits("admin", [("short", 5, 1.0, 1.0), ("long", 15, 3.0, 3.0)])
    with client_of(sandbox, tmp_path) as client:
        call_often(client, 50)
        assert set(client.governor.snapshot().names) == {"short", "long"}
    assert statuses(sandbox) == {"200": 50}


def test_a_raised_limit_is_used(make_sandbox: Callable[..., Any], tmp_path: Path) -> None:
    sandbox = make_sandbox()
    sandbox.set_limits("admin", [("default", 600, 60.0, 60.0)])
    with client_of(sandbox, tmp_path) as client:
        call_often(client, 400)
        assert client.stats.waited_seconds < 30
        assert client.governor.snapshot().limit == 600
    assert statuses(sandbox) == {"200": 400}


def test_without_headers_the_start_values_are_kept_to(
    make_sandbox: Callable[..., Any], tmp_path: Path
) -> None:
    sandbox = make_sandbox(limit=(20, 3.0, 3.0), faults={"rate_headers": False})
    with client_of(sandbox, tmp_path, start=(20, 3.0)) as client:
        call_often(client, 50)
    assert statuses(sandbox) == {"200": 50}


def test_closing_a_client_ends_its_waits(make_sandbox: Callable[..., Any], tmp_path: Path) -> None:
    from calcom_provider.api.errors import TransportError

    sandbox = make_sandbox(limit=(2, 60.0, 60.0))
    client = client_of(sandbox, tmp_path)
    client.call("me.get")
    client.call("me.get")
    ended: list[BaseException] = []

    def wait() -> None:
        try:
            client.call("me.get")
        except TransportError as error:
            ended.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    while not client.governor.waited_seconds:
        time.sleep(0.01)
    client.close()
    thread.join(timeout=60)
    assert not thread.is_alive()
    assert ended[0].kind == "cancelled"  # type: ignore[attr-defined]


def test_a_list_that_shrank_costs_nothing_for_pages_that_are_gone(
    make_sandbox: Callable[..., Any], tmp_path: Path
) -> None:
    # Eight pages are planned from an older count; those that still wait for budget are given up at the end.
    sandbox = make_sandbox(users=100, limit=(6, 3.0, 3.0))
    with client_of(sandbox, tmp_path) as client:
        reader = client.pages(
            "org_memberships.list", page_size=50, expected=5000, orgId=sandbox.organization_id
        )
        for _ in reader:
            pass
        assert reader.complete
    assert sum(statuses(sandbox).values()) <= 7
    assert statuses(sandbox).get("429", 0) == 0
