"""Read one row of an HR source field by field, remembering where it stands for the report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from calcom_provider.hr.errors import CellError
from calcom_provider.hr.sources.cells import as_text
from calcom_provider.hr.sources.mapping import AbsenceMapping, EmployeeMapping, Field
from calcom_provider.hr.sources.text import fold

M = TypeVar("M", AbsenceMapping, EmployeeMapping)
_ABSENT = Field(())


class RowReader(Generic[M]):
    """Read the fields of one row.

    :param record: the row.
    :param mapping: the half of the mapping that it is read by.
    :ivar key: what identifies the row, once it is read.
    :ivar column: the column that was looked at last.
    """

    def __init__(self, record: Mapping[str, Any], mapping: M) -> None:
        self.record = record
        self.mapping: M = mapping
        self.key: str | None = None
        self.column: str | None = None

    def _spec(self, name: str) -> Field:
        return self.mapping.fields.get(name, _ABSENT)

    def _cell(self, name: str) -> Any:
        spec = self._spec(name)
        self.column = spec.columns[0] if spec.columns else None
        return spec.cell(self.record)

    def _meaning_of_status(self) -> tuple[str, str]:
        """Return what the status word means, and the word."""
        word = self._spec("status").dress(as_text(self._cell("status")))
        if word is None:
            raise CellError("missing_status")
        meaning = self.mapping.statuses.get(fold(word))
        if meaning is None:
            raise CellError("unknown_status")
        return meaning, fold(word)
