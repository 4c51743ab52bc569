"""Leases: rows that say who holds what, and until when, for databases without locks that end with a connection.

A run holds the rows of a scope, or a set of tables as a whole; a writer of the ledger holds an organisation. A thread
renews the lease while its holder lives. A holder on this machine that no longer runs has lost it at once, so that a
killed run does not keep the next one waiting.
"""

from __future__ import annotations

import logging
import time
import weakref
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from calcom_provider.process_identity import parse, this_process
from calcom_provider.warehouse.backends.driver_errors import is_raced
from calcom_provider.warehouse.backends.protocols import SessionLike
from calcom_provider.warehouse.backends.renewing import Renewer
from calcom_provider.warehouse.errors import WarehouseError
from calcom_provider.warehouse.schema import Column

log = logging.getLogger(__name__)

LEASE = "sync_lease"
LEASE_COLUMNS = (
    Column("name", "text", nullable=False),
    Column("owner", "text", nullable=False),
    Column("expires_at", "float", nullable=False),
)

#: Seconds until a lease ends that its holder did not renew.
LIFETIME = 900.0

#: Seconds between renewals: some may fail before the lease ends.
RENEWAL = 60.0

#: How often a race for making the table of leases is tried again.
TRIES = 5

#: Holder and end of a lease whose row is there though nobody holds it.
_FREE = ("-", 0.0)

#: The holder of one that was taken since it was looked at.
_OTHER = "another run that took them at this moment"

#: Which row of a lease is its holder's.
_MINE = " WHERE {key} = :about AND {holder} = :mine"

#: Leases that runs of this process hold, by what they are about and holder; a run that ended without giving its lease
#: back holds none of them.
_active: set[tuple[int | str, str]] = set()


@dataclass(frozen=True)
class Lease:
    """Take, renew and give back one lease in the name of one holder.

    :param table: full name of the table of leases.
    :param about: what it is about: its key.
    :param mine: the run and its process, ``run@process`` or ``process#run``; no two runs have the same.
    :param key: column of what it is about.
    :param holder: column of the holder.
    :param ends: column of its end, in seconds since 1970.
    :param lifetime: seconds until it ends unless it is renewed.
    """

    table: str
    about: int | str
    mine: str
    key: str = "name"
    holder: str = "owner"
    ends: str = "expires_at"
    lifetime: float = LIFETIME

    def take(self, session: SessionLike) -> str | None:
        """Take it.

        :returns: None when it was taken, else its holder in words.
        """
        # Before the row can be seen: another thread would take this run for one that has ended.
        _active.add((self.about, self.mine))
        known: str | None = ""
        try:
            known = self._tried(session)
            return known
        finally:
            if known is not None:
                _active.discard((self.about, self.mine))

    def _tried(self, session: SessionLike) -> str | None:
        keyed = session.backend.capabilities.enforces_keys
        try:
            if keyed:
                session.begin()
            elif self._move(session, _FREE):
                return None
            rows = self._rows(session)
            known = self._told(rows)
            taken = known is None and (self._replace if keyed else self._overtake)(session, sorted(set(rows)))
            if taken and keyed:
                session.commit()
            else:
                session.rollback()
            return None if taken else known or _OTHER
        except BaseException as error:
            session.rollback()
            if isinstance(error, WarehouseError) or not isinstance(error, Exception):
                raise
            # Two at once: the database let one of them through, which may have given it back since.
            others = [holder for holder, _ in self._rows(session) if holder not in (self.mine, _FREE[0])]
            if not others and not is_raced(error):
                raise
            return _OTHER

    def _replace(self, session: SessionLike, seen: Sequence[tuple[str, float]]) -> bool:
        """Take in a transaction what nobody held when it was looked at; tell whether it was still so.

        Not by an UPDATE: DuckDB lets it pass beside a DELETE of the same row, which is how a lease is given back.
        """
        if not all(self._delete(session, one) for one in seen):
            return False
        insert = "INSERT INTO {table} ({key}, {holder}, {ends}) VALUES (:about, :mine, :ends)"
        self._run(session, insert, mine=self.mine, ends=self._end())
        return True

    def _overtake(self, session: SessionLike, seen: Sequence[tuple[str, float]]) -> bool:
        """Do so where no key keeps a second row out."""
        if not seen:
            insert = "INSERT INTO {table} ({key}, {holder}, {ends}) VALUES (:about, :nobody, :ends)"
            self._run(session, insert, nobody=_FREE[0], ends=_FREE[1])
        for one in seen[1:]:
            self._delete(session, one)
        return self._move(session, (*seen, _FREE)[0])

    def _move(self, session: SessionLike, seen: tuple[str, float]) -> bool:
        """Take it by an UPDATE as it was seen; tell whether it was still so.

        The database lets one UPDATE of a table follow the other where no key keeps a second row out, and each sees
        what the one before has left. By its end too: a run may give it back and take it again.
        """
        sql = "UPDATE {table} SET {holder} = :mine, {ends} = :ends WHERE {key} = :about AND NOT EXISTS"
        sql += " (SELECT 1 FROM {table} o WHERE o.{key} = :about AND (o.{holder} <> :seen OR o.{ends} <> :until))"
        return self._run(session, sql, mine=self.mine, ends=self._end(), seen=seen[0], until=seen[1]) > 0

    def _delete(self, session: SessionLike, seen: tuple[str, float]) -> bool:
        delete = "DELETE FROM {table} WHERE {key} = :about AND {holder} = :seen AND {ends} = :until"
        return self._run(session, delete, seen=seen[0], until=seen[1]) > 0

    def known(self, session: SessionLike) -> str | None:
        """Tell in words who holds it, None if nobody does."""
        return self._told(self._rows(session))

    def extend(self, session: SessionLike) -> bool:
        """Make it last its whole lifetime again; tell whether it is still this run's."""
        self._run(session, "UPDATE {table} SET {ends} = :ends" + _MINE, mine=self.mine, ends=self._end())
        return self.held(session)

    def held(self, session: SessionLike) -> bool:
        """Tell whether it is still this run's."""
        return bool(session.fetch(*self.held_query(session)))

    def held_query(self, session: SessionLike) -> tuple[str, dict[str, Any]]:
        """Give the query that has a row while it is this run's, and its values."""
        return self._spelled(session, "SELECT 1 FROM {table}" + _MINE, mine=self.mine)

    def release(self, session: SessionLike) -> None:
        """Give it back; where no key keeps a second row out, its row stays for the next one."""
        try:
            if session.backend.capabilities.enforces_keys:
                self._run(session, "DELETE FROM {table}" + _MINE, mine=self.mine)
            else:
                free = "UPDATE {table} SET {holder} = :nobody, {ends} = :ends" + _MINE
                self._run(session, free, mine=self.mine, nobody=_FREE[0], ends=_FREE[1])
        finally:
            # Not before: another thread would take it in between, and lose it with this row.
            _active.discard((self.about, self.mine))

    def _run(self, session: SessionLike, text: str, **values: Any) -> int:
        return session.execute(*self._spelled(session, text, **values))

    def _spelled(self, session: SessionLike, text: str, **values: Any) -> tuple[str, dict[str, Any]]:
        table = session.backend.qualify(self.table)
        spelled = text.format(table=table, key=self.key, holder=self.holder, ends=self.ends)
        return spelled, {"about": self.about, **values}

    def _end(self) -> float:
        return time.time() + self.lifetime

    def _rows(self, session: SessionLike) -> list[tuple[str, float]]:
        look = "SELECT {holder}, {ends} FROM {table} WHERE {key} = :about"
        return [(str(row[0]), float(row[1])) for row in session.fetch(*self._spelled(session, look))]

    def _told(self, rows: Iterable[tuple[str, float]]) -> str | None:
        """Tell in words who holds it by its rows; None when all of them ended."""
        for holder, ends in rows:
            left = ends - time.time()
            if left > 0 and not _ended(self.about, holder):
                run, _, process = holder.partition("@")
                return f"run {run} of process {process}, for at most {left:.0f} s more"
        return None


