"""Any other database that SQLAlchemy speaks to: plain inserts, portable statements, a lease.

Changed rows are deleted and inserted again, because ``UPDATE`` from another table has no common spelling.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from calcom_provider.warehouse.backends.base import Backend, Capabilities, Params, Session, Stage
from calcom_provider.warehouse.backends.sql_session import SqlBackend, SqlSession, asset_base
from calcom_provider.warehouse.errors import WarehouseError
from calcom_provider.warehouse.rows import clean_row, date_text, utc_text
from calcom_provider.warehouse.schema import Column

if TYPE_CHECKING:
    import sqlalchemy as sa


def _types() -> dict[str, Any]:
    import sqlalchemy as sa

    return {
        "integer": sa.BigInteger(),
        "float": sa.Double(),
        "text": sa.Text(),
        "key": sa.String(190),
        "boolean": sa.Boolean(create_constraint=False),
        "timestamp": sa.DateTime(),
        "date": sa.Date(),
        "json": sa.Text(),
        "blob": sa.LargeBinary(),
    }


class GenericSession(SqlSession):
    """Hold a connection whose transactions SQLAlchemy begins and ends."""

    def __init__(self, backend: Backend, connection: sa.Connection) -> None:
        self.backend = backend
        self.connection = connection.execution_options(no_parameters=True)
        self._open = False

    def _run(self, sql: str, params: Params | Sequence[Params] | None) -> sa.CursorResult[Any]:
        import sqlalchemy as sa

        if not params:
            return self.connection.exec_driver_sql(sql)
        first = params if not isinstance(params, Sequence) else params[0]
        types: dict[type, sa.types.TypeEngine[Any]] = {datetime: sa.DateTime(), bytes: sa.LargeBinary()}
        binds: list[sa.BindParameter[Any]] = [
            sa.bindparam(n, type_=types[type(v)]) for n, v in first.items() if type(v) in types
        ]
        return self.connection.execute(self.text(sql).bindparams(*binds), params)

    def execute(self, sql: str, params: Params | None = None) -> int:
        count = super().execute(sql, params)
        self.commit_unless_open()
        return count

    def fetch(self, sql: str, params: Params | None = None) -> list[tuple[Any, ...]]:
        rows = super().fetch(sql, params)
        self.commit_unless_open()
        return rows

    def insert(self, sql: str, rows: Sequence[Params]) -> None:
        super().insert(sql, rows)
        self.commit_unless_open()

    def commit_unless_open(self) -> None:
        """Commit what ran outside of a transaction of ours."""
        if not self._open:
            self.connection.commit()

    def begin(self) -> None:
        if self._open:
            raise WarehouseError("a transaction is open already")
        self._open = True

    def commit(self) -> None:
        self.connection.commit()
        self._open = False

    def rollback(self) -> None:
        self._open = False
        self.connection.rollback()


class GenericStage(Stage):
    """Insert rows through SQLAlchemy Core."""

    def __init__(
        self, session: GenericSession, backend: GenericBackend, name: str, columns: Sequence[Column]
    ) -> None:
        self.name = backend.qualify(name)
        self._bare = name
        self._session = session
        self._schema = backend.schema
        self._number = 0
        self.shape(columns)

    def shape(self, columns: Sequence[Column]) -> None:
        import sqlalchemy as sa

        types = _types()
        made = [sa.Column(column.name, types[column.type]) for column in columns]
        extra = [sa.Column("_seq", sa.BigInteger()), sa.Column("_calcom_row_hash", sa.BigInteger())]
        self._insert = sa.Table(self._bare, sa.MetaData(), *made, *extra, schema=self._schema).insert()
        self._names = [*(column.name for column in columns), "_calcom_row_hash", "_seq"]
        readers = {"timestamp": _as_time, "date": _as_date}
        self._convert = [(p, readers[c.type]) for p, c in enumerate(columns) if c.type in readers]

    def write(self, rows: Sequence[tuple[Any, ...]], hashes: Sequence[int]) -> None:
        try:
            self._write(rows, hashes)
        except UnicodeEncodeError:
            self._session.connection.rollback()
            cleaned = [clean_row(row, nul=False) for row in rows]
            self.replaced += sum(count for _, count in cleaned)
            self._write([row for row, _ in cleaned], hashes)

    def _write(self, rows: Sequence[tuple[Any, ...]], hashes: Sequence[int]) -> None:
        columns: list[Any] = list(zip(*rows, strict=True))
        for place, convert in self._convert:
            columns[place] = [None if value is None else convert(value) for value in columns[place]]
        numbers = range(self._number, self._number + len(rows))
        values = [
            dict(zip(self._names, row, strict=True)) for row in zip(*columns, hashes, numbers, strict=True)
        ]
        self._session.connection.execute(self._insert, values)
        self._session.commit_unless_open()
        self._number += len(rows)

    def flush(self) -> None:
        pass


#: Dialect -> port that stands for none (None: its assets have none), and levels above a table.
ASSETS: Mapping[str, tuple[int | None, int]] = {
    "bigquery": (None, 1),
    "redshift": (5439, 2),
    "trino": (8080, 2),
}


class GenericBackend(SqlBackend):
    """Use any database through its SQLAlchemy dialect."""

    title = "other databases"

    def __init__(self, engine: sa.Engine, schema: str | None, *, own: bool = False) -> None:
        super().__init__(engine, schema, own=own)
        self._quote = engine.dialect.identifier_preparer.quote_identifier
        types = {name: kind.compile(dialect=engine.dialect) for name, kind in _types().items()}
        self.capabilities = Capabilities(
            name="generic",
            types=types,
            quote=engine.dialect.identifier_preparer.initial_quote,
            update="reinsert",
            transactional_ddl=False,
            # Databases name their types in their own ways; what differs is found when rows are staged.
            alike=frozenset((a, b) for a in types for b in types),
        )

    def dialect(self) -> sa.Dialect:
        kind: Any = type(self._engine.dialect)
        dialect: sa.Dialect = kind(paramstyle="named")
        return dialect

    def quote(self, name: str) -> str:
        return self._quote(name)

    def connect(self) -> GenericSession:
        return GenericSession(self, self._engine.connect())

    def asset_base(self, session: Session) -> str | None:
        url = self._engine.url
        dialect = url.get_backend_name()
        if dialect not in ASSETS:
            return None
        port, levels = ASSETS[dialect]
        names = [name for name in (url.database or "").split("/") if name]
        if self.schema:
            names = [*names[: levels - 1], self.schema]
        return asset_base(dialect, url, port, names) if len(names) == levels else None

    def reflect(self, session: Session, prefix: str) -> dict[str, dict[str, str]]:
        import sqlalchemy as sa

        assert isinstance(session, GenericSession)
        inspector = sa.inspect(session.connection)
        found: dict[str, dict[str, str]] = {}
        for table in inspector.get_table_names(schema=self.schema):
            if table.startswith(prefix):
                columns = inspector.get_columns(table, schema=self.schema)
                found[table] = {str(column["name"]): "text" for column in columns}
        session.commit_unless_open()
        return found

    def stage(
        self, session: Session, name: str, columns: Sequence[Column], key: Sequence[str]
    ) -> GenericStage:
        assert isinstance(session, GenericSession)
        self.drop_stage(session, name)
        integer = self.capabilities.types["integer"]
        parts = ", ".join(f"{self.quote(c.name)} {self.type_of(c, c.name in key)}" for c in columns)
        session.execute(
            f"CREATE TABLE {self.qualify(name)} ({parts}, {self.quote('_calcom_row_hash')} {integer},"
            f" _seq {integer})"
        )
        return GenericStage(session, self, name, columns)

    def time(self, moment: datetime) -> datetime:
        return _as_time(moment)

    def view_columns(self, session: Session, name: str) -> list[str] | None:
        import sqlalchemy as sa

        assert isinstance(session, GenericSession)
        inspector = sa.inspect(session.connection)
        found = None
        if name in inspector.get_view_names(schema=self.schema):
            found = [str(column["name"]) for column in inspector.get_columns(name, schema=self.schema)]
        session.commit_unless_open()
        return found

    def put_view(self, session: Session, name: str, text: str) -> None:
        if self.view_columns(session, name) is not None:
            session.execute(f"DROP VIEW {self.qualify(name)}")
        session.execute(f"CREATE VIEW {self.qualify(name)} AS {text}")


def _as_time(value: str | datetime) -> datetime:
    return datetime.fromisoformat(utc_text(value))


def _as_date(value: str | date) -> date:
    return date.fromisoformat(date_text(value))
