"""Refuse plans that look like an accident: evaluated on the whole plan, before the first write.

Every limit can be overridden for one run, by naming the exact count or the plan's hash; never for good.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from calcom_provider.hr.errors import HrSettingsError
from calcom_provider.hr.plan.model import Action, Facts, Plan, Verdict
from calcom_provider.hr.plan.ownership import Owned
from calcom_provider.hr.plan.removals import days_of, judge_assignments_removed, judge_days_removed
from calcom_provider.hr.validation import Count, Days, Share, checked


@checked
class GuardLimits:
    """Set the limits of the guards; shares are parts of 1, floors keep small organisations usable.

    :param source_drop: largest share of rows the source may lose since the last run, default 0.3.
    :param match_rate: smallest share of employed people, and of people with an approved absence, that must
        have a user, default 0.8.
    :param match_rate_floor: absent people without a user who never refuse a plan while others have one,
        default 2.
    :param match_rate_drop: largest fall of that share since the last run, default 0.1.
    :param vanished: largest share of owned future entries that may go because their request vanished,
        default 0.2.
    :param vanished_floor: such entries that may always go, default 5.
    :param vanished_hard: such entries that may never go, whoever confirms it, default 500.
    :param removals: largest share of owned future entries and of owned future person-days that may be taken
        away, and of owned assignments of all attributes together that may be taken back, whatever the reason,
        default 0.2.
    :param removals_floor: entries that may always lose days, default 5.
    :param removals_days_floor: person-days that may always go, default 35: five entries of a week.
    :param removals_hard: entries, person-days or assignments that may never go, whoever confirms it, default
        500.
    :param unassigns: largest share of an attribute's owned assignments that may be taken back, default 0.2.
    :param unassigns_floor: assignments that may always be taken back, default 10.
    :param persons_changed: largest share of matched people whose attributes may change, default 0.3.
    :param persons_changed_floor: people who may always change, default 10.
    :param same_day: largest share of matched people newly out on one day, default 0.5.
    :param same_day_floor: people who may always be newly out on one day, default 5.
    :param segment_days: longest entry in days, default 92.
    :param new_options: options that may be made, default 10.
    """

    source_drop: Share = 0.3
    match_rate: Share = 0.8
    match_rate_floor: Count = 2
    match_rate_drop: Share = 0.1
    vanished: Share = 0.2
    vanished_floor: Count = 5
    vanished_hard: Count = 500
    removals: Share = 0.2
    removals_floor: Count = 5
    removals_days_floor: Count = 35
    removals_hard: Count = 500
    unassigns: Share = 0.2
    unassigns_floor: Count = 10
    persons_changed: Share = 0.3
    persons_changed_floor: Count = 10
    same_day: Share = 0.5
    same_day_floor: Count = 5
    segment_days: Days = 92
    new_options: Count = 10


NEVER = {"vanished_hard", "removals_hard", "directory_sync", "locked_attribute", "stale"}
"""Guards that nobody can override."""

SHARES = {"source_drop", "match_rate", "match_rate_drop"}
"""Guards that count in parts of 1."""

GUARDS: Mapping[str, str] = {
    "source_drop": "Rows that the source lost",
    "match_rate": "Employed people with a user",
    "match_rate_drop": "Fall of the share of people with a user",
    "vanished": "Entries whose request is just missing",
    "vanished_hard": "Entries whose request is just missing, hard limit",
    "removals": "Days and entries taken away",
    "removals_hard": "Days and entries taken away, hard limit",
    "unassigns": "Assignments taken back",
    "foreign_unassigns": "Other people's values taken back",
    "persons_changed": "People changed",
    "same_day": "People newly out on one day",
    "segment_days": "Entries that are too long",
    "new_options": "New options",
    "missing_options": "Values without an option",
    "directory_sync": "A directory writes attributes",
    "locked_attribute": "Locked attributes",
    "stale": "Writes that no longer hold",
}
"""The guards, each with what it counts in the words of somebody who has not read the code."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Override guards for one run.

    :param counts: exact count by guard, or ``guard:subject``; a share is named in hundredths.
    :param plan_hash: hash of the plan as it was shown.
    :param by: who overrides, for the ledger.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    plan_hash: str | None = None
    by: str = ""

    @classmethod
    def of(cls, value: object, by: str = "") -> Confirmation:
        """Read an override: a plan hash, counts by guard, or nothing.

        :param value: what the user gave.
        :param by: who overrides.
        :raises HrSettingsError: for a guard that does not exist or cannot be overridden.
        """
        if not value:
            return cls()
        if isinstance(value, str):
            return cls(plan_hash=value, by=by)
        if not isinstance(value, Mapping):
            raise HrSettingsError("confirm: expected a plan hash, or counts by guard")
        for name, count in value.items():
            guard = str(name).split(":")[0]
            if guard not in GUARDS or guard in NEVER:
                near = difflib.get_close_matches(guard, [one for one in GUARDS if one not in NEVER], n=1)
                hint = f"; did you mean {near[0]}?" if near and guard not in GUARDS else ""
                raise HrSettingsError(f"confirm: {name!r} is no guard that can be overridden{hint}")
            if not isinstance(count, int) or isinstance(count, bool):
                raise HrSettingsError(f"confirm: {name}: expected the exact count, a whole number")
        return cls({str(name): count for name, count in value.items()}, by=by)

    def covers(self, verdict: Verdict, plan_hash: str) -> bool:
        """Say whether a refusal is overridden.

        :param verdict: the refusal.
        :param plan_hash: hash of the plan.
        """
        if verdict.guard in NEVER:
            return False
        if self.plan_hash is not None:
            return self.plan_hash == plan_hash
        named = self.counts.get(f"{verdict.guard}:{verdict.subject}", self.counts.get(verdict.guard))
        return named is not None and named == count_to_name(verdict)


