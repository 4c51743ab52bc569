"""Say what the settings of a write-back may hold: the file of the command line, and the operators' arguments."""

from __future__ import annotations

from dataclasses import field
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator
from pydantic import Field as Limits

from calcom_provider.hr.attributes.columns import Columns
from calcom_provider.hr.errors import HrSettingsError
from calcom_provider.hr.out_of_office.days import DayRules
from calcom_provider.hr.plan.guards import Confirmation, GuardLimits
from calcom_provider.hr.plan.settings import directory_sync_setting
from calcom_provider.hr.sources.dates import zone_of
from calcom_provider.hr.sources.mapping_file import AbsencesHalf, EmployeesHalf, MappingFile, Word
from calcom_provider.hr.validation import Count, Flag, checked, schema_of

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Unreadable(str):
    """Stand where a mapping should be, and say why there is none."""


def _zone(name: str) -> str:
    try:
        zone_of(name)
    except HrSettingsError as wrong:
        raise ValueError(wrong.message.removeprefix("timezone: ")) from None
    return name


def _mapping(value: Any) -> Any:
    if isinstance(value, Unreadable):
        raise ValueError(str(value))
    return value


def _confirmation(value: Any) -> Any:
    try:
        Confirmation.of(value)
    except HrSettingsError as wrong:
        raise ValueError(wrong.message.removeprefix("confirm: ")) from None
    return value


def _day(value: Any) -> Any:
    if not isinstance(value, str):
        return value if value is None or type(value) is date else str(value)
    try:
        return date.fromisoformat(value) if value else None
    except ValueError:
        raise ValueError("expected a date like 2026-03-16") from None


def _on_or_off(value: Any) -> bool:
    try:
        return directory_sync_setting(value)
    except HrSettingsError:
        raise ValueError("expected on or off") from None


