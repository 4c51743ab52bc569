"""Rows of the API into tuples of a table: one plain function a table, compiled from its columns."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import orjson

from calcom_provider.resources.errors import SchemaChangedError
from calcom_provider.resources.model import Child, Resource
from calcom_provider.resources.policy import ColumnPolicy, Stored
from calcom_provider.resources.shaping.column_check import ColumnCheck
from calcom_provider.resources.shaping.inner_check import (
    Known,
    check_items,
    check_rows,
    known_fields,
    known_item_fields,
    refuse_object,
)
from calcom_provider.resources.shaping.unknown import UnknownFields, added_column
from calcom_provider.warehouse.schema import EXTRA, Column

Row = dict[str, Any]
ShapePage = Callable[[Sequence[Row], int, Mapping[str, Any]], list[tuple[Any, ...]]]

_NOTHING: Row = {}


def dumps(value: Any) -> str:
    """Return the value as JSON text with sorted keys, so that equal values are equal texts.

    :param value: anything JSON can hold.
    :raises SchemaChangedError: when it is nested too deeply.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    except TypeError:
        pass
    try:
        # A lone surrogate has no UTF-8 form; written as an escape it reaches the database, which replaces it.
        return json.dumps(value, sort_keys=True, separators=(",", ":"))
    except RecursionError:
        # What could just be read cannot be written where the stack is a little deeper.
        raise SchemaChangedError("", "A value is nested too deeply to be stored") from None


