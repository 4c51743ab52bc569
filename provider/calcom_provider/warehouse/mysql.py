"""MySQL and MariaDB: multi-row INSERT into a staging table, named lock, one transaction.

DDL commits whatever is open here, so tables are made and changed before the transaction begins. Text is
utf8mb4 with a binary collation: keys that differ in case or accents stay apart, and emoji survive. Times are
DATETIME(3) in UTC.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from xxhash import xxh3_64_hexdigest

from calcom_provider.warehouse.backend import Backend, Capabilities, Session, Stage, tabulate
from calcom_provider.warehouse.rows import clean_row, date_text, json_cleaner, utc_text
from calcom_provider.warehouse.schema import Column
from calcom_provider.warehouse.sql_session import SqlSession

if TYPE_CHECKING:
    import sqlalchemy as sa

TYPES = {
    "integer": "BIGINT",
    "float": "DOUBLE",
    "text": "LONGTEXT",
    # Four key columns of four-byte characters still fit into the 3072 bytes of an index.
    "key": "VARCHAR(190)",
    "boolean": "TINYINT(1)",
    "timestamp": "DATETIME(3)",
    "date": "DATE",
    "json": "JSON",
    "blob": "LONGBLOB",
}
KNOWN = {
    "bigint": "integer",
    "int": "integer",
    "double": "float",
    "longtext": "text",
    "varchar": "text",
    "tinyint": "boolean",
    "datetime": "timestamp",
    "date": "date",
    "json": "json",
    "longblob": "blob",
}
CAPABILITIES = Capabilities(
    name="mysql",
    types=TYPES,
    quote="`",
    update="join",
    transactional_ddl=False,
    # MariaDB keeps JSON as text and calls it so.
    alike=frozenset({("text", "json")}),
    widenings=frozenset({("integer", "text"), ("date", "timestamp"), ("json", "text")}),
    json_refuses=frozenset({"surrogate"}),
)
MODES = "STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES,NO_ZERO_DATE,NO_ZERO_IN_DATE,NO_AUTO_VALUE_ON_ZERO"
ROWS_PER_INSERT = 1000
#: Rows that are sent in one transaction: the server syncs its log once for them.
ROWS_PER_COMMIT = 5000
BYTES_PER_INSERT = 1 << 20


def _text(value: Any) -> str:
    return "'" + str(value).replace("'", "''") + "'"


def _number(value: Any) -> str:
    return str(int(value)) if isinstance(value, bool) else repr(value)


class MysqlStage(Stage):
    """Write rows as literals of multi-row INSERT statements."""

    def __init__(self, session: SqlSession, name: str, columns: Sequence[Column]) -> None:
        self.name = name
        self._session = session
        self._rows: list[tuple[Any, ...]] = []
        self._hashes: list[int] = []
        self.shape(columns)

    def shape(self, columns: Sequence[Column]) -> None:
        clean_json = json_cleaner(CAPABILITIES.json_refuses)
        spell: dict[str, Callable[[Any], str]] = {
            "integer": _number,
            "float": _number,
            "boolean": _number,
            "timestamp": lambda value: f"'{utc_text(value)}'",
            "date": lambda value: f"'{date_text(value)}'",
            "json": lambda value: _text(clean_json(value)),
            "text": _text,
        }
        self._spell = [spell[column.type] for column in columns]
        self._json = [place for place, column in enumerate(columns) if column.type == "json"]
        self._clean_json = clean_json
        names = ", ".join(map(self._session.backend.quote, [*(c.name for c in columns), "_calcom_row_hash"]))
        self._head = f"INSERT INTO {self.name} ({names}) VALUES ("

    def write(self, rows: Sequence[tuple[Any, ...]], hashes: Sequence[int]) -> None:
        self._rows += rows
        self._hashes += hashes
        if len(self._rows) >= ROWS_PER_COMMIT:
            self.flush()

    def _write(self, rows: Sequence[tuple[Any, ...]], hashes: Sequence[int]) -> None:
        for place in self._json:
            for row in rows:
                if row[place] and "\\u" in row[place]:
                    self.replaced += self._clean_json(row[place]) != row[place]
        columns = [
            ["NULL" if value is None else spell(value) for value in column]
            for spell, column in zip(self._spell, zip(*rows, strict=True), strict=True)
        ]
        parts = list(map(",".join, zip(*columns, map(str, hashes), strict=True)))
        try:
            self._send(parts)
        except UnicodeEncodeError:
            cleaned = [clean_row((part,), nul=False) for part in parts]
            self.replaced += sum(count for row in rows for count in [clean_row(row, nul=False)[1]])
            self._send([part for (part,), _ in cleaned])

    def _send(self, parts: list[str]) -> None:
        statement = self._head + "),(".join(parts) + ")"
        if len(statement) > BYTES_PER_INSERT and len(parts) > 1:
            half = len(parts) // 2
            self._send(parts[:half])
            self._send(parts[half:])
            return
        # The driver would encode a lone surrogate as a stray byte.
        statement.encode()
        with self._session.driver.cursor() as cursor:
            cursor.execute(statement)

    def flush(self) -> None:
        rows, hashes = self._rows, self._hashes
        if not rows:
            return
        self._rows, self._hashes = [], []
        self._session.begin()
        try:
            for start in range(0, len(rows), ROWS_PER_INSERT):
                self._write(rows[start : start + ROWS_PER_INSERT], hashes[start : start + ROWS_PER_INSERT])
        except BaseException:
            self._session.rollback()
            raise
        self._session.commit()


class MysqlBackend(Backend):
    """Use MySQL or MariaDB through the driver of the engine."""

    capabilities = CAPABILITIES
    table_options = " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"

    def __init__(self, engine: sa.Engine, schema: str | None) -> None:
        self.schema = schema
        self._engine = engine

    def connect(self) -> SqlSession:
        session = SqlSession(self, self._engine.connect(), "START TRANSACTION")
        # The settings below are ours: the connection does not go back to the pool.
        session.connection.detach()
        session.driver.set_character_set("utf8mb4")
        session.execute(f"SET SESSION sql_mode = '{MODES}'")
        session.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
        return session

    def prepare(self, session: Session) -> None:
        if self.schema and not session.fetch(
            "SELECT 1 FROM information_schema.schemata WHERE schema_name = :name", {"name": self.schema}
        ):
            session.execute(f"CREATE DATABASE IF NOT EXISTS {self.quote(self.schema)}")

    def reflect(self, session: Session, prefix: str) -> dict[str, dict[str, str]]:
        schema = ":schema" if self.schema else "DATABASE()"
        rows = session.fetch(
            "SELECT table_name, column_name, data_type FROM information_schema.columns"
            f" WHERE table_schema = {schema} AND LEFT(table_name, CHAR_LENGTH(:prefix)) = :prefix"
            " ORDER BY table_name, ordinal_position",
            {"prefix": prefix, **({"schema": self.schema} if self.schema else {})},
        )
        return tabulate((table, column, KNOWN.get(str(kind), str(kind))) for table, column, kind in rows)

    def stage(self, session: Session, name: str, columns: Sequence[Column], key: Sequence[str]) -> MysqlStage:
        assert isinstance(session, SqlSession)
        self.drop_stage(session, name)
        parts = ", ".join(f"{self.quote(c.name)} {self.type_of(c, c.name in key)}" for c in columns)
        session.execute(
            f"CREATE TABLE {self.qualify(name)} (_seq BIGINT AUTO_INCREMENT PRIMARY KEY, {parts},"
            f" {self.quote('_calcom_row_hash')} BIGINT){self.table_options}"
        )
        return MysqlStage(session, self.qualify(name), columns)

    def widen(self, target: str, column: Column) -> str:
        return f"ALTER TABLE {target} MODIFY COLUMN {self.quote(column.name)} {self.type_of(column)}"

    def lock(self, session: Session, name: str, owner: str) -> str | None:
        lock = self._lock_name(session, name)
        if session.value("SELECT GET_LOCK(:name, 0)", {"name": lock}) == 1:
            return None
        holder = session.value("SELECT IS_USED_LOCK(:name)", {"name": lock})
        return f"another run (connection {holder} of the server)"

    def unlock(self, session: Session, name: str, owner: str) -> None:
        session.execute("DO RELEASE_LOCK(:name)", {"name": self._lock_name(session, name)})

    def time(self, moment: datetime) -> str:
        return utc_text(moment)

    def _lock_name(self, session: Session, name: str) -> str:
        schema = self.schema or session.value("SELECT DATABASE()")
        return f"calcom:{xxh3_64_hexdigest(f'{schema}/{name}'.encode())}"
