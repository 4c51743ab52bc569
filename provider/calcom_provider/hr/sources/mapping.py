"""Read a declarative mapping: which column of an HR system means what.

A mapping is data (YAML or a dict) with up to two halves, ``employees`` and ``absences``. Everything in it is
checked when it is loaded; an error names the place by its path, such as ``absences.fields.start``.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import yaml

from calcom_provider.errors import at_line
from calcom_provider.hr.errors import HrSettingsError
from calcom_provider.hr.sources.cells import as_id, dig, is_missing
from calcom_provider.hr.sources.dates import EndIs
from calcom_provider.hr.sources.ical import FeedSettings, Names, read_ical
from calcom_provider.hr.sources.mapping_file import (
    AbsenceFields,
    AbsencesHalf,
    EmployeeFields,
    EmployeesHalf,
    Half,
    MappingFile,
)
from calcom_provider.hr.sources.rows import Rows, read_csv, read_json
from calcom_provider.hr.sources.status_words import ABSENCE_STATUSES, EMPLOYEE_STATUSES
from calcom_provider.hr.sources.text import fold
from calcom_provider.hr.validation import check

SHIPPED = ("bamboohr", "hibob", "ical", "merge", "personio", "personio_export", "workday_raas")
Shape = Literal["range", "days", "per_day"]


@dataclass(frozen=True, slots=True)
class Field:
    """Say where a canonical field comes from.

    :param columns: names or dotted paths; the first that holds something wins.
    :param prefix: text put in front of an id.
    :param strip_prefix: text taken off the front of an id.
    :param values: words of the source, folded, and what they mean.
    :param optional: whether the column may be missing from the whole source.
    """

    columns: tuple[str, ...]
    prefix: str = ""
    strip_prefix: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    optional: bool = False

    def cell(self, record: Mapping[str, Any]) -> Any:
        """Return the first cell that holds something, None when none does.

        :param record: one row.
        """
        for name in self.columns:
            found, value = dig(record, name)
            if found and not is_missing(value) and value not in ([], {}):
                return value
        return None

    def dress(self, text: str | None) -> str | None:
        """Apply prefixes and the value map to a text.

        :param text: the cell's text, None when it is missing.
        """
        if text is None:
            return None
        bare = text.removeprefix(self.strip_prefix) if self.strip_prefix else text
        return f"{self.prefix}{self.values.get(fold(bare), bare)}"


@dataclass(frozen=True, slots=True)
class SourceFormat:
    """Say how the file of a source is taken apart.

    :param format: ``json`` or ``csv``.
    :param records: dotted path to the list in a JSON answer.
    :param separator: of a CSV file, default found from its header.
    :param encoding: default found from the byte order mark, else UTF-8.
    """

    format: Literal["json", "csv"] = "json"
    records: str | None = None
    separator: str = "auto"
    encoding: str = "auto"

    def read(self, data: bytes | str) -> Rows:
        """Take a file apart.

        :param data: its content.
        """
        if self.format == "csv":
            return read_csv(data, separator=self.separator, encoding=self.encoding)
        return read_json(data, records=self.records, encoding=self.encoding)


@dataclass(frozen=True, slots=True)
class EmployeeMapping:
    """Say how a system's employee rows become :class:`~calcom_provider.hr.sources.records.Employee`."""

    source: SourceFormat
    fields: Mapping[str, Field]
    statuses: Mapping[str, str]
    date_formats: tuple[str, ...]
    separators: tuple[str, ...]

    def required_columns(self) -> tuple[str, ...]:
        """Return the columns that must be somewhere in the source."""
        return _required(self.fields)


@dataclass(frozen=True, slots=True)
class AbsenceMapping:
    """Say how a system's absence rows become :class:`~calcom_provider.hr.sources.records.Absence`.

    :param feed: how the events of a calendar feed are read; None for a file.
    """

    source: SourceFormat
    fields: Mapping[str, Field]
    statuses: Mapping[str, str]
    date_formats: tuple[str, ...]
    shape: Shape
    end_is: EndIs
    decimal: str
    full_day_hours: Decimal
    default_unit: str | None
    excluded_types: frozenset[str]
    reasons: Mapping[str, str]
    kinds: Mapping[str, str]
    feed: FeedSettings | None = None

    def required_columns(self) -> tuple[str, ...]:
        """Return the columns that must be somewhere in the source."""
        return _required(self.fields)


@dataclass(frozen=True, slots=True)
class HrMapping:
    """Hold a checked mapping.

    :param name: its name.
    :param employees: the half for employees, None when it has none.
    :param absences: the half for absences, None when it has none.
    """

    name: str
    employees: EmployeeMapping | None = None
    absences: AbsenceMapping | None = None

    def read_absences(self, data: bytes | str, employees: Rows | None, today: date) -> Rows:
        """Take the file of absences apart, or a calendar feed.

        :param data: its content.
        :param employees: rows of the employee source, for a feed that names people in its titles.
        :param today: the day that a feed's days are counted from.
        :raises HrSettingsError: when the mapping has no half for absences, or a feed needs employees.
        :raises SourceError: when the file cannot be read.
        """
        how = self.absences
        if how is None:
            raise HrSettingsError("mapping: needs the half absences")
        if how.feed is None:
            return how.source.read(data)
        names = None
        if how.feed.person == "summary":
            if employees is None or self.employees is None:
                raise HrSettingsError(
                    "absences.ical: person: summary needs an employee source, and their half"
                )
            spec = self.employees.fields["id"]
            names = Names.of(employees, lambda row: spec.dress(as_id(spec.cell(row))), how.feed.names)
        return read_ical(data, how.feed, today, names)


