"""Read a declarative mapping: which column of an HR system means what.

A mapping is data (YAML or a dict) with up to two halves, ``employees`` and ``absences``. Everything in it is
checked when it is loaded; an error names the place by its path, such as ``absences.fields.start``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import Any, Literal, cast

import yaml

from calcom_provider.hr.cells import dig, is_missing
from calcom_provider.hr.dates import EndIs, check_formats
from calcom_provider.hr.errors import HrSettingsError
from calcom_provider.hr.mapping_checks import (
    as_object,
    as_positive,
    as_texts,
    as_word,
    check_known,
    choice_of,
)
from calcom_provider.hr.sources import Rows, read_csv, read_json
from calcom_provider.hr.text import fold
from calcom_provider.hr.vocabulary import ABSENCE_STATUSES, EMPLOYEE_STATUSES, REASONS

SHIPPED = ("bamboohr", "hibob", "merge", "personio", "personio_export", "workday_raas")
Shape = Literal["range", "days", "per_day"]

_EMPLOYEE_FIELDS = {
    "required": {"id", "email"},
    "known": {"id", "email", "other_emails", "status", "modified", "start", "terminated_on"},
}
_ABSENCE_FIELDS = {
    "required": {"key", "status"},
    "known": {
        "key", "employee_id", "email", "status", "type", "modified", "start", "end", "day", "days", "unit",
        "amount", "half_start", "half_end", "kind", "percent", "open_ended", "removed", "cover",
    },
}  # fmt: skip
_FORMAT_KEYS = {"format", "records", "separator", "encoding", "date_formats", "statuses", "fields"}
_ABSENCE_KEYS = _FORMAT_KEYS | {
    "shape", "end_is", "decimal", "full_day_hours", "default_unit", "excluded_types", "reasons", "kinds",
}  # fmt: skip
_EMPLOYEE_KEYS = _FORMAT_KEYS | {"separators"}


@dataclass(frozen=True, slots=True)
class Field:
    """Say where a canonical field comes from.

    :param columns: names or dotted paths; the first that holds something wins
    :param prefix: text put in front of an id
    :param strip_prefix: text taken off the front of an id
    :param values: words of the source, folded, and what they mean
    :param optional: whether the column may be missing from the whole source
    """

    columns: tuple[str, ...]
    prefix: str = ""
    strip_prefix: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    optional: bool = False

    def cell(self, record: Mapping[str, Any]) -> Any:
        """Return the first cell that holds something, None when none does.

        :param record: one row
        """
        for name in self.columns:
            found, value = dig(record, name)
            if found and not is_missing(value) and value not in ([], {}):
                return value
        return None

    def dress(self, text: str | None) -> str | None:
        """Apply prefixes and the value map to a text.

        :param text: the cell's text, None when it is missing
        """
        if text is None:
            return None
        bare = text.removeprefix(self.strip_prefix) if self.strip_prefix else text
        return f"{self.prefix}{self.values.get(fold(bare), bare)}"


@dataclass(frozen=True, slots=True)
class SourceFormat:
    """Say how the file of a source is taken apart.

    :param format: ``json`` or ``csv``
    :param records: dotted path to the list in a JSON answer
    :param separator: of a CSV file, default found from its header
    :param encoding: default found from the byte order mark, else UTF-8
    """

    format: Literal["json", "csv"] = "json"
    records: str | None = None
    separator: str = "auto"
    encoding: str = "auto"

    def read(self, data: bytes | str) -> Rows:
        """Take a file apart.

        :param data: its content
        """
        if self.format == "csv":
            return read_csv(data, separator=self.separator, encoding=self.encoding)
        return read_json(data, records=self.records, encoding=self.encoding)


@dataclass(frozen=True, slots=True)
class EmployeeMapping:
    """Say how a system's employee rows become :class:`~calcom_provider.hr.records.Employee`."""

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
    """Say how a system's absence rows become :class:`~calcom_provider.hr.records.Absence`."""

    source: SourceFormat
    fields: Mapping[str, Field]
    statuses: Mapping[str, str]
    date_formats: tuple[str, ...]
    shape: Shape
    end_is: EndIs
    decimal: str
    full_day_hours: Decimal
    default_unit: str
    excluded_types: frozenset[str]
    reasons: Mapping[str, str]
    kinds: Mapping[str, str]

    def required_columns(self) -> tuple[str, ...]:
        """Return the columns that must be somewhere in the source."""
        return _required(self.fields)


