"""Keep of all rows about one request those that count: a source may hold older versions, copies and corrections."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from typing import Literal

from calcom_provider.hr.errors import Issue
from calcom_provider.hr.sources.records import Absence

DuplicateCode = Literal["duplicate_row", "older_version"]


def newest_requests(parsed: Iterable[Absence]) -> tuple[list[Absence], list[Issue]]:
    """Keep the newest row of each request.

    :param parsed: rows that each tell a whole request.
    """
    found = _Versions()
    for rows in _grouped((one.key, one) for one in parsed):
        found.take_newest(rows)
    return found.result()


def newest_days(parsed: Iterable[Absence]) -> tuple[list[Absence], list[Issue]]:
    """Keep the rows that count of requests told day by day.

    Rows of one request and day are versions of each other, the newest counts, unless the source gives each
    an id of its own or some of them are negative: then they are an account, and all of them count. Where
    nothing tells two rows apart and it matters how often they count, neither may be believed.

    :param parsed: rows that each tell one day of a request.
    """
    found = _Versions()
    for rows in _grouped(((one.key, *sorted(one.days or ())), one) for one in parsed):
        if all(row.entry for row in rows):
            for versions in _grouped((row.entry, row) for row in rows):
                found.take_newest(versions)
        elif any(row.is_correction for row in rows):
            found.take_account(rows)
        else:
            found.take_newest(rows, may_be_two=True)
    return found.result()


class _Versions:
    def __init__(self) -> None:
        self.counting: list[Absence] = []
        self.issues: list[Issue] = []

    def result(self) -> tuple[list[Absence], list[Issue]]:
        return sorted(self.counting, key=lambda one: one.row), self.issues

    def take_newest(self, rows: list[Absence], *, may_be_two: bool = False) -> None:
        newest = _newest(rows)
        agree = len({row.content() for row in newest}) == 1
        halves = may_be_two and len(newest) > 1 and newest[0].status == "approved" and _is_short(newest[0])
        if not agree or halves:
            self._disagree(newest)
            return
        self.counting.append(newest[0])
        for row in rows:
            if row is not newest[0]:
                self._dropped(row, "duplicate_row" if row in newest else "older_version")

    def take_account(self, rows: list[Absence]) -> None:
        """Take what was booked since the day was last not approved, and every correction of it."""
        booked = [row for row in rows if not row.is_correction]
        ended = max((row.modified for row in booked if row.status != "approved"), default=None)
        last = _newest(booked) if booked else []
        if any(row.status != "approved" for row in last):
            if len({row.status for row in last}) > 1:
                self._disagree(last)
                return
            self.counting.append(last[0])
            for row in rows:
                if row is not last[0]:
                    self._dropped(row, "older_version")
            return
        current = [row for row in booked if ended is None or row.modified > ended]
        current += [row for row in rows if row.is_correction and row.status == "approved"]
        contents = [row.content() for row in current]
        if len(set(contents)) < len(contents):
            self._disagree(current)
            return
        self.counting += current
        for row in rows:
            if row not in current:
                self._dropped(row, "older_version")

    def _disagree(self, rows: list[Absence]) -> None:
        # Two rows that both claim to be current: neither may be believed.
        self.issues.append(Issue("conflicting_versions", key=rows[0].key, row=rows[-1].row))

    def _dropped(self, row: Absence, code: DuplicateCode) -> None:
        self.issues.append(Issue(code, key=row.key, row=row.row, level="info"))


def _newest(rows: list[Absence]) -> list[Absence]:
    latest = max(row.modified for row in rows)
    return [row for row in rows if row.modified == latest]


def _is_short(row: Absence) -> bool:
    return any(0 < share < 1 for share in (row.days or {}).values())


def _grouped(pairs: Iterable[tuple[Hashable, Absence]]) -> Iterable[list[Absence]]:
    groups: dict[Hashable, list[Absence]] = defaultdict(list)
    for key, row in pairs:
        groups[key].append(row)
    return groups.values()
