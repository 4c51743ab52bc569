"""Follow stored plans: which are open, which nobody may apply any more, whose values may be forgotten."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from calcom_provider.hr.ledger.tables import ACTIONS, PLANS
from calcom_provider.hr.plan.model import Plan

PLANNED, SENT, DONE = "planned", "sent", "done"
FAILED, STALE, BLOCKED = "failed", "stale", "blocked"
"""States of actions; plans share ``planned`` and ``failed`` with them."""

REFUSED, APPLYING, APPLIED, SUPERSEDED = "refused", "applying", "applied", "superseded"
"""States of plans."""

UNAPPLIED = (PLANNED, APPLYING, FAILED)
"""States of plans that somebody may still apply, or go on applying."""


@dataclass(frozen=True, slots=True)
class StoredSummary:
    """Say what became of a stored plan; nothing in it is about anybody.

    :param plan_id: the plan.
    :param kind: ``attributes`` or ``out_of_office``.
    :param organization_id: the organisation.
    :param namespace: whose writes they are.
    :param status: ``planned``, ``refused``, ``applying``, ``applied``, ``failed`` or ``superseded``.
    :param actions: how many writes it has.
    :param done: how many of them are done.
    :param created_at: when it was made, UTC, ISO 8601.
    :param applied_at: when it was applied, or None.
    :param approved_by: id of the user who approved it in Airflow, or None.
    """

    plan_id: str
    kind: str
    organization_id: int
    namespace: str
    status: str
    actions: int
    done: int
    created_at: str
    applied_at: str | None
    approved_by: str | None


def newest_plans(run: Any, most: int) -> list[StoredSummary]:
    """Return what became of the newest plans, the newest first.

    :param run: runs statements inside the transaction.
    :param most: how many.
    """
    query = sa.select(PLANS).order_by(PLANS.c.created_at.desc(), PLANS.c.plan_id).limit(most)
    heads = list(run(query))
    counts = sa.select(ACTIONS.c.plan_id, ACTIONS.c.status, sa.func.count().label("count")).where(
        ACTIONS.c.plan_id.in_([row["plan_id"] for row in heads])
    )
    found: dict[str, dict[str, int]] = {}
    for row in run(counts.group_by(ACTIONS.c.plan_id, ACTIONS.c.status)):
        found.setdefault(row["plan_id"], {})[row["status"]] = int(row["count"])
    return [_summary(row, found.get(row["plan_id"], {})) for row in heads]


def _summary(row: Mapping[str, Any], counts: Mapping[str, int]) -> StoredSummary:
    return StoredSummary(
        plan_id=row["plan_id"],
        kind=row["kind"],
        organization_id=row["organization_id"],
        namespace=row["namespace"],
        status=row["status"],
        actions=sum(counts.values()),
        done=counts.get(DONE, 0),
        created_at=_moment(row["created_at"]) or "",
        applied_at=_moment(row["applied_at"]),
        approved_by=row["approved_by"],
    )


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def open_plans(run: Any, organization_id: int) -> list[str]:
    """Return the plans of an organisation of which a write was sent and never heard of again, oldest first.

    :param run: runs statements inside the transaction.
    :param organization_id: the organisation.
    """
    query = (
        sa.select(PLANS.c.plan_id, PLANS.c.created_at)
        .where(PLANS.c.organization_id == organization_id, PLANS.c.plan_id.in_(_with_sent_writes()))
        .order_by(PLANS.c.created_at, PLANS.c.plan_id)
    )
    return [str(row["plan_id"]) for row in run(query)]


def forget_values(run: Any, organization_id: int, older_than_days: float) -> int:
    """Empty the values of actions of old plans that are not open. Return how many.

    :param run: runs statements inside the transaction.
    :param organization_id: the organisation.
    :param older_than_days: age of the plans in days.
    """
    query = (
        sa.select(ACTIONS.c.plan_id)
        .join(PLANS, PLANS.c.plan_id == ACTIONS.c.plan_id)
        .where(
            PLANS.c.organization_id == organization_id,
            PLANS.c.created_at < time.time() - older_than_days * 86400,
            ACTIONS.c.content.is_not(None),
            PLANS.c.plan_id.not_in(_with_sent_writes()),
        )
        .distinct()
    )
    # MySQL does not change a table that the same statement asks about, so the plans are named one by one.
    change = sa.update(ACTIONS).where(ACTIONS.c.content.is_not(None)).values(content=None)
    return sum(int(run(change.where(ACTIONS.c.plan_id == row["plan_id"]))) for row in run(query))


def supersede_older(run: Any, plan: Plan) -> None:
    """End the older plans of a plan's namespace and kind that somebody might still apply.

    :param run: runs statements inside the transaction.
    :param plan: a plan that is being applied.
    """
    made = run(sa.select(PLANS.c.created_at).where(PLANS.c.plan_id == plan.id))
    if not made:
        return
    older = sa.update(PLANS).where(
        PLANS.c.organization_id == plan.organization_id,
        PLANS.c.namespace == plan.namespace,
        PLANS.c.kind == plan.kind,
        PLANS.c.plan_id != plan.id,
        PLANS.c.created_at <= made[0]["created_at"],
        PLANS.c.status.in_(UNAPPLIED),
    )
    run(older.values(status=SUPERSEDED))


def _with_sent_writes() -> sa.Select[Any]:
    return sa.select(ACTIONS.c.plan_id).where(ACTIONS.c.status == SENT)
