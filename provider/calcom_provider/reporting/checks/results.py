"""What a check says: which rows failed, by their keys and by nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from calcom_provider.api.errors import CalComError

#: Keys that a result carries; the count is always the whole one.
SHOWN = 20


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Say what one check found in one place.

    :param check: ``keys``, ``references``, ``freshness`` or ``match_rate``.
    :param subject: table, reference, or what was looked at.
    :param failed: rows that failed; 0 when all is well.
    :param keys: keys of the first of them: ids and codes, never what a row tells about a person.
    :param note: what is wrong, or why it was not checked.
    :param checked: False when there was nothing to check.
    """

    check: str
    subject: str
    failed: int = 0
    keys: tuple[Mapping[str, Any], ...] = ()
    note: str = ""
    checked: bool = True

    def as_dict(self) -> dict[str, Any]:
        """Return the result as plain values, fit for XCom."""
        return {
            "check": self.check,
            "subject": self.subject,
            "failed": self.failed,
            "keys": [dict(key) for key in self.keys],
            "note": self.note,
            "checked": self.checked,
        }

    def line(self) -> str:
        """Return the result on one line."""
        if not self.failed:
            return f"{self.check} {self.subject}: {self.note or 'all right'}"
        shown = "; ".join(" ".join(f"{name}={value}" for name, value in key.items()) for key in self.keys)
        more = f" and {self.failed - len(self.keys)} more" if self.failed > len(self.keys) else ""
        return f"{self.check} {self.subject}: {self.failed} failed, {self.note}: {shown}{more}"


class ChecksFailedError(CalComError):
    """Report checks that failed, with the keys of the rows.

    :param results: the results that failed.
    """

    def __init__(self, results: Iterable[CheckResult]) -> None:
        self.results = tuple(results)
        rows = sum(one.failed for one in self.results)
        super().__init__(
            f"{len(self.results)} checks failed for {rows} rows. "
            + " | ".join(one.line() for one in self.results)
        )
