"""Erase what the tables hold about a person, and what is older than it may be."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from calcom_provider import __version__
from calcom_provider.api.errors import ConfigurationError
from calcom_provider.resources import registry
from calcom_provider.resources.policy import ColumnPolicy, keyed_hash
from calcom_provider.sync.receipt import Receipt, Unreached
from calcom_provider.sync.stored_columns import Spelling, StoredColumns
from calcom_provider.warehouse import LoadInProgressError
from calcom_provider.warehouse.bookkeeping.column_records import ColumnRecords
from calcom_provider.warehouse.bookkeeping.migrations import (
    COLUMNS,
    PAGES,
    RUN_RESOURCES,
    RUNNING,
    RUNS,
    STATE,
)
from calcom_provider.warehouse.bookkeeping.running import revoke
from calcom_provider.warehouse.run import new_run_id
from calcom_provider.warehouse.schema import EXTRA

if TYPE_CHECKING:
    from calcom_provider.warehouse import Warehouse
    from calcom_provider.warehouse.backends.base import Session

#: Seconds to wait for the runs that publish at this moment; those that read are not waited for.
WAIT = 300.0


@dataclass(slots=True)
class Condition:
    """Hold a condition in SQL and the values that it names."""

    text: str = ""
    values: dict[str, Any] = field(default_factory=dict)

    def add(self, column: str, values: Sequence[Any], label: str) -> None:
        """Let rows through whose column holds one of the values."""
        names = {f"{label}_{place}": value for place, value in enumerate(values)}
        self.values |= names
        one = f"{column} IN ({', '.join(f':{name}' for name in names)})"
        self.text = f"{self.text} OR {one}" if self.text else one


@dataclass(slots=True)
class Person:
    """Hold what is known of the person to erase.

    :param ids: user ids.
    :param emails: addresses in every spelling that was met.
    """

    ids: set[int] = field(default_factory=set)
    emails: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, user: int | str) -> Person:
        """Return the person that somebody names.

        :param user: user id or e-mail address.
        :raises ConfigurationError: when it is neither.
        """
        text = str(user).strip()
        if text.isdecimal():
            return cls({int(text)}, set())
        if "@" not in text:
            raise ConfigurationError("A person is named by a user id or an e-mail address.")
        return cls(set(), {text})

    @property
    def described(self) -> str:
        """Return what is looked for, without what would tell who it is."""
        if self.ids:
            return "a user id"
        return f"an e-mail address of {len(next(iter(self.emails)))} characters in any case"

    @property
    def folded(self) -> set[str]:
        """Return the addresses without regard to case."""
        return {email.casefold() for email in self.emails}

    def spelled(self) -> list[str]:
        """Return the addresses in every spelling that a hash may have been made of."""
        return sorted({*self.emails, *(email.lower() for email in self.emails), *self.folded})


def erase(
    warehouse: Warehouse,
    user: int | str,
    *,
    policy: ColumnPolicy | None = None,
    hash_key: bytes = b"",
    before: Callable[[Person], None] | None = None,
    further: Callable[[Session, Collection[int]], None] | None = None,
) -> Receipt:
    """Erase a person from every table, history included, in one transaction.

    Rows about the person are deleted; in rows about others the person's id, address and the texts of common
    bookings are set to null, as the declarations of the tables say. Marks of pages that were made of such
    rows are dropped. A person who is still in Cal.com comes back with the next sync: delete them there first.

    Columns are found under the names that the runs recorded.

    :param warehouse: open warehouse.
    :param user: user id, or e-mail address in any case.
    :param policy: how tables were stored of which no run recorded it (those of release 0.1.0).
    :param hash_key: key of hashed columns; without it people are not found by them.
    :param before: is told who is erased before anything is, and may refuse it.
    :param further: erases the user ids it is given from what was made of the tables, in the same transaction.
    :returns: rows deleted or changed by table, and what could not be reached.
    :raises LoadInProgressError: when others hold the tables for longer than it waits.
    :raises ErasureError: when a table lacks the column by which a person is found, and nothing says under which name
        it was stored.
    :raises ConfigurationError: when the user is neither an id nor an address.
    """
    person = Person.of(user)
    receipt = Receipt(person.described)
    with _locked(warehouse) as work:
        work.columns = work.stored_columns(policy, hash_key)
        work.columns.check(registry.subjects())
        work.find(person)
        if before:
            before(person)
        with work.transaction():
            # What child rows tell is asked before they are deleted.
            done = {table: work.clear_shared(table, person) for table in registry.subjects()}
            for table in registry.subjects():
                done[table] += work.erase_from(table, person)
            work.forget_pages(table for table, count in done.items() if count)
            work.revoke_runs()
            if further:
                further(work.session, person.ids)
        work.session.purge()
        receipt.unreached = list(work.unreached(person))
    receipt.tables = {table: count for table, count in done.items() if count}
    return receipt


def keep_for(
    warehouse: Warehouse,
    days: Mapping[str, int],
    *,
    default: int | None = None,
    further: Callable[[Session], None] | None = None,
) -> dict[str, int]:
    """Delete what the tables keep only as a record of the past and is older than allowed.

    That is: closed versions of history tables, rows marked as deleted, and run records (``sync_runs``, and with them
    ``sync_run_resources``). Live rows say what Cal.com holds now and are left alone; the next read would bring them
    back.

    :param warehouse: open warehouse.
    :param days: table name without prefix -> days to keep.
    :param default: days for all other tables, None to keep them.
    :param further: forgets what was made of the tables, in the same transaction.
    :returns: rows deleted by table.
    :raises ConfigurationError: for days below 0 or a table that there is not.
    """
    known = {*registry.tables(), RUNS}
    strange = set(days) - known
    if strange or any(value < 0 for value in (*days.values(), default or 0)):
        named = f"; there is no {', '.join(sorted(strange))}" if strange else ""
        raise ConfigurationError(f"Retention needs names of tables and days of 0 or more{named}")
    with _locked(warehouse) as work, work.transaction():
        done = {}
        for table in sorted({*known, RUN_RESOURCES}):
            limit = days.get(RUNS if table == RUN_RESOURCES else table, default)
            if limit is not None:
                done[table] = work.forget_past(table, datetime.now(UTC) - timedelta(days=limit))
        if further:
            further(work.session)
    return {table: count for table, count in done.items() if count}


class _Work:
    """Do the statements of one transaction."""

    def __init__(self, warehouse: Warehouse, session: Session) -> None:
        self.session = session
        self._backend = warehouse.backend
        self._prefix = warehouse.prefix
        self._catalog = self._backend.reflect(session, self._prefix)
        self._tables = registry.tables()
        self._subjects = registry.subjects()
        self.columns = StoredColumns(self._catalog, self._prefix, {}, ())

    def stored_columns(self, policy: ColumnPolicy | None, hash_key: bytes) -> StoredColumns:
        """Return how the columns are stored, as far as runs recorded it."""
        recorded = self._prefix + COLUMNS in self._catalog
        records = ColumnRecords(self.session, self._prefix).all() if recorded else {}
        unrecorded = {table for table in self._tables if table not in records}
        if self._prefix + STATE in self._catalog:
            states = self.session.fetch(f"SELECT resource, scope FROM {self._name(STATE)}")
            unrecorded |= {
                table.name
                for resource, scope in states
                if resource in registry.catalogue()
                for table in registry.get(resource).tables
                if scope not in records.get(table.name, {})
            }
        return StoredColumns(self._catalog, self._prefix, records, unrecorded, policy, hash_key)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Give a transaction, which is undone when something fails."""
        self.session.begin()
        try:
            yield
            self.session.commit()
        except BaseException:
            self.session.rollback()
            raise

    def find(self, person: Person) -> None:
        """Add the ids and addresses of the person that the directories tell."""
        for _ in range(2):
            for table, subject in self._subjects.items():
                if not subject.directory:
                    continue
                self._add_spellings(table, subject.email, person)
                ids, mails = (self._readable(table, subject.user[0]), self._readable(table, subject.email[0]))
                where = self._where(table, subject.user[:1], subject.email[:1], person)
                columns = [one for one in (*ids, *mails) if not one.hashed]
                if not where.text or not columns:
                    continue
                names = ", ".join(self._backend.quote(one.name) for one in columns)
                statement = f"SELECT DISTINCT {names} FROM {self._name(table)} WHERE {where.text}"
                for row in self.session.fetch(statement, where.values):
                    person.ids |= {value for value in row if isinstance(value, int)}
                    person.emails |= {value for value in row if isinstance(value, str) and "@" in value}

    def _add_spellings(self, table: str, columns: tuple[str, ...], person: Person) -> None:
        """Add spellings of addresses that the database would not fold: some fold ASCII letters only."""
        if all(email.isascii() for email in person.emails):
            return
        for column in columns:
            for one in self._readable(table, column):
                if not one.hashed:
                    name = self._backend.quote(one.name)
                    rows = self.session.fetch(f"SELECT DISTINCT {name} FROM {self._name(table)}")
                    folded = person.folded
                    person.emails |= {row[0] for row in rows if row[0] and str(row[0]).casefold() in folded}

    def unreached(self, person: Person) -> Iterator[Unreached]:
        """Give what may still tell of the person."""
        for table, subject in self._subjects.items():
            if not self.columns.has(table):
                continue
            name = self._prefix + table
            finding = [
                one for column in (*subject.user, *subject.email) for one in self.columns.of(table, column)
            ]
            ids = any(self._readable(table, column) for column in subject.user) and bool(person.ids)
            mails = any(self._readable(table, column) for column in subject.email) and bool(person.emails)
            parent = self._tables[table].parent
            owned = parent is not None and self._subjects[parent.table].deletes
            hashed = any(not one.readable for one in finding)
            if subject.deletes and not (ids or (mails and not hashed)):
                if hashed:
                    yield Unreached(
                        name, "addresses or ids are hashed, and their key was not given", mendable=True
                    )
                elif finding:
                    kind = (
                        "user id" if any(self.columns.of(table, one) for one in subject.user) else "address"
                    )
                    yield Unreached(name, f"its rows are found by {kind} alone, and no table tells that")
                elif self.columns.holds_people(table, ("personal", "sensitive")):
                    yield Unreached(name, "no stored column tells whom its rows are about")
            elif not subject.columns and not owned and self.columns.holds_people(table, ("sensitive",)):
                yield Unreached(name, "its rows name no user")
            hidden = [
                column
                for column in (*subject.clear_user, *subject.clear_email)
                if any(not one.readable for one in self.columns.of(table, column))
            ]
            if hidden:
                reason = f"hashed, and the key was not given: {', '.join(hidden)}"
                yield Unreached(name, reason, mendable=True)

    def erase_from(self, table: str, person: Person) -> int:
        """Delete the rows about the person, and what tells of the person in those about others."""
        if self._prefix + table not in self._catalog:
            return 0
        subject, done = self._subjects[table], 0
        for where in (
            self._where(table, subject.user, subject.email, person),
            self._owned(table, person),
        ):
            if where.text:
                statement = f"DELETE FROM {self._name(table)} WHERE {where.text}"
                done += self.session.execute_counted(statement, where.values)
        for column in (*subject.clear_user, *subject.clear_email):
            ids, emails = ((column,), ()) if column in subject.clear_user else ((), (column,))
            where = self._where(table, ids, emails, person)
            done += self._clear(table, (column, *subject.clear_with), where)
        return done

    def _owned(self, table: str, person: Person) -> Condition:
        """Return the condition that a row belongs to a parent row about the person."""
        parent = self._tables[table].parent
        if parent is None or self._prefix + parent.table not in self._catalog:
            return Condition()
        owner = self._subjects[parent.table]
        where = self._where(parent.table, owner.user, owner.email, person)
        if where.text:
            # The last part of the key is the row's own id, the others are its scope.
            key = self._key(parent.table, self._tables[parent.table].key[-1])
            inner = f"SELECT {key} FROM {self._name(parent.table)} WHERE {where.text}"
            where.text = f"{self._key(table, parent.columns[-1])} IN ({inner})"
        return where

    def clear_shared(self, table: str, person: Person) -> int:
        """Set to null what a row tells of those whom its child rows name: who hosted or attended a booking."""
        subject = self._subjects[table]
        if not subject.clear_shared or self._prefix + table not in self._catalog:
            return 0
        shared = Condition()
        for name, child in self._tables.items():
            if (
                child.parent is None
                or child.parent.table != table
                or self._prefix + name not in self._catalog
            ):
                continue
            where = self._where(name, self._subjects[name].user, self._subjects[name].email, person)
            if where.text:
                key = self._key(name, child.parent.columns[-1])
                inner = f"SELECT {key} FROM {self._name(name)} WHERE {where.text}"
                one = f"{self._key(table, self._tables[table].key[-1])} IN ({inner})"
                shared.text = f"{shared.text} OR {one}" if shared.text else one
                shared.values |= where.values
        return self._clear(table, subject.clear_shared, shared)

    def forget_pages(self, tables: Any) -> None:
        if self._prefix + PAGES not in self._catalog:
            return
        for table in tables:
            self.session.execute(f"DELETE FROM {self._name(PAGES)} WHERE table_name = :t", {"t": table})

    def revoke_runs(self) -> None:
        """Keep the runs under way from publishing: they may have read what is erased here before it was."""
        if self._prefix + RUNNING in self._catalog:
            revoke(self.session, self._prefix, "people were erased while it was reading")

    def forget_past(self, table: str, before: datetime) -> int:
        columns = self._catalog.get(self._prefix + table, {})
        conditions = []
        if "valid_to" in columns:
            conditions.append("valid_to < :before")
        if "_calcom_deleted_at" in columns:
            conditions.append("_calcom_deleted_at < :before")
        if table == RUNS and columns:
            conditions.append("(started_at < :before AND status <> 'running')")
        if table == RUN_RESOURCES and columns:
            conditions.append("started_at < :before")
        if not conditions:
            return 0
        where = " OR ".join(conditions)
        moment = {"before": self._backend.time(before)}
        return self.session.execute_counted(f"DELETE FROM {self._name(table)} WHERE {where}", moment)

    def _clear(self, table: str, columns: tuple[str, ...], where: Condition) -> int:
        names = [
            self._backend.quote(one.name)
            for column in (*columns, EXTRA.name)
            for one in self.columns.of(table, column)
        ]
        if not where.text or not names:
            return 0
        settings = ", ".join(f"{name} = NULL" for name in dict.fromkeys(names))
        return self.session.execute_counted(
            f"UPDATE {self._name(table)} SET {settings} WHERE {where.text}", where.values
        )

    def _where(self, table: str, ids: tuple[str, ...], emails: tuple[str, ...], person: Person) -> Condition:
        """Return the condition that a row tells of the person, empty when no column can."""
        made = Condition()
        for column, is_id in (*((one, True) for one in ids), *((one, False) for one in emails)):
            wanted: list[Any] = sorted(person.ids) if is_id else person.spelled()
            if not wanted:
                continue
            for place, one in enumerate(self._readable(table, column)):
                name, label = self._backend.quote(one.name), f"{table}_{column}_{place}"
                if one.hashed:
                    hasher = keyed_hash(self.columns.hash_key)
                    made.add(name, [hasher(value) for value in wanted], label)
                else:
                    made.add(name, wanted, label)
                    if not is_id:
                        made.add(f"lower({name})", wanted, f"{label}_lower")
        return made

    def _readable(self, table: str, column: str) -> list[Spelling]:
        return [one for one in self.columns.of(table, column) if one.readable]

    def _key(self, table: str, column: str) -> str:
        return self._backend.quote(self.columns.name(table, column))

    def _name(self, table: str) -> str:
        return self._backend.qualify(self._prefix + table)


@contextmanager
def _locked(warehouse: Warehouse) -> Iterator[_Work]:
    """Give what works on tables that no run publishes into meanwhile."""
    session = warehouse.backend.connect()
    owner = new_run_id()
    try:
        warehouse.backend.prepare(session)
        holder = warehouse.backend.lock(session, warehouse.prefix, owner, wait=WAIT)
        if holder:
            raise LoadInProgressError(
                f"The tables {warehouse.prefix}* are held by {holder}; wait for its end"
            )
        try:
            warehouse.bring_forward(session, __version__)
            yield _Work(warehouse, session)
        finally:
            warehouse.backend.unlock(session, warehouse.prefix, owner)
    finally:
        session.close()
