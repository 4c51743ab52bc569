"""Turn rows into canonical absences by a mapping.

The parser is the last place that sees the name of an absence type; behind it there is only a reason word of
Cal.com (``unspecified`` unless opted in) and a mark for types that keep nobody away. Comments are not read
at all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, cast

from calcom_provider.hr.cells import as_decimal, as_flag, as_id, as_text, is_missing
from calcom_provider.hr.dates import each_day, parse_moment, sortable
from calcom_provider.hr.errors import CellError, HrSettingsError, Issue
from calcom_provider.hr.mapping import AbsenceMapping, Field
from calcom_provider.hr.records import Absence, AbsenceStatus
from calcom_provider.hr.sources import Rows
from calcom_provider.hr.text import fold

_ABSENT = Field(())
_NOMINAL_HALF = Decimal("0.5")


@dataclass(frozen=True, slots=True)
class Absences:
    """Hold the newest version of every request and what was wrong with the other rows.

    :param requests: newest versions; rows of one request that is told day by day stay apart
    :param issues: errors and reports
    :param source_rows: how many rows the source had
    :param unreadable: keys of requests whose rows are errors: what they say is unknown, not gone
    :param unreadable_anyhow: whether a row was unreadable to the point that not even its key is known
    """

    requests: tuple[Absence, ...]
    issues: tuple[Issue, ...]
    source_rows: int
    unreadable: frozenset[str] = frozenset()
    unreadable_anyhow: bool = False


def read_absences(rows: Rows, mapping: AbsenceMapping, *, allow_sensitive_reason: bool = False) -> Absences:
    """Read every absence row and keep the newest version of each request.

    :param rows: the source
    :param mapping: the half for absences
    :param allow_sensitive_reason: whether a type may be shown as ``sick``, default no: the reason is
        public, the booking page prints it
    :raises SourceError: when the source lacks a mapped column
    :raises HrSettingsError: for a type mapped to ``sick`` without permission
    """
    if "sick" in mapping.reasons.values() and not allow_sensitive_reason:
        raise HrSettingsError(
            "absences.reasons: sick is shown to every visitor; set allow_sensitive_reason to mean it"
        )
    rows.require(mapping.required_columns(), "absences")
    parsed: list[Absence] = []
    issues = list(rows.issues)
    unreadable: set[str] = set()
    blind = bool(rows.issues)
    for number, record in rows.numbered():
        reader = _RowReader(record, mapping)
        try:
            parsed.append(reader.absence(number))
        except CellError as wrong:
            issues.append(Issue(wrong.code, key=reader.key, row=number, column=reader.column))
            if reader.key is None:
                blind = True
            else:
                unreadable.add(reader.key)
    newest, reports = _newest(parsed, per_day=mapping.shape == "per_day")
    kept = []
    for request in newest:
        if request.fault and request.status == "approved" and not request.excluded:
            issues.append(Issue(request.fault, key=request.key, row=request.row))
            unreadable.add(request.key)
        else:
            kept.append(request)
    unreadable |= {one.key for one in reports if one.level == "error" and one.key}
    return Absences(
        tuple(kept), (*issues, *reports), len(rows) + len(rows.issues), frozenset(unreadable), blind
    )


def _newest(parsed: list[Absence], *, per_day: bool) -> tuple[list[Absence], list[Issue]]:
    """Keep the newest row of each request; of a request told day by day, every row that differs."""
    groups: dict[tuple[Any, ...], list[Absence]] = defaultdict(list)
    for one in parsed:
        groups[one.content() if per_day else (one.key,)].append(one)
    kept: list[Absence] = []
    issues: list[Issue] = []
    for rows in groups.values():
        latest = max(row.modified for row in rows)
        newest = [row for row in rows if row.modified == latest]
        if len({row.content() for row in newest}) > 1:
            # Two rows that claim to be current and disagree: neither may be believed.
            issues.append(Issue("conflicting_versions", key=newest[0].key, row=newest[-1].row))
            continue
        kept.append(newest[0])
        for row in rows:
            if row is not newest[0]:
                code = "duplicate_row" if row in newest else "older_version"
                issues.append(Issue(code, key=row.key, row=row.row, level="info"))
    return sorted(kept, key=lambda one: one.row), issues


class _RowReader:
    """Read one row field by field, remembering where it stands for the report."""

    def __init__(self, record: Mapping[str, Any], mapping: AbsenceMapping) -> None:
        self.record = record
        self.mapping = mapping
        self.key: str | None = None
        self.column: str | None = None

    def absence(self, number: int) -> Absence:
        self.key = self._spec("key").dress(as_id(self._cell("key")))
        if self.key is None:
            raise CellError("missing_key")
        status, word = self._status()
        kind = as_text(self._cell("type"))
        plain: dict[str, Any] = {
            "key": self.key,
            "row": number,
            "employee_id": self._spec("employee_id").dress(as_id(self._cell("employee_id"))),
            "email": as_text(self._cell("email")),
            "status": status,
            "status_word": word,
            "excluded": kind is not None and fold(kind) in self.mapping.excluded_types,
            "reason": self.mapping.reasons.get(fold(kind or ""), "unspecified"),
            "modified": sortable(self._cell("modified"), self.mapping.date_formats),
            "cover": as_text(self._cell("cover")),
        }
        try:
            return Absence(**plain, **self._extent())
        except CellError as wrong:
            # A request that is not approved is left alone whatever its dates say.
            return Absence(**plain, fault=wrong.code)

    def _spec(self, name: str) -> Field:
        return self.mapping.fields.get(name, _ABSENT)

    def _cell(self, name: str) -> Any:
        spec = self._spec(name)
        if spec.columns:
            self.column = spec.columns[0]
        return spec.cell(self.record)

    def _flag(self, name: str) -> bool:
        return as_flag(self._spec(name).dress(as_text(self._cell(name))))

    def _status(self) -> tuple[AbsenceStatus, str]:
        if self._flag("removed"):
            return "removed", "remote_was_deleted"
        word = self._spec("status").dress(as_text(self._cell("status")))
        if word is None:
            raise CellError("missing_status")
        meaning = self.mapping.statuses.get(fold(word))
        if meaning is None:
            raise CellError("unknown_status")
        return cast(AbsenceStatus, meaning), fold(word)

    def _extent(self) -> dict[str, Any]:
        if self.mapping.shape == "days":
            return {"days": self._days()}
        if self.mapping.shape == "per_day":
            return {"days": {self._date("day"): self._share(self._cell("amount"))}}
        return self._range()

    def _date(self, name: str) -> date:
        moment = parse_moment(self._cell(name), self.mapping.date_formats)
        if moment is None:
            raise CellError(f"missing_{name}")
        return moment.day

    def _days(self) -> dict[date, Decimal]:
        cell = self._cell("days")
        if not isinstance(cell, Mapping):
            raise CellError("missing_days")
        days: dict[date, Decimal] = {}
        for name, amount in cell.items():
            moment = parse_moment(name, self.mapping.date_formats)
            if moment is None:
                raise CellError("bad_date")
            days[moment.day] = self._share(amount)
        return days

    def _share(self, amount: Any) -> Decimal:
        """Return the share of a day that an amount in the row's unit is."""
        number = Decimal(1) if is_missing(amount) else as_decimal(amount, decimal=self.mapping.decimal)
        return (number or Decimal(0)) / (self.mapping.full_day_hours if self._unit() == "hours" else 1)

    def _unit(self) -> str:
        word = self._spec("unit").dress(as_text(self._cell("unit")))
        if word is None:
            return self.mapping.default_unit
        for unit, stem in (("hours", "hour"), ("days", "day")):
            if fold(word).startswith((stem, {"hours": "stunde", "days": "tag"}[unit])):
                return unit
        raise CellError("unknown_unit")

    def _range(self) -> dict[str, Any]:
        start = parse_moment(self._cell("start"), self.mapping.date_formats)
        end = parse_moment(self._cell("end"), self.mapping.date_formats)
        kind = self._kind()
        if start is None:
            raise CellError("missing_start")
        if end is not None and end.day < start.day:
            raise CellError("end_before_start")
        extent: dict[str, Any] = {
            "start": start,
            "end": end,
            "half_start": self._flag("half_start"),
            "half_end": self._flag("half_end"),
            "open_ended": kind == "open" or end is None,
        }
        if end is not None:
            extent["share"] = self._share_of_range(kind, start.day, end.day)
        return extent

    def _kind(self) -> str:
        word = as_text(self._cell("kind"))
        if self._flag("open_ended"):
            return "open"
        if word is None or not self.mapping.kinds:
            return "whole"
        known = self.mapping.kinds.get(fold(word))
        if known is None:
            raise CellError("unknown_kind")
        return known

    def _share_of_range(self, kind: str, start: date, end: date) -> Decimal:
        """Return the share of each day of a range.

        A total that is at most half of the range's working days says that no day of it is whole. Above that
        the days are whole: what lacks are holidays and days that the person does not work anyway.
        """
        percent = as_decimal(self._cell("percent"), decimal=self.mapping.decimal)
        if percent is not None:
            return min(percent / 100, Decimal(1))
        amount = self._cell("amount")
        if is_missing(amount):
            return _NOMINAL_HALF if kind == "partial" else Decimal(1)
        total = self._share(amount)
        working = sum(day.weekday() < 5 for day in each_day(start, end)) or (end - start).days + 1
        per_day = total / working
        if kind == "partial" or start == end or per_day <= _NOMINAL_HALF:
            return min(per_day, Decimal(1))
        return Decimal(1)
