"""DuckDB: its own driver, rows as Arrow batches into a temporary table, one transaction.

A target is named ``duckdb:///path/to/file``. SQLAlchemy takes no part: the dialect that exists for it cannot
read tables back under SQLAlchemy 2.1.
"""

from __future__ import annotations

import functools
import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from xxhash import xxh3_64_hexdigest

from calcom_provider.private_files import create_private, mode_of
from calcom_provider.warehouse.backends import waiting
from calcom_provider.warehouse.backends.base import Capabilities, Session, Stage, tabulate
from calcom_provider.warehouse.backends.duckdb_session import DuckConnection, DuckFile, DuckSession, opening
from calcom_provider.warehouse.backends.registry import register
from calcom_provider.warehouse.backends.views import Views, comment_table, json_path
from calcom_provider.warehouse.errors import DatabaseBusyError, UnsupportedTargetError
from calcom_provider.warehouse.rows import clean_row, date_text, json_cleaner, utc_text
from calcom_provider.warehouse.schema import Column

if TYPE_CHECKING:
    import duckdb
    import sqlalchemy as sa

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
    longest_name=255,
    folds_names=True,
)
ROWS_PER_BATCH = 20_000
#: How many sessions of this process have each file open: one that is reading must not lose its log to another's end.
_open: Counter[str] = Counter()
_open_guard = threading.Lock()
#: By file, what lets one load of this process after the other into it.
_turns: dict[str, threading.Lock] = {}
#: Seconds to wait for another process that has the file open.
WAIT = 60.0
#: Seconds between the first two tries to open it; later ones are further apart.
PAUSE = 0.02


class DuckStage(Stage):
    """Gather rows and hand them over as Arrow columns."""

    def __init__(self, session: DuckConnection, name: str, columns: Sequence[Column]) -> None:
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


@functools.cache
def _dialect_class() -> Any:
    from sqlalchemy.dialects.postgresql.base import PGDialect

    class DuckDialect(PGDialect):
        """Spell what DuckDB shares with PostgreSQL; its functions are spelled below."""

        name = "duckdb"
        supports_statement_cache = True

    return DuckDialect


def _dialect() -> sa.Dialect:
    dialect: sa.Dialect = _dialect_class()(paramstyle="named")
    return dialect


class DuckViews(Views):
    """Spell, make and look up views."""

    functions: ClassVar[Mapping[str, str]] = {
        "utc_date": "CAST(({0}) AS DATE)",
        "day_start": "CAST(({0}) AS TIMESTAMP)",
        "add_days": "(CAST(({0}) AS DATE) + CAST(({1}) AS INTEGER))",
        "add_minutes": "(({0}) + to_minutes(CAST(({1}) AS BIGINT)))",
        "days_between": "date_diff('day', CAST(({0}) AS DATE), CAST(({1}) AS DATE))",
        "minutes_between": "CAST(trunc((floor(epoch({1})) - floor(epoch({0}))) / 60) AS BIGINT)",
        "short_text": "{0}",
        "percent": "(CAST(100 AS DOUBLE) * ({0}) / nullif({1}, 0))",
        "utc_today": "CAST(make_timestamp(epoch_us(now())) AS DATE)",
        "utc_now": "make_timestamp(epoch_us(now()))",
        "from_epoch": "make_timestamp(CAST(({0}) * 1000000 AS BIGINT))",
        "holds_text": "contains(CAST({0} AS VARCHAR), {1})",
        "text_position": "instr({0}, {1})",
    }
    relation_query = (
        "SELECT table_type FROM information_schema.tables WHERE lower(table_name) = lower(:name)"
        " AND table_schema = {schema} AND table_catalog = current_database()"
    )
    columns_query = (
        "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = :name"
        " AND schema_name = {schema} AND database_name = current_database() ORDER BY column_index"
    )
    comments_query = (
        "SELECT '', comment FROM duckdb_tables() WHERE table_name = :name AND schema_name = {schema}"
        " AND database_name = current_database()"
        " UNION ALL SELECT '', comment FROM duckdb_views() WHERE view_name = :name AND schema_name = {schema}"
        " AND database_name = current_database()"
        " UNION ALL SELECT column_name, comment FROM duckdb_columns() WHERE table_name = :name"
        " AND schema_name = {schema} AND database_name = current_database()"
    )
    schema_query = (
        "SELECT 1 FROM information_schema.schemata"
        " WHERE schema_name = {schema} AND catalog_name = current_database()"
    )
    here = "'main'"
    only_null = frozenset({'"NULL"'})
    casts = True

    def dialect(self) -> sa.Dialect:
        return _dialect()

    def json_text(self, document: str, keys: Sequence[str]) -> str:
        return f"json_extract_string({document}, '{json_path(keys)}')"

    def json_listed(self, document: str, key: str, field: str, flag: str) -> str:
        every = f"CAST(json_extract({document}, '{json_path([key])}') AS JSON[])"
        named = f"{self.json_text('one', [field])} for one in {every} if {self.json_text('one', [flag])} = 'false'"
        return f"nullif(array_to_string(list_sort(list_distinct([{named}])), ', '), '')"