@dataclass(frozen=True, slots=True)
class HrMapping:
    """Hold a checked mapping.

    :param name: its name
    :param employees: the half for employees, None when it has none
    :param absences: the half for absences, None when it has none
    """

    name: str
    employees: EmployeeMapping | None = None
    absences: AbsenceMapping | None = None


def load_mapping(mapping: str | Path | Mapping[str, Any], **changes: Any) -> HrMapping:
    """Load a mapping by shipped name, from a YAML file, or from a dict.

    :param mapping: one of :data:`SHIPPED`, a path to a YAML file, or the mapping itself
    :param changes: settings of ``employees`` or ``absences`` to lay over it, one level deep, so that a
        shipped mapping can be given the customer's own words (``absences={"excluded_types": [...]}``)
    :raises HrSettingsError: naming the place that is wrong
    """
    raw = mapping if isinstance(mapping, Mapping) else _read_yaml(mapping)
    if not isinstance(raw, Mapping):
        raise HrSettingsError("mapping: expected an object with employees and absences")
    merged: dict[str, Any] = {str(key): value for key, value in raw.items()}
    for half, over in changes.items():
        if over:
            merged[half] = _overlay(merged.get(half) or {}, over)
    check_known(merged, {"name", "employees", "absences"}, "mapping")
    if not (merged.get("employees") or merged.get("absences")):
        raise HrSettingsError("mapping: needs employees, absences or both")
    return HrMapping(
        name=str(merged.get("name", "own")),
        employees=_employees(merged["employees"]) if merged.get("employees") else None,
        absences=_absences(merged["absences"]) if merged.get("absences") else None,
    )


