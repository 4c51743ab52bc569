"""A database is one module: a backend that the package does not know runs a sync, the views and the write-back.

Nothing in the package names it, and it inherits from no shipped backend; it stands on Python's own ``sqlite3`` and
keeps a database of each name in memory.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.sqlite.base import SQLiteDialect

from calcom_provider.api.http.auth import ApiKey
from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.reporting.building.build import Reports
from calcom_provider.sandbox import Sandbox
from calcom_provider.sync import sync
from calcom_provider.warehouse import UnsupportedTargetError, Warehouse
from calcom_provider.warehouse.backends import registry
from calcom_provider.warehouse.backends.base import Backend, Capabilities, Params, Session, Stage, tabulate
from calcom_provider.warehouse.backends.generic import GenericBackend
from calcom_provider.warehouse.backends.registry import backend_class, register, with_views
from calcom_provider.warehouse.backends.views import Views, json_path
from calcom_provider.warehouse.rows import date_text, utc_text
from calcom_provider.warehouse.schema import Column
from tests.plugins.api import client_for
from tests.unit.hr.fake_calcom import FakeCalcom
from tests.unit.hr.jobs import attribute_job, employees

DATABASES: dict[str, sqlite3.Connection] = {}
TYPES = {
    "integer": "TOY_INTEGER",
    "float": "TOY_REAL",
    "text": "TOY_TEXT",
    "key": "TOY_TEXT",
    "boolean": "TOY_BOOLEAN_INTEGER",
    "timestamp": "TOY_TIME_TEXT",
    "date": "TOY_DATE_TEXT",
    "json": "TOY_JSON_TEXT",
    "blob": "TOY_BLOB",
}
KNOWN = {spelling: kind for kind, spelling in TYPES.items() if kind != "key"}


class ToySession(Session):
    """Share the one connection of a database."""

    def __init__(self, backend: Backend, connection: sqlite3.Connection) -> None:
        self.backend = backend
        self._connection = connection

    def execute(self, sql: str, params: Params | None = None) -> int:
        return max(self._connection.execute(sql, dict(params or {})).rowcount, 0)

    def fetch(self, sql: str, params: Params | None = None) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql, dict(params or {})).fetchall()

    def insert(self, sql: str, rows: Sequence[Params]) -> None:
        self._connection.executemany(sql, [dict(row) for row in rows])

    def begin(self) -> None:
        self._connection.execute("BEGIN")

    def commit(self) -> None:
        self._connection.execute("COMMIT")

    def rollback(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def close(self) -> None:
        """Keep the connection: the database ends with it."""


class ToyStage(Stage):
    """Insert rows as they come."""

    def __init__(self, session: Session, name: str, columns: Sequence[Column]) -> None:
        self.name = name
        self._session = session
        self.shape(columns)

    def shape(self, columns: Sequence[Column]) -> None:
        readers = {"timestamp": utc_text, "date": date_text}
        self._readers = [readers.get(column.type, lambda value: value) for column in columns]
        names = [*(column.name for column in columns), "_calcom_row_hash"]
        places = ", ".join(f":v{place}" for place in range(len(names)))
        quoted = ", ".join(map(self._session.backend.quote, names))
        self._insert = f"INSERT INTO {self.name} ({quoted}) VALUES ({places})"

    def write(self, rows: Sequence[tuple[Any, ...]], hashes: Sequence[int]) -> None:
        values = [
            [None if one is None else read(one) for read, one in zip(self._readers, row, strict=True)]
            + [digest]
            for row, digest in zip(rows, hashes, strict=True)
        ]
        self._session.insert(
            self._insert, [{f"v{place}": one for place, one in enumerate(row)} for row in values]
        )

    def flush(self) -> None:
        """Have nothing left to bring."""


class ToyDialect(SQLiteDialect):
    name = "toy"
    supports_statement_cache = True


class ToyViews(Views):
    functions: ClassVar[Mapping[str, str]] = {
        "utc_date": "date({0})",
        "day_start": "(({0}) || ' 00:00:00.000')",
        "add_days": "date({0}, ({1}) || ' days')",
        "add_minutes": "strftime('%Y-%m-%d %H:%M:%f', {0}, ({1}) || ' minutes')",
        "days_between": "CAST(julianday({1}) - julianday({0}) AS INTEGER)",
        "minutes_between": "((CAST(strftime('%s', {1}) AS INTEGER) - CAST(strftime('%s', {0}) AS INTEGER)) / 60)",
        "short_text": "{0}",
        "percent": "(100.0 * ({0}) / nullif({1}, 0))",
        "utc_today": "date('now')",
        "utc_now": "strftime('%Y-%m-%d %H:%M:%f', 'now')",
        "from_epoch": "strftime('%Y-%m-%d %H:%M:%f', {0}, 'unixepoch')",
        "holds_text": "(instr(CAST({0} AS TEXT), {1}) > 0)",
        "text_position": "instr({0}, {1})",
    }
    relation_query = "SELECT type FROM sqlite_master WHERE type <> 'trigger' AND name = :name"
    columns_query = "SELECT name, type FROM pragma_table_info(:name) ORDER BY cid"

    def dialect(self) -> sa.Dialect:
        return ToyDialect(paramstyle="named")

    def json_text(self, document: str, keys: Sequence[str]) -> str:
        return f"CAST(json_extract({document}, '{json_path(keys)}') AS TEXT)"

    def json_listed(self, document: str, key: str, field: str, flag: str) -> str:
        where = f"json_type(value, '{json_path([flag])}') = 'false'"
        name = f"json_extract(value, '{json_path([field])}')"
        named = (
            f"SELECT DISTINCT {name} AS name FROM json_each({document}, '$.{key}') WHERE {where} ORDER BY 1"
        )
        return f"(SELECT group_concat(name, ', ') FROM ({named}))"

    def put(self, session: Any, name: str, text: str) -> bool:
        session.execute(f"DROP VIEW IF EXISTS {session.backend.qualify(name)}")
        session.execute(f"CREATE VIEW {session.backend.qualify(name)} AS {text}")
        return False


@register("toy")
class ToyBackend(Backend):
    """Keep a database of each name in memory: ``toy://name``."""

    title = "Toy"
    capabilities = Capabilities("toy", TYPES, order="rowid", update="reinsert", stage_index=False)
    views = ToyViews()
    many_connections = False

    def __init__(self, name: str) -> None:
        self._name = name

    @classmethod
    def open(cls, target: Any, schema: str | None) -> ToyBackend:
        if schema:
            raise UnsupportedTargetError("A toy has no schemas")
        return cls(str(target))

    def connect(self) -> Session:
        if self._name not in DATABASES:
            DATABASES[self._name] = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        return ToySession(self, DATABASES[self._name])

    def reflect(self, session: Session, prefix: str) -> dict[str, dict[str, str]]:
        rows = session.fetch(
            "SELECT m.name, c.name, c.type FROM sqlite_master m JOIN pragma_table_info(m.name) c"
            " WHERE m.type = 'table' AND substr(m.name, 1, length(:prefix)) = :prefix",
            {"prefix": prefix},
        )
        return tabulate((table, column, KNOWN.get(kind, kind)) for table, column, kind in rows)

    def stage(self, session: Session, name: str, columns: Sequence[Column], key: Sequence[str]) -> ToyStage:
        self.drop_stage(session, name)
        parts = ", ".join(f"{self.quote(one.name)} {self.type_of(one)}" for one in columns)
        session.execute(f"CREATE TABLE {self.quote(name)} ({parts}, _calcom_row_hash TOY_INTEGER)")
        return ToyStage(session, self.quote(name), columns)

    def time(self, moment: datetime) -> str:
        return utc_text(moment)


