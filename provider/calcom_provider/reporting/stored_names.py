"""Give columns of the tables the names that are declared, where a policy stored them under others."""

from __future__ import annotations

from collections.abc import Mapping

from calcom_provider.warehouse.backends.base import Backend, Session
from calcom_provider.warehouse.bookkeeping.column_records import ColumnRecords
from calcom_provider.warehouse.bookkeeping.migrations import COLUMNS
from calcom_provider.warehouse.schema import ColumnRecord

Held = Mapping[str, Mapping[str, str]]
Renamed = Mapping[str, Mapping[str, str]]
"""Full name of a table to the name of a column in it to the declared one."""


def renamed_columns(session: Session, prefix: str, held: Held) -> dict[str, dict[str, str]]:
    """Return the columns that runs stored under other names than the declared ones.

    A column that one organisation's policy renamed and another's did not stays as it is stored: no one name holds both.

    :param session: connection to the warehouse.
    :param prefix: what the names of the tables begin with.
    :param held: columns of the tables that are there, by full name.
    """
    if prefix + COLUMNS not in held:
        return {}
    found: dict[str, dict[str, str]] = {}
    for table, scopes in ColumnRecords(session, prefix).all().items():
        columns = held.get(prefix + table, {})
        for records in scopes.values():
            for one in records:
                renamed = one.treatment in ("plain", "hashed") and one.stored_as != one.column
                if renamed and one.stored_as in columns and one.column not in _written(scopes):
                    found.setdefault(prefix + table, {})[one.stored_as] = one.column
    return found


def _written(scopes: Mapping[str, list[ColumnRecord]]) -> set[str]:
    return {one.stored_as for records in scopes.values() for one in records if one.holds}


def as_declared(held: Held, renamed: Renamed) -> dict[str, dict[str, str]]:
    """Return the columns of the tables by the declared names.

    :param held: columns of the tables that are there, by full name.
    :param renamed: what :func:`renamed_columns` returned.
    """
    return {
        table: {
            renamed.get(table, {}).get(name, name): kind
            for name, kind in columns.items()
            # An emptied column may still stand under the declared name.
            if name not in renamed.get(table, {}).values()
        }
        for table, columns in held.items()
    }


def relation(backend: Backend, table: str, held: Held, renamed: Renamed) -> str:
    """Spell a table for a FROM clause, with the declared names of its columns.

    :param backend: its database.
    :param table: full name.
    :param held: columns by the names that they are stored under.
    :param renamed: what :func:`renamed_columns` returned.
    """
    names = renamed.get(table)
    if not names:
        return backend.qualify(table)
    shown = [
        f"{backend.quote(name)} AS {backend.quote(names.get(name, name))}"
        for name in held[table]
        if name not in names.values()
    ]
    return f"(SELECT {', '.join(shown)} FROM {backend.qualify(table)})"
