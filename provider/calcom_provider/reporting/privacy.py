"""Forget snapshot days: what they tell about a person, and those that are older than they may be."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.reporting.building import catalog, registry
from calcom_provider.reporting.building.snapshots import NEW, SUFFIX
from calcom_provider.reporting.model import View
from calcom_provider.reporting.views import VIEWS
from calcom_provider.warehouse.backends.base import Session


def erase_from_snapshots(session: Session, prefix: str, users: Collection[int]) -> dict[str, int]:
    """Delete the snapshot rows about a person, and set references to the person to null in those about others.

    Kept numbers of members stay as they were counted. The caller holds the tables and the transaction.

    :param prefix: what the names of the warehouse's tables begin with.
    :param users: user ids of the person.
    :returns: rows deleted or changed by full name of the table.
    :raises ConfigurationError: for a snapshot table of a view that this release does not know.
    """
    if not users:
        return {}
    values = {f"user_{place}": user for place, user in enumerate(sorted(users))}
    ids = ", ".join(f":{name}" for name in values)
    done: dict[str, int] = {}
    for table, view in _tables(session, prefix):
        subject, held = view.snapshot_subject, catalog.columns(session, table)
        assert subject is not None, "a view that can be kept has a subject"
        target = session.backend.qualify(table)
        statements = dict.fromkeys(subject.user, f"DELETE FROM {target}")
        for column in subject.clear_user:
            statements[column] = f"UPDATE {target} SET {session.backend.quote(column)} = NULL"
        for column, statement in statements.items():
            if column in held:
                where = f"{session.backend.quote(column)} IN ({ids})"
                done[table] = done.get(table, 0) + session.execute(f"{statement} WHERE {where}", values)
    return {table: count for table, count in done.items() if count}


def forget_snapshots(
    session: Session,
    prefix: str,
    days: Mapping[str, int],
    *,
    default: int | None = None,
    today: date | None = None,
) -> dict[str, int]:
    """Delete snapshot days that are older than allowed; a week goes when its last day is.

    The caller holds the tables and the transaction.

    :param prefix: what the names of the warehouse's tables begin with.
    :param days: name of a snapshot table -> days to keep; one without the prefix of the views reaches that view's
        tables under every prefix.
    :param default: days for all other snapshot tables, None to keep them.
    :param today: day that ages count from, by default today in UTC.
    :returns: rows deleted by full name of the table.
    :raises ConfigurationError: for days below 0, a name that there is not, or a snapshot table of a view that this
        release does not know.
    """
    tables = dict(_tables(session, prefix))
    strange = set(days) - set(tables) - {view.name + SUFFIX for view in VIEWS if view.snapshot_by}
    if strange or any(value < 0 for value in (*days.values(), default or 0)):
        named = f"; there is no {', '.join(sorted(strange))}" if strange else ""
        raise ConfigurationError(f"Retention needs names of snapshot tables and days of 0 or more{named}")
    done = {}
    for table, view in tables.items():
        limit = days.get(table, days.get(view.name + SUFFIX, default))
        if limit is None:
            continue
        first = (today or datetime.now(UTC).date()) - timedelta(days=limit)
        if view.snapshot_by != "date":
            first -= timedelta(days=6)
        day = session.backend.quote(str(view.snapshot_by))
        done[table] = session.execute(
            f"DELETE FROM {session.backend.qualify(table)} WHERE {day} < '{first.isoformat()}'"
        )
    return {table: count for table, count in done.items() if count}


def _tables(session: Session, prefix: str) -> Iterator[tuple[str, View]]:
    """Give the snapshot tables that are there, also those that a refresh left when it was killed."""
    for entry in registry.read(session, prefix).values():
        if entry.kind == "table" and catalog.relation(session, entry.name) == "table":
            yield entry.name, _view_of(entry.name)


def _view_of(table: str) -> View:
    name = table.removesuffix(NEW).removesuffix(SUFFIX)
    for view in VIEWS:
        if view.snapshot_by and name.endswith(view.name):
            return view
    raise ConfigurationError(
        f"{table} was made by another release, so what it tells of people is not known: upgrade,"
        " or remove it with calcom reports drop"
    )
