"""Erase what the tables hold about a person, and what is older than it may be."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.resources import registry
from calcom_provider.resources.policy import ColumnPolicy
from calcom_provider.resources.subjects import BOOKING_TEXTS, DIRECTORY, SUBJECTS
from calcom_provider.warehouse import LoadInProgressError
from calcom_provider.warehouse.migrations import PAGES, RUNS
from calcom_provider.warehouse.run import new_run_id

if TYPE_CHECKING:
    from calcom_provider.warehouse import Warehouse
    from calcom_provider.warehouse.backend import Session

_BOOKING_CHILDREN = ("booking_attendees", "booking_hosts", "booking_guests")


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
    """Hold what is known of the person to erase: user ids and addresses."""

    ids: set[int] = field(default_factory=set)
    emails: set[str] = field(default_factory=set)


def erase(
    warehouse: Warehouse,
    user: int | str,
    *,
    policy: ColumnPolicy = ColumnPolicy(),
    further: Callable[[Session, Collection[int]], None] | None = None,
) -> dict[str, int]:
    """Erase a person from every table, history included, in one transaction.

    Rows about the person are deleted; in rows about others the person's id, address and the texts of common
    bookings are set to null. Marks of pages that were made of such rows are dropped. A person who is still
    in Cal.com comes back with the next sync: delete them there first.

    :param warehouse: open warehouse
    :param user: user id or e-mail address
    :param policy: the policy that the tables were made with, for renamed and hashed columns
    :param further: erases the user ids it is given from what was made of the tables, in the same transaction
    :returns: rows deleted or changed by table
    :raises LoadInProgressError: when a run holds the tables
    """
    with _locked(warehouse) as work:
        person = work.find(user, policy)
        done: dict[str, int] = {}
        for prefix in ("", "account_"):
            done[f"{prefix}bookings"] = work.clear_common_bookings(prefix, person, policy)
        for table in SUBJECTS:
            done[table] = done.get(table, 0) + work.erase_from(table, person, policy)
        work.forget_pages(table for table, count in done.items() if count)
        if further:
            further(work.session, person.ids)
    return {table: count for table, count in done.items() if count}


def keep_for(
    warehouse: Warehouse,
    days: Mapping[str, int],
    *,
    default: int | None = None,
    further: Callable[[Session], None] | None = None,
) -> dict[str, int]:
    """Delete what the tables keep only as a record of the past and is older than allowed.

    That is: closed versions of history tables, rows marked as deleted, and run records (``sync_runs``). Live
    rows say what Cal.com holds now and are left alone; the next read would bring them back.

    :param warehouse: open warehouse
    :param days: table name without prefix -> days to keep
    :param default: days for all other tables, None to keep them
    :param further: forgets what was made of the tables, in the same transaction
    :returns: rows deleted by table
    :raises ConfigurationError: for days below 0 or a table that there is not
    """
    known = {table.name for resource in registry.catalogue().values() for table in resource.tables} | {RUNS}
    strange = set(days) - known
    if strange or any(value < 0 for value in (*days.values(), default or 0)):
        named = f"; there is no {', '.join(sorted(strange))}" if strange else ""
        raise ConfigurationError(f"Retention needs names of tables and days of 0 or more{named}")
    with _locked(warehouse) as work:
        done = {}
        for table in sorted(known):
            limit = days.get(table, default)
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

    def find(self, user: int | str, policy: ColumnPolicy) -> Person:
        text = str(user).strip()
        person = Person({int(text)}, set()) if text.isdecimal() else Person(set(), {text})
        for _ in range(2):
            for table, (id_column, email_column) in DIRECTORY.items():
                stored, mail = (
                    self._column(table, id_column, policy),
                    self._column(table, email_column, policy),
                )
                if stored is None or mail is None:
                    continue
                where = self._where(table, (id_column,), (email_column,), person, policy)
                rows = self.session.fetch(
                    f"SELECT DISTINCT {stored}, {mail} FROM {self._name(table)} WHERE {where.text}",
                    where.values,
                )
                person.ids |= {row[0] for row in rows if isinstance(row[0], int)}
                person.emails |= {row[1] for row in rows if row[1] and "@" in str(row[1])}
        return person

    def erase_from(self, table: str, person: Person, policy: ColumnPolicy) -> int:
        if self._prefix + table not in self._catalog:
            return 0
        subject = SUBJECTS[table]
        where = self._where(table, subject.user, subject.email, person, policy)
        if subject.parent and self._prefix + subject.of in self._catalog:
            owner = SUBJECTS[subject.of]
            where = self._where(subject.of, owner.user, owner.email, person, policy)
            parent, key = self._column(table, subject.parent, policy), self._column(subject.of, "id", policy)
            if where.text:
                where.text = f"{parent} IN (SELECT {key} FROM {self._name(subject.of)} WHERE {where.text})"
        done = 0
        if where.text:
            done = self.session.execute(f"DELETE FROM {self._name(table)} WHERE {where.text}", where.values)
        for column in subject.clear_user:
            done += self._clear(table, (column,), self._where(table, (column,), (), person, policy), policy)
        for column in subject.clear_email:
            done += self._clear(table, (column,), self._where(table, (), (column,), person, policy), policy)
        return done

    def clear_common_bookings(self, prefix: str, person: Person, policy: ColumnPolicy) -> int:
        """Set the texts of bookings to null that the person hosted, attended or was a guest of."""
        bookings = f"{prefix}bookings"
        if self._prefix + bookings not in self._catalog:
            return 0
        common = Condition()
        for name in _BOOKING_CHILDREN:
            child = f"{prefix}{name}"
            if self._prefix + child not in self._catalog:
                continue
            subject = SUBJECTS[child]
            where = self._where(child, subject.user, subject.email, person, policy)
            if where.text:
                key = self._column(child, "booking_id", policy)
                inner = f"SELECT {key} FROM {self._name(child)} WHERE {where.text}"
                one = f"{self._column(bookings, 'id', policy)} IN ({inner})"
                common.text = f"{common.text} OR {one}" if common.text else one
                common.values |= where.values
        return self._clear(bookings, BOOKING_TEXTS, common, policy)

    def forget_pages(self, tables: Any) -> None:
        if self._prefix + PAGES not in self._catalog:
            return
        for table in tables:
            self.session.execute(f"DELETE FROM {self._name(PAGES)} WHERE table_name = :t", {"t": table})

    def forget_past(self, table: str, before: datetime) -> int:
        columns = self._catalog.get(self._prefix + table, {})
        conditions = []
        if "valid_to" in columns:
            conditions.append("valid_to < :before")
        if "_calcom_deleted_at" in columns:
            conditions.append("_calcom_deleted_at < :before")
        if table == RUNS and columns:
            conditions.append("started_at < :before")
        if not conditions:
            return 0
        where = " OR ".join(conditions)
        moment = {"before": self._backend.time(before)}
        return self.session.execute(f"DELETE FROM {self._name(table)} WHERE {where}", moment)

    def _clear(self, table: str, columns: tuple[str, ...], where: Condition, policy: ColumnPolicy) -> int:
        names = [name for column in (*columns, "_extra") if (name := self._column(table, column, policy))]
        if not where.text or not names:
            return 0
        settings = ", ".join(f"{name} = NULL" for name in names)
        return self.session.execute(
            f"UPDATE {self._name(table)} SET {settings} WHERE {where.text}", where.values
        )

    def _where(
        self, table: str, ids: tuple[str, ...], emails: tuple[str, ...], person: Person, policy: ColumnPolicy
    ) -> Condition:
        """Return the condition that a row tells of the person, empty when no column can."""
        made = Condition()
        for columns, wanted in ((ids, sorted(person.ids)), (emails, sorted(person.emails))):
            for column in columns:
                name = self._column(table, column, policy)
                if name is None or not wanted:
                    continue
                hasher = policy.hasher_of(table, column)
                values = [hasher(value) if hasher else value for value in wanted]
                made.add(name, values, f"{table}_{column}")
        return made

    def _column(self, table: str, column: str, policy: ColumnPolicy) -> str | None:
        """Return the quoted name of a column as it is stored, None when it is not."""
        name = policy.stored_name(table, column)
        return self._backend.quote(name) if name in self._catalog.get(self._prefix + table, {}) else None

    def _name(self, table: str) -> str:
        return self._backend.qualify(self._prefix + table)


@contextmanager
def _locked(warehouse: Warehouse) -> Iterator[_Work]:
    """Give a transaction on tables that no run is loading."""
    session = warehouse.backend.connect()
    owner = new_run_id()
    try:
        warehouse.backend.prepare(session)
        holder = warehouse.backend.lock(session, warehouse.prefix, owner)
        if holder:
            raise LoadInProgressError(
                f"The tables {warehouse.prefix}* are being loaded by {holder}; wait for its end"
            )
        try:
            session.begin()
            yield _Work(warehouse, session)
            session.commit()
        except BaseException:
            session.rollback()
            raise
        finally:
            warehouse.backend.unlock(session, warehouse.prefix, owner)
    finally:
        session.close()
