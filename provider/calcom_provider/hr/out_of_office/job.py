"""Plan and apply the write-back of absences as out-of-office entries."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from calcom_provider.hr.apply.applier import ApplyResult, Patience
from calcom_provider.hr.apply.job import Job
from calcom_provider.hr.errors import HrSettingsError, Issue
from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.hr.out_of_office.days import DayPolicy
from calcom_provider.hr.out_of_office.desired_entries import OooSettings
from calcom_provider.hr.out_of_office.desired_state import AbsencePolicy, desired_out_of_office
from calcom_provider.hr.out_of_office.diff import diff_out_of_office
from calcom_provider.hr.plan.guards import (
    apply_confirmation,
    busiest_day,
    carried_overrides,
    judge_out_of_office,
    judge_source,
)
from calcom_provider.hr.plan.model import Action, Facts, Plan, Verdict, digest, numbered
from calcom_provider.hr.plan.ownership import Marker
from calcom_provider.hr.plan.settings import Common
from calcom_provider.hr.sources.absences import read_absences
from calcom_provider.hr.sources.employees import read_employees
from calcom_provider.hr.sources.rows import Rows, Window
from calcom_provider.hr.target.gateway import Gateway, read_state
from calcom_provider.hr.target.matching import Directory, People, match_people
from calcom_provider.hr.target.state import CalState


@dataclass(frozen=True, slots=True)
class OutOfOfficeSettings:
    """Set up the write-back of absences.

    :param common: what every write-back is set up with.
    :param days: which days count.
    :param window: first and last day of which the feed speaks; an owned entry outside never counts as
        vanished.
    :param on_drift: what an entry that somebody edited means: ``keep`` (default) or ``overwrite``.
    :param on_missing: what an entry that somebody deleted means: ``respect`` (default) or ``recreate``.
    :param allow_sensitive_reason: whether a type may be shown as ``sick``, default no.
    :param note: fixed public sentence in the notes, default none.
    :param marker_secret: key of the digests in the notes, default derived from organisation and namespace.
    """

    common: Common
    days: DayPolicy = field(default_factory=DayPolicy)
    window: tuple[date | None, date | None] = (None, None)
    on_drift: Literal["keep", "overwrite"] = "keep"
    on_missing: Literal["respect", "recreate"] = "respect"
    allow_sensitive_reason: bool = False
    note: str = ""
    marker_secret: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if self.on_drift not in {"keep", "overwrite"}:
            raise HrSettingsError("on_drift: none of keep, overwrite")
        if self.on_missing not in {"respect", "recreate"}:
            raise HrSettingsError("on_missing: none of respect, recreate")


@dataclass(slots=True)
class OutOfOfficeJob(Job):
    """Write approved absences into the out-of-office entries of an organisation.

    :param gateway: the organisation.
    :param settings: how.
    :param ledger: account of what is ours; without one the marks in the notes tell.
    :param patience: how long a lost answer is waited for.
    """

    gateway: Gateway
    settings: OutOfOfficeSettings
    ledger: Ledger | None = None
    patience: Patience = field(default_factory=Patience)

    def plan(self, absences: Rows, employees: Rows | None = None) -> Plan:
        """Compare HR with Cal.com and return what would be written.

        :param absences: rows of the absence source.
        :param employees: rows of the employee source; without them people are matched by the absence rows
            alone.
        :raises SourceError: when a source is empty or lacks a column.
        :raises HrSettingsError: for settings that cannot work.
        """
        common = self.settings.common
        if common.mapping.absences is None:
            raise HrSettingsError("mapping: out-of-office entries need the half absences")
        read = read_absences(
            absences, common.mapping.absences, allow_sensitive_reason=self.settings.allow_sensitive_reason
        )
        staff, issues = self._staff(employees)
        self.resolve_interrupted(common)
        before = self.requests()
        state = read_state(self.gateway, entries=True)
        directory = Directory(state.users.values(), common.match, needs_profile=True)
        people = match_people(staff, directory, common.today())
        marker = self._marker(state)
        policy = AbsencePolicy(
            self.settings.days,
            marker,
            common.today(),
            common.timezone,
            _both(self.settings.window, read.window),
        )
        owned = self.owned(common, "out_of_office")
        wanted = desired_out_of_office(
            read, people, policy, scoped=employees is not None, owners=owned.users_of_requests()
        )
        how = OooSettings(
            common.today(),
            marker,
            self.settings.on_drift,
            self.settings.on_missing,
            self.settings.days.horizon_days,
        )
        draft = diff_out_of_office(wanted.desired, state, owned, how)
        actions = numbered(draft.actions)
        facts = Facts(
            source_rows=read.source_rows,
            people=_buckets(people, employees is not None),
            match_rate=people.match_rate() if employees is not None else None,
            owned={"ooo": draft.owned_future, "ooo_days": draft.owned_days},
            out_on_busiest_day=busiest_day(actions),
            absent_people=wanted.absent_people,
            told_until=policy.window[1].isoformat() if policy.window[1] else None,
        )
        plan = Plan(
            id=uuid.uuid4().hex,
            kind="out_of_office",
            organization_id=state.organization_id,
            namespace=common.namespace,
            settings=digest([repr(self.settings.days), self.settings.on_drift, self.settings.on_missing]),
            actions=actions,
            issues=(*read.issues, *issues, *people.issues, *wanted.issues, *draft.issues),
            facts=facts,
            requests_read=self.requests() - before,
            requests_per_minute=self.pace(),
        )
        judged = [
            *judge_source(facts, owned, common.limits),
            *judge_out_of_office(actions, facts, common.limits),
        ]
        return self.store(plan, judged, common)

    def apply(self, plan: Plan, *, reread: bool = True) -> ApplyResult:
        """Write what is left of a plan.

        :param plan: the plan.
        :param reread: whether to read Cal.com again and check every precondition; False right after planning.
        """
        return self.carry_out(plan, self.settings.common, reread=reread)

    def fresh_state(self, plan: Plan) -> CalState:
        """Read again what a plan's preconditions are about.

        :param plan: the plan.
        """
        return read_state(self.gateway, entries=True)

    def judge(self, plan: Plan, actions: list[Action]) -> tuple[Verdict, ...]:
        """Evaluate the guards on what is left of a plan.

        :param plan: the plan.
        :param actions: what is left.
        """
        common = self.settings.common
        verdicts = [
            *judge_source(plan.facts, self.owned(common, "out_of_office"), common.limits),
            *judge_out_of_office(actions, plan.facts, common.limits),
        ]
        return apply_confirmation([*verdicts, *carried_overrides(plan, verdicts)], common.confirm, plan.hash)

    def _marker(self, state: CalState) -> Marker:
        return Marker(
            self.settings.common.namespace,
            state.organization_id,
            self.settings.marker_secret,
            self.settings.note,
        )

    def _staff(self, employees: Rows | None) -> tuple[list, list[Issue]]:
        mapping = self.settings.common.mapping
        if employees is None:
            return [], []
        if mapping.employees is None:
            raise HrSettingsError("mapping: an employee source needs the half employees")
        read = read_employees(employees, mapping.employees)
        return list(read.people), list(read.issues)


def _buckets(people: People, scoped: bool) -> dict[str, int]:
    """Count people by bucket; without an employee source everybody in Cal.com could have been in the feed."""
    counts = people.counts()
    if not scoped:
        counts["matched"] = len(people.directory.users)
        counts["cal_only"] = 0
    return counts


def _both(stated: Window, own: Window) -> Window:
    """Return the days of which a source speaks by its settings and by itself."""
    begins = [day for day in (stated[0], own[0]) if day is not None]
    ends = [day for day in (stated[1], own[1]) if day is not None]
    return max(begins, default=None), min(ends, default=None)
