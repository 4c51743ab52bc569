"""Keep who overrode which guards of a plan: in its report, beside what the guards said."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from calcom_provider.hr.ledger.tables import PLANS
from calcom_provider.hr.plan.model import Verdict


def add_confirmation(run: Any, plan_id: str, by: str, verdicts: Iterable[Verdict]) -> None:
    """Add an override to a plan's report; what the same person has confirmed already is not told twice.

    :param run: runs statements inside the transaction.
    :param plan_id: the plan.
    :param by: who overrides.
    :param verdicts: the refusals lifted.
    """
    report = _report(run, plan_id)
    told = report.setdefault("confirmations", [])
    known = [guard for one in told if one["by"] == by[:200] for guard in one["guards"]]
    guards = [one for one in map(Verdict.finding, verdicts) if one not in known]
    if guards:
        told.append({"by": by[:200], "at": time.time(), "guards": guards})
        run(sa.update(PLANS).where(PLANS.c.plan_id == plan_id).values(report=json.dumps(report)))


def confirmations_of(run: Any, plan_id: str) -> list[dict[str, Any]]:
    """Return the overrides of a plan in the order in which they were given.

    :param run: runs statements inside the transaction.
    :param plan_id: the plan.
    """
    return list(_report(run, plan_id).get("confirmations", ()))


def _report(run: Any, plan_id: str) -> dict[str, Any]:
    rows = run(sa.select(PLANS.c.report).where(PLANS.c.plan_id == plan_id))
    return dict(json.loads(rows[0]["report"])) if rows else {}
