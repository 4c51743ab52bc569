"""Bring the ledger's tables forward, by numbered migrations.

A release that changes the tables appends a migration and declares the new state in
:mod:`~calcom_provider.hr.ledger.tables`; what was released is never edited. A ledger made by an older release is
brought forward when it is opened, before anything is read from it.

No database has to undo DDL: a migration that broke off runs again from its beginning, so each of its steps looks
before it changes anything.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import DDLElement

from calcom_provider import __version__
from calcom_provider.hr.errors import LedgerError
from calcom_provider.hr.ledger.database import Database

PREFIX = "calcom_writeback_"
#: Tries that find nothing changed before the error counts.
TRIES = 5
PAUSE_SECONDS = 0.2

_TYPES: dict[str, Callable[[], sa.types.TypeEngine[Any]]] = {
    "id": sa.BigInteger,
    "number": sa.Integer,
    "time": sa.Double,
    "share": sa.Double,
    "flag": sa.Boolean,
    "text": sa.Text,
}
_LINE = re.compile(r"(\w+) ([a-z]+)(?:\((\d+)\))?([*!]?)(?: -- (.+))?")

VERSION = sa.Table(
    f"{PREFIX}schema_version",
    sa.MetaData(),
    sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
    sa.Column("summary", sa.String(200), nullable=False),
    sa.Column("applied_at", sa.Double(), nullable=False, comment="seconds since 1970"),
    sa.Column("version", sa.String(40)),
    implicit_returning=False,
)


class _AddColumn(DDLElement):
    inherit_cache = False

    def __init__(self, table: sa.Table, column: sa.Column[Any]) -> None:
        self.table = table
        self.column = column


@compiles(_AddColumn)
def _spell(change: _AddColumn, compiler: Any, **_: Any) -> str:
    table = compiler.preparer.format_table(change.table)
    return f"ALTER TABLE {table} ADD COLUMN {compiler.get_column_specification(change.column)}"


class Schema:
    """Change the ledger's tables; each step does nothing where it was done already.

    :param database: the ledger's database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, table: str, spec: str) -> None:
        """Create a table.

        :param table: its name without the prefix.
        :param spec: a column a line, ``name type``: ``string(40)``, ``id``, ``number``, ``time``, ``share``,
            ``flag``, ``text`` or ``long``, then ``*`` for a part of the key or ``!`` for what is never NULL, then
            ``-- comment``.
        """
        metadata = sa.MetaData()
        sa.Table(PREFIX + table, metadata, *self._columns(spec))
        self._database.create(metadata)

    def add_columns(self, table: str, spec: str) -> None:
        """Add columns to a table; rows that are there hold NULL in them.

        :param table: its name without the prefix.
        :param spec: columns as for :meth:`create`; neither keys nor never NULL.
        """
        known = self._database.columns(PREFIX + table)
        changed = sa.Table(PREFIX + table, sa.MetaData(), *self._columns(spec))
        with self._database.transaction() as run:
            for column in changed.columns:
                if column.name not in known:
                    run(_AddColumn(changed, column))

    def widen(self, table: str, spec: str) -> None:
        """Let texts of a table be longer than 64 KiB, where they were not.

        :param table: its name without the prefix.
        :param spec: columns as for :meth:`create`, of type ``long``.
        """
        self._database.lengthen(sa.Table(PREFIX + table, sa.MetaData(), *self._columns(spec)))

    def _columns(self, spec: str) -> list[sa.Column[Any]]:
        types = {**_TYPES, "long": lambda: self._database.long_text}
        return [_column(line.strip(), types) for line in spec.splitlines() if line.strip()]


@dataclass(frozen=True, slots=True)
class Migration:
    """Bring the ledger's tables one version forward.

    :param number: its version.
    :param summary: what it changes.
    :param apply: changes it.
    """

    number: int
    summary: str
    apply: Callable[[Schema], None]


def _as_released_first(schema: Schema) -> None:
    """Make the tables of release 0.1.0, which kept no version."""
    schema.create(
        "plans",
        """
        plan_id string(40)*
        organization_id id!
        namespace string(32)!
        kind string(16)!
        hash string(64)!
        settings string(64)!
        status string(16)!
        created_at time! -- seconds since 1970
        applied_at time
        approved_by string(200)
        source_rows id
        match_rate share
        directory_sync flag!
        report text! -- verdicts, issues and facts: ids and codes only
        """,
    )
    schema.create(
        "actions",
        """
        plan_id string(40)*
        number number*
        status string(16)!
        kind string(16)!
        why string(32)!
        user_id id
        attribute_id string(64)
        option_id string(64)
        ooo_id id
        result_id string(64) -- id of what the write made
        code string(64) -- what went wrong
        request_id string(128)
        attempts number!
        unclear flag!
        sent_at time
        done_at time
        content text -- before, after and precondition; emptied after retention_days
        """,
    )
    schema.create(
        "writers",
        """
        organization_id id*
        holder string(200)! -- machine, process and run that may write
        until time! -- seconds since 1970
        """,
    )
    schema.create(
        "entries",
        """
        organization_id id*
        namespace string(32)*
        ooo_id id*
        user_id id!
        start_day string(10)!
        end_day string(10)!
        reason string(16)!
        to_user_id id
        wish string(64)!
        requests text! -- keyed digests of the requests
        unclear flag!
        """,
    )
    schema.create(
        "assignments",
        """
        organization_id id*
        namespace string(32)*
        user_id id*
        option_id string(64)*
        attribute_id string(64)!
        unclear flag!
        """,
    )
    schema.create(
        "options",
        """
        organization_id id*
        namespace string(32)*
        option_id string(64)*
        attribute_id string(64)!
        unclear flag!
        """,
    )


