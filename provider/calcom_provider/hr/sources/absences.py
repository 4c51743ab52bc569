"""Turn rows into canonical absences by a mapping.

The parser is the last place that sees the name of an absence type; behind it there is only a reason word of
Cal.com (``unspecified`` unless opted in) and a mark for types that keep nobody away. Comments are not read
at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, cast

from calcom_provider.hr.errors import CellError, HrSettingsError, Issue
from calcom_provider.hr.sources.cells import as_decimal, as_flag, as_id, as_text, is_missing
from calcom_provider.hr.sources.dates import each_day, parse_moment, sortable
from calcom_provider.hr.sources.mapping import AbsenceMapping
from calcom_provider.hr.sources.records import Absence, AbsenceStatus
from calcom_provider.hr.sources.row_reader import RowReader
from calcom_provider.hr.sources.rows import Rows, Window
from calcom_provider.hr.sources.text import fold
from calcom_provider.hr.sources.versions import newest_days, newest_requests

_HALF = Decimal("0.5")


@dataclass(frozen=True, slots=True)
class Absences:
    """Hold the newest version of every request and what was wrong with the other rows.

    :param requests: newest versions; rows of one request that is told day by day stay apart.
    :param issues: errors and reports.
    :param source_rows: how many rows the source had.
    :param unreadable: keys of requests whose rows are errors: what they say is unknown, not gone.
    :param unreadable_anyhow: whether a row was unreadable to the point that not even its key is known.
    :param window: first and last day of which the source itself says that it speaks.
    :param unreadable_people: HR id and address of whom the unreadable rows are about, None where unknown.
    """

    requests: tuple[Absence, ...]
    issues: tuple[Issue, ...]
    source_rows: int
    unreadable: frozenset[str] = frozenset()
    unreadable_anyhow: bool = False
    window: Window = (None, None)
    unreadable_people: tuple[tuple[str | None, str | None], ...] = ()


def read_absences(rows: Rows, mapping: AbsenceMapping, *, allow_sensitive_reason: bool = False) -> Absences:
    """Read every absence row and keep the newest version of each request.

    :param rows: the source.
    :param mapping: the half for absences.
    :param allow_sensitive_reason: whether a type may be shown as ``sick``, default no: the reason is
        public, the booking page prints it.
    :raises SourceError: when the source lacks a mapped column.
    :raises HrSettingsError: for a type mapped to ``sick`` without permission.
    """
    if "sick" in mapping.reasons.values() and not allow_sensitive_reason:
        raise HrSettingsError(
            "absences.reasons: sick is shown to every visitor; set allow_sensitive_reason to mean it"
        )
    rows.require(mapping.required_columns(), "absences")
    parsed: list[Absence] = []
    issues = list(rows.issues)
    unreadable = {one.key for one in rows.issues if one.key is not None}
    blind = any(one.key is None for one in rows.issues)
    # Rows that came to nothing say not even whom they are about.
    people: set[tuple[str | None, str | None]] = {(None, None)} if rows.issues else set()
    for number, record in rows.numbered():
        reader = _AbsenceReader(record, mapping)
        try:
            parsed.append(reader.absence(number))
        except CellError as wrong:
            issues.append(Issue(wrong.code, key=reader.key, row=number, column=reader.column))
            people.add(reader.person())
            if reader.key is None:
                blind = True
            else:
                unreadable.add(reader.key)
    per_day = mapping.shape == "per_day"
    newest, reports = (newest_days if per_day else newest_requests)(parsed)
    for request in newest:
        if _is_faulty(request):
            issues.append(Issue(request.fault, key=request.key, row=request.row))
            unreadable.add(request.key)
    unreadable |= {one.key for one in reports if one.level == "error" and one.key}
    people |= {(one.employee_id, one.email) for one in parsed if one.key in unreadable}
    # Of a request told in one row, an unreadable row may be the one that counts: none of them is believed.
    believed = [one for one in newest if not _is_faulty(one) and (per_day or one.key not in unreadable)]
    return Absences(
        tuple(believed),
        (*issues, *reports),
        len(rows) + len(rows.issues),
        frozenset(unreadable),
        blind,
        rows.window,
        tuple(people),
    )


def _is_faulty(request: Absence) -> bool:
    # A request that is not approved is left alone whatever its dates say.
    return bool(request.fault) and request.status == "approved" and not request.excluded


class _AbsenceReader(RowReader[AbsenceMapping]):
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
            "entry": as_id(self._cell("entry")) or "",
        }
        try:
            return Absence(**plain, **self._extent())
        except CellError as wrong:
            # A request that is not approved is left alone whatever its dates say.
            return Absence(**plain, fault=wrong.code)

    def person(self) -> tuple[str | None, str | None]:
        """Return the HR id and the address of whom the row is about, as far as they can be read."""
        found: list[str | None] = []
        for name, read in (("employee_id", as_id), ("email", as_text)):
            try:
                found.append(self._spec(name).dress(read(self._cell(name))))
            except CellError:
                found.append(None)
        return found[0], found[1]

    def _flag(self, name: str) -> bool:
        return as_flag(self._spec(name).dress(as_text(self._cell(name))))

    def _status(self) -> tuple[AbsenceStatus, str]:
        if self._flag("removed"):
            return "removed", "remote_was_deleted"
        meaning, word = self._meaning_of_status()
        return cast(AbsenceStatus, meaning), word

    def _extent(self) -> dict[str, Any]:
        if self.mapping.shape == "days":
            return {"days": self._days()}
        if self.mapping.shape == "per_day":
            share = (
                self._share_of_day(self._cell("amount")) if "amount" in self.mapping.fields else Decimal(1)
            )
            return {"days": {self._date("day"): share}}
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
            days[moment.day] = self._share_of_day(amount)
        return days

    def _share_of_day(self, amount: Any) -> Decimal:
        """Return the share of one day that an amount in the row's unit is."""
        if is_missing(amount):
            raise CellError("missing_amount")
        # Nobody is away for eight days on one day: without a unit these are hours, or something else.
        return self._in_days(amount, most=1)

    def _in_days(self, amount: Any, *, most: int) -> Decimal:
        number = as_decimal(amount, decimal=self.mapping.decimal) or Decimal(0)
        unit = self._unit()
        if unit is None and abs(number) > most:
            raise CellError("missing_unit")
        return number / (self.mapping.full_day_hours if unit == "hours" else 1)

    def _unit(self) -> str | None:
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
        if kind == "partial" and (is_missing(amount) or self._unit() is None):
            # How long a part of a day is must be said: a guess would block a day, or lose one.
            raise CellError("missing_amount" if is_missing(amount) else "missing_unit")
        if is_missing(amount):
            return Decimal(1)
        total = self._in_days(amount, most=(end - start).days + 1)
        working = sum(day.weekday() < 5 for day in each_day(start, end)) or (end - start).days + 1
        per_day = total / working
        if kind == "partial" or start == end or per_day <= _HALF:
            return min(per_day, Decimal(1))
        return Decimal(1)
