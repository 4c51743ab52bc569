"""Carry out single writes, and find out whether one whose answer was lost has landed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from calcom_provider.hr.errors import HrError
from calcom_provider.hr.plan.model import Action
from calcom_provider.hr.sources.text import clean
from calcom_provider.hr.target.gateway import Gateway


class StaleActionError(HrError):
    """Say that the last look before a write showed that it must not be made."""


def send(gateway: Gateway, action: Action, option_id: str | None) -> str | None:
    """Make one write and return the id of what it made.

    :param gateway: the organisation.
    :param action: the write.
    :param option_id: the option, which an earlier write of the plan may have made.
    :raises CalComError: as the API answers.
    :raises StaleActionError: for an option to be removed or edited that somebody else holds by now.
    """
    return _SEND[action.kind](gateway, action, option_id)


def landed(gateway: Gateway, action: Action, option_id: str | None, taken: frozenset[str]) -> str | None:
    """Look whether a write took effect; return the id of what it made, an empty text where it made nothing.

    :param gateway: the organisation.
    :param action: the write.
    :param option_id: the option, which an earlier write of the plan may have made.
    :param taken: ids that are the work of other writes.
    """
    return _LOOK[action.kind](gateway, action, option_id, taken)


def _send_delete_option(gateway: Gateway, action: Action, option_id: str | None) -> None:
    attribute_id, gone = str(action.attribute_id), str(option_id)
    # Deleting takes all assignments along: look once more who holds it.
    if gateway.holders_of_options(attribute_id).get(gone):
        raise StaleActionError("the option has a holder again")
    gateway.delete_option(attribute_id, gone)


def _send_update_option(gateway: Gateway, action: Action, option_id: str | None) -> None:
    attribute_id, edited = str(action.attribute_id), str(option_id)
    # A new text is everybody's who holds the option: look once more whether somebody came to hold it since.
    if gateway.holders_of_options(attribute_id).get(edited, set()) - {action.user_id}:
        raise StaleActionError("somebody else holds the option now")
    gateway.update_option(attribute_id, edited, action.after["value"], action.after["slug"])


_SEND: Mapping[str, Callable[[Gateway, Action, str | None], Any]] = {
    "assign": lambda to, one, option: to.assign(one.user_id or 0, str(one.attribute_id), str(option)),
    "assign_value": lambda to, one, _: to.assign_value(
        one.user_id or 0, str(one.attribute_id), one.after["value"]
    ),
    "unassign": lambda to, one, option: to.unassign(one.user_id or 0, str(option)),
    "option_create": lambda to, one, _: to.create_option(
        str(one.attribute_id), one.after["value"], one.after["slug"]
    ),
    "option_update": _send_update_option,
    "option_delete": _send_delete_option,
    "ooo_create": lambda to, one, _: str(to.create_entry(one.user_id or 0, one.after)),
    "ooo_update": lambda to, one, _: to.update_entry(
        one.user_id or 0, one.ooo_id or 0, one.before, one.after
    ),
    "ooo_delete": lambda to, one, _: to.delete_entry(one.user_id or 0, one.ooo_id or 0),
    "ooo_own": lambda to, one, _: None,
}


def _look_assign(
    gateway: Gateway, action: Action, option_id: str | None, taken: frozenset[str]
) -> str | None:
    return option_id if option_id in gateway.options_of_user(action.user_id or 0) else None


def _look_value(gateway: Gateway, action: Action, option_id: str | None, taken: frozenset[str]) -> str | None:
    known = set(action.seen.get("held", ())) | taken
    held = gateway.options_of_user(action.user_id or 0)
    return _first(
        one
        for one, (attribute_id, value) in held.items()
        if attribute_id == action.attribute_id and value == action.after["value"] and one not in known
    )


def _look_unassign(
    gateway: Gateway, action: Action, option_id: str | None, taken: frozenset[str]
) -> str | None:
    return None if option_id in gateway.options_of_user(action.user_id or 0) else ""


def _look_option(
    gateway: Gateway, action: Action, option_id: str | None, taken: frozenset[str]
) -> str | None:
    known = set(action.seen.get("options", ())) | taken
    options = gateway.options_of_attribute(str(action.attribute_id))
    wanted = clean(action.after["value"])
    return _first(one for one, value in options.items() if clean(value) == wanted and one not in known)


def _look_update(
    gateway: Gateway, action: Action, option_id: str | None, taken: frozenset[str]
) -> str | None:
    value = gateway.options_of_attribute(str(action.attribute_id)).get(str(option_id))
    return "" if value == action.after["value"] else None


def _look_deleted(
    gateway: Gateway, action: Action, option_id: str | None, taken: frozenset[str]
) -> str | None:
    return None if str(option_id) in gateway.options_of_attribute(str(action.attribute_id)) else ""


def _look_entry(gateway: Gateway, action: Action, option_id: str | None, taken: frozenset[str]) -> str | None:
    known = set(action.seen.get("entries", {})) | taken
    wanted = [action.after[name] for name in ("start", "end", "reason", "to_user_id")]
    return _first(
        str(one.id)
        for one in gateway.entries_of_user(action.user_id or 0).values()
        if one.shape() == wanted and one.notes == action.after.get("notes") and str(one.id) not in known
    )


def _look_moved(gateway: Gateway, action: Action, option_id: str | None, taken: frozenset[str]) -> str | None:
    entry = gateway.entries_of_user(action.user_id or 0).get(action.ooo_id or 0)
    wanted = [action.after[name] for name in ("start", "end", "reason", "to_user_id")]
    return "" if entry is not None and entry.shape() == wanted else None


def _look_gone(gateway: Gateway, action: Action, option_id: str | None, taken: frozenset[str]) -> str | None:
    return None if action.ooo_id in gateway.entries_of_user(action.user_id or 0) else ""


def _first(ids: Any) -> str | None:
    return min(ids, default=None)


_LOOK: Mapping[str, Callable[[Gateway, Action, str | None, frozenset[str]], str | None]] = {
    "assign": _look_assign,
    "assign_value": _look_value,
    "unassign": _look_unassign,
    "option_create": _look_option,
    "option_update": _look_update,
    "option_delete": _look_deleted,
    "ooo_create": _look_entry,
    "ooo_update": _look_moved,
    "ooo_delete": _look_gone,
    "ooo_own": lambda gateway, action, option_id, taken: "",
}
