"""What a database must offer to be a warehouse; one small module per database fills it in.

A *session* is the one connection of a load: it holds the lock, stages rows outside of a transaction and
publishes them in one. A *stage* takes the rows of one table. Databases differ by a :class:`Capabilities`
object and by how they take rows; the statements that merge are the same text for all.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from xxhash import xxh3_64_hexdigest

from calcom_provider.private_files import GROUP
from calcom_provider.warehouse.backends import lease, waiting
from calcom_provider.warehouse.backends.driver_errors import describe
from calcom_provider.warehouse.backends.renewing import Renewer
from calcom_provider.warehouse.backends.views import ViewCatalogue, Views
from calcom_provider.warehouse.errors import PublicationUnknownError
from calcom_provider.warehouse.schema import Column

if TYPE_CHECKING:
    import sqlalchemy as sa

Params = Mapping[str, Any]


@dataclass(frozen=True)
class Capabilities:
    """Say how a database differs from the others.

    :param name: short name of the backend.
    :param types: column type -> type in DDL; also ``blob``, and ``key``: text that can be part of a key.
    :param quote: the character around identifiers.
    :param order: expression that orders staged rows by their arrival.
    :param update: how staged values reach rows: ``UPDATE ... FROM``, ``UPDATE ... JOIN``, or DELETE and INSERT.
    :param transactional_ddl: whether a transaction takes DDL; if not, tables are made before it begins.
    :param stage_index: whether joins need an index on the staged keys.
    :param widenings: pairs (from, to) of column types that ``ALTER`` can widen without losing a value.
    :param alike: pairs (held, declared) of column types that the database does not tell apart.
    :param text_refuses_nul: whether a text cannot hold NUL.
    :param json_refuses: escapes that JSON text cannot hold: ``nul``, ``surrogate``.
    :param longest_name: bytes of an identifier; some databases silently cut off what is longer.
    :param folds_names: whether names of tables that differ in case alone are one table.
    :param key_last: whether a new table gets its key after its first rows: building the index at once is
        cheaper than keeping it up to date row by row.
    :param spans_tables: whether a transaction publishes all tables or none. Where it does not, the state of a
        resource tells by the sum of the rows' hashes whether a table holds what it was published with.
    :param enforces_keys: whether a table takes no second row of the same key. Elsewhere leases are taken by UPDATE.
    :param prunes: whether a join reads less of a table when it also names the values of the scope.
    :param locks_rows: whether an UPDATE keeps others from its rows until the transaction ends.
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
    longest_name: int = 63
    folds_names: bool = False
    key_last: bool = False
    spans_tables: bool = True
    enforces_keys: bool = True
    prunes: bool = False
    locks_rows: bool = True


class Stage(ABC):
    """Take the rows of one table until they are published.

    :ivar name: quoted name of the staging table.
    :ivar replaced: values in which characters had to be replaced so far.
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
    #: What renews the leases that this session holds, by scope.
    renewers: Mapping[str | None, Renewer] = MappingProxyType({})
    #: Bytes for which the database bills what was asked until now; None where it bills no bytes.
    billed: int | None = None

    @abstractmethod
    def execute(self, sql: str, params: Params | None = None) -> int:
        """Run a statement and give the number of rows it touched (0 where the database does not say)."""

    def execute_counted(self, sql: str, params: Params | None = None) -> int:
        """Run an UPDATE or DELETE under a condition and give the number of rows it touched, whatever that takes."""
        return self.execute(sql, params)

    @abstractmethod
    def fetch(self, sql: str, params: Params | None = None) -> list[tuple[Any, ...]]:
        """Run a query and give its rows."""

    @abstractmethod
    def insert(self, sql: str, rows: Sequence[Params]) -> None:
        """Run an INSERT for each of many parameter sets."""

    def confine(self, table: str, values: Mapping[str, int | str]) -> None:  # noqa: B027
        """Take note that of a table only the rows with certain values will be read or written.

        :param table: its full name.
        :param values: column -> value.
        """

    def purge(self) -> None:  # noqa: B027
        """Remove from the storage what committed statements deleted, where old versions would keep it."""

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

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Give a transaction that is committed at the end of the block, and rolled back when that fails."""
        self.begin()
        with self.finishing():
            yield

    @contextmanager
    def finishing(self) -> Iterator[None]:
        """Commit the open transaction at the end of the block, and roll it back when that fails."""
        committing = False
        try:
            yield
            committing = True
            self.commit()
        except BaseException as error:
            if not self._rolled_back() and committing and isinstance(error, Exception):
                raise PublicationUnknownError(
                    f"The connection broke while the run was being published ({describe(error)}): all of it was"
                    " published, or nothing. The next run goes on from what is there"
                ) from None
            raise

    def _rolled_back(self) -> bool:
        """Roll back; tell whether the database was still there to do it."""
        try:
            self.rollback()
        except Exception:
            return False
        return True

    @property
    def staging(self) -> Session:
        """Give the session that staging tables are filled and prepared with; it may be another until publication."""
        return self

    @contextmanager
    def joined(self) -> Iterator[None]:
        """Let statements of this session read the staging tables beside those that are published into."""
        yield

    @contextmanager
    def keep_open(self) -> Iterator[None]:
        """Keep the database open for the block; a database that is a file may be let go of otherwise."""
        yield

    def value(self, sql: str, params: Params | None = None) -> Any:
        """Run a query and give the first value of its first row; None without a row."""
        rows = self.fetch(sql, params)
        return rows[0][0] if rows else None