def load_mapping(mapping: str | Path | Mapping[str, Any], **changes: Any) -> HrMapping:
    """Load a mapping by shipped name, from a YAML file, or from a dict.

    :param mapping: one of :data:`SHIPPED`, a path to a YAML file, or the mapping itself.
    :param changes: settings of ``employees`` or ``absences`` to lay over it, one level deep, so that a
        shipped mapping can be given the customer's own words (``absences={"excluded_types": [...]}``).
    :raises HrSettingsError: naming the place that is wrong.
    """
    return built(check(MappingFile, mapping_data(mapping, changes)))


def mapping_data(mapping: str | Path | Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mapping as plain values, with changes laid over its halves.

    :param mapping: one of :data:`SHIPPED`, a path to a YAML file, or the mapping itself.
    :param changes: settings of ``employees`` or ``absences``.
    :raises HrSettingsError: when there is no such mapping, or it is no object.
    """
    raw = _read_yaml(mapping) if isinstance(mapping, str | Path) else mapping
    if not isinstance(raw, Mapping):
        raise HrSettingsError("mapping: expected an object with employees and absences")
    merged: dict[str, Any] = {str(key): value for key, value in raw.items()}
    for half, over in changes.items():
        base = merged.get(half)
        if isinstance(over, Mapping) and isinstance(base, Mapping | None):
            merged[half] = _overlay(base or {}, over)
        elif over:
            merged[half] = over
    return {name: value for name, value in merged.items() if value is not None}


def built(read: MappingFile) -> HrMapping:
    """Return a checked mapping in the form that rows are read with.

    :param read: the mapping as it is written.
    """
    return HrMapping(
        name=read.name,
        employees=_employees(read.employees) if read.employees else None,
        absences=_absences(read.absences) if read.absences else None,
    )


def _overlay(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    both = dict(base)
    for key, value in over.items():
        known = both.get(key)
        both[key] = {**known, **value} if isinstance(known, Mapping) and isinstance(value, Mapping) else value
    return both


def shipped_mapping(name: str) -> str:
    """Return the text of a shipped mapping.

    :param name: one of :data:`SHIPPED`.
    """
    place = resources.files("calcom_provider.hr.sources").joinpath("mappings", f"{name}.yaml")
    return place.read_text("utf-8")


def _read_yaml(place: str | Path) -> Any:
    if str(place) in SHIPPED:
        text = shipped_mapping(str(place))
    else:
        path = Path(place)
        if not path.is_file():
            near = difflib.get_close_matches(str(place), SHIPPED, n=1)
            raise HrSettingsError(
                f"mapping: {str(place)!r} is neither a file nor one of {', '.join(SHIPPED)}"
                + (f"; did you mean {near[0]}?" if near else "")
            )
        text = path.read_text("utf-8")
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as wrong:
        raise HrSettingsError(f"mapping: no valid YAML{at_line(wrong)}") from None


def _employees(half: EmployeesHalf) -> EmployeeMapping:
    return EmployeeMapping(
        source=_source(half),
        fields=_fields(half.fields),
        statuses=_statuses(half.statuses, EMPLOYEE_STATUSES),
        date_formats=half.date_formats,
        separators=half.separators,
    )


def _absences(half: AbsencesHalf) -> AbsenceMapping:
    return AbsenceMapping(
        source=_source(half),
        fields=_fields(half.fields),
        statuses=_statuses(half.statuses, ABSENCE_STATUSES),
        date_formats=half.date_formats,
        shape=half.shape,
        end_is=half.end_is,
        decimal=half.decimal,
        full_day_hours=half.full_day_hours,
        default_unit=half.default_unit,
        excluded_types=frozenset(map(fold, half.excluded_types)),
        reasons={fold(word): reason for word, reason in half.reasons.items()},
        kinds=_by_word(half.kinds),
        feed=half.ical if half.format == "ical" else None,
    )


def _source(half: Half) -> SourceFormat:
    # A calendar feed is read as a whole, not as a table.
    return SourceFormat(
        "csv" if half.format == "csv" else "json", half.records, half.separator, half.encoding
    )


def _fields(given: EmployeeFields | AbsenceFields) -> dict[str, Field]:
    return {
        name: Field(
            columns=spec.columns or spec.column,
            prefix=spec.prefix,
            strip_prefix=spec.strip_prefix,
            values={fold(word): meaning for word, meaning in spec.values.items()},
            optional=spec.optional,
        )
        for name, spec in given.given().items()
    }


def _statuses(own: Mapping[Any, tuple[str, ...]], usual: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    return _by_word(usual) | _by_word(own)


def _by_word(words: Mapping[Any, tuple[str, ...]]) -> dict[str, str]:
    return {fold(word): meaning for meaning, spelled in words.items() for word in spelled}


def _required(fields: Mapping[str, Field]) -> tuple[str, ...]:
    # A field with several columns is content with any of them, so none is required by itself.
    return tuple(one.columns[0] for one in fields.values() if not one.optional and len(one.columns) == 1)
