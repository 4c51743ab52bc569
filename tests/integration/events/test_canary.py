"""Deliveries full of canaries, taken and refused ones, leave none in Airflow's database, logs, assets and our store."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from calcom_provider.plugins.calcom import CalComPlugin
from calcom_provider.sandbox.control.mutations import mutate
from calcom_provider.sandbox.world.stores import bookings
from calcom_provider.triggers.events import CalComEventTrigger
from tests.integration.events.world import SECRET, World, served, world
from tests.integration.test_canary import MARK, Sinks, plant


def plant_attendees(w: World) -> None:
    """Put canaries into what deliveries tell of bookings beside the hosts."""
    with w.sandbox.paused() as state:
        for row in list(bookings(state)):
            people = [
                one | {"name": f"{MARK} guest", "email": f"{MARK}.{place}@client.example"}
                for place, one in enumerate(row["attendees"])
            ]
            answers = {"name": f"{MARK} guest", "email": f"{MARK}@client.example", "notes": f"{MARK} notes"}
            bookings(state).update(row, attendees=people, responses=answers)


def send(url: str, w: World) -> list[int]:
    """Send what is not taken and what is odd, each full of canaries; return the statuses of the answers."""
    now = datetime.now(UTC)

    def body(at: datetime = now, **more: Any) -> bytes:
        payload = {"uid": f"{MARK}-uid", "bookingId": 1, "title": f"{MARK} title"} | more
        told = {"triggerEvent": f"{MARK}_TRIGGER", "createdAt": at.isoformat(), "payload": payload}
        return json.dumps(told).encode()

    def signed(content: bytes) -> str:
        return hmac.new(SECRET.encode(), content, hashlib.sha256).hexdigest()

    # The last is taken: nothing but its id and times is kept, and nobody knows that id.
    strange = body(uid="uid-of-nobody", bookingId=999_999_999)
    sent = [
        (w.organization_id, body(), f"{MARK}-signature"),
        (w.organization_id, body(), ""),
        (999, body(), signed(body())),
        (w.organization_id, body(now - timedelta(hours=1)), signed(body(now - timedelta(hours=1)))),
        (w.organization_id, body()[:-9], signed(body()[:-9])),
        (w.organization_id, f'"{MARK}"'.encode(), signed(f'"{MARK}"'.encode())),
        (w.organization_id, MARK.encode() * 30_000, "0" * 64),
        (w.organization_id, strange, signed(strange)),
    ]
    return [
        requests.post(
            f"{url}/{organization}", data=content, headers={"X-Cal-Signature-256": signature}, timeout=30
        ).status_code
        for organization, content, signature in sent
    ]


def test_no_canary_gets_into_airflow_or_the_store(
    tmp_path: Path,
    airflow_db: Path,
    set_connection: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    run_dag: Callable[..., Any],
) -> None:
    caplog.set_level(logging.DEBUG, "calcom_provider")
    sinks = Sinks({SECRET})
    with world(tmp_path) as w:
        plant(w.sandbox)
        plant_attendees(w)
        extra = {"organization_id": w.organization_id, "webhook_secret": SECRET}
        key = w.sandbox.keys["admin"]
        set_connection("calcom_default", conn_type="calcom", host=w.sandbox.url, password=key, extra=extra)
        set_connection("warehouse_default", conn_type="sqlite", host=f"{tmp_path}/warehouse.db")
        set_connection("events", conn_type="sqlite", host=f"{tmp_path}/events.db")
        monkeypatch.setenv("AIRFLOW__CALCOM__EVENTS_CONN_ID", "events")
        w.sync("bookings,ooo_entries,routing_form_responses")
        applications = {one["url_prefix"]: one["app"] for one in CalComPlugin.fastapi_apps}
        with served(applications["/calcom-events"]) as url:
            assert send(url, w) == [401, 401, 404, 400, 400, 400, 413, 200]
            w.subscriptions.register(url)
            one, other, *_ = w.bookings()
            w.cancel(one["uid"])
            with w.sandbox.paused() as state:
                mutate(state, w.organization_id, "ooo_entries", "insert")
            # One that the API no longer shows: what is said of it is an error's text.
            w.cancel(other["uid"])
            with w.sandbox.paused() as state:
                row = bookings(state).first("uid", other["uid"])
                assert row is not None
                bookings(state).delete(row)
            w.drain()
            assert [one.status for one in w.sandbox.deliveries.sent] == [200, 200, 200]

            async def first() -> Any:
                told = await anext(CalComEventTrigger(events_conn_id="events", debounce=0).run())
                return told.payload

            sinks.add("asset events of the watcher", json.dumps(asyncio.run(first())))
            run = run_dag("calcom_events")
        assert run.state == "success"
        # They were there to be found.
        (held,) = w.rows("booking_attendees", "name", "position = 0 AND name LIKE '%guest%' LIMIT 1")
        assert MARK in held[0]
    sinks.add("logs", caplog.text)
    sinks.add("output of tasks", "".join(capfd.readouterr()))
    sinks.add_tables("metadata database", airflow_db / "airflow.db", "")
    sinks.add_files("files of Airflow", airflow_db / "logs")
    sinks.add_tables("store of events", tmp_path / "events.db", "")
    assert len(sinks.told["metadata database"]) > 10
    assert {"asset events of the watcher", "logs", "output of tasks", "store of events"} <= set(sinks.told)
    assert sinks.leaks() == []
