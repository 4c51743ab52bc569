"""DuckDB: its own driver, rows as Arrow batches into a temporary table, one transaction.

A target is named ``duckdb:///path/to/file``. SQLAlchemy takes no part: the dialect that exists for it cannot
read tables back under SQLAlchemy 2.1.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from calcom_provider.warehouse import lease
from calcom_provider.warehouse.backend import Backend, Capabilities, Params, Session, Stage, tabulate
from calcom_provider.warehouse.errors import LoadInProgressError, UnsupportedTargetError, WarehouseError
from calcom_provider.warehouse.rows import clean_row, date_text, json_cleaner, utc_text
from calcom_provider.warehouse.schema import Column

if TYPE_CHECKING:
    import duckdb

TYPES = {
    "integer": "BIGINT",
    "float": "DOUBLE",
    "text": "VARCHAR",
    "key": "VARCHAR",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMP",
    "date": "DATE",
    "json": "JSON",
    "blob": "BLOB",
}
KNOWN = {name: kind for kind, name in TYPES.items() if kind != "key"}
CAPABILITIES = Capabilities(
    name="duckdb",
    types=TYPES,
    order="rowid",
    stage_index=False,
    widenings=frozenset({("integer", "text"), ("date", "timestamp"), ("boolean", "text"), ("json", "text")}),
    json_refuses=frozenset({"surrogate"}),
)
ROWS_PER_BATCH = 20_000
_NAMED = re.compile(r'("[^"]*"|\'[^\']*\'|::)|:([A-Za-z_]\w*)')


class DuckSession(Session):
    """Hold a DuckDB connection."""

    def __init__(self, backend: DuckBackend, connection: duckdb.DuckDBPyConnection) -> None:
        self.backend = backend
        self.connection = connection
        self._open = False

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
        self.connection.execute("BEGIN TRANSACTION")
        self._open = True

    def commit(self) -> None:
        self._open = False
        self.connection.execute("COMMIT")

    def rollback(self) -> None:
        if self._open:
            self._open = False
            self.connection.execute("ROLLBACK")

    def close(self) -> None:
        self.connection.close()
        # Its driver reports a connection that something still holds when Python ends.
        del self.connection


class DuckStage(Stage):
    """Gather rows and hand them over as Arrow columns."""

    def __init__(self, session: DuckSession, name: str, columns: Sequence[Column]) -> None:
        self.name = name
        self._session = session
        self._rows: list[tuple[Any, ...]] = []
        self._hashes: list[int] = []
        self.shape(columns)

    def shape(self, columns: Sequence[Column]) -> None:
        import pyarrow as pa

        kinds = {"integer": pa.int64(), "float": pa.float64(), "boolean": pa.bool_()}
        readers: dict[str, Any] = {"timestamp": utc_text, "date": date_text, "text": _as_text}
        readers["json"] = json_cleaner(CAPABILITIES.json_refuses)
        self._kinds = [kinds.get(column.type, pa.string()) for column in columns]
        self._readers = [readers.get(column.type) for column in columns]
        self._json = [place for place, column in enumerate(columns) if column.type == "json"]
        names = ", ".join(map(self._session.backend.quote, [*(c.name for c in columns), "_calcom_row_hash"]))
        values = ", ".join(f"CAST(c{place} AS {TYPES[c.type]})" for place, c in enumerate(columns))
        self._statement = f"INSERT INTO {self.name} ({names}) SELECT {values}, h FROM calcom_batch"

    def write(self, rows: Sequence[tuple[Any, ...]], hashes: Sequence[int]) -> None:
        self._rows += rows
        self._hashes += hashes
        if len(self._rows) >= ROWS_PER_BATCH:
            self.flush()

    def flush(self) -> None:
        rows, hashes = self._rows, self._hashes
        if not rows:
            return
        self._rows, self._hashes = [], []
        try:
            self._send(rows, hashes)
        except UnicodeEncodeError:
            cleaned = [clean_row(row, nul=False) for row in rows]
            self.replaced += sum(count for _, count in cleaned)
            self._send([row for row, _ in cleaned], hashes)

    def _send(self, rows: Sequence[tuple[Any, ...]], hashes: Sequence[int]) -> None:
        import pyarrow as pa

        arrays = {}
        for place, values in enumerate(zip(*rows, strict=True)):
            arrays[f"c{place}"] = self._array(place, values)
        arrays["h"] = pa.array(hashes, pa.int64())
        self._session.connection.register("calcom_batch", pa.table(arrays))
        try:
            self._session.connection.execute(self._statement)
        finally:
            self._session.connection.unregister("calcom_batch")

    def _array(self, place: int, values: tuple[Any, ...]) -> Any:
        """Make a column; where its texts may go as they are, they are not touched one by one."""
        import pyarrow as pa

        read, kind = self._readers[place], self._kinds[place]
        try:
            array = pa.array(values, kind)
            if read is None or self._is_ready(read, array, place in self._json):
                return array
        except pa.ArrowException:
            if read is None:
                raise
        fresh = [None if value is None else read(value) for value in values]
        if place in self._json:
            self.replaced += sum(a != b for a, b in zip(fresh, values, strict=True))
        return pa.array(fresh, kind)

    @staticmethod
    def _is_ready(read: Any, array: Any, json: bool) -> bool:
        import pyarrow.compute as pc

        if json:
            return not pc.any(pc.match_substring(array, "\\u")).as_py()
        if read is utc_text:
            # As the API writes a time: milliseconds and Z, which DuckDB reads as UTC.
            lengths = pc.min_max(pc.utf8_length(array))
            short, long = lengths["min"].as_py(), lengths["max"].as_py()
            return short == long == 24 and bool(pc.all(pc.ends_with(array, "Z")).as_py())
        return read is _as_text


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else str(value)


class DuckBackend(Backend):
    """Use a DuckDB file.

    :param url: ``duckdb:///relative/path``, ``duckdb:////absolute/path``.
    """

    capabilities = CAPABILITIES

    def __init__(self, url: str, schema: str | None) -> None:
        self.schema = schema
        self._path = url.removeprefix("duckdb:").removeprefix("///").partition("?")[0]
        if self._path in ("", "//", ":memory:"):
            raise UnsupportedTargetError("A DuckDB target needs a file: duckdb:///path/to/file.duckdb")

    def connect(self) -> DuckSession:
        try:
            import duckdb
            import pyarrow  # noqa: F401
        except ImportError:
            raise UnsupportedTargetError(
                "DuckDB needs two packages: pip install 'airflow-provider-calcom[duckdb]'"
            ) from None
        try:
            connection = duckdb.connect(self._path)
        except duckdb.IOException as error:
            if "lock" not in str(error):
                raise
            raise LoadInProgressError(
                "The DuckDB file is open in another process, which DuckDB allows to one at a time"
            ) from None
        return DuckSession(self, connection)

    def prepare(self, session: Session) -> None:
        if self.schema:
            session.execute(f"CREATE SCHEMA IF NOT EXISTS {self.quote(self.schema)}")

    def qualify(self, name: str) -> str:
        return f"{self.quote(self.schema or 'main')}.{self.quote(name)}"

    def reflect(self, session: Session, prefix: str) -> dict[str, dict[str, str]]:
        rows = session.fetch(
            "SELECT table_name, column_name, data_type FROM duckdb_columns()"
            " WHERE database_name = current_database() AND schema_name = :schema AND NOT internal"
            " AND starts_with(table_name, :prefix) ORDER BY table_name, column_index",
            {"prefix": prefix, "schema": self.schema or "main"},
        )
        return tabulate((table, column, KNOWN.get(kind, kind)) for table, column, kind in rows)

    def stage(self, session: Session, name: str, columns: Sequence[Column], key: Sequence[str]) -> DuckStage:
        assert isinstance(session, DuckSession)
        self.drop_stage(session, name)
        parts = ", ".join(f"{self.quote(c.name)} {TYPES[c.type]}" for c in columns)
        where = f"temp.main.{self.quote(name)}"
        session.execute(
            f"CREATE TEMP TABLE {self.quote(name)} ({parts}, {self.quote('_calcom_row_hash')} BIGINT)"
        )
        return DuckStage(session, where, columns)

    def drop_stage(self, session: Session, name: str) -> None:
        session.execute(f"DROP TABLE IF EXISTS temp.main.{self.quote(name)}")

    def lock(self, session: Session, name: str, owner: str) -> str | None:
        lease.prepare(session, name)
        return lease.take(session, name, owner)

    def unlock(self, session: Session, name: str, owner: str) -> None:
        lease.release(session, name, owner)

    def renew(self, session: Session, name: str, owner: str) -> None:
        lease.extend(session, name, owner)

    def still_locked(self, session: Session, name: str, owner: str) -> bool:
        return lease.held(session, name, owner)

    def time(self, moment: datetime) -> datetime:
        return datetime.fromisoformat(utc_text(moment))
