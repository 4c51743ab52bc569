"""Take up plans that the ledger keeps: to apply an approved one, or to undo an applied one."""

from __future__ import annotations

from dataclasses import replace

from calcom_provider.hr.apply.job import refuse_superseded
from calcom_provider.hr.apply.undo import UndoJob
from calcom_provider.hr.errors import LedgerError, RefusedError
from calcom_provider.hr.ledger.plan_states import APPLIED
from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.hr.plan.guards import Confirmation, apply_confirmation
from calcom_provider.hr.plan.model import Plan
from calcom_provider.hr.plan.settings import Common
from calcom_provider.hr.sources.mapping import HrMapping
from calcom_provider.hr.target.gateway import Gateway


def stored_plan(ledger: Ledger, plan_id: str, plan_hash: str | None, confirm: Confirmation) -> Plan:
    """Load a plan and bind it to what was approved.

    :param ledger: where it is kept.
    :param plan_id: its id.
    :param plan_hash: the hash that was approved; None trusts the id.
    :param confirm: overrides of this run.
    :raises LedgerError: when there is no such plan, it was applied already, or it is superseded.
    :raises RefusedError: when its hash is not the approved one.
    """
    plan = ledger.load_plan(plan_id)
    if plan_hash and plan.hash != plan_hash:
        raise RefusedError(
            f"plan {plan_id} is not the one approved: its hash differs", verdicts=["plan_hash"]
        )
    if ledger.plan_status(plan_id) == APPLIED:
        raise LedgerError(f"plan {plan_id} was applied already")
    refuse_superseded(ledger, plan_id)
    return replace(plan, verdicts=apply_confirmation(plan.verdicts, confirm, plan.hash))


def undo_job(gateway: Gateway, ledger: Ledger, plan_id: str) -> UndoJob:
    """Return the job that undoes a plan, with the namespace the plan had.

    :param gateway: the organisation.
    :param ledger: where the plan is kept.
    :param plan_id: its id.
    """
    plan = ledger.load_plan(plan_id)
    # Only days that are over matter to undoing, and UTC is at most a day off anybody's today.
    return UndoJob(gateway, Common("UTC", HrMapping("undo"), plan.namespace), ledger)
