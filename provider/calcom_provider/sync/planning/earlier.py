"""What earlier runs left behind, by which the next one is estimated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from calcom_provider.api.catalogue.operations import resolve
from calcom_provider.api.paging.layout import layout_of
from calcom_provider.resources import registry
from calcom_provider.sync.reading.account import Account, page_counts
from calcom_provider.sync.reading.offers import Past, pasts

if TYPE_CHECKING:
    from calcom_provider.warehouse import ResourceState, Warehouse

Lists = Mapping[str, Sequence[int]]
"""Rows of the pages of each list, by the name of the list."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """Hold what earlier runs left behind.

    :param states: by resource.
    :param pages: by resource, how long the pages of each list were.
    :param offers: by resource, what was learnt of lists that are not offered everywhere.
    """

    states: Mapping[str, ResourceState] = field(default_factory=dict)
    pages: Mapping[str, Lists] = field(default_factory=dict)
    offers: Mapping[str, Past] = field(default_factory=dict)

    @classmethod
    def of(cls, warehouse: Warehouse, account: Account) -> Earlier:
        """Read it from the warehouse.

        :param warehouse: target of earlier runs.
        :param account: whose data is read.
        """
        states: dict[str, ResourceState] = {}
        for scope in account.scopes:
            states |= warehouse.states(scope)
        published = {name: state for name, state in states.items() if state.published_at is not None}
        offers = pasts(warehouse.facts(account.scopes[0]))
        return cls(published, page_counts(warehouse, account), offers)

    def rows(self, name: str) -> int | None:
        """Return how many rows a resource had that others are read over, None if that is not known.

        :param name: the resource.
        """
        if name not in self.pages:
            state = self.states.get(name)
            # A list that was empty may have left no page.
            return 0 if state is not None and state.rows == 0 and state.full_read_at is not None else None
        read = registry.get(name).read
        layout = layout_of(resolve(read.operation), read.parameters, read.page_size)
        return sum(layout.rows(counts) for counts in self.pages[name].values())