def count_to_name(verdict: Verdict) -> int:
    """Return the count that overrides a refusal; a share is named in hundredths.

    :param verdict: the refusal.
    """
    return round(verdict.observed * 100 if verdict.guard in SHARES else verdict.observed)


def counts_to_confirm(verdicts: Iterable[Verdict]) -> dict[str, int] | None:
    """Return what has to be named for a refused plan to pass: counts by guard; None when nothing helps.

    :param verdicts: what the guards said.
    """
    refused = [one for one in verdicts if not one.allowed]
    if any(one.guard in NEVER for one in refused):
        return None
    return {f"{one.guard}:{one.subject}" if one.subject else one.guard: count_to_name(one) for one in refused}


def judge_source(facts: Facts, owned: Owned, limits: GuardLimits) -> list[Verdict]:
    """Judge what came out of the source and the matching of people.

    :param facts: what the plan knows about its inputs.
    :param owned: what the last successful run knew.
    :param limits: the limits.
    """
    verdicts = []
    if owned.source_rows:
        lost = 1 - facts.source_rows / owned.source_rows
        verdicts.append(_judge("source_drop", round(max(lost, 0.0), 4), limits.source_drop))
    if facts.match_rate is not None:
        verdicts.append(_at_least("match_rate", facts.match_rate, limits.match_rate))
        if owned.match_rate is not None:
            verdicts.append(_fall("match_rate_drop", owned.match_rate, facts.match_rate, limits))
    if facts.absence_match_rate is not None:
        verdicts += _judge_absent(facts, facts.absence_match_rate, owned, limits)
    return verdicts


def _judge_absent(facts: Facts, rate: float, owned: Owned, limits: GuardLimits) -> list[Verdict]:
    """Judge how many of the absent people have a user; a few strangers do not stop everybody else."""
    strangers = sum(facts.absent_people.values()) - facts.absent_people.get("matched", 0)
    if rate and strangers <= limits.match_rate_floor:
        return []
    verdicts = [_at_least("match_rate", rate, limits.match_rate, "absences")]
    if owned.absence_match_rate is not None:
        verdicts.append(_fall("match_rate_drop", owned.absence_match_rate, rate, limits, "absences"))
    return verdicts


