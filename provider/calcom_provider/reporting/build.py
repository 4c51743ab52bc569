"""Make, upgrade, keep and remove the reporting views of a warehouse."""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.reporting import catalog, chosen, registry
from calcom_provider.reporting import kept as keeping
from calcom_provider.reporting.calendar import CALENDAR, create_calendar, fill_calendar
from calcom_provider.reporting.functions import sql_text
from calcom_provider.reporting.kept import KEPT, Kept
from calcom_provider.reporting.made import Listed, Made
from calcom_provider.reporting.minimums import TEAM_MINIMUMS, check_minimums, create_minimums, set_minimums
from calcom_provider.reporting.model import View
from calcom_provider.reporting.source import LEDGER, Held, Options, Source
from calcom_provider.reporting.time_zones import TZ_OFFSETS, create_tz_offsets, fill_tz_offsets, offset_rows
from calcom_provider.reporting.views import VIEWS
from calcom_provider.warehouse import LoadInProgressError, Warehouse
from calcom_provider.warehouse.schema import Table

if TYPE_CHECKING:
    import sqlalchemy as sa

FIXED: tuple[Table, ...] = (CALENDAR, TZ_OFFSETS, TEAM_MINIMUMS)


class Reports:
    """Open a warehouse for its reporting views.

    :param target: SQLAlchemy engine or URL; ``duckdb:///path`` for a DuckDB file
    :param schema: schema of the tables and of the views, the connection's own by default
    :param prefix: what table names begin with
    :param view_prefix: what the names of the views begin with, by default nothing
    :param options: attributes and answers that the views show
    :param wait: seconds to wait for a sync that holds the tables
    :raises ConfigurationError: for a database, schema, prefix or option that the views cannot be made with
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
        chosen.check_names(VIEWS, view_prefix)
        chosen.check_options(VIEWS, self.options)
        self._wait = wait
        self._owner = f"reports-{uuid.uuid4()}"
        with ExitStack() as opened:
            self._outside = warehouse = Warehouse(target, schema=schema, prefix=prefix)
            opened.callback(warehouse.close)
            self._backend = warehouse.backend
            catalog.check_supported(self._backend)
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
    ) -> list[Made]:
        """Make the views that the tables allow, and upgrade those that an older release made.

        A view whose tables are not there is skipped, or removed if it was made before.

        :param days_back: days before today that the daily and weekly views reach
        :param days_ahead: days after today
        :param minimums: team -> members who should be available; 0 removes a team's minimum
        :param today: the present day in UTC, by default the clock's
        :raises ConfigurationError: when something else has the name of a view, or a number is wrong; nothing was
            changed
        :raises LoadInProgressError: when a sync holds the tables for longer than ``wait``
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
            return [self._put(view, source, known.get(self._name(view))) for view in VIEWS]

    def refresh(self, names: Collection[str], *, first: date, last: date | None = None) -> list[Made]:
        """Keep daily or weekly views as tables: write the rows of some days in place of the ones kept for them.

        Days before ``first`` stay as they were kept, so a kept table remembers what a day looked like. A weekly view
        is written from the Monday of that day's week on. Days before the calendar always stay.

        :param names: views without prefix; those that cannot be kept are refused
        :param first: first day that is written; a table that is new gets all days
        :param last: last day, by default the last of the calendar
        :raises ConfigurationError: for a view that is not there or cannot be kept; nothing was changed
        :raises LoadInProgressError: when a sync holds the tables for longer than ``wait``
        """
        if last and last < first:
            raise ConfigurationError(f"The last day ({last}) is before the first ({first})")
        views = [self._keepable(name) for name in dict.fromkeys(names)]
        with self._locked():
            known = registry.read(self._session, self.prefix)
            asked = [self._kept(view, known) for view in views]
            for one in asked:
                keeping.refuse_strange(self._session, one, known)
            return [self._keep(one, known, first, last) for one in asked]

    def drop(self) -> list[Made]:
        """Remove the views and kept tables that were made here; synced tables, settings and calendar stay.

        :raises LoadInProgressError: when a sync holds the tables for longer than ``wait``
        :raises WarehouseError: when something else in the database needs one of them
        """
        with self._locked():
            known = registry.read(self._session, self.prefix)
            made = [entry for entry in known.values() if entry.kind != "settings"]
            for entry in made:
                self._remove(entry)
            return [Made(entry.name, "removed") for entry in made]

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
            kept = known.get(name + KEPT)
            made = bool(there) and name in known
            found.append(Listed(view.name, view.comment, made, kept.rows if kept else None, missing))
        return found

    # -- parts -----------------------------------------------------------------------------------------------

    @contextmanager
    def _locked(self) -> Iterator[None]:
        until = time.monotonic() + self._wait
        while holder := self._backend.lock(self._session, self.prefix, self._owner):
            if time.monotonic() >= until:
                raise LoadInProgressError(f"The tables {self.prefix}* are being loaded by {holder}")
            time.sleep(min(1.0, max(until - time.monotonic(), 0.05)))
        try:
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
        return Source(
            {**fixed, **self._backend.reflect(self._session, self.prefix)},
            backend=self._backend.capabilities.name,
            prefix=self.prefix,
            schema=self._backend.schema,
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
        for table in (*FIXED, registry.REPORTS):
            name = self.prefix + table.name
            held = catalog.columns(self._session, name)
            if held and set(held) != set(table.names):
                raise ConfigurationError(
                    f"There is a table {name} with other columns: name another prefix, or remove it"
                )

    def _write_fixed_tables(self, first: date, last: date, minimums: Mapping[int, int] | None) -> None:
        session, prefix = self._session, self.prefix
        for create in (create_calendar, create_tz_offsets, create_minimums, registry.create):
            create(session, prefix)
        session.begin()
        fill_calendar(session, prefix, first, last)
        held = session.value(f"SELECT count(*) FROM {self._backend.qualify(prefix + TZ_OFFSETS.name)}")
        stamp = hashlib.sha256(repr(offset_rows()).encode()).hexdigest()
        known = registry.read(session, prefix).get(prefix + TZ_OFFSETS.name)
        if not held or known is None or known.definition != stamp:
            fill_tz_offsets(session, prefix)
            registry.note(session, prefix, registry.Entry(prefix + TZ_OFFSETS.name, "settings", stamp))
        set_minimums(session, prefix, minimums or {})
        session.commit()

    def _put(self, view: View, source: Source, known: registry.Entry | None) -> Made:
        name, session = self._name(view), self._session
        there = catalog.relation(session, name) is not None
        if missing := view.missing(source):
            if known:
                self._remove(known)
            return Made(name, "removed" if known else "skipped", missing)
        began = time.perf_counter()
        text = sql_text(view.select(source), source.backend)
        definition = hashlib.sha256(text.encode()).hexdigest()
        if there and known and known.definition == definition and catalog.readable(session, name):
            return Made(name, "unchanged")
        self._backend.renew(session, self.prefix, self._owner)
        if not known:
            registry.announce(session, self.prefix, name, "view")
        with catalog.explained(f"The view {name} cannot be made"):
            session.begin()
            lost = catalog.put_view(session, name, text)
            registry.note(session, self.prefix, registry.Entry(name, "view", definition))
            session.commit()
        note = "its columns changed, so grants on it are gone" if lost else None
        return Made(name, "replaced" if there else "created", note, seconds=time.perf_counter() - began)

    def _remove(self, entry: registry.Entry) -> None:
        session = self._session
        drop = catalog.drop_view if entry.kind == "view" else catalog.drop_table
        with catalog.explained(f"The {entry.kind} {entry.name} cannot be removed"):
            session.begin()
            drop(session, entry.name)
            registry.forget(session, self.prefix, entry.name)
            session.commit()

    def _keepable(self, name: str) -> View:
        found = next((view for view in VIEWS if view.name == name), None)
        if found is None or not found.kept_by:
            kept = [view.name for view in VIEWS if view.kept_by]
            raise ConfigurationError(f"{name} cannot be kept as a table; these can: {', '.join(kept)}")
        return found

    def _kept(self, view: View, known: registry.Known) -> Kept:
        name = self._name(view)
        if name not in known or catalog.relation(self._session, name) is None:
            why = view.missing(self._source()) or "make the views first"
            raise ConfigurationError(f"There is no view {name} to keep: {why}")
        return Kept(name, str(view.kept_by), known[name].definition)

    def _keep(self, kept: Kept, known: registry.Known, first: date, last: date | None) -> Made:
        began = time.perf_counter()
        self._backend.renew(self._session, self.prefix, self._owner)
        note = keeping.prepare(self._session, self.prefix, kept, known)
        rows = keeping.write(self._session, self.prefix, kept, first, last)
        return Made(kept.table, "refreshed", note, rows=rows, seconds=time.perf_counter() - began)
