"""Keep a namespace stopped after a refused run, until somebody confirms or a plan is within all limits."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from calcom_provider.hr.ledger.tables import QUARANTINES
from calcom_provider.hr.plan.model import Plan, Verdict

BEGAN, LASTS, ENDED = "began", "lasts", "ended"
CONFIRMED, WITHIN_LIMITS = "confirmed", "within_limits"


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Describe one quarantine of a namespace.

    :param plan_id: the refused plan that began it.
    :param last_plan_id: the newest refused plan.
    :param organization_id: the organisation.
    :param namespace: whose write-back is stopped.
    :param kind: kind of the refused plans; only a plan of that kind ends it.
    :param guards: what refused: guard, subject, count and limit.
    :param began_at: when it began, seconds since 1970.
    :param ended_at: when it ended; None while it lasts.
    :param ended_as: ``confirmed`` or ``within_limits``.
    :param ended_plan_id: the plan that ended it.
    :param ended_by: who confirmed.
    :param confirmed: what was confirmed: guard, subject, count and limit.
    """

    plan_id: str
    last_plan_id: str
    organization_id: int
    namespace: str
    kind: str
    guards: tuple[Mapping[str, Any], ...]
    began_at: float
    ended_at: float | None = None
    ended_as: str | None = None
    ended_plan_id: str | None = None
    ended_by: str | None = None
    confirmed: tuple[Mapping[str, Any], ...] = ()

    def public(self, state: str) -> dict[str, Any]:
        """Return what may leave the process: ids, counts and codes, but not who confirmed.

        :param state: ``began``, ``lasts`` or ``ended``.
        """
        shown = {
            "state": state,
            "namespace": self.namespace,
            "kind": self.kind,
            "plan_id": self.plan_id,
            "last_plan_id": self.last_plan_id,
            "began_at": self.began_at,
            "guards": [dict(one) for one in self.guards],
            "ended_as": self.ended_as,
            "confirmed": [dict(one) for one in self.confirmed] or None,
        }
        return {name: value for name, value in shown.items() if value is not None}


def quarantines_of(
    run: Any, organization_id: int | None, namespace: str | None = None, *, ended: bool = False
) -> list[Quarantine]:
    """Return quarantines, oldest first.

    :param run: runs statements inside the transaction.
    :param organization_id: only of this organisation; None for all.
    :param namespace: only of this namespace; default all.
    :param ended: whether to return those too that have ended, default no.
    """
    query = sa.select(QUARANTINES).order_by(QUARANTINES.c.began_at, QUARANTINES.c.plan_id)
    if organization_id is not None:
        query = query.where(QUARANTINES.c.organization_id == organization_id)
    if namespace is not None:
        query = query.where(QUARANTINES.c.namespace == namespace)
    if not ended:
        query = query.where(QUARANTINES.c.ended_at.is_(None))
    return [_quarantine(row) for row in run(query)]


def note_verdicts(run: Any, plan: Plan, by: str) -> dict[str, Any] | None:
    """Begin, continue or end a quarantine by what the guards said about a plan; None where there is none.

    :param run: runs statements inside the transaction.
    :param plan: the plan as it was judged.
    :param by: who overrode guards, for the ledger.
    """
    found = [
        one for one in quarantines_of(run, plan.organization_id, plan.namespace) if one.kind == plan.kind
    ]
    current = found[0] if found else None
    refused = [one for one in plan.verdicts if not one.allowed]
    if refused:
        if current is None:
            return _begin(run, plan, refused).public(BEGAN)
        change = sa.update(QUARANTINES).where(QUARANTINES.c.plan_id == current.plan_id)
        run(change.values(last_plan_id=plan.id))
        return current.public(LASTS)
    return end_quarantine(run, current, plan, by).public(ENDED) if current is not None else None


def end_quarantine(run: Any, quarantine: Quarantine, plan: Plan, by: str) -> Quarantine:
    """End a quarantine by a plan that the guards let pass, and return how it ended.

    :param run: runs statements inside the transaction.
    :param quarantine: the quarantine.
    :param plan: the plan as it was judged.
    :param by: who overrode guards.
    """
    overridden = {(one.guard, one.subject): one for one in plan.verdicts if one.overridden}
    confirmed = [one.finding() for one in overridden.values()]
    values = {
        "ended_at": time.time(),
        "ended_as": CONFIRMED if confirmed else WITHIN_LIMITS,
        "ended_plan_id": plan.id,
        "ended_by": by[:200] if confirmed else None,
        "confirmed": json.dumps(confirmed) if confirmed else None,
    }
    run(sa.update(QUARANTINES).where(QUARANTINES.c.plan_id == quarantine.plan_id).values(**values))
    row = run(sa.select(QUARANTINES).where(QUARANTINES.c.plan_id == quarantine.plan_id))[0]
    return _quarantine(row)


def _begin(run: Any, plan: Plan, refused: Iterable[Verdict]) -> Quarantine:
    row = {
        "plan_id": plan.id,
        "last_plan_id": plan.id,
        "organization_id": plan.organization_id,
        "namespace": plan.namespace,
        "kind": plan.kind,
        "guards": json.dumps([one.finding() for one in refused]),
        "began_at": time.time(),
    }
    # A plan that began a quarantine, was confirmed and is refused once more begins the same one again.
    run(sa.delete(QUARANTINES).where(QUARANTINES.c.plan_id == plan.id))
    run(sa.insert(QUARANTINES), [row])
    return _quarantine(row)


def _quarantine(row: Mapping[str, Any]) -> Quarantine:
    plain = dict(row)
    plain["guards"] = tuple(json.loads(plain["guards"]))
    plain["confirmed"] = tuple(json.loads(plain.get("confirmed") or "[]"))
    return Quarantine(**plain)
