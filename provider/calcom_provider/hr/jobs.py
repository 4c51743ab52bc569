"""Hold what planning and applying share, whatever is written."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

from calcom_provider.hr.apply import Applier, ApplyResult, Patience
from calcom_provider.hr.errors import LedgerError, RefusedError, RowsFailedError, count_codes
from calcom_provider.hr.gateway import Gateway
from calcom_provider.hr.guards import settle
from calcom_provider.hr.ledger import Ledger
from calcom_provider.hr.owned import Owned
from calcom_provider.hr.plan import Action, Plan, Verdict
from calcom_provider.hr.settings import Common
from calcom_provider.hr.state import CalState


class Job:
    """Share the steps around a comparison: settle, judge, store, carry out."""

    __slots__ = ()

    gateway: Gateway
    ledger: Ledger | None
    patience: Patience

    def fresh_state(self, plan: Plan) -> CalState:
        """Read again what a plan's preconditions are about."""
        raise NotImplementedError

    def judge(self, plan: Plan, actions: list[Action]) -> tuple[Verdict, ...]:
        """Evaluate the guards on what is left of a plan."""
        raise NotImplementedError

    def requests(self) -> int:
        """Return how many requests the client has sent so far."""
        stats: Any = getattr(self.gateway.client, "stats", None)
        return int(getattr(stats, "requests", 0))

    def owned(self, common: Common, kind: str) -> Owned:
        """Return what is ours, by the ledger.

        :param common: the settings
        :param kind: ``attributes`` or ``out_of_office``
        """
        if self.ledger is None:
            return Owned()
        return self.ledger.owned(self.gateway.organization_id, common.namespace, kind)

    def writing(self) -> AbstractContextManager[None]:
        """Keep other runs from writing; around planning and applying what was planned just now.

        :raises WriterBusyError: when another run is writing
        """
        return self.ledger.writing(self.gateway.organization_id) if self.ledger else nullcontext()

    def settle_interrupted(self, common: Common) -> None:
        """Find out about the writes of interrupted runs before anything is compared.

        :param common: the settings
        """
        if self.ledger is None:
            return
        applier = Applier(self.gateway, self.ledger, self.patience)
        if self.ledger.unfinished(self.gateway.organization_id, common.namespace):
            with self.writing():
                # Asked again: a run that has ended meanwhile has accounted for its own.
                for plan_id in self.ledger.unfinished(self.gateway.organization_id, common.namespace):
                    applier.settle_sent(self.ledger.load_plan(plan_id))
        self.ledger.forget_values(self.gateway.organization_id, common.retention_days)

    def store(self, plan: Plan, verdicts: Iterable[Verdict], common: Common) -> Plan:
        """Judge a plan, store it in the ledger and return it.

        :param plan: the plan without verdicts
        :param verdicts: what the guards said
        :param common: the settings
        """
        judged = replace(plan, verdicts=settle(verdicts, common.confirm, plan.hash))
        if self.ledger is not None:
            self.ledger.save_plan(judged)
        return judged

    def carry_out(self, plan: Plan, common: Common, *, reread: bool) -> ApplyResult:
        """Apply what is left of a plan and record how it ended.

        :param plan: the plan
        :param common: the settings
        :param reread: whether to read Cal.com again and check every precondition
        :raises RefusedError: when a guard refuses, or too much is stale
        :raises WriterBusyError: when another run is writing
        """
        refuse(plan)
        if plan.organization_id != self.gateway.organization_id or plan.namespace != common.namespace:
            raise LedgerError(f"plan {plan.id} was made for another organisation or namespace")
        with self.writing():
            return self._carry_out(plan, reread)

    def _carry_out(self, plan: Plan, reread: bool) -> ApplyResult:
        if self.ledger:
            self.ledger.set_status(plan, "applying")
        applier = Applier(self.gateway, self.ledger, self.patience)
        try:
            result = applier.apply(
                plan,
                fresh=self.fresh_state(plan) if reread else None,
                judge=lambda actions: self.judge(plan, actions),
            )
        except BaseException:
            if self.ledger:
                self.ledger.set_status(plan, "failed")
            raise
        if self.ledger:
            self.ledger.set_status(plan, "failed" if result.failures else "applied")
        return result


def refuse(plan: Plan) -> None:
    """Refuse a plan that its guards do not let pass.

    :param plan: the plan
    :raises RefusedError: naming the guards and what they counted
    """
    found = [one for one in plan.verdicts if not one.allowed]
    if not found:
        return
    told = "; ".join(
        f"{one.guard} {one.observed:g} (limit {one.limit:g})" for one in found[:8] if one.limit is not None
    )
    raise RefusedError(
        f"plan {plan.id} is refused: {told}. Nothing was written.",
        verdicts=plan.refusals,
        advice=f"Look at the plan; to override, confirm the exact counts or the hash {plan.hash}.",
    )


def check_rows(plan: Plan, result: ApplyResult | None, max_failed_rows: int) -> None:
    """Fail after everything else was done when too many rows failed.

    :param plan: the plan, with the row errors of the source
    :param result: how the apply ended; None for a dry run
    :param max_failed_rows: how many may fail
    :raises RowsFailedError: with a summary by key and code, no values
    """
    failed = plan.errors() + (result.failures if result else 0)
    if failed <= max_failed_rows:
        return
    codes = count_codes(plan.issues, "error")
    for code, count in (result.codes if result else {}).items():
        codes[code] = codes.get(code, 0) + count
    keys = [f"{one.key or f'row {one.row}'}: {one.code}" for one in plan.issues if one.level == "error"]
    keys += [
        f"{' '.join(one.get('keys', ())) or one['number']}: {one['code']}"
        for one in (result.failed if result else ())
    ]
    shown = "; ".join(keys[:20]) + ("; ..." if len(keys) > 20 else "")
    raise RowsFailedError(f"{failed} rows failed (allowed {max_failed_rows}): {shown}", codes=codes)
