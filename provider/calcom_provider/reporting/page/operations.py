"""Show the operator's part: how fresh the tables are, what reading cost, write-backs, and what is in quarantine."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from calcom_provider.reporting import functions as fn
from calcom_provider.reporting.page.data import ROWS, Panel, Row, Table, Value, named
from calcom_provider.reporting.page.reading.reader import Reader, whole

HEALTH, WRITES, FLEET_RUNS = "rpt_sync_health", "rpt_write_back", "sync_fleet_runs"
#: Days of run records that are drawn, days whose failures tell about a table now, and plans that are listed.
DRAWN, RECENT, PLANS = 92, 7, 100


@dataclass(frozen=True)
class Fresh:
    """Hold when a table was last read.

    :param scope: what the sync reads.
    :param resource: what was read.
    :param table: table without prefix.
    :param read_at: begin of the newest successful read, in UTC; None where there was none.
    :param hours: hours since then.
    :param rows: rows after it.
    :param failed: failed reads of the last days.
    :param tried_at: begin of the newest read, successful or not.
    """

    scope: str
    resource: str
    table: str
    read_at: str | None
    hours: float | None
    rows: int | None
    failed: int
    tried_at: str | None

    @property
    def failing(self) -> bool:
        """Tell whether the newest read did not succeed."""
        return bool(self.failed and self.tried_at and (self.read_at is None or self.tried_at > self.read_at))


def read_freshness(read: Reader, now: datetime) -> tuple[Fresh, ...]:
    """Return when each table was last read, the oldest first; nothing without run records.

    :param read: the warehouse.
    :param now: the moment the page is made for.
    """
    if read.missing(HEALTH):
        return ()
    v, newest = read.view(HEALTH), read.view(HEALTH).alias("newest")
    identity = (v.c.scope, v.c.resource, v.c.table_name)
    recent = v.c.date > (now.astimezone(UTC) - timedelta(days=RECENT)).date()
    last = (
        sa.select(
            *identity,
            sa.func.max(v.c.last_success_at).label("read_at"),
            sa.func.max(v.c.last_started_at).label("tried_at"),
            sa.func.sum(sa.case((recent, v.c.failed_runs), else_=0)).label("failed"),
        )
        .group_by(*identity)
        .subquery("last_read")
    )
    same = [last.c[one] == newest.c[one] for one in ("scope", "resource", "table_name")]
    joined = last.outerjoin(newest, sa.and_(*same, newest.c.date == fn.utc_date(last.c.read_at)))
    columns = (
        last.c.scope,
        last.c.resource,
        last.c.table_name,
        last.c.read_at,
        newest.c.rows_after,
        last.c.failed,
    )
    found = [
        Fresh(
            str(scope),
            str(resource),
            str(table),
            _minute(read_at),
            _hours_since(read_at, now),
            None if rows is None else whole(rows),
            whole(failed),
            _minute(tried_at),
        )
        for scope, resource, table, read_at, rows, failed, tried_at in read.rows(
            sa.select(*columns, last.c.tried_at).select_from(joined)
        )
    ]
    return tuple(sorted(found, key=lambda one: (one.read_at or "", one.scope, one.resource, one.table)))


def freshness(read: Reader, found: tuple[Fresh, ...]) -> Panel:
    """Show when each table was last read.

    :param read: the warehouse.
    :param found: what was read.
    """
    key, title, metrics = "freshness", "Freshness of the tables", ("freshness",)
    text = f"When each table was last read successfully, and how many of its reads failed in the last {RECENT} days."
    if missing := read.missing(HEALTH):
        return Panel(key, "operations", title, text, metrics, missing=missing)
    columns = ("Table", "Resource", "Last read (UTC)", "Hours ago", "Rows", "Failed reads", "Scope")
    rows = tuple(
        (one.table, one.resource, one.read_at, one.hours, one.rows, one.failed, one.scope) for one in found
    )
    return Panel(key, "operations", title, text, metrics, table=Table(columns, rows))


def budget(read: Reader) -> Panel:
    """Show what reading cost by day, and what it changed.

    :param read: the warehouse.
    """
    key, title, metrics = "sync-health", "Syncs and request budget", ("request-budget",)
    text = "What reading cost by the day a sync began (UTC), how often Cal.com asked to slow down, and what changed."
    if missing := read.missing(HEALTH):
        return Panel(key, "operations", title, text, metrics, missing=missing)
    v = read.view(HEALTH)
    changed = v.c.rows_inserted + v.c.rows_updated + v.c.rows_deleted
    summed = (v.c.requests, v.c.throttled, v.c.waited_seconds, changed, v.c.failed_runs, v.c.incomplete_runs)
    rows = read.rows(
        sa.select(v.c.date, *(sa.func.sum(one) for one in summed))
        .group_by(v.c.date)
        .order_by(v.c.date.desc())
        .limit(DRAWN)
    )
    columns = (
        "Day",
        "Requests",
        "Throttled",
        "Seconds waited",
        "Rows changed",
        "Failed reads",
        "Incomplete reads",
    )
    shown = tuple((*row[:3], round(float(str(row[3] or 0)), 1), *row[4:]) for row in rows[::-1])
    # A line through one point is a dot: a chart is for more than that.
    facts: dict[str, Any] = (
        {"rows": [list(row) for row in shown]} if len(shown) > 1 and any(row[1] for row in shown) else {}
    )
    return Panel(key, "operations", title, text, metrics, facts=facts, table=Table(columns, shown[::-1]))


def fleet_runs(read: Reader) -> tuple[Panel, ...]:
    """Show the newest runs over many organisations; nothing where there are none.

    :param read: the warehouse.
    """
    source = read.source()
    if not source.has(FLEET_RUNS, "worst_age_seconds"):
        return ()
    r = source.table(FLEET_RUNS, "r")
    counts = (r.c.organizations, r.c.synced, r.c.failed, r.c.requests, r.c.throttled)
    ages = (r.c.worst_age_seconds, r.c.planned_age_seconds)
    rows = read.rows(
        sa.select(r.c.started_at, r.c.dag_id, *counts, *ages).order_by(r.c.started_at.desc()).limit(DRAWN)
    )
    if not rows:
        return ()
    columns = ("Begin (UTC)", "DAG", "Organizations", "Synced", "Failed", "Requests", "Answers 429")
    shown = tuple((_minute(row[0]), *row[1:-2], *map(_minutes, row[-2:])) for row in rows)
    facts: dict[str, Any] = {"rows": [list(row) for row in shown[::-1]]} if len(shown) > 1 else {}
    return (
        Panel(
            "fleet-runs",
            "operations",
            "Runs over many organisations",
            "How old the oldest was that each run replaced, beside what was planned, and what failed.",
            facts=facts,
            table=Table((*columns, "Worst age (min)", "Planned (min)"), shown),
        ),
    )


def write_backs(read: Reader, people: bool) -> Panel:
    """Show the newest plans of write-backs, and single writes with their diff when people are shown.

    :param read: the warehouse.
    :param people: whether rows about single people are shown.
    """
    key, title = "write-back", "Write-back plans"
    text = "What each of the newest plans meant to change in Cal.com, and what became of it."
    if missing := read.missing(WRITES):
        advice = "`calcom hr plan` writes one when its ledger is this database."
        return Panel(key, "operations", title, text, missing=f"{missing} {advice}")
    v = read.view(WRITES)
    plan = (v.c.created_at, v.c.plan_id, v.c.namespace, v.c.plan_kind, v.c.plan_status, v.c.refused_by)
    head: tuple[str, ...] = ("Made (UTC)", "Plan", "Namespace", "Kind", "State", "Refused by")
    if people:
        rows = _single_writes(read, v, plan)
        columns = (*head, "Write", "Why", "Write's state", *_PEOPLE)
    else:
        of = (
            ("Writes", v.c.number.is_not(None)),
            ("Done", v.c.status == "done"),
            ("Failed", v.c.status == "failed"),
        )
        sums = [sa.func.sum(sa.case((which, 1), else_=0)) for _, which in of]
        counted = (
            sa.select(*plan, *sums).group_by(*plan).order_by(v.c.created_at.desc(), v.c.plan_id).limit(PLANS)
        )
        rows = read.rows(counted)
        columns = (*head, *(name for name, _ in of))
    most = ROWS if people else PLANS
    notes = (f"The newest {most} rows are shown.",) if len(rows) == most else ()
    shown = tuple((_minute(row[0]), *row[1:]) for row in rows)
    return Panel(key, "operations", title, text, table=Table(columns, shown), notes=notes)


_PEOPLE = ("User", "Code", "Before", "After")


def _single_writes(read: Reader, v: sa.Subquery, plan: tuple[Any, ...]) -> tuple[Row, ...]:
    a = read.source().ledger("actions", "content_of")
    same = sa.and_(a.c.plan_id == v.c.plan_id, a.c.number == v.c.number)
    found = read.rows(
        sa.select(*plan, v.c.action, v.c.why, v.c.status, v.c.user_id, v.c.code, v.c.number, a.c.content)
        .select_from(v.outerjoin(a, same))
        .order_by(v.c.created_at.desc(), v.c.plan_id, v.c.number)
        .limit(ROWS)
    )
    names = read.names("users", {row[-4] for row in found if row[-4] is not None})
    return tuple(
        (*row[:-4], named(row[-4], names), row[-3], *_diff(row[-1], planned=row[-2] is not None))
        for row in found
    )


def _diff(content: Value, *, planned: bool) -> tuple[str, str]:
    """Return what differs between before and after, of each; nothing else of what the ledger keeps."""
    if content is None:
        return "", "no longer kept" if planned else ""
    kept = json.loads(str(content))
    before, after = kept.get("before") or {}, kept.get("after") or {}
    changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return _listed(before, changed), _listed(after, changed)


def _listed(values: dict[str, Any], names: list[str]) -> str:
    return "; ".join(f"{name}: {values[name]}" for name in names if values.get(name) is not None)


@dataclass(frozen=True)
class Stopped:
    """Hold a namespace that a refused plan stopped.

    :param namespace: whose write-back.
    :param kind: kind of the plans.
    :param plan_id: the plan that began it.
    :param guards: what refused.
    :param began_at: when, in UTC.
    :param ended_at: when it ended; None while it lasts.
    :param ended_as: how it ended.
    """

    namespace: str
    kind: str
    plan_id: str
    guards: str
    began_at: str | None
    ended_at: str | None
    ended_as: str | None


def read_quarantines(read: Reader) -> tuple[Stopped, ...] | None:
    """Return quarantines, those that last first; None without a ledger.

    :param read: the warehouse.
    """
    source = read.source()
    if not source.has_ledger("quarantines"):
        return None
    q = source.ledger("quarantines", "q")
    rows = read.rows(
        sa.select(
            q.c.namespace,
            q.c.kind,
            q.c.plan_id,
            q.c.guards,
            fn.from_epoch(q.c.began_at),
            fn.from_epoch(q.c.ended_at),
            q.c.ended_as,
        )
        .order_by(q.c.began_at.desc())
        .limit(PLANS)
    )
    found = [
        Stopped(
            str(namespace),
            str(kind),
            str(plan),
            ", ".join(sorted({str(guard["guard"]) for guard in json.loads(str(guards))})),
            _minute(began),
            _minute(ended),
            None if ended_as is None else str(ended_as),
        )
        for namespace, kind, plan, guards, began, ended, ended_as in rows
    ]
    return tuple(sorted(found, key=lambda one: one.ended_at is not None))


def quarantines(found: tuple[Stopped, ...] | None) -> Panel:
    """Show the namespaces whose write-back is stopped, or was.

    :param found: what was read.
    """
    key, title = "quarantines", "Quarantines"
    text = "A write-back that a guard refused stays stopped until somebody confirms, or a plan is within all limits."
    if found is None:
        missing = (
            "No ledger of the write-back is in this database; the first `calcom hr plan` to it makes one."
        )
        return Panel(key, "operations", title, text, missing=missing)
    columns = ("Namespace", "Kind", "Plan", "Guards", "Began (UTC)", "Ended (UTC)", "How")
    rows = tuple(
        (
            one.namespace,
            one.kind,
            one.plan_id,
            one.guards,
            one.began_at,
            one.ended_at or "lasts",
            one.ended_as,
        )
        for one in found
    )
    if not rows:
        return Panel(key, "operations", title, text, notes=("No write-back was ever stopped.",))
    return Panel(key, "operations", title, text, table=Table(columns, rows))


def _minute(moment: Value) -> str | None:
    # SQLite keeps times as texts.
    return None if moment is None else str(moment)[:16]


def _hours_since(moment: Value, now: datetime) -> float | None:
    if moment is None:
        return None
    then = datetime.fromisoformat(str(moment)[:16]).replace(tzinfo=UTC)
    return round((now - then).total_seconds() / 3600, 1)


def _minutes(seconds: Value) -> Value:
    return None if seconds is None else round(float(seconds) / 60, 1)