@pytest.fixture
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    name = f"toy://{request.node.name}"
    yield name
    if name in DATABASES:
        DATABASES.pop(name).close()


def test_it_inherits_from_no_shipped_backend() -> None:
    assert ToyBackend.__mro__ == (ToyBackend, Backend, *Backend.__mro__[1:])
    assert backend_class("toy://x") is ToyBackend
    assert "Toy" in with_views()


def test_a_sync_and_the_views_run_on_it(url: str) -> None:
    with Sandbox(users=30, limit=None, bookings=60) as sandbox:
        client = client_for(sandbox.url, auth=ApiKey(sandbox.keys["admin"]), organization_id=None)
        warehouse = Warehouse(url)
        first = sync(client, warehouse, resources="all")
        second = sync(client, warehouse, resources="all")
        client.close()
    assert first.rows_changed > 100
    assert second.rows_changed == 0
    session = warehouse.backend.connect()
    people = session.value("SELECT count(*) FROM calcom_memberships WHERE is_current")
    assert people == 31, "thirty members, and who has the key"
    with Reports(url) as reports:
        made = {one.name: one.status for one in reports.create(days_back=30, days_ahead=30)}
        assert set(made.values()) <= {"created", "skipped"}
        assert made["rpt_sync_health"] == made["rpt_host_week"] == "created"
        for name, status in made.items():
            if status == "created":
                session.fetch(f"SELECT * FROM {name}")
        assert session.value("SELECT sum(runs) FROM rpt_sync_health WHERE failed_runs = 0")
        assert {one.status for one in reports.create(days_back=30, days_ahead=30)} <= {"unchanged", "skipped"}
        assert reports.drop()
    warehouse.close()


def test_the_write_back_keeps_its_ledger_in_it(url: str) -> None:
    fake = FakeCalcom()
    for number in (1, 2):
        fake.add_user(number)
    fake.add_attribute("Centre", "TEXT")
    with Ledger(url) as ledger:
        job = attribute_job(fake, ledger, {"centre": "Centre"})
        plan = job.plan(employees(fake, centre={1: "A", 2: "B"}))
        assert job.apply(plan, reread=True).statuses == {"done": 2}
    with Ledger(url) as ledger:
        assert ledger.plan_status(plan.id) == "applied"
        assert ledger.load_plan(plan.id) == plan
        owned = ledger.owned(plan.organization_id, plan.namespace, "attributes")
        assert len(owned.pairs) == 2
        assert set(owned.pairs.values()) == {False}


def test_a_dialect_that_nobody_registered_is_opened_generically() -> None:
    assert backend_class("oracle+oracledb://me@host/db") is GenericBackend
    assert backend_class("toy://x", generic=True) is GenericBackend


def test_another_distribution_names_its_backend_as_an_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    class Point:
        def load(self) -> None:
            register("foreign")(ToyBackend)

    monkeypatch.setattr(registry, "_registered", {})
    monkeypatch.setattr(registry, "_looked", [])
    monkeypatch.setattr(
        registry.metadata, "entry_points", lambda group: [Point()] if group == registry.ENTRY_POINTS else []
    )
    assert backend_class("foreign://x") is ToyBackend


def test_the_backends_are_found_without_importing_drivers() -> None:
    code = (
        "import sys; from calcom_provider.warehouse.backends.registry import with_views; print(with_views());"
        " print(sorted({'psycopg', 'pymysql', 'duckdb', 'pyarrow', 'snowflake.connector'} & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.splitlines() == [
        "['DuckDB', 'Lakehouse', 'MySQL or MariaDB', 'PostgreSQL', 'SQLite']",
        "[]",
    ]
