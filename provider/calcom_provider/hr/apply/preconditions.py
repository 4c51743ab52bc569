"""Say whether what a plan saw still holds, apart from what the plan itself has written since."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from calcom_provider.hr.ledger.plan_states import DONE, SENT
from calcom_provider.hr.ledger.record import Progress
from calcom_provider.hr.plan.model import Action, Plan
from calcom_provider.hr.sources.text import clean
from calcom_provider.hr.target.state import CalState


def stale_actions(
    plan: Plan, progress: Mapping[int, Progress], state: CalState, today: date | None = None
) -> set[int]:
    """Return the numbers of unsent actions whose precondition no longer holds, and of what needs them.

    Writes in the plan's own ledger are no change: what they touched is left out of the comparison.

    :param plan: the plan.
    :param progress: how far its actions came.
    :param state: what Cal.com holds now.
    :param today: the day that is today for the organisation; a write that would take days before it from
        anybody, or make an entry that is over, does not hold. None where nothing is about days.
    """
    check = _Check(plan, progress, state)
    stale: set[int] = set()
    for action in plan.actions:
        if progress.get(action.number, Progress()).status in {DONE, SENT}:
            continue
        late = today is not None and _changes_past(action, today.isoformat())
        if late or stale & set(action.depends_on) or not check.holds(action.number):
            stale.add(action.number)
    return stale


def _changes_past(action: Action, today: str) -> bool:
    before, after = action.before, action.after
    if action.kind == "ooo_create":
        return str(after["end"]) < today
    if action.kind not in {"ooo_update", "ooo_delete"} or str(before["start"]) >= today:
        return False
    # ISO dates sort as days do. An entry that has begun may end yesterday, not before.
    yesterday = (date.fromisoformat(today) - timedelta(days=1)).isoformat()
    ends = min(str(before["end"]), yesterday)
    return not after or str(after["start"]) > str(before["start"]) or str(after["end"]) < ends


class _Check:
    def __init__(self, plan: Plan, progress: Mapping[int, Progress], state: CalState) -> None:
        self.plan = plan
        self.state = state
        self.held = {name: one.by_user() for name, one in state.attributes.items()}
        self.entries = state.entries_by_user()
        self.touched: dict[Any, set[str]] = defaultdict(set)
        for action in plan.actions:
            known = progress.get(action.number, Progress())
            if known.status not in {DONE, SENT}:
                continue
            made = {str(one) for one in (action.option_id, action.ooo_id, known.result_id) if one}
            self.touched[action.user_id, action.attribute_id] |= made
            self.touched[action.attribute_id] |= made

    def holds(self, number: int) -> bool:
        action = self.plan.actions[number - 1]
        if action.kind.startswith("ooo_"):
            return self._entries_hold(action)
        attribute = self.state.attributes.get(str(action.attribute_id))
        if attribute is None or not attribute.attribute.enabled or attribute.attribute.locked:
            return False
        option = attribute.options.get(str(action.option_id))
        touched = self.touched[action.user_id, action.attribute_id]
        if action.kind == "option_create":
            wanted = clean(action.after["value"])
            same = {one.id for one in attribute.options.values() if clean(one.value) == wanted}
            return same - self.touched[action.attribute_id] <= set(action.seen["options"])
        if action.kind == "option_delete":
            return option is not None and option.value == action.before["value"]
        user = self.state.users.get(action.user_id or 0)
        held = set(self.held[attribute.attribute.id].get(action.user_id or 0, ()))
        if user is None or not user.accepted or (held ^ set(action.seen["held"])) - touched:
            return False
        if action.kind == "option_update":
            holders = attribute.holders.get(str(action.option_id), set())
            return (
                option is not None
                and option.value == action.before["value"]
                and holders == set(action.seen["holders"])
            )
        return action.option_id is None or bool(action.depends_on) or option is not None

    def _entries_hold(self, action: Any) -> bool:
        touched = self.touched[action.user_id, None]
        seen = {key: shape for key, shape in action.seen["entries"].items() if key not in touched}
        if action.kind == "ooo_create":
            start, end = date.fromisoformat(action.after["start"]), date.fromisoformat(action.after["end"])
            now = [one for one in self.entries.get(action.user_id, ()) if one.overlaps(start, end)]
            user = self.state.users.get(action.user_id)
            return (
                user is not None
                and user.accepted
                and user.has_profile
                and {str(one.id): one.shape() for one in now if str(one.id) not in touched} == seen
            )
        now_there = {key: self.state.entries.get(int(key)) for key in seen}
        return all(entry is not None and entry.shape() == seen[key] for key, entry in now_there.items())
