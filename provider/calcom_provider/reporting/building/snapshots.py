"""Keep daily and weekly views as tables, so that a day stays as it looked then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.reporting.building import catalog, registry
from calcom_provider.reporting.fixed_tables.calendar import CALENDAR
from calcom_provider.warehouse.backends.base import Session

#: What the name of a snapshot table ends with, and that of one that takes its place.
SUFFIX, NEW = "_kept", "_new"


@dataclass(frozen=True)
class Snapshot:
    """Name a view and the table that keeps it.

    :param view: full name of the view.
    :param day: column of the day.
    :param definition: of the view.
    """

    view: str
    day: str
    definition: str

    @property
    def table(self) -> str:
        """Return the full name of the table."""
        return self.view + SUFFIX

    @property
    def new(self) -> str:
        """Return the full name of the table that is made when the columns have changed."""
        return self.table + NEW


def refuse_strange(session: Session, snapshot: Snapshot, known: registry.Known) -> None:
    """Refuse names that something else has.

    :raises ConfigurationError: when a table or view of such a name was not made here.
    """
    for name in (snapshot.table, snapshot.new):
        there = catalog.relation(session, name)
        if there and name not in known:
            raise ConfigurationError(f"There is a {there} {name} that was not made here: remove it")


def prepare(session: Session, prefix: str, snapshot: Snapshot, known: registry.Known) -> str | None:
    """Make the table, or one with the view's columns in its place; outside of a transaction.

    Each step can be the last one: what is left over is found by the next run.

    :param prefix: what the names of the warehouse's tables begin with.
    :returns: what happened to the columns; None when nothing did.
    """
    entry = known.get(snapshot.table)
    there = catalog.relation(session, snapshot.table)
    spare = catalog.relation(session, snapshot.new)
    if spare and not there:
        # An earlier run ended between the removal of the old table and this.
        catalog.rename_table(session, snapshot.new, snapshot.table)
        there = "table"
    elif spare:
        catalog.drop_table(session, snapshot.new)
    if there and entry and not entry.definition:
        # The run that made it ended before it wrote a row.
        catalog.drop_table(session, snapshot.table)
        there = None
    if not there:
        registry.announce(session, prefix, snapshot.table, "table")
        _make_empty(session, snapshot, snapshot.table)
    elif entry is None or entry.definition != snapshot.definition:
        return _replace(session, prefix, snapshot)
    return None


def write(session: Session, prefix: str, snapshot: Snapshot, first: date, last: date | None) -> int:
    """Write the rows of some days in place of those that are kept for them.

    Days before the calendar stay: the view knows nothing of them. So does the part of a week with which the calendar
    may begin; otherwise a week is written as a whole.

    :param first: first day; an empty table gets all days.
    :param last: last day, by default the last of the calendar.
    :returns: number of rows.
    """
    backend = session.backend
    target, source = backend.qualify(snapshot.table), backend.qualify(snapshot.view)
    day = backend.quote(snapshot.day)
    window = [f"{day} <= '{last.isoformat()}'"] if last else []
    if session.fetch(f"SELECT 1 FROM {target} LIMIT 1"):
        window.append(f"{day} >= '{_from(session, prefix, snapshot, first).isoformat()}'")
    where = f" WHERE {' AND '.join(window)}" if window else ""
    names = ", ".join(map(backend.quote, catalog.columns(session, snapshot.view)))
    session.begin()
    session.execute(f"DELETE FROM {target}{where}")
    rows = session.execute(f"INSERT INTO {target} ({names}) SELECT {names} FROM {source}{where}")
    registry.note(session, prefix, registry.Entry(snapshot.table, "table", snapshot.definition, rows=rows))
    session.commit()
    return rows


def _from(session: Session, prefix: str, snapshot: Snapshot, first: date) -> date:
    found = session.value(f"SELECT min(date) FROM {session.backend.qualify(prefix + CALENDAR.name)}")
    begin = date.fromisoformat(str(found)[:10])
    if snapshot.day == "date":
        return max(first, begin)
    return max(_monday(first), _monday(begin + timedelta(days=6)))


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _make_empty(session: Session, snapshot: Snapshot, name: str) -> None:
    backend = session.backend
    target = backend.qualify(name)
    session.execute(
        f"CREATE TABLE {target}{backend.table_options} AS SELECT * FROM {backend.qualify(snapshot.view)} WHERE 1 = 0"
    )
    catalog.views_of(backend).made_of_query(session, name)


def _replace(session: Session, prefix: str, snapshot: Snapshot) -> str | None:
    """Give the table the columns that the view has now; what was kept in those that stay is carried over."""
    registry.announce(session, prefix, snapshot.new, "table")
    _make_empty(session, snapshot, snapshot.new)
    old, new = catalog.typed_columns(session, snapshot.table), catalog.typed_columns(session, snapshot.new)
    told = None
    if old == new:
        catalog.drop_table(session, snapshot.new)
    else:
        session.begin()
        _carry_over(session, snapshot, old, new)
        session.commit()
        catalog.drop_table(session, snapshot.table)
        catalog.rename_table(session, snapshot.new, snapshot.table)
        told = "its columns changed; days kept before have nulls in new ones"
    registry.forget(session, prefix, snapshot.new)
    return told


def _carry_over(session: Session, snapshot: Snapshot, old: dict[str, str], new: dict[str, str]) -> None:
    backend, views = session.backend, catalog.views_of(session.backend)
    shared = {name: kind for name, kind in new.items() if name in old and kind not in views.only_null}
    values = [
        f"CAST({backend.quote(name)} AS {kind})" if views.casts and old[name] != kind else backend.quote(name)
        for name, kind in shared.items()
    ]
    session.execute(
        f"INSERT INTO {backend.qualify(snapshot.new)} ({', '.join(map(backend.quote, shared))})"
        f" SELECT {', '.join(values)} FROM {backend.qualify(snapshot.table)}"
    )
