"""What the run records tell of many organisations at once: how old each is, what it cost, what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from calcom_provider.warehouse.backends.base import Session
from calcom_provider.warehouse.bookkeeping.migrations import (
    FLEET_RUN_COLUMNS,
    FLEET_RUNS,
    RUN_RESOURCES,
    RUNS,
    STATE,
)
from calcom_provider.warehouse.bookkeeping.run_store import begin_of
from calcom_provider.warehouse.rows import as_utc

_SCOPE = "organization_id="


@dataclass(frozen=True, slots=True)
class LastRead:
    """Hold the last published sync of one resource of one organisation.

    :param read_at: when it began to read.
    :param requests: requests that the resource took.
    :param seconds: seconds of the whole sync without those in which it waited for the limit.
    """

    read_at: datetime
    requests: int
    seconds: float


@dataclass(frozen=True, slots=True)
class EndedRun:
    """Hold one sync as it was recorded.

    :param run_id: its id.
    :param organization_id: organisation that it read.
    :param status: ``success``, ``failed``, ``lost`` or ``running``.
    :param started_at: when it began.
    :param finished_at: when it ended, None if that is not recorded.
    :param resources: what it read, as far as it came to tables.
    :param requests: requests that it took.
    :param throttled: answers with status 429.
    :param waited_seconds: seconds that it waited for the limit.
    :param error: why it failed, empty otherwise.
    """

    run_id: str
    organization_id: int
    status: str
    started_at: datetime
    finished_at: datetime | None
    resources: tuple[str, ...]
    requests: int
    throttled: int
    waited_seconds: float
    error: str


class FleetRecords:
    """Read the run records of all organisations of a table set, and write those of runs over many.

    :param session: connection to the database.
    :param prefix: what the names of the tables begin with.
    """

    def __init__(self, session: Session, prefix: str) -> None:
        self._session = session
        self._prefix = prefix
        self._tables = set(session.backend.reflect(session, prefix))

    def _table(self, name: str) -> str:
        return self._session.backend.qualify(self._prefix + name)

    def _has(self, *names: str) -> bool:
        return all(self._prefix + name in self._tables for name in names)

    def last_reads(self) -> dict[int, dict[str, LastRead]]:
        """Return the last published sync of each resource, by organisation and resource."""
        if not self._has(STATE, RUNS, RUN_RESOURCES):
            return {}
        rows = self._session.fetch(
            f"SELECT s.scope, s.resource, min({begin_of('w.')}), min(w.finished_at),"
            " max(w.waited_seconds),"
            f" sum(r.requests) FROM {self._table(STATE)} s"
            f" JOIN {self._table(RUNS)} w ON w.run_id = s.run_id"
            f" LEFT JOIN {self._table(RUN_RESOURCES)} r ON r.run_id = s.run_id AND r.resource = s.resource"
            " GROUP BY s.scope, s.resource",
            {},
        )
        found: dict[int, dict[str, LastRead]] = {}
        for scope, resource, started, finished, waited, requests in rows:
            organization, begin, end = _organization(scope), as_utc(started), as_utc(finished)
            if organization is None or begin is None:
                continue
            seconds = 0.0 if end is None else (end - begin).total_seconds() - (waited or 0.0)
            found.setdefault(organization, {})[resource] = LastRead(
                begin, int(requests or 0), max(0.0, seconds)
            )
        return found

    def ended_runs(self, dag_run_id: str) -> list[EndedRun]:
        """Return the syncs of a DAG run, one after the other.

        :param dag_run_id: id of the DAG run, as the syncs recorded it.
        """
        if not self._has(RUNS, RUN_RESOURCES):
            return []
        named = {"dag_run_id": dag_run_id}
        resources: dict[str, set[str]] = {}
        for run_id, resource in self._session.fetch(
            f"SELECT run_id, resource FROM {self._table(RUN_RESOURCES)} WHERE dag_run_id = :dag_run_id", named
        ):
            resources.setdefault(run_id, set()).add(resource)
        rows = self._session.fetch(
            "SELECT run_id, scope, status, started_at, finished_at, requests, throttled, waited_seconds, error"
            f" FROM {self._table(RUNS)} WHERE dag_run_id = :dag_run_id ORDER BY started_at",
            named,
        )
        found = []
        for run_id, scope, status, started, finished, requests, throttled, waited, error in rows:
            organization, begin = _organization(scope), as_utc(started)
            if organization is None or begin is None:
                continue
            found.append(
                EndedRun(
                    run_id,
                    organization,
                    status,
                    begin,
                    as_utc(finished),
                    tuple(sorted(resources.get(run_id, ()))),
                    int(requests or 0),
                    int(throttled or 0),
                    float(waited or 0.0),
                    error or "",
                )
            )
        return found

    def read_before(self, moment: datetime) -> dict[tuple[int, str], datetime]:
        """Return when the last sync that was published before a moment read each resource of each organisation.

        :param moment: the moment, aware.
        """
        if not self._has(RUN_RESOURCES):
            return {}
        rows = self._session.fetch(
            f"SELECT scope, resource, max({begin_of()}) FROM {self._table(RUN_RESOURCES)}"
            f" WHERE status IN ('published', 'unchanged') AND {begin_of()} < :moment"
            " GROUP BY scope, resource",
            {"moment": self._session.backend.time(moment)},
        )
        found = {}
        for scope, resource, started in rows:
            organization, begin = _organization(scope), as_utc(started)
            if organization is not None and begin is not None:
                found[organization, resource] = begin
        return found

    def record(self, values: Mapping[str, Any]) -> bool:
        """Record a run over many organisations; False where a release of before has made the tables.

        :param values: column -> value of ``calcom_sync_fleet_runs``.
        """
        if not self._has(FLEET_RUNS):
            return False
        backend = self._session.backend
        row = {
            column.name: backend.time(values[column.name])
            if isinstance(values.get(column.name), datetime)
            else values.get(column.name)
            for column in FLEET_RUN_COLUMNS
        }
        names = ", ".join(map(backend.quote, row))
        places = ", ".join(f":{name}" for name in row)
        self._session.begin()
        try:
            self._session.execute(
                f"DELETE FROM {self._table(FLEET_RUNS)} WHERE dag_id = :dag_id AND dag_run_id = :dag_run_id",
                {"dag_id": row["dag_id"], "dag_run_id": row["dag_run_id"]},
            )
            self._session.execute(f"INSERT INTO {self._table(FLEET_RUNS)} ({names}) VALUES ({places})", row)
            self._session.commit()
        except BaseException:
            self._session.rollback()
            raise
        return True

    def listed(self, table: str) -> list[dict[str, Any]]:
        """Return organisations from a table of the same database and schema.

        :param table: its name, with columns ``organization_id`` and, where it has them, ``calcom_conn_id`` and
            ``priority``.
        """
        backend = self._session.backend
        held = backend.reflect(self._session, table).get(table, {})
        names = [name for name in ("organization_id", "calcom_conn_id", "priority") if name in held]
        quoted = ", ".join(map(backend.quote, names))
        if "organization_id" not in names:
            return []
        rows = self._session.fetch(f"SELECT {quoted} FROM {backend.qualify(table)} ORDER BY 1", {})
        return [dict(zip(names, row, strict=True)) for row in rows]


def _organization(scope: str) -> int | None:
    """Read the organisation from a scope; None for that of an account alone."""
    if not scope.startswith(_SCOPE) or "account_id=" in scope:
        return None
    number = scope.removeprefix(_SCOPE).partition(",")[0]
    return int(number) if number.isdecimal() else None
