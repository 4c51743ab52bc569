"""Hold what Cal.com said when it was read: users, attributes with their holders, out-of-office entries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from calcom_provider.hr.errors import HrSettingsError
from calcom_provider.hr.sources.text import fold
from calcom_provider.hr.target.matching import CalUser

AttributeType = Literal["TEXT", "NUMBER", "SINGLE_SELECT", "MULTI_SELECT"]


@dataclass(frozen=True, slots=True)
class Option:
    """Describe an option of an attribute.

    :param id: option id.
    :param value: its text.
    :param is_group: whether it stands for other options.
    :param contains: options that a group stands for.
    """

    id: str
    value: str
    is_group: bool = False
    contains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attribute:
    """Describe an attribute.

    :param id: attribute id.
    :param name: its name.
    :param slug: its slug.
    :param type: its type.
    :param enabled: whether it is in use.
    :param locked: whether a directory overwrites it; None when the answer does not say.
    :param weighted: whether its assignments carry weights; None when the answer does not say.
    """

    id: str
    name: str
    slug: str
    type: AttributeType
    enabled: bool = True
    locked: bool | None = None
    weighted: bool | None = None

    @property
    def is_select(self) -> bool:
        """Say whether its options are chosen from a list."""
        return self.type in {"SINGLE_SELECT", "MULTI_SELECT"}


@dataclass(slots=True)
class AttributeState:
    """Hold an attribute with its options and who holds them.

    :param attribute: the attribute.
    :param options: its options by id.
    :param holders: user ids by option id.
    """

    attribute: Attribute
    options: dict[str, Option] = field(default_factory=dict)
    holders: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))

    def held_by(self, user_id: int) -> tuple[str, ...]:
        """Return the options a user holds, in the order of their ids.

        :param user_id: the user.
        """
        return tuple(sorted(one for one, users in self.holders.items() if user_id in users))

    def by_user(self) -> dict[int, tuple[str, ...]]:
        """Return the options of every user that holds any."""
        found: dict[int, list[str]] = defaultdict(list)
        for option_id in sorted(self.holders):
            for user_id in self.holders[option_id]:
                found[user_id].append(option_id)
        return {user_id: tuple(options) for user_id, options in found.items()}


@dataclass(frozen=True, slots=True)
class OooEntry:
    """Describe an out-of-office entry by its civil days.

    :param id: entry id.
    :param user_id: who is away.
    :param start: first day.
    :param end: last day.
    :param reason: reason word.
    :param to_user_id: who covers.
    :param notes: its notes, for finding our marker; never shown.
    """

    id: int
    user_id: int
    start: date
    end: date
    reason: str = "unspecified"
    to_user_id: int | None = None
    notes: str | None = field(default=None, repr=False)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> OooEntry:
        """Read a row of the API; its instants are edges of UTC days that mean civil days.

        :param row: one entry as the API lists it.
        """
        return cls(
            id=int(row["id"]),
            user_id=int(row["userId"]),
            start=date.fromisoformat(str(row["start"])[:10]),
            end=date.fromisoformat(str(row["end"])[:10]),
            reason=row.get("reason") or "unspecified",
            to_user_id=row.get("toUserId"),
            notes=row.get("notes"),
        )

    def overlaps(self, start: date, end: date) -> bool:
        """Say whether any day is shared.

        :param start: first day.
        :param end: last day.
        """
        return self.start <= end and start <= self.end

    def shape(self) -> list[Any]:
        """Return what a precondition compares: days, reason and cover, no notes."""
        return [self.start.isoformat(), self.end.isoformat(), self.reason, self.to_user_id]


@dataclass(slots=True)
class CalState:
    """Hold everything one run read.

    :param organization_id: the organisation.
    :param users: users by id, pending ones included.
    :param attributes: attribute states by id; only those a run asked for hold options.
    :param entries: entries by id.
    :param directory_sync_seen: whether a row carried the mark of a directory sync.
    """

    organization_id: int
    users: dict[int, CalUser] = field(default_factory=dict)
    attributes: dict[str, AttributeState] = field(default_factory=dict)
    entries: dict[int, OooEntry] = field(default_factory=dict)
    directory_sync_seen: bool = False

    def entries_of(self, user_id: int) -> list[OooEntry]:
        """Return a user's entries, by their ids.

        :param user_id: the user.
        """
        return [one for _, one in sorted(self.entries.items()) if one.user_id == user_id]

    def entries_by_user(self) -> dict[int, list[OooEntry]]:
        """Return the entries of every user that has any, by their ids."""
        found: dict[int, list[OooEntry]] = defaultdict(list)
        for _, entry in sorted(self.entries.items()):
            found[entry.user_id].append(entry)
        return found


def find_attribute(attributes: Iterable[Attribute], name: str) -> Attribute:
    """Find an attribute by id, slug, or name without regard to case.

    :param attributes: the organisation's attributes.
    :param name: what the settings call it.
    :raises HrSettingsError: when none or several fit, or the one that fits is disabled.
    """
    known = list(attributes)
    for fits in (
        lambda one: one.id == name,
        lambda one: one.slug == name,
        lambda one: fold(one.name) == fold(name),
    ):
        hits = [one for one in known if fits(one)]
        if len(hits) > 1:
            raise HrSettingsError(
                f"attribute {name!r}: several attributes have this name; give the id or slug"
            )
        if hits:
            if not hits[0].enabled:
                raise HrSettingsError(f"attribute {name!r} is disabled in Cal.com")
            return hits[0]
    raise HrSettingsError(f"attribute {name!r}: the organisation has none of this id, slug or name")
