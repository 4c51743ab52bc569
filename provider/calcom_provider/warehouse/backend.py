"""What a database must offer to be a warehouse; one small module per database fills it in.

A *session* is the one connection of a load: it holds the lock, stages rows outside of a transaction and
publishes them in one. A *stage* takes the rows of one table. Databases differ by a :class:`Capabilities`
object and by how they take rows; the statements that merge are the same text for all.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from calcom_provider.warehouse.schema import Column

Params = Mapping[str, Any]


@dataclass(frozen=True)
class Capabilities:
    """Say how a database differs from the others.

    :param name: Short name of the backend.
    :param types: Column type -> type in DDL; also ``blob``, and ``key``: text that can be part of a key.
    :param quote: The character around identifiers.
    :param order: Expression that orders staged rows by their arrival.
    :param update: How staged values reach existing rows: ``UPDATE ... FROM``, ``UPDATE ... JOIN``, or
        deleting the changed rows and inserting them again.
    :param transactional_ddl: Whether DDL takes part in a transaction; if not, tables are made before it
        begins.
    :param stage_index: Whether joins need an index on the staged keys.
    :param widenings: Pairs (from, to) of column types that ``ALTER`` can widen without losing a value.
    :param alike: Pairs (held, declared) of column types that the database does not tell apart.
    :param text_refuses_nul: Whether a text cannot hold NUL.
    :param json_refuses: Escapes that JSON text cannot hold: ``nul``, ``surrogate``.
    :param key_last: Whether a new table gets its key after its first rows: building the index at once is
        cheaper than keeping it up to date row by row.
    """

    name: str
    types: Mapping[str, str]
    quote: str = '"'
    order: str = "_seq"
    update: Literal["from", "join", "reinsert"] = "from"
    transactional_ddl: bool = True
    stage_index: bool = True
    widenings: frozenset[tuple[str, str]] = frozenset()
    alike: frozenset[tuple[str, str]] = frozenset()
    text_refuses_nul: bool = False
    json_refuses: frozenset[str] = field(default_factory=frozenset)
    key_last: bool = False


class Stage(ABC):
    """Take the rows of one table until they are published.

    :ivar name: Quoted name of the staging table.
    :ivar replaced: Values in which characters had to be replaced so far.
    """

    name: str
    replaced: int = 0

    @abstractmethod
    def shape(self, columns: Sequence[Column]) -> None:
        """Say what the rows look like from here on."""

    @abstractmethod
    def write(self, rows: Sequence[tuple[Any, ...]], hashes: Sequence[int]) -> None:
        """Take rows and the hash of each."""

    @abstractmethod
    def flush(self) -> None:
        """Bring everything taken so far into the staging table."""


class Session(ABC):
    """Hold the one connection of a load."""

    backend: Backend

    @abstractmethod
    def execute(self, sql: str, params: Params | None = None) -> int:
        """Run a statement and give the number of rows it touched (0 where the database does not say)."""

    @abstractmethod
    def fetch(self, sql: str, params: Params | None = None) -> list[tuple[Any, ...]]:
        """Run a query and give its rows."""

    @abstractmethod
    def insert(self, sql: str, rows: Sequence[Params]) -> None:
        """Run an INSERT for each of many parameter sets."""

    @abstractmethod
    def begin(self) -> None:
        """Begin a transaction that may write."""

    @abstractmethod
    def commit(self) -> None:
        """Commit it."""

    @abstractmethod
    def rollback(self) -> None:
        """Roll it back, if there is one."""

    @abstractmethod
    def close(self) -> None:
        """Give the connection back."""

    def value(self, sql: str, params: Params | None = None) -> Any:
        """Run a query and give the first value of its first row; None without a row."""
        rows = self.fetch(sql, params)
        return rows[0][0] if rows else None


class Backend(ABC):
    """Open sessions on one database and spell its dialect.

    :ivar capabilities: How the database differs from others.
    :ivar schema: Schema of the tables; None for the connection's default.
    """

    capabilities: Capabilities
    schema: str | None = None
    #: What ends a CREATE TABLE.
    table_options: str = ""

    @abstractmethod
    def connect(self) -> Session:
        """Open the connection of a load."""

    @abstractmethod
    def reflect(self, session: Session, prefix: str) -> dict[str, dict[str, str]]:
        """Give the columns of the tables whose names begin with a prefix: table -> column -> type of ours.

        A type that is none of ours is given as the database names it.
        """

    @abstractmethod
    def stage(self, session: Session, name: str, columns: Sequence[Column], key: Sequence[str]) -> Stage:
        """Make an empty staging table for columns and the row hash, in place of one that is left over."""

    @abstractmethod
    def lock(self, session: Session, name: str, owner: str) -> str | None:
        """Take the lock of a table set without waiting.

        :returns: None when it was taken, else who holds it, in words.
        """

    @abstractmethod
    def unlock(self, session: Session, name: str, owner: str) -> None:
        """Give the lock back."""

    def renew(self, session: Session, name: str, owner: str) -> None:  # noqa: B027
        """Keep a lock that ends by time from ending; does nothing where locks end with the connection."""

    def still_locked(self, session: Session, name: str, owner: str) -> bool:
        """Tell, inside the publishing transaction, whether the lock is still held."""
        return True

    def prepare(self, session: Session) -> None:  # noqa: B027
        """Make the schema when it is missing."""

    def tune(self, session: Session) -> None:  # noqa: B027
        """Set what the publishing transaction needs; called right after it began."""

    def extend_stage(
        self, session: Session, stage: Stage, columns: Sequence[Column], new: Sequence[Column]
    ) -> None:
        """Append columns to a staging table.

        :param columns: All columns, the new ones at the end.
        :param new: The new ones.
        """
        for column in new:
            session.execute(
                f"ALTER TABLE {stage.name} ADD COLUMN {self.quote(column.name)} {self.type_of(column)}"
            )
        stage.shape(columns)

    def index_stage(self, session: Session, stage: Stage, key: Sequence[str]) -> None:
        """Make an index on the staged keys."""
        number = abs(hash(stage.name)) % 10**8
        columns = ", ".join(map(self.quote, key))
        session.execute(f"CREATE INDEX {self.quote(f'calcom_stage_{number}')} ON {stage.name} ({columns})")

    def drop_stage(self, session: Session, name: str) -> None:
        """Remove a staging table."""
        session.execute(f"DROP TABLE IF EXISTS {self.qualify(name)}")

    def close(self) -> None:  # noqa: B027
        """Close what the backend opened itself."""

    def quote(self, name: str) -> str:
        """Quote an identifier."""
        mark = self.capabilities.quote
        return mark + name.replace(mark, mark * 2) + mark

    def qualify(self, name: str) -> str:
        """Quote a table name with its schema."""
        return f"{self.quote(self.schema)}.{self.quote(name)}" if self.schema else self.quote(name)

    def type_of(self, column: Column, key: bool = False) -> str:
        """Give the DDL type of a column."""
        types = self.capabilities.types
        return types["key"] if key and column.type == "text" else types[column.type]

    def time(self, moment: datetime) -> Any:
        """Give an aware time as a parameter value of this database."""
        return moment

    def comment(self, session: Session, table: str, text: str, columns: Sequence[Column]) -> None:  # noqa: B027
        """Write down comments of a table and its columns where the database keeps them."""

    def widen(self, target: str, column: Column) -> str:
        """Spell the statement that gives a column its wider type."""
        name, kind = self.quote(column.name), self.type_of(column)
        return f"ALTER TABLE {target} ALTER COLUMN {name} TYPE {kind} USING {name}::{kind}"

    def create_table(
        self,
        session: Session,
        name: str,
        columns: Sequence[Column],
        key: Sequence[str],
        *,
        key_last: bool = False,
    ) -> None:
        """Create a table with its primary key, which the caller adds when ``key_last`` is set."""
        parts = []
        for column in columns:
            needed = "" if column.nullable and column.name not in key else " NOT NULL"
            parts.append(f"{self.quote(column.name)} {self.type_of(column, column.name in key)}{needed}")
        if key and not key_last:
            parts.append(f"PRIMARY KEY ({', '.join(map(self.quote, key))})")
        session.execute(
            f"CREATE TABLE IF NOT EXISTS {self.qualify(name)} ({', '.join(parts)}){self.table_options}"
        )


def tabulate(rows: Iterable[tuple[str, str, str]]) -> dict[str, dict[str, str]]:
    """Gather (table, column, type) rows."""
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in rows:
        found.setdefault(table, {})[column] = kind
    return found


def as_utc(value: Any) -> datetime | None:
    """Read a time that a database gave back, in whatever form, as an aware one in UTC."""
    if value is None:
        return None
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
