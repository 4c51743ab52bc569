"""Make the inverse of an applied plan from the ledger, and say what cannot be undone."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from calcom_provider.hr.apply.applier import ApplyResult, Patience
from calcom_provider.hr.apply.job import Job
from calcom_provider.hr.apply.preconditions import stale_actions
from calcom_provider.hr.ledger.record import DONE, Ledger, Progress
from calcom_provider.hr.plan.model import Action, Plan, Verdict, numbered
from calcom_provider.hr.plan.settings import Common
from calcom_provider.hr.sources.text import slugify
from calcom_provider.hr.target.gateway import Gateway, read_state
from calcom_provider.hr.target.state import CalState


@dataclass(frozen=True, slots=True)
class Undo:
    """Hold an inverse plan.

    :param plan: the plan.
    :param lost: what cannot be undone: number of the action in the plan undone, and a code.
    """

    plan: Plan
    lost: tuple[dict[str, Any], ...] = ()

    def summary(self) -> dict[str, Any]:
        """Return what may leave the process: ids, counts and codes."""
        return {**self.plan.summary(), "not_undone": [dict(one) for one in self.lost]}


@dataclass(slots=True)
class UndoJob(Job):
    """Take an applied plan back.

    :param gateway: the organisation.
    :param common: settings of the plan that is undone; only namespace and zone matter.
    :param ledger: where the plan is recorded.
    :param patience: how long a lost answer is waited for.
    """

    gateway: Gateway
    common: Common
    ledger: Ledger
    patience: Patience = field(default_factory=Patience)

    def plan(self, plan_id: str) -> Undo:
        """Make the inverse of what a plan wrote; the last write is undone first.

        What somebody changed since is left alone and told as ``changed_since``.

        :param plan_id: the plan to undo.
        :raises LedgerError: when there is none, or its values were removed already.
        """
        self.resolve_interrupted(self.common)
        done = self.ledger.load_plan(plan_id)
        progress = self.ledger.progress(plan_id)
        state = self.fresh_state(done)
        inverse = _Inverse(done, progress, state, self.common.today())
        drafts = inverse.run()
        undo = self._without_changed(done, drafts, state, inverse.lost)
        self.ledger.save_plan(undo.plan)
        return undo

    def apply(self, undo: Plan) -> ApplyResult:
        """Write the inverse plan.

        :param undo: the plan of an :class:`Undo`.
        """
        return self.carry_out(undo, self.common, reread=True)

    def fresh_state(self, plan: Plan) -> CalState:
        """Read again what a plan's writes are about.

        :param plan: the plan.
        """
        names = dict.fromkeys(one.attribute_id for one in plan.actions if one.attribute_id)
        return read_state(
            self.gateway,
            attributes=list(names),
            entries=any(one.kind.startswith("ooo_") for one in plan.actions),
        )

    def judge(self, plan: Plan, actions: list[Action]) -> tuple[Verdict, ...]:
        """Let an inverse plan pass: whoever undoes named the plan.

        :param plan: the plan.
        :param actions: what is left.
        """
        return ()

    def _without_changed(
        self, done: Plan, drafts: list[tuple[int, Action]], state: CalState, lost: list[dict[str, Any]]
    ) -> Undo:
        whole = _renumbered([one for _, one in drafts])
        draft = Plan(
            uuid.uuid4().hex,
            "undo",
            done.organization_id,
            done.namespace,
            done.hash,
            whole,
            requests_per_minute=self.pace(),
        )
        stale = stale_actions(draft, {}, state)
        kept = [one for one in whole if one.number not in stale]
        lost += [
            {"number": origin, "code": "changed_since"}
            for number, (origin, _) in enumerate(drafts, start=1)
            if number in stale
        ]
        return Undo(replace(draft, actions=_renumbered(kept)), tuple(lost))


class _Inverse:
    def __init__(self, plan: Plan, progress: Mapping[int, Progress], state: CalState, today: date) -> None:
        self.plan = plan
        self.progress = progress
        self.state = state
        self.today = today
        self.held = {name: one.by_user() for name, one in state.attributes.items()}
        self.lost: list[dict[str, Any]] = []
        self.released: dict[str, dict[int, int]] = defaultdict(dict)  # option: user, number of the unassign

    def run(self) -> list[tuple[int, Action]]:
        drafts = []
        for action in reversed(self.plan.actions):
            known = self.progress.get(action.number, Progress())
            if known.status != DONE or action.kind == "ooo_own":
                continue
            inverse = self._of(action, known.result_id)
            if inverse is not None:
                drafts.append((action.number, inverse))
            if inverse is not None and inverse.kind == "unassign":
                self.released[str(inverse.option_id)][inverse.user_id or 0] = len(drafts)
                if action.kind == "assign_value" and (gone := self._option_made(action, inverse)):
                    drafts.append((action.number, gone))
        return drafts

    def _option_made(self, action: Action, inverse: Action) -> Action | None:
        """Remove the option that a text or number got of its own, after all who got it by this plan left it.

        :param action: the write that made it.
        :param inverse: the write that takes it from its user.
        """
        attribute = self.state.attributes[str(action.attribute_id)]
        option_id, released = str(inverse.option_id), self.released[str(inverse.option_id)]
        others = attribute.holders.get(option_id, set()) - set(released)
        if others or attribute.options[option_id].value != action.after["value"]:
            return self._lose(action, "option_kept")
        return Action(
            0,
            "option_delete",
            "undo",
            attribute_id=action.attribute_id,
            option_id=option_id,
            before={"value": action.after["value"]},
            depends_on=tuple(sorted(released.values())),
            keys=action.keys,
        )

    def _of(self, action: Action, result_id: str | None) -> Action | None:
        if action.kind.startswith("ooo_"):
            return self._entry(action, result_id)
        option_id = result_id or action.option_id
        attribute = self.state.attributes.get(str(action.attribute_id))
        held = list(self.held.get(str(action.attribute_id), {}).get(action.user_id or 0, ()))
        base = Action(
            0,
            "unassign",
            "undo",
            user_id=action.user_id,
            attribute_id=action.attribute_id,
            option_id=option_id,
            seen={"held": held},
            keys=action.keys,
        )
        if action.kind in {"assign", "assign_value"}:
            if option_id not in held:
                return self._lose(action, "changed_since")
            return replace(base, before={"value": action.after.get("value", "")})
        if action.kind == "unassign":
            if attribute is None or option_id not in attribute.options:
                return self._lose(action, "option_deleted")
            if attribute.attribute.weighted is not False:
                self._lose(action, "weight")
            own = {"not_ours": True} if action.own.get("foreign") else {}
            return replace(base, kind="assign", after=dict(action.before), own=own)
        if action.kind == "option_update":
            return self._rename_back(action, base)
        if action.kind == "option_create":
            return replace(
                base, kind="option_delete", user_id=None, before={"value": action.after["value"]}, seen={}
            )
        return self._lose(action, "option_deleted")

    def _rename_back(self, action: Action, base: Action) -> Action | None:
        """Give an option its old text back, after those who came to share it by this plan have left it."""
        attribute = self.state.attributes.get(str(action.attribute_id))
        holders = attribute.holders.get(str(action.option_id), set()) if attribute else set()
        released = self.released[str(action.option_id)]
        if holders - set(released) != {action.user_id}:
            return self._lose(action, "changed_since")
        value = action.before["value"]
        return replace(
            base,
            kind="option_update",
            before={"value": action.after["value"]},
            after={"value": value, "slug": slugify(value)},
            seen={**base.seen, "holders": sorted(holders)},
            depends_on=tuple(sorted(released.values())),
        )

    def _entry(self, action: Action, result_id: str | None) -> Action | None:
        ooo_id = action.ooo_id or int(result_id or 0)
        entry = self.state.entries.get(ooo_id)
        days = [one["start"] for one in (action.before, action.after) if one]
        if min(days) < self.today.isoformat():
            return self._lose(action, "past")
        base = Action(0, "ooo_delete", "undo", user_id=action.user_id, ooo_id=ooo_id, keys=action.keys)
        if action.kind == "ooo_delete":
            self._lose(action, "entry_id")
            overlapping = [
                one
                for one in self.state.entries_of(action.user_id or 0)
                if one.overlaps(
                    date.fromisoformat(action.before["start"]), date.fromisoformat(action.before["end"])
                )
            ]
            seen = {"entries": {str(one.id): one.shape() for one in overlapping}}
            return replace(base, kind="ooo_create", ooo_id=None, after=dict(action.before), seen=seen)
        expected = [action.after[name] for name in ("start", "end", "reason", "to_user_id")]
        if entry is None or entry.shape() != expected:
            return self._lose(action, "changed_since")
        now = {**dict(action.after), "notes": entry.notes}
        seen = {"entries": {str(entry.id): entry.shape()}}
        if action.kind == "ooo_create":
            return replace(base, before=now, seen=seen)
        return replace(base, kind="ooo_update", before=now, after=dict(action.before), seen=seen)

    def _lose(self, action: Action, code: str) -> Action | None:
        self.lost.append({"number": action.number, "code": code})
        return None


def _renumbered(actions: list[Action]) -> tuple[Action, ...]:
    """Number actions by their places; those that drop out take what depends on them along beforehand."""
    place = {one.number: number for number, one in enumerate(actions, start=1) if one.number}
    return numbered(
        [
            replace(one, number=number, depends_on=tuple(place.get(other, other) for other in one.depends_on))
            for number, one in enumerate(actions, start=1)
        ]
    )
