"""Gather what the page of a plan shows: who changes from what to what, and what is not written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from calcom_provider.hr.errors import Issue
from calcom_provider.hr.ledger.plan_states import PLANNED
from calcom_provider.hr.ledger.record import Progress
from calcom_provider.hr.plan.model import Action, Plan
from calcom_provider.hr.plan.remedies import remedy
from calcom_provider.hr.review.names import Names
from calcom_provider.hr.review.totals import newly_out, value_of
from calcom_provider.hr.review.words import why_name

LEVELS = ("error", "warning", "info")


@dataclass(frozen=True, slots=True)
class Review:
    """Hold a plan with all that its page shows beside it.

    :param plan: the plan.
    :param status: its status in the ledger.
    :param names: what ids are called.
    :param progress: how far its actions came, by number.
    :param confirmations: who overrode which guards, and when.
    :param made_at: when it was made.
    :param forgotten: whether its values were removed after their retention.
    """

    plan: Plan
    status: str = PLANNED
    names: Names = field(default_factory=Names)
    progress: Mapping[int, Progress] = field(default_factory=dict)
    confirmations: Sequence[Mapping[str, Any]] = ()
    made_at: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    forgotten: bool = False


def page_data(review: Review) -> dict[str, Any]:
    """Return what the page's script shows, as JSON values.

    :param review: the plan and what is known about it.
    """
    return {
        "people": _people(review),
        "out": newly_out(review.plan.actions),
        "issues": _issues(review.plan.issues, review.names),
    }


def _people(review: Review) -> list[dict[str, Any]]:
    groups: dict[int | None, list[Action]] = defaultdict(list)
    for action in review.plan.actions:
        groups[action.user_id].append(action)
    found = [_person(review, user_id, actions) for user_id, actions in groups.items()]
    return sorted(found, key=lambda one: (one["id"] is None, one["name"].casefold(), one["id"] or 0))


def _person(review: Review, user_id: int | None, actions: Sequence[Action]) -> dict[str, Any]:
    names = review.names
    called = "Options themselves" if user_id is None else names.people.get(user_id) or f"User {user_id}"
    changes: list[dict[str, Any]] = []
    by_attribute: dict[str, dict[str, Any]] = {}
    for action in actions:
        if action.kind.startswith("ooo_"):
            changes.append(_entry(review, action))
            continue
        place = str(action.attribute_id) if user_id is not None else f"{action.attribute_id}:{action.number}"
        change = by_attribute.get(place)
        if change is None:
            change = by_attribute[place] = {
                "what": names.attribute(action.attribute_id),
                "before": [],
                "after": [],
            }
            changes.append(change)
        _add_value(review, change, action)
    return {
        "id": user_id,
        "name": called,
        "dept": names.departments.get(user_id or 0, ""),
        "keys": sorted({key for one in actions for key in one.keys}),
        "changes": changes,
    }


def _add_value(review: Review, change: dict[str, Any], action: Action) -> None:
    if action.kind in {"unassign", "option_update", "option_delete"}:
        change["before"].append(value_of(action, action.before, review.names))
    if action.kind not in {"unassign", "option_delete"}:
        change["after"].append(value_of(action, action.after, review.names))
    if action.kind == "unassign" and action.own.get("foreign"):
        change["foreign"] = True
    _add_state(review, change, action)


def _entry(review: Review, action: Action) -> dict[str, Any]:
    change: dict[str, Any] = {"what": "Out of office" if review.plan.kind == "undo" else ""}
    for side in ("before", "after"):
        extent = getattr(action, side)
        if extent.get("start"):
            change[f"{side}_days"] = [extent["start"], extent["end"]]
    notes = []
    if action.before and action.after:
        for name, called in (("reason", "reason"), ("to_user_id", "cover")):
            old, new = action.before.get(name), action.after.get(name)
            if old != new:
                notes.append(f"{called} {_called(review, name, old)} → {_called(review, name, new)}")
    elif action.after.get("to_user_id"):
        notes.append(f"cover {_called(review, 'to_user_id', action.after['to_user_id'])}")
    if notes:
        change["note"] = ", ".join(notes)
    _add_state(review, change, action)
    return change


def _called(review: Review, name: str, value: Any) -> str:
    if value is None:
        return "none"
    return review.names.people.get(value, f"user {value}") if name == "to_user_id" else str(value)


def _add_state(review: Review, change: dict[str, Any], action: Action) -> None:
    why = why_name(action.why)
    # An assignment that replaces another is told by what takes the place.
    if "why" not in change or action.why not in {"replaced"}:
        change["why"] = why
    progress = review.progress.get(action.number, Progress())
    if progress.status != PLANNED:
        told = progress.status + (f" ({progress.code})" if progress.code else "")
        change["state"] = told if change.get("state") in {None, told} else "partly"


def _issues(issues: Sequence[Issue], names: Names) -> list[dict[str, Any]]:
    groups: dict[tuple[str, str], list[Issue]] = defaultdict(list)
    for one in issues:
        groups[one.level, one.code].append(one)
    found = []
    for (level, code), group in sorted(
        groups.items(), key=lambda one: (LEVELS.index(one[0][0]), -len(one[1]), one[0][1])
    ):
        title, mend = remedy(code)
        rows = [
            {
                "row": one.row,
                "key": one.key or "",
                "column": one.column or "",
                "who": "" if one.user_id is None else names.people.get(one.user_id) or f"User {one.user_id}",
                "dept": names.departments.get(one.user_id or 0, ""),
                "days": list(one.days),
                "hint": names.options.get(one.hint, one.hint) if one.hint else "",
            }
            for one in group
        ]
        found.append({"level": level, "code": code, "title": title, "mend": mend, "rows": rows})
    return found
