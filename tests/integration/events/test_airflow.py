"""The Airflow face of events: operators, the endpoint in the API server, and what Airflow keeps of it all."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import AssetAlias
from airflow.sdk.exceptions import AirflowFailException

from calcom_provider.events.receiver import Receiver
from calcom_provider.hooks.events import event_store, receiver
from calcom_provider.operators.events import CalComWebhooksOperator
from calcom_provider.plugins.calcom import CalComPlugin
from calcom_provider.transfers.events_to_sql import CalComEventSyncOperator
from tests.integration.events.world import SECRET, World, served, world


@pytest.fixture
def w(tmp_path: Path, set_connection: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with world(tmp_path) as made:
        extra = {"organization_id": made.organization_id, "webhook_secret": SECRET}
        set_connection(
            "calcom_default",
            conn_type="calcom",
            host=made.sandbox.url,
            password=made.sandbox.keys["admin"],
            extra=extra,
        )
        set_connection("warehouse_default", conn_type="sqlite", host=f"{tmp_path}/warehouse.db")
        set_connection("events", conn_type="sqlite", host=f"{tmp_path}/events.db")
        monkeypatch.setenv("AIRFLOW__CALCOM__EVENTS_CONN_ID", "events")
        yield made


def operator(**more: Any) -> CalComEventSyncOperator:
    given = {"task_id": "events", "sql_conn_id": "warehouse_default", "events_conn_id": "events"}
    return CalComEventSyncOperator(**(given | more))


def test_operators_and_endpoint_as_a_user_has_them(w: World, task_context: dict[str, Any]) -> None:
    """Registered by an operator, delivered to the plugin's own application, merged by an operator."""
    applications = {one["url_prefix"]: one["app"] for one in CalComPlugin.fastapi_apps}
    with served(applications["/calcom-events"]) as url:

        def webhooks(action: str, **more: Any) -> dict[str, Any]:
            made = CalComWebhooksOperator(task_id=action, action=action, events_conn_id="events", **more)
            return made.execute(task_context)

        registered = webhooks("register", url=f"{url}/calcom-events")
        assert registered["url"] == f"{url}/calcom-events/{w.organization_id}"
        assert set(registered["dropped"]) == {
            "BOOKING_LOCATION_UPDATED", "BOOKING_REASSIGNED", "ROUTING_FORM_FALLBACK_HIT",
        }  # fmt: skip
        assert webhooks("register", url=f"{url}/calcom-events")["changed"] is False
        assert webhooks("test") == {"status": 200}
        w.sync("bookings,ooo_entries")
        first, second, *_ = w.bookings()
        w.cancel(first["uid"])
        w.drain()
        # The new secret is in force at once, and the one before is still taken.
        assert webhooks("rotate") == {"generation": 2}
        w.cancel(second["uid"])
        w.drain()
        alias = AssetAlias("changed")
        done = operator(outlets=[alias]).execute(task_context)
        assert (done["changes"], done["merged"], done["rows_changed"]) == (2, 2, 2)
        ((asset, told),) = task_context["outlet_events"][alias].events
        assert asset.uri == "calcom://warehouse_default/default/calcom_bookings"
        assert told["updated"] == 2
        assert operator().execute(task_context)["changes"] == 0
        assert webhooks("remove") == {"removed": True}
        assert webhooks("remove") == {"removed": False}
        # Nothing of a booking is in what Airflow keeps: results, asset events.
        kept = json.dumps([registered, done, told])
        assert not any(text in kept for text in (first["title"], first["attendees"][0]["email"], SECRET))


def test_secrets_are_shown_to_nobody(w: World) -> None:
    w.subscriptions.register(f"{w.url}/x")
    ((held,),) = [
        [row for row in w.client.rows("org_webhooks.list") if row["subscriberUrl"].startswith(w.url)]
    ]
    assert held["secret"] != SECRET
    assert SECRET not in repr(w.subscriptions.webhooks())
    assert held["secret"] not in repr(w.subscriptions.webhooks())
    with closing(sqlite3.connect(w.store.database.engine.url.database or "")) as database:
        dump = "\n".join(database.iterdump())
    assert SECRET not in dump
    assert held["secret"] not in dump


def test_events_are_never_kept_in_airflows_own_database(
    w: World, airflow_db: Path, set_connection: Callable[..., str]
) -> None:
    set_connection("metadata", conn_type="sqlite", host=f"{airflow_db}/airflow.db")
    with pytest.raises(AirflowFailException, match="Airflow's own database"):
        operator(events_conn_id="metadata").execute({"ti": None})  # type: ignore[arg-type]


def test_the_receiver_is_made_of_the_configuration(w: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CALCOM__WEBHOOK_TOLERANCE", "60")
    monkeypatch.setenv("AIRFLOW__CALCOM__WEBHOOK_CONN_IDS", "calcom_default,not_there")
    made = receiver()
    assert isinstance(made, Receiver)
    assert made.limits.tolerance == 60
    assert made.receive(w.organization_id, None, b"{}").outcome == "unsigned"
    assert made.receive(99, None, b"{}").outcome == "foreign"
    event_store("events").database.close()
