"""Whose data a run reads: an organisation's, or that of a single account."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.resources import registry
from calcom_provider.resources.errors import SchemaChangedError
from calcom_provider.resources.model import Resource

if TYPE_CHECKING:
    from calcom_provider.api.client import CalComClient
    from calcom_provider.warehouse import Load, Warehouse

_NEEDS_PROFILE = ("all", "group:account", "group:platform")


@dataclass(frozen=True, slots=True)
class Account:
    """Hold what decides which resources there are.

    :param organization_id: organisation that is read, 0 for an account without one.
    :param account_id: user that the credential acts as, 0 when it was not asked for.
    :param platform: the organisation is a platform customer.
    """

    organization_id: int
    account_id: int = 0
    platform: bool = False

    @classmethod
    def of(cls, client: CalComClient, names: Iterable[str]) -> Account:
        """Ask the API, as far as the resources asked for depend on it.

        :param client: open client.
        :param names: resources asked for.
        :raises SchemaChangedError: when the account's id is none; what it is instead is not told.
        """
        organization = client.organization_id or 0
        if organization and not asks_profile(names):
            return cls(organization)
        me: Mapping[str, Any] = client.me()
        if type(me.get("id")) is not int:
            raise SchemaChangedError("me.id", "The id of the account is no whole number")
        belongs = me.get("organization") or {}
        return cls(
            organization_id=organization,
            account_id=me["id"],
            platform=bool(belongs.get("isPlatform")) and me.get("organizationId") == organization,
        )

    @property
    def scopes(self) -> tuple[dict[str, int], ...]:
        """Return the scopes that resources are kept by: the organisation's, and the account's if it was asked for."""
        shared = {"organization_id": self.organization_id}
        return (shared, self.scope) if self.account_id else (shared,)

    @property
    def scope(self) -> dict[str, int]:
        """Return the values of the key columns that name the scope of a resource."""
        return {"organization_id": self.organization_id, "account_id": self.account_id}

    def select(self, names: Iterable[str]) -> list[Resource]:
        """Return the resources asked for.

        :param names: resource names, groups, ``default`` or ``all``.
        :raises ConfigurationError: when one of them needs an organisation and there is none.
        """
        chosen = registry.select(names, organization=bool(self.organization_id), platform=self.platform)
        if not self.organization_id:
            needy = [resource.name for resource in chosen if resource.group != "account"]
            if needy:
                raise ConfigurationError(
                    f"This account belongs to no organisation, so there is no {', '.join(needy[:3])}"
                    f"{' and more' if len(needy) > 3 else ''} to read.",
                    advice="Use a key of an organisation's admin, or read group:account.",
                )
        if not chosen:
            raise ConfigurationError("There is nothing to read: no resource was chosen.")
        return chosen


def asks_profile(names: Iterable[str]) -> bool:
    """Tell whether the resources asked for depend on who the credential belongs to.

    :param names: resources asked for.
    """
    return any(name in _NEEDS_PROFILE or name.startswith("account_") for name in names)


def page_counts(source: Load | Warehouse, account: Account) -> dict[str, dict[str, tuple[int, ...]]]:
    """Return how long the pages of each list were when they were last published, by resource and list.

    :param source: open load or warehouse.
    :param account: whose data is read.
    """
    found: dict[str, dict[str, tuple[int, ...]]] = {}
    for scope in account.scopes:
        found |= source.page_counts(scope)
    return found


def split(names: Iterable[str] | str | None) -> list[str]:
    """Return the names asked for as a list; None and nothing mean ``default``.

    :param names: names, or a comma-separated text.
    """
    if isinstance(names, str):
        names = names.split(",")
    return [name.strip() for name in names or () if name.strip()] or ["default"]
