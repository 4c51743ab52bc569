"""Run records, states and page marks: what the engine writes down about its own work."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from calcom_provider.warehouse.backends.base import Session
from calcom_provider.warehouse.bookkeeping.migrations import (
    FACTS,
    FACTS_V4,
    PAGES,
    PAGES_V1,
    RUN_RESOURCES,
    RUN_RESOURCES_V4,
    RUNS,
    RUNS_V7,
    STATE,
    STATE_V1,
)
from calcom_provider.warehouse.bookkeeping.page_marks import PageMark
from calcom_provider.warehouse.rows import as_utc
from calcom_provider.warehouse.run import ResourceState, RunInfo, Scope, TableResult, Waits

COUNTERS = ("requests", "retries", "waits", "waited_seconds", "throttled", "bytes")


def scope_text(scope: Scope) -> str:
    """Spell a scope as the key of states and page marks."""
    return ",".join(f"{name}={value}" for name, value in scope.items())


#: By how much clocks of machines that are in order may differ.
CLOCKS_DIFFER = timedelta(minutes=5)

#: What begins of runs are told apart by, on every database.
_TICK = timedelta(milliseconds=1)


def begin_of(alias: str = "") -> str:
    """Spell the time at which the run of a record began: its own word for it, or its end where that is earlier.

    A run is dated after all that were published before, also by a clock that stood ahead; how old its rows are is
    told by its end then.

    :param alias: of the table of records, with its dot.
    """
    end, begin = f"{alias}finished_at", f"{alias}started_at"
    return f"CASE WHEN {end} < {begin} THEN {end} ELSE {begin} END"


@dataclass(frozen=True, slots=True)
class StoredPage:
    """A page mark as it was published, with the packed keys of its rows."""

    mark: PageMark
    keys: bytes


@dataclass(slots=True)
class StoredState:
    """A resource's state as published; ``shapes`` maps a table to how it looked and how many rows it held."""

    state: ResourceState = field(default_factory=ResourceState)
    shapes: dict[str, dict[str, Any]] = field(default_factory=dict)


