"""Leases on a set of tables, for databases without advisory locks: one a scope, and one of the tables as a whole.

A lease is a row that names its holder and ends by time; a thread renews it while the holder lives. A holder on this
machine that no longer runs has lost it at once, so that a killed run does not keep the next one waiting.
"""

from __future__ import annotations

import logging
import time
import weakref

from calcom_provider.process_identity import parse, this_process
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

#: Stands for the holder of a lease whose row is there before anybody took it.
_NOBODY = "-"

#: Leases that runs of this process hold, by run and row; one that ended without giving its lease back is none of them.
_active: set[tuple[str, str]] = set()


def _holder(owner: str) -> str:
    return f"{owner}@{this_process()}"


def _table(session: SessionLike, prefix: str) -> str:
    return session.backend.qualify(prefix + LEASE)


def _row(prefix: str, scope: str | None) -> str:
    """Name the row of a lease; that of the tables as a whole is named as earlier releases did."""
    return prefix if scope is None else f"{prefix}|{scope}"


def prepare(session: SessionLike, prefix: str) -> None:
    """Make the table of leases when it is missing."""
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


def take(session: SessionLike, prefix: str, owner: str, scope: str | None = None) -> str | None:
    """Take a lease.

    :param owner: the run; it is kept together with the process.
    :param scope: the scope whose rows it is about, None for the tables as a whole.
    :returns: None when it was taken, else its holder in words.
    """
    table, name = _table(session, prefix), _row(prefix, scope)
    # Before the row can be seen: another thread would take this run for one that has ended.
    _active.add((owner, name))
    session.begin()
    try:
        known = holder(session, prefix, scope)
        if known:
            session.rollback()
            _active.discard((owner, name))
            return known
        session.execute(f"DELETE FROM {table} WHERE name = :name", {"name": name})
        session.execute(
            f"INSERT INTO {table} (name, owner, expires_at) VALUES (:name, :owner, :ends)",
            {"name": name, "owner": _holder(owner), "ends": time.time() + LIFETIME},
        )
        session.commit()
    except WarehouseError:
        _active.discard((owner, name))
        session.rollback()
        raise
    except Exception:
        _active.discard((owner, name))
        session.rollback()
        # Two at once: the database let one of them through.
        if held_by_another(session, prefix, owner, scope):
            return "another run that took them at this moment"
        raise
    return None


def sweep(session: SessionLike, prefix: str) -> None:
    """Take away the leases of processes that are gone: one that nobody needs again would lie there for ever.

    Before a lease is taken, so that nothing is held when this goes wrong.
    """
    table = _table(session, prefix)
    try:
        ended = []
        for name, owner in session.fetch(f"SELECT name, owner FROM {table}"):
            run, _, process = str(owner).partition("@")
            if _ended(run, process, str(name)):
                ended.append({"name": name, "owner": owner})
        if not ended:
            return
        session.begin()
        for row in ended:
            session.execute(f"DELETE FROM {table} WHERE name = :name AND owner = :owner", row)
        session.commit()
    except Exception as error:
        # Another run does the same at this moment, or the next one will.
        session.rollback()
        log.debug("Leases that ended were left where they are (%s)", type(error).__name__)


def take_by_update(session: SessionLike, prefix: str, owner: str, scope: str | None = None) -> str | None:
    """Take a lease where no key keeps a second row out, as :func:`take` does elsewhere.

    The database lets one UPDATE of a table follow the other, and each sees what the one before has left. So the one
    that finds the lease as it was looked at has it, which the number of its rows tells, and all others find it changed.
    """
    table, name = _table(session, prefix), _row(prefix, scope)
    _active.add((owner, name))
    try:
        if _took(session, table, name, {(_NOBODY, 0.0)}, owner):
            return None
        rows = session.fetch(f"SELECT owner, expires_at FROM {table} WHERE name = :name", {"name": name})
        known = next(filter(None, (_told(row[0], row[1], name) for row in rows)), None)
        # By its end too: a run may give it back and take it again.
        seen = {(str(holder), float(ends)) for holder, ends in rows}
        if known is None and _took(session, table, name, seen, owner):
            return None
    except BaseException:
        _active.discard((owner, name))
        raise
    _active.discard((owner, name))
    return known or "another run that took them at this moment"


