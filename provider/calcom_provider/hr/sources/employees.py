"""Turn rows into canonical employees by a mapping."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import cast

from calcom_provider.hr.errors import CellError, Issue
from calcom_provider.hr.sources.cells import as_id, as_text, dig, split_values
from calcom_provider.hr.sources.dates import parse_moment, sortable
from calcom_provider.hr.sources.mapping import EmployeeMapping
from calcom_provider.hr.sources.records import Employee, EmployeeStatus
from calcom_provider.hr.sources.row_reader import RowReader
from calcom_provider.hr.sources.rows import Rows


@dataclass(frozen=True, slots=True)
class Employees:
    """Hold the canonical employees of a source and what was wrong with the other rows.

    :param people: one record a row.
    :param issues: rows that are errors.
    :param source_rows: how many rows the source had.
    """

    people: tuple[Employee, ...]
    issues: tuple[Issue, ...]
    source_rows: int


def read_employees(rows: Rows, mapping: EmployeeMapping) -> Employees:
    """Read every employee row; a row that cannot be read is reported and left out.

    :param rows: the source.
    :param mapping: the half for employees.
    :raises SourceError: when the source is empty or lacks a mapped column.
    """
    rows.require(mapping.required_columns(), "employees")
    people: list[Employee] = []
    issues = list(rows.issues)
    for number, record in rows.numbered():
        reader = _EmployeeReader(record, mapping)
        try:
            people.append(reader.employee(number))
        except CellError as wrong:
            issues.append(Issue(wrong.code, key=reader.key, row=number, column=reader.column))
    return Employees(tuple(people), tuple(issues), len(rows) + len(rows.issues))


class _EmployeeReader(RowReader[EmployeeMapping]):
    def employee(self, number: int) -> Employee:
        self.key = self._spec("id").dress(as_id(self._cell("id")))
        return Employee(
            id=self.key,
            row=number,
            email=as_text(self._cell("email")),
            other_emails=tuple(split_values(self._cell("other_emails"), self.mapping.separators)),
            status=self._status(),
            modified=sortable(self._cell("modified"), self.mapping.date_formats),
            start=self._day("start"),
            terminated_on=self._day("terminated_on"),
            cells=self.record,
        )

    def _status(self) -> EmployeeStatus:
        spec = self._spec("status")
        if not spec.columns or (spec.optional and not any(dig(self.record, one)[0] for one in spec.columns)):
            return "active"
        return cast(EmployeeStatus, self._meaning_of_status()[0])

    def _day(self, name: str) -> date | None:
        moment = parse_moment(self._cell(name), self.mapping.date_formats)
        return moment.day if moment else None
