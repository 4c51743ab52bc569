"""Sessions on a DuckDB file: one that keeps it open, and one that opens it only while something is done in it.

DuckDB lets one process open a file. A load reads for as long as the API makes it wait, so it keeps its staging tables
outside, in memory and in a folder of its own beside the file, and opens the database to begin, to look something up, to
renew its lease, and to publish.
"""

from __future__ import annotations

import re
import threading
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calcom_provider.warehouse.backends.base import Backend, Params, Session
from calcom_provider.warehouse.errors import WarehouseError

if TYPE_CHECKING:
    import duckdb

#: Held while a file is opened or closed by this process.
opening = threading.Lock()
#: What a run's staging tables take in memory; the rest of them is on disk.
MEMORY = "512MB"
ROWS_PER_BATCH = 20_000
_NAMED = re.compile(r'("[^"]*"|\'[^\']*\'|::)|:([A-Za-z_]\w*)')


class DuckFile(Backend):
    """Describe what of its backend a session needs."""

    @property
    @abstractmethod
    def turn(self) -> threading.Lock:
        """Give what lets one load of this process after the other into the file: two would abort each other."""

    @abstractmethod
    def open_file(self) -> duckdb.DuckDBPyConnection:
        """Open the file, which another process may have open for some moments.

        :raises DatabaseBusyError: when it does not let go of it.
        """

    @abstractmethod
    def closed(self) -> None:
        """Take note that a connection was closed; the last one removes a log that was made and never written to."""

    @abstractmethod
    def guard_log(self) -> None:
        """Make the write-ahead log before DuckDB does, which would let everybody read it."""


class DuckConnection(Session):
    """Run statements on a connection of DuckDB."""

    backend: DuckFile
    _connection: duckdb.DuckDBPyConnection | None
    _open = False

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """Give the driver's connection, while there is one."""
        assert self._connection is not None, "the file is not open"
        return self._connection

    def _run(self, sql: str, params: Params | None) -> list[tuple[Any, ...]]:
        if params:
            sql = _NAMED.sub(lambda m: m[1] or f"${m[2]}", sql)
            return self.connection.execute(sql, dict(params)).fetchall()
        return self.connection.execute(sql).fetchall()

    def execute(self, sql: str, params: Params | None = None) -> int:
        rows = self._run(sql, params)
        return rows[0][0] if rows and len(rows[0]) == 1 and isinstance(rows[0][0], int) else 0

    def fetch(self, sql: str, params: Params | None = None) -> list[tuple[Any, ...]]:
        return self._run(sql, params)

    def insert(self, sql: str, rows: Sequence[Params]) -> None:
        if rows:
            sql = _NAMED.sub(lambda m: m[1] or f"${m[2]}", sql)
            self.connection.executemany(sql, [dict(row) for row in rows])

    def begin(self) -> None:
        if self._open:
            raise WarehouseError("a transaction is open already")
        self._run("BEGIN TRANSACTION", None)
        self._open = True

    def commit(self) -> None:
        self._open = False
        self.connection.execute("COMMIT")

    def rollback(self) -> None:
        if self._open:
            self._open = False
            import duckdb

            # A transaction that DuckDB ended itself, or a database that it gave up: the error before says which.
            with suppress(duckdb.TransactionException, duckdb.FatalException):
                self.connection.execute("ROLLBACK")

    def close(self) -> None:
        if self._connection is not None:
            with opening:
                self._connection.close()
                # Its driver reports a connection that something still holds when Python ends.
                self._connection = None


