"""Say whether what a plan saw still holds, apart from what the plan itself has written since."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import Any

from calcom_provider.hr.ledger import DONE, SENT, Progress
from calcom_provider.hr.plan import Plan
from calcom_provider.hr.state import CalState
from calcom_provider.hr.text import clean


def stale_actions(plan: Plan, progress: Mapping[int, Progress], state: CalState) -> set[int]:
    """Return the numbers of unsent actions whose precondition no longer holds, and of what needs them.

    Writes in the plan's own ledger are no change: what they touched is left out of the comparison.

    :param plan: the plan
    :param progress: how far its actions came
    :param state: what Cal.com holds now
    """
    check = _Check(plan, progress, state)
    stale: set[int] = set()
    for action in plan.actions:
        if progress.get(action.number, Progress()).status in {DONE, SENT}:
            continue
        if stale & set(action.depends_on) or not check.holds(action.number):
            stale.add(action.number)
    return stale


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
                and {str(one.id): one.shape() for one in now if str(one.id) not in touched} == seen
            )
        now_there = {key: self.state.entries.get(int(key)) for key in seen}
        return all(entry is not None and entry.shape() == seen[key] for key, entry in now_there.items())