@register("duckdb")
class DuckBackend(DuckFile):
    """Use a DuckDB file.

    :param url: ``duckdb:///relative/path``, ``duckdb:////absolute/path``.
    """

    title = "DuckDB"
    capabilities = CAPABILITIES
    views = DuckViews()
    stages_stay = False

    @classmethod
    def open(cls, target: sa.Engine | sa.URL | str, schema: str | None) -> DuckBackend:
        if not isinstance(target, str):
            target = str(getattr(target, "url", target))
        return cls(target, schema)

    def __init__(self, url: str, schema: str | None) -> None:
        self.schema = schema
        self._path = url.removeprefix("duckdb:").removeprefix("///").partition("?")[0]
        if self._path in ("", "//", ":memory:"):
            raise UnsupportedTargetError("A DuckDB target needs a file: duckdb:///path/to/file.duckdb")

    @property
    def file(self) -> Path:
        return Path(self._path)

    def guard_log(self) -> None:
        create_private(f"{self._path}.wal", mode_of(self._path))

    def closed(self) -> None:
        with _open_guard:
            _open[self._path] -= 1
            log = Path(f"{self._path}.wal")
            if not _open[self._path] and log.exists() and not log.stat().st_size:
                log.unlink(missing_ok=True)

    @property
    def turn(self) -> threading.Lock:
        with _open_guard:
            return _turns.setdefault(str(self.file.absolute()), threading.Lock())

    def connect(self) -> DuckSession:
        return DuckSession(self, self.open_file())

    def connect_to_load(self) -> DuckSession:
        return DuckSession(self)

    def open_file(self) -> duckdb.DuckDBPyConnection:
        try:
            import duckdb
            import pyarrow  # noqa: F401
        except ImportError:
            raise UnsupportedTargetError(
                "DuckDB needs two packages: pip install 'airflow-provider-calcom[duckdb]'"
            ) from None
        until, pause = time.monotonic() + WAIT, PAUSE
        while True:
            new = not self.file.exists()
            try:
                # Not while another thread closes it: the file is taken until that is through.
                with opening:
                    connection = duckdb.connect(self._path)
                break
            except duckdb.IOException as error:
                if "lock" not in str(error):
                    raise
            if time.monotonic() >= until:
                raise DatabaseBusyError(
                    "The DuckDB file is open in another process, which DuckDB allows to one at a time; it was"
                    f" not closed for {WAIT:.0f} s"
                )
            time.sleep(pause)
            pause = min(pause * 1.5, 0.5)
        if new:
            # DuckDB refuses an empty file, so that the mode can only be set after; nothing is in it yet.
            self.file.chmod(self.file_mode & mode_of(self._path))
        with _open_guard:
            _open[self._path] += 1
        return connection

    @contextmanager
    def publishing(
        self, session: Session, prefix: str, owner: str, *, changes_schema: bool
    ) -> Iterator[None]:
        with waiting.publishing(session, prefix, owner):
            yield

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

    def comment(self, session: Session, table: str, text: str, columns: Sequence[Column]) -> None:
        comment_table(session, table, text, columns)

    def stage(self, session: Session, name: str, columns: Sequence[Column], key: Sequence[str]) -> DuckStage:
        assert isinstance(session, DuckSession)
        staging = session.stage_in(self._stage_folder(name.rpartition("_")[0]), name)
        parts = ", ".join(f"{self.quote(c.name)} {TYPES[c.type]}" for c in columns)
        staging.execute(
            f"CREATE OR REPLACE TEMP TABLE {self.quote(name)} ({parts}, {self.quote('_calcom_row_hash')} BIGINT)"
        )
        return DuckStage(staging, f"temp.main.{self.quote(name)}", columns)

    def view_texts(self, session: Session) -> dict[str, str]:
        return dict(
            session.fetch(
                "SELECT view_name, sql FROM duckdb_views() WHERE database_name = current_database()"
                " AND schema_name = :schema AND NOT internal ORDER BY view_name",
                {"schema": self.schema or "main"},
            )
        )

    def drop_stages(self, session: Session, stem: str) -> None:
        folder = self._stage_folder(stem)
        assert isinstance(session, DuckSession)
        session.end_staging(folder)
        shutil.rmtree(folder, ignore_errors=True)

    def _stage_folder(self, stem: str) -> Path:
        return self.file.with_name(f"{self.file.name}.stage-{xxh3_64_hexdigest(stem.encode())}")

    def time(self, moment: datetime) -> datetime:
        return datetime.fromisoformat(utc_text(moment))