class TableShaper:
    """Turn pages of a resource into tuples for one of its tables.

    :param resource: the resource that the rows come from.
    :param child: the child that the table belongs to, None for the main table.
    :param stored: the table after the column policy.
    :param policy: the column policy, for what happens to unknown fields.
    """

    def __init__(self, resource: Resource, child: Child | None, stored: Stored, policy: ColumnPolicy) -> None:
        self.stored = stored
        self.table = stored.table
        self.is_main = child is None
        self._name = resource.name
        self._policy = policy
        self._evolved: dict[str, ColumnCheck] = {}
        self._added: list[Column] = []
        #: Unknown fields that can't be columns.
        self._aside: set[str] = set()
        columns = stored.declared.columns
        self._keeps_extra = stored.table.names[-1] == EXTRA.name
        known = known_fields(resource)
        self._check_rows = check_rows(resource, known)
        self._shape = compile_shape(resource.name, columns, known, child)
        self._checks = [
            ColumnCheck(
                f"{resource.name}.{column.source or column.name}", column, column.name in stored.declared.key
            )
            for column in columns
        ]
        self._unknown = None if child is not None else UnknownFields(resource, policy.schema_evolution)

    def page(
        self, rows: Sequence[Row], organization: int, arguments: Mapping[str, Any]
    ) -> list[tuple[Any, ...]]:
        """Return the rows of one page as tuples in column order.

        :param rows: rows as the API sent them.
        :param organization: id of the organisation read.
        :param arguments: what the list was asked for, and ``account`` for tables of one account.
        :raises SchemaChangedError: when a value has another type than declared, or an unknown field is
            refused.
        """
        try:
            if self._check_rows is not None:
                self._check_rows(rows)
            shaped = self._shape(rows, organization, arguments)
        except (AttributeError, TypeError, ValueError) as error:
            # The values themselves stay out of the message: they may be about people.
            raise SchemaChangedError(
                self._name,
                f"A row of {self._name} has a value where an object or a list was declared, or the other way"
                f" round ({type(error).__name__})",
            ) from None
        if shaped:
            shaped = self._checked(shaped)
        extras = self._unknown.of(rows) if self._unknown is not None else None
        if not self._keeps_extra:
            return shaped
        if extras is None:
            tail = (None,) * (1 + len(self._evolved))
            return [row + tail for row in shaped]
        if self._policy.schema_evolution == "evolve":
            # All rows of a page get the same columns, so what is new is looked for first.
            self._add_columns(extras)
        return [(*row, *self._tail(extra)) for row, extra in zip(shaped, extras, strict=True)]

    def new_columns(self) -> list[Column]:
        """Return columns that the last page added to the table (``schema_evolution`` evolve), once."""
        added, self._added = self._added, []
        return added

    def _add_columns(self, extras: Sequence[Row]) -> None:
        for extra in extras:
            for field, value in extra.items():
                if field not in self._evolved and field not in self._aside and value is not None:
                    taken = (*self.table.names, *(check.column for check in self._evolved.values()))
                    column = added_column(field, value, taken)
                    if column is None:
                        self._aside.add(field)
                        continue
                    self._evolved[field] = ColumnCheck(f"{self._name}.{field}", column, False)
                    self._added.append(column)

    def _tail(self, extra: Row) -> list[Any]:
        """Return the value of ``_extra`` and those of added columns."""
        rest = {field: value for field, value in extra.items() if field not in self._evolved}
        tail: list[Any] = [dumps(rest) if rest else None]
        for field, check in self._evolved.items():
            value = extra.get(field)
            if check.type == "json" and value is not None:
                value = dumps(value)
            tail.append((check.mend([value]) or [value])[0])
        return tail

    def _checked(self, shaped: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        changed: dict[int, list[Any]] = {}
        columns = list(zip(*shaped, strict=True))
        for index, (check, values) in enumerate(zip(self._checks, columns, strict=True)):
            mended = check.mend(values)
            if mended is not None:
                changed[index] = mended
        hasher = self.stored.hasher
        if hasher is not None:
            for index in self.stored.hashed:
                changed[index] = [hasher(value) for value in changed.get(index, columns[index])]
        if not changed:
            return shaped
        return list(zip(*(changed.get(index, values) for index, values in enumerate(columns)), strict=True))


def compile_shape(
    resource: str, columns: Iterable[Column], known: Known, child: Child | None = None
) -> ShapePage:
    """Compile the function that turns a page of rows into tuples.

    A function written out for the columns at hand is several times faster than one that walks a description
    for every row; its source is built from declared names alone, never from data.

    :param resource: name of the resource, for messages.
    :param columns: columns in order, their sources as in :class:`~calcom_provider.resources.model.Child`.
    :param known: known fields of a row and of its objects, by dotted path.
    :param child: set when every row holds a list of items that become rows.
    """
    source = _Source(child)
    values = [source.value(column) for column in columns]
    code = source.function(values)
    scope: dict[str, Any] = {
        "_nothing": _NOTHING,
        "_dumps": dumps,
        "_number": int,
        "_known": {"row": known},
        "_misfit": partial(refuse_object, resource),
    }
    if child is not None:
        scope["_known"]["item"] = known_item_fields(child)
        scope["_check_items"] = check_items(resource, child)
    exec(compile(code, "<shape>", "exec"), scope)  # noqa: S102 - built from declarations alone
    shape: ShapePage = scope["shape"]
    return shape


class _Source:
    """Write the source text of one shaping function."""

    def __init__(self, child: Child | None) -> None:
        self._child = child
        self._head: list[str] = []
        self._row: list[str] = []
        self._item: list[str] = []
        self._names: dict[str, str] = {}
        self._positions = False

    def value(self, column: Column) -> str:
        source = column.source or column.name
        if source.startswith("$"):
            return self._argument(source[1:])
        if self._child is None:
            return self._cell(column, source, "row", self._row)
        if source == "#":
            self._positions = True
            return "position"
        if source == ".":
            return "_number(item)" if self._child.numbers else "item"
        if source.startswith("^"):
            return self._once(self._cell(column, source[1:], "row", self._row))
        return self._cell(column, source, "item", self._item)

    def function(self, values: list[str]) -> str:
        made = f"({', '.join(values)},)"
        body = self._items(made) if self._child is not None else [f"        add({made})"]
        lines = ["def shape(rows, organization, arguments):", *(f"    {line}" for line in self._head)]
        lines += ["    out = []", "    add = out.append", "    for row in rows:"]
        lines += [f"        {line}" for line in self._row]
        return "\n".join([*lines, *body, "    return out"])

    def _items(self, made: str) -> list[str]:
        assert self._child is not None
        *path, last = self._child.items.split(".")
        holder = self._object(path, "row", self._row) if path else "row"
        lines = [f"        items = {holder}.get({last!r})", "        if items is not None:"]
        lines.append("            _check_items(items)")
        loop = "for position, item in enumerate(items)" if self._positions else "for item in items"
        if not self._item:
            return [*lines, f"            out += [{made} {loop}]"]
        return [
            *lines,
            f"            {loop}:",
            *(f"                {line}" for line in self._item),
            f"                add({made})",
        ]

    def _argument(self, name: str) -> str:
        if name == "organization":
            return "organization"
        local = f"argument_{name}"
        line = f"{local} = arguments[{name!r}]"
        if line not in self._head:
            self._head.append(line)
        return local

    def _cell(self, column: Column, source: str, holder: str, lines: list[str]) -> str:
        *path, field = source.split(".")
        owner = self._object(path, holder, lines) if path else holder
        read = f"{owner}.get({field!r})"
        if column.type == "json":
            return f"None if (value := {read}) is None else _dumps(value)"
        return read

    def _object(self, path: list[str], holder: str, lines: list[str]) -> str:
        owner = holder
        for depth in range(len(path)):
            key = f"{holder}:{'.'.join(path[: depth + 1])}"
            if key not in self._names:
                name = self._names[key] = f"part{len(self._names)}"
                whole = ".".join(path[: depth + 1])
                self._head.append(f"known_{name} = _known[{holder!r}][{whole!r}]")
                lines += [
                    f"{name} = {owner}.get({path[depth]!r})",
                    f"if {name} is None: {name} = _nothing",
                    f"elif type({name}) is not dict or ({name} and known_{name}.isdisjoint({name})):"
                    f" _misfit({whole!r}, {name})",
                ]
            owner = self._names[key]
        return owner

    def _once(self, expression: str) -> str:
        """Read a field of the outer row once, not for every item."""
        key = f"once:{expression}"
        if key not in self._names:
            self._names[key] = f"part{len(self._names)}"
            self._row.append(f"{self._names[key]} = {expression}")
        return self._names[key]