class DuckSession(DuckConnection):
    """Hold a DuckDB file, for as long as the session lasts or only while something is done in it.

    :param backend: the file.
    :param connection: connection that lasts; None for a session that opens the file for each thing to do, and closes
        it in between, so that other processes can open it.
    """

    def __init__(self, backend: DuckFile, connection: duckdb.DuckDBPyConnection | None = None) -> None:
        self.backend = backend
        self._connection = connection
        self._stays = connection is not None
        self._uses = 0
        self._staging: DuckStaging | None = None

    @contextmanager
    def keep_open(self) -> Iterator[None]:
        self._acquire()
        try:
            yield
        finally:
            self._release()

    def _acquire(self) -> None:
        if not self._stays and not self._uses:
            self.backend.turn.acquire()
            try:
                self._connection = self.backend.open_file()
            except BaseException:
                self.backend.turn.release()
                raise
        self._uses += 1

    def _release(self) -> None:
        self._uses -= 1
        if not self._stays and not self._uses:
            try:
                super().close()
                self.backend.closed()
            finally:
                self.backend.turn.release()

    def _run(self, sql: str, params: Params | None) -> list[tuple[Any, ...]]:
        with self.keep_open():
            self.backend.guard_log()
            return super()._run(sql, params)

    def insert(self, sql: str, rows: Sequence[Params]) -> None:
        with self.keep_open():
            self.backend.guard_log()
            super().insert(sql, rows)

    def begin(self) -> None:
        self._acquire()
        try:
            super().begin()
        except BaseException:
            self._release()
            raise

    def commit(self) -> None:
        try:
            super().commit()
        finally:
            # Also where it was refused: that ends the transaction.
            self._release()

    def rollback(self) -> None:
        if self._open:
            try:
                super().rollback()
            finally:
                self._release()

    @property
    def staging(self) -> DuckConnection:
        return self._staging or self

    def stage_in(self, folder: Path, name: str) -> DuckStaging:
        """Give what a staging table of this session is written with.

        :param folder: private folder beside the file; made when it is missing.
        :param name: name of the table that is about to be made.
        """
        if self._staging is None:
            self._staging = DuckStaging(self.backend, folder)
        if name not in self._staging.tables:
            self._staging.tables.append(name)
        return self._staging

    @contextmanager
    def joined(self) -> Iterator[None]:
        with self.keep_open():
            if self._staging is not None:
                self._staging.copy_to(self.connection)
            yield

    def end_staging(self, folder: Path | None = None) -> None:
        """Close the staging file; it is not needed any more.

        :param folder: only if it is in this one.
        """
        if self._staging is not None and folder in (None, self._staging.folder):
            self._staging.close()
            self._staging = None

    def close(self) -> None:
        self.end_staging()
        if self._connection is not None:
            super().close()
            self.backend.closed()


class DuckStaging(DuckConnection):
    """Hold staging tables outside of the file, which is free for others while a run reads.

    :param backend: the database.
    :param folder: private folder for what does not fit into memory; made when it is missing.
    """

    def __init__(self, backend: DuckFile, folder: Path) -> None:
        import duckdb

        self.backend = backend
        self.folder = folder
        self.tables: list[str] = []
        folder.mkdir(mode=0o700, exist_ok=True)
        config: dict[str, Any] = {"temp_directory": str(folder), "memory_limit": MEMORY}
        self._connection = duckdb.connect(":memory:", config=config)

    def copy_to(self, other: duckdb.DuckDBPyConnection) -> None:
        """Copy the tables into the temporary ones of another connection, batch by batch.

        :param other: the other connection.
        """
        for name in self.tables:
            quoted = self.backend.quote(name)
            columns = self.connection.execute(
                "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = ? ORDER BY column_index",
                [name],
            ).fetchall()
            parts = ", ".join(f"{self.backend.quote(column)} {kind}" for column, kind in columns)
            other.execute(f"CREATE OR REPLACE TEMP TABLE {quoted} ({parts})")
            rows = self.connection.sql(f"FROM temp.main.{quoted}").to_arrow_reader(ROWS_PER_BATCH)
            other.register("calcom_staged", rows)
            try:
                other.execute(f"INSERT INTO temp.main.{quoted} SELECT * FROM calcom_staged")
            finally:
                other.unregister("calcom_staged")