class Backend(ABC):
    """Open sessions on one database and spell its dialect.

    :ivar capabilities: how the database differs from others.
    :ivar schema: Schema of the tables; None for the connection's default.
    """

    #: What people call the database, for messages.
    title: str
    capabilities: Capabilities
    #: How reporting views are spelled, made and looked up; None where they are not made.
    views: Views | None = None
    #: How other views are made and looked up where reporting views are not made.
    view_catalogue: ViewCatalogue | None = None
    schema: str | None = None
    #: Whether a second connection sees the same database; one in memory may have no other.
    many_connections: bool = True
    #: Whether staging tables outlive the connection that made them, and so are registered to their run.
    stages_stay: bool = True
    #: Whether single rows can be merged at all.
    patchable: bool = True
    #: Whether a write-back's ledger can be kept in it, which is many small transactions.
    keeps_ledgers: bool = True
    #: Whether statements name the schema; where they do not, a session sees the tables of one alone.
    names_schema: bool = True
    #: What ends a CREATE TABLE.
    table_options: str = ""
    #: Permissions of a file that is made, from which the umask takes away.
    file_mode: int = GROUP

    @property
    def file(self) -> Path | None:
        """Give the file of a database that is one; opening it would make it."""
        return None

    @classmethod
    @abstractmethod
    def open(cls, target: sa.Engine | sa.URL | str, schema: str | None) -> Backend:
        """Open the database that an engine or a URL names; nothing is connected to yet.

        :param schema: Schema of the tables; None for the connection's default.
        :raises UnsupportedTargetError: when the target cannot be used.
        """

    @abstractmethod
    def connect(self) -> Session:
        """Open a connection."""

    def connect_to_load(self) -> Session:
        """Open the connection of a load, which lasts as long as a read."""
        return self.connect()

    @abstractmethod
    def reflect(self, session: Session, prefix: str) -> dict[str, dict[str, str]]:
        """Give the columns of the tables whose names begin with a prefix: table -> column -> type of ours.

        A type that is none of ours is given as the database names it.
        """

    @abstractmethod
    def stage(self, session: Session, name: str, columns: Sequence[Column], key: Sequence[str]) -> Stage:
        """Make an empty staging table for columns and the row hash, in place of one that is left over."""

    def resolved_schema(self, session: Session) -> str:
        """Give the schema that the tables are in, also where none was named; empty where there are none."""
        return self.schema or ""

    def asset_base(self, session: Session) -> str | None:
        """Give what the URIs of its tables begin with in other providers' assets; None where they have none."""
        return None

    def folded(self, session: Session, name: str) -> str:
        """Spell a table's name as the database compares it."""
        return name.lower() if self.capabilities.folds_names else name

    def refuses_name(self, name: str) -> str:
        """Say why a table cannot have a name, apart from its length; empty when it can."""
        return "names hold no NUL" if "\0" in name else ""

    def lock(
        self, session: Session, prefix: str, owner: str, scope: str | None = None, *, wait: float = 0.0
    ) -> str | None:
        """Take a lease: on the rows of one scope for as long as a run reads, or on the tables as a whole.

        Who holds the tables as a whole keeps all runs from publishing, not from reading. A lease is a row, which is
        renewed; a database with locks that end with the connection takes those, and says how the rest goes as well.

        :param prefix: prefix of the tables.
        :param owner: the run.
        :param scope: the scope in words, None for the tables as a whole.
        :param wait: seconds to wait for another holder.
        :returns: None when it was taken, else who holds it, in words.
        """
        with session.keep_open():
            lease.prepare(session, prefix)
            if self.capabilities.enforces_keys:  # elsewhere a lease's row stays, for the next UPDATE to take
                lease.sweep(session, prefix)
        return waiting.polled(lambda: self._take(session, prefix, owner, scope), wait)

    def _take(self, session: Session, prefix: str, owner: str, scope: str | None) -> str | None:
        taken = lease.on_tables(prefix, owner, scope)
        holder = taken.take(session)
        if holder is None and self.many_connections:
            session.renewers = {**session.renewers, scope: lease.keep(session, taken)}
            session.renewers[scope].start()
        return holder

    def unlock(self, session: Session, prefix: str, owner: str, scope: str | None = None) -> None:
        """Give a lease back."""
        if scope in session.renewers:
            session.renewers[scope].stop()
            session.renewers = {held: one for held, one in session.renewers.items() if held != scope}
        lease.on_tables(prefix, owner, scope).release(session)

    def still_locked(self, session: Session, prefix: str, owner: str, scope: str | None = None) -> bool:
        """Tell, inside the publishing transaction, whether a lease is still held."""
        return lease.on_tables(prefix, owner, scope).held(session)

    def is_free(self, session: Session, prefix: str, scope: str) -> bool:
        """Tell whether nobody holds the lease of a scope."""
        return lease.on_tables(prefix, "", scope).known(session) is None

    @contextmanager
    def publishing(
        self, session: Session, prefix: str, owner: str, *, changes_schema: bool
    ) -> Iterator[None]:
        """Give the transaction that publishes, beside those of other scopes where the database can do that.

        :param changes_schema: whether tables are made or changed inside of it.
        :raises LoadInProgressError: when others keep the tables for longer than a publication waits.
        """
        holder = self.lock(session, prefix, owner, wait=waiting.PATIENCE)
        if holder:
            raise waiting.kept_from_publishing(prefix, holder)
        try:
            with session.transaction():
                yield
        finally:
            with suppress(Exception):  # where the connection is gone, the lease ends with its process
                self.unlock(session, prefix, owner)

    def dialect(self) -> sa.Dialect:
        """Give SQLAlchemy's dialect, with named parameters, to spell statements for a session.

        :raises NotImplementedError: for a backend without views that does not say.
        """
        known = self.views or self.view_catalogue
        if not isinstance(known, Views):
            raise NotImplementedError(f"{type(self).__name__} names no dialect")
        return known.dialect()

    def commit_durably(self, session: Session) -> None:  # noqa: B027
        """Let each commit of a session last, and be cheap: it keeps records, one by one."""

    def lengthen(self, session: Session, table: str, columns: Sequence[str]) -> None:  # noqa: B027
        """Let texts that were made with SQL's TEXT be as long as texts are here, where that is longer.

        :param table: full name.
        :param columns: specifications of the columns, as in CREATE TABLE.
        """

    def prepare(self, session: Session) -> None:  # noqa: B027
        """Make the schema when it is missing."""

    def tune(self, session: Session) -> None:  # noqa: B027
        """Set what the publishing transaction needs; called right after it began."""

    def extend_stage(
        self, session: Session, stage: Stage, columns: Sequence[Column], new: Sequence[Column]
    ) -> None:
        """Append columns to a staging table.

        :param columns: all columns, the new ones at the end.
        :param new: the new ones.
        """
        for column in new:
            added = f"ADD COLUMN {self.quote(column.name)} {self.type_of(column)}"
            session.staging.execute(f"ALTER TABLE {stage.name} {added}")
        stage.shape(columns)

    def index_stage(self, session: Session, stage: Stage, key: Sequence[str]) -> None:
        """Make an index on the staged keys."""
        name = self.quote(f"calcom_stage_{xxh3_64_hexdigest(stage.name.encode())}")
        session.staging.execute(f"CREATE INDEX {name} ON {stage.name} ({', '.join(map(self.quote, key))})")

    def staged(self, column: Column, spelling: str) -> str:
        """Spell a staged value, given how it is named in the staging table, as the table holds it."""
        return spelling

    def drop_stage(self, session: Session, name: str) -> None:
        """Remove a staging table."""
        session.execute(f"DROP TABLE IF EXISTS {self.qualify(name)}")

    def drop_stages(self, session: Session, stem: str) -> None:
        """Remove all staging tables of a run that are left.

        :param stem: what their names begin with, before an underscore and a number.
        """
        if self.stages_stay:
            for name in self.reflect(session, f"{stem}_"):
                self.drop_stage(session, name)

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

    def define(self, column: Column, *, key: bool = False) -> str:
        """Spell a column of a table that is made or altered."""
        needed = "" if column.nullable and not key else " NOT NULL"
        return f"{self.quote(column.name)} {self.type_of(column, key)}{needed}"

    def time(self, moment: datetime) -> Any:
        """Give an aware time as a parameter value of this database."""
        return moment

    def comment(self, session: Session, table: str, text: str, columns: Sequence[Column]) -> None:  # noqa: B027
        """Write down comments of a table and its columns where the database keeps them."""

    def widen(self, target: str, column: Column) -> str:
        """Spell the statement that gives a column its wider type."""
        name, kind = self.quote(column.name), self.type_of(column)
        return f"ALTER TABLE {target} ALTER COLUMN {name} TYPE {kind} USING {name}::{kind}"

    def rename_table(self, session: Session, name: str, to: str) -> None:
        """Give a table another full name, in the transaction that is open; views may go on naming the old one."""
        session.execute(f"ALTER TABLE {self.qualify(name)} RENAME TO {self.quote(to)}")

    def rename_column(self, session: Session, table: str, name: str, to: str) -> None:
        """Give a column another name, in the transaction that is open; views may go on naming the old one."""
        renamed = f"{self.quote(name)} TO {self.quote(to)}"
        session.execute(f"ALTER TABLE {self.qualify(table)} RENAME COLUMN {renamed}")

    def view_texts(self, session: Session) -> dict[str, str]:
        """Give what the views in the schema of the tables are made from, by name; none where that is not known."""
        return {}

    def view_columns(self, session: Session, name: str) -> list[str] | None:
        """Give the columns of a view in order; None when there is no view of that full name."""
        known = self.views or self.view_catalogue
        return known.view_columns(session, name) if known else None

    def put_view(self, session: Session, name: str, text: str) -> None:
        """Make a view in place of one of the same name, in the transaction that is open.

        :param name: full name.
        :param text: the view's select.
        :raises NotImplementedError: for a backend that does not say how it makes views.
        """
        known = self.views or self.view_catalogue
        if known is None:
            raise NotImplementedError(f"{type(self).__name__} makes no views")
        known.put(session, name, text)

    def is_used_by_view(self, error: BaseException) -> bool:
        """Tell whether a column could not be changed because a view uses it."""
        return False

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
        parts = [self.define(column, key=column.name in key) for column in columns]
        if key and not key_last:
            parts.append(f"PRIMARY KEY ({', '.join(map(self.quote, key))})")
        held = ", ".join(parts)
        session.execute(f"CREATE TABLE IF NOT EXISTS {self.qualify(name)} ({held}){self.table_options}")


def tabulate(rows: Iterable[tuple[str, str, str]]) -> dict[str, dict[str, str]]:
    """Gather (table, column, type) rows."""
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in rows:
        found.setdefault(table, {})[column] = kind
    return found
