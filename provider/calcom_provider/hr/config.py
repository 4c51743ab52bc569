"""Build the settings of a write-back from plain values: a YAML file, or the arguments of an operator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import yaml

from calcom_provider.errors import at_line
from calcom_provider.hr.attributes.job import AttributeSettings
from calcom_provider.hr.errors import HrSettingsError
from calcom_provider.hr.out_of_office.days import DayPolicy, DayRules
from calcom_provider.hr.out_of_office.job import OutOfOfficeSettings
from calcom_provider.hr.plan.guards import Confirmation
from calcom_provider.hr.plan.settings import Common
from calcom_provider.hr.settings import AttributeRun, CommonValues, OutOfOfficeRun, SettingsFile, Unreadable
from calcom_provider.hr.sources.mapping import built, mapping_data
from calcom_provider.hr.target.matching import MatchSettings
from calcom_provider.hr.validation import check

S = TypeVar("S")
HALVES = ("attributes", "out_of_office")


def load_settings(path: str | Path) -> dict[str, Any]:
    """Read a settings file: common values, and the halves ``attributes`` and ``out_of_office``.

    :param path: a YAML file.
    :raises HrSettingsError: when it cannot be read, or naming everything that is wrong in it.
    """
    try:
        loaded = yaml.safe_load(Path(path).read_text("utf-8"))
    except OSError as wrong:
        raise HrSettingsError(f"settings: {path} cannot be read ({wrong.strerror})") from None
    except yaml.YAMLError as wrong:
        raise HrSettingsError(f"settings: {path}{at_line(wrong)}: no valid YAML") from None
    if not isinstance(loaded, Mapping):
        raise HrSettingsError("settings: expected an object")
    raw = {name: _given(value) if name in HALVES else value for name, value in loaded.items()}
    _check(SettingsFile, raw)
    return raw


def attribute_settings(raw: Mapping[str, Any]) -> AttributeSettings:
    """Build the settings of the write-back of attributes.

    :param raw: common values, and those of the half ``attributes`` beside them.
    :raises HrSettingsError: naming everything that is missing or wrong.
    """
    values = _check(AttributeRun, raw)
    return AttributeSettings(
        common=_common(values),
        columns=tuple(values.columns.values()),
        directory_sync=values.directory_sync,
        allow_weight_loss=values.allow_weight_loss,
        clear_terminated=values.clear_terminated,
    )


def out_of_office_settings(raw: Mapping[str, Any]) -> OutOfOfficeSettings:
    """Build the settings of the write-back of absences.

    :param raw: common values, and those of the half ``out_of_office`` beside them.
    :raises HrSettingsError: naming everything that is missing or wrong.
    """
    values = _check(OutOfOfficeRun, raw)
    common = _common(values)
    policy = {one.name: getattr(values, one.name) for one in fields(DayRules)}
    if common.mapping.absences is not None:
        policy["end_is"] = common.mapping.absences.end_is
    return OutOfOfficeSettings(
        common=common,
        days=DayPolicy(**policy),
        window=(values.window_start, values.window_end),
        on_drift=values.on_drift,
        on_missing=values.on_missing,
        allow_sensitive_reason=values.allow_sensitive_reason,
        note=values.note,
        marker_secret=values.marker_secret,
    )


def _common(values: CommonValues) -> Common:
    return Common(
        timezone=values.timezone,
        mapping=built(values.mapping),
        namespace=values.namespace,
        match=MatchSettings(values.aliases, values.metadata_key),
        limits=values.limits,
        confirm=Confirmation.of(values.confirm, values.confirmed_by),
        as_of=values.as_of,
        max_failed_rows=values.max_failed_rows,
        retention_days=values.retention_days,
    )


def _check(kind: type[S], raw: Mapping[str, Any]) -> S:
    """Check values; what is wrong in a mapping because of its changes is told as theirs."""
    values = _prepared(raw)
    try:
        return check(kind, values)
    except HrSettingsError as wrong:
        changes = {"mapping": values.get("mapping_changes")}
        problems = [
            f"mapping_changes{one.removeprefix('mapping')}" if _names(changes, one.split(": ")[0]) else one
            for one in wrong.problems
        ]
        raise HrSettingsError("; ".join(problems), problems=problems) from None


def _names(values: Any, place: str) -> bool:
    for part in place.split("."):
        if not isinstance(values, Mapping) or part not in values:
            return False
        values = values[part]
    return place != "mapping"


def _prepared(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is empty, and lay the mapping's changes over it: only then is it whole."""
    values = _given(raw)
    if "mapping" in values:
        changes = values.get("mapping_changes") or {}
        if not isinstance(changes, Mapping):
            raise HrSettingsError("mapping_changes: expected an object with employees and absences")
        try:
            values["mapping"] = mapping_data(
                values["mapping"], {str(key): one for key, one in changes.items()}
            )
        except HrSettingsError as wrong:
            values["mapping"] = Unreadable(wrong.message.removeprefix("mapping: "))
    return values


def _given(raw: Any) -> Any:
    """Return values without those that say nothing; a template that rendered to nothing is an empty text."""
    if not isinstance(raw, Mapping):
        return raw
    return {str(name): value for name, value in raw.items() if value is not None and value != ""}