def judge_attributes(
    actions: Iterable[Action],
    facts: Facts,
    limits: GuardLimits,
    *,
    first_run: bool | None,
    missing: Mapping[str, int] | None = None,
) -> list[Verdict]:
    """Judge the writes to attributes.

    :param actions: the writes.
    :param facts: what the plan knows about its inputs.
    :param limits: the limits.
    :param first_run: whether nothing was applied before; None when nobody can know, for which it counts as
        first.
    :param missing: cells that want a value without an option, by attribute id.
    """
    writes = list(actions)
    taken = Counter(one.attribute_id for one in writes if one.kind == "unassign" and one.why != "twin")
    verdicts = [
        _judge(
            "unassigns",
            count,
            max(limits.unassigns_floor, limits.unassigns * facts.owned.get(str(attribute_id), 0)),
            attribute_id,
        )
        for attribute_id, count in sorted(taken.items(), key=str)
    ]
    foreign = sum(1 for one in writes if one.kind == "unassign" and one.own.get("foreign"))
    verdicts.append(_judge("foreign_unassigns", foreign, 0))
    verdicts += judge_assignments_removed(writes, facts, limits)
    if first_run is False:
        people = {one.user_id for one in writes if one.user_id is not None}
        allowed = max(limits.persons_changed_floor, limits.persons_changed * facts.people.get("matched", 0))
        verdicts.append(_judge("persons_changed", len(people), allowed))
    made = sum(1 for one in writes if one.kind == "option_create")
    verdicts.append(_judge("new_options", made, limits.new_options))
    verdicts += [
        _judge("missing_options", count, 0, name) for name, count in sorted((missing or {}).items()) if count
    ]
    return verdicts


def judge_out_of_office(actions: Iterable[Action], facts: Facts, limits: GuardLimits) -> list[Verdict]:
    """Judge the writes to out-of-office entries.

    :param actions: the writes.
    :param facts: what the plan knows about its inputs.
    :param limits: the limits.
    """
    writes = list(actions)
    vanished = sum(1 for one in writes if one.why == "vanished")
    allowed = max(limits.vanished_floor, limits.vanished * facts.owned.get("ooo", 0))
    lengths = [_length(one) for one in writes if one.kind in {"ooo_create", "ooo_update"} and one.keys]
    too_long = sum(1 for length in lengths if length > limits.segment_days)
    crowd = max(limits.same_day_floor, limits.same_day * facts.people.get("matched", 0))
    return [
        _judge("vanished", vanished, allowed),
        _judge("vanished_hard", vanished, limits.vanished_hard),
        *judge_days_removed(writes, facts, limits),
        _judge("same_day", busiest_day(writes), crowd),
        _judge("segment_days", too_long, 0),
    ]


def busiest_day(actions: Iterable[Action]) -> int:
    """Return how many people newly out share the day that most of them have.

    :param actions: the writes.
    """
    edges: Counter[int] = Counter()
    by_person: set[tuple[int | None, int]] = set()
    for one in actions:
        if one.kind not in {"ooo_create", "ooo_update"}:
            continue
        old = set(days_of(one.before)) if one.before else set()
        by_person |= {(one.user_id, day) for day in days_of(one.after) if day not in old}
    for _, day in by_person:
        edges[day] += 1
    return max(edges.values(), default=0)


def apply_confirmation(
    verdicts: Iterable[Verdict], confirmation: Confirmation, plan_hash: str
) -> tuple[Verdict, ...]:
    """Apply an override to verdicts.

    :param verdicts: what the guards said.
    :param confirmation: the override.
    :param plan_hash: hash of the plan.
    """
    return tuple(
        Verdict(one.guard, True, one.observed, one.limit, True, one.subject)
        if not one.allowed and confirmation.covers(one, plan_hash)
        else one
        for one in verdicts
    )


def _judge(guard: str, observed: float, limit: float, subject: str | None = None) -> Verdict:
    return Verdict(guard, observed <= limit, observed, round(limit, 4), subject=subject)


def _at_least(guard: str, share: float, limit: float, subject: str | None = None) -> Verdict:
    return Verdict(guard, share >= limit, round(share, 4), limit, subject=subject)


def _fall(guard: str, before: float, now: float, limits: GuardLimits, subject: str | None = None) -> Verdict:
    return _judge(guard, round(max(before - now, 0.0), 4), limits.match_rate_drop, subject)


def _length(action: Action) -> int:
    return len(days_of(action.after))


def carried_overrides(plan: Plan, verdicts: list[Verdict]) -> list[Verdict]:
    """Replace refusals of what is left that were overridden for the whole plan.

    :param plan: the plan as it was judged.
    :param verdicts: refusals of what is left.
    """
    overridden = {_about(one) for one in plan.verdicts if one.overridden}
    again = [one for one in verdicts if not one.allowed and _about(one) in overridden]
    for one in again:
        verdicts.remove(one)
    return [Verdict(one.guard, True, one.observed, one.limit, True, one.subject) for one in again]


def _about(verdict: Verdict) -> tuple[str, str | None]:
    """Return what a verdict is about; of removals the subject is only the measure that came nearest its limit."""
    return verdict.guard, None if verdict.guard == "removals" else verdict.subject
