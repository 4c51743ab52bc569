"""Say which lists tell, for few requests, that tables without a trigger have changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

#: Seconds between two looks: by default, and at least.
LOOK_EVERY, SHORTEST_LOOK_EVERY = 60.0, 30.0


@dataclass(frozen=True, slots=True)
class Part:
    """Name what a part of a list's rows tells of.

    :param resources: resources that are read again when it has changed.
    :param only: fields of a row that it consists of; empty for all but `but`.
    :param but: fields that it leaves out.
    """

    resources: tuple[str, ...]
    only: tuple[str, ...] = ()
    but: tuple[str, ...] = ()

    def of(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return the part of a row.

        :param row: as the API sent it.
        """
        names = self.only or [name for name in row if name not in self.but]
        return {name: row.get(name) for name in names}


@dataclass(frozen=True, slots=True)
class ListCheck:
    """Say how a list is looked at.

    :param operation: short name of the list.
    :param page: rows of its largest page.
    :param parts: what it tells of.
    """

    operation: str
    page: int
    parts: tuple[Part, ...]


CHECKS: tuple[ListCheck, ...] = (
    ListCheck("org_ooo.list", 250, (Part(("ooo_entries",)),)),
    ListCheck(
        "org_memberships.list",
        250,
        (
            Part(("memberships",), but=("user", "attributes")),
            # Shown with every membership, though of most kinds of attributes one value only.
            Part(("attribute_options", "attribute_assignments"), only=("id", "attributes")),
        ),
    ),
    ListCheck("org_attributes.list", 250, (Part(("attributes",)),)),
    ListCheck("org_users.list", 1000, (Part(("users",)),)),
    ListCheck("org_teams.list", 250, (Part(("teams",)),)),
)
"""The lists that are worth a look: one request for a page of rows, and no list for every team or attribute."""

CHECKED: tuple[str, ...] = tuple(
    resource for check in CHECKS for part in check.parts for resource in part.resources
)
"""All resources that a look can tell of."""


@dataclass(frozen=True, slots=True)
class Look:
    """Hold what a look at a part of a list saw.

    :param rows: how many rows the list had.
    :param skip: place from which on they were looked at; 0 for a list that was seen whole.
    :param fingerprint: digest of what was seen, which tells nothing of it.
    """

    rows: int
    skip: int
    fingerprint: str


class LookMemory(Protocol):
    """Remember what the last look saw; the store of events does."""

    def looks(self, organization_id: int) -> Mapping[str, Look]:
        """Return the last looks, by the first resource of their part.

        :param organization_id: at whose lists.
        """

    def keep_looks(self, organization_id: int, looks: Mapping[str, Look]) -> None:
        """Remember looks.

        :param organization_id: at whose lists.
        :param looks: by the first resource of their part.
        """


def named(resources: Sequence[str]) -> list[str]:
    """Return resources that are among :data:`CHECKED`, each once.

    :param resources: names; empty for all.
    :raises ValueError: for one that no look tells of.
    """
    wrong = sorted(set(resources) - set(CHECKED))
    if wrong:
        raise ValueError(
            f"No cheap check tells whether {', '.join(wrong)} changed; those that one tells of: {', '.join(CHECKED)}."
        )
    return [name for name in CHECKED if name in resources or not resources]