def _long_texts(schema: Schema) -> None:
    """Let reports and contents be as long as a plan of a large organisation needs them."""
    schema.widen("plans", "report long! -- verdicts, issues and facts: ids and codes only")
    schema.widen("actions", "content long -- before, after and precondition; emptied after retention_days")
    schema.widen("entries", "requests long! -- keyed digests of the requests")


def _quarantines(schema: Schema) -> None:
    """Keep which namespaces a refused run has stopped, and how that ended."""
    schema.create(
        "quarantines",
        """
        plan_id string(40)* -- the refused plan that began it
        last_plan_id string(40)! -- the newest refused plan
        organization_id id!
        namespace string(32)!
        kind string(16)!
        guards text! -- guards that refused, with counts and limits
        began_at time! -- seconds since 1970
        ended_at time
        ended_as string(16) -- confirmed or within_limits
        ended_plan_id string(40)
        ended_by string(200) -- who confirmed
        confirmed text -- guards confirmed, with counts and limits
        """,
    )


def _days_by_request(schema: Schema) -> None:
    """Keep which days of an entry were written for which request, and what HR said about it then."""
    schema.create(
        "requests",
        """
        organization_id id*
        namespace string(32)*
        ooo_id id*
        request string(32)* -- its keyed digest
        days long! -- days of the entry written for it
        statement string(64)! -- keyed digest of what HR said
        told long! -- days that HR named, where it told them one by one
        """,
    )


def _erased(schema: Schema) -> None:
    """Keep, as keyed digests alone, what was owned of people who were erased."""
    schema.create(
        "erased",
        """
        organization_id id*
        namespace string(32)*
        digest string(64)* -- keyed: a user and a day of an entry, or a user and an option
        ooo_id id* -- the entry; 0 for an assignment
        unclear flag!
        """,
    )
    schema.create(
        "keys",
        """
        name string(40)*
        value string(64)!
        """,
    )


MIGRATIONS: tuple[Migration, ...] = (
    Migration(1, "plans, actions, the writer, and what is owned", _as_released_first),
    Migration(2, "reports and contents longer than 64 KiB", _long_texts),
    Migration(3, "namespaces in quarantine", _quarantines),
    Migration(4, "days and statements of the requests behind entries", _days_by_request),
    Migration(5, "digests of what was owned of erased people", _erased),
)


def migrate(database: Database) -> None:
    """Bring a ledger to the version of this release.

    Of processes that open an old ledger at once one may stumble over what another has just made, and over the next
    step again. It looks again for as long as the ledger gets on between its tries.

    :param database: the ledger's database.
    :raises LedgerError: when a newer release made the ledger.
    """
    tries, before = 0, None
    while True:
        try:
            _migrate(database)
            return
        except LedgerError:
            raise
        except Exception:
            made = _made(database)
            tries = tries + 1 if made == before else 1
            if tries >= TRIES:
                raise
            before = made
            time.sleep(PAUSE_SECONDS)


def require_current(database: Database) -> None:
    """Refuse a ledger that is not of this release's version, without changing anything.

    :param database: the ledger's database.
    :raises LedgerError: when there is no ledger, or it is one of another release.
    """
    if not database.columns(f"{PREFIX}plans"):
        raise LedgerError(
            "There is no ledger in this database.", advice="Name the database that the write-back uses."
        )
    if _is_behind(database):
        raise LedgerError(
            "An older release made this ledger.", advice="The next run of the write-back brings it forward."
        )


def _is_behind(database: Database) -> bool:
    version, current = version_of(database), MIGRATIONS[-1].number
    if version > current:
        raise LedgerError(
            f"the ledger is of version {version}, this release knows {current}", advice="Update the package."
        )
    return version < current


def _migrate(database: Database) -> None:
    if not _is_behind(database):
        return
    version = version_of(database)
    database.create(VERSION.metadata)
    for migration in MIGRATIONS[version:]:
        migration.apply(Schema(database))
        row = {
            "number": migration.number,
            "summary": migration.summary,
            "applied_at": time.time(),
            "version": __version__,
        }
        with database.transaction() as run:
            run(sa.insert(VERSION), [row])


def version_of(database: Database) -> int:
    """Return the version of a ledger's tables; 0 before the first migration.

    :param database: the ledger's database.
    """
    if not database.columns(VERSION.name):
        return 0
    with database.transaction() as run:
        numbers = [int(row["number"]) for row in run(sa.select(VERSION.c.number))]
    return max(numbers, default=0)


def _made(database: Database) -> object:
    """Return how far a ledger is made: its version, tables and columns."""
    return version_of(database), database.tables(PREFIX)


def _column(line: str, types: Mapping[str, Callable[[], sa.types.TypeEngine[Any]]]) -> sa.Column[Any]:
    found = _LINE.fullmatch(line)
    if found is None:
        raise AssertionError(f"no column: {line}")
    name, kind, length, mark, comment = found.groups()
    made: sa.types.TypeEngine[Any] = sa.String(int(length)) if kind == "string" else types[kind]()
    return sa.Column(
        name, made, primary_key=mark == "*", autoincrement=False, nullable=not mark, comment=comment
    )
