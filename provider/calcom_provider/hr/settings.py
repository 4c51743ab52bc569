"""Hold what both kinds of write-back are set up with, and check it before anything is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any, TypeVar

from calcom_provider.hr.dates import today_in, zone_of
from calcom_provider.hr.errors import HrSettingsError
from calcom_provider.hr.guards import Confirmation, GuardLimits
from calcom_provider.hr.mapping import HrMapping
from calcom_provider.hr.people import MatchSettings

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Common:
    """Set up a write-back.

    :param timezone: IANA zone of the organisation, in which "today" is meant
    :param mapping: what the columns of the HR system mean
    :param namespace: whose write-back this is; two of them in one organisation leave each other's work alone
    :param match: how people are matched
    :param limits: limits of the guards
    :param confirm: overrides of this run
    :param as_of: the day to plan for, default today in ``timezone``
    :param max_failed_rows: row errors that do not fail the task, default 0
    :param retention_days: days after which the ledger forgets values, default 30
    """

    timezone: str
    mapping: HrMapping
    namespace: str = "hr"
    match: MatchSettings = field(default_factory=MatchSettings)
    limits: GuardLimits = field(default_factory=GuardLimits)
    confirm: Confirmation = field(default_factory=Confirmation)
    as_of: date | None = None
    max_failed_rows: int = 0
    retention_days: float = 30

    def today(self) -> date:
        """Return the day to plan for."""
        zone_of(self.timezone)
        return self.as_of or today_in(self.timezone)


def from_mapping(kind: type[S], raw: Mapping[str, Any] | None, where: str) -> S:
    """Build settings from plain values; an unknown name is an error.

    :param kind: the settings' class
    :param raw: values by name
    :param where: path of the settings, for the message
    :raises HrSettingsError: for an unknown name
    """
    known = {one.name for one in fields(kind)}  # type: ignore[arg-type]
    given = dict(raw or {})
    if unknown := sorted(set(given) - known):
        raise HrSettingsError(f"{where}: unknown key {', '.join(unknown)}; known: {', '.join(sorted(known))}")
    return kind(**given)


def directory_sync_setting(value: object) -> bool:
    """Read ``directory_sync``, which has no default because nothing readable says whether one is on.

    :param value: True or False, ``on`` or ``off``
    :raises HrSettingsError: when it is not set
    """
    words = {True: True, False: False, "on": True, "off": False, "true": True, "false": False}
    key = value.lower() if isinstance(value, str) else value
    if isinstance(key, str | bool) and key in words:
        return words[key]
    raise HrSettingsError(
        "directory_sync: say whether a directory (SCIM) writes attributes in this organisation: on or off",
    )
