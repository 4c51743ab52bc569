"""Turn plans into rows of the ledger, and rows into plans."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from calcom_provider.hr.errors import Issue, LedgerError
from calcom_provider.hr.ledger.plan_states import PLANNED, REFUSED
from calcom_provider.hr.plan.model import REQUESTS_PER_MINUTE, Action, Facts, Plan, Verdict


def plan_row(plan: Plan) -> dict[str, Any]:
    """Return the row of a plan that is stored now.

    :param plan: the plan.
    """
    report = {
        "verdicts": [one.as_dict() for one in plan.verdicts],
        "issues": [one.as_dict() for one in plan.issues],
        "facts": asdict(plan.facts),
        "requests_read": plan.requests_read,
        "requests_per_minute": plan.requests_per_minute,
    }
    return {
        "plan_id": plan.id,
        "organization_id": plan.organization_id,
        "namespace": plan.namespace,
        "kind": plan.kind,
        "hash": plan.hash,
        "settings": plan.settings,
        "status": REFUSED if plan.outcome == "refused" else PLANNED,
        "created_at": time.time(),
        "source_rows": plan.facts.source_rows,
        "match_rate": plan.facts.match_rate,
        "directory_sync": False,
        "report": json.dumps(report),
    }


def action_row(plan_id: str, action: Action) -> dict[str, Any]:
    """Return the row of an action of a plan that is stored now.

    :param plan_id: the plan.
    :param action: the action.
    """
    return {
        "plan_id": plan_id,
        "number": action.number,
        "status": PLANNED,
        "kind": action.kind,
        "why": action.why,
        "user_id": action.user_id,
        "attribute_id": action.attribute_id,
        "option_id": action.option_id,
        "ooo_id": action.ooo_id,
        "attempts": 0,
        "unclear": False,
        "content": json.dumps(action.content(), ensure_ascii=False),
    }


def facts_of(head: Mapping[str, Any]) -> Facts:
    """Return what a plan knew about its inputs.

    :param head: the row of the plan.
    """
    return Facts(**json.loads(head["report"])["facts"])


def plan_from(head: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], *, partly: bool = False) -> Plan:
    """Build a plan from its rows.

    :param head: the row of the plan.
    :param rows: the rows of its actions, by number.
    :param partly: take actions along whose values were removed, as ids and codes only.
    :raises LedgerError: when values were removed and ``partly`` is not set.
    """
    if not partly and any(row["content"] is None for row in rows):
        raise LedgerError(
            f"the values of plan {head['plan_id']!r} were removed after its retention; make a new plan"
        )
    report = json.loads(head["report"])
    return Plan(
        id=head["plan_id"],
        kind=head["kind"],
        organization_id=int(head["organization_id"]),
        namespace=head["namespace"],
        settings=head["settings"],
        actions=tuple(_action_from(row) for row in rows),
        verdicts=tuple(Verdict(**one) for one in report["verdicts"]),
        issues=tuple(Issue(**{**one, "days": tuple(one.get("days", ()))}) for one in report["issues"]),
        facts=facts_of(head),
        requests_read=int(report["requests_read"]),
        requests_per_minute=float(report.get("requests_per_minute", REQUESTS_PER_MINUTE)),
    )


def _action_from(row: Mapping[str, Any]) -> Action:
    if row["content"] is not None:
        return Action.from_content(json.loads(row["content"]))
    names = ("number", "kind", "why", "user_id", "attribute_id", "option_id", "ooo_id")
    return Action(**{name: row[name] for name in names})
