"""Hold a plan: what would be written, what was seen when it was decided, and whether the guards allow it.

A plan is an artefact. It can be read, stored, approved and applied exactly; two plans with the same hash do
the same. The hash knows neither the run nor the clock.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from calcom_provider.hr.errors import Issue, count_codes

Kind = Literal[
    "option_create",
    "option_update",
    "option_delete",
    "assign",
    "assign_value",
    "unassign",
    "ooo_create",
    "ooo_update",
    "ooo_delete",
    "ooo_own",
]
JobKind = Literal["attributes", "out_of_office", "undo"]
Outcome = Literal["no_change", "changes", "refused"]

REQUESTS_PER_MINUTE = 120.0
"""What the API lets an API key do until an answer states another limit."""


@dataclass(frozen=True, slots=True)
class Action:
    """Describe one write.

    :param number: place in the plan, from 1.
    :param kind: what is written; ``ooo_own`` changes only the ledger.
    :param why: code of the reason, such as ``new``, ``moved``, ``cancelled``, ``vanished``, ``twin``.
    :param user_id: the user concerned.
    :param attribute_id: the attribute concerned.
    :param option_id: the option concerned; None while another action of the plan has yet to make it.
    :param ooo_id: the out-of-office entry concerned.
    :param before: what is there.
    :param after: what shall be there.
    :param seen: precondition: what must still hold when it is written.
    :param depends_on: numbers of actions that must have succeeded; the last one makes a missing option.
    :param keys: HR keys behind it.
    :param own: what the ledger keeps about it.
    """

    number: int
    kind: Kind
    why: str
    user_id: int | None = None
    attribute_id: str | None = None
    option_id: str | None = None
    ooo_id: int | None = None
    before: Mapping[str, Any] = field(default_factory=dict, repr=False)
    after: Mapping[str, Any] = field(default_factory=dict, repr=False)
    seen: Mapping[str, Any] = field(default_factory=dict, repr=False)
    depends_on: tuple[int, ...] = ()
    keys: tuple[str, ...] = ()
    own: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def content(self) -> dict[str, Any]:
        """Return everything that decides what it does, as JSON values."""
        return {
            "number": self.number,
            "kind": self.kind,
            "why": self.why,
            "user_id": self.user_id,
            "attribute_id": self.attribute_id,
            "option_id": self.option_id,
            "ooo_id": self.ooo_id,
            "before": dict(self.before),
            "after": dict(self.after),
            "seen": dict(self.seen),
            "depends_on": list(self.depends_on),
            "keys": list(self.keys),
            "own": dict(self.own),
        }

    @classmethod
    def from_content(cls, content: Mapping[str, Any]) -> Action:
        """Build an action from its stored content.

        :param content: what :meth:`content` returned.
        """
        plain = dict(content)
        plain["depends_on"] = tuple(plain.get("depends_on") or ())
        plain["keys"] = tuple(plain.get("keys") or ())
        return cls(**plain)

    def public(self) -> dict[str, Any]:
        """Return what may be shown anywhere: ids and codes, no values."""
        shown = {
            "number": self.number,
            "kind": self.kind,
            "why": self.why,
            "user_id": self.user_id,
            "attribute_id": self.attribute_id,
            "option_id": self.option_id,
            "ooo_id": self.ooo_id,
            "keys": list(self.keys) or None,
        }
        return {name: value for name, value in shown.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Say what a guard found.

    :param guard: its name.
    :param allowed: whether it lets the plan pass.
    :param observed: what it counted.
    :param limit: what it allows; None when it does not apply.
    :param overridden: whether somebody named the exact count or the plan's hash.
    :param subject: what it looked at, such as an attribute id.
    """

    guard: str
    allowed: bool
    observed: float
    limit: float | None = None
    overridden: bool = False
    subject: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the verdict as JSON values."""
        return self.finding() | {"allowed": self.allowed, "overridden": self.overridden}

    def finding(self) -> dict[str, Any]:
        """Return what was found as JSON values, without what follows from it."""
        return {
            "guard": self.guard,
            "subject": self.subject,
            "observed": self.observed,
            "limit": self.limit,
        }


@dataclass(frozen=True, slots=True)
class Facts:
    """Hold what a plan knows about its inputs, for the guards and the next run.

    :param source_rows: rows of the absence or employee source.
    :param people: number of people by bucket.
    :param match_rate: share of employed people that have a user, None when nobody is employed.
    :param owned: number of owned objects by subject: attribute id, or ``ooo`` for entries and
        ``ooo_days`` for person-days that are not over.
    :param out_on_busiest_day: matched people newly counted out on the day with most of them.
    :param absent_people: people of approved absences that are not over, by bucket.
    :param told_until: last day of which the feed speaks, ISO text; None without bound.
    """

    source_rows: int = 0
    people: Mapping[str, int] = field(default_factory=dict)
    match_rate: float | None = None
    owned: Mapping[str, int] = field(default_factory=dict)
    out_on_busiest_day: int = 0
    absent_people: Mapping[str, int] = field(default_factory=dict)
    told_until: str | None = None

    @property
    def absence_match_rate(self) -> float | None:
        """Return the share of absent people who have a user, None when nobody is absent."""
        absent = sum(self.absent_people.values())
        return self.absent_people.get("matched", 0) / absent if absent else None


@dataclass(frozen=True, slots=True)
class Plan:
    """Hold a whole plan.

    :param id: identifier of this plan.
    :param kind: what it writes.
    :param organization_id: the organisation.
    :param namespace: whose write-back it is.
    :param settings: digest of the settings.
    :param actions: the writes, in order.
    :param verdicts: what the guards said.
    :param issues: rows reported.
    :param facts: what it knows about its inputs.
    :param requests_read: requests spent on reading.
    :param requests_per_minute: limit that the API stated while the plan was made.
    :param quarantine: the quarantine of its namespace that it began, meets or ended; None when there is none.
    """

    id: str
    kind: JobKind
    organization_id: int
    namespace: str
    settings: str
    actions: tuple[Action, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    issues: tuple[Issue, ...] = ()
    facts: Facts = field(default_factory=Facts)
    requests_read: int = 0
    requests_per_minute: float = field(default=REQUESTS_PER_MINUTE, compare=False)
    quarantine: Mapping[str, Any] | None = field(default=None, compare=False)

    @property
    def hash(self) -> str:
        """Return the digest of what the plan does, under which settings, to which organisation."""
        return plan_hash(self.kind, self.organization_id, self.namespace, self.settings, self.actions)

    @property
    def outcome(self) -> Outcome:
        """Return ``refused``, ``changes`` or ``no_change``."""
        if any(not verdict.allowed for verdict in self.verdicts):
            return "refused"
        return "changes" if self.actions else "no_change"

    @property
    def refusals(self) -> tuple[str, ...]:
        """Return the names of the guards that refuse."""
        return tuple(dict.fromkeys(one.guard for one in self.verdicts if not one.allowed))

    @property
    def writes(self) -> int:
        """Return how many actions write to Cal.com; the others change only the ledger."""
        return sum(one.kind != "ooo_own" for one in self.actions)

    @property
    def minutes(self) -> float:
        """Return how long writing takes at the limit that the API stated."""
        return round(self.writes / self.requests_per_minute, 1)

    def counts(self) -> dict[str, int]:
        """Count the actions by kind."""
        return dict(sorted(Counter(one.kind for one in self.actions).items()))

    def summary(self) -> dict[str, Any]:
        """Return what may leave the process: id, hash, counts, verdicts, codes."""
        return {
            "plan_id": self.id,
            "plan_hash": self.hash,
            "kind": self.kind,
            "organization_id": self.organization_id,
            "namespace": self.namespace,
            "outcome": self.outcome,
            "actions": self.counts(),
            "writes": self.writes,
            "minutes": self.minutes,
            "requests_per_minute": self.requests_per_minute,
            "requests_read": self.requests_read,
            "people": dict(self.facts.people),
            "source_rows": self.facts.source_rows,
            "quarantine": dict(self.quarantine) if self.quarantine else None,
            "guards": [one.as_dict() for one in self.verdicts if not one.allowed or one.overridden],
            "issues": {
                level: codes
                for level in ("error", "warning", "info")
                if (codes := count_codes(self.issues, level))  # type: ignore[arg-type]
            },
        }

    def errors(self) -> int:
        """Return the number of row errors."""
        return sum(issue.level == "error" for issue in self.issues)


def plan_hash(
    kind: str, organization_id: int, namespace: str, settings: str, actions: Iterable[Action]
) -> str:
    """Return the digest of a plan's content.

    :param kind: what it writes.
    :param organization_id: the organisation.
    :param namespace: whose write-back it is.
    :param settings: digest of the settings.
    :param actions: the writes, in order.
    """
    return digest([kind, organization_id, namespace, settings, [one.content() for one in actions]])


def digest(value: Any) -> str:
    """Return the SHA-256 of a value's canonical JSON.

    :param value: JSON values; others are taken as their text.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def numbered(drafts: Sequence[Action]) -> tuple[Action, ...]:
    """Check that actions stand in the order of their numbers and depend only on earlier ones.

    :param drafts: the actions of a plan.
    """
    for place, action in enumerate(drafts, start=1):
        if action.number != place or any(before >= place for before in action.depends_on):
            raise AssertionError(f"action {action.number} stands at {place}")
    return tuple(drafts)
