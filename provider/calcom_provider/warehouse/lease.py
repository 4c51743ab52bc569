"""A lease on a set of tables, for databases without advisory locks.

The lease is a row that names its holder and ends by time. A holder on this machine that no longer runs has
lost it at once, so that a killed run does not keep the next one waiting.
"""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

from calcom_provider.warehouse.backend import Session
from calcom_provider.warehouse.migrations import LEASE, LEASE_V1

#: Seconds until a lease ends that its holder did not renew. Longer than any wait for a rate limit.
LIFETIME = 900.0

#: How often a race for making the table of leases is tried again.
TRIES = 5

#: Runs of this process that hold a lease; one that ended without giving its lease back is none of them.
_active: set[str] = set()


def me() -> str:
    """Name this process: host, process id and when it began, so that a reused id is not taken for it."""
    return f"{socket.gethostname()}/{os.getpid()}/{_began(os.getpid())}"


def _began(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return "0"


def _gone(holder: str) -> bool:
    """Tell whether the process that a lease names is known not to run any more."""
    host, _, rest = holder.partition("/")
    pid, _, began = rest.partition("/")
    if host != socket.gethostname() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return began not in ("0", _began(int(pid)))


def _table(session: Session, prefix: str) -> str:
    return session.backend.qualify(prefix + LEASE)


def prepare(session: Session, prefix: str) -> None:
    """Make the table of leases when it is missing."""
    for attempt in range(TRIES):
        try:
            session.backend.create_table(session, prefix + LEASE, LEASE_V1, ("name",))
            return
        except Exception:
            # Another run makes it at this moment, and the database lets one of the two through.
            if attempt == TRIES - 1:
                raise
            time.sleep(0.1)


def take(session: Session, prefix: str, owner: str) -> str | None:
    """Take the lease of a table set.

    :param owner: The run; it is kept together with the process.
    :returns: None when it was taken, else its holder in words.
    """
    table = _table(session, prefix)
    # Before the row can be seen: another thread would take this run for one that has ended.
    _active.add(owner)
    session.begin()
    try:
        rows = session.fetch(f"SELECT owner, expires_at FROM {table} WHERE name = :name", {"name": prefix})
        if rows:
            run, _, process = str(rows[0][0]).partition("@")
            left = float(rows[0][1]) - time.time()
            ended = process == me() and run not in _active
            if left > 0 and not ended and not _gone(process):
                session.rollback()
                _active.discard(owner)
                return f"run {run} of process {process}, for at most {left:.0f} s more"
            session.execute(f"DELETE FROM {table} WHERE name = :name", {"name": prefix})
        session.execute(
            f"INSERT INTO {table} (name, owner, expires_at) VALUES (:name, :owner, :ends)",
            {"name": prefix, "owner": f"{owner}@{me()}", "ends": time.time() + LIFETIME},
        )
        session.commit()
    except Exception:
        _active.discard(owner)
        session.rollback()
        # Two at once: the database let one of them through.
        if held_by_another(session, prefix, owner):
            return "another run that took them at this moment"
        raise
    return None


def held_by_another(session: Session, prefix: str, owner: str) -> bool:
    """Tell whether a lease exists that is not this run's."""
    found = session.fetch(f"SELECT owner FROM {_table(session, prefix)} WHERE name = :name", {"name": prefix})
    return bool(found) and found[0][0] != f"{owner}@{me()}"


def extend(session: Session, prefix: str, owner: str) -> None:
    """Make the lease last its whole lifetime again."""
    session.execute(
        f"UPDATE {_table(session, prefix)} SET expires_at = :ends WHERE name = :name AND owner = :owner",
        {"name": prefix, "owner": f"{owner}@{me()}", "ends": time.time() + LIFETIME},
    )


def held(session: Session, prefix: str, owner: str) -> bool:
    """Tell whether the lease is still this run's."""
    return bool(
        session.fetch(
            f"SELECT 1 FROM {_table(session, prefix)} WHERE name = :name AND owner = :owner",
            {"name": prefix, "owner": f"{owner}@{me()}"},
        )
    )


def release(session: Session, prefix: str, owner: str) -> None:
    """Give the lease back."""
    _active.discard(owner)
    session.execute(
        f"DELETE FROM {_table(session, prefix)} WHERE name = :name AND owner = :owner",
        {"name": prefix, "owner": f"{owner}@{me()}"},
    )
