"""A real Airflow that webhooks of an imitated Cal.com reach: receiver, watcher, event sync, scheduled sync."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
import sqlalchemy as sa

from calcom_provider.api.http.auth import ApiKey
from calcom_provider.events.store.database import Database
from calcom_provider.events.store.store import EventStore
from calcom_provider.events.subscriptions import Subscriptions
from calcom_provider.sandbox import Sandbox
from tests.integration.events.compared import table_differences
from tests.integration.test_canary import Sinks, plant
from tests.plugins.airflow_env import DAGS
from tests.plugins.api import client_for
from tests.system.airflow_server import Api, standalone, wait_for

SECRET = "a-secret-for-tests-0123456789abcdef"
RESOURCES = "bookings,ooo_entries,routing_forms,routing_form_responses"
SCHEDULED, BY_EVENTS, BY_LOOKS = "calcom_to_warehouse", "calcom_events", "calcom_changes"


@dataclass(slots=True)
class World:
    """Hold the parts.

    :param sandbox: the imitated Cal.com.
    :param api: Airflow's REST API.
    :param home: AIRFLOW_HOME, with the logs.
    :param metadata_url: Airflow's own database.
    :param warehouse_url: the tables.
    :param events_url: what the receiver keeps.
    """

    sandbox: Sandbox
    api: Api
    home: Path
    metadata_url: str
    warehouse_url: str
    events_url: str
    _engines: dict[str, sa.Engine] = field(default_factory=dict)

    def ask(self, sql: str, url: str = "", **parameters: Any) -> list[Any]:
        """Ask a database, the warehouse by default."""
        url = url or self.warehouse_url
        engine = self._engines.setdefault(url, sa.create_engine(url))
        with engine.connect() as connection:
            return list(connection.execute(sa.text(sql), parameters).all())

    def scheduled_sync(self, seconds: float = 300) -> dict[str, Any]:
        """Run the scheduled sync; return what its task said."""
        run = self.api.run(SCHEDULED, {"resources": RESOURCES, "events_conn_id": "events"}, seconds)
        assert run["state"] == "success", self.api.tell(run)
        found: dict[str, Any] = self.api.result(run, "sync")
        return found

    @contextmanager
    def scheduled_beside(self, every: float) -> Iterator[list[dict[str, Any]]]:
        """Run the scheduled sync again and again until the block ends; give what the runs said."""
        stop, done = threading.Event(), []
        failed: list[BaseException] = []

        def work() -> None:
            while not stop.wait(every):
                try:
                    done.append(self.scheduled_sync())
                except (AssertionError, requests.RequestException) as error:
                    failed.append(error)
                    return

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        try:
            yield done
        finally:
            stop.set()
            thread.join(300)
        assert not failed, failed[0]

    def runs(self, dag_id: str, **filters: str) -> int:
        """Count the runs of a DAG that its watcher starts."""
        found = self.api.call("GET", f"/dags/{dag_id}/dagRuns", params={"limit": 1} | filters)
        return int(found["total_entries"])

    def differences(self) -> list[str]:
        """Name how the tables differ from the sandbox's own state."""
        return table_differences(self.sandbox, self.warehouse_url)

    def leaks(self) -> list[str]:
        """Return where Airflow's database, its logs or the store of events hold a canary or a secret."""
        sinks = Sinks({SECRET, self.sandbox.keys["admin"]})
        for place, url in (("metadata database", self.metadata_url), ("store of events", self.events_url)):
            tables = self.ask(
                "SELECT table_name FROM information_schema.tables"
                " WHERE table_schema = 'public' AND table_type = 'BASE TABLE'",
                url,
            )
            for (table,) in tables:
                for (row,) in self.ask(f'SELECT CAST(t AS text) FROM "{table}" t', url):
                    sinks.add(place, f"{table} {row}")
        sinks.add_files("logs of tasks", self.home / "logs")
        for path in self.home.glob("*.log"):
            sinks.add("logs of the parts", path.read_text(errors="replace"))
        assert len(sinks.told) == 4
        return sinks.leaks()

    def close(self) -> None:
        for engine in self._engines.values():
            engine.dispose()


@contextmanager
def events_in_airflow(
    home: Path,
    databases: tuple[str, str, str],
    *,
    bookings: int,
    limit: tuple[int, float, float],
    by: str = BY_EVENTS,
) -> Iterator[World]:
    """Open everything, with tables that a first sync has filled and a subscription that tells Airflow.

    Every text about people is a canary, which neither Airflow nor the store of events may keep.

    :param home: AIRFLOW_HOME.
    :param databases: URLs of empty databases: Airflow's, the warehouse, the store of events.
    :param bookings: how many bookings there are at first.
    :param limit: requests, window and block in seconds.
    :param by: the DAG that a watcher starts, beside the scheduled sync.
    """
    metadata, warehouse, events = databases
    dags = home / "dags"
    dags.mkdir()
    for name in (SCHEDULED, by):
        (dags / f"{name}.py").write_text((DAGS / f"{name}.py").read_text())
    with ExitStack() as stack:
        sandbox = stack.enter_context(
            Sandbox(users=60, bookings=bookings, limit=("default", *limit), live=True)
        )
        plant(sandbox)
        key = sandbox.keys["admin"]
        calcom = {
            "conn_type": "calcom",
            "host": sandbox.url,
            "password": key,
            "extra": json.dumps({"organization_id": sandbox.organization_id, "webhook_secret": SECRET}),
        }
        connections = {
            "calcom_default": calcom,
            "warehouse_default": connection_of(warehouse),
            "events": connection_of(events),
        }
        settings = {
            "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": sa.make_url(metadata)
            .set(drivername="postgresql+psycopg2")
            .render_as_string(hide_password=False),
            "AIRFLOW__CALCOM__EVENTS_CONN_ID": "events",
        }
        api = stack.enter_context(standalone(home, connections, **settings))
        world = World(sandbox, api, home, metadata, warehouse, events)
        stack.callback(world.close)
        wait_for(f"DAG {by}", 120, lambda: _is_there(api, by))
        world.scheduled_sync()
        client = stack.enter_context(
            client_for(
                sandbox.url, auth=ApiKey(sandbox.keys["owner"]), organization_id=sandbox.organization_id
            )
        )
        database = Database(events)
        stack.callback(database.close)
        subscriptions = Subscriptions(client, EventStore(database, time.time), SECRET)
        subscriptions.register(f"{api.url}/calcom-events")
        assert subscriptions.test() == 200
        yield world


def _is_there(api: Api, dag_id: str) -> bool:
    with suppress(requests.RequestException):
        return api.session.get(f"{api.url}/api/v2/dags/{dag_id}", timeout=30).status_code == 200
    return False


def connection_of(url: str) -> dict[str, Any]:
    """Write the URL of a PostgreSQL database as an Airflow connection."""
    found = sa.make_url(url)
    return {
        "conn_type": "postgres",
        "host": found.host or found.query.get("host"),
        "port": found.port or 5432,
        "login": found.username,
        "password": found.password,
        "schema": found.database,
    }
