"""Say what a mapping may hold, as it is written: in YAML, or as a dict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, fields
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from calcom_provider.hr.errors import HrSettingsError
from calcom_provider.hr.sources.cells import as_text
from calcom_provider.hr.sources.dates import EndIs, check_formats
from calcom_provider.hr.sources.ical import FeedSettings
from calcom_provider.hr.sources.text import fold
from calcom_provider.hr.validation import Flag, checked, exact

Reason = Literal["unspecified", "vacation", "travel", "sick", "public_holiday"]


def _word(value: Any) -> str:
    # YAML reads yes, 0 and 2026-01-01 as its own types; words of an HR system are text.
    if isinstance(value, Mapping | list):
        raise ValueError("expected a word")
    return as_text(value) or ""


def _several(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


def _formats(value: Any) -> Any:
    if not isinstance(value, list | tuple):
        return value
    formats = tuple(map(_word, value))
    try:
        check_formats(formats, "date_formats")
    except HrSettingsError as wrong:
        raise ValueError(wrong.message.removeprefix("date_formats: ")) from None
    return formats


def _spec(value: Any) -> Any:
    if isinstance(value, str):
        return {"column": value}
    return {"columns": value} if isinstance(value, list) else value


def _separator(value: Any) -> Any:
    if isinstance(value, str) and value != "auto" and len(value) != 1:
        raise ValueError("one character, or auto")
    return value


def _whole(value: Decimal) -> Decimal:
    if not 0 < value <= 24:
        raise PydanticCustomError("decimal_range", "out of range")
    return value


Word = Annotated[str, BeforeValidator(_word, json_schema_input_type=str | int | float | bool)]
Words = Annotated[tuple[Word, ...], BeforeValidator(_several, json_schema_input_type=Word | list[Word])]
DayHours = Annotated[
    Decimal,
    BeforeValidator(lambda value: _whole(exact(value))),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": 24, "unit": "hours"}),
]


@checked
class FieldSpec:
    """Say where a canonical field comes from: a column's name alone, a list of names, or an object.

    :param column: name or dotted path of the column.
    :param columns: several of them; the first that holds something wins.
    :param prefix: text put in front of an id.
    :param strip_prefix: text taken off the front of an id.
    :param values: words of the source, compared folded, and what they mean.
    :param optional: whether the column may be missing from the whole source, default no.
    """

    column: Words = ()
    columns: Words = ()
    prefix: Word = ""
    strip_prefix: Word = ""
    values: dict[Word, Word] = field(default_factory=dict)
    optional: Flag = False

    @model_validator(mode="after")
    def _named(self) -> FieldSpec:
        if not (self.columns or self.column):
            raise ValueError("needs column or columns")
        return self


Spec = Annotated[FieldSpec, BeforeValidator(_spec, json_schema_input_type=str | list[str] | FieldSpec)]


class _Fields:
    def given(self) -> dict[str, FieldSpec]:
        """Return the fields that have a column, by name."""
        found = {one.name: getattr(self, one.name) for one in fields(self)}  # type: ignore[arg-type]
        return {name: spec for name, spec in found.items() if spec is not None}


@checked
class EmployeeFields(_Fields):
    """Name the columns of employee rows.

    :param id: HR id.
    :param email: work address.
    :param other_emails: further addresses in one cell.
    :param status: employment status.
    :param modified: when the record was last changed; the newest record of an id counts.
    :param start: first day of work.
    :param terminated_on: last day of work.
    """

    id: Spec
    email: Spec
    other_emails: Spec | None = None
    status: Spec | None = None
    modified: Spec | None = None
    start: Spec | None = None
    terminated_on: Spec | None = None


@checked
class AbsenceFields(_Fields):
    """Name the columns of absence rows; ``employee_id`` or ``email`` is needed to know whose absence it is.

    :param key: id of the request.
    :param status: status of the request.
    :param employee_id: HR id of the person.
    :param email: address of the person.
    :param type: type of absence.
    :param modified: when the request was last changed.
    :param start: first day, of shape ``range``.
    :param end: last day, of shape ``range``.
    :param day: the day, of shape ``per_day``.
    :param days: amounts of each day, of shape ``days``.
    :param unit: unit of the amounts.
    :param amount: amount of a day.
    :param half_start: whether the first day is a half one.
    :param half_end: whether the last day is a half one.
    :param kind: kind of request.
    :param percent: share of each day in hundredths.
    :param open_ended: whether the end is open.
    :param removed: whether the source has deleted the request.
    :param cover: who covers.
    :param entry: id of one row of a request that is told in several.
    """

    key: Spec
    status: Spec
    employee_id: Spec | None = None
    email: Spec | None = None
    type: Spec | None = None
    modified: Spec | None = None
    start: Spec | None = None
    end: Spec | None = None
    day: Spec | None = None
    days: Spec | None = None
    unit: Spec | None = None
    amount: Spec | None = None
    half_start: Spec | None = None
    half_end: Spec | None = None
    kind: Spec | None = None
    percent: Spec | None = None
    open_ended: Spec | None = None
    removed: Spec | None = None
    cover: Spec | None = None
    entry: Spec | None = None


@checked
class Half:
    """Hold what both halves of a mapping say about their file.

    :param format: ``json`` (default) or ``csv``.
    :param records: dotted path to the list in a JSON answer.
    :param separator: of a CSV file: one character, default found from its header (``auto``).
    :param encoding: default found from the byte order mark, else UTF-8 (``auto``).
    :param date_formats: how dates are written: ``iso`` (default), ``excel``, ``epoch_ms`` or patterns of
        ``strptime``.
    """

    format: Literal["json", "csv"] = "json"
    records: Word | None = None
    separator: Annotated[str, BeforeValidator(_separator)] = "auto"
    encoding: Word = "auto"
    date_formats: Annotated[tuple[Word, ...], BeforeValidator(_formats)] = ("iso",)


def _disagree(words: Mapping[Any, tuple[str, ...]]) -> None:
    found: dict[str, str] = {}
    for meaning, spelled in words.items():
        for word in spelled:
            if found.setdefault(fold(word), meaning) != meaning:
                raise ValueError(f"{word!r} means both {found[fold(word)]} and {meaning}")


@checked
class EmployeesHalf(Half):
    """Say how a system's employee rows are read.

    :param fields: the columns.
    :param statuses: words of the system beside the usual ones, by what they mean.
    :param separators: what parts several addresses in one cell, default ``;``.
    """

    fields: EmployeeFields = field(kw_only=True)
    statuses: dict[Literal["active", "leave", "prehire", "terminated"], tuple[Word, ...]] = field(
        default_factory=dict
    )
    separators: tuple[Word, ...] = (";",)

    @model_validator(mode="after")
    def _agrees(self) -> EmployeesHalf:
        _disagree(self.statuses)
        return self


@checked
class AbsencesHalf(Half):
    """Say how a system's absence rows are read.

    :param fields: the columns.
    :param format: ``json`` (default), ``csv`` or ``ical``, a calendar feed.
    :param ical: how the events of a calendar feed are read.
    :param statuses: words of the system beside the usual ones, by what they mean.
    :param shape: ``range`` (default), ``days`` (amounts of each day) or ``per_day`` (one row a day).
    :param end_is: whether midnight of the last day includes it (``inclusive``, default) or ends before it.
    :param decimal: decimal sign of amounts, default a dot.
    :param full_day_hours: hours of a whole day, default 8.
    :param default_unit: unit of amounts whose rows name none, ``days`` or ``hours``.
    :param excluded_types: types of absence that are never written.
    :param reasons: types of absence and the public reason of each.
    :param kinds: kinds of request, by what they mean.
    """

    fields: AbsenceFields = field(kw_only=True)
    format: Literal["json", "csv", "ical"] = "json"  # type: ignore[assignment]
    ical: FeedSettings = field(default_factory=FeedSettings)
    statuses: dict[Literal["approved", "removed", "pending"], tuple[Word, ...]] = field(default_factory=dict)
    shape: Literal["range", "days", "per_day"] = "range"
    end_is: EndIs = "inclusive"
    decimal: Literal[".", ","] = "."
    full_day_hours: DayHours = Decimal(8)
    default_unit: Literal["days", "hours"] | None = None
    excluded_types: tuple[Word, ...] = ()
    reasons: dict[Word, Reason] = field(default_factory=dict)
    kinds: dict[Literal["whole", "partial", "open"], tuple[Word, ...]] = field(default_factory=dict)

    @model_validator(mode="after")
    def _fits(self) -> AbsencesHalf:
        given = self.fields.given()
        needed = {"range": ("end", "start"), "days": ("days",), "per_day": ("day",)}[self.shape]
        if lacking := [name for name in needed if name not in given]:
            raise ValueError(f"fields: shape {self.shape} needs {', '.join(lacking)}")
        if not {"employee_id", "email"} & set(given):
            raise ValueError("fields: needs employee_id or email to know whose absence it is")
        _disagree(self.statuses)
        _disagree(self.kinds)
        return self


@checked
class MappingFile:
    """Say which column of an HR system means what.

    :param name: its name.
    :param employees: the half for employees.
    :param absences: the half for absences.
    """

    name: Word = "own"
    employees: EmployeesHalf | None = None
    absences: AbsencesHalf | None = None

    @model_validator(mode="after")
    def _has_a_half(self) -> MappingFile:
        if self.employees is None and self.absences is None:
            raise ValueError("needs employees, absences or both")
        return self
