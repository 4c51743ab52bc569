"""Make, upgrade, keep and remove the reporting views of a warehouse."""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.reporting import catalog, registry
from calcom_provider.reporting.calendar import CALENDAR, create_calendar, fill_calendar
from calcom_provider.reporting.functions import sql_text
from calcom_provider.reporting.minimums import TEAM_MINIMUMS, create_minimums, set_minimums
from calcom_provider.reporting.model import View
from calcom_provider.reporting.source import LEDGER, Options, Source
from calcom_provider.reporting.time_zones import TZ_OFFSETS, create_tz_offsets, fill_tz_offsets, offset_rows
from calcom_provider.reporting.views import VIEWS
from calcom_provider.warehouse import LoadInProgressError, Warehouse
from calcom_provider.warehouse.schema import Table

if TYPE_CHECKING:
    import sqlalchemy as sa

#: What the name of a kept table ends with.
KEPT = "_kept"
FIXED: tuple[Table, ...] = (CALENDAR, TZ_OFFSETS, TEAM_MINIMUMS)
Status = Literal["created", "replaced", "unchanged", "skipped", "removed", "refreshed"]


@dataclass(frozen=True)
class Made:
    """Say what became of one view or kept table.

    :param name: full name
    :param status: what was done
    :param note: why it was skipped or removed, or which history is not kept
    :param rows: rows of a kept table that were written; None for a view
    :param seconds: time that took
    """

    name: str
    status: Status
    note: str | None = None
    rows: int | None = None
    seconds: float = 0.0


