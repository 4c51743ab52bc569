"""Plan and apply the write-back of attributes."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

from calcom_provider.hr.apply.applier import ApplyResult, Patience
from calcom_provider.hr.apply.job import Job
from calcom_provider.hr.attributes.column_diff import AttributeDraft, ColumnTarget
from calcom_provider.hr.attributes.columns import AttributeColumn
from calcom_provider.hr.attributes.diff import diff_attributes
from calcom_provider.hr.errors import DirectorySyncError, HrSettingsError, Issue
from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.hr.plan.guards import (
    apply_confirmation,
    carried_overrides,
    judge_attributes,
    judge_source,
)
from calcom_provider.hr.plan.model import Action, Facts, Plan, Verdict, digest, numbered
from calcom_provider.hr.plan.ownership import Owned
from calcom_provider.hr.plan.settings import Common
from calcom_provider.hr.sources.employees import read_employees
from calcom_provider.hr.sources.rows import Rows
from calcom_provider.hr.target.gateway import Gateway, read_state
from calcom_provider.hr.target.matching import Directory, People, match_people
from calcom_provider.hr.target.state import Attribute, CalState


@dataclass(frozen=True, slots=True)
class AttributeSettings:
    """Set up the write-back of attributes.

    :param common: what every write-back is set up with.
    :param columns: the columns and their attributes.
    :param directory_sync: whether a directory writes attributes here; if so nothing is planned.
    :param allow_weight_loss: whether assignments of weighted attributes, or of those that do not say, may
        be taken back, which loses their weights; default no.
    :param clear_terminated: whether people who left lose what we assigned, default no: that belongs to the
        directory.
    """

    common: Common
    columns: tuple[AttributeColumn, ...]
    directory_sync: bool
    allow_weight_loss: bool = False
    clear_terminated: bool = False


@dataclass(slots=True)
class AttributeJob(Job):
    """Write HR data into the attributes of an organisation.

    :param gateway: the organisation.
    :param settings: how.
    :param ledger: account of what is ours; without one only ``additive`` columns work.
    :param patience: how long a lost answer is waited for.
    :ivar attributes: what the last plan read, by attribute id.
    """

    gateway: Gateway
    settings: AttributeSettings
    ledger: Ledger | None = None
    patience: Patience = field(default_factory=Patience)
    attributes: dict[str, Attribute] = field(default_factory=dict, init=False)

    def plan(self, employees: Rows) -> Plan:
        """Compare HR with Cal.com and return what would be written.

        :param employees: rows of the employee source.
        :raises SourceError: when the source is empty or lacks a column.
        :raises HrSettingsError: for settings that cannot work.
        :raises DirectorySyncError: when a directory writes attributes here.
        """
        settings, common = self.settings, self.settings.common
        self._check_settings()
        if common.mapping.employees is None:
            raise HrSettingsError("mapping: attributes need the half employees")
        read = read_employees(employees, common.mapping.employees)
        employees.require([one.column for one in settings.columns], "employees")
        self.resolve_interrupted(common)
        before = self.requests()
        state = read_state(self.gateway, attributes=[one.attribute for one in settings.columns])
        self.attributes = {name: one.attribute for name, one in state.attributes.items()}
        owned = self.owned(common, "attributes")
        if state.directory_sync_seen or owned.directory_sync_seen:
            raise DirectorySyncError(
                "a directory sync has written in this organisation", verdicts=["directory_sync"]
            )
        people = match_people(read.people, Directory(state.users.values(), common.match), common.today())
        targets, issues, verdicts = self._targets(state)
        draft = diff_attributes(targets, people.matched(), owned, clear_for=self._leavers(people))
        facts = self._facts(read.source_rows, people, state, owned, targets)
        return self._finish(
            draft, [*read.issues, *people.issues, *issues], verdicts, facts, owned, state, before
        )

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
        names = dict.fromkeys(one.attribute_id for one in plan.actions if one.attribute_id)
        return read_state(self.gateway, attributes=list(names))

    def judge(self, plan: Plan, actions: list[Action]) -> tuple[Verdict, ...]:
        """Evaluate the guards on what is left of a plan.

        :param plan: the plan.
        :param actions: what is left.
        """
        common = self.settings.common
        owned = self.owned(common, "attributes")
        first = owned.first_run if self.ledger else None
        verdicts = [
            *judge_source(plan.facts, owned, common.limits),
            *judge_attributes(actions, plan.facts, common.limits, first_run=first),
        ]
        return apply_confirmation([*verdicts, *carried_overrides(plan, verdicts)], common.confirm, plan.hash)

    def _check_settings(self) -> None:
        if self.settings.directory_sync:
            raise DirectorySyncError(
                "directory_sync is on: a directory writes attributes here", verdicts=["directory_sync"]
            )
        needing = [one.column for one in self.settings.columns if one.mode == "owned"]
        if needing and self.ledger is None:
            raise HrSettingsError(
                f"columns {', '.join(needing)}: mode owned needs a ledger to know what is ours"
            )

    def _targets(self, state: CalState) -> tuple[list[ColumnTarget], list[Issue], list[Verdict]]:
        """Join columns with attributes; locked ones are left out, unknown weights are told."""
        targets: list[ColumnTarget] = []
        issues: list[Issue] = []
        verdicts: list[Verdict] = []
        taken: dict[str, str] = {}
        by_name = {name: one for one in state.attributes.values() for name in _names(one.attribute)}
        for column in self.settings.columns:
            attributes = by_name.get(column.attribute) or by_name[column.attribute.casefold()]
            attribute = attributes.attribute
            if (other := taken.setdefault(attribute.id, column.column)) != column.column:
                raise HrSettingsError(f"columns {other} and {column.column} write the same attribute")
            if attribute.locked is None or attribute.weighted is None:
                issues.append(Issue("unknown_lock_or_weight", level="warning", column=column.column))
            if attribute.locked:
                issues.append(Issue("locked_attribute", level="warning", column=column.column))
                if column.on_locked == "fail":
                    verdicts.append(Verdict("locked_attribute", False, 1, 0, subject=attribute.id))
                continue
            unweighted = attribute.weighted is False and attribute.locked is False
            targets.append(ColumnTarget(column, attributes, unweighted or self.settings.allow_weight_loss))
        return targets, issues, verdicts

    def _leavers(self, people: People) -> Iterable[int]:
        if not self.settings.clear_terminated:
            return []
        matched = people.matched()
        return {one.user.id for one in people.persons if one.bucket == "terminated" and one.user} - set(
            matched
        )

    def _facts(
        self, rows: int, people: People, state: CalState, owned: Owned, targets: list[ColumnTarget]
    ) -> Facts:
        counts: dict[str, int] = {}
        for target in targets:
            attribute = target.state
            held = [(user, option) for option, users in attribute.holders.items() for user in users]
            everything = target.column.mode == "authoritative"
            counts[attribute.attribute.id] = sum(everything or pair in owned.pairs for pair in held)
        return Facts(rows, people.counts(), people.match_rate(), counts)

    def _finish(
        self,
        draft: AttributeDraft,
        issues: list[Issue],
        verdicts: list[Verdict],
        facts: Facts,
        owned: Owned,
        state: CalState,
        before: int,
    ) -> Plan:
        common = self.settings.common
        plan = Plan(
            id=uuid.uuid4().hex,
            kind="attributes",
            organization_id=state.organization_id,
            namespace=common.namespace,
            settings=digest(
                [[asdict(one) for one in self.settings.columns], self.settings.allow_weight_loss]
            ),
            actions=numbered(draft.actions),
            issues=(*issues, *draft.issues),
            facts=facts,
            requests_read=self.requests() - before,
            requests_per_minute=self.pace(),
        )
        judged = [
            *verdicts,
            *judge_source(facts, owned, common.limits),
            *judge_attributes(
                plan.actions, facts, common.limits, first_run=owned.first_run, missing=draft.missing
            ),
        ]
        return self.store(plan, judged, common)


def _names(attribute: object) -> list[str]:
    identity = [getattr(attribute, name) for name in ("id", "slug", "name")]
    return [*identity, identity[2].casefold()]
