"""Erase a person, or the past, from all that is stored: the tables, the snapshot days of views, the ledgers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias

from calcom_provider.sync.receipt import ErasureError, NobodyFoundError, Receipt

if TYPE_CHECKING:
    import sqlalchemy as sa

    from calcom_provider.hr.ledger.record import Ledger
    from calcom_provider.resources.policy import ColumnPolicy
    from calcom_provider.warehouse import Warehouse
    from calcom_provider.warehouse.backends.base import Session


Target: TypeAlias = "sa.Engine | sa.URL | str"

_PLANS = "calcom_writeback_plans"


def erase_person(
    warehouse: Warehouse,
    user: int | str,
    *,
    ledgers: Sequence[Target] = (),
    policy: ColumnPolicy | None = None,
    hash_key: bytes = b"",
    force: bool = False,
) -> Receipt:
    """Erase a person from the tables, their history, the snapshot days of reporting views and the write-back's ledgers.

    Ledgers come first: should the tables fail after them, the person is still found there.

    :param warehouse: open warehouse; a ledger in the same database is found.
    :param user: user id, or e-mail address in any case.
    :param ledgers: engines or URLs of ledgers in other databases.
    :param policy: how tables were stored of which no run recorded it.
    :param hash_key: key of hashed columns.
    :param force: close what the write-back still has to do with the person, as ``erased``.
    :returns: rows by full name of the table, and what could not be reached.
    :raises NobodyFoundError: when nothing is stored about the person.
    :raises ErasureError: when the write-back still has something to do with the person, when a ledger is not where
        it was named, or when it is not known by which column a table tells of the person.
    :raises WriterBusyError: when a run of the write-back is writing.
    :raises LoadInProgressError: when a run holds the tables.
    """
    from calcom_provider.reporting.privacy import erase_from_snapshots
    from calcom_provider.sync.privacy import Person, erase

    written: dict[str, int] = {}
    kept: dict[str, int] = {}

    with ExitStack() as stack:
        opened = _open_ledgers(warehouse, ledgers, stack)

        def before(person: Person) -> None:
            if not force:
                _refuse_open_work(opened, person.ids)
            for name, ledger in opened.items():
                for table, count in ledger.erase_person(person.ids, person.emails).items():
                    written[f"{name}{table}"] = count

        def further(session: Session, users: Collection[int]) -> None:
            kept.update(erase_from_snapshots(session, warehouse.prefix, users))

        receipt = erase(warehouse, user, policy=policy, hash_key=hash_key, before=before, further=further)
    receipt.tables = _named(receipt.tables, warehouse.prefix) | kept | written
    if not receipt.rows:
        raise NobodyFoundError(
            f"Nobody was found by {receipt.sought}, in the tables {warehouse.prefix}*: nothing was erased"
            + (f" ({len(receipt.unreached)} tables could not be searched)." if receipt.unreached else "."),
            advice="Look whether it is spelled right. Who is in no synced table any more is found by user id alone.",
        )
    return receipt


def _open_ledgers(warehouse: Warehouse, others: Sequence[Target], stack: ExitStack) -> dict[str, Ledger]:
    """Open the ledger beside the tables, where there is one, and those named, by what is put before table names."""
    from calcom_provider.hr.ledger.record import Ledger

    found: dict[str, Ledger] = {}
    for place, target in enumerate([warehouse.target, *others]):
        if _has_ledger(target):
            found[f"ledger {place}: " if place else ""] = stack.enter_context(Ledger(target))
        elif place:
            raise ErasureError(
                f"Nothing was erased: there is no ledger in the database named as ledger {place}."
            )
    return found


def _has_ledger(target: Target) -> bool:
    """Tell whether a database holds a ledger; opening one would make its file and its tables."""
    from calcom_provider.hr.ledger.database import Database
    from calcom_provider.warehouse import Warehouse

    if not Warehouse(target).exists:
        return False
    database = Database(target)
    try:
        return bool(database.columns(_PLANS))
    finally:
        database.close()


def _refuse_open_work(ledgers: Mapping[str, Ledger], users: Collection[int]) -> None:
    for name, ledger in ledgers.items():
        work = ledger.open_work(users, datetime.now(UTC).date())
        if work:
            raise ErasureError(
                f"Nothing was erased: {name}the write-back has {work.actions} open actions and {work.entries} entries"
                " of this person that are not over.",
                advice="Take them out of the HR source and apply that first, or close them as erased with --force"
                " (operator: force).",
            )


def forget_past(
    warehouse: Warehouse,
    days: Mapping[str, int],
    *,
    default: int | None = None,
) -> Receipt:
    """Delete closed versions, rows marked as deleted, run records and snapshot days that are older than allowed.

    :param warehouse: open warehouse.
    :param days: days to keep by table, with or without prefix; the name of a snapshot table for those of a view.
    :param default: days for all others, None to keep them.
    :returns: rows by full name of the table.
    :raises LoadInProgressError: when a run holds the tables.
    :raises ConfigurationError: for days below 0, or a table that there is not.
    """
    from calcom_provider.reporting.building.snapshots import SUFFIX
    from calcom_provider.reporting.privacy import forget_snapshots
    from calcom_provider.sync.privacy import keep_for

    kept: dict[str, int] = {}
    of_views = {name: limit for name, limit in days.items() if name.endswith(SUFFIX)}
    of_tables = {
        name.removeprefix(warehouse.prefix): limit for name, limit in days.items() if name not in of_views
    }

    def further(session: Session) -> None:
        kept.update(forget_snapshots(session, warehouse.prefix, of_views, default=default))

    done = keep_for(warehouse, of_tables, default=default, further=further)
    return Receipt("what is older than allowed", _named(done, warehouse.prefix) | kept)


def _named(done: Mapping[str, int], prefix: str) -> dict[str, int]:
    return {prefix + table: count for table, count in done.items()}
