"""Fields that no declaration names: kept aside, refused, or dropped when they look like a secret."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from calcom_provider.resources.errors import SchemaChangedError
from calcom_provider.resources.model import Resource
from calcom_provider.resources.policy import SchemaEvolution
from calcom_provider.resources.shaping.inner_check import known_fields
from calcom_provider.warehouse.schema import HISTORY_COLUMNS, RUN_PREFIX, Column, ColumnType

_SECRET_WORDS = ("secret", "token", "password", "key", "url", "uri", "credential", "link")

Row = Mapping[str, Any]


def looks_secret(name: str) -> bool:
    """Say whether a field of that name may carry a secret and is never kept unasked.

    :param name: field name as the API spells it.
    """
    lowered = name.lower()
    return any(word in lowered for word in _SECRET_WORDS)


def scrub(value: Any) -> Any:
    """Return the value without fields whose names look like a secret, at any depth.

    :param value: any JSON value.
    """
    if isinstance(value, Mapping):
        return {name: scrub(inner) for name, inner in value.items() if not looks_secret(str(name))}
    if isinstance(value, list):
        return [scrub(inner) for inner in value]
    return value


#: The longest name that every database takes.
_LONGEST = 63


def added_column(field: str, value: Any, taken: Sequence[str]) -> Column | None:
    """Return the column that an unknown field gets, typed by its first value; None if it can't be a column.

    Such a field (without a name, named like a column of the engine, longer than a database takes) stays in
    ``_extra``.

    :param field: dotted path of the field as the API spells it.
    :param value: a value of it, not null.
    :param taken: names of the columns there are.
    """
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", field).replace(".", "_").lower()
    if name in taken or name in HISTORY_COLUMNS:
        name = f"{name}_added"
    # Nothing that a database, a driver or a reader would stumble over, even between quotes.
    if not re.fullmatch(r"\w[\w -]*", name) or name.startswith(RUN_PREFIX) or name in taken:
        return None
    if len(name.encode()) > _LONGEST:
        return None
    kinds: dict[type, ColumnType] = {bool: "boolean", int: "integer", float: "float", str: "text"}
    return Column(
        name, kinds.get(type(value), "json"), source=field, data_class="sensitive", comment="added field"
    )


class UnknownFields:
    """Find the fields of a page that a resource does not declare.

    :param resource: declaration of the known fields.
    :param evolution: what to do with others.
    """

    def __init__(self, resource: Resource, evolution: SchemaEvolution) -> None:
        self._name = resource.name
        self._evolution = evolution
        self._known = known_fields(resource)
        self.seen: set[str] = set()

    def of(self, rows: Sequence[Row]) -> list[dict[str, Any]] | None:
        """Return the unknown fields of each row, or None when no row has any.

        :param rows: rows of one page.
        :raises SchemaChangedError: for unknown fields when the schema is frozen.
        """
        unknown = [
            (path, field)
            for path, known in self._known.items()
            for field in sorted(_fields(rows, path) - known)
            if not looks_secret(field)
        ]
        if not unknown:
            return None
        names = sorted(".".join(filter(None, found)) for found in unknown)
        self.seen.update(names)
        if self._evolution == "freeze":
            raise SchemaChangedError(
                self._name,
                f"{self._name} has fields that the frozen schema does not know: {', '.join(names)}",
            )
        return [_picked(row, unknown) for row in rows]


def _objects(rows: Iterable[Row], path: str) -> Iterable[Row]:
    for part in path.split(".") if path else ():
        rows = [inner for row in rows if isinstance(inner := row.get(part), dict)]
    return rows


def _fields(rows: Iterable[Row], path: str) -> set[str]:
    return set().union(*_objects(rows, path))


def _picked(row: Row, unknown: Iterable[tuple[str, str]]) -> dict[str, Any]:
    found = {}
    for path, field in unknown:
        for holder in _objects([row], path):
            if field in holder:
                found[f"{path}.{field}" if path else field] = scrub(holder[field])
    return found
