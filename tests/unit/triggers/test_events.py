"""Events are told once for many, after a while, and again only when others came."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import Asset

from calcom_provider.assets import events_asset
from calcom_provider.events.body import Delivered
from calcom_provider.events.store.store import Queue
from calcom_provider.hooks.events import event_store
from calcom_provider.resources.events import Change
from calcom_provider.triggers.events import CalComEventTrigger, Debounce


def queue(
    oldest: float, newest: float, *, resource: str = "bookings", organization: int = 7, rows: int = 1
) -> Queue:
    return Queue(organization, resource, rows, oldest, newest)


def test_many_events_are_told_once_after_the_first_has_waited() -> None:
    debounce = Debounce(10.0)
    told = [second for second in range(100, 160) if debounce.due([queue(100, min(second, 130))], second)]
    # 100 waits until 110; what came since then until 121 and 132; nothing is told while nothing is new.
    assert told == [110, 121, 132]


def test_what_waits_on_is_not_told_again_but_what_is_queued_anew_is() -> None:
    debounce = Debounce(10.0)
    assert debounce.due([queue(100, 100)], 110)
    assert not any(debounce.due([queue(100, 100)], second) for second in range(111, 500))
    assert not debounce.due([queue(500, 500)], 501)
    assert debounce.due([queue(500, 500)], 510)
    assert not debounce.due([], 511)


def test_the_trigger_tells_numbers_of_what_it_wants() -> None:
    trigger = CalComEventTrigger(
        events_conn_id="events", organization_id=7, resources=["bookings"], debounce=10
    )
    now = time.time()

    async def stream() -> AsyncIterator[Any]:
        yield [queue(now - 60, now - 50, resource="ooo_entries"), queue(now - 60, now - 50, organization=8)]
        yield [queue(now - 40, now - 30, rows=3)]
        yield [queue(now - 40, now - 30, rows=3)]

    async def told() -> list[Any]:
        return [event.payload async for event in trigger.filter_shared_stream(stream())]

    assert asyncio.run(told()) == [{"organizations": [7], "rows": {"bookings": 3}, "queued_until": now - 30}]


def test_the_trigger_survives_being_stored_and_shares_one_look() -> None:
    one = CalComEventTrigger(events_conn_id="events", organization_id=7)
    path, arguments = one.serialize()
    again = CalComEventTrigger(**arguments)
    assert again.serialize() == (path, arguments)
    other = CalComEventTrigger(events_conn_id="events", organization_id=8, debounce=60)
    assert one.shared_stream_key() == other.shared_stream_key()


def test_the_trigger_reads_the_store_that_a_connection_names(
    tmp_path: Path, set_connection: Callable[..., str]
) -> None:
    set_connection("events", conn_type="sqlite", host=f"{tmp_path}/events.db")
    store = event_store("events")
    at = datetime.now(UTC)
    store.add(7, "d" * 64, Delivered("BOOKING_CREATED", at, (Change("bookings", "uid", 1, at),)))
    trigger = CalComEventTrigger(events_conn_id="events", debounce=0)

    async def first() -> Any:
        async for event in trigger.run():
            return event.payload
        raise AssertionError

    told = asyncio.run(asyncio.wait_for(first(), 60))
    assert told["rows"]["bookings"] == 1
    store.database.close()


def test_the_asset_names_its_store_organisation_and_tables() -> None:
    asset = events_asset("events", 7, resources=["bookings"])
    assert asset.uri == "calcom://events/7/bookings"
    assert isinstance(asset, Asset)
    assert [watcher.trigger.serialize()[1]["debounce"] for watcher in asset.watchers] == [10.0]
    for wrong in (5, 61):
        with pytest.raises(ValueError, match="10 to 60"):
            events_asset("events", debounce=wrong)
