"""PostgreSQL: COPY into unlogged staging tables while the pages arrive, advisory lock, one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from xxhash import xxh3_64_intdigest

from calcom_provider.warehouse.backend import Backend, Capabilities, Session, Stage, tabulate
from calcom_provider.warehouse.errors import UnsupportedTargetError
from calcom_provider.warehouse.rows import clean_row, json_cleaner
from calcom_provider.warehouse.schema import Column
from calcom_provider.warehouse.sql_session import SqlSession

if TYPE_CHECKING:
    import sqlalchemy as sa

TYPES = {
    "integer": "bigint",
    "float": "double precision",
    "text": "text",
    "key": "text",
    "boolean": "boolean",
    "timestamp": "timestamp(3) with time zone",
    "date": "date",
    "json": "jsonb",
    "blob": "bytea",
}
KNOWN = {
    "bigint": "integer",
    "integer": "integer",
    "double precision": "float",
    "text": "text",
    "character varying": "text",
    "boolean": "boolean",
    "timestamp with time zone": "timestamp",
    "date": "date",
    "jsonb": "json",
    "json": "json",
    "bytea": "blob",
}
CAPABILITIES = Capabilities(
    name="postgresql",
    types=TYPES,
    order="ctid",
    stage_index=False,
    widenings=frozenset({("integer", "text"), ("date", "timestamp"), ("boolean", "text"), ("json", "text")}),
    text_refuses_nul=True,
    json_refuses=frozenset({"nul", "surrogate"}),
    key_last=True,
)

#: Rows after which a COPY is ended and begun again: what the server has taken by then is out of our memory.
ROWS_PER_COPY = 50_000


class PostgresStage(Stage):
    """Stream rows into an unlogged table by COPY."""

    def __init__(self, session: PostgresSession, name: str, columns: Sequence[Column]) -> None:
        self.name = name
        self._session = session
        self._clean_json = json_cleaner(CAPABILITIES.json_refuses)
        self._written = 0
        self.shape(columns)

    def shape(self, columns: Sequence[Column]) -> None:
        self._json = [place for place, column in enumerate(columns) if column.type == "json"]
        quoted = ", ".join(map(self._session.backend.quote, [*(c.name for c in columns), "_calcom_row_hash"]))
        self._statement = f"COPY {self.name} ({quoted}) FROM STDIN"

    def write(self, rows: Sequence[tuple[Any, ...]], hashes: Sequence[int]) -> None:
        from psycopg import DataError

        if self._json:
            rows = self._json_cleaned(rows)
        write_row = self._session.copy_into(self, self._statement)
        for row, digest in zip(rows, hashes, strict=True):
            try:
                write_row((*row, digest))
            except (DataError, UnicodeEncodeError):
                clean, replaced = clean_row(row, nul=True)
                self.replaced += replaced
                write_row((*clean, digest))
        self._written += len(rows)
        if self._written >= ROWS_PER_COPY:
            self.flush()

    def flush(self) -> None:
        self._written = 0
        self._session.end_copy(self)

    def _json_cleaned(self, rows: Sequence[tuple[Any, ...]]) -> Sequence[tuple[Any, ...]]:
        if not any(row[place] and "\\u" in row[place] for place in self._json for row in rows):
            return rows
        cleaned = []
        for row in rows:
            values = list(row)
            for place in self._json:
                if values[place] and "\\u" in values[place]:
                    values[place] = self._clean_json(values[place])
                    self.replaced += values[place] != row[place]
            cleaned.append(tuple(values))
        return cleaned


class PostgresSession(SqlSession):
    """Hold a psycopg 3 connection and the COPY that is open on it, if any."""

    def __init__(self, backend: Backend, connection: sa.Connection) -> None:
        super().__init__(backend, connection, "BEGIN")
        self._stack = ExitStack()
        self._copying: PostgresStage | None = None
        self._write_row: Any = None

    def copy_into(self, stage: PostgresStage, statement: str) -> Any:
        """Give the function that writes a row to a stage, after ending the COPY of another one."""
        if self._copying is not stage:
            self.end_copy()
            cursor = self._stack.enter_context(self.driver.cursor())
            copy = self._stack.enter_context(cursor.copy(statement))
            self._copying, self._write_row = stage, copy.write_row
        return self._write_row

    def end_copy(self, stage: PostgresStage | None = None) -> None:
        """End the COPY that is open, if it is that of the stage (of any stage when none is given)."""
        if self._copying is not None and stage in (None, self._copying):
            self._copying = self._write_row = None
            stack, self._stack = self._stack, ExitStack()
            stack.close()

    def _run(self, sql: str, params: Any) -> sa.CursorResult[Any]:
        self.end_copy()
        return super()._run(sql, params)

    def rollback(self) -> None:
        try:
            self.end_copy()
        except Exception:  # noqa: S110 - a COPY that the server refused has nothing to keep
            pass
        super().rollback()

    def close(self) -> None:
        if self._copying is not None:
            # The load ends without publishing: nothing of an open COPY is wanted.
            self.driver.close()
        super().close()


class PostgresBackend(Backend):
    """Use PostgreSQL through psycopg 3."""

    capabilities = CAPABILITIES

    def __init__(self, engine: sa.Engine, schema: str | None) -> None:
        self.schema = schema
        self._own: sa.Engine | None = None
        if engine.dialect.driver != "psycopg":
            # psycopg2 and others have no COPY that takes rows one by one; the address is the same.
            engine = self._own = _with_psycopg3(engine)
        self._engine = engine

    def connect(self) -> PostgresSession:
        session = PostgresSession(self, self._engine.connect())
        # The settings below are ours: the connection does not go back to the pool.
        session.connection.detach()
        # Staging is rebuilt after a crash anyway; the publishing transaction sets this back.
        session.execute("SET synchronous_commit = off")
        session.execute("SET client_min_messages = warning")
        return session

    def prepare(self, session: Session) -> None:
        if self.schema and not session.fetch(
            "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = :name", {"name": self.schema}
        ):
            session.execute(f"CREATE SCHEMA IF NOT EXISTS {self.quote(self.schema)}")

    def reflect(self, session: Session, prefix: str) -> dict[str, dict[str, str]]:
        schema = ":schema" if self.schema else "current_schema()"
        rows = session.fetch(
            "SELECT c.relname, a.attname, CASE WHEN t.typtype = 'b' THEN"
            " split_part(format_type(a.atttypid, NULL), '(', 1) ELSE t.typname END"
            " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid"
            f" WHERE n.nspname = {schema} AND c.relkind IN ('r', 'p') AND starts_with(c.relname, :prefix)"
            " AND a.attnum > 0 AND NOT a.attisdropped ORDER BY c.relname, a.attnum",
            {"prefix": prefix, **({"schema": self.schema} if self.schema else {})},
        )
        return tabulate((table, column, KNOWN.get(kind, kind)) for table, column, kind in rows)

    def comment(self, session: Session, table: str, text: str, columns: Sequence[Column]) -> None:
        target = self.qualify(table)
        remarks = [(f"TABLE {target}", text)]
        remarks += [(f"COLUMN {target}.{self.quote(c.name)}", c.comment) for c in columns]
        for what, remark in remarks:
            if remark:
                literal = remark.replace("'", "''")
                session.execute(f"COMMENT ON {what} IS '{literal}'")

    def stage(
        self, session: Session, name: str, columns: Sequence[Column], key: Sequence[str]
    ) -> PostgresStage:
        assert isinstance(session, PostgresSession)
        self.drop_stage(session, name)
        parts = ", ".join(f"{self.quote(c.name)} {TYPES[c.type]}" for c in columns)
        # Vacuum would free places in the middle, and ctid would no longer tell the order of arrival.
        session.execute(
            f"CREATE UNLOGGED TABLE {self.qualify(name)} ({parts}, {self.quote('_calcom_row_hash')} bigint)"
            " WITH (autovacuum_enabled = false)"
        )
        return PostgresStage(session, self.qualify(name), columns)

    def lock(self, session: Session, name: str, owner: str) -> str | None:
        number = self._lock_number(name)
        if session.value("SELECT pg_try_advisory_lock(:number)", {"number": number}):
            session.execute(
                "SELECT set_config('application_name', :name, false)", {"name": f"calcom {owner}"[:63]}
            )
            return None
        holder = session.fetch(
            "SELECT a.pid, a.application_name, a.backend_start"
            " FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
            " WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1"
            # Other databases of the server have the same numbers.
            " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            " AND ((l.classid::bigint << 32) | l.objid::bigint) = :number",
            {"number": number},
        )
        if not holder:
            return "another connection"
        pid, application, since = holder[0]
        who = application or "another connection"
        return f"{who} (server process {pid}, since {since:%Y-%m-%d %H:%M:%S %Z})"

    def unlock(self, session: Session, name: str, owner: str) -> None:
        session.execute("SELECT pg_advisory_unlock(:number)", {"number": self._lock_number(name)})

    def tune(self, session: Session) -> None:
        session.execute("SET LOCAL synchronous_commit = on")
        session.execute("SET LOCAL work_mem = '64MB'")
        session.execute("SET LOCAL maintenance_work_mem = '128MB'")

    def close(self) -> None:
        if self._own is not None:
            self._own.dispose()

    def _lock_number(self, name: str) -> int:
        number = xxh3_64_intdigest(f"{self.schema or ''}\0{name}".encode())
        return number - (1 << 64) if number >= 1 << 63 else number


def _with_psycopg3(engine: sa.Engine) -> sa.Engine:
    import sqlalchemy as sa

    try:
        import psycopg  # noqa: F401
    except ImportError:
        raise UnsupportedTargetError(
            "PostgreSQL needs psycopg 3: pip install 'airflow-provider-calcom[postgres]'"
        ) from None
    return sa.create_engine(engine.url.set(drivername="postgresql+psycopg"), poolclass=sa.NullPool)
