"""Hold lists and objects inside of rows against what is declared of them: what fits nowhere becomes no row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from calcom_provider.resources.errors import SchemaChangedError
from calcom_provider.resources.model import Child, Resource

Known = Mapping[str, frozenset[str]]
CheckItems = Callable[[Any], None]

_SCALARS: dict[str, frozenset[type]] = {
    "integer": frozenset({int}),
    "float": frozenset({int, float}),
    "boolean": frozenset({bool}),
    "json": frozenset({str, int, float, bool, list, dict}),
}
_TEXT, _OBJECT = frozenset({str}), frozenset({dict})


def known_fields(resource: Resource) -> Known:
    """Return the known fields of a row, at the empty path, and of each of its objects, at its dotted path.

    They are those of the declaration: which columns a policy stores does not change what the API sends.

    :param resource: the declaration.
    """
    sources: set[str] = set(resource.ignored)
    for column in resource.table.columns if resource.table is not None else ():
        sources.add(column.source or column.name)
    for child in resource.children:
        sources.add(child.items)
        sources |= {column.source[1:] for column in child.table.columns if column.source.startswith("^")}
    return _by_path(sources)


def known_item_fields(child: Child) -> Known:
    """Return the known fields of an item of an inner list and of its objects; nothing for plain values.

    :param child: the declaration.
    """
    sources = {column.source or column.name for column in child.table.columns}
    return _by_path({source for source in sources if source[0] not in "^#."})


def _by_path(sources: set[str]) -> Known:
    known: dict[str, set[str]] = {"": set()}
    for source in sources:
        if source.startswith("$"):
            continue
        parts = source.split(".")
        for depth, part in enumerate(parts):
            known.setdefault(".".join(parts[:depth]), set()).add(part)
    return {path: frozenset(fields) for path, fields in known.items()}


def check_rows(resource: Resource, known: Known) -> CheckItems | None:
    """Make the function that refuses rows without any known field; None where the key of a table does that.

    :param resource: the declaration.
    :param known: what :func:`known_fields` tells of it.
    """
    if resource.table is not None:
        return None
    names = known[""]

    def check(rows: Any) -> None:
        if any(map(names.isdisjoint, rows)):
            _refuse(resource.name, "is an object without any field that is known of it")

    return check


def check_items(resource: str, child: Child) -> CheckItems:
    """Make the function that refuses an inner list whose items are not what its table declares.

    An object without one known field would become a row with nothing but a key, and the table would count as
    complete. The real API was never seen to send one.

    :param resource: name of the resource, for messages.
    :param child: the declaration.
    """
    where = f"{resource}.{child.items}"
    names = known_item_fields(child)[""]
    plain = next((column.type for column in child.table.columns if column.source == "."), None)
    allowed = _OBJECT if plain is None else _SCALARS.get(plain, _TEXT)

    def check(items: Any) -> None:
        if type(items) is not list:
            _refuse(where, f"is declared a list and came as {type(items).__name__}")
        types = set(map(type, items))
        if not types <= allowed and not (child.numbers and all(map(_whole, items))):
            strange = min(one.__name__ for one in types - allowed)
            _refuse(where, f"holds {strange} where {'objects' if plain is None else plain} are declared")
        if names and any(map(names.isdisjoint, items)):
            _refuse(where, "holds an object without any field that is known of it")

    return check


def refuse_object(resource: str, path: str, value: Any) -> NoReturn:
    """Refuse a value where an object with known fields is declared.

    :param resource: name of the resource, for messages.
    :param path: dotted path of the object.
    :param value: what came; it stays out of the message.
    """
    came = "one without any field that is known of it" if type(value) is dict else type(value).__name__
    _refuse(f"{resource}.{path}", f"is declared an object and came as {came}")


def _whole(item: Any) -> bool:
    return type(item) is int or (type(item) is str and item.isdecimal())


def _refuse(where: str, what: str) -> NoReturn:
    # The values themselves stay out of the message: they may be about people.
    raise SchemaChangedError(where, f"{where} {what}")
