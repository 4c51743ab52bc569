"""Build the settings of a write-back from plain values: a YAML file, or the arguments of an operator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from calcom_provider.hr.attribute_job import AttributeSettings
from calcom_provider.hr.columns import load_columns
from calcom_provider.hr.days import DayPolicy
from calcom_provider.hr.errors import HrSettingsError
from calcom_provider.hr.guards import Confirmation, GuardLimits
from calcom_provider.hr.mapping import load_mapping
from calcom_provider.hr.ooo_job import OutOfOfficeSettings
from calcom_provider.hr.people import MatchSettings
from calcom_provider.hr.settings import Common, directory_sync_setting, from_mapping

COMMON = {
    "timezone", "mapping", "mapping_changes", "namespace", "aliases", "metadata_key", "limits", "confirm",
    "as_of", "max_failed_rows", "retention_days",
}  # fmt: skip
ATTRIBUTES = {"columns", "directory_sync", "allow_weight_loss", "clear_terminated"}
OUT_OF_OFFICE = {
    "partial_days", "threshold", "open_ended", "roll_weeks", "horizon_days", "window_start", "window_end",
    "on_drift", "on_missing", "allow_sensitive_reason", "note", "marker_secret",
}  # fmt: skip


def load_settings(path: str | Path) -> dict[str, Any]:
    """Read a settings file: common values, and the halves ``attributes`` and ``out_of_office``.

    :param path: a YAML file
    :raises HrSettingsError: when it cannot be read or is no object
    """
    try:
        loaded = yaml.safe_load(Path(path).read_text("utf-8"))
    except (OSError, yaml.YAMLError) as wrong:
        raise HrSettingsError(f"settings: {path} cannot be read ({type(wrong).__name__})") from None
    if not isinstance(loaded, Mapping):
        raise HrSettingsError("settings: expected an object")
    known = COMMON | {"attributes", "out_of_office"}
    if unknown := sorted(str(key) for key in loaded if key not in known):
        raise HrSettingsError(
            f"settings: unknown key {', '.join(unknown)}; known: {', '.join(sorted(known))}"
        )
    return dict(loaded)


def common_settings(raw: Mapping[str, Any]) -> Common:
    """Build what every write-back is set up with.

    :param raw: values by name; ``timezone`` and ``mapping`` are required
    :raises HrSettingsError: for what is missing or wrong
    """
    for name in ("timezone", "mapping"):
        if not raw.get(name):
            raise HrSettingsError(f"{name}: required")
    common = Common(
        timezone=str(raw["timezone"]),
        mapping=load_mapping(raw["mapping"], **dict(raw.get("mapping_changes") or {})),
        namespace=str(raw.get("namespace") or "hr"),
        match=MatchSettings(dict(raw.get("aliases") or {}), raw.get("metadata_key") or None),
        limits=from_mapping(GuardLimits, raw.get("limits"), "limits"),
        confirm=Confirmation.of(raw.get("confirm")),
        as_of=_day(raw.get("as_of"), "as_of"),
        max_failed_rows=int(raw.get("max_failed_rows") or 0),
        retention_days=float(raw.get("retention_days") or 30),
    )
    common.today()  # an unknown zone shows here, before anything is read
    return common


def attribute_settings(raw: Mapping[str, Any]) -> AttributeSettings:
    """Build the settings of the write-back of attributes.

    :param raw: common values, and those of the half ``attributes`` beside them
    :raises HrSettingsError: for what is missing or wrong
    """
    _known(raw, COMMON | ATTRIBUTES)
    return AttributeSettings(
        common=common_settings(raw),
        columns=load_columns(raw.get("columns") or {}),
        directory_sync=directory_sync_setting(raw.get("directory_sync")),
        allow_weight_loss=bool(raw.get("allow_weight_loss", False)),
        clear_terminated=bool(raw.get("clear_terminated", False)),
    )


def out_of_office_settings(raw: Mapping[str, Any]) -> OutOfOfficeSettings:
    """Build the settings of the write-back of absences.

    :param raw: common values, and those of the half ``out_of_office`` beside them
    :raises HrSettingsError: for what is missing or wrong
    """
    _known(raw, COMMON | OUT_OF_OFFICE)
    common = common_settings(raw)
    policy = {one.name: raw[one.name] for one in fields(DayPolicy) if raw.get(one.name) is not None}
    if "threshold" in policy:
        policy["threshold"] = Decimal(str(policy["threshold"]))
    if common.mapping.absences is not None:
        policy["end_is"] = common.mapping.absences.end_is
    return OutOfOfficeSettings(
        common=common,
        days=DayPolicy(**policy),
        window=(_day(raw.get("window_start"), "window_start"), _day(raw.get("window_end"), "window_end")),
        on_drift=raw.get("on_drift") or "keep",
        on_missing=raw.get("on_missing") or "respect",
        allow_sensitive_reason=bool(raw.get("allow_sensitive_reason", False)),
        note=str(raw.get("note") or ""),
        marker_secret=str(raw.get("marker_secret") or ""),
    )


def _known(raw: Mapping[str, Any], known: set[str]) -> None:
    if unknown := sorted(str(key) for key in raw if key not in known):
        raise HrSettingsError(
            f"settings: unknown key {', '.join(unknown)}; known: {', '.join(sorted(known))}"
        )


def _day(value: Any, name: str) -> date | None:
    if value is None or value == "":
        return None
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise HrSettingsError(f"{name}: expected a date like 2026-03-16") from None
