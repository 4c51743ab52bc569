"""Hold what both kinds of write-back are set up with, and check it before anything is read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from calcom_provider.hr.errors import HrSettingsError
from calcom_provider.hr.plan.guards import Confirmation, GuardLimits
from calcom_provider.hr.sources.dates import today_in, zone_of
from calcom_provider.hr.sources.mapping import HrMapping
from calcom_provider.hr.target.matching import MatchSettings


@dataclass(frozen=True, slots=True)
class Common:
    """Set up a write-back.

    :param timezone: IANA zone of the organisation, in which "today" is meant.
    :param mapping: what the columns of the HR system mean.
    :param namespace: whose write-back this is; two of them in one organisation leave each other's work alone.
    :param match: how people are matched.
    :param limits: limits of the guards.
    :param confirm: overrides of this run.
    :param as_of: the day to plan for, default today in ``timezone``.
    :param max_failed_rows: row errors that do not fail the task, default 0.
    :param retention_days: days after which the ledger forgets values, default 30.
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


def directory_sync_setting(value: object) -> bool:
    """Read ``directory_sync``, which has no default because nothing readable says whether one is on.

    :param value: True or False, ``on`` or ``off``.
    :raises HrSettingsError: when it is not set.
    """
    words = {True: True, False: False, "on": True, "off": False, "true": True, "false": False}
    key = value.lower() if isinstance(value, str) else value
    if isinstance(key, str | bool) and key in words:
        return words[key]
    raise HrSettingsError(
        "directory_sync: say whether a directory (SCIM) writes attributes in this organisation: on or off",
    )
