"""Refuse plans that look like an accident: evaluated on the whole plan, before the first write.

Every limit can be overridden for one run, by naming the exact count or the plan's hash; never for good.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from calcom_provider.hr.errors import HrSettingsError
from calcom_provider.hr.owned import Owned
from calcom_provider.hr.plan import Action, Facts, Verdict


@dataclass(frozen=True, slots=True)
class GuardLimits:
    """Set the limits of the guards; shares are parts of 1, floors keep small organisations usable.

    :param source_drop: largest share of rows the source may lose since the last run, default 0.3
    :param match_rate: smallest share of employed people that must have a user, default 0.8
    :param match_rate_drop: largest fall of that share since the last run, default 0.1
    :param vanished: largest share of owned future entries that may go because their request vanished,
        default 0.2
    :param vanished_floor: such entries that may always go, default 5
    :param vanished_hard: such entries that may never go, whoever confirms it, default 500
    :param unassigns: largest share of an attribute's owned assignments that may be taken back, default 0.2
    :param unassigns_floor: assignments that may always be taken back, default 10
    :param persons_changed: largest share of matched people whose attributes may change, default 0.3
    :param persons_changed_floor: people who may always change, default 10
    :param same_day: largest share of matched people newly out on one day, default 0.5
    :param same_day_floor: people who may always be newly out on one day, default 5
    :param segment_days: longest entry in days, default 92
    :param new_options: options that may be made, default 10
    """

    source_drop: float = 0.3
    match_rate: float = 0.8
    match_rate_drop: float = 0.1
    vanished: float = 0.2
    vanished_floor: int = 5
    vanished_hard: int = 500
    unassigns: float = 0.2
    unassigns_floor: int = 10
    persons_changed: float = 0.3
    persons_changed_floor: int = 10
    same_day: float = 0.5
    same_day_floor: int = 5
    segment_days: int = 92
    new_options: int = 10


NEVER = {"vanished_hard", "directory_sync", "locked_attribute", "stale"}
"""Guards that nobody can override."""

GUARDS = (
    "source_drop", "match_rate", "match_rate_drop", "vanished", "vanished_hard", "unassigns",
    "foreign_unassigns", "persons_changed", "same_day", "segment_days", "new_options",
    "missing_options", "directory_sync", "locked_attribute", "stale",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Override guards for one run.

    :param counts: exact count by guard, or ``guard:subject``; a share is named in hundredths
    :param plan_hash: hash of the plan as it was shown
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    plan_hash: str | None = None

    @classmethod
    def of(cls, value: object) -> Confirmation:
        """Read an override: a plan hash, counts by guard, or nothing.

        :param value: what the user gave
        :raises HrSettingsError: for a guard that does not exist or cannot be overridden
        """
        if not value:
            return cls()
        if isinstance(value, str):
            return cls(plan_hash=value)
        if not isinstance(value, Mapping):
            raise HrSettingsError("confirm: expected a plan hash, or counts by guard")
        for name in value:
            if str(name).split(":")[0] not in GUARDS or str(name) in NEVER:
                raise HrSettingsError(f"confirm: {name!r} is no guard that can be overridden")
        return cls({str(name): int(count) for name, count in value.items()})

    def covers(self, verdict: Verdict, plan_hash: str) -> bool:
        """Say whether a refusal is overridden.

        :param verdict: the refusal
        :param plan_hash: hash of the plan
        """
        if verdict.guard in NEVER:
            return False
        if self.plan_hash is not None:
            return self.plan_hash == plan_hash
        named = self.counts.get(f"{verdict.guard}:{verdict.subject}", self.counts.get(verdict.guard))
        observed = (
            verdict.observed if verdict.observed >= 1 or verdict.observed == 0 else verdict.observed * 100
        )
        return named is not None and named == round(observed)


def judge_source(facts: Facts, owned: Owned, limits: GuardLimits) -> list[Verdict]:
    """Judge what came out of the source and the matching of people.

    :param facts: what the plan knows about its inputs
    :param owned: what the last successful run knew
    :param limits: the limits
    """
    verdicts = []
    if owned.source_rows:
        lost = 1 - facts.source_rows / owned.source_rows
        verdicts.append(_judge("source_drop", round(max(lost, 0.0), 4), limits.source_drop))
    if facts.match_rate is not None:
        rate = facts.match_rate
        verdicts.append(Verdict("match_rate", rate >= limits.match_rate, round(rate, 4), limits.match_rate))
        if owned.match_rate is not None:
            fall = max(owned.match_rate - rate, 0.0)
            verdicts.append(_judge("match_rate_drop", round(fall, 4), limits.match_rate_drop))
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

    :param actions: the writes
    :param facts: what the plan knows about its inputs
    :param limits: the limits
    :param first_run: whether nothing was applied before; None when nobody can know, for which it counts as
        first
    :param missing: cells that want a value without an option, by attribute id
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

    :param actions: the writes
    :param facts: what the plan knows about its inputs
    :param limits: the limits
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
        _judge("same_day", busiest_day(writes), crowd),
        _judge("segment_days", too_long, 0),
    ]


def busiest_day(actions: Iterable[Action]) -> int:
    """Return how many people newly out share the day that most of them have.

    :param actions: the writes
    """
    edges: Counter[int] = Counter()
    by_person: set[tuple[int | None, int]] = set()
    for one in actions:
        if one.kind not in {"ooo_create", "ooo_update"}:
            continue
        old = set(_days(one.before)) if one.before else set()
        by_person |= {(one.user_id, day) for day in _days(one.after) if day not in old}
    for _, day in by_person:
        edges[day] += 1
    return max(edges.values(), default=0)


def settle(verdicts: Iterable[Verdict], confirmation: Confirmation, plan_hash: str) -> tuple[Verdict, ...]:
    """Apply an override to verdicts.

    :param verdicts: what the guards said
    :param confirmation: the override
    :param plan_hash: hash of the plan
    """
    return tuple(
        Verdict(one.guard, True, one.observed, one.limit, True, one.subject)
        if not one.allowed and confirmation.covers(one, plan_hash)
        else one
        for one in verdicts
    )


def _judge(guard: str, observed: float, limit: float, subject: str | None = None) -> Verdict:
    return Verdict(guard, observed <= limit, observed, round(limit, 4), subject=subject)


def _days(extent: Mapping[str, str]) -> range:
    return range(
        date.fromisoformat(extent["start"]).toordinal(), date.fromisoformat(extent["end"]).toordinal() + 1
    )


def _length(action: Action) -> int:
    return len(_days(action.after))