def _user(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError("expected a user id or an e-mail")
    return value


User = Annotated[int | str, BeforeValidator(_user, json_schema_input_type=int | str)]
Zone = Annotated[str, BeforeValidator(_zone)]
Day = Annotated[date | None, BeforeValidator(_day, json_schema_input_type=str | None)]
OnOff = Annotated[bool, BeforeValidator(_on_or_off, json_schema_input_type=bool | Literal["on", "off"])]
RetentionDays = Annotated[float, Limits(strict=True, gt=0, json_schema_extra={"unit": "days"})]
Mapped = Annotated[MappingFile, BeforeValidator(_mapping, json_schema_input_type=str | MappingFile)]
Confirm = Annotated[Any, BeforeValidator(_confirmation, json_schema_input_type=str | dict[str, int] | None)]


@checked
class MappingChanges:
    """Lay values over the halves of a mapping.

    :param employees: what differs in the half for employees.
    :param absences: what differs in the half for absences.
    """

    employees: EmployeesHalf | None = None
    absences: AbsencesHalf | None = None


Changes = Annotated[Any, BeforeValidator(lambda value: value, json_schema_input_type=MappingChanges | None)]


@checked
class CommonValues:
    """Set up a write-back.

    :param timezone: IANA zone of the organisation, in which "today" is meant.
    :param mapping: name of a shipped mapping, path of a YAML file, or the mapping itself.
    :param mapping_changes: values to lay over the mapping's halves.
    :param namespace: whose write-back this is, default ``hr``.
    :param aliases: HR id or e-mail to Cal.com user id or e-mail.
    :param metadata_key: dotted path of the HR id in the users' metadata.
    :param limits: limits of the guards.
    :param confirm: override for this run: the plan's hash, or exact counts by guard.
    :param confirmed_by: who confirms, for the ledger.
    :param as_of: the day to plan for, default today in ``timezone``.
    :param max_failed_rows: row errors that do not fail the run, default 0.
    :param retention_days: days after which the ledger forgets values, default 30.
    """

    timezone: Zone = field(kw_only=True)
    mapping: Mapped = field(kw_only=True)
    mapping_changes: Changes = field(default=None, kw_only=True)
    namespace: str = field(default="hr", kw_only=True)
    aliases: dict[Word, User] = field(default_factory=dict, kw_only=True)
    metadata_key: str | None = field(default=None, kw_only=True)
    limits: GuardLimits = field(default_factory=GuardLimits, kw_only=True)
    confirm: Confirm = field(default=None, kw_only=True)
    confirmed_by: str = field(default="", kw_only=True)
    as_of: Day = field(default=None, kw_only=True)
    max_failed_rows: Count = field(default=0, kw_only=True)
    retention_days: RetentionDays = field(default=30.0, kw_only=True)


@checked
class AttributeValues:
    """Set up the write-back of attributes.

    :param columns: columns of the employee source and the attributes they fill.
    :param directory_sync: say whether a directory (SCIM) writes attributes in this organisation: on or off.
    :param allow_weight_loss: whether weighted assignments may be taken back, which loses their weights.
    :param clear_terminated: whether people who left lose what was assigned here.
    """

    columns: Columns = field(kw_only=True)
    directory_sync: OnOff = field(kw_only=True)
    allow_weight_loss: Flag = field(default=False, kw_only=True)
    clear_terminated: Flag = field(default=False, kw_only=True)


@checked
class OutOfOfficeValues(DayRules):
    """Set up the write-back of absences.

    :param window_start: first day of which the source speaks.
    :param window_end: last day of which the source speaks.
    :param on_drift: what an entry edited by a person means: ``keep`` (default) or ``overwrite``.
    :param on_missing: what an entry deleted by a person means: ``respect`` (default) or ``recreate``.
    :param allow_sensitive_reason: whether a type may be shown as ``sick``, default no.
    :param note: fixed public sentence in the notes.
    :param marker_secret: key of the digests in the notes.
    """

    window_start: Day = None
    window_end: Day = None
    on_drift: Literal["keep", "overwrite"] = "keep"
    on_missing: Literal["respect", "recreate"] = "respect"
    allow_sensitive_reason: Flag = False
    note: str = ""
    marker_secret: str = field(default="", repr=False)


@checked
class AttributeRun(CommonValues, AttributeValues):
    """Hold the settings of one write-back of attributes, the half beside the common values."""


@checked
class OutOfOfficeRun(CommonValues, OutOfOfficeValues):
    """Hold the settings of one write-back of absences, the half beside the common values."""


@checked
class SettingsFile(CommonValues):
    """Settings of ``calcom hr``: what both write-backs share, and one half for each.

    :param attributes: the write-back of attributes.
    :param out_of_office: the write-back of absences.
    """

    attributes: AttributeValues | None = field(default=None, kw_only=True)
    out_of_office: OutOfOfficeValues | None = field(default=None, kw_only=True)


def settings_schema() -> dict[str, Any]:
    """Return the JSON schema of the settings file, for editors."""
    schema = schema_of(SettingsFile)
    parts = schema["$defs"]
    parts["AttributeColumn"]["properties"].pop("column")
    parts["AttributeColumn"]["required"] = ["attribute"]
    for half in ("EmployeesHalf", "AbsencesHalf"):
        fields = f"{half.removesuffix('sHalf')}Fields"
        # What is laid over a mapping need not be whole.
        parts[f"{half}Changes"] = _partial(parts[half], fields)
        parts[f"{fields}Changes"] = _partial(parts[fields])
        name = "employees" if half == "EmployeesHalf" else "absences"
        parts["MappingChanges"]["properties"][name]["anyOf"][0]["$ref"] = f"#/$defs/{half}Changes"
    return {"$schema": DIALECT, "title": "Settings of calcom hr"} | schema


def _partial(part: dict[str, Any], fields: str | None = None) -> dict[str, Any]:
    changed = {name: value for name, value in part.items() if name != "required"}
    if fields is not None:
        told = {**part["properties"]["fields"], "$ref": f"#/$defs/{fields}Changes"}
        changed["properties"] = {**part["properties"], "fields": told}
    return changed