def _took(session: SessionLike, table: str, name: str, seen: set[tuple[str, float]], owner: str) -> bool:
    """Take a lease that nobody held when it was looked at; tell whether nobody was faster."""
    for ended, until in sorted(seen)[1:]:
        session.execute(
            f"DELETE FROM {table} WHERE name = :name AND owner = :ended AND expires_at = :until",
            {"name": name, "ended": ended, "until": until},
        )
    if not seen:
        session.execute(
            f"INSERT INTO {table} (name, owner, expires_at) VALUES (:name, :owner, :ends)",
            {"name": name, "owner": _NOBODY, "ends": 0.0},
        )
    found, until = min(seen, default=(_NOBODY, 0.0))
    taken = session.execute(
        f"UPDATE {table} SET owner = :owner, expires_at = :ends WHERE name = :name AND NOT EXISTS"
        f" (SELECT 1 FROM {table} o WHERE o.name = :name AND (o.owner <> :seen OR o.expires_at <> :until))",
        {
            "owner": _holder(owner),
            "ends": time.time() + LIFETIME,
            "name": name,
            "seen": found,
            "until": until,
        },
    )
    return taken > 0


def holder(session: SessionLike, prefix: str, scope: str | None = None) -> str | None:
    """Tell in words who holds a lease, None if nobody does.

    :param scope: as for :func:`take`.
    """
    rows = session.fetch(
        f"SELECT owner, expires_at FROM {_table(session, prefix)} WHERE name = :name",
        {"name": _row(prefix, scope)},
    )
    return next(filter(None, (_told(row[0], row[1], _row(prefix, scope)) for row in rows)), None)


def _told(owner: object, expires_at: float, name: str) -> str | None:
    """Tell in words who holds the lease of a row; None for one that ended."""
    run, _, process = str(owner).partition("@")
    left = float(expires_at) - time.time()
    if left <= 0 or _ended(run, process, name):
        return None
    return f"run {run} of process {process}, for at most {left:.0f} s more"


def _ended(run: str, process: str, name: str) -> bool:
    """Tell whether a run is known to have ended: with its process, or inside of this one."""
    if process == str(this_process()):
        return (run, name) not in _active
    identity = parse(process)
    return identity is not None and identity.is_gone()


def held_by_another(session: SessionLike, prefix: str, owner: str, scope: str | None = None) -> bool:
    """Tell whether a lease exists that is not this run's."""
    found = session.fetch(
        f"SELECT owner FROM {_table(session, prefix)} WHERE name = :name", {"name": _row(prefix, scope)}
    )
    return any(row[0] not in (_holder(owner), _NOBODY) for row in found)


def keep(session: SessionLike, prefix: str, owner: str, scope: str | None = None) -> Renewer:
    """Renew the lease over a connection of its own, until it is stopped or the session is no more."""
    backend, alive = session.backend, weakref.ref(session)

    def renew() -> bool:
        if alive() is None:
            return False
        other = backend.connect()
        try:
            extend(other, prefix, owner, scope)
            return held(other, prefix, owner, scope)
        finally:
            other.close()

    return Renewer(renew, RENEWAL)


def extend(session: SessionLike, prefix: str, owner: str, scope: str | None = None) -> None:
    """Make the lease last its whole lifetime again."""
    session.execute(
        f"UPDATE {_table(session, prefix)} SET expires_at = :ends WHERE name = :name AND owner = :owner",
        {"name": _row(prefix, scope), "owner": _holder(owner), "ends": time.time() + LIFETIME},
    )


def held(session: SessionLike, prefix: str, owner: str, scope: str | None = None) -> bool:
    """Tell whether the lease is still this run's."""
    return bool(session.fetch(*held_query(session, prefix, owner, scope)))


def held_query(
    session: SessionLike, prefix: str, owner: str, scope: str | None = None
) -> tuple[str, dict[str, str]]:
    """Give the query that has a row while the lease is this run's, and its values."""
    sql = f"SELECT 1 FROM {_table(session, prefix)} WHERE name = :name AND owner = :owner"
    return sql, {"name": _row(prefix, scope), "owner": _holder(owner)}


def release(session: SessionLike, prefix: str, owner: str, scope: str | None = None) -> None:
    """Give the lease back."""
    _active.discard((owner, _row(prefix, scope)))
    session.execute(
        f"DELETE FROM {_table(session, prefix)} WHERE name = :name AND owner = :owner",
        {"name": _row(prefix, scope), "owner": _holder(owner)},
    )


def give_back(session: SessionLike, prefix: str, owner: str, scope: str | None = None) -> None:
    """Give back a lease that was taken by an UPDATE; its row stays for the next one."""
    _active.discard((owner, _row(prefix, scope)))
    session.execute(
        f"UPDATE {_table(session, prefix)} SET owner = :nobody, expires_at = :ends"
        " WHERE name = :name AND owner = :owner",
        {"nobody": _NOBODY, "ends": 0.0, "name": _row(prefix, scope), "owner": _holder(owner)},
    )
