"""Read and write the few things of Cal.com that the write-back is about, by the cheapest routes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Protocol

from calcom_provider.hr.target.matching import CalUser
from calcom_provider.hr.target.state import (
    Attribute,
    AttributeState,
    CalState,
    OooEntry,
    Option,
    find_attribute,
)

SYNC_MARKS = ("createdByDSyncId", "updatedByDSyncId")


class Client(Protocol):
    """Describe what is needed of :class:`~calcom_provider.api.client.CalComClient`."""

    @property
    def organization_id(self) -> int | None:
        """Return the organisation's id."""

    def call(self, operation: str, /, *, confirm: Any = None, **parameters: Any) -> Any:
        """Return the data of an answer."""

    def rows(
        self, operation: str, /, *, concurrency: int | None = None, **parameters: Any
    ) -> Iterable[dict[str, Any]]:
        """Yield all rows of a list, proven complete."""


class Gateway:
    """Speak to one organisation.

    :param client: the API client.
    """

    def __init__(self, client: Client) -> None:
        self.client = client
        self.directory_sync_seen = False

    @property
    def organization_id(self) -> int:
        """Return the organisation's id."""
        return int(self.client.organization_id or 0)

    # -- reading the whole -----------------------------------------------------------------------------------

    def read_users(self) -> dict[int, CalUser]:
        """Read all members: memberships say who has accepted, users say who has a profile and which zone."""
        listed = {int(row["id"]): row for row in self._rows("org_users.list")}
        users: dict[int, CalUser] = {}
        for row in self._rows("org_memberships.list"):
            user_id = int(row["userId"])
            person, profile = row.get("user") or {}, listed.get(user_id)
            users[user_id] = CalUser(
                id=user_id,
                email=str((profile or person).get("email") or ""),
                time_zone=(profile or {}).get("timeZone"),
                accepted=bool(row.get("accepted")),
                has_profile=profile is not None,
                metadata=person.get("metadata") or (profile or {}).get("metadata") or {},
            )
        return users

    def read_attributes(self, names: Iterable[str]) -> dict[str, AttributeState]:
        """Read attributes with their options and holders: one list, then two calls an attribute.

        :param names: ids, slugs or names.
        :raises HrSettingsError: when a name fits none, several, or a disabled one.
        """
        known = self.list_attributes()
        found = (find_attribute(known, name) for name in names)
        return {one.id: self.read_attribute(one) for one in {one.id: one for one in found}.values()}

    def list_attributes(self) -> list[Attribute]:
        """Read the attributes of the organisation, without their options."""
        return [self._attribute(row) for row in self._rows("org_attributes.list")]

    def read_attribute(self, attribute: Attribute) -> AttributeState:
        """Read an attribute's options and holders.

        :param attribute: the attribute.
        """
        state = AttributeState(attribute)
        for row in self._rows("org_attribute_options.list", attributeId=attribute.id):
            option = _option(row)
            state.options[option.id] = option
        for row in self._rows("org_attribute_options.list_assigned", attributeId=attribute.id):
            option = _option(row)
            state.options.setdefault(option.id, option)
            # The contract says these ids are texts; the API sends numbers.
            state.holders[option.id] = {int(one) for one in row.get("assignedUserIds") or ()}
        return state

    def read_entries(self) -> dict[int, OooEntry]:
        """Read all out-of-office entries of the organisation."""
        return {one.id: one for one in map(OooEntry.from_row, self._rows("org_ooo.list"))}

    # -- looking at one thing --------------------------------------------------------------------------------

    def options_of_user(self, user_id: int) -> dict[str, tuple[str, str]]:
        """Read the options a user holds: attribute id and value by option id.

        :param user_id: the user.
        """
        rows = self._rows("org_attribute_options.list_for_user", userId=user_id)
        return {str(row["id"]): (str(row["attributeId"]), str(row["value"])) for row in rows}

    def options_of_attribute(self, attribute_id: str) -> dict[str, str]:
        """Read the options of an attribute: value by option id.

        :param attribute_id: the attribute.
        """
        rows = self._rows("org_attribute_options.list", attributeId=attribute_id)
        return {str(row["id"]): str(row["value"]) for row in rows}

    def holders_of_options(self, attribute_id: str) -> dict[str, set[int]]:
        """Read who holds the options of an attribute: user ids by option id.

        :param attribute_id: the attribute.
        """
        rows = self._rows("org_attribute_options.list_assigned", attributeId=attribute_id)
        return {str(row["id"]): {int(one) for one in row.get("assignedUserIds") or ()} for row in rows}

    def entries_of_user(self, user_id: int) -> dict[int, OooEntry]:
        """Read a user's out-of-office entries.

        :param user_id: the user.
        """
        rows = self._rows("org_user_ooo.list", userId=user_id)
        return {one.id: one for one in map(OooEntry.from_row, rows)}

    def check_access(self) -> None:
        """Ask for one row of a list that needs the role which the writes need.

        :raises CalComError: when the key may not see it any more, or the API is not there.
        """
        self.client.call("org_memberships.list", take=1)

    # -- writing ---------------------------------------------------------------------------------------------

    def assign(self, user_id: int, attribute_id: str, option_id: str) -> str:
        """Assign an existing option to a user and return the option's id.

        :param user_id: the user.
        :param attribute_id: the attribute.
        :param option_id: the option; the API does not check that it is one of the attribute's.
        """
        return self._assigned(userId=user_id, attributeId=attribute_id, attributeOptionId=option_id)

    def assign_value(self, user_id: int, attribute_id: str, value: str) -> str:
        """Assign a text or number, for which the API makes a new option each time; return that option's id.

        :param user_id: the user.
        :param attribute_id: the attribute.
        :param value: the text.
        """
        return self._assigned(userId=user_id, attributeId=attribute_id, value=value)

    def _assigned(self, **parameters: Any) -> str:
        row = self.client.call("org_attribute_options.assign", **parameters)
        self._watch(row)
        return str(row["attributeOptionId"])

    def unassign(self, user_id: int, option_id: str) -> None:
        """Take an option from a user.

        :param user_id: the user.
        :param option_id: the option.
        """
        self._watch(
            self.client.call("org_attribute_options.unassign", userId=user_id, attributeOptionId=option_id)
        )

    def create_option(self, attribute_id: str, value: str, slug: str) -> str:
        """Make an option of a select and return its id; the API accepts equal ones.

        :param attribute_id: the attribute.
        :param value: its text.
        :param slug: its slug.
        """
        row = self.client.call(
            "org_attribute_options.create", attributeId=attribute_id, value=value, slug=slug
        )
        return str(row["id"])

    def update_option(self, attribute_id: str, option_id: str, value: str, slug: str) -> None:
        """Change an option's text, for everybody who holds it.

        :param attribute_id: the attribute.
        :param option_id: the option.
        :param value: its new text.
        :param slug: its new slug.
        """
        self.client.call(
            "org_attribute_options.update",
            attributeId=attribute_id,
            optionId=option_id,
            value=value,
            slug=slug,
        )

    def delete_option(self, attribute_id: str, option_id: str) -> None:
        """Delete an option; its assignments go with it.

        :param attribute_id: the attribute.
        :param option_id: the option.
        """
        self.client.call(
            "org_attribute_options.delete", confirm=True, attributeId=attribute_id, optionId=option_id
        )

    def create_entry(self, user_id: int, after: Mapping[str, Any]) -> int:
        """Make an out-of-office entry and return its id.

        :param user_id: the user.
        :param after: days, reason, cover and notes.
        """
        body = {**_days(after), "reason": after["reason"], "notes": after.get("notes")}
        if after.get("to_user_id") is not None:
            body["toUserId"] = after["to_user_id"]
        return int(self.client.call("org_user_ooo.create", userId=user_id, **body)["id"])

    def update_entry(
        self, user_id: int, ooo_id: int, before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> None:
        """Change what differs of an out-of-office entry.

        Days are sent only when one of them changes, and then both: the API finds the entry itself when they
        are unchanged, and answers 409. A cover that stays is sent along with days, since the check against
        circular redirects looks only at what is sent.

        :param user_id: the user.
        :param ooo_id: the entry.
        :param before: what is there.
        :param after: what shall be there.
        """
        body: dict[str, Any] = {}
        if (before["start"], before["end"]) != (after["start"], after["end"]):
            body |= _days(after)
        if before["to_user_id"] != after["to_user_id"] or (body and after["to_user_id"] is not None):
            body["toUserId"] = after["to_user_id"]
        if before["reason"] != after["reason"]:
            body["reason"] = after["reason"]
        if "notes" in after and before.get("notes") != after["notes"]:
            body["notes"] = after["notes"]
        self.client.call("org_user_ooo.update", userId=user_id, oooId=ooo_id, **body)

    def delete_entry(self, user_id: int, ooo_id: int) -> None:
        """Delete an out-of-office entry.

        :param user_id: the user.
        :param ooo_id: the entry.
        """
        self.client.call("org_user_ooo.delete", userId=user_id, oooId=ooo_id)

    def _attribute(self, row: Mapping[str, Any]) -> Attribute:
        self._watch(row)
        return Attribute(
            id=str(row["id"]),
            name=str(row["name"]),
            slug=str(row["slug"]),
            type=row["type"],
            enabled=bool(row.get("enabled", True)),
            # Undocumented fields: an answer without them says nothing, which is not the same as no.
            locked=row.get("isLocked"),
            weighted=row.get("isWeightsEnabled"),
        )

    def _rows(self, operation: str, **parameters: Any) -> Iterable[dict[str, Any]]:
        # Pages fetched on suspicion would cost writes their budget, so they are asked for one after the other.
        return self.client.rows(operation, concurrency=1, **parameters)

    def _watch(self, row: Any) -> None:
        if isinstance(row, Mapping) and any(row.get(mark) for mark in SYNC_MARKS):
            self.directory_sync_seen = True


def read_state(gateway: Gateway, *, attributes: Iterable[str] = (), entries: bool = False) -> CalState:
    """Read what one run needs, once.

    :param gateway: the organisation.
    :param attributes: attributes to read, by id, slug or name.
    :param entries: whether to read out-of-office entries.
    """
    names = list(attributes)
    return CalState(
        organization_id=gateway.organization_id,
        users=gateway.read_users(),
        attributes=gateway.read_attributes(names) if names else {},
        entries=gateway.read_entries() if entries else {},
        directory_sync_seen=gateway.directory_sync_seen,
    )


def _option(row: Mapping[str, Any]) -> Option:
    return Option(
        id=str(row["id"]),
        value=str(row["value"]),
        is_group=bool(row.get("isGroup")),
        contains=tuple(str(one) for one in row.get("contains") or ()),
    )


def _days(after: Mapping[str, Any]) -> dict[str, str]:
    # Civil days as the edges of UTC days, unconverted: that is how Cal.com reads them back.
    first, last = date.fromisoformat(after["start"]), date.fromisoformat(after["end"])
    return {"start": f"{first.isoformat()}T00:00:00.000Z", "end": f"{last.isoformat()}T23:59:59.999Z"}
