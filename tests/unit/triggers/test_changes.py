"""The watcher of tables without webhooks: it tells what differs, and remembers it only then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import Asset

from calcom_provider.assets import changed_resources, changes_asset
from calcom_provider.hooks.events import event_store
from calcom_provider.resources.changes import CHECKED
from calcom_provider.sandbox import Sandbox
from calcom_provider.sandbox.control.mutations import mutate
from calcom_provider.triggers.changes import CalComChangeTrigger


def test_the_trigger_tells_changes_and_survives_failures(
    tmp_path: Path, set_connection: Callable[..., str]
) -> None:
    set_connection("events", conn_type="sqlite", host=f"{tmp_path}/events.db")
    with Sandbox(users=12) as sandbox:
        set_connection("calcom", conn_type="calcom", host=sandbox.url, password=sandbox.keys["admin"])
        trigger = CalComChangeTrigger(
            calcom_conn_id="calcom", events_conn_id="events", resources=["teams", "ooo_entries"], every=0.01
        )
        told: list[Any] = []

        async def watch() -> None:
            async for event in trigger.run():
                told.append(event.payload["resources"])
                if len(told) == 1:
                    # Told, and not yet remembered.
                    store = event_store("events")
                    assert store.looks.looks(sandbox.organization_id) == {}
                    store.database.close()
                    sandbox.state.absent.add("org_teams.list")
                    asyncio.get_running_loop().call_later(0.5, change)
                if len(told) == 2:
                    await trigger.cleanup()
                    return

        def change() -> None:
            with sandbox.paused() as state:
                state.absent.clear()
                mutate(state, sandbox.organization_id, "teams", "insert")

        asyncio.run(asyncio.wait_for(watch(), 60))
        # Looks that failed before the change.
        assert sandbox.stats()["statuses"]["404"] >= 1
    assert told == [["ooo_entries", "teams"], ["teams"]]


def test_the_trigger_survives_being_stored() -> None:
    one = CalComChangeTrigger(calcom_conn_id="calcom", events_conn_id="events", organization_id=7, every=90)
    path, arguments = one.serialize()
    assert path.endswith(".CalComChangeTrigger")
    assert CalComChangeTrigger(**arguments).serialize() == (path, arguments)


def test_the_asset_names_what_is_looked_at() -> None:
    asset = changes_asset("calcom", "events", 7, resources=["teams", "ooo_entries"], every=45)
    assert asset.uri == "calcom://calcom/7/ooo_entries-teams"
    assert isinstance(asset, Asset)
    (watcher,) = asset.watchers
    assert watcher.trigger.serialize()[1] == {
        "calcom_conn_id": "calcom",
        "events_conn_id": "events",
        "organization_id": 7,
        "resources": ["ooo_entries", "teams"],
        "every": 45,
    }
    with pytest.raises(ValueError, match="30 seconds"):
        changes_asset("calcom", "events", every=10)
    with pytest.raises(ValueError, match="bookings"):
        changes_asset("calcom", "events", resources=["bookings"])


def test_a_run_reads_what_looks_have_told_and_everything_without_one() -> None:
    def event(*names: str) -> Any:
        return SimpleNamespace(extra={"from_trigger": True, "payload": {"resources": list(names)}})

    assert changed_resources({"a": [event("teams"), event("ooo_entries", "teams")]}) == "ooo_entries,teams"
    assert changed_resources({}) == ",".join(CHECKED)
    assert changed_resources({"a": [SimpleNamespace(extra=None)]}, default=["users"]) == "users"
