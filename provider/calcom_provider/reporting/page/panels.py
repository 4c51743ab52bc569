"""Show how the syncs are doing, and what write-backs planned and did."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from calcom_provider.reporting import functions as fn
from calcom_provider.reporting.page.data import ROWS, Chart, Panel, Row, Value, named
from calcom_provider.reporting.page.reader import Reader

HEALTH = "rpt_sync_health"
#: Days of run records that are drawn, and days whose failures tell about a table now.
DRAWN, RECENT = 180, 7


def sync_health(read: Reader) -> Panel:
    """Show what the syncs of each day asked for and changed."""
    key, title = "sync-health", "Sync health and request budget"
    explanation = (
        "What reading cost by the day a sync began (UTC), and how long it waited for the limit of requests."
    )
    if missing := read.missing(HEALTH):
        return Panel(key, title, explanation, missing=missing)
    v = read.view(HEALTH)
    changed = v.c.rows_inserted + v.c.rows_updated + v.c.rows_deleted
    summed = (v.c.requests, v.c.throttled, v.c.waited_seconds, changed, v.c.failed_runs, v.c.incomplete_runs)
    rows = read.rows(
        sa.select(v.c.date, *(sa.func.sum(one) for one in summed))
        .group_by(v.c.date)
        .order_by(v.c.date.desc())
        .limit(DRAWN)
    )
    budget = ("Requests", "Throttled", "Seconds waited")
    columns = ("Day", *budget, "Rows changed", "Failed reads", "Incomplete reads")
    shown = tuple((*row[:3], _rounded(row[3]), *row[4:]) for row in rows[::-1])
    return Panel(key, title, explanation, columns, shown, Chart("line", "Day", budget))


def freshness(read: Reader, now: datetime) -> Panel:
    """Show when each table was last read, the oldest first."""
    key, title = "freshness", "Freshness of the tables"
    explanation = (
        f"When each table was last read successfully, and the reads of the last {RECENT} days that failed."
    )
    if missing := read.missing(HEALTH):
        return Panel(key, title, explanation, missing=missing)
    v, newest = read.view(HEALTH), read.view(HEALTH).alias("newest")
    identity = (v.c.scope, v.c.resource, v.c.table_name)
    recent = v.c.date > (now.astimezone(UTC) - timedelta(days=RECENT)).date()
    last = (
        sa.select(
            *identity,
            sa.func.max(v.c.last_success_at).label("read_at"),
            sa.func.sum(sa.case((recent, v.c.failed_runs), else_=0)).label("failed"),
        )
        .group_by(*identity)
        .subquery("last_read")
    )
    same = [last.c[one] == newest.c[one] for one in ("scope", "resource", "table_name")]
    joined = last.outerjoin(newest, sa.and_(*same, newest.c.date == fn.utc_date(last.c.read_at)))
    rows = read.rows(
        sa.select(
            last.c.scope,
            last.c.resource,
            last.c.table_name,
            last.c.read_at,
            newest.c.rows_after,
            last.c.failed,
        ).select_from(joined)
    )
    columns = ("Scope", "Resource", "Table", "Last read (UTC)", "Hours ago", "Rows", "Failed reads")
    shown = [(*row[:3], _minute(row[3]), _hours_since(row[3], now), *row[4:]) for row in rows]
    shown.sort(key=lambda row: tuple(map(str, (row[3] or "", *row[:3]))))
    return Panel(key, title, explanation, columns, tuple(shown))


def write_back(read: Reader, people: bool) -> Panel:
    """Show the newest write-back plans: counts, or single writes with their diff when people are shown."""
    key, title, name = "write-back", "Write-back plans", "rpt_write_back"
    explanation = "What each of the newest plans meant to change in Cal.com, why, and what became of it."
    if missing := read.missing(name):
        advice = "`calcom hr plan` writes one when its ledger is this database."
        return Panel(key, title, explanation, missing=f"{missing} {advice}")
    v = read.view(name)
    plan = (v.c.created_at, v.c.plan_id, v.c.plan_kind, v.c.plan_status, v.c.refused_by)
    write = (v.c.action, v.c.why, v.c.status)
    columns: tuple[str, ...] = (
        "Made (UTC)",
        "Plan",
        "Kind",
        "Plan's state",
        "Refused by",
        "Write",
        "Why",
        "Write's state",
    )
    if people:
        rows = _single_writes(read, v, (*plan, *write))
        columns += ("User", "Code", "Before", "After")
    else:
        counted = sa.select(*plan, *write, sa.func.count(v.c.number)).group_by(*plan, *write)
        rows = read.rows(counted.order_by(v.c.created_at.desc(), v.c.plan_id, v.c.action).limit(ROWS))
        columns += ("Writes",)
    cut = f"The newest {ROWS} rows are shown." if len(rows) == ROWS else None
    shown = tuple((_minute(row[0]), *row[1:]) for row in rows)
    return Panel(key, title, explanation, columns, shown, cut=cut)


def _single_writes(read: Reader, v: sa.Subquery, head: tuple[Any, ...]) -> tuple[Row, ...]:
    a = read.source().ledger("actions", "content_of")
    same = sa.and_(a.c.plan_id == v.c.plan_id, a.c.number == v.c.number)
    found = read.rows(
        sa.select(*head, v.c.user_id, v.c.code, v.c.number, a.c.content)
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


def _minute(moment: Value) -> Value:
    # SQLite keeps times as texts.
    return None if moment is None else str(moment)[:16]


def _hours_since(moment: Value, now: datetime) -> float | None:
    if moment is None:
        return None
    then = datetime.fromisoformat(str(moment)[:16]).replace(tzinfo=UTC)
    return round((now - then).total_seconds() / 3600, 1)


def _rounded(seconds: Value) -> float:
    return round(float(str(seconds or 0)), 1)
