"""Find resources by name or by group."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from functools import cache

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.resources.data_subjects import Subject
from calcom_provider.resources.declarations import (
    account,
    bookings,
    organization,
    platform,
    scheduling,
    team_parts,
    teams,
)
from calcom_provider.resources.model import Resource
from calcom_provider.warehouse.schema import Table

DEFAULT = (
    "users",
    "memberships",
    "attributes",
    "attribute_options",
    "attribute_assignments",
    "ooo_entries",
    "teams",
    "team_memberships",
)


@cache
def catalogue() -> dict[str, Resource]:
    """Return every resource by name, parents before what is read over them."""
    found: dict[str, Resource] = {}
    for module in (organization, teams, scheduling, team_parts, bookings, platform, account):
        for resource in module.RESOURCES:
            found[resource.name] = resource
    return found


def tables() -> dict[str, Table]:
    """Return every table by name, without prefix, in the order of the resources."""
    return {table.name: table for resource in catalogue().values() for table in resource.tables}


def subjects() -> dict[str, Subject]:
    """Return whom the rows of every table are about, by table; children before the rows that own them."""
    found: dict[str, Subject] = {}
    for resource in catalogue().values():
        found |= resource.subjects
    return found


def unread_lists() -> Mapping[str, str]:
    """Return the lists of the API that become no table, by short name, each with the reason."""
    found = [entry for resource in catalogue().values() for entry in resource.unread.items()]
    return dict(sorted(found))


def get(name: str) -> Resource:
    """Return the resource of that name.

    :param name: resource name, for example ``users``.
    :raises ConfigurationError: when there is none, naming the nearest.
    """
    found = catalogue().get(name)
    if found is not None:
        return found
    near = difflib.get_close_matches(name, list(catalogue()), n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "; `calcom resources` lists them"
    raise ConfigurationError(f"There is no resource {name!r}{hint}")


def select(
    names: Iterable[str] | str | None = None, *, organization: bool = True, platform: bool = False
) -> list[Resource]:
    """Return the resources asked for, in the order in which they are declared.

    :param names: resource names, ``group:teams`` and the like, ``default`` (the people of an organisation and
        their teams) or ``all``; a comma-separated text is split; None means ``default``.
    :param organization: the credential belongs to an organisation; decides what ``default`` and ``all`` mean.
    :param platform: that organisation is a platform customer.
    :returns: what was asked for, and what a lookup among it goes by.
    :raises ConfigurationError: for an unknown name.
    """
    if isinstance(names, str):
        names = [part.strip() for part in names.split(",") if part.strip()]
    wanted: set[str] = set()
    for name in names or ("default",):
        wanted |= _expand(name, organization=organization, platform=platform)
    for name in tuple(wanted):
        read = catalogue()[name].read
        # What is unknown is told by these; and bookings that nobody stored would count as read the next time.
        wanted |= {read.over, *read.lookup.tables} if read.lookup is not None else set()
    return [resource for name, resource in catalogue().items() if name in wanted]


def _expand(name: str, *, organization: bool, platform: bool) -> set[str]:
    open_ones = [resource for resource in catalogue().values() if not resource.named_only]
    if name == "default" and organization:
        return set(DEFAULT)
    if name in ("all", "default"):
        if not organization:
            return {resource.name for resource in open_ones if resource.group == "account"}
        return {
            resource.name
            for resource in open_ones
            if resource.group != "account" and (platform or not resource.platform)
        }
    if name.startswith("group:"):
        group = name.removeprefix("group:")
        found = {resource.name for resource in open_ones if resource.group == group}
        if not found:
            groups = sorted({resource.group for resource in catalogue().values()})
            raise ConfigurationError(f"There is no resource group {group!r}; there are {', '.join(groups)}")
        return found
    return {get(name).name}
