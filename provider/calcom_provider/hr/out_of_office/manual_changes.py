"""Respect what people did to entries of ours, until HR itself says something new about the requests behind them.

An entry that somebody edited is left alone; one that somebody deleted is not made again. Both need the ledger: it
knows what was written, for which requests, and what HR said about them then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from calcom_provider.hr.out_of_office.days import Away
from calcom_provider.hr.out_of_office.desired_entries import Desired, OooSettings
from calcom_provider.hr.plan.ownership import Owned, OwnedEntry
from calcom_provider.hr.plan.statements import OwnedRequest, Statement
from calcom_provider.hr.target.state import CalState


@dataclass(slots=True)
class ManualChanges:
    """Hold what people did to one person's entries and what follows.

    :param left_alone: entries edited by hand, of which HR says nothing new, by id.
    :param deleted: entries deleted by hand, of which HR says nothing new about some request, by id.
    :param records: what is owned from now on of each entry that is edited, over or gone, by id.
    """

    left_alone: dict[int, OwnedEntry] = field(default_factory=dict)
    deleted: dict[int, OwnedEntry] = field(default_factory=dict)
    records: dict[int, OwnedEntry] = field(default_factory=dict)
    _respected: list[Mapping[str, OwnedRequest]] = field(default_factory=list)
    _elsewhere: set[str] = field(default_factory=set)

    def suppress(self, day: date, away: Away) -> bool:
        """Say whether a day is not written because people took it, or all of its requests, into their hands.

        :param day: the day.
        :param away: the requests behind it.
        """
        return bool(away.requests) and all(self._is_respected(one, day) for one in away.requests)

    def _is_respected(self, request: str, day: date) -> bool:
        found = [one[request] for one in self._respected if request in one]
        if any(day in one.days for one in found):
            return True
        # Days that came into view since belong to the entry that people changed, unless another one is there.
        return bool(found) and request not in self._elsewhere


def manual_changes(
    owned: Owned, desired: Desired, state: CalState, settings: OooSettings, user_id: int
) -> ManualChanges:
    """Find what people did to one person's entries and is to be respected.

    :param owned: what the ledger knows as its own.
    :param desired: what HR says.
    :param state: what Cal.com holds.
    :param settings: how entries are compared.
    :param user_id: the person.
    """
    known = [one for one in owned.entries.values() if one.user_id == user_id and one.end >= settings.as_of]
    news = _News(owned, desired, settings, user_id)
    records = news.with_new_names(known)
    changes = ManualChanges()
    for record in records:
        entry = state.entries.get(record.ooo_id)
        if entry is not None and record.is_as_written(entry.shape()):
            changes._elsewhere |= record.requests
            continue
        if entry is None or entry.end < settings.as_of:
            respected = news.unchanged(record) if _respects(entry is None, settings) else {}
            changes.records[record.ooo_id] = replace(record, behind=news.remembered(record, respected))
            (changes.deleted if entry is None else changes.left_alone)[record.ooo_id] = record
            if not respected:
                changes.deleted.pop(record.ooo_id, None)
                changes.left_alone.pop(record.ooo_id, None)
        elif _respects(False, settings) and record.behind and not news.is_new(record):
            respected = news.unchanged(record)
            changes.records[record.ooo_id] = replace(record, behind=news.remembered(record, respected))
            changes.left_alone[record.ooo_id] = record
        else:
            changes._elsewhere |= record.requests
            continue
        if respected:
            changes._respected.append(respected)
    return changes


def _respects(is_gone: bool, settings: OooSettings) -> bool:
    return settings.on_missing == "respect" if is_gone else settings.on_drift == "keep"


class _News:
    """Say of which requests HR says something new."""

    def __init__(self, owned: Owned, desired: Desired, settings: OooSettings, user_id: int) -> None:
        self.desired = desired
        self.user_id = user_id
        self.as_of = settings.as_of
        self.last = settings.as_of + timedelta(days=settings.horizon_days)
        self.stated = desired.statements.get(user_id, {})
        first, last = desired.window
        self.since = max(first, self.as_of) if first else self.as_of
        self.until = min((one for one in (last, owned.told_until) if one is not None), default=None)

    def with_new_names(self, known: Iterable[OwnedEntry]) -> list[OwnedEntry]:
        """Let ownership follow a request that was issued again under another id with the same days."""
        records = list(known)
        written: dict[str, set[date]] = {}
        for record in records:
            for request, one in record.behind.items():
                written.setdefault(request, set()).update(day for day in one.days if day >= self.as_of)
        fresh = {one: self._days_ahead(one) for one in self.stated if one not in written}
        names: dict[str, str] = {}
        for request, days in sorted(written.items()):
            if self.desired.state_of(request, self.user_id, frozenset(days)) in {"taken_back", "vanished"}:
                again = next((one for one, ahead in sorted(fresh.items()) if ahead and ahead == days), None)
                if again is not None:
                    names[request] = again
                    del fresh[again]
        return [replace(one, behind=self._renamed(one.behind, names)) for one in records]

    def _renamed(
        self, behind: Mapping[str, OwnedRequest], names: Mapping[str, str]
    ) -> dict[str, OwnedRequest]:
        return {
            names.get(request, request): (
                replace(one, statement=self.stated[names[request]]) if request in names else one
            )
            for request, one in behind.items()
        }

    def _days_ahead(self, request: str) -> set[date]:
        away = self.desired.away.get(self.user_id, {})
        return {
            day for day, one in away.items() if request in one.requests and self.as_of <= day <= self.last
        }

    def is_new(self, record: OwnedEntry) -> bool:
        """Say whether HR says anything new about an entry that is there: taking back and forgetting included."""
        return any(
            not self._same(request, one) or self._state(request, one) in {"taken_back", "vanished"}
            for request, one in record.behind.items()
        )

    def unchanged(self, record: OwnedEntry) -> dict[str, OwnedRequest]:
        """Return the requests of an entry of which HR says nothing new."""
        return {
            request: one
            for request, one in record.behind.items()
            if self._state(request, one) != "taken_back" and self._same(request, one)
        }

    def remembered(
        self, record: OwnedEntry, respected: Mapping[str, OwnedRequest]
    ) -> dict[str, OwnedRequest]:
        """Return what is owned of an entry from now on: what is respected, with what HR says of it today."""
        return {
            request: replace(one, statement=self._now(request, one)) for request, one in respected.items()
        }

    def _now(self, request: str, one: OwnedRequest) -> Statement:
        certain = self._state(request, one) == "stated"
        now = self.stated[request] if certain else one.statement
        if certain and _ahead(now.told, self.since) == _ahead(one.statement.told, self.since):
            now = replace(now, told=one.statement.told)
        return now

    def _same(self, request: str, one: OwnedRequest) -> bool:
        if self._state(request, one) != "stated":
            return True
        return one.statement.agrees_with(self.stated[request], self.since, self.until)

    def _state(self, request: str, one: OwnedRequest) -> str:
        return self.desired.state_of(request, self.user_id, _ahead(one.days, self.as_of))


def _ahead(days: Iterable[date], since: date) -> frozenset[date]:
    return frozenset(day for day in days if day >= since)
