"""Name the canonical shape of HR data: what every mapping turns a system's rows into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from calcom_provider.hr.sources.dates import Moment

EmployeeStatus = Literal["active", "leave", "prehire", "terminated"]
AbsenceStatus = Literal["approved", "removed", "pending"]


@dataclass(frozen=True, slots=True)
class Employee:
    """Describe one HR record of a person.

    :param id: the HR id, None for a record without one.
    :param row: number of the row.
    :param email: work e-mail as given.
    :param other_emails: further addresses of the same person.
    :param status: canonical status.
    :param modified: sortable text of the last change, empty when unknown.
    :param start: first day of employment.
    :param terminated_on: last day of employment.
    :param cells: the row, for the attribute columns.
    """

    id: str | None
    row: int
    email: str | None
    other_emails: tuple[str, ...]
    status: EmployeeStatus
    modified: str = ""
    start: date | None = None
    terminated_on: date | None = None
    cells: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def is_gone(self, as_of: date) -> bool:
        """Say whether the employment is over on a day.

        :param as_of: the day; the last day of employment still counts as employed.
        """
        return self.status == "terminated" or (self.terminated_on is not None and self.terminated_on < as_of)


@dataclass(frozen=True, slots=True)
class Absence:
    """Describe one absence request, or one day of it.

    :param key: the request's id.
    :param row: number of the row.
    :param employee_id: HR id of the person.
    :param email: e-mail of the person.
    :param status: canonical status.
    :param status_word: the folded word the source used.
    :param excluded: whether its type is none that keeps a person away.
    :param reason: Cal.com's reason word.
    :param modified: sortable text of the last change, empty when unknown.
    :param start: first moment.
    :param end: last moment.
    :param days: share of each day, where the source says so.
    :param half_start: whether the first day is a half one.
    :param half_end: whether the last day is a half one.
    :param share: share of every day of the range, 1 for whole days.
    :param open_ended: whether the source says that no end is known.
    :param cover: HR id or e-mail of the person who covers.
    :param fault: code of what is wrong with its dates, empty when nothing is.
    :param entry: id of the row inside its request, empty where the source gives none.
    """

    key: str
    row: int
    employee_id: str | None
    email: str | None
    status: AbsenceStatus
    status_word: str
    excluded: bool = False
    reason: str = "unspecified"
    modified: str = ""
    start: Moment | None = None
    end: Moment | None = None
    days: Mapping[date, Decimal] | None = None
    half_start: bool = False
    half_end: bool = False
    share: Decimal = Decimal(1)
    open_ended: bool = False
    cover: str | None = None
    fault: str = ""
    entry: str = ""

    @property
    def is_correction(self) -> bool:
        """Return whether it takes back what another row of its request gave."""
        return any(share < 0 for share in (self.days or {}).values())

    def content(self) -> tuple[Any, ...]:
        """Return what must agree for two rows to say the same."""
        days = tuple(sorted(self.days.items())) if self.days else ()
        return (
            self.key,
            self.employee_id,
            (self.email or "").casefold(),
            self.status,
            self.excluded,
            self.reason,
            self.modified,
            self.start,
            self.end,
            days,
            self.half_start,
            self.half_end,
            self.share,
            self.open_ended,
            self.cover,
            self.fault,
            self.entry,
        )