def _overlay(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    both = dict(base)
    for key, value in over.items():
        known = both.get(key)
        both[key] = {**known, **value} if isinstance(known, Mapping) and isinstance(value, Mapping) else value
    return both


def _read_yaml(place: str | Path) -> Any:
    if str(place) in SHIPPED:
        text = resources.files("calcom_provider.hr").joinpath("mappings", f"{place}.yaml").read_text("utf-8")
    else:
        path = Path(place)
        if not path.is_file():
            raise HrSettingsError(
                f"mapping: {str(place)!r} is neither a file nor one of {', '.join(SHIPPED)}"
            )
        text = path.read_text("utf-8")
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as wrong:
        mark = getattr(wrong, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise HrSettingsError(f"mapping: no valid YAML{where}") from None


def _employees(raw: Any) -> EmployeeMapping:
    half = as_object(raw, "employees")
    check_known(half, _EMPLOYEE_KEYS, "employees")
    return EmployeeMapping(
        source=_source(half, "employees"),
        fields=_fields(half, "employees", _EMPLOYEE_FIELDS),
        statuses=_statuses(half, "employees", EMPLOYEE_STATUSES),
        date_formats=_formats(half, "employees"),
        separators=tuple(as_texts(half.get("separators", [";"]), "employees.separators")),
    )


def _absences(raw: Any) -> AbsenceMapping:
    half = as_object(raw, "absences")
    check_known(half, _ABSENCE_KEYS, "absences")
    shape = choice_of(half, "shape", ("range", "days", "per_day"), "range", "absences")
    fields = _fields(half, "absences", _ABSENCE_FIELDS)
    needed = {"range": {"start", "end"}, "days": {"days"}, "per_day": {"day"}}[shape]
    if lacking := sorted(needed - set(fields)):
        raise HrSettingsError(f"absences.fields: shape {shape} needs {', '.join(lacking)}")
    if not {"employee_id", "email"} & set(fields):
        raise HrSettingsError("absences.fields: needs employee_id or email to know whose absence it is")
    reasons = {
        fold(str(k)): str(v) for k, v in as_object(half.get("reasons", {}), "absences.reasons").items()
    }
    for word in reasons.values():
        if word not in REASONS:
            raise HrSettingsError(f"absences.reasons: {word!r} is none of {', '.join(REASONS)}")
    return AbsenceMapping(
        source=_source(half, "absences"),
        fields=fields,
        statuses=_statuses(half, "absences", ABSENCE_STATUSES),
        date_formats=_formats(half, "absences"),
        shape=cast(Shape, shape),
        end_is=cast(EndIs, choice_of(half, "end_is", ("inclusive", "exclusive"), "inclusive", "absences")),
        decimal=choice_of(half, "decimal", (".", ","), ".", "absences"),
        full_day_hours=as_positive(half.get("full_day_hours", 8), "absences.full_day_hours"),
        default_unit=choice_of(half, "default_unit", ("days", "hours"), "days", "absences"),
        excluded_types=frozenset(
            map(fold, as_texts(half.get("excluded_types", []), "absences.excluded_types"))
        ),
        reasons=reasons,
        kinds=_words(half.get("kinds", {}), "absences.kinds", ("whole", "partial", "open")),
    )


def _fields(half: Mapping[str, Any], where: str, names: Mapping[str, set[str]]) -> dict[str, Field]:
    raw = as_object(half.get("fields"), f"{where}.fields")
    check_known(raw, names["known"], f"{where}.fields")
    if lacking := sorted(names["required"] - set(raw)):
        raise HrSettingsError(f"{where}.fields: needs {', '.join(lacking)}")
    return {name: _field(spec, f"{where}.fields.{name}") for name, spec in raw.items() if spec is not None}


def _field(spec: Any, where: str) -> Field:
    if isinstance(spec, str):
        return Field((spec,))
    if isinstance(spec, list):
        return Field(tuple(as_texts(spec, where)))
    given = as_object(spec, where)
    check_known(given, {"column", "columns", "prefix", "strip_prefix", "values", "optional"}, where)
    columns = given.get("columns", given.get("column"))
    if columns is None:
        raise HrSettingsError(f"{where}: needs column or columns")
    values = {
        fold(as_word(key)): as_word(word) for key, word in as_object(given.get("values", {}), where).items()
    }
    return Field(
        columns=tuple(as_texts(columns if isinstance(columns, list) else [columns], where)),
        prefix=str(given.get("prefix", "")),
        strip_prefix=str(given.get("strip_prefix", "")),
        values=values,
        optional=bool(given.get("optional", False)),
    )


def _statuses(half: Mapping[str, Any], where: str, known: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    words = {fold(word): meaning for meaning, spelled in known.items() for word in spelled}
    return words | _words(half.get("statuses", {}), f"{where}.statuses", tuple(known))


def _words(raw: Any, where: str, meanings: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for meaning, words in as_object(raw, where).items():
        if meaning not in meanings:
            raise HrSettingsError(f"{where}: {meaning!r} is none of {', '.join(meanings)}")
        for word in as_texts(words, f"{where}.{meaning}"):
            if found.setdefault(fold(word), meaning) != meaning:
                raise HrSettingsError(f"{where}: {word!r} means both {found[fold(word)]} and {meaning}")
    return found


def _source(half: Mapping[str, Any], where: str) -> SourceFormat:
    separator = str(half.get("separator", "auto"))
    if separator != "auto" and len(separator) != 1:
        raise HrSettingsError(f"{where}.separator: one character, or auto")
    return SourceFormat(
        format=cast(Literal["json", "csv"], choice_of(half, "format", ("json", "csv"), "json", where)),
        records=half.get("records"),
        separator=separator,
        encoding=str(half.get("encoding", "auto")),
    )


def _formats(half: Mapping[str, Any], where: str) -> tuple[str, ...]:
    formats = tuple(as_texts(half.get("date_formats", ["iso"]), f"{where}.date_formats"))
    check_formats(formats, f"{where}.date_formats")
    return formats


def _required(fields: Mapping[str, Field]) -> tuple[str, ...]:
    # A field with several columns is content with any of them, so none is required by itself.
    return tuple(one.columns[0] for one in fields.values() if not one.optional and len(one.columns) == 1)