class Reports:
    """Open a warehouse for its reporting views.

    :param target: SQLAlchemy engine or URL; ``duckdb:///path`` for a DuckDB file
    :param schema: schema of the tables and of the views, the connection's own by default
    :param prefix: what table names begin with
    :param view_prefix: what the names of the views begin with, by default nothing
    :param options: attributes and answers that the views show
    :param wait: seconds to wait for a sync that holds the tables
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
        self._wait = wait
        self._owner = f"reports-{uuid.uuid4()}"
        self._warehouse = Warehouse(target, schema=schema, prefix=prefix)
        self._backend = self._warehouse.backend
        # The ledger lies in the default schema of the connection, wherever the tables are.
        self._outside = Warehouse(target) if schema else self._warehouse
        self._session = self._backend.connect()
        catalog.check_supported(self._session)

    def close(self) -> None:
        """Close what was opened."""
        self._session.close()
        self._warehouse.close()
        if self._outside is not self._warehouse:
            self._outside.close()

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
        :raises ConfigurationError: when something else has the name of a view, or a number is wrong
        :raises LoadInProgressError: when a sync holds the tables for longer than ``wait``
        """
        if days_back < 0 or days_ahead < 0:
            raise ConfigurationError("days_back and days_ahead are zero or more")
        day = today or datetime.now(UTC).date()
        with self._locked():
            self._write_fixed_tables(
                day - timedelta(days=days_back), day + timedelta(days=days_ahead), minimums
            )
            source = self._source()
            known = registry.read(self._session, self.prefix)
            for view in VIEWS:
                self._refuse_strange(view, known)
            return [self._put(view, source, known.get(self._name(view))) for view in VIEWS]

    def refresh(self, names: Collection[str], *, first: date, last: date | None = None) -> list[Made]:
        """Keep daily or weekly views as tables: write the rows of some days in place of the ones kept for them.

        Days before ``first`` stay as they were kept, so a kept table remembers what a day looked like.

        :param names: views without prefix; those that cannot be kept are refused
        :param first: first day that is written; a table that is new gets all days
        :param last: last day, by default the last of the calendar
        :raises ConfigurationError: for a view that is not there or cannot be kept
        :raises LoadInProgressError: when a sync holds the tables for longer than ``wait``
        """
        views = [self._keepable(name) for name in names]
        with self._locked():
            known = registry.read(self._session, self.prefix)
            return [self._keep(view, known, first, last) for view in views]

    def drop(self) -> list[Made]:
        """Remove the views and kept tables that were made here; synced tables, settings and calendar stay.

        :raises LoadInProgressError: when a sync holds the tables for longer than ``wait``
        """
        with self._locked():
            known = registry.read(self._session, self.prefix)
            made = [entry for entry in known.values() if entry.kind != "settings"]
            for entry in made:
                self._session.begin()
                if entry.kind == "view":
                    catalog.drop_view(self._session, entry.name)
                else:
                    self._session.execute(f"DROP TABLE IF EXISTS {self._backend.qualify(entry.name)}")
                registry.forget(self._session, self.prefix, entry.name)
                self._session.commit()
            return [Made(entry.name, "removed") for entry in made]

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
        return Source(
            self._backend.reflect(self._session, self.prefix),
            backend=self._backend.capabilities.name,
            prefix=self.prefix,
            schema=self._backend.schema,
            ledger=ledger,
            options=self.options,
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

    def _refuse_strange(self, view: View, known: Mapping[str, registry.Entry]) -> None:
        name = self._name(view)
        kind = catalog.relation(self._session, name)
        if kind and name not in known:
            raise ConfigurationError(
                f"There is a {kind} {name} that was not made here: name another prefix of the views, or remove it"
            )

    def _put(self, view: View, source: Source, known: registry.Entry | None) -> Made:
        name, session = self._name(view), self._session
        there = catalog.relation(session, name) is not None
        if missing := view.missing(source):
            if known:
                session.begin()
                catalog.drop_view(session, name)
                registry.forget(session, self.prefix, name)
                session.commit()
            return Made(name, "removed" if there else "skipped", missing)
        began = time.perf_counter()
        text = sql_text(view.select(source), source.backend)
        definition = hashlib.sha256(text.encode()).hexdigest()
        if there and known and known.definition == definition:
            return Made(name, "unchanged")
        session.begin()
        catalog.put_view(session, name, text)
        registry.note(session, self.prefix, registry.Entry(name, "view", definition))
        session.commit()
        return Made(name, "replaced" if there else "created", seconds=time.perf_counter() - began)

    def _keepable(self, name: str) -> View:
        found = next((view for view in VIEWS if view.name == name), None)
        kept = [view.name for view in VIEWS if view.kept_by]
        if found is None or not found.kept_by:
            raise ConfigurationError(f"{name} cannot be kept as a table; these can: {', '.join(kept)}")
        return found

    def _keep(self, view: View, known: Mapping[str, registry.Entry], first: date, last: date | None) -> Made:
        name, session = self._name(view), self._session
        if name not in known:
            raise ConfigurationError(f"There is no view {name} to keep: make the views first")
        began = time.perf_counter()
        kept, definition = name + KEPT, known[name].definition
        entry, there = known.get(kept), catalog.relation(session, kept)
        if there and entry is None:
            raise ConfigurationError(f"There is a {there} {kept} that was not made here: remove it")
        source, target = self._backend.qualify(name), self._backend.qualify(kept)
        day = self._backend.quote(str(view.kept_by))
        if entry and not self._same_columns(name, kept):
            # Columns have come or gone with an upgrade: what was kept cannot be carried over.
            session.execute(f"DROP TABLE IF EXISTS {target}")
            there = None
        if not there:
            # MySQL ends a transaction at each CREATE; an empty table that is left over is filled by the next run.
            session.execute(f"CREATE TABLE {target} AS SELECT * FROM {source} WHERE 1 = 0")
        window = [f"{day} >= '{first.isoformat()}'"] if there and not self._is_empty(target) else []
        window += [f"{day} <= '{last.isoformat()}'"] if last else []
        where = f" WHERE {' AND '.join(window)}" if window else ""
        session.begin()
        session.execute(f"DELETE FROM {target}{where}")
        rows = session.execute(f"INSERT INTO {target} SELECT * FROM {source}{where}")
        registry.note(session, self.prefix, registry.Entry(kept, "table", definition, rows=rows))
        session.commit()
        return Made(kept, "refreshed", rows=rows, seconds=time.perf_counter() - began)

    def _is_empty(self, target: str) -> bool:
        return not self._session.fetch(f"SELECT 1 FROM {target} LIMIT 1")

    def _same_columns(self, *names: str) -> bool:
        columns = [catalog.columns(self._session, name) for name in names]
        return columns[0] == columns[1]


def summary(made: Sequence[Made]) -> dict[str, int]:
    """Count what was done, by status."""
    counts: dict[str, int] = {}
    for one in made:
        counts[one.status] = counts.get(one.status, 0) + 1
    return counts
