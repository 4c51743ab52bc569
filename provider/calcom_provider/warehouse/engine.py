"""The warehouse: a database and the set of tables in it that one prefix and schema name."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from calcom_provider.warehouse.backends import waiting
from calcom_provider.warehouse.backends.base import Backend, Session
from calcom_provider.warehouse.backends.driver_errors import describe
from calcom_provider.warehouse.backends.registry import open_backend
from calcom_provider.warehouse.bookkeeping.event_records import EVENT_SYNCS, EventRecords
from calcom_provider.warehouse.bookkeeping.fleet_records import FleetRecords
from calcom_provider.warehouse.bookkeeping.migrations import (
    FACTS,
    PAGES,
    RECORDS,
    RUNS,
    STATE,
    VERSION,
    is_current,
    migrate,
    require_current,
)
from calcom_provider.warehouse.bookkeeping.run_store import RunStore, scope_text
from calcom_provider.warehouse.bookkeeping.table_owners import check_names, check_owners, claim
from calcom_provider.warehouse.errors import (
    LoadInProgressError,
    PatchRefusedError,
    UnsupportedTargetError,
)
from calcom_provider.warehouse.loading.closing import close
from calcom_provider.warehouse.loading.load import Load
from calcom_provider.warehouse.loading.patch import Patch
from calcom_provider.warehouse.run import ResourceState, RunInfo, Scope, Waits

if TYPE_CHECKING:
    import sqlalchemy as sa

logger = logging.getLogger(__name__)


class Warehouse:
    """Open a database as a warehouse.

    :param target: SQLAlchemy engine or URL; ``duckdb:///path`` opens a DuckDB file through its own driver.
    :param schema: Schema of the tables, made when it is missing; the connection's default when empty.
    :param prefix: what every table name begins with, ``calcom_`` by default.
    :param generic: use the portable path even where the database has one of its own.
    :param must_exist: refuse a database that is a file and not there, which opening would make.
    :raises UnsupportedTargetError: when a driver is missing, the database is too old, or its file is not there.
    """

    def __init__(
        self,
        target: sa.Engine | sa.URL | str,
        *,
        schema: str | None = None,
        prefix: str = "calcom_",
        generic: bool = False,
        must_exist: bool = False,
    ) -> None:
        self.schema = schema or None
        self.prefix = prefix
        self.target = target
        self.backend: Backend = open_backend(target, self.schema, generic=generic)
        if must_exist and not self.exists:
            raise UnsupportedTargetError(
                f"There is no database file {str(self.backend.file)!r}: check the path, or sync into it first"
            )

        folder = None if self.backend.file is None else self.backend.file.parent
        if folder is not None and not folder.is_dir():
            raise UnsupportedTargetError(
                f"There is no folder {str(folder)!r} for the database file: make it first"
            )

    @property
    def exists(self) -> bool:
        """Tell whether opening the database would make no file; True for one that is on a server."""
        return self.backend.file is None or self.backend.file.exists()

    def load(self, run: RunInfo, *, wait: float = 0.0, tables: Collection[str] = ()) -> Load:
        """Open a load.

        :param run: the run that the load belongs to.
        :param wait: seconds to wait for another run on rows of the same scope; 0 refuses at once.
        :param tables: names of the tables to come, without prefix, so that a prefix with which they cannot be
            written is refused before anything is.
        :raises LoadInProgressError: when another run reads rows of the same scope.
        :raises SchemaConflictError: when tables of these names belong to another prefix.
        :raises SchemaVersionError: when a newer release made the tables.
        :raises UnsupportedTargetError: when the database does not take names with this prefix.
        """
        check_names(self.backend, self.prefix, tables)
        session = self.backend.connect_to_load()
        try:
            for records in RECORDS if run.scope else ():
                session.confine(self.prefix + records, {"scope": scope_text(run.scope)})
            with session.keep_open():
                self.backend.prepare(session)
                check_owners(session, self.prefix, tables)
            scope = scope_text(run.scope) or None
            waits = Waits()
            try:
                with waits.timed():
                    holder = self.backend.lock(session, self.prefix, run.run_id, scope, wait=wait)
            except BaseException as error:
                if not isinstance(error, Exception):
                    # Broken off, it may have been taken already, and would count as held while this process lives.
                    self._let_go(session, run, scope)
                raise
            if holder:
                what = f"for {scope} " if scope else ""
                raise LoadInProgressError(
                    f"The tables {self.prefix}* are being loaded {what}by {holder}; wait for it to end, or name"
                    " another prefix or schema"
                )
            try:
                with session.keep_open():
                    self._bring_forward(session, run, whole=scope is None)
                    claim(session, self.prefix, tables)
                    return Load(self.backend, session, self.prefix, run, tables, waits=waits)
            except BaseException:
                self._let_go(session, run, scope)
                raise
        except BaseException:
            close(session, (), f"Run {run.run_id}")
            raise

    def _let_go(self, session: Session, run: RunInfo, scope: str | None) -> None:
        """Give the tables back after an error, which is told whatever becomes of this."""
        try:
            session.rollback()
            self.backend.unlock(session, self.prefix, run.run_id, scope)
        except Exception as trouble:
            # The connection is gone, and with it the lock; a lease ends with its process.
            logger.warning("Run %s could not give its tables back: %s", run.run_id, describe(trouble))

    def patch(self, run: RunInfo) -> Patch:
        """Open a patch: single rows that are merged at once, also while a load of the same tables is under way.

        :param run: what the patch is recorded as.
        :raises PatchRefusedError: when no run has published anything yet, or the tables take no single rows.
        :raises SchemaVersionError: when another release made the tables.
        """
        if not self.backend.patchable:
            raise PatchRefusedError(
                f"{self.backend.title} tables take no single rows; sync them more often instead"
            )
        session = self.backend.connect_to_load()
        try:
            with session.keep_open():
                existing = self.backend.reflect(session, self.prefix)
                if self.prefix + STATE not in existing:
                    raise PatchRefusedError(
                        f"There are no tables {self.prefix}* yet; the first sync makes them"
                    )
                require_current(session, self.prefix, existing)
                return Patch(self.backend, session, self.prefix, run)
        except BaseException:
            session.rollback()
            session.close()
            raise

    def asset_base(self) -> str | None:
        """Return what the URIs of the tables begin with in other Airflow providers' assets, a slash at the end.

        :returns: for example ``postgres://db:5432/dwh/public/``; None for a database without such URIs.
        """
        if self.backend.file is not None:
            return None
        session = self.backend.connect()
        try:
            return self.backend.asset_base(session)
        finally:
            session.rollback()
            session.close()

    def is_running(self, scope: Scope) -> bool:
        """Tell whether a run of a scope began and has not ended.

        :param scope: column values that the rows share.
        """
        session = self.backend.connect()
        try:
            if self.prefix + RUNS not in self.backend.reflect(session, self.prefix):
                return False
            return RunStore(session, self.prefix).is_running(scope)
        finally:
            session.close()

    def bring_forward(self, session: Session, version: str) -> None:
        """Bring tables that an older release made forward; nothing is made where there are none.

        :param session: connection that holds the lock of the tables.
        :param version: version of the program, kept with each migration.
        :raises SchemaVersionError: when a newer release made the tables.
        """
        existing = self.backend.reflect(session, self.prefix)
        if self.prefix + VERSION in existing:
            migrate(session, self.prefix, existing, version)

    def _bring_forward(self, session: Session, run: RunInfo, *, whole: bool) -> None:
        """Make the engine's tables what this release needs, while nobody publishes.

        :param whole: whether the run holds the tables as a whole already.
        """
        existing = self.backend.reflect(session, self.prefix)
        if is_current(session, self.prefix, existing) and self.prefix + EVENT_SYNCS in existing:
            return
        holder = None if whole else self.backend.lock(session, self.prefix, run.run_id, wait=waiting.PATIENCE)
        if holder:
            raise waiting.kept_from_publishing(self.prefix, holder)
        try:
            existing = self.backend.reflect(session, self.prefix)
            migrate(session, self.prefix, existing, run.version)
            EventRecords(session, self.prefix, self.prefix + EVENT_SYNCS in existing).prepare()
        except BaseException:
            if whole:
                session.rollback()
            else:
                self._let_go(session, run, None)
            raise
        if not whole:
            self.backend.unlock(session, self.prefix, run.run_id)

    def states(self, scope: Scope) -> dict[str, ResourceState]:
        """Read what is known about each resource in a scope; empty before the first run.

        :param scope: column values that the rows share.
        """
        session = self.backend.connect()
        try:
            if self.prefix + STATE not in self.backend.reflect(session, self.prefix):
                return {}
            stored = RunStore(session, self.prefix).states(scope)
            return {resource: found.state for resource, found in stored.items()}
        finally:
            session.close()

    def page_counts(self, scope: Scope) -> dict[str, dict[str, tuple[int, ...]]]:
        """Count the rows of the pages that each list held when it was last published, by resource and list.

        :param scope: column values that the rows share.
        """
        session = self.backend.connect()
        try:
            if self.prefix + PAGES not in self.backend.reflect(session, self.prefix):
                return {}
            return RunStore(session, self.prefix).page_counts(scope)
        finally:
            session.close()

    def facts(self, scope: Scope) -> dict[str, Any]:
        """Read what runs of a scope learnt about the API beside its rows, by resource.

        :param scope: column values that the rows share.
        """
        session = self.backend.connect()
        try:
            if self.prefix + FACTS not in self.backend.reflect(session, self.prefix):
                return {}
            return RunStore(session, self.prefix).facts(scope)
        finally:
            session.close()

    @contextmanager
    def fleet_records(self) -> Iterator[FleetRecords]:
        """Open the records of all organisations for the time of a block; empty before the first run."""
        session = self.backend.connect()
        try:
            yield FleetRecords(session, self.prefix)
        finally:
            session.close()

    def close(self) -> None:
        """Close the connections that the warehouse itself opened."""
        self.backend.close()
