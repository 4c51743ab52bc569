"""Hold the values of a column against its declared type, a page at a time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from calcom_provider.resources.errors import SchemaChangedError
from calcom_provider.warehouse.schema import Column

_TYPES: dict[str, frozenset[type]] = {
    "integer": frozenset({int, type(None)}),
    "float": frozenset({float, int, type(None)}),
    "text": frozenset({str, type(None)}),
    "boolean": frozenset({bool, type(None)}),
    "timestamp": frozenset({str, type(None)}),
    "date": frozenset({str, type(None)}),
    "json": frozenset({str, type(None)}),
}
# The API writes all times alike, so one match over a joined page replaces a parse of every value.
_FORMS = {
    "timestamp": re.compile(r"(?:\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-6]\d\.\d{3}Z)*"),
    "date": re.compile(r"(?:\d{4}-[01]\d-[0-3]\d)*"),
}
# A host who no longer exists is shown with the text "unknown" in every field, the id included.
_ABSENT = "unknown"
_SMALLEST, _LARGEST = -(2**63), 2**63 - 1


class ColumnCheck:
    """Check the values of one column and mend what can be mended without loss.

    :param name: resource and field, for messages.
    :param column: declared column.
    :param key: the column is part of the key, so null is refused.
    """

    def __init__(self, name: str, column: Column, key: bool) -> None:
        self._name = name
        self.type = column.type
        self.column = column.name
        self._key = key
        self._allowed = _TYPES[column.type]
        self._form = _FORMS.get(column.type)

    def mend(self, values: Sequence[Any]) -> list[Any] | None:
        """Return mended values, or None when all of them are fine as they are.

        :param values: values of one page.
        :raises SchemaChangedError: when a value cannot be of the declared type.
        """
        types = set(map(type, values))
        if self._key and type(None) in types:
            raise SchemaChangedError(self._name, f"{self._name} is part of the key and came empty")
        if not types <= self._allowed or (self._form is not None and not self._well_formed(values)):
            return [self._mended(value) for value in values]
        if self.type == "integer" and int in types:
            self._check_range(values)
        return None

    def _well_formed(self, values: Sequence[Any]) -> bool:
        assert self._form is not None
        return "" not in values and self._form.fullmatch("".join(filter(None, values))) is not None

    def _check_range(self, values: Sequence[Any]) -> None:
        present = [value for value in values if value is not None] if None in values else values
        if max(present) > _LARGEST or min(present) < _SMALLEST:
            raise SchemaChangedError(self._name, f"{self._name} holds a number beyond 64 bits")

    def _mended(self, value: Any) -> Any:
        if value is None or (value == _ABSENT and self.type == "integer" and not self._key):
            return None
        if self.type == "integer" and isinstance(value, float) and value.is_integer():
            value = int(value)
        if type(value) not in self._allowed:
            raise SchemaChangedError(
                self._name, f"{self._name} is declared {self.type} and came as {type(value).__name__}"
            )
        if self.type == "timestamp":
            return self._instant(value)
        if self.type == "date":
            return self._day(value)
        if self.type == "integer":
            self._check_range([value])
        return value

    def _instant(self, value: str) -> str | None:
        if not value:
            return None
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise SchemaChangedError(self._name, f"{self._name} is declared timestamp and is none") from None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _day(self, value: str) -> str | None:
        if not value:
            return None
        try:
            return date.fromisoformat(value[:10]).isoformat()
        except ValueError:
            raise SchemaChangedError(self._name, f"{self._name} is declared date and is none") from None
