"""Show what webhooks brought, how late, and what they had missed."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from calcom_provider.reporting import functions as fn
from calcom_provider.reporting.page.data import Panel, Table, Value
from calcom_provider.reporting.page.reading.reader import Reader, whole

RUNS, EVENT_SYNCS = "sync_run_resources", "event_syncs"
#: Days that are shown.
DAYS = 92
HEAD = (
    "Day", "Rows missed", "Oldest missed for (min)", "Event syncs", "Rows named", "Requests", "Longest to its row (s)",
)  # fmt: skip


def events(read: Reader) -> tuple[Panel, ...]:
    """Show by day what events named and what they had missed; nothing where nobody counted and nothing came.

    :param read: the warehouse.
    """
    missed, merged = _missed(read), _merged(read)
    if not missed and not merged:
        return ()
    days = sorted({*missed, *merged}, reverse=True)[:DAYS]
    rows = tuple((day, *missed.get(day, (None, None)), *merged.get(day, (None,) * 4)) for day in days)
    return (
        Panel(
            "events",
            "operations",
            "Events and what they had missed",
            "By day (UTC): rows that the scheduled sync found changed and no webhook had named, how long the oldest "
            "had waited, and what event syncs merged.",
            table=Table(HEAD, rows),
        ),
    )


def _missed(read: Reader) -> dict[str, tuple[Value, ...]]:
    source = read.source()
    if not source.has(RUNS, "events_missed", "events_late_seconds"):
        return {}
    r = source.table(RUNS, "r")
    day = fn.utc_date(r.c.started_at)
    found = read.rows(
        sa.select(day, sa.func.sum(r.c.events_missed), sa.func.max(r.c.events_late_seconds))
        .where(r.c.events_missed.is_not(None))
        .group_by(day)
        .order_by(day.desc())
        .limit(DAYS)
    )
    return {str(date): (whole(rows), _rounded(late, 60)) for date, rows, late in found}


def _merged(read: Reader) -> dict[str, tuple[Value, ...]]:
    source = read.source()
    if not source.has(EVENT_SYNCS, "late_seconds"):
        return {}
    e = source.table(EVENT_SYNCS, "e")
    day = fn.utc_date(e.c.started_at)
    sums: tuple[Any, ...] = (
        sa.func.count(),
        sa.func.sum(e.c.changes),
        sa.func.sum(e.c.requests),
        sa.func.max(e.c.late_seconds),
    )
    found = read.rows(sa.select(day, *sums).group_by(day).order_by(day.desc()).limit(DAYS))
    return {
        str(date): (whole(syncs), whole(named), whole(requests), _rounded(late, 1))
        for date, syncs, named, requests, late in found
    }


def _rounded(seconds: Value, unit: int) -> float | None:
    return None if seconds is None else round(float(seconds) / unit, 1)
