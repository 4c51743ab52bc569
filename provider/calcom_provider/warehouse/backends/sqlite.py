"""SQLite: the driver's own statements into a temporary table, which blocks nobody, then one transaction."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from calcom_provider.private_files import create_private
from calcom_provider.warehouse.backends import waiting
from calcom_provider.warehouse.backends.base import Capabilities, Params, Session, Stage, tabulate
from calcom_provider.warehouse.backends.protocols import SessionLike
from calcom_provider.warehouse.backends.registry import register
from calcom_provider.warehouse.backends.sql_session import SqlBackend, SqlSession
from calcom_provider.warehouse.backends.views import Views, json_path
from calcom_provider.warehouse.errors import DatabaseBusyError, UnsupportedTargetError
from calcom_provider.warehouse.rows import clean_row, date_text, utc_text
from calcom_provider.warehouse.schema import Column

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
CAPABILITIES = Capabilities(name="sqlite", types=TYPES, order="rowid", longest_name=255, folds_names=True)
#: What keeps a table or a column from being renamed: a view or a trigger that is broken, or would be.
_BROKEN = re.compile(r"error in (view|trigger) (.+?)(?: after rename)?: ", re.DOTALL)
_SAME_ORGANIZATION = re.compile(r"(\w+\.organization_id) = (\w+\.organization_id)")
#: Values that one statement takes; SQLite's own default limit is a little higher.
_VALUES = 32_000
#: Seconds to wait for another process that has the file locked.
WAIT = 60.0
#: Seconds between two tries of a statement that SQLite refuses at once instead of waiting.
PAUSE = 0.02
#: What SQLite's error codes have in common when somebody else holds a lock.
_BUSY = 5


class SqliteSession(SqlSession):
    """Hold a connection to a SQLite file, and say so when another process keeps it from going on."""

    def _run(self, sql: str, params: Params | Sequence[Params] | None) -> sa.CursorResult[Any]:
        import sqlalchemy as sa

        try:
            return super()._run(sql, params)
        except sa.exc.OperationalError as error:
            if getattr(error.orig, "sqlite_errorcode", 0) & 0xFF != _BUSY:
                raise
            raise DatabaseBusyError(
                f"Another process holds the SQLite file, and did not let go of it for {WAIT:.0f} s; wait for it"
                " to end, or close the program that has the file open"
            ) from None

    def _is_left(self) -> bool:
        # SQLite itself ends a transaction that finds no room, or cannot write.
        return super()._is_left() and bool(self.driver.in_transaction)

    def write_ahead(self) -> bool:
        """Keep the file's log so that readers and a writer do not wait for each other; False where it cannot be.

        SQLite changes this by making a reader into a writer. Two of those would wait for each other for ever, so it
        refuses one of them at once, whatever ``busy_timeout`` says, and the waiting is done here.
        """
        until = time.monotonic() + WAIT
        while True:
            try:
                return self.value("PRAGMA journal_mode = WAL") == "wal"
            except DatabaseBusyError:
                if time.monotonic() >= until:
                    raise
                time.sleep(PAUSE)


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
            if driver.in_transaction:
                driver.execute("ROLLBACK")
            raise
        driver.execute("COMMIT")

    def flush(self) -> None:
        pass


def converters(columns: Sequence[Column]) -> list[tuple[int, Callable[[Any], Any]]]:
    """Give the places of times and dates in a row and what turns them into text."""
    by_type: dict[str, Callable[[Any], Any]] = {"timestamp": utc_text, "date": date_text}
    return [(place, by_type[c.type]) for place, c in enumerate(columns) if c.type in by_type]


class SqliteViews(Views):
    """Spell, make and look up views."""

    functions: ClassVar[Mapping[str, str]] = {
        "utc_date": "date({0})",
        "day_start": "(({0}) || ' 00:00:00.000')",
        "add_days": "date({0}, ({1}) || ' days')",
        "add_minutes": "strftime('%Y-%m-%d %H:%M:%f', {0}, ({1}) || ' minutes')",
        "days_between": "CAST(julianday({1}) - julianday({0}) AS INTEGER)",
        "minutes_between": (
            "((CAST(strftime('%s', {1}) AS INTEGER) - CAST(strftime('%s', {0}) AS INTEGER)) / 60)"
        ),
        "short_text": "{0}",
        "percent": "(100.0 * ({0}) / nullif({1}, 0))",
        "utc_today": "date('now')",
        "utc_now": "strftime('%Y-%m-%d %H:%M:%f', 'now')",
        "from_epoch": "strftime('%Y-%m-%d %H:%M:%f', {0}, 'unixepoch')",
        "holds_text": "(instr(CAST({0} AS TEXT), {1}) > 0)",
        "text_position": "instr({0}, {1})",
    }
    relation_query = (
        "SELECT type FROM main.sqlite_master WHERE type <> 'trigger' AND lower(name) = lower(:name)"
    )
    columns_query = "SELECT name, type FROM pragma_table_info(:name, 'main') ORDER BY cid"

    def dialect(self) -> sa.Dialect:
        from sqlalchemy.dialects import sqlite

        return sqlite.dialect(paramstyle="named")

    def improved(self, text: str) -> str:
        # Every key begins with the organisation, of which there is often one: the planner, which knows no better, would
        # look up all its rows again and again. A plus hides the column from that key, and it makes an index of its own.
        return _SAME_ORGANIZATION.sub(r"+\1 = +\2", text)

    def put(self, session: SessionLike, name: str, text: str) -> bool:
        target = session.backend.qualify(name)
        session.execute(f"DROP VIEW IF EXISTS {target}")
        session.execute(f"CREATE VIEW {target} AS {text}")
        return False

    def json_text(self, document: str, keys: Sequence[str]) -> str:
        path = json_path(keys)
        kind = f"json_type({document}, '{path}')"
        # Truth values are given as 1 and 0 otherwise.
        return (
            f"CASE WHEN {kind} IN ('true', 'false') THEN {kind}"
            f" ELSE CAST(json_extract({document}, '{path}') AS TEXT) END"
        )

    def json_listed(self, document: str, key: str, field: str, flag: str) -> str:
        named = (
            f"SELECT DISTINCT json_extract(value, '{json_path([field])}') AS name"
            f" FROM json_each({document}, '{json_path([key])}')"
            f" WHERE json_type(value, '{json_path([flag])}') = 'false' ORDER BY 1"
        )
        return f"(SELECT group_concat(name, ', ') FROM ({named}))"


@register("sqlite")
class SqliteBackend(SqlBackend):
    """Use a SQLite file, or a database in memory."""

    title = "SQLite"
    capabilities = CAPABILITIES
    views = SqliteViews()
    stages_stay = False

    def __init__(self, engine: sa.Engine, schema: str | None, *, own: bool = False) -> None:
        import sqlite3

        if sqlite3.sqlite_version_info < (3, 33):
            raise UnsupportedTargetError(
                f"SQLite {sqlite3.sqlite_version} has no UPDATE ... FROM; 3.33 or later is needed"
            )
        if schema not in (None, "main"):
            raise UnsupportedTargetError("A SQLite file has no schemas: leave the schema empty")
        super().__init__(engine, None, own=own)

    @staticmethod
    def identity(connection: sa.Connection) -> tuple[str, ...] | None:
        rows = connection.exec_driver_sql("PRAGMA database_list").all()
        name = next((row[2] for row in rows if row[1] == "main"), "")
        if not name:
            return None
        try:
            held = Path(name).stat()
        except FileNotFoundError:
            return (str(Path(name).resolve()),)
        return str(held.st_dev), str(held.st_ino)

    @property
    def file(self) -> Path | None:
        name = self._engine.url.database
        return None if not name or name == ":memory:" or name.startswith("file:") else Path(name)

    def connect(self) -> SqliteSession:
        if self.file is not None:
            create_private(self.file, self.file_mode)
        session = SqliteSession(self, self._engine.connect(), "BEGIN IMMEDIATE")
        session.execute(f"PRAGMA busy_timeout = {WAIT * 1000:.0f}")
        return session

    def connect_to_load(self) -> SqliteSession:
        session = self.connect()
        if self.many_connections:
            # A load lasts as long as a read: a pool would have none left for others.
            session.connection.detach()
        return session

    @contextmanager
    def publishing(
        self, session: Session, prefix: str, owner: str, *, changes_schema: bool
    ) -> Iterator[None]:
        with waiting.publishing(session, prefix, owner):
            yield

    def commit_durably(self, session: Session) -> None:
        assert isinstance(session, SqliteSession)
        if self._own and self.file is not None and session.write_ahead():
            # Readers do not wait for records, and a commit is not synced twice.
            session.execute("PRAGMA synchronous = NORMAL")

    def qualify(self, name: str) -> str:
        return f"main.{self.quote(name)}"

    def refuses_name(self, name: str) -> str:
        if name.lower().startswith("sqlite_"):
            return "SQLite keeps such names for itself"
        return super().refuses_name(name)

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

    def rename_table(self, session: Session, name: str, to: str) -> None:
        # Otherwise a broken view anywhere in the file would make it fail.
        session.execute("PRAGMA legacy_alter_table = ON")
        super().rename_table(session, name, to)
        session.execute("PRAGMA legacy_alter_table = OFF")

    def rename_column(self, session: Session, table: str, name: str, to: str) -> None:
        import sqlalchemy as sa

        # A view or trigger that is broken, or would be, makes it fail: it is made anew, as it was.
        aside: dict[str, str] = {}
        while True:
            try:
                super().rename_column(session, table, name, to)
                break
            except sa.exc.OperationalError as error:
                found = _BROKEN.search(str(error.orig))
                if found is None or found[2] in aside:
                    raise
                kind, broken = found[1], found[2]
                query = "SELECT sql FROM main.sqlite_master WHERE type = :kind AND name = :name"
                aside[broken] = str(session.value(query, {"kind": kind, "name": broken}))
                session.execute(f"DROP {kind} {self.qualify(broken)}")
        for text in aside.values():
            session.execute(text)

    def view_texts(self, session: Session) -> dict[str, str]:
        return dict(
            session.fetch("SELECT name, sql FROM main.sqlite_master WHERE type = 'view' ORDER BY name")
        )

    def drop_stage(self, session: Session, name: str) -> None:
        session.execute(f"DROP TABLE IF EXISTS temp.{self.quote(name)}")

    def drop_stages(self, session: Session, stem: str) -> None:
        query = (
            "SELECT name FROM temp.sqlite_master WHERE type = 'table' AND substr(name, 1, :length) = :stem"
        )
        for (name,) in session.fetch(query, {"stem": f"{stem}_", "length": len(stem) + 1}):
            self.drop_stage(session, name)

    def time(self, moment: datetime) -> str:
        return utc_text(moment)
