"""A session on a lakehouse: statements run in a working copy, a commit brings what they did into the tables.

The engine's statements are SQL. They run in a DuckDB database in memory that sees the tables of the lakehouse as they
stood, so that rows are compared and merged by the same text as in every other database. No transaction of the
lakehouse spans tables: a commit writes one after another, rows before records, the record of the run at last.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from calcom_provider.warehouse.backends.base import Backend, Params
from calcom_provider.warehouse.backends.lakehouse.altering import AlteringSession
from calcom_provider.warehouse.backends.lakehouse.formats import LakeFormat, Layout
from calcom_provider.warehouse.backends.lakehouse.publishing import Publisher
from calcom_provider.warehouse.backends.lakehouse.statements import (
    ADD_COLUMN,
    CREATE,
    DELETE,
    DROP,
    DROP_COLUMN,
    DROP_VIEW,
    INSERT,
    RENAME,
    RENAME_COLUMN,
    RETYPE,
    SHAPE,
    SOURCE,
    UPDATE,
    spelled,
    unquoted,
)
from calcom_provider.warehouse.backends.lakehouse.views import StoredViews, names_in
from calcom_provider.warehouse.backends.lakehouse.working_copy import ADDED, State, WorkingTable, quote
from calcom_provider.warehouse.backends.lease import LEASE
from calcom_provider.warehouse.errors import UnsupportedTargetError, WarehouseError
from calcom_provider.warehouse.schema import Column

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

RECORDS = "scope"
"""Column of the engine's own records, which are written after the rows that they tell of."""

LEASES = "name"
"""Partition column of the leases, whose rows are read anew each time."""


