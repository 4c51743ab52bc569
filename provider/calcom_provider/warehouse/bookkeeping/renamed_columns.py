"""Columns that a release gave another name: in the tables where they stand, no row written.

What was hashed of a row are its values in their order, so that an unchanged row is still found unchanged.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from calcom_provider.warehouse.backends.base import Session

logger = logging.getLogger(__name__)

_SPAN = {"start": "start_at", "end": "end_at"}
RENAMED: Mapping[str, Mapping[str, str]] = {
    "ooo_entries": _SPAN,
    "bookings": _SPAN,
    "account_bookings": _SPAN,
    "attribute_options": {"contains": "contained_option_ids"},
}
"""Table without prefix -> former name of a column -> its name."""


def rename_columns(session: Session, prefix: str, records: str) -> None:
    """Give the columns of the tables that are there their present names.

    A column that a policy had stored under a name of its own keeps that one. Each step looks before it changes
    anything, so that a run which was killed between two of them goes on where it ended.

    :param session: connection of the load.
    :param prefix: what the names of the tables begin with.
    :param records: name of the table of column records, without prefix.
    """
    held = session.backend.reflect(session, prefix)
    for table, names in RENAMED.items():
        stored = _stored(session, prefix + records, table)
        for former, name in names.items():
            columns = held.get(prefix + table, {})
            if former in columns and stored.get(former, former) == former:
                _rename(session, prefix + table, former, name, columns, stored)
            _record(session, prefix + records, table, former, name)


def _stored(session: Session, records: str, table: str) -> dict[str, str]:
    """Give the columns of a table in the database with the declared ones that they hold, as runs recorded it."""
    rows = session.fetch(
        f"SELECT DISTINCT stored_as, column_name FROM {session.backend.qualify(records)}"
        " WHERE table_name = :table_name AND stored_as <> ''",
        {"table_name": table},
    )
    return {str(stored): str(column) for stored, column in rows}


def _rename(
    session: Session,
    table: str,
    former: str,
    name: str,
    columns: Mapping[str, Any],
    stored: Mapping[str, str],
) -> None:
    backend = session.backend
    if name not in columns:
        backend.rename_column(session, table, former, name)
    elif stored.get(name, name) in (former, name):
        # One organisation's policy had given the column the present name already, another's had not.
        target, old, new = backend.qualify(table), backend.quote(former), backend.quote(name)
        session.execute(f"UPDATE {target} SET {new} = {old} WHERE {new} IS NULL AND {old} IS NOT NULL")
        session.execute(f"UPDATE {target} SET {old} = NULL WHERE {old} IS NOT NULL")
    else:
        logger.warning(
            "The column %s of %s is called %s with this release, but a policy stores another column under that"
            " name: rename one of them in the policy.",
            former,
            table,
            name,
        )


def _record(session: Session, records: str, table: str, former: str, name: str) -> None:
    target = session.backend.qualify(records)
    values = {"table_name": table, "former": former, "name": name}
    where = "WHERE table_name = :table_name AND column_name = :former"
    session.execute(f"UPDATE {target} SET stored_as = :name {where} AND stored_as = :former", values)
    session.execute(f"UPDATE {target} SET column_name = :name {where}", values)


def former_names(names: Iterable[str]) -> dict[str, str]:
    """Return the former names among those that a policy gives to columns, each with the present one.

    :param names: ``column``, or ``table.column``.
    """
    present = {
        spelled: spelling + name
        for table, renamed in RENAMED.items()
        for former, name in renamed.items()
        for spelled, spelling in ((former, ""), (f"{table}.{former}", f"{table}."))
    }
    return {name: present[name] for name in names if name in present}
