"""PostgreSQL: COPY into unlogged staging tables while the pages arrive, advisory lock, one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from xxhash import xxh3_64_intdigest

from calcom_provider.warehouse.backends import waiting
from calcom_provider.warehouse.backends.base import Backend, Capabilities, Session, Stage, tabulate
from calcom_provider.warehouse.backends.driver_errors import ENCODING
from calcom_provider.warehouse.backends.protocols import SessionLike
from calcom_provider.warehouse.backends.registry import register
from calcom_provider.warehouse.backends.sql_session import SqlBackend, SqlSession, asset_base
from calcom_provider.warehouse.backends.views import Views, comment_table
from calcom_provider.warehouse.errors import UnsupportedTargetError
from calcom_provider.warehouse.rows import clean_row, json_cleaner
from calcom_provider.warehouse.schema import Column

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


class PostgresViews(Views):
    """Spell, make and look up views."""

    functions: ClassVar[Mapping[str, str]] = {
        "utc_date": "CAST(({0}) AT TIME ZONE 'UTC' AS date)",
        "day_start": "(CAST(({0}) AS timestamp) AT TIME ZONE 'UTC')",
        "add_days": "(CAST(({0}) AS date) + CAST(({1}) AS integer))",
        "add_minutes": "(({0}) + make_interval(mins => CAST(({1}) AS integer)))",
        "days_between": "(CAST(({1}) AS date) - CAST(({0}) AS date))",
        "minutes_between": (
            "CAST(trunc((floor(extract(epoch FROM {1})) - floor(extract(epoch FROM {0}))) / 60) AS bigint)"
        ),
        "short_text": "{0}",
        "percent": "(CAST(100 AS double precision) * ({0}) / nullif({1}, 0))",
        "utc_today": "CAST((now() AT TIME ZONE 'UTC') AS date)",
        "utc_now": "now()",
        "from_epoch": "to_timestamp({0})",
        "holds_text": "(strpos(CAST({0} AS text), {1}) > 0)",
        "text_position": "strpos({0}, {1})",
    }
    # The views of information_schema leave out what a role may not read, and materialised views.
    relation_query = (
        "SELECT CASE c.relkind WHEN 'v' THEN 'view' ELSE 'table' END FROM pg_class c"
        " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relname = :name AND n.nspname = {schema}"
    )
    columns_query = (
        "SELECT a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a"
        " JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relname = :name AND n.nspname = {schema} AND a.attnum > 0 AND NOT a.attisdropped"
        " ORDER BY a.attnum"
    )
    # Nobody comments on what belongs to another role.
    comments_query = (
        "SELECT coalesce(a.attname, ''), CASE WHEN a.attnum IS NULL THEN obj_description(c.oid, 'pg_class')"
        " ELSE col_description(c.oid, a.attnum) END"
        " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " CROSS JOIN LATERAL (SELECT NULL AS attname, NULL AS attnum UNION ALL"
        " SELECT attname, attnum FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped) a"
        " WHERE c.relname = :name AND n.nspname = {schema} AND pg_has_role(c.relowner, 'USAGE')"
    )
    schema_query = "SELECT 1 FROM pg_namespace WHERE nspname = {schema}"
    here = "current_schema()"
    casts = True

    def dialect(self) -> sa.Dialect:
        from sqlalchemy.dialects.postgresql.base import PGDialect

        # Not that of a driver: it would add a cast to each parameter.
        return PGDialect(paramstyle="named")

    def analyze(self, session: SessionLike, prefix: str) -> None:
        """Look at tables that were never looked at.

        Queries over a table that was just loaded are planned as if it were nearly empty until the server's own daemon
        comes by. A role that does not own a table leaves it as it is.
        """
        query = (
            "SELECT s.relname FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid"
            " WHERE s.schemaname = {schema} AND starts_with(s.relname, :prefix)"
            " AND s.last_analyze IS NULL AND s.last_autoanalyze IS NULL"
            " AND pg_has_role(c.relowner, 'USAGE') ORDER BY s.relname"
        )
        for (name,) in self.fetch(session, query, prefix=prefix):
            session.execute(f"ANALYZE {session.backend.qualify(name)}")

    def put(self, session: SessionLike, name: str, text: str) -> bool:
        # Replacing keeps the grants of a view whose columns stay, or only get more at the end.
        target, recreated = session.backend.qualify(name), False
        session.execute("SAVEPOINT calcom_view")
        try:
            session.execute(f"CREATE OR REPLACE VIEW {target} AS {text}")
        except Exception as error:
            session.execute("ROLLBACK TO SAVEPOINT calcom_view")
            if _sqlstate(error) != "42P16":  # other columns than before
                raise
            session.execute(f"DROP VIEW {target}")
            session.execute(f"CREATE VIEW {target} AS {text}")
            recreated = True
        session.execute("RELEASE SAVEPOINT calcom_view")
        return recreated

    def json_text(self, document: str, keys: Sequence[str]) -> str:
        path = ",".join(f'"{key}"' for key in keys)
        return f"({document} #>> '{{{path}}}')"

    def json_listed(self, document: str, key: str, field: str, flag: str) -> str:
        text = f"listed.one ->> '{field}'"
        return (
            f"(SELECT string_agg(DISTINCT {text}, ', ' ORDER BY {text})"
            f" FROM jsonb_array_elements(CAST({document} AS jsonb) -> '{key}') AS listed(one)"
            f" WHERE listed.one ->> '{flag}' = 'false')"
        )


@register("postgresql")
class PostgresBackend(SqlBackend):
    """Use PostgreSQL through psycopg 3."""

    title = "PostgreSQL"
    capabilities = CAPABILITIES
    views = PostgresViews()

    def __init__(self, engine: sa.Engine, schema: str | None, *, own: bool = False) -> None:
        if engine.dialect.driver != "psycopg":
            # psycopg2 and others have no COPY that takes rows one by one; the address is the same.
            other = _with_psycopg3(engine)
            if own:
                engine.dispose()
            engine, own = other, True
        super().__init__(engine, schema, own=own)

    @staticmethod
    def identity(connection: sa.Connection) -> tuple[str, ...] | None:
        # The number that the cluster was made with may be asked for by few; when it was started, by all.
        asked = "SELECT extract(epoch FROM pg_postmaster_start_time()), current_database()"
        return tuple(map(str, connection.exec_driver_sql(asked).one()))

    def connect(self) -> PostgresSession:
        try:
            connection = self._engine.connect()
        except TypeError:
            # From such a database psycopg gives bytes, and SQLAlchemy cannot read even the server's version.
            raise UnsupportedTargetError(ENCODING) from None
        session = PostgresSession(self, connection)
        if session.value("SHOW server_encoding") in ("SQL_ASCII", b"SQL_ASCII"):
            session.close()
            raise UnsupportedTargetError(ENCODING)
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
            try:
                session.execute(f"CREATE SCHEMA IF NOT EXISTS {self.quote(self.schema)}")
            except Exception as error:
                # Another run makes it at this moment.
                if _sqlstate(error) not in ("23505", "42P06"):
                    raise

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
        comment_table(session, table, text, columns)

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

    def lock(
        self, session: Session, prefix: str, owner: str, scope: str | None = None, *, wait: float = 0.0
    ) -> str | None:
        number = {"number": self._lock_number(session, prefix, scope)}
        if scope is None:
            return self._lock_whole(session, prefix, wait)

        def take() -> str | None:
            if session.value("SELECT pg_try_advisory_lock(:number)", number):
                return None
            return self._holder(session, prefix, scope) or "another connection"

        # Not waited for on the server: a statement that waits for an hour keeps it from cleaning up for as long.
        holder = waiting.polled(take, wait)
        if holder is None:
            session.execute(
                "SELECT set_config('application_name', :name, false)", {"name": f"calcom {owner}"[:63]}
            )
        return holder

    def _lock_whole(self, session: Session, prefix: str, wait: float) -> str | None:
        """Queue for the tables as a whole: who publishes later waits behind, so that it comes to the turn."""
        session.execute(f"SET lock_timeout = {max(int(wait * 1000), 1)}")
        try:
            session.execute(
                "SELECT pg_advisory_lock(:number)", {"number": self._lock_number(session, prefix, None)}
            )
        except Exception as error:
            if _sqlstate(error) != "55P03":
                raise
            return self._holder(session, prefix, None) or "another connection"
        finally:
            session.execute("SET lock_timeout = DEFAULT")
        return None

    def _holder(self, session: Session, prefix: str, scope: str | None) -> str | None:
        holder = session.fetch(
            "SELECT a.pid, a.application_name, a.backend_start"
            " FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
            " WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1"
            # Other databases of the server have the same numbers.
            " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            " AND ((l.classid::bigint << 32) | l.objid::bigint) = :number",
            {"number": self._lock_number(session, prefix, scope)},
        )
        if not holder:
            return None
        pid, application, since = holder[0]
        who = application or "another connection"
        return f"{who} (server process {pid}, since {since:%Y-%m-%d %H:%M:%S %Z})"

    def unlock(self, session: Session, prefix: str, owner: str, scope: str | None = None) -> None:
        number = self._lock_number(session, prefix, scope)
        session.execute("SELECT pg_advisory_unlock(:number)", {"number": number})

    def is_free(self, session: Session, prefix: str, scope: str) -> bool:
        return self._holder(session, prefix, scope) is None

    @contextmanager
    def publishing(
        self, session: Session, prefix: str, owner: str, *, changes_schema: bool
    ) -> Iterator[None]:
        # Locks of the transaction: they end with it, however that comes.
        kind = "pg_advisory_xact_lock" if changes_schema else "pg_advisory_xact_lock_shared"
        with session.transaction():
            session.execute(f"SET LOCAL lock_timeout = {int(waiting.PATIENCE * 1000)}")
            number = self._lock_number(session, prefix, None)
            try:
                session.execute(f"SELECT {kind}(:number)", {"number": number})
            except Exception as error:
                if _sqlstate(error) != "55P03":
                    raise
                raise waiting.kept_from_publishing(prefix, "another connection") from None
            session.execute("SET LOCAL lock_timeout = DEFAULT")
            yield

    def commit_durably(self, session: Session) -> None:
        session.execute("SET synchronous_commit = on")

    def is_used_by_view(self, error: BaseException) -> bool:
        # No column that a view uses is changed, which is told as a feature that there is not; no view is dropped that
        # another one uses.
        return _sqlstate(error) in ("0A000", "2BP01")

    def view_texts(self, session: Session) -> dict[str, str]:
        schema = ":schema" if self.schema else "current_schema()"
        return dict(
            session.fetch(
                f"SELECT viewname, definition FROM pg_views WHERE schemaname = {schema} ORDER BY viewname",
                {"schema": self.schema} if self.schema else None,
            )
        )

    def still_locked(self, session: Session, prefix: str, owner: str, scope: str | None = None) -> bool:
        # The lock ends with the connection, and with that the transaction.
        return True

    def tune(self, session: Session) -> None:
        session.execute("SET LOCAL synchronous_commit = on")
        session.execute("SET LOCAL work_mem = '64MB'")
        session.execute("SET LOCAL maintenance_work_mem = '128MB'")

    def resolved_schema(self, session: Session) -> str:
        return self.schema or str(session.value("SELECT current_schema()"))

    def asset_base(self, session: Session) -> str | None:
        url = self._engine.url
        return asset_base("postgres", url, 5432, [url.database, self.resolved_schema(session)])

    def _lock_number(self, session: Session, prefix: str, scope: str | None) -> int:
        names = (self.resolved_schema(session), prefix, *(() if scope is None else (scope,)))
        number = xxh3_64_intdigest("\0".join(names).encode())
        return number - (1 << 64) if number >= 1 << 63 else number


def _sqlstate(error: BaseException) -> str | None:
    return getattr(getattr(error, "orig", error), "sqlstate", None)


def _with_psycopg3(engine: sa.Engine) -> sa.Engine:
    import sqlalchemy as sa

    try:
        import psycopg  # noqa: F401
    except ImportError:
        raise UnsupportedTargetError(
            "PostgreSQL needs psycopg 3: pip install 'airflow-provider-calcom[postgres]'"
        ) from None
    return sa.create_engine(engine.url.set(drivername="postgresql+psycopg"), poolclass=sa.NullPool)
