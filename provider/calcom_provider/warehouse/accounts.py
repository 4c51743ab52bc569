"""Run records, states and page marks: what the engine writes down about its own work."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from calcom_provider.warehouse.backend import Session, as_utc
from calcom_provider.warehouse.migrations import PAGES, PAGES_V1, RUNS, RUNS_V1, STATE, STATE_V1
from calcom_provider.warehouse.pages import PageMark
from calcom_provider.warehouse.run import ResourceState, RunInfo, Scope, TableResult

#: Resource of the record that stands for a run as a whole.
WHOLE_RUN = "*"
COUNTERS = ("requests", "retries", "waits", "waited_seconds", "throttled", "bytes")


def scope_text(scope: Scope) -> str:
    """Spell a scope as the key of states and page marks."""
    return ",".join(f"{name}={value}" for name, value in scope.items())


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


class Accounts:
    """Read and write the engine's own tables.

    :param session: Connection of the load.
    :param prefix: What the names of the tables begin with.
    """

    def __init__(self, session: Session, prefix: str) -> None:
        self.session = session
        self._backend = session.backend
        self._prefix = prefix

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
        """Record that a run began, and that runs which never ended are lost (we hold their tables now)."""
        self.session.execute(
            f"UPDATE {self._table(RUNS)} SET status = 'lost', error = 'the run ended without a word'"
            " WHERE status = 'running'"
        )
        self._insert(RUNS, RUNS_V1, [self._run_row(run, WHOLE_RUN, "", "running", None)])

    def time_for(self, run: RunInfo) -> datetime:
        """Give the time that stands for a run: when it began, but after every run that was published.

        Versions of a row are told apart by their begin; clocks of two machines need not agree.
        """
        newest = as_utc(
            self.session.value(
                f"SELECT max(started_at) FROM {self._table(RUNS)} WHERE resource = :whole AND status = 'success'",
                {"whole": WHOLE_RUN},
            )
        )
        began = run.started_at.replace(microsecond=run.started_at.microsecond // 1000 * 1000)
        return began if newest is None or began > newest else newest + timedelta(milliseconds=1)

    def end(self, run: RunInfo, status: str, rows: Iterable[Mapping[str, Any]], error: str = "") -> None:
        """Record how a run ended.

        :param status: ``success``, ``failed`` or ``preview``.
        :param rows: One mapping per table, from :meth:`table_row`.
        """
        rows = list(rows)
        whole = self._run_row(run, WHOLE_RUN, "", status, datetime.now(UTC))
        whole |= {name: sum(row.get(name) or 0 for row in rows) for name in _SUMMED} | {
            "error": error or None
        }
        whole["complete"] = all(row["complete"] for row in rows) if rows else False
        self.session.execute(
            f"DELETE FROM {self._table(RUNS)} WHERE run_id = :run_id", {"run_id": run.run_id}
        )
        self._insert(RUNS, RUNS_V1, [whole, *rows])

    def _run_row(
        self, run: RunInfo, resource: str, table: str, status: str, finished: datetime | None
    ) -> dict[str, Any]:
        return {
            "run_id": run.run_id,
            "resource": resource,
            "table_name": table,
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

        :param more: Counters, watermarks and the error.
        """
        row = self._run_row(run, result.resource, result.table, result.status, datetime.now(UTC))
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
        for name in ("inserted", "updated", "unchanged", "deleted"):
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

        :param gone: Keys of the marks to remove.
        :param new: Marks to write.
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


def _page_key(scope: Scope, resource: str, table: str) -> dict[str, str]:
    return {"scope": scope_text(scope), "resource": resource, "table_name": table}


_SUMMED = (
    "rows_read",
    "rows_kept",
    "rows_inserted",
    "rows_updated",
    "rows_unchanged",
    "rows_deleted",
    "rows_after",
    "duplicates",
    "pages",
    "pages_kept",
    "replaced_characters",
    *COUNTERS,
)
