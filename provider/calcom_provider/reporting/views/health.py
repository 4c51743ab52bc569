"""Do the syncs still run, and what do they cost?"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from calcom_provider.reporting import functions as fn
from calcom_provider.reporting.model import View
from calcom_provider.reporting.source import Source

#: Shown as the resource of runs that ended before they came to a table.
NO_RESOURCE = "*"
SUCCESS, FAILURE = ("published", "unchanged"), ("failed", "lost")
WRITTEN = ("rows_inserted", "rows_updated", "rows_unchanged", "rows_deleted")
COSTS = ("requests", "waited_seconds", "throttled", "pages", "bytes")
KEY = ("scope", "date", "resource", "table_name")


def _sync_health(source: Source) -> sa.Select[Any]:
    d = _days(source)
    table = [d.c.scope, d.c.resource, d.c.table_name]
    so_far = sa.func.max(d.c.success_at).over(partition_by=table, order_by=d.c.date)
    ever = sa.func.max(d.c.success_at).over(partition_by=table)
    # In percent of 6000 minutes, because a percentage is a float on every database.
    hours = fn.percent(fn.minutes_between(ever, fn.utc_now()), sa.literal(6000))
    return sa.select(
        _organization(d.c.scope).label("organization_id"),
        *(d.c[name] for name in (*KEY, "runs", "failed_runs", "incomplete_runs", "last_started_at")),
        so_far.label("last_success_at"),
        hours.label("hours_since_success"),
        *(d.c[name] for name in ("rows_read", *WRITTEN, "rows_after", *COSTS)),
    )


def _days(source: Source) -> sa.Subquery:
    """Give the records of one day and table together; ``success_at`` is the newest success of the day."""
    r = _records(source)
    succeeded = r.c.status.in_(SUCCESS)
    counted = {
        "runs": sa.literal(1),
        "failed_runs": sa.case((r.c.status.in_(FAILURE), 1), else_=0),
        "incomplete_runs": sa.case((r.c.complete.is_(sa.false()), 1), else_=0),
        "rows_read": r.c.rows_read,
        # A run that failed, or was a preview, has counted rows without writing them.
        **{name: sa.case((succeeded, r.c[name])) for name in WRITTEN},
        **{name: sa.case((r.c.table_name == r.c.first_table, r.c[name])) for name in COSTS},
    }
    return (
        sa.select(
            *(r.c[name] for name in KEY),
            sa.func.max(r.c.started_at).label("last_started_at"),
            sa.func.max(r.c.success_at).label("success_at"),
            sa.func.max(sa.case((r.c.started_at == r.c.success_at, r.c.rows_after))).label("rows_after"),
            *(_sum(name, value).label(name) for name, value in counted.items()),
        )
        .group_by(*(r.c[name] for name in KEY))
        .subquery("day")
    )


def _sum(name: str, value: Any) -> Any:
    total = sa.func.coalesce(sa.func.sum(value), 0)
    return total if name == "waited_seconds" else sa.cast(total, sa.BigInteger())


def _records(source: Source) -> sa.Subquery:
    """Give the records, each with what the whole resource cost, and the newest success of its table on its day.

    A writer may put the costs with one table of the resource or with all of them; the pages of a child table are
    its parent's.
    """
    r = _tables_of_runs(source)
    day = fn.utc_date(r.c.started_at)
    of_resource = [r.c.run_id, r.c.resource]
    of_day = [r.c.scope, r.c.resource, r.c.table_name, day]
    success = sa.case((r.c.status.in_(SUCCESS), r.c.started_at))
    return sa.select(
        *(r.c[name] for name in ("scope", "resource", "table_name", "started_at", "status", "complete")),
        day.label("date"),
        *(r.c[name] for name in ("rows_read", *WRITTEN, "rows_after")),
        *(sa.func.max(r.c[name]).over(partition_by=of_resource).label(name) for name in COSTS),
        sa.func.min(r.c.table_name).over(partition_by=of_resource).label("first_table"),
        sa.func.max(success).over(partition_by=of_day).label("success_at"),
    ).subquery("record")


def _tables_of_runs(source: Source) -> sa.Subquery:
    """Give what runs did to tables, and the runs that ended before they came to one."""
    r, p, other = (
        source.table("sync_runs", "r"),
        source.table("sync_run_resources", "p"),
        source.table("sync_run_resources", "other"),
    )
    of_run = (
        "run_id",
        "scope",
        "status",
        "complete",
        "rows_read",
        *WRITTEN,
        "rows_after",
        *COSTS,
    )
    none = sa.literal(NO_RESOURCE, sa.Text()).label("resource"), sa.literal("", sa.Text()).label("table_name")
    began = sa.exists(sa.select(sa.literal(1)).where(other.c.run_id == r.c.run_id))
    return sa.union_all(
        sa.select(p.c.resource, p.c.table_name, _begin(p), *(p.c[name] for name in of_run)),
        sa.select(*none, _begin(r), *(r.c[name] for name in of_run)).where(~began),
    ).subquery("tables_of_runs")


def _begin(record: sa.FromClause) -> sa.ColumnElement[Any]:
    """Give when a run began: by its end where that is earlier, since a run is dated after those published before.

    Their clock may have stood ahead.
    """
    begin, end = record.c.started_at, record.c.finished_at
    return sa.case((end < begin, end), else_=begin).label("started_at")


def _organization(scope: Any) -> Any:
    """Read the organisation from a scope such as ``organization_id=9,domain=lumen.example``."""
    find = fn.text_position
    name, comma = ",organization_id=", sa.literal(",", sa.Text())
    marked = comma + scope + comma
    rest = sa.func.substr(marked, find(marked, name) + len(name))
    number = sa.func.substr(rest, 1, find(rest, ",") - 1)
    return sa.case((find(marked, name) > 0, sa.cast(number, sa.BigInteger())))


RPT_SYNC_HEALTH = View(
    "rpt_sync_health",
    "A day and a table: the syncs that read it, what they changed and what they cost",
    {
        "organization_id": "organisation, read from the scope; null where the scope has none",
        "scope": "what the syncs read",
        "date": "civil day on which the syncs began",
        "resource": "what was read; * for a run that ended before it came to a table",
        "table_name": "table without prefix",
        "runs": "run records",
        "failed_runs": "of these, failed or lost",
        "incomplete_runs": "of these, not proven to have read everything",
        "last_started_at": "begin of the newest run of the day",
        "last_success_at": "begin of the newest successful run up to the end of the day",
        "hours_since_success": "hours from the newest success of the table until now, the same on each of its rows",
        "rows_read": "rows that were handed over",
        "rows_inserted": "rows inserted by successful runs",
        "rows_updated": "rows updated by successful runs",
        "rows_unchanged": "rows that successful runs found as they were",
        "rows_deleted": "rows deleted by successful runs",
        "rows_after": "rows after the newest successful run of the day; null without one",
        "requests": "requests that the resource cost, on the first of its tables by name; 0 on the others",
        "waited_seconds": "seconds waited for the limit, likewise",
        "throttled": "answers that asked to slow down, likewise",
        "pages": "pages read, likewise",
        "bytes": "bytes received, likewise",
    },
    key=("organization_id", *KEY),
    needs=dict.fromkeys(
        ("sync_runs", "sync_run_resources"),
        ("run_id", "started_at", "finished_at", "status", "complete", "rows_after", *WRITTEN, *COSTS),
    ),
    resources=(),
    select=_sync_health,
)
