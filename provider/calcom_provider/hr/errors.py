"""Name what can go wrong with HR data without repeating any of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from calcom_provider.api.errors import CalComError, ConfigurationError

Level = Literal["error", "warning", "info"]


class HrError(CalComError):
    """Say that an HR write-back cannot go on."""


class HrSettingsError(ConfigurationError):
    """Say that mappings or settings of the write-back are wrong, and where.

    :param problems: everything that is wrong, each with its place, where more than one thing can be.
    """

    def __init__(self, message: str, *, problems: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(message, **kwargs)
        self.problems = tuple(problems) or (message,)


class SourceError(HrError):
    """Say that the HR source is empty, unreadable or lacks a column: nothing is written then."""


class LedgerError(HrError):
    """Say that the ledger is missing, belongs to something else or holds no such plan."""


class WriterBusyError(HrError):
    """Say that another run is writing to the organisation; a later try may pass."""


class RefusedError(HrError):
    """Say that a guard refused the plan; nothing of it was written.

    :param verdicts: names of the guards that refused.
    :param quarantine: the quarantine that this began or met, None without one.
    """

    def __init__(
        self,
        message: str,
        *,
        verdicts: Sequence[str] = (),
        quarantine: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(message, **kwargs)
        self.verdicts = tuple(verdicts)
        self.quarantine = quarantine


class RowsFailedError(HrError):
    """Say that more rows failed than the settings allow, after everything else was done.

    :param codes: how many rows failed by code.
    """

    def __init__(self, message: str, *, codes: dict[str, int] | None = None, **kwargs: Any) -> None:
        super().__init__(message, **kwargs)
        self.codes = dict(codes or {})


class DirectorySyncError(RefusedError):
    """Say that a directory sync owns attributes here, so that writing them would undo its work."""


class CellError(HrError):
    """Carry the code of a cell that cannot be read; never its content.

    :param code: machine-readable reason, such as ``float_id``.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Issue:
    """Report one thing about one row: its key, its place and a code, never what it holds.

    :param code: machine-readable reason.
    :param key: the row's own key (request id or employee id), None when it has none.
    :param row: number of the data row, counted from 1.
    :param level: ``error`` counts towards ``max_failed_rows``; ``warning`` and ``info`` do not.
    :param column: the column concerned.
    :param user_id: the Cal.com user concerned.
    :param days: civil days concerned, ISO text.
    :param hint: id of the option nearest to a value that has none.
    """

    code: str
    key: str | None = None
    row: int | None = None
    level: Level = "error"
    column: str | None = None
    user_id: int | None = None
    days: tuple[str, ...] = field(default=())
    hint: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the issue as plain JSON values, without the fields that say nothing."""
        plain = {
            "code": self.code,
            "key": self.key,
            "row": self.row,
            "level": self.level,
            "column": self.column,
            "user_id": self.user_id,
            "days": list(self.days) or None,
            "hint": self.hint,
        }
        return {name: value for name, value in plain.items() if value is not None}


def count_codes(issues: Iterable[Issue], level: Level | None = None) -> dict[str, int]:
    """Count issues by code.

    :param issues: what was reported.
    :param level: count only this level; default all.
    """
    counts: dict[str, int] = {}
    for issue in issues:
        if level is None or issue.level == level:
            counts[issue.code] = counts.get(issue.code, 0) + 1
    return dict(sorted(counts.items()))