class LakeSession(AlteringSession):
    """Hold the working copy of one session.

    :param backend: the lakehouse.
    :param tables: its tables.
    """

    def __init__(self, backend: Backend, tables: LakeFormat) -> None:
        self.backend = backend
        self._format = tables
        self._spill = tempfile.mkdtemp(prefix="calcom-lakehouse-")
        self.connection = _connect(self._spill)
        self._tables: dict[str, WorkingTable] = {}
        self._absent: set[str] = set()
        #: Every table that was opened, those included that were written since.
        self._seen: set[str] = set()
        #: Rises with each transaction: what others wrote is seen from its beginning on.
        self.looks = 0
        self._confined: dict[str, Mapping[str, int | str]] = {}
        self._statements = 0
        self._open = False
        self._deferring = False
        self._before: dict[str, tuple[WorkingTable, State]] = {}
        self._dropped: set[str] = set()
        self._publisher = Publisher(tables)
        self.views = StoredViews(self)

    # -- tables
    # ------------------------------------------------------------------------------------------------------

    def confine(self, table: str, values: Mapping[str, int | str]) -> None:
        self._confined[table] = dict(values)
        if table in self._tables:
            self._tables[table].values = self._values(self._tables[table])

    def reflect(self, prefix: str) -> dict[str, dict[str, str]]:
        """Give the columns of the tables whose names begin with a prefix."""
        for name in self._format.tables(prefix):
            if name not in self._dropped:
                self._absent.discard(name)
                self._find(name)
        return {
            name: dict(table.state.columns)
            for name, table in sorted(self._tables.items())
            if name.startswith(prefix)
        }

    def all_names(self) -> list[str]:
        """Name all tables, those included that the session is about to make."""
        found = {name for name in self._format.tables("") if name not in self._dropped}
        return sorted(found | self._tables.keys())

    def look(self, prefix: str) -> dict[str, str]:
        """See what others wrote until now; give the version of each table whose name begins with a prefix."""
        self.looks += 1
        self._absent.clear()
        self.reflect(prefix)
        return {
            name: table.table.version
            for name, table in self._tables.items()
            if table.table is not None and name.startswith(prefix)
        }

    def newest(self, prefix: str) -> dict[str, str]:
        """Give the versions that tables have now, whatever the session sees."""
        return {name: self._format.open(name).version for name in self._format.tables(prefix)}

    def rows_of(self, name: str) -> pa.Table:
        """Give all rows of a table as the session sees them; times are in UTC and do not say so."""
        table = self._find(name)
        assert table is not None
        return table.rows()

    def knows(self, name: str) -> bool:
        """Tell whether there is a table of a name."""
        return self._find(name) is not None

    def create(
        self, name: str, columns: Sequence[Column], key: Sequence[str], partition: str | None = None
    ) -> None:
        """Make a table unless it is there; the lakehouse gets it with the next commit.

        :param partition: column by whose values files are kept apart, unless the session is confined to some.
        """
        if self._find(name) is not None:
            return
        names = {column.name for column in columns}
        apart = LEASES if name.endswith(LEASE) else partition
        known = [one for one in (*self._confined.get(name, ()), apart) if one in names]
        layout = Layout(tuple(columns), tuple(key), known[0] if known else None)
        made = WorkingTable(self.connection, name, None, layout)
        made.values = self._values(made)
        made.copy()
        self._absent.discard(name)
        self._tables[name] = made
        self._wrote(made)

    def describe(self, name: str, text: str, columns: Sequence[Column]) -> None:
        """Note what a table that is about to be made and its columns are."""
        table = self._tables.get(name)
        if table is not None and table.layout is not None:
            table.layout = replace(table.layout, comment=text)

    def _find(self, name: str) -> WorkingTable | None:
        found = self._tables.get(name)
        if found is None and name not in self._absent:
            table = self._format.find(name)
            if table is None:
                self._absent.add(name)
                return None
            self._seen.add(name)
            found = self._tables[name] = WorkingTable(self.connection, name, table)
            found.values = self._values(found)
            found.looked = self.looks
        # Inside a transaction it stays as it was first seen: what is written is checked against that.
        anew = found is not None and found.partition == LEASES and not self._open
        if found is not None and (found.looked < self.looks or anew):
            found.look_again(self.looks)
        return found

    def _values(self, table: WorkingTable) -> list[int | str] | None:
        confined = self._confined.get(table.name, {})
        value = confined.get(table.partition or "")
        return None if value is None else [value]

    # -- statements
    # ------------------------------------------------------------------------------------------------------

    def execute(self, sql: str, params: Params | None = None) -> int:
        text, values = spelled(sql), dict(params or {})
        self._statements += 1
        if made := CREATE.match(text):
            return self._create(unquoted(made[2]), made[3], values, unless_there=bool(made[1]))
        if view := DROP_VIEW.match(text):
            self.views.drop(unquoted(view[1]))
            return 0
        for pattern, run in (
            (INSERT, self._insert_into),
            (UPDATE, self._update),
            (DELETE, self._delete),
            (ADD_COLUMN, self._add_column),
            (RETYPE, self._retype),
            (DROP_COLUMN, self._drop_column),
            (RENAME_COLUMN, self._rename_column),
            (RENAME, self._rename),
            (DROP, self._drop),
        ):
            match = pattern.match(text)
            if match:
                table = self._find(unquoted(match[1]))
                if table is not None:
                    return run(table, match, text, values)
                break
        with self._providing(text):
            return self._run(text, values)

    def fetch(self, sql: str, params: Params | None = None) -> list[tuple[Any, ...]]:
        text = spelled(sql)
        with self._providing(text):
            return self.connection.execute(text, dict(params or {})).fetchall()

    def insert(self, sql: str, rows: Sequence[Params]) -> None:
        self._deferring = True
        try:
            for row in rows:
                self.execute(sql, row)
        finally:
            self._deferring = False
        self._flush_alone()

    def _run(self, text: str, values: dict[str, Any]) -> int:
        rows = self.connection.execute(text, values).fetchall()
        return rows[0][0] if rows and len(rows[0]) == 1 and isinstance(rows[0][0], int) else 0

    def _insert_into(self, table: WorkingTable, match: re.Match[str], text: str, values: Any) -> int:
        if table.table is None:
            table.copy()
        where = table.table_beside()
        with self._providing(match[2]):
            count = self._run(f"INSERT INTO {where}{match[2]}", values)
        return self._wrote(table, count)

    def _update(self, table: WorkingTable, match: re.Match[str], text: str, values: Any) -> int:
        tail = f" SET {match[2]}{f' FROM {match[3]}' if match[3] else ''}"
        tail += f" WHERE {match[4]}" if match[4] else ""
        return self._change(table, "UPDATE ", tail, match[4] or "", match[3] or "", values)

    def _delete(self, table: WorkingTable, match: re.Match[str], text: str, values: Any) -> int:
        tail = f" WHERE {match[2]}" if match[2] else ""
        return self._change(table, "DELETE FROM ", tail, match[2] or "", "", values)

    def _change(
        self, table: WorkingTable, verb: str, tail: str, condition: str, sources: str, values: dict[str, Any]
    ) -> int:
        """Change rows: in a copy of the table where stored ones are meant, else among those added beside."""
        where = table.quoted
        with self._providing(f"{tail} {sources}", without=table):
            if not table.state.copied:
                if table.holds(condition, sources, values):
                    table.copy()
                elif table.state.added:
                    where = table.beside
                else:
                    return 0
        with self._providing(tail, without=table if table.state.copied else None):
            return self._wrote(table, self._run(f"{verb}{where}{tail}", values))

    def _drop(self, table: WorkingTable, match: re.Match[str], text: str, values: Any) -> int:
        if table.state.copied:
            self._run(text, values)
        del self._tables[table.name]
        self._absent.add(table.name)
        if table.table is not None:
            self._dropped.add(table.name)
            if not self._open:
                self._drop_for_good()
        return 0

    def _wrote(self, table: WorkingTable, count: int = 1) -> int:
        if count:
            self._statements += 1
            table.state = replace(table.state, touched=self._statements)
            self._flush_alone()
        return count

    def _flush_alone(self) -> None:
        """Write what a statement outside of a transaction did."""
        if self._open or self._deferring:
            return
        try:
            self._publish(list(self._tables.values()))
        except BaseException:
            self._abandon()
            raise

    @contextmanager
    def _providing(self, text: str, *, without: WorkingTable | None = None) -> Iterator[None]:
        """Let a statement see the tables of the lakehouse that it names, and its views."""
        provided: list[WorkingTable] = []
        views = self._views_in(text)
        texts = (text, *views.values())
        shape = SHAPE.match(text) is not None
        shown: list[str] = []
        try:
            for table in list(self._tables.values()):
                name = re.compile(rf"(?<!\w){re.escape(table.name)}(?!\w)")
                naming = " ".join(one for one in texts if name.search(one))
                if naming and table is not without and table.provide(naming, rows=not shape):
                    provided.append(table)
            for view, made_of in views.items():
                self.connection.execute(f"CREATE OR REPLACE TEMP VIEW {quote(view)} AS {made_of}")
                shown.append(view)
            yield
        finally:
            for view in reversed(shown):
                self.connection.execute(f"DROP VIEW temp.main.{quote(view)}")
            for table in provided:
                table.withdraw()

    def _views_in(self, text: str) -> Mapping[str, str]:
        """Find what a statement names; give the views among it, each after those that it needs."""
        named = {quoted.replace('""', '"') or plain for quoted, plain in SOURCE.findall(text)}
        views = self.views.behind({name for name in named if self._find(name) is None})
        if views:
            words = set().union(*map(names_in, views.values()))
            for name in words.intersection(self.all_names()):
                self._find(name)
        return views

    # -- transactions
    # ------------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        if self._open:
            raise WarehouseError("a transaction is open already")
        self.connection.execute("BEGIN TRANSACTION")
        self._open = True
        self.looks += 1
        self._before = {name: (table, table.state) for name, table in self._tables.items()}

    def commit(self) -> None:
        if self._open:
            self._publish(list(self._tables.values()))
            self.connection.execute("COMMIT")
            self._open = False
            self._forget_copies()
            self._drop_for_good()

    def rollback(self) -> None:
        if not self._open:
            return
        self._open = False
        self.connection.execute("ROLLBACK")
        kept: dict[str, WorkingTable] = {}
        for name, (table, state) in self._before.items():
            if table in self._publisher.written:
                # It was published before another one failed.
                continue
            table.name, table.state = name, state
            kept[name] = table
        self._tables = kept
        self.looks += 1
        self._absent.clear()
        self._dropped.clear()
        self._publisher.written.clear()

    def purge(self) -> None:
        for name in sorted(self._seen):
            table = self._format.find(name)
            if table is not None:
                table.expire(0)
                table.remove_files(0)

    def close(self) -> None:
        self.connection.close()
        shutil.rmtree(self._spill, ignore_errors=True)

    def _publish(self, tables: list[WorkingTable]) -> None:
        dirty = [table for table in tables if table.state.dirty]
        dirty.sort(key=lambda table: (RECORDS in table.state.columns, table.state.touched))
        self._publisher.publish(dirty)
        if not self._open:
            self._forget_copies()

    def _forget_copies(self) -> None:
        """Read what was published from the lakehouse from here on."""
        for table in self._publisher.written:
            table.discard()
            self._tables.pop(table.name, None)
        self._publisher.written.clear()

    def _abandon(self) -> None:
        """Forget what was not published, and see what others wrote."""
        for table in self._tables.values():
            if table.state.dirty:
                table.discard()
        self._tables = {name: table for name, table in self._tables.items() if not table.state.dirty}
        self._publisher.written.clear()
        self._absent.clear()
        self.looks += 1

    def _drop_for_good(self) -> None:
        for name in self._dropped:
            self._format.drop(name)
        self._dropped.clear()


def _connect(spill: str) -> duckdb.DuckDBPyConnection:
    try:
        import duckdb
        import pyarrow  # noqa: F401
    except ImportError:
        raise UnsupportedTargetError(
            "A lakehouse needs its packages: pip install 'airflow-provider-calcom[delta]' (or [iceberg])"
        ) from None
    connection = duckdb.connect(":memory:", config={"temp_directory": spill})
    connection.execute("SET autoinstall_known_extensions = false")
    connection.execute(f"CREATE SCHEMA {ADDED}")
    return connection
