"""Make, upgrade, keep and remove the reporting views of a warehouse."""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from calcom_provider import __version__
from calcom_provider.api.errors import ConfigurationError
from calcom_provider.reporting.building import catalog, option_validation, registry, remarks, snapshots
from calcom_provider.reporting.building.results import Listed, ViewResult
from calcom_provider.reporting.building.snapshots import SUFFIX, Snapshot
from calcom_provider.reporting.fixed_tables.calendar import CALENDAR, create_calendar, fill_calendar
from calcom_provider.reporting.fixed_tables.minimums import (
    TEAM_MINIMUMS,
    check_minimums,
    create_minimums,
    set_minimums,
)
from calcom_provider.reporting.fixed_tables.references import (
    TABLE_REFERENCES,
    create_references,
    reference_rows,
)
from calcom_provider.reporting.fixed_tables.time_zones import (
    TZ_OFFSETS,
    create_tz_offsets,
    fill_tz_offsets,
    offset_rows,
)
from calcom_provider.reporting.fixed_tables.writing import replace_rows
from calcom_provider.reporting.model import View
from calcom_provider.reporting.source import LEDGER, Options, Source
from calcom_provider.reporting.stored_names import Held, renamed_columns
from calcom_provider.reporting.views import VIEWS
from calcom_provider.resources import registry as resources
from calcom_provider.warehouse import LoadInProgressError, Warehouse
from calcom_provider.warehouse.schema import Table

if TYPE_CHECKING:
    import sqlalchemy as sa

#: Tables that views are made from.
FIXED: tuple[Table, ...] = (CALENDAR, TZ_OFFSETS, TEAM_MINIMUMS)
#: All tables that are made here.
OWN = (*FIXED, TABLE_REFERENCES, registry.REPORTS)


