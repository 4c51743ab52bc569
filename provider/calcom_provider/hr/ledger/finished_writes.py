"""Turn finished writes into what is ours: pairs, options, entries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from calcom_provider.hr.ledger.erasure import end_ownership
from calcom_provider.hr.ledger.tables import ASSIGNMENTS, ENTRIES, OPTIONS, REQUESTS
from calcom_provider.hr.plan.model import Action, Plan


def take_over(run: Any, plan: Plan, action: Action, state: Any) -> None:
    """Record what a finished write makes ours, or ends being ours.

    :param run: runs statements inside the transaction.
    :param plan: the plan.
    :param action: the write.
    :param state: its :class:`~calcom_provider.hr.ledger.record.Progress`.
    """
    mine = {"organization_id": plan.organization_id, "namespace": plan.namespace}
    result = state.result_id or action.option_id
    if action.kind in {"assign", "assign_value", "option_update"} and not action.own.get("not_ours"):
        key = {"user_id": action.user_id, "option_id": result}
        _put(run, ASSIGNMENTS, mine | key, {"attribute_id": action.attribute_id, "unclear": state.unclear})
    if action.kind in {"assign_value", "option_create"}:
        values = {"attribute_id": action.attribute_id, "unclear": state.unclear}
        _put(run, OPTIONS, mine | {"option_id": result}, values)
    end_ownership(run, mine, action)
    if action.kind == "unassign":
        _drop(run, ASSIGNMENTS, mine | {"user_id": action.user_id, "option_id": action.option_id})
    if action.kind == "option_delete":
        _drop(run, ASSIGNMENTS, mine | {"option_id": action.option_id})
        _drop(run, OPTIONS, mine | {"option_id": action.option_id})
    if action.kind.startswith("ooo_"):
        _take_over_entry(run, mine | {"ooo_id": action.ooo_id or int(state.result_id or 0)}, action, state)


def _take_over_entry(run: Any, key: Mapping[str, Any], action: Action, state: Any) -> None:
    _drop(run, REQUESTS, key)
    behind = action.own.get("behind", {})
    if action.kind == "ooo_delete" or (action.kind == "ooo_own" and not behind):
        _drop(run, ENTRIES, key)
        return
    _put(run, ENTRIES, key, _entry_values(action, state))
    if behind:
        run(sa.insert(REQUESTS), [{**key, "request": name, **content} for name, content in behind.items()])


def _entry_values(action: Action, state: Any) -> dict[str, Any]:
    return {
        "user_id": action.user_id,
        "start_day": action.after["start"],
        "end_day": action.after["end"],
        "reason": action.after["reason"],
        "to_user_id": action.after["to_user_id"],
        "wish": "",  # release 0.1.0 compared by it
        "requests": " ".join(sorted(action.own.get("behind", ()))),
        "unclear": state.unclear,
    }


def _put(run: Any, table: sa.Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    changed = run(sa.update(table).where(*_equal(table, key)).values(**values))
    if not changed and not run(sa.select(table).where(*_equal(table, key))):
        # MySQL counts only rows whose values differ, so a row may be there although none was changed.
        run(sa.insert(table), [{**key, **values}])


def _drop(run: Any, table: sa.Table, key: Mapping[str, Any]) -> None:
    run(sa.delete(table).where(*_equal(table, key)))


def _equal(table: sa.Table, key: Mapping[str, Any]) -> Iterable[Any]:
    return [table.c[name] == value for name, value in key.items()]
