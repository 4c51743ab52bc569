"""What ``rpt_sync_health`` and ``rpt_write_back`` should hold, from what was done, without a database."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from tests.integration.reporting.expected.common import table
from tests.integration.reporting.world import World

Row = dict[str, Any]

SUMS = ("rows_read", "rows_inserted", "rows_updated", "rows_unchanged", "rows_deleted")
COSTS = ("requests", "waited_seconds", "throttled", "pages", "bytes")
SUCCESS = ("published", "unchanged")
IDENTITY = ("organization_id", "scope", "date", "resource", "table_name")
HEALTH = (
    *IDENTITY,
    "runs",
    "failed_runs",
    "incomplete_runs",
    "last_started_at",
    "last_success_at",
    "hours_since_success",
    *SUMS,
    "rows_after",
    *COSTS,
)
COPIED = (
    "number",
    "why",
    "status",
    "user_id",
    "attribute_id",
    "option_id",
    "ooo_id",
    "result_id",
    "code",
    "request_id",
    "attempts",
)
WRITE_BACK = (
    "organization_id",
    "namespace",
    "plan_id",
    "plan_kind",
    "plan_hash",
    "plan_status",
    "created_at",
    "applied_at",
    "approved",
    "match_rate",
    "source_rows",
    "refused_by",
    "number",
    "action",
    *COPIED[1:],
    "sent_at",
    "done_at",
    "hr_requests",
)


@dataclass(frozen=True)
class Record:
    """Say what one run did to one table; the costs are those of the whole resource."""

    run: str
    organization_id: int | None
    scope: str
    started_at: datetime
    resource: str
    table_name: str
    status: str
    complete: bool
    rows_read: int = 0
    rows_inserted: int = 0
    rows_updated: int = 0
    rows_unchanged: int = 0
    rows_deleted: int = 0
    rows_after: int = 0
    requests: int = 0
    waited_seconds: float = 0.0
    throttled: int = 0
    pages: int = 0
    bytes: int = 0


def rpt_sync_health(records: Sequence[Record], now: datetime) -> pd.DataFrame:
    """Sum the records of each day, resource and table.

    :param records: what the runs did
    :param now: present time
    """
    frame = pd.DataFrame([asdict(one) for one in records])
    frame["date"] = frame["started_at"].dt.date
    first = frame.groupby(["run", "resource"])["table_name"].transform("min")
    for name in COSTS:
        frame[name] = frame[name].where(frame["table_name"] == first, 0)
    rows = []
    for key, day in frame.groupby(list(IDENTITY), dropna=False):
        identity = dict(zip(IDENTITY, key, strict=True))
        same = [frame[name] == identity[name] for name in ("scope", "resource", "table_name")]
        succeeded = frame[same[0] & same[1] & same[2] & frame["status"].isin(SUCCESS)]
        of_day = day[day["status"].isin(SUCCESS)].sort_values("started_at")
        until = succeeded[succeeded["date"] <= identity["date"]]
        age = now - succeeded["started_at"].max() if len(succeeded) else None
        counted = {
            "runs": len(day),
            "failed_runs": (day["status"] == "failed").sum(),
            "incomplete_runs": (~day["complete"]).sum(),
            "last_started_at": day["started_at"].max(),
            "last_success_at": until["started_at"].max() if len(until) else None,
            "hours_since_success": age.total_seconds() / 3600 if age else None,
            # What a run that failed left behind, the runs before it say.
            "rows_after": of_day["rows_after"].iloc[-1] if len(of_day) else None,
        }
        rows.append(identity | counted | {name: day[name].sum() for name in (*SUMS, *COSTS)})
    return table(HEALTH, rows)


def rpt_write_back(world: World) -> pd.DataFrame:
    """Give every write of every plan, and the plans without writes.

    :param world: the organisation, with its ledger
    """
    behind = {
        (row["organization_id"], row["namespace"], row["ooo_id"]): row["requests"]
        for row in world.ledger["entries"]
    }
    rows = []
    for plan in world.ledger["plans"]:
        verdicts = json.loads(plan["report"])["verdicts"]
        refusing = sorted({one["guard"] for one in verdicts if not one["allowed"]})
        of_plan = {name: plan[name] for name in ("organization_id", "namespace", "plan_id")} | {
            "plan_kind": plan["kind"],
            "plan_hash": plan["hash"],
            "plan_status": plan["status"],
            "created_at": _moment(plan["created_at"]),
            "applied_at": _moment(plan["applied_at"]),
            "approved": plan["approved_by"] is not None,
            "match_rate": plan["match_rate"],
            "source_rows": plan["source_rows"],
            "refused_by": ", ".join(refusing) or None,
        }
        actions = [row for row in world.ledger["actions"] if row["plan_id"] == plan["plan_id"]]
        for action in actions or [dict.fromkeys((*COPIED, "kind", "sent_at", "done_at"))]:
            scope = (plan["organization_id"], plan["namespace"])
            of_action = {name: action[name] for name in COPIED} | {
                "action": action["kind"],
                "sent_at": _moment(action["sent_at"]),
                "done_at": _moment(action["done_at"]),
                "hr_requests": behind.get((*scope, _entry(action))),
            }
            rows.append(of_plan | of_action)
    return table(WRITE_BACK, rows)


def _entry(action: Row) -> int | None:
    """Give the out-of-office entry that a write is about, or has made."""
    if action["ooo_id"] is not None:
        return int(action["ooo_id"])
    made = action["result_id"]
    return int(made) if made and action["kind"].startswith("ooo_") else None


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