def on_tables(prefix: str, owner: str, scope: str | None = None) -> Lease:
    """Name the lease on the rows of a scope, or on the tables as a whole, as earlier releases did.

    :param prefix: prefix of the tables.
    :param owner: the run.
    :param scope: the scope, None for the tables as a whole.
    """
    about = prefix if scope is None else f"{prefix}|{scope}"
    return Lease(prefix + LEASE, about, f"{owner}@{this_process()}")


def prepare(session: SessionLike, prefix: str) -> None:
    """Make the table of leases on tables when it is missing."""
    for attempt in range(TRIES):
        try:
            session.backend.create_table(session, prefix + LEASE, LEASE_COLUMNS, ("name",))
            return
        except WarehouseError:
            raise
        except Exception:
            # Another run makes it at this moment, and the database lets one of the two through.
            if attempt == TRIES - 1:
                raise
            time.sleep(0.1)


def sweep(session: SessionLike, prefix: str) -> None:
    """Take away the leases of processes that are gone: one that nobody needs again would lie there for ever.

    Before a lease is taken, so that nothing is held when this goes wrong.
    """
    table = session.backend.qualify(prefix + LEASE)
    try:
        rows = session.fetch(f"SELECT name, owner FROM {table}")
        ended = [(name, owner) for name, owner in rows if _ended(str(name), str(owner))]
        if not ended:
            return
        session.begin()
        for name, owner in ended:
            session.execute(
                f"DELETE FROM {table} WHERE name = :name AND owner = :owner", {"name": name, "owner": owner}
            )
        session.commit()
    except Exception as error:
        # Another run does the same at this moment, or the next one will.
        session.rollback()
        log.debug("Leases that ended were left where they are (%s)", type(error).__name__)


def keep(session: SessionLike, lease: Lease) -> Renewer:
    """Renew a lease over a connection of its own, until it is stopped or the session is no more."""
    backend, alive = session.backend, weakref.ref(session)

    def renew() -> bool:
        if alive() is None:
            return False
        other = backend.connect()
        try:
            return lease.extend(other)
        finally:
            other.close()

    return Renewer(renew, RENEWAL)


def _ended(about: int | str, holder: str) -> bool:
    """Tell whether a holder is known to have ended: with its process, or inside of this one."""
    process = holder.rpartition("@")[2].partition("#")[0]
    if process == str(this_process()):
        return (about, holder) not in _active
    identity = parse(process)
    return identity is not None and identity.is_gone()
