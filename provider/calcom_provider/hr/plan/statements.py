"""Hold what HR said about a request, and which days of an entry were written for it.

Compared is what HR said, not what was made of it: neither the horizon, nor the rolled end of a request without
one, nor a window that moves on with the calendar is news.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Statement:
    """Describe what HR says about one request.

    :param digest: keyed digest of its reason and cover and, where it is told as a range, of its ends and size.
    :param told: days it takes, where it is told day by day.
    """

    digest: str = ""
    told: frozenset[date] = frozenset()

    def agrees_with(self, other: Statement, since: date, until: date | None) -> bool:
        """Say whether another statement says the same, on the days of which both could speak.

        :param other: the other statement; one of a ledger of 0.1.0 has no digest and agrees with all.
        :param since: first day of which both speak.
        :param until: last day of which both speak, None without bound.
        """
        if not self.digest or not other.digest:
            return True
        return self.digest == other.digest and not any(
            day >= since and (until is None or day <= until) for day in self.told ^ other.told
        )


@dataclass(frozen=True, slots=True)
class OwnedRequest:
    """Describe what was written for one request in one entry.

    :param days: the days of the entry behind which it stands.
    :param statement: what HR said about it.
    """

    days: frozenset[date]
    statement: Statement = Statement()

    def content(self) -> dict[str, str]:
        """Return it as plain texts, for a plan and for the ledger."""
        return {
            "days": runs_of(self.days),
            "statement": self.statement.digest,
            "told": runs_of(self.statement.told),
        }

    @classmethod
    def from_content(cls, content: Mapping[str, Any]) -> OwnedRequest:
        """Build it from its plain texts.

        :param content: what :meth:`content` returned.
        """
        statement = Statement(str(content["statement"]), days_in(str(content["told"])))
        return cls(days_in(str(content["days"])), statement)


def runs_of(days: Iterable[date]) -> str:
    """Return days as runs, ``first/last first/last``, with ISO dates.

    :param days: the days.
    """
    runs: list[list[date]] = []
    for day in sorted(days):
        if runs and runs[-1][1] == day - ONE_DAY:
            runs[-1][1] = day
        else:
            runs.append([day, day])
    return " ".join(f"{first.isoformat()}/{last.isoformat()}" for first, last in runs)


def days_in(runs: str) -> frozenset[date]:
    """Return the days of runs.

    :param runs: what :func:`runs_of` returned.
    """
    found: set[date] = set()
    for run in runs.split():
        first, last = map(date.fromisoformat, run.split("/"))
        found |= days_between(first, last)
    return frozenset(found)


def days_between(first: date, last: date) -> frozenset[date]:
    """Return every day from one to another, both included.

    :param first: the first.
    :param last: the last.
    """
    return frozenset(first + timedelta(days=step) for step in range((last - first).days + 1))
