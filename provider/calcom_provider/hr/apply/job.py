"""Hold what planning and applying share, whatever is written."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

from calcom_provider.hr.apply.applier import Applier, ApplyResult, Patience
from calcom_provider.hr.errors import LedgerError, RefusedError, RowsFailedError, count_codes
from calcom_provider.hr.ledger.plan_states import APPLIED, APPLYING, FAILED, SUPERSEDED
from calcom_provider.hr.ledger.quarantines import ENDED, LASTS, Quarantine
from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.hr.plan.guards import Confirmation, apply_confirmation
from calcom_provider.hr.plan.model import REQUESTS_PER_MINUTE, Action, Plan, Verdict
from calcom_provider.hr.plan.ownership import Owned
from calcom_provider.hr.plan.rendering import how_to_confirm
from calcom_provider.hr.plan.settings import Common
from calcom_provider.hr.target.gateway import Gateway
from calcom_provider.hr.target.state import CalState


class Job:
    """Share the steps around a comparison: resolve, judge, store, carry out."""

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

    def pace(self) -> float:
        """Return how many requests a minute the API takes from this key, as it stated."""
        governor: Any = getattr(self.gateway.client, "governor", None)
        stated = governor.per_minute() if governor is not None else None
        # The length of a window is learnt from what is left of it, to a second or two.
        return float(round(stated)) if stated else REQUESTS_PER_MINUTE

    def owned(self, common: Common, kind: str) -> Owned:
        """Return what is ours, by the ledger.

        :param common: the settings.
        :param kind: ``attributes`` or ``out_of_office``.
        """
        if self.ledger is None:
            return Owned()
        return self.ledger.owned(self.gateway.organization_id, common.namespace, kind)

    def lease(self) -> AbstractContextManager[None]:
        """Keep other runs from writing; around planning and applying what was planned just now.

        :raises WriterBusyError: when another run is writing.
        """
        return self.ledger.lease(self.gateway.organization_id) if self.ledger else nullcontext()

    def resolve_interrupted(self, common: Common) -> None:
        """Find out about the writes of interrupted runs before anything is compared, then forget old values.

        Values are forgotten for the whole organisation, so it is the whole organisation's interrupted runs that
        are looked at, whichever namespace they belong to.

        :param common: the settings.
        """
        if self.ledger is None:
            return
        applier = Applier(self.gateway, self.ledger, self.patience)
        if self.ledger.open_plans(self.gateway.organization_id):
            with self.lease():
                # Asked again: a run that has ended meanwhile has accounted for its own.
                for plan_id in self.ledger.open_plans(self.gateway.organization_id):
                    applier.resolve_sent(self.ledger.load_open_plan(plan_id))
        self.ledger.forget_values(self.gateway.organization_id, common.retention_days)

    def store(self, plan: Plan, verdicts: Iterable[Verdict], common: Common) -> Plan:
        """Judge a plan, store it in the ledger and return it.

        :param plan: the plan without verdicts.
        :param verdicts: what the guards said.
        :param common: the settings.
        """
        judged = replace(plan, verdicts=apply_confirmation(verdicts, common.confirm, plan.hash))
        if self.ledger is not None:
            self.ledger.save_plan(judged)
            self._note_confirmed(judged, judged.verdicts, common.confirm)
            quarantine = self.ledger.note_quarantine(judged, common.confirm.by)
            return replace(judged, quarantine=quarantine)
        return judged

    def carry_out(self, plan: Plan, common: Common, *, reread: bool) -> ApplyResult:
        """Apply what is left of a plan and record how it ended.

        :param plan: the plan.
        :param common: the settings.
        :param reread: whether to read Cal.com again and check every precondition.
        :raises RefusedError: when a guard refuses, or too much is stale.
        :raises LedgerError: when the plan belongs elsewhere, or a newer one has superseded it.
        :raises WriterBusyError: when another run is writing.
        """
        refuse(plan)
        if plan.organization_id != self.gateway.organization_id or plan.namespace != common.namespace:
            raise LedgerError(f"plan {plan.id} was made for another organisation or namespace")
        with self.lease():
            return self._carry_out(plan, common, reread)

    def _quarantines_to_end(self, plan: Plan) -> list[Quarantine]:
        """Return the quarantines that a plan ends by passing; refuse where there is one that it does not."""
        if self.ledger is None:
            return []
        found = self.ledger.quarantines(plan.organization_id, plan.namespace)
        for one in found:
            if one.kind != plan.kind or plan.id not in {one.plan_id, one.last_plan_id}:
                raise in_quarantine(plan, one)
        return found

    def _note_passed(
        self, plan: Plan, verdicts: Iterable[Verdict], confirm: Confirmation, quarantines: list[Quarantine]
    ) -> dict[str, Any] | None:
        """Begin a quarantine when a guard refuses what is left of a plan; end those it is in when none does."""
        judged = replace(plan, verdicts=tuple(verdicts))
        if self.ledger is None:
            return None
        if judged.outcome == "refused":
            return self.ledger.note_quarantine(judged, confirm.by)
        for one in quarantines:
            return self.ledger.end_quarantine(one, judged, confirm.by).public(ENDED)
        return None

    def _note_confirmed(self, plan: Plan, verdicts: Iterable[Verdict], confirm: Confirmation) -> None:
        """Write into the ledger which refusals this run's override lifts, and who gave it."""
        lifted = [one for one in verdicts if one.overridden and confirm.covers(one, plan.hash)]
        if self.ledger is not None and lifted:
            self.ledger.record_confirmation(plan.id, confirm.by, lifted)

    def _carry_out(self, plan: Plan, common: Common, reread: bool) -> ApplyResult:
        confirm = common.confirm
        quarantines = self._quarantines_to_end(plan)
        told: dict[str, Any] | None = None

        def judged(actions: list[Action]) -> tuple[Verdict, ...]:
            nonlocal told
            verdicts = self.judge(plan, actions)
            self._note_confirmed(plan, verdicts, confirm)
            told = self._note_passed(plan, (*plan.verdicts, *verdicts), confirm, quarantines)
            return verdicts

        if self.ledger:
            refuse_superseded(self.ledger, plan.id)
            self._note_confirmed(plan, plan.verdicts, confirm)
            self.ledger.set_status(plan, APPLYING)
        applier = Applier(self.gateway, self.ledger, self.patience)
        try:
            fresh = self.fresh_state(plan) if reread else None
            result = applier.apply(plan, fresh=fresh, judge=judged, today=common.today())
        except BaseException as failure:
            if self.ledger:
                self.ledger.set_status(plan, FAILED)
            if isinstance(failure, RefusedError) and told:
                failure.quarantine = told
            raise
        if self.ledger:
            self.ledger.set_status(plan, FAILED if result.failures else APPLIED)
        return replace(result, quarantine=told)