class Reports:
    """Open a warehouse for its reporting views.

    :param target: SQLAlchemy engine or URL; ``duckdb:///path`` for a DuckDB file.
    :param schema: schema of the tables and of the views, the connection's own by default.
    :param prefix: what table names begin with.
    :param view_prefix: what the names of the views begin with, by default nothing.
    :param options: attributes and answers that the views show.
    :param wait: seconds to wait for a sync that holds the tables.
    :raises ConfigurationError: for a database, schema, prefix or option that the views cannot be made with.
    """

    def __init__(
        self,
        target: sa.Engine | sa.URL | str,
        *,
        schema: str | None = None,
        prefix: str = "calcom_",
        view_prefix: str = "",
        options: Options | None = None,
        wait: float = 600.0,
    ) -> None:
        self.prefix = prefix
        self.view_prefix = view_prefix
        self.options = options or Options()
        option_validation.check_options(VIEWS, self.options)
        self._wait = wait
        self._owner = f"reports-{uuid.uuid4()}"
        with ExitStack() as opened:
            self._warehouse = warehouse = Warehouse(target, schema=schema, prefix=prefix, must_exist=True)
            self._outside = warehouse
            opened.callback(warehouse.close)
            self._backend = warehouse.backend
            self._views = catalog.views_of(self._backend)
            option_validation.check_names(VIEWS, view_prefix, self._backend.capabilities.longest_name)
            if schema:
                # The ledger lies in the default schema of the connection, wherever the tables are.
                self._outside = Warehouse(target)
                opened.callback(self._outside.close)
            self._session = self._backend.connect()
            opened.callback(self._session.close)
            catalog.check_schema(self._session)
            self._close = opened.pop_all().close

    def close(self) -> None:
        """Close what was opened."""
        self._close()

    def __enter__(self) -> Reports:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def create(
        self,
        *,
        days_back: int = 730,
        days_ahead: int = 366,
        minimums: Mapping[int, int] | None = None,
        today: date | None = None,
    ) -> list[ViewResult]:
        """Make the views that the tables allow, and upgrade those that an older release made.

        A view whose tables are not there is skipped, or removed if it was made before.

        :param days_back: days before today that the daily and weekly views reach.
        :param days_ahead: days after today.
        :param minimums: team -> members who should be available; 0 removes a team's minimum.
        :param today: the present day in UTC, by default the clock's.
        :raises ConfigurationError: when something else has the name of a view, or a number is wrong; nothing was
            changed.
        :raises LoadInProgressError: when a sync holds the tables for longer than ``wait``.
        """
        if days_back < 0 or days_ahead < 0:
            raise ConfigurationError("days_back and days_ahead are zero or more")
        check_minimums(minimums or {})
        day = today or datetime.now(UTC).date()
        offset_rows()  # takes seconds the first time: not while the tables are held
        with self._locked():
            known = registry.read(self._session, self.prefix)
            self._refuse_strange(known)
            self._write_fixed_tables(
                day - timedelta(days=days_back), day + timedelta(days=days_ahead), minimums
            )
            catalog.analyze(self._session, self.prefix)
            source = self._source()
            remarks.remark_tables(self._session, self.prefix, (*resources.tables().values(), *OWN))
            return [self._put(view, source, known.get(self._name(view))) for view in VIEWS]

    def refresh(self, names: Collection[str], *, first: date, last: date | None = None) -> list[ViewResult]:
        """Keep daily or weekly views as tables: write the rows of some days in place of the ones kept for them.

        Days before ``first`` stay as they were, so a snapshot table remembers what a day looked like. A weekly view is
        written from the Monday of that day's week on. Days before the calendar always stay.

        :param names: views without prefix; those that cannot be kept are refused.
        :param first: first day that is written; a table that is new gets all days.
        :param last: last day, by default the last of the calendar.
        :raises ConfigurationError: for a view that is not there or cannot be kept; nothing was changed.
        :raises LoadInProgressError: when a sync holds the tables for longer than ``wait``.
        """
        if last and last < first:
            raise ConfigurationError(f"The last day ({last}) is before the first ({first})")
        views = [self._snapshot_views(name) for name in dict.fromkeys(names)]
        with self._locked():
            known = registry.read(self._session, self.prefix)
            asked = [self._snapshot(view, known) for view in views]
            for one in asked:
                snapshots.refuse_strange(self._session, one, known)
            return [self._write(one, known, first, last) for one in asked]

    def drop(self) -> list[ViewResult]:
        """Remove the views and snapshot tables that were made here; synced tables, settings and calendar stay.

        :raises LoadInProgressError: when a sync holds the tables for longer than ``wait``.
        :raises WarehouseError: when something else in the database needs one of them.
        """
        with self._locked():
            known = registry.read(self._session, self.prefix)
            made = [entry for entry in known.values() if entry.kind != "settings"]
            for entry in made:
                self._remove(entry)
            return [ViewResult(entry.name, "removed") for entry in made]

    def listed(self) -> list[Listed]:
        """Tell of every view whether it is there, and what is missing where it cannot be made."""
        known, source = registry.read(self._session, self.prefix), self._source()
        found = []
        for view in VIEWS:
            name = self._name(view)
            there = catalog.relation(self._session, name)
            missing = view.missing(source)
            if there and name not in known:
                missing = f"there is a {there} of this name that was not made here"
            snapshot = known.get(name + SUFFIX)
            made = bool(there) and name in known
            found.append(Listed(view.name, view.comment, made, snapshot.rows if snapshot else None, missing))
        return found

    # -- parts -----------------------------------------------------------------------------------------------

    @contextmanager
    def _locked(self) -> Iterator[None]:
        holder = self._backend.lock(self._session, self.prefix, self._owner, wait=self._wait)
        if holder:
            raise LoadInProgressError(f"The tables {self.prefix}* are held by {holder}")
        try:
            self._warehouse.bring_forward(self._session, __version__)
            yield
        finally:
            self._session.rollback()
            self._backend.unlock(self._session, self.prefix, self._owner)

    def _name(self, view: View) -> str:
        return self.view_prefix + view.name

    def _source(self) -> Source:
        outside = self._outside.backend
        session = self._session if outside is self._backend else outside.connect()
        try:
            ledger = outside.reflect(session, LEDGER)
        finally:
            if session is not self._session:
                session.close()
        fixed: Held = {self.prefix + table.name: {c.name: c.type for c in table.columns} for table in FIXED}
        held = self._backend.reflect(self._session, self.prefix)
        return Source(
            {**fixed, **held},
            renamed=renamed_columns(self._session, self.prefix, held),
            views=self._views,
            prefix=self.prefix,
            schema=self._backend.schema if self._backend.names_schema else None,
            ledger=ledger,
            options=self.options,
        )

    def _refuse_strange(self, known: registry.Known) -> None:
        for name in map(self._name, VIEWS):
            kind = catalog.relation(self._session, name)
            if kind and name not in known:
                raise ConfigurationError(
                    f"There is a {kind} {name} that was not made here: name another prefix of the views, or remove it"
                )
        for table in OWN:
            name = self.prefix + table.name
            held = catalog.columns(self._session, name)
            if held and set(held) != set(table.names):
                raise ConfigurationError(
                    f"There is a table {name} with other columns: name another prefix, or remove it"
                )

    def _write_fixed_tables(self, first: date, last: date, minimums: Mapping[int, int] | None) -> None:
        session, prefix = self._session, self.prefix
        makers = (create_calendar, create_tz_offsets, create_minimums, create_references, registry.create)
        for create in makers:
            create(session, prefix)
        session.begin()
        fill_calendar(session, prefix, first, last)
        held = session.value(f"SELECT count(*) FROM {self._backend.qualify(prefix + TZ_OFFSETS.name)}")
        stamp = hashlib.sha256(repr(offset_rows()).encode()).hexdigest()
        known = registry.read(session, prefix).get(prefix + TZ_OFFSETS.name)
        if not held or known is None or known.definition != stamp:
            fill_tz_offsets(session, prefix)
            registry.note(session, prefix, registry.Entry(prefix + TZ_OFFSETS.name, "settings", stamp))
        self._write_references()
        set_minimums(session, prefix, minimums or {})
        session.commit()

    def _write_references(self) -> None:
        """Write the references between the tables that are there now, unless they stand there already."""
        rows = reference_rows(self.prefix, self._backend.reflect(self._session, self.prefix))
        entry = registry.Entry(
            self.prefix + TABLE_REFERENCES.name, "settings", hashlib.sha256(repr(rows).encode()).hexdigest()
        )
        if registry.read(self._session, self.prefix).get(entry.name) != entry:
            replace_rows(self._session, self.prefix, TABLE_REFERENCES, rows)
            registry.note(self._session, self.prefix, entry)

    def _put(self, view: View, source: Source, known: registry.Entry | None) -> ViewResult:
        name, session = self._name(view), self._session
        there = catalog.relation(session, name) is not None
        if missing := view.missing(source):
            if known:
                self._remove(known)
            return ViewResult(name, "removed" if known else "skipped", missing)
        began = time.perf_counter()
        text = self._views.sql_text(view.select(source))
        definition = hashlib.sha256(text.encode()).hexdigest()
        if there and known and known.definition == definition and catalog.readable(session, name):
            session.begin()
            changed = remarks.remark_view(session, name, view)
            session.commit()
            return ViewResult(name, "unchanged", "its comments were brought up to date" if changed else None)
        if not known:
            registry.announce(session, self.prefix, name, "view")
        with catalog.explained(f"The view {name} cannot be made"):
            session.begin()
            lost = catalog.put_view(session, name, text)
            remarks.remark_view(session, name, view)
            registry.note(session, self.prefix, registry.Entry(name, "view", definition))
            session.commit()
        note = "its columns changed, so grants on it are gone" if lost else None
        return ViewResult(name, "replaced" if there else "created", note, seconds=time.perf_counter() - began)

    def _remove(self, entry: registry.Entry) -> None:
        session = self._session
        drop = catalog.drop_view if entry.kind == "view" else catalog.drop_table
        with catalog.explained(f"The {entry.kind} {entry.name} cannot be removed"):
            session.begin()
            drop(session, entry.name)
            registry.forget(session, self.prefix, entry.name)
            session.commit()

    def _snapshot_views(self, name: str) -> View:
        found = next((view for view in VIEWS if view.name == name), None)
        if found is None or not found.snapshot_by:
            possible = [view.name for view in VIEWS if view.snapshot_by]
            raise ConfigurationError(f"{name} cannot be kept as a table; these can: {', '.join(possible)}")
        return found

    def _snapshot(self, view: View, known: registry.Known) -> Snapshot:
        name = self._name(view)
        if name not in known or catalog.relation(self._session, name) is None:
            why = view.missing(self._source()) or "make the views first"
            raise ConfigurationError(f"There is no view {name} to keep: {why}")
        return Snapshot(name, str(view.snapshot_by), known[name].definition)

    def _write(self, snapshot: Snapshot, known: registry.Known, first: date, last: date | None) -> ViewResult:
        began = time.perf_counter()
        note = snapshots.prepare(self._session, self.prefix, snapshot, known)
        rows = snapshots.write(self._session, self.prefix, snapshot, first, last)
        return ViewResult(snapshot.table, "refreshed", note, rows=rows, seconds=time.perf_counter() - began)
