"""SQLite: the driver's own statements into a temporary table, which blocks nobody, then one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from calcom_provider.warehouse import lease
from calcom_provider.warehouse.backend import Backend, Capabilities, Session, Stage, tabulate
from calcom_provider.warehouse.errors import UnsupportedTargetError
from calcom_provider.warehouse.rows import clean_row, date_text, utc_text
from calcom_provider.warehouse.schema import Column
from calcom_provider.warehouse.sql_session import SqlSession

if TYPE_CHECKING:
    import sqlalchemy as sa

TYPES = {
    "integer": "BIGINT",
    "float": "DOUBLE",
    "text": "TEXT",
    "key": "TEXT",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMP",
    "date": "DATE",
    "json": "JSON_TEXT",  # plain JSON would turn the text 12 into a number
    "blob": "BLOB",
}
KNOWN = {name: kind for kind, name in TYPES.items() if kind != "key"}
CAPABILITIES = Capabilities(name="sqlite", types=TYPES, order="rowid")
#: Values that one statement takes; SQLite's own default limit is a little higher.
_VALUES = 32_000


class SqliteStage(Stage):
    """Put rows into a temporary table."""

    def __init__(self, session: SqlSession, name: str, columns: Sequence[Column]) -> None:
        self.name = name
        self._session = session
        self.shape(columns)

    def shape(self, columns: Sequence[Column]) -> None:
        self._convert = converters(columns)
        names = ", ".join(map(self._session.backend.quote, [*(c.name for c in columns), "_calcom_row_hash"]))
        self._head = f"INSERT INTO {self.name} ({names}) VALUES "
        self._row = f"({', '.join('?' * (len(columns) + 1))})"
        self._most = max(_VALUES // (len(columns) + 1), 1)

    def write(self, rows: Sequence[tuple[Any, ...]], hashes: Sequence[int]) -> None:
        try:
            self._insert(rows, hashes)
        except UnicodeEncodeError:
            cleaned = [clean_row(row, nul=False) for row in rows]
            self.replaced += sum(count for _, count in cleaned)
            self._insert([row for row, _ in cleaned], hashes)

    def _insert(self, rows: Sequence[tuple[Any, ...]], hashes: Sequence[int]) -> None:
        columns: list[Any] = list(zip(*rows, strict=True))
        for place, convert in self._convert:
            columns[place] = [None if value is None else convert(value) for value in columns[place]]
        driver = self._session.driver
        # Only the temporary database is written: the file stays free for readers and writers.
        driver.execute("BEGIN")
        try:
            # Many rows in one statement, not executemany: that gives up the interpreter's lock for every row, and
            # gets it back only when no thread that parses an answer wants it.
            whole = zip(*columns, hashes, strict=True)
            while part := list(islice(whole, self._most)):
                values = ", ".join([self._row] * len(part))
                driver.execute(self._head + values, tuple(chain.from_iterable(part)))
        except BaseException:
            driver.execute("ROLLBACK")
            raise
        driver.execute("COMMIT")

    def flush(self) -> None:
        pass


def converters(columns: Sequence[Column]) -> list[tuple[int, Callable[[Any], Any]]]:
    """Give the places of times and dates in a row and what turns them into text."""
    by_type: dict[str, Callable[[Any], Any]] = {"timestamp": utc_text, "date": date_text}
    return [(place, by_type[c.type]) for place, c in enumerate(columns) if c.type in by_type]


class SqliteBackend(Backend):
    """Use a SQLite file, or a database in memory."""

    capabilities = CAPABILITIES

    def __init__(self, engine: sa.Engine, schema: str | None) -> None:
        import sqlite3

        if sqlite3.sqlite_version_info < (3, 33):
            raise UnsupportedTargetError(
                f"SQLite {sqlite3.sqlite_version} has no UPDATE ... FROM; 3.33 or later is needed"
            )
        if schema not in (None, "main"):
            raise UnsupportedTargetError("A SQLite file has no schemas: leave the schema empty")
        self._engine = engine

    def connect(self) -> SqlSession:
        session = SqlSession(self, self._engine.connect(), "BEGIN IMMEDIATE")
        session.execute("PRAGMA busy_timeout = 60000")
        return session

    def qualify(self, name: str) -> str:
        return f"main.{self.quote(name)}"

    def reflect(self, session: Session, prefix: str) -> dict[str, dict[str, str]]:
        rows = session.fetch(
            "SELECT m.name, c.name, c.type FROM main.sqlite_master m JOIN pragma_table_info(m.name, 'main') c"
            " WHERE m.type = 'table' AND substr(m.name, 1, length(:prefix)) = :prefix ORDER BY m.name, c.cid",
            {"prefix": prefix},
        )
        return tabulate((table, column, KNOWN.get(kind.upper(), kind)) for table, column, kind in rows)

    def stage(
        self, session: Session, name: str, columns: Sequence[Column], key: Sequence[str]
    ) -> SqliteStage:
        assert isinstance(session, SqlSession)
        self.drop_stage(session, name)
        parts = ", ".join(f"{self.quote(c.name)} {TYPES[c.type]}" for c in columns)
        session.execute(
            f"CREATE TABLE temp.{self.quote(name)} ({parts}, {self.quote('_calcom_row_hash')} BIGINT)"
        )
        return SqliteStage(session, f"temp.{self.quote(name)}", columns)

    def index_stage(self, session: Session, stage: Stage, key: Sequence[str]) -> None:
        name = self.quote(stage.name.partition(".")[2].strip('"') + "_key")
        columns = ", ".join(map(self.quote, key))
        session.execute(f"CREATE INDEX temp.{name} ON {stage.name.partition('.')[2]} ({columns})")

    def drop_stage(self, session: Session, name: str) -> None:
        session.execute(f"DROP TABLE IF EXISTS temp.{self.quote(name)}")

    def lock(self, session: Session, name: str, owner: str) -> str | None:
        lease.prepare(session, name)
        return lease.take(session, name, owner)

    def unlock(self, session: Session, name: str, owner: str) -> None:
        lease.release(session, name, owner)

    def renew(self, session: Session, name: str, owner: str) -> None:
        lease.extend(session, name, owner)

    def still_locked(self, session: Session, name: str, owner: str) -> bool:
        return lease.held(session, name, owner)

    def time(self, moment: datetime) -> str:
        return utc_text(moment)
