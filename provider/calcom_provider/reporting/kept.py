"""Keep daily and weekly views as tables, so that a day stays as it looked then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.reporting import catalog, registry
from calcom_provider.reporting.calendar import CALENDAR
from calcom_provider.warehouse.backend import Session

#: What the name of a kept table ends with, and that of one that takes its place.
KEPT, NEW = "_kept", "_new"
#: Types that a database gives a column of nulls; they hold nothing else.
_ONLY_NULL = {'"NULL"', "binary(0)"}


@dataclass(frozen=True)
class Kept:
    """Name a view and the table that keeps it.

    :param view: full name of the view
    :param day: column of the day
    :param definition: of the view
    """

    view: str
    day: str
    definition: str

    @property
    def table(self) -> str:
        """Return the full name of the table."""
        return self.view + KEPT

    @property
    def new(self) -> str:
        """Return the full name of the table that is made when the columns have changed."""
        return self.table + NEW


def refuse_strange(session: Session, kept: Kept, known: registry.Known) -> None:
    """Refuse names that something else has.

    :raises ConfigurationError: when a table or view of such a name was not made here
    """
    for name in (kept.table, kept.new):
        there = catalog.relation(session, name)
        if there and name not in known:
            raise ConfigurationError(f"There is a {there} {name} that was not made here: remove it")


def prepare(session: Session, prefix: str, kept: Kept, known: registry.Known) -> str | None:
    """Make the table, or one with the view's columns in its place; outside of a transaction.

    Each step can be the last one: what is left over is found by the next run.

    :param prefix: what the names of the warehouse's tables begin with
    :returns: what happened to the columns; None when nothing did
    """
    entry = known.get(kept.table)
    there = catalog.relation(session, kept.table)
    spare = catalog.relation(session, kept.new)
    if spare and not there:
        # An earlier run ended between the removal of the old table and this.
        catalog.rename_table(session, kept.new, kept.table)
        there = "table"
    elif spare:
        catalog.drop_table(session, kept.new)
    if there and entry and not entry.definition:
        # The run that made it ended before it wrote a row.
        catalog.drop_table(session, kept.table)
        there = None
    if not there:
        registry.announce(session, prefix, kept.table, "table")
        _make_empty(session, kept, kept.table)
    elif entry is None or entry.definition != kept.definition:
        return _replace(session, prefix, kept)
    return None


def write(session: Session, prefix: str, kept: Kept, first: date, last: date | None) -> int:
    """Write the rows of some days in place of those that are kept for them.

    Days before the calendar stay: the view knows nothing of them. So does the part of a week with which the calendar
    may begin; otherwise a week is written as a whole.

    :param first: first day; an empty table gets all days
    :param last: last day, by default the last of the calendar
    :returns: number of rows
    """
    backend = session.backend
    target, source = backend.qualify(kept.table), backend.qualify(kept.view)
    day = backend.quote(kept.day)
    window = [f"{day} <= '{last.isoformat()}'"] if last else []
    if session.fetch(f"SELECT 1 FROM {target} LIMIT 1"):
        window.append(f"{day} >= '{_from(session, prefix, kept, first).isoformat()}'")
    where = f" WHERE {' AND '.join(window)}" if window else ""
    names = ", ".join(map(backend.quote, catalog.columns(session, kept.view)))
    session.begin()
    session.execute(f"DELETE FROM {target}{where}")
    rows = session.execute(f"INSERT INTO {target} ({names}) SELECT {names} FROM {source}{where}")
    registry.note(session, prefix, registry.Entry(kept.table, "table", kept.definition, rows=rows))
    session.commit()
    return rows


def _from(session: Session, prefix: str, kept: Kept, first: date) -> date:
    found = session.value(f"SELECT min(date) FROM {session.backend.qualify(prefix + CALENDAR.name)}")
    begin = date.fromisoformat(str(found)[:10])
    if kept.day == "date":
        return max(first, begin)
    return max(_monday(first), _monday(begin + timedelta(days=6)))


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _make_empty(session: Session, kept: Kept, name: str) -> None:
    backend = session.backend
    target = backend.qualify(name)
    session.execute(
        f"CREATE TABLE {target}{backend.table_options} AS SELECT * FROM {backend.qualify(kept.view)} WHERE 1 = 0"
    )
    if backend.capabilities.name == "mysql":
        # It makes columns NOT NULL for what is never null today, and days without such a column would get zeros.
        held = catalog.typed_columns(session, name)
        changes = [f"MODIFY {backend.quote(column)} {kind} NULL" for column, kind in held.items()]
        session.execute(f"ALTER TABLE {target} {', '.join(changes)}")


def _replace(session: Session, prefix: str, kept: Kept) -> str | None:
    """Give the table the columns that the view has now; what was kept in those that stay is carried over."""
    registry.announce(session, prefix, kept.new, "table")
    _make_empty(session, kept, kept.new)
    old, new = catalog.typed_columns(session, kept.table), catalog.typed_columns(session, kept.new)
    told = None
    if old == new:
        catalog.drop_table(session, kept.new)
    else:
        session.begin()
        _carry_over(session, kept, old, new)
        session.commit()
        catalog.drop_table(session, kept.table)
        catalog.rename_table(session, kept.new, kept.table)
        told = "its columns changed; days kept before have nulls in new ones"
    registry.forget(session, prefix, kept.new)
    return told


def _carry_over(session: Session, kept: Kept, old: dict[str, str], new: dict[str, str]) -> None:
    backend = session.backend
    shared = {name: kind for name, kind in new.items() if name in old and kind not in _ONLY_NULL}
    casts = backend.capabilities.name in ("postgresql", "duckdb")
    values = [
        f"CAST({backend.quote(name)} AS {kind})" if casts and old[name] != kind else backend.quote(name)
        for name, kind in shared.items()
    ]
    session.execute(
        f"INSERT INTO {backend.qualify(kept.new)} ({', '.join(map(backend.quote, shared))})"
        f" SELECT {', '.join(values)} FROM {backend.qualify(kept.table)}"
    )