class RunStore:
    """Read and write the engine's own tables.

    :param session: connection of the load.
    :param prefix: what the names of the tables begin with.
    """

    def __init__(self, session: Session, prefix: str) -> None:
        self.session = session
        self._backend = session.backend
        self._prefix = prefix
        #: States that were read, by scope. They are read anew once nobody else can publish into the scope.
        self._states: dict[str, dict[str, StoredState]] = {}

    def _table(self, name: str) -> str:
        return self._backend.qualify(self._prefix + name)

    def _insert(self, name: str, columns: Sequence[Any], rows: Iterable[Mapping[str, Any]]) -> None:
        names = [column.name for column in columns]
        rows = [{key: row.get(key) for key in names} for row in rows]
        quoted = ", ".join(map(self._backend.quote, names))
        places = ", ".join(f":{key}" for key in names)
        self.session.insert(f"INSERT INTO {self._table(name)} ({quoted}) VALUES ({places})", rows)

    # -- run records
    # ---------------------------------------------------------------------------------------------

    def begin(self, run: RunInfo) -> None:
        """Record that a run began."""
        self._insert(RUNS, RUNS_V7, [self._run_row(run, "running", None)])

    def lose(self, run_id: str) -> None:
        """Record that a run ended without a word."""
        self._lose("run_id", run_id)

    def lose_unended(self, scope: Scope) -> None:
        """Record that runs of a scope ended without a word whose end could not be recorded, though they cleaned up.

        :param scope: scope whose lease the caller holds, so that none of its runs is under way.
        """
        self._lose("scope", scope_text(scope))

    def _lose(self, column: str, value: str) -> None:
        self.session.execute(
            f"UPDATE {self._table(RUNS)} SET status = 'lost', error = 'the run ended without a word'"
            f" WHERE {column} = :value AND status = 'running'",
            {"value": value},
        )

    def time_for(self, run: RunInfo, event_sync: datetime | None = None) -> datetime:
        """Give the time that stands for a run: when it began, but after every run of its scope that was published.

        Versions of a row are told apart by their begin; clocks of two machines need not agree. Between two runs
        stays room for one that failed, see :meth:`date_before`.

        :param event_sync: time of the newest event sync, which made versions too.
        """
        newest = as_utc(
            self.session.value(
                f"SELECT max(started_at) FROM {self._table(RUNS)} WHERE run_id IN"
                f" (SELECT run_id FROM {self._table(FACTS)} WHERE scope = :scope) OR run_id IN"
                f" (SELECT run_id FROM {self._table(STATE)} WHERE scope = :scope)",
                {"scope": scope_text(run.scope)},
            )
        )
        newest = max((one for one in (newest, event_sync) if one is not None), default=None)
        began = run.started_at.replace(microsecond=run.started_at.microsecond // 1000 * 1000)
        return began if newest is None else max(began, newest + 2 * _TICK)

    def date_before(self, run: RunInfo) -> None:
        """Date runs of the scope that published nothing before this one, which holds the lease after them.

        A clock that stood ahead, and was set right since, had them begin after it: the newest record would tell
        of a failure that is mended. What was published keeps its time, which its rows carry;
        :meth:`time_for` goes after that.
        """
        late = (
            f"SELECT run_id FROM {self._table(RUNS)} WHERE scope = :scope AND started_at >= :began"
            " AND status IN ('failed', 'lost', 'preview')"
        )
        named = {"scope": scope_text(run.scope), "began": self._backend.time(run.started_at)}
        before = self._backend.time(run.started_at - _TICK)
        for (run_id,) in self.session.fetch(late, named):
            for table in (RUNS, RUN_RESOURCES):
                self.session.execute(
                    f"UPDATE {self._table(table)} SET started_at = :before WHERE run_id = :run_id",
                    {"before": before, "run_id": run_id},
                )

    def newest_begin(self) -> datetime | None:
        """Give the time of the newest run that published something or still may; None before the first."""
        return as_utc(
            self.session.value(
                f"SELECT max(started_at) FROM {self._table(RUNS)} WHERE status IN ('running', 'success')"
                # A run that failed may have published other tables.
                f" OR run_id IN (SELECT run_id FROM {self._table(FACTS)})"
            )
        )

    def is_running(self, scope: Scope) -> bool:
        """Tell whether a run of a scope began and has not ended."""
        found = self.session.fetch(
            f"SELECT 1 FROM {self._table(RUNS)} WHERE status = 'running' AND scope = :scope",
            {"scope": scope_text(scope)},
        )
        return bool(found)

    def lock(self, scope: Scope) -> None:
        """Let nobody else publish into a scope until the transaction ends; its first statement.

        The rows of the states are locked, of which there are some once anything was published.
        """
        self._states.clear()
        if self._backend.capabilities.locks_rows:
            self.session.execute(
                f"UPDATE {self._table(STATE)} SET run_id = run_id WHERE scope = :scope",
                {"scope": scope_text(scope)},
            )

    def count_events(self, run_id: str, resource: str, table: str, missed: int, late_seconds: float) -> None:
        """Note at the record of a table what events had missed of it."""
        self.session.execute(
            f"UPDATE {self._table(RUN_RESOURCES)} SET events_missed = :missed, events_late_seconds = :late"
            " WHERE run_id = :run_id AND resource = :resource AND table_name = :table_name",
            {
                "missed": missed,
                "late": late_seconds,
                "run_id": run_id,
                "resource": resource,
                "table_name": table,
            },
        )

    def bill(self, run_id: str, billed: int) -> None:
        """Note at the record of a run for how many bytes the database bills it."""
        self.session.execute(
            f"UPDATE {self._table(RUNS)} SET billed_bytes = :billed WHERE run_id = :run_id",
            {"billed": billed, "run_id": run_id},
        )

    def end(
        self,
        run: RunInfo,
        status: str,
        rows: Iterable[Mapping[str, Any]],
        error: str = "",
        *,
        waits: Waits,
    ) -> None:
        """Record how a run ended.

        :param status: ``success``, ``failed`` or ``preview``.
        :param rows: one mapping per table, from :meth:`table_row`.
        :param waits: what others made it wait for.
        """
        rows = list(rows)
        if status != "success":
            run = self._as_dated(run)
            rows = [{**row, "started_at": self._backend.time(run.started_at)} for row in rows]
        whole = self._run_row(run, status, datetime.now(UTC))
        whole |= {name: sum(row.get(name) or 0 for row in rows) for name in _SUMMED} | {
            "error": error or None
        }
        whole["complete"] = all(row["complete"] for row in rows) if rows else False
        whole |= {"lock_seconds": round(waits.lock_seconds, 3), "publish_retries": waits.publish_retries}
        whole["billed_bytes"] = self.session.billed
        for table in (RUNS, RUN_RESOURCES):
            self.session.execute(
                f"DELETE FROM {self._table(table)} WHERE run_id = :run_id", {"run_id": run.run_id}
            )
        self._insert(RUNS, RUNS_V7, [whole])
        self._insert(RUN_RESOURCES, RUN_RESOURCES_V4, rows)

    def _as_dated(self, run: RunInfo) -> RunInfo:
        """Give the run with the begin of its record: who took its lease over may have dated it before itself."""
        began = as_utc(
            self.session.value(
                f"SELECT started_at FROM {self._table(RUNS)} WHERE run_id = :run_id", {"run_id": run.run_id}
            )
        )
        return run if began is None else replace(run, started_at=began)

    def _run_row(self, run: RunInfo, status: str, finished: datetime | None) -> dict[str, Any]:
        return {
            "run_id": run.run_id,
            "scope": scope_text(run.scope),
            "dag_run_id": run.dag_run_id or None,
            "version": run.version or None,
            "started_at": self._backend.time(run.started_at),
            "finished_at": self._backend.time(finished) if finished else None,
            "status": status,
        }

    def table_row(
        self, run: RunInfo, result: TableResult, scope: Scope, more: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Make the run record of one table.

        :param more: counters, watermarks and the error.
        """
        row = self._run_row(run, result.status, datetime.now(UTC))
        row |= {"resource": result.resource, "table_name": result.table}
        for name in (
            "mode",
            "deletes",
            "complete",
            "partial",
            "rows_read",
            "rows_kept",
            "rows_after",
            "duplicates",
        ):
            row[name] = getattr(result, name)
        for name in ("inserted", "updated", "unchanged", "deleted", "emptied"):
            row[f"rows_{name}"] = getattr(result, name)
        row["pages"], row["pages_kept"] = result.pages, result.pages_kept
        row["replaced_characters"] = result.replaced_characters
        row["reason"] = result.reason or None
        row["scope"] = scope_text(scope)
        row["schema_changes"] = (
            orjson.dumps(result.schema_changes).decode() if result.schema_changes else None
        )
        return row | dict(more)

    # -- states
    # --------------------------------------------------------------------------------------------------

    def states(self, scope: Scope) -> dict[str, StoredState]:
        """Read the states of a scope."""
        if scope_text(scope) not in self._states:
            self._states[scope_text(scope)] = self._read_states(scope)
        return dict(self._states[scope_text(scope)])

    def _read_states(self, scope: Scope) -> dict[str, StoredState]:
        rows = self.session.fetch(
            "SELECT resource, watermark, row_count, full_read_at, published_at, run_id, shapes"
            f" FROM {self._table(STATE)} WHERE scope = :scope",
            {"scope": scope_text(scope)},
        )
        found = {}
        for resource, watermark, count, full, published, run_id, shapes in rows:
            state = ResourceState(watermark, int(count), as_utc(full), as_utc(published), run_id)
            found[resource] = StoredState(
                state, orjson.loads(shapes) if isinstance(shapes, str) else shapes or {}
            )
        return found

    def save_state(self, scope: Scope, resource: str, stored: StoredState) -> None:
        """Write the state of a resource."""
        state = stored.state
        key = {"scope": scope_text(scope), "resource": resource}
        self.session.execute(
            f"DELETE FROM {self._table(STATE)} WHERE scope = :scope AND resource = :resource", key
        )
        row = {
            **key,
            "watermark": state.watermark,
            "row_count": state.rows,
            "full_read_at": self._backend.time(state.full_read_at) if state.full_read_at else None,
            "published_at": self._backend.time(state.published_at or datetime.now(UTC)),
            "run_id": state.run_id,
            "shapes": orjson.dumps(stored.shapes).decode(),
        }
        self._insert(STATE, STATE_V1, [row])
        self._states.get(key["scope"], {})[resource] = stored

    def facts(self, scope: Scope) -> dict[str, Any]:
        """Read what runs of a scope learnt about the API beside its rows, by resource."""
        text = self.session.value(
            f"SELECT facts FROM {self._table(FACTS)} WHERE scope = :scope", {"scope": scope_text(scope)}
        )
        facts: dict[str, Any] = orjson.loads(text) if isinstance(text, str) else text or {}
        return facts

    def save_facts(self, scope: Scope, facts: Mapping[str, Any], run_id: str) -> None:
        """Write what a run learnt, in place of what was known."""
        key = {"scope": scope_text(scope)}
        self.session.execute(f"DELETE FROM {self._table(FACTS)} WHERE scope = :scope", key)
        self._insert(FACTS, FACTS_V4, [{**key, "facts": orjson.dumps(facts).decode(), "run_id": run_id}])

    # -- page marks
    # ----------------------------------------------------------------------------------------------

    def pages(self, scope: Scope, resource: str, table: str) -> dict[str, StoredPage]:
        """Read the page marks of a table."""
        rows = self.session.fetch(
            "SELECT page_key, list_key, digest, etag, row_count, marks, packed_keys"
            f" FROM {self._table(PAGES)}"
            " WHERE scope = :scope AND resource = :resource AND table_name = :table_name",
            _page_key(scope, resource, table),
        )
        found = {}
        for key, list_key, digest, etag, count, marks, packed in rows:
            first, last = orjson.loads(marks) if isinstance(marks, str) else marks
            mark = PageMark(key, int(digest) % (1 << 64), int(count), etag, first, last, list_key or "")
            found[key] = StoredPage(mark, bytes(packed))
        return found

    def page_counts(self, scope: Scope) -> dict[str, dict[str, tuple[int, ...]]]:
        """Count the rows of the pages that each list held when it was last published, by resource and list."""
        # Every table of a resource has the same pages.
        rows = self.session.fetch(
            "SELECT resource, list_key, page_key, max(row_count)"
            f" FROM {self._table(PAGES)} WHERE scope = :scope GROUP BY resource, list_key, page_key",
            {"scope": scope_text(scope)},
        )
        found: dict[str, dict[str, tuple[int, ...]]] = {}
        for resource, list_key, _, count in rows:
            lists = found.setdefault(resource, {})
            lists[list_key or ""] = (*lists.get(list_key or "", ()), int(count))
        return found

    def save_pages(
        self,
        scope: Scope,
        resource: str,
        table: str,
        *,
        gone: Iterable[str],
        new: Iterable[StoredPage],
        run_id: str,
    ) -> None:
        """Write page marks in place of those that are gone or changed.

        :param gone: keys of the marks to remove.
        :param new: marks to write.
        """
        key = _page_key(scope, resource, table)
        statement = (
            f"DELETE FROM {self._table(PAGES)} WHERE scope = :scope AND resource = :resource"
            " AND table_name = :table_name AND page_key = :page_key"
        )
        self.session.insert(statement, [{**key, "page_key": page} for page in gone])
        rows = [
            {
                **key,
                "page_key": page.mark.key,
                "list_key": page.mark.list_key,
                "digest": (page.mark.digest + (1 << 63)) % (1 << 64) - (1 << 63),
                "etag": page.mark.etag,
                "row_count": page.mark.count,
                "marks": orjson.dumps([page.mark.first_key, page.mark.last_key]).decode(),
                "packed_keys": page.keys,
                "run_id": run_id,
            }
            for page in new
        ]
        self._insert(PAGES, PAGES_V1, rows)

    def forget_pages(self, scope: Scope, resource: str, table: str) -> None:
        """Remove every page mark of a table."""
        self.session.execute(
            f"DELETE FROM {self._table(PAGES)} WHERE scope = :scope AND resource = :resource"
            " AND table_name = :table_name",
            _page_key(scope, resource, table),
        )

    def forget_reads(self, scope: Scope, resource: str, table: str) -> None:
        """Remove the page marks of a table, and when its resource was read in full."""
        self._states.clear()
        self.forget_pages(scope, resource, table)
        self.session.execute(
            f"UPDATE {self._table(STATE)} SET full_read_at = NULL WHERE scope = :scope AND resource = :resource",
            {"scope": scope_text(scope), "resource": resource},
        )

    def forget_table(self, resource: str, table: str) -> None:
        """Remove the page marks of a table in every scope, and when its resource was read in full."""
        self._states.clear()
        self.session.execute(
            f"DELETE FROM {self._table(PAGES)} WHERE table_name = :table_name", {"table_name": table}
        )
        self.session.execute(
            f"UPDATE {self._table(STATE)} SET full_read_at = NULL WHERE resource = :resource",
            {"resource": resource},
        )


def _page_key(scope: Scope, resource: str, table: str) -> dict[str, str]:
    return {"scope": scope_text(scope), "resource": resource, "table_name": table}


_SUMMED = (
    "rows_read",
    "rows_kept",
    "rows_inserted",
    "rows_updated",
    "rows_unchanged",
    "rows_deleted",
    "rows_emptied",
    "rows_after",
    "duplicates",
    "pages",
    "pages_kept",
    "replaced_characters",
    *COUNTERS,
)
