"""MySQL and MariaDB: multi-row INSERT into a staging table, named lock, one transaction.

DDL commits whatever is open here, so tables are made and changed before the transaction begins. Text is
utf8mb4 with a binary collation: keys that differ in case or accents stay apart, and emoji survive. Times are
DATETIME(3) in UTC.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from xxhash import xxh3_64_hexdigest

from calcom_provider.warehouse.backends import lease, waiting
from calcom_provider.warehouse.backends.base import Capabilities, Session, Stage, tabulate
from calcom_provider.warehouse.backends.protocols import SessionLike
from calcom_provider.warehouse.backends.registry import register
from calcom_provider.warehouse.backends.sql_session import SqlBackend, SqlSession, asset_base
from calcom_provider.warehouse.backends.views import Views, json_path
from calcom_provider.warehouse.rows import clean_row, date_text, json_cleaner, utc_text
from calcom_provider.warehouse.schema import Column

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
#: What the server says when a row stayed locked for too long.
_LOCK_WAIT_TIMEOUT = 1205
_SOMEBODY = "a run that publishes or changes tables, or whoever makes views or erases"
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


class MysqlSession(SqlSession):
    """Hold a connection, and the one that locks the tables as a whole for it, if any."""

    guard: SqlSession | None = None


class MysqlViews(Views):
    """Spell, make and look up views."""

    functions: ClassVar[Mapping[str, str]] = {
        "utc_date": "DATE({0})",
        "day_start": "CAST(({0}) AS DATETIME(3))",
        "add_days": "DATE_ADD(CAST(({0}) AS DATE), INTERVAL ({1}) DAY)",
        "add_minutes": "DATE_ADD({0}, INTERVAL ({1}) MINUTE)",
        "days_between": "DATEDIFF({1}, {0})",
        # The bounds are cut to seconds one by one, so that parts of seconds count nowhere.
        "minutes_between": (
            "(TIMESTAMPDIFF(SECOND, '1970-01-01', {1}) - TIMESTAMPDIFF(SECOND, '1970-01-01', {0})) DIV 60"
        ),
        "short_text": "CAST({0} AS CHAR(255)) COLLATE utf8mb4_bin",
        # With an exponent a literal is a float.
        "percent": "(1e2 * ({0}) / nullif({1}, 0))",
        "utc_today": "UTC_DATE()",
        "utc_now": "UTC_TIMESTAMP(3)",
        # Not FROM_UNIXTIME: that gives the time of the session's zone.
        "from_epoch": "DATE_ADD(CAST('1970-01-01' AS DATETIME(3)), INTERVAL ({0}) * 1000000 MICROSECOND)",
        "holds_text": "(INSTR(CAST({0} AS CHAR) COLLATE utf8mb4_bin, {1}) > 0)",
        "text_position": "instr({0}, {1})",
    }
    # Names differ by more than case only where the server says so.
    relation_query = (
        "SELECT table_type FROM information_schema.tables"
        " WHERE table_name = :name AND table_schema = {schema}"
    )
    columns_query = (
        "SELECT column_name, column_type FROM information_schema.columns"
        " WHERE table_name = :name AND table_schema = {schema} ORDER BY ordinal_position"
    )
    schema_query = "SELECT 1 FROM information_schema.schemata WHERE schema_name = {schema}"
    here = "DATABASE()"
    only_null = frozenset({"binary(0)"})
    repeats_lookups = True
    joins_in_order = "STRAIGHT_JOIN"

    def dialect(self) -> sa.Dialect:
        from sqlalchemy.dialects import mysql

        return mysql.dialect(paramstyle="named")

    def made_of_query(self, session: SessionLike, name: str) -> None:
        # Columns are NOT NULL for what is never null today, and days without such a column would get zeros.
        quote, held = session.backend.quote, self.typed_columns(session, name)
        changes = [f"MODIFY {quote(column)} {kind} NULL" for column, kind in held.items()]
        session.execute(f"ALTER TABLE {session.backend.qualify(name)} {', '.join(changes)}")

    def json_text(self, document: str, keys: Sequence[str]) -> str:
        found = f"JSON_EXTRACT({document}, '{json_path(keys)}')"
        # JSON null is no SQL null here.
        return f"CASE WHEN JSON_TYPE({found}) <> 'NULL' THEN JSON_UNQUOTE({found}) END"

    def json_listed(self, document: str, key: str, field: str, flag: str) -> str:
        columns = ", ".join(
            f"{name} VARCHAR(255) CHARACTER SET utf8mb4 PATH '{json_path([one])}'"
            for name, one in (("name", field), ("flag", flag))
        )
        # The servers differ in how false reads as text.
        return (
            "(SELECT GROUP_CONCAT(DISTINCT listed.name ORDER BY listed.name SEPARATOR ', ')"
            f" FROM JSON_TABLE({document}, '{json_path([key])}[*]' COLUMNS ({columns})) AS listed"
            " WHERE listed.flag IN ('false', '0'))"
        )


@register("mysql", "mariadb")
class MysqlBackend(SqlBackend):
    """Use MySQL or MariaDB through the driver of the engine."""

    title = "MySQL or MariaDB"
    capabilities = CAPABILITIES
    views = MysqlViews()
    table_options = " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"

    @staticmethod
    def identity(connection: sa.Connection) -> tuple[str, ...] | None:
        database = "IF(@@lower_case_table_names, LOWER(DATABASE()), DATABASE())"
        asked = f"SELECT @@hostname, @@port, @@datadir, {database}"
        return tuple(map(str, connection.exec_driver_sql(asked).one()))

    def connect(self) -> MysqlSession:
        session = MysqlSession(self, self._engine.connect(), "START TRANSACTION")
        # The settings below are ours: the connection does not go back to the pool.
        session.connection.detach()
        session.driver.set_character_set("utf8mb4")
        session.execute(f"SET SESSION sql_mode = '{MODES}'")
        session.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
        return session

    def define(self, column: Column, *, key: bool = False) -> str:
        # Set here alone: to change a comment is to define the column anew, without the check of its JSON.
        remark = f" COMMENT {_text(column.comment)}" if column.comment else ""
        return super().define(column, key=key) + remark

    def comment(self, session: Session, table: str, text: str, columns: Sequence[Column]) -> None:
        if text:
            session.execute(f"ALTER TABLE {self.qualify(table)} COMMENT = {_text(text)}")

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
        return f"ALTER TABLE {target} MODIFY COLUMN {self.define(replace(column, nullable=True))}"

    def lock(
        self, session: Session, prefix: str, owner: str, scope: str | None = None, *, wait: float = 0.0
    ) -> str | None:
        lease.prepare(session, prefix)
        if scope is None:
            return self._lock_whole(session, prefix, wait)
        name = {"name": self._lock_name(session, prefix, scope)}

        def take() -> str | None:
            if session.value("SELECT GET_LOCK(:name, 0)", name) == 1:
                return None
            return (
                f"another run (connection {session.value('SELECT IS_USED_LOCK(:name)', name)} of the server)"
            )

        return waiting.polled(take, wait)

    def _lock_whole(self, session: Session, prefix: str, wait: float) -> str | None:
        """Lock the row that publications read, over a connection of its own: DDL would end the transaction."""
        row = self._row_to_lock(session, prefix)
        guard = self.connect()
        try:
            guard.execute(f"SET SESSION innodb_lock_wait_timeout = {max(int(wait), 1)}")
            guard.begin()
            guard.fetch(f"{row} FOR UPDATE")
        except Exception as error:
            guard.rollback()
            guard.close()
            if _number_of(error) != _LOCK_WAIT_TIMEOUT:
                raise
            return _SOMEBODY
        assert isinstance(session, MysqlSession)
        session.guard = guard
        return None

    def unlock(self, session: Session, prefix: str, owner: str, scope: str | None = None) -> None:
        if scope is not None:
            session.execute("DO RELEASE_LOCK(:name)", {"name": self._lock_name(session, prefix, scope)})
            return
        assert isinstance(session, MysqlSession)
        guard, session.guard = session.guard, None
        if guard is not None:
            guard.rollback()
            guard.close()

    def is_free(self, session: Session, prefix: str, scope: str) -> bool:
        name = {"name": self._lock_name(session, prefix, scope)}
        return session.value("SELECT IS_USED_LOCK(:name)", name) is None

    @contextmanager
    def publishing(
        self, session: Session, prefix: str, owner: str, *, changes_schema: bool
    ) -> Iterator[None]:
        row = self._row_to_lock(session, prefix)
        session.execute(f"SET SESSION innodb_lock_wait_timeout = {int(waiting.PATIENCE)}")
        try:
            session.begin()
            try:
                session.fetch(f"{row} LOCK IN SHARE MODE")
            except BaseException as error:
                session.rollback()
                if _number_of(error) == _LOCK_WAIT_TIMEOUT:
                    raise waiting.kept_from_publishing(prefix, _SOMEBODY) from None
                raise
        finally:
            session.execute("SET SESSION innodb_lock_wait_timeout = DEFAULT")
        with session.finishing():
            yield

    def _row_to_lock(self, session: Session, prefix: str) -> str:
        """Make the row that stands for the tables as a whole, and give the query of it."""
        table = self.qualify(prefix + lease.LEASE)
        query = f"SELECT name FROM {table} WHERE name = {_text(prefix)}"
        # Not inserted without looking: that would wait for who has it locked.
        if not session.fetch(query):
            values = f"({_text(prefix)}, '', 0)"
            session.execute(f"INSERT IGNORE INTO {table} (name, owner, expires_at) VALUES {values}")
        return query

    def lengthen(self, session: Session, table: str, columns: Sequence[str]) -> None:
        # TEXT ends at 64 KiB.
        changes = ", ".join(f"MODIFY COLUMN {one}" for one in columns)
        session.execute(f"ALTER TABLE {self.qualify(table)} {changes}")

    def rename_table(self, session: Session, name: str, to: str) -> None:
        # Without its database, the table would move into the connection's own.
        session.execute(f"ALTER TABLE {self.qualify(name)} RENAME TO {self.qualify(to)}")

    def view_texts(self, session: Session) -> dict[str, str]:
        schema = ":schema" if self.schema else "DATABASE()"
        return dict(
            session.fetch(
                "SELECT table_name, view_definition FROM information_schema.views"
                f" WHERE table_schema = {schema} ORDER BY table_name",
                {"schema": self.schema} if self.schema else None,
            )
        )

    def still_locked(self, session: Session, prefix: str, owner: str, scope: str | None = None) -> bool:
        # The lock ends with the connection, and with that the transaction.
        return True

    def time(self, moment: datetime) -> str:
        return utc_text(moment)

    def resolved_schema(self, session: Session) -> str:
        return self.folded(session, self.schema or str(session.value("SELECT DATABASE()")))

    def asset_base(self, session: Session) -> str | None:
        return asset_base("mysql", self._engine.url, 3306, [self.resolved_schema(session)])

    def folded(self, session: Session, name: str) -> str:
        # Servers on file systems without case fold the names of tables and databases; the others do not.
        return name.lower() if session.value("SELECT @@lower_case_table_names") else name

    def refuses_name(self, name: str) -> str:
        if any(ord(letter) > 0xFFFF for letter in name):
            return "names hold no characters beyond U+FFFF"
        return super().refuses_name(name)

    def _lock_name(self, session: Session, prefix: str, scope: str) -> str:
        place = f"{self.resolved_schema(session)}/{self.folded(session, prefix)}/{scope}"
        return f"calcom:{xxh3_64_hexdigest(place.encode())}"


def _number_of(error: BaseException) -> Any:
    told = getattr(error, "orig", None) or error
    return told.args[0] if told.args else None
