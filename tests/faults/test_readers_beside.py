"""Readers beside a migration, at every statement, and beside a write-back, at every request: nothing between."""

from __future__ import annotations

from collections import Counter
from typing import Any

import psycopg
import pymysql
import pytest

from calcom_provider.hr.apply.applier import Patience
from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.sandbox import Sandbox
from calcom_provider.sandbox.core.wire import Incoming, Response
from calcom_provider.warehouse import RunInfo, Warehouse
from calcom_provider.warehouse.backends.sql_session import SqlSession
from tests.chaos import looking
from tests.chaos.truth import plain
from tests.faults.hr.sandbox_scene import job_for, prepare, source
from tests.faults.hr.test_killed import gateway_of
from tests.integration.released import RELEASES, restore

RENAMED = {"start": "start_at", "end": "end_at", "contains": "contained_option_ids"}
"""Columns that a migration gives other names."""
OWN = ("sync_", "event_syncs", "schema_version", "stage_")
#: What servers say of a column that is there no more; who reads looks at the names again.
UNKNOWN_COLUMN = 1054
Rows = dict[str, list[str]]


class Looker:
    """Look at all tables in one snapshot, with the databases' own drivers."""

    def __init__(self, url: str) -> None:
        # Who migrates goes on when this thread does: a lock is not waited for.
        self.url = f"{url}?options=-clock_timeout%3D20" if url.startswith("postgresql") else url
        self.seen: Counter[str] = Counter()
        self.names: dict[str, list[str]] = {}
        self.old = self.rows()

    def rows(self) -> Rows:
        """Return the rows of each table, columns under the names that they have in the end."""
        found = {}
        with looking.snapshot(self.url) as fetch:
            self.names = {
                table: sorted(columns)
                for table, columns in looking.columns_of(self.url, fetch).items()
                if not table.startswith(OWN)
            }
            for table, names in self.names.items():
                rows = self._select(fetch, table, names)
                spelled = [RENAMED.get(name, name) for name in names]
                found[table] = sorted(str(sorted(zip(spelled, map(plain, row), strict=True))) for row in rows)
        return found

    def look(self) -> None:
        """Read by the names of the last look, and look again where one is there no more."""
        try:
            self._by_known_names()
            now = self.rows()
        except (psycopg.errors.LockNotAvailable, looking.LockedOutError):
            # The database lets the reader wait until the migration has ended, or begin anew.
            self.seen["waits"] += 1
            return
        found = {table: now.get(table) for table in self.old}
        assert found == self.old, "a table is missing, or its rows are others"
        before = [table for table, names in self.names.items() if {"start", "contains"} & set(names)]
        after = [table for table, names in self.names.items() if set(RENAMED.values()) & set(names)]
        assert not [table for table in before if table in after], "a table is half migrated"
        self.seen["between" if before and after else "before" if before else "after"] += 1

    def _by_known_names(self) -> None:
        if self.url.startswith("sqlite"):
            return  # it takes a name that is unknown for a text
        with looking.snapshot(self.url) as fetch:
            for table, names in self.names.items():
                try:
                    self._select(fetch, table, names)
                except psycopg.errors.UndefinedColumn:
                    self.seen["looked again"] += 1
                    return
                except pymysql.err.OperationalError as error:
                    if error.args[0] != UNKNOWN_COLUMN:
                        raise
                    self.seen["looked again"] += 1

    def _select(self, fetch: looking.Fetch, table: str, names: list[str]) -> list[tuple[Any, ...]]:
        quoted = ", ".join(f'"{name}"' for name in names)
        return fetch(f'SELECT {quoted} FROM "{looking.PREFIX}{table}"')


@pytest.fixture(params=["sqlite_url", "postgres_url", "mysql_url"])
def url(request: pytest.FixtureRequest) -> str:
    """Give an empty database that lets others read while one writes; a DuckDB file does not."""
    return str(request.getfixturevalue(request.param))


@pytest.mark.parametrize("release", RELEASES)
def test_readers_beside_a_migration_see_each_table_as_it_was_or_as_it_will_be(
    release: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    restore(release, url, "synced.")
    looker = Looker(url)
    run = SqlSession._run

    def looked(self: SqlSession, sql: str, *given: Any) -> Any:
        done = run(self, sql, *given)
        if not sql.startswith("SELECT"):
            looker.look()
        return done

    with monkeypatch.context() as patch:
        patch.setattr(SqlSession, "_run", looked)
        warehouse = Warehouse(url)
        with warehouse.load(RunInfo(scope={"organization_id": 1})):
            pass
        warehouse.close()
    seen = Counter(looker.seen)
    looker.look()
    assert looker.seen - seen == Counter({"after": 1})
    assert seen["before"] > 1
    assert seen["after"] > 1
    if not url.startswith("mysql"):
        assert seen["between"] == 0, "all tables are migrated at once"


@pytest.mark.parametrize("kind", ["attributes", "out_of_office"])
def test_readers_beside_an_apply_see_what_was_sent_before_it_is_answered(kind: str, url: str) -> None:
    told: list[dict[str, int]] = []
    wrong: list[str] = []
    with Sandbox(users=20, limit=(1_000_000, 60.0, 60.0)) as sandbox:
        gateway = gateway_of(sandbox)
        prepare(gateway)
        with Ledger(url) as ledger:
            job = job_for(kind, gateway, ledger, Patience(wait=0.0))
            plan = job.plan(source(kind, gateway))

            def look() -> dict[str, int]:
                table = "calcom_writeback_actions"
                asked = f"SELECT status, count(*) FROM {table} WHERE plan_id = '{plan.id}' GROUP BY status"
                with looking.snapshot(url) as fetch:
                    return {str(status): int(count) for status, count in fetch(asked)}

            def answered(request: Incoming, answer: Response) -> None:
                if request.method == "GET":
                    return
                try:
                    told.append(look())
                except Exception as error:
                    wrong.append(repr(error))

            sandbox.before_answer(answered)
            job.apply(plan, reread=False)
            assert look() == {"done": len(plan.actions)}
    assert wrong == []
    assert len(told) >= len(plan.actions) / 2
    for number, seen in enumerate(told):
        assert sum(seen.values()) == len(plan.actions), "an action is missing"
        assert set(seen) <= {"planned", "sent", "done"}
        # What is sent stands in the ledger before its answer is there, and is not called done before.
        assert seen["sent"] >= 1
        assert seen.get("done", 0) >= (told[number - 1].get("done", 0) if number else 0)
    assert told[0].get("done", 0) == 0