def in_quarantine(plan: Plan, quarantine: Quarantine) -> RefusedError:
    """Return the refusal of a plan whose namespace another, refused plan has stopped.

    :param plan: the plan.
    :param quarantine: the quarantine it meets.
    """
    guards = ", ".join(dict.fromkeys(str(one["guard"]) for one in quarantine.guards))
    return RefusedError(
        f"plan {plan.id}: namespace {plan.namespace} is in quarantine since plan {quarantine.plan_id} "
        f"({quarantine.kind}) was refused by {guards}. Nothing was written.",
        verdicts=["quarantine"],
        quarantine=quarantine.public(LASTS),
        advice=f"Confirm plan {quarantine.last_plan_id}, or make a plan of {quarantine.kind} that is within all "
        "limits.",
    )


def refuse(plan: Plan) -> None:
    """Refuse a plan that its guards do not let pass.

    :param plan: the plan.
    :raises RefusedError: naming the guards and what they counted.
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
        quarantine=plan.quarantine,
        advice=how_to_confirm(plan),
    )


def refuse_superseded(ledger: Ledger, plan_id: str) -> None:
    """Refuse a plan that a newer one has taken the place of.

    :param ledger: where it is kept.
    :param plan_id: its id.
    :raises LedgerError: when it is superseded.
    """
    if ledger.plan_status(plan_id) == SUPERSEDED:
        raise LedgerError(
            f"Plan {plan_id} is superseded: a newer plan of its namespace and kind was applied since.",
            advice="Make a new plan.",
        )


def check_rows(plan: Plan, result: ApplyResult | None, max_failed_rows: int) -> None:
    """Fail after everything else was done when too many rows failed.

    :param plan: the plan, with the row errors of the source.
    :param result: how the apply ended; None for a preview.
    :param max_failed_rows: how many may fail.
    :raises RowsFailedError: with a summary by key and code, no values.
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
