"""Put out-of-office writes in the order Cal.com accepts.

Its check against circular redirects looks, for an entry without a cover, at every entry that redirects to the
person. So redirects to somebody who goes away themselves are taken back first, plain entries of people who
cover come before the entries that redirect to them, and removals come last so that nobody is bookable in
between. What changes only the ledger follows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from calcom_provider.hr.plan.model import Action
from calcom_provider.hr.target.state import CalState


def in_write_order(drafts: Iterable[Action], state: CalState) -> list[Action]:
    """Sort and number the writes.

    :param drafts: the writes of everybody.
    :param state: what Cal.com holds.
    """
    actions = list(drafts)
    going_away = {one.user_id for one in actions if one.kind in {"ooo_create", "ooo_update"}}
    covering = {one.after.get("to_user_id") for one in actions}
    covering |= {entry.to_user_id for entry in state.entries.values()}

    def place(action: Action) -> tuple[int, bool, int, str, int]:
        covers = action.user_id in covering
        return (
            _phase(action, going_away),
            not covers,
            action.user_id or 0,
            str(action.after.get("start", "")),
            action.ooo_id or 0,
        )

    ordered = sorted(actions, key=place)
    return [replace(action, number=number) for number, action in enumerate(ordered, start=1)]


def _phase(action: Action, going_away: set[int | None]) -> int:
    if action.kind == "ooo_own":
        return 5
    redirects_to = action.before.get("to_user_id")
    if action.kind == "ooo_update":
        return 0 if redirects_to is not None and action.after.get("to_user_id") != redirects_to else 1
    if action.kind == "ooo_create":
        return 2 if action.after.get("to_user_id") is None else 3
    return 0 if redirects_to is not None and redirects_to in going_away else 4
