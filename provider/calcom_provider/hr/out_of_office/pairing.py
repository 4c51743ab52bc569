"""Give each wanted run of days the entry of ours that becomes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date

from calcom_provider.hr.out_of_office.days import Segment
from calcom_provider.hr.target.state import OooEntry


class Pairing:
    """Pair one person's runs and entries: same days first, then shared days, then the same request.

    :param wanted: runs of days.
    :param entries: entries of ours.
    :param as_of: the day that is today for the organisation.
    """

    def __init__(self, wanted: Iterable[Segment], entries: Iterable[OooEntry], as_of: date) -> None:
        self.wanted = list(wanted)
        self.entries = list(entries)
        self.as_of = as_of
        self.pairs: list[tuple[OooEntry, Segment]] = []

    def same_days(self) -> None:
        """Pair what needs no other days."""
        for entry in list(self.entries):
            for segment in self.wanted:
                if days_as(segment, entry, self.as_of) == (entry.start, entry.end):
                    self._take(entry, segment)
                    break

    def shared_days(self) -> None:
        """Pair what shares most days."""
        shared = [
            (min(entry.end, segment.end) - max(entry.start, segment.start), entry, segment)
            for entry in self.entries
            for segment in self.wanted
            if segment.overlaps(entry.start, entry.end) and self._may_become(entry, segment)
        ]
        for _, entry, segment in sorted(shared, key=lambda one: (-one[0].days, one[1].id, one[2].start)):
            if entry in self.entries and segment in self.wanted:
                self._take(entry, segment)

    def same_request(self, requests_of: Callable[[OooEntry], Iterable[str]]) -> None:
        """Pair what was written for the same request.

        :param requests_of: returns the requests behind an entry.
        """
        for entry in list(self.entries):
            requests = set(requests_of(entry))
            for segment in list(self.wanted):
                if requests & set(segment.requests) and self._may_become(entry, segment):
                    self._take(entry, segment)
                    break

    def _may_become(self, entry: OooEntry, segment: Segment) -> bool:
        """Say whether an entry may be moved: one that has begun can only change its end."""
        return entry.start >= self.as_of or segment.start <= self.as_of

    def _take(self, entry: OooEntry, segment: Segment) -> None:
        self.pairs.append((entry, segment))
        self.entries.remove(entry)
        self.wanted.remove(segment)


def days_as(segment: Segment, entry: OooEntry, as_of: date) -> tuple[date, date]:
    """Return the days an entry would have as a run: begun days stay as they were written.

    :param segment: the run.
    :param entry: the entry.
    :param as_of: the day that is today for the organisation.
    """
    if entry.start < as_of and segment.start <= as_of:
        return entry.start, segment.end
    return segment.start, segment.end
