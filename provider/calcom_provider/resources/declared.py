"""Name the fields of the API that are known, by the operation that answers them."""

from __future__ import annotations

from collections.abc import Iterator

from calcom_provider.resources.model import Resource
from calcom_provider.resources.registry import catalogue


def declared_fields() -> dict[str, frozenset[str]]:
    """Return the top-level fields that resources take from rows or leave out on purpose, by short name."""
    found: dict[str, set[str]] = {}
    for resource in catalogue().values():
        found.setdefault(resource.read.operation, set()).update(_fields(resource))
    return {operation: frozenset(names) for operation, names in found.items()}


def _fields(resource: Resource) -> Iterator[str]:
    sources = [column.source for column in resource.table.columns] if resource.table is not None else []
    for child in resource.children:
        sources.append(child.items)
        sources += [column.source[1:] for column in child.table.columns if column.source.startswith("^")]
    for source in (*sources, *resource.ignored):
        name = source.partition(".")[0]
        if name and name[0] not in "$^.#":
            yield name
