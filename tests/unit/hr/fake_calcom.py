"""A small Cal.com in memory with the rules that matter to a write-back, and a way to lose requests.

It stands where :class:`~calcom_provider.hr.target.gateway.Gateway` stands. Everything a read returns is a copy.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from types import SimpleNamespace
from typing import Any

from calcom_provider.api.errors import (
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
    UnclearOutcomeError,
)
from calcom_provider.hr.target.matching import CalUser
from calcom_provider.hr.target.state import Attribute, AttributeState, OooEntry, Option, find_attribute

READS = ("options_of_user", "options_of_attribute", "holders_of_options", "entries_of_user")


class CutError(BaseException):
    """The process dies here."""


@dataclass
class FakeCalcom:
    organization_id: int = 901
    users: dict[int, CalUser] = field(default_factory=dict)
    attributes: dict[str, AttributeState] = field(default_factory=dict)
    entries: dict[int, OooEntry] = field(default_factory=dict)
    directory_sync_seen: bool = False
    writes: list[tuple[Any, ...]] = field(default_factory=list)
    before: Callable[[int], None] = lambda number: None
    after: Callable[[int], None] = lambda number: None
    access: Callable[[], None] = lambda: None
    next_id: int = 10_000

    def __post_init__(self) -> None:
        self.client = SimpleNamespace(stats=SimpleNamespace(requests=0))

    # -- building ----------

    def add_user(self, user_id: int, email: str | None = None, **more: Any) -> CalUser:
        user = CalUser(
            user_id, email or f"user{user_id}@example.com", **({"time_zone": "Europe/Berlin"} | more)
        )
        self.users[user_id] = user
        return user

    def add_attribute(self, name: str, kind: Any, options: Any = (), **more: Any) -> AttributeState:
        flags = {"locked": False, "weighted": False} | more
        attribute = Attribute(f"a-{name}", name, name.lower(), kind, **flags)
        state = self.attributes[attribute.id] = AttributeState(attribute)
        for value in options:
            state.options[f"o-{value}"] = Option(f"o-{value}", value)
        return state

    def add_entry(self, user_id: int, start: str, end: str, **more: Any) -> OooEntry:
        entry = OooEntry(self._id(), user_id, date.fromisoformat(start), date.fromisoformat(end), **more)
        self.entries[entry.id] = entry
        return entry

    def hold(self, user_id: int, option_id: str) -> None:
        self._of_option(option_id).holders[option_id].add(user_id)

    def _id(self) -> int:
        self.next_id += 1
        return self.next_id

    def _of_option(self, option_id: str) -> AttributeState:
        return next(one for one in self.attributes.values() if option_id in one.options)

    # -- reading the whole ----------

    def read_users(self) -> dict[int, CalUser]:
        return dict(self.users)

    def read_attributes(self, names: Any) -> dict[str, AttributeState]:
        known = [one.attribute for one in self.attributes.values()]
        found = [find_attribute(known, name) for name in names]
        return {one.id: copy.deepcopy(self.attributes[one.id]) for one in found}

    def read_entries(self) -> dict[int, OooEntry]:
        shown = {user.id for user in self.users.values() if user.has_profile}
        return {key: one for key, one in self.entries.items() if one.user_id in shown}

    # -- looking ----------

    def options_of_user(self, user_id: int) -> dict[str, tuple[str, str]]:
        return {
            option_id: (state.attribute.id, state.options[option_id].value)
            for state in self.attributes.values()
            for option_id in state.held_by(user_id)
        }

    def options_of_attribute(self, attribute_id: str) -> dict[str, str]:
        return {key: one.value for key, one in self.attributes[attribute_id].options.items()}

    def holders_of_options(self, attribute_id: str) -> dict[str, set[int]]:
        return {key: set(users) for key, users in self.attributes[attribute_id].holders.items() if users}

    def entries_of_user(self, user_id: int) -> dict[int, OooEntry]:
        self._has_profile(user_id)
        return {key: one for key, one in self.entries.items() if one.user_id == user_id}

    def check_access(self) -> None:
        self.access()

    # -- writing ----------

    def _write(self, effect: Callable[[], Any], *what: Any) -> Any:
        number = len(self.writes) + 1
        self.writes.append(what)
        self.before(number)
        result = effect()
        self.after(number)
        return result

    def assign(self, user_id: int, attribute_id: str, option_id: str) -> str:
        def effect() -> str:
            self._accepted(user_id)
            holders = self._of_option(option_id).holders[option_id]
            if user_id in holders:
                raise ConflictError("exists", status=409)
            holders.add(user_id)
            return option_id

        return self._write(effect, "assign", user_id, option_id)

    def assign_value(self, user_id: int, attribute_id: str, value: str) -> str:
        def effect() -> str:
            self._accepted(user_id)
            state = self.attributes[attribute_id]
            if state.attribute.is_select:
                raise InvalidRequestError("Attribute type does not support value", status=400)
            option_id = f"v-{self._id()}"
            state.options[option_id] = Option(option_id, value)
            state.holders[option_id].add(user_id)
            return option_id

        return self._write(effect, "assign_value", user_id, attribute_id, value)

    def unassign(self, user_id: int, option_id: str) -> None:
        def effect() -> None:
            if option_id not in self.options_of_user(user_id):
                raise NotFoundError("not assigned", status=404)
            self._of_option(option_id).holders[option_id].discard(user_id)

        self._write(effect, "unassign", user_id, option_id)

    def create_option(self, attribute_id: str, value: str, slug: str) -> str:
        def effect() -> str:
            assert slug
            option_id = f"c-{self._id()}"
            self.attributes[attribute_id].options[option_id] = Option(option_id, value)
            return option_id

        return self._write(effect, "create_option", attribute_id, value)

    def update_option(self, attribute_id: str, option_id: str, value: str, slug: str) -> None:
        def effect() -> None:
            state = self.attributes[attribute_id]
            state.options[option_id] = replace(state.options[option_id], value=value)

        self._write(effect, "update_option", option_id, value)

    def delete_option(self, attribute_id: str, option_id: str) -> None:
        def effect() -> None:
            state = self.attributes[attribute_id]
            if state.options.pop(option_id, None) is None:
                raise NotFoundError("gone", status=404)
            state.holders.pop(option_id, None)

        self._write(effect, "delete_option", option_id)

    def create_entry(self, user_id: int, after: Any) -> int:
        def effect() -> int:
            self._has_profile(user_id)
            entry = self._entry(0, user_id, after)
            self._check(entry, None)
            made = replace(entry, id=self._id())
            self.entries[made.id] = made
            return made.id

        return self._write(effect, "create_entry", user_id, after["start"], after["end"])

    def update_entry(self, user_id: int, ooo_id: int, before: Any, after: Any) -> None:
        def effect() -> None:
            old = self._owned_entry(user_id, ooo_id)
            new = self._entry(ooo_id, user_id, {"notes": old.notes, **after})
            if (before["start"], before["end"]) != (after["start"], after["end"]):
                self._check(new, None)
            self.entries[ooo_id] = new

        self._write(effect, "update_entry", user_id, ooo_id, after["start"], after["end"])

    def delete_entry(self, user_id: int, ooo_id: int) -> None:
        def effect() -> None:
            self._owned_entry(user_id, ooo_id)
            del self.entries[ooo_id]

        self._write(effect, "delete_entry", user_id, ooo_id)

    # -- rules ----------

    def _accepted(self, user_id: int) -> None:
        if user_id not in self.users or not self.users[user_id].accepted:
            raise NotFoundError("User is not a member of the organization", status=404)

    def _has_profile(self, user_id: int) -> None:
        if user_id not in self.users or not self.users[user_id].has_profile:
            raise PermissionDeniedError(
                f"IsUserInOrg - user with id={user_id} is not part of the organization with id=901.",
                status=403,
            )

    def _owned_entry(self, user_id: int, ooo_id: int) -> OooEntry:
        self._has_profile(user_id)
        entry = self.entries.get(ooo_id)
        if entry is None or entry.user_id != user_id:
            raise PermissionDeniedError("This OOO entry does not belong to this user.", status=403)
        return entry

    @staticmethod
    def _entry(ooo_id: int, user_id: int, after: Any) -> OooEntry:
        return OooEntry(
            ooo_id,
            user_id,
            date.fromisoformat(after["start"]),
            date.fromisoformat(after["end"]),
            after["reason"],
            after["to_user_id"],
            after.get("notes"),
        )

    def _check(self, entry: OooEntry, _: None) -> None:
        if entry.start > entry.end:
            raise InvalidRequestError("start after end", status=400)
        for other in self.entries.values():
            if not other.overlaps(entry.start, entry.end) or other.id == entry.id:
                continue
            back = other.to_user_id == entry.user_id
            if back and (entry.to_user_id is None or other.user_id == entry.to_user_id):
                raise InvalidRequestError("Booking redirect infinite not allowed.", status=400)
        # The check for an exact duplicate finds the entry itself, too.
        if any(
            (one.user_id, one.start, one.end) == (entry.user_id, entry.start, entry.end)
            for one in self.entries.values()
        ):
            raise ConflictError("Ooo entry already exists.", status=409)

    # -- comparing ----------

    def picture(self) -> Any:
        """Everything that matters, without the ids that a run gives."""
        held = sorted(
            (user_id, state.attribute.id, state.options[option_id].value)
            for state in self.attributes.values()
            for option_id, users in state.holders.items()
            for user_id in users
        )
        options = sorted(
            (state.attribute.id, one.value)
            for state in self.attributes.values()
            for one in state.options.values()
        )
        entries = sorted(
            (one.user_id, *map(str, one.shape()), one.notes or "") for one in self.entries.values()
        )
        return held, options, entries


def cut_at(number: int, when: str) -> dict[str, Callable[[int], None]]:
    """Die before or after the effect of one write."""

    def die(now: int) -> None:
        if now == number:
            raise CutError

    return {when: die}


def lose_at(number: int) -> dict[str, Callable[[int], None]]:
    """Lose the answer of one write after its effect."""

    def lose(now: int) -> None:
        if now == number:
            raise UnclearOutcomeError("lost")

    return {"after": lose}
