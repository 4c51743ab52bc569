"""Compare the days that HR wants with the entries we own, and draft the writes between.

Foreign entries are read and never touched. The past stays as it is: Cal.com counts past days when it shares
bookings out, so taking them away would flood the person with bookings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from calcom_provider.hr.errors import Issue, Level
from calcom_provider.hr.out_of_office.covers import choose_covers
from calcom_provider.hr.out_of_office.days import Away, Segment, clip, coalesce
from calcom_provider.hr.out_of_office.desired_entries import Desired, OooDraft, OooSettings, split_owned
from calcom_provider.hr.out_of_office.drafting import EntryDrafts
from calcom_provider.hr.out_of_office.held_days import UNKNOWN_REQUEST, held_days, requests_behind
from calcom_provider.hr.out_of_office.manual_changes import manual_changes
from calcom_provider.hr.out_of_office.order import in_write_order
from calcom_provider.hr.out_of_office.pairing import Pairing
from calcom_provider.hr.plan.model import Action
from calcom_provider.hr.plan.ownership import Owned
from calcom_provider.hr.plan.statements import OwnedRequest, days_between
from calcom_provider.hr.target.state import CalState, OooEntry

ONE_DAY = timedelta(days=1)


def diff_out_of_office(desired: Desired, state: CalState, owned: Owned, settings: OooSettings) -> OooDraft:
    """Draft the writes that bring everybody's owned entries to what HR says.

    :param desired: what HR says.
    :param state: what Cal.com holds.
    :param owned: what the ledger knows as its own.
    :param settings: how entries are compared.
    """
    draft = OooDraft()
    ours, foreign = split_owned(state, owned, settings)
    draft.owned_future = sum(len(entries) for entries in ours.values())
    draft.owned_days = sum(
        len({day for one in entries for day in days_between(one.start, one.end) if day >= settings.as_of})
        for entries in ours.values()
    )
    users = sorted(set(desired.away) | set(ours) | {one.user_id for one in owned.entries.values()})
    persons = {
        user_id: _PersonDiff(user_id, desired, state, owned, settings, draft, ours.get(user_id, []))
        for user_id in users
    }
    for user_id, person in persons.items():
        foreign[user_id] = [*foreign.get(user_id, []), *person.left_alone]
    managed = {entry.id for person in persons.values() for entry in person.entries}
    runs = {user_id: person.segments for user_id, person in persons.items() if person.segments}
    segments, cover_issues = choose_covers(runs, foreign, state, desired.names)
    draft.issues += cover_issues
    drafts: list[Action] = []
    for user_id, person in persons.items():
        drafts += person.run(segments.get(user_id, []), foreign[user_id], managed)
    draft.actions = in_write_order(drafts, state)
    return draft


class _PersonDiff:
    """Draft the writes of one person."""

    def __init__(
        self,
        user_id: int,
        desired: Desired,
        state: CalState,
        owned: Owned,
        settings: OooSettings,
        draft: OooDraft,
        entries: list[OooEntry],
    ) -> None:
        self.user_id = user_id
        self.desired = desired
        self.state = state
        self.owned = owned
        self.settings = settings
        self.draft = draft
        self.changes = manual_changes(owned, desired, state, settings, user_id)
        self.drafts = EntryDrafts(user_id, desired, owned, settings, state)
        self.left_alone = [one for one in entries if one.id in self.changes.left_alone]
        self.entries = self._without_twins([one for one in entries if one.id not in self.changes.left_alone])
        self.behind = {
            one.id: requests_behind(one, owned.entries.get(one.id), desired, settings.marker)
            for one in self.entries
        }
        self.away = self._wanted_days()
        self.segments = clip(coalesce(self.away), settings.as_of, settings.horizon_days)

    def run(self, segments: list[Segment], foreign: list[OooEntry], managed: set[int]) -> list[Action]:
        if not self.desired.speaks_of(self.user_id) and self.entries and not segments:
            self._report("out_of_scope", level="info")
        self._tell_manual_changes()
        pairing = Pairing(segments, self.entries, self.settings.as_of)
        pairing.same_days()
        pairing.wanted = [one for one in pairing.wanted if not self._is_covered(one, foreign)]
        pairing.shared_days()
        pairing.same_request(lambda entry: self.behind[entry.id])
        for entry, segment in pairing.pairs:
            self.drafts.change(entry, segment, vanished=self._lost(entry) == "vanished")
        for segment in pairing.wanted:
            self._create(segment, managed)
        for entry in pairing.entries:
            self.drafts.retire(entry, self._lost(entry))
        self.drafts.own_records(self.changes.records.values())
        return self.drafts.actions

    # -- which days ------------------------------------------------------------------------------------------

    def _without_twins(self, entries: list[OooEntry]) -> list[OooEntry]:
        """Leave one of equal entries of ours; the others landed late."""
        first: dict[tuple[date, date], OooEntry] = {}
        for entry in sorted(entries, key=lambda one: (not self.owned.owns_entry(one.id), one.id)):
            if (entry.start, entry.end) in first:
                self.drafts.delete(entry, "twin")
            else:
                first[entry.start, entry.end] = entry
        return sorted(first.values(), key=lambda one: (one.start, one.id))

    def _wanted_days(self) -> dict[date, Away]:
        """Return the days HR readably wants and those that stay, without those that people took over."""
        self.held: dict[date, Away] = {}
        for entry in list(self.entries):
            self._hold(entry)
        past = self._past_of_others()
        taken_over = {day for one in self.left_alone for day in days_between(one.start, one.end)} | past
        wanted = {
            day: away
            for day, away in self.desired.away.get(self.user_id, {}).items()
            if day not in taken_over and not self.changes.suppress(day, away) and not self._was_erased(day)
        }
        for day, away in self.held.items():
            wanted[day] = wanted[day].and_also(away) if day in wanted else away
        return wanted

    def _was_erased(self, day: date) -> bool:
        """Say whether the day was written for somebody who was erased, and the entry is gone."""
        entries = self.owned.erased.on(self.user_id, day) if self.owned.erased.digests else frozenset()
        return bool(entries) and entries.isdisjoint(self.state.entries)

    def _hold(self, entry: OooEntry) -> None:
        """Let the days of an entry stay that HR does not readably speak of."""
        stays = held_days(
            entry,
            self.behind[entry.id],
            self.desired,
            self.settings.marker,
            self.user_id,
            self.settings.as_of,
        )
        for code, requests in stays.reports:
            level: Level = "info" if code == "outside_window" else "warning"
            self._report(code, requests, level, days=(entry.start.isoformat(),))
        ahead = {day for day in days_between(entry.start, entry.end) if day >= self.settings.as_of}
        if not self.owned.has_ledger and ahead <= set(stays.away):
            # Joined with other days its mark would change, and nobody would know it again.
            self.entries.remove(entry)
            self.left_alone.append(entry)
            return
        for day, away in stays.away.items():
            self.held[day] = self.held[day].and_also(away) if day in self.held else away

    def _past_of_others(self) -> set[date]:
        """Return days before today that entries have which are over or not ours: they are not written twice."""
        mine = {one.id for one in self.entries}
        return {
            day
            for one in self.state.entries_of(self.user_id)
            if one.id not in mine and one.start < self.settings.as_of
            for day in days_between(one.start, min(one.end, self.settings.as_of - ONE_DAY))
        }

    def _lost(self, entry: OooEntry) -> str | None:
        """Return why days ahead of an entry go: vanished, cancelled or moved; None when none does."""
        ahead = {day for day in days_between(entry.start, entry.end) if day >= self.settings.as_of}
        gone = {day for day in ahead if day not in self.away}
        if not gone:
            return None
        behind: Mapping[str, OwnedRequest] = self.behind[entry.id]
        states = {
            self.desired.state_of(request, self.user_id, frozenset(ahead & one.days))
            for request, one in behind.items()
            if one.days & gone and request != UNKNOWN_REQUEST
        }
        if not behind or UNKNOWN_REQUEST in behind:
            taken_back = gone <= self.desired.removed.get(self.user_id, set())
            states.add("taken_back" if taken_back else "vanished")
        if "vanished" in states:
            return "vanished"
        return "cancelled" if states == {"taken_back"} else "moved"

    # -- writes ----------------------------------------------------------------------------------------------

    def _create(self, segment: Segment, managed: set[int]) -> None:
        blocked = segment.cover is None and any(
            one.to_user_id == self.user_id and one.overlaps(segment.start, segment.end)
            for one in self.state.entries.values()
            if one.id not in managed
        )
        if blocked:
            # Cal.com refuses a plain entry to someone to whom another entry redirects in that time.
            self._report("covers_for_someone", segment.requests, level="error")
            return
        self.drafts.create(segment)

    def _is_covered(self, segment: Segment, foreign: list[OooEntry]) -> bool:
        if any(day in self.held for day in days_between(segment.start, segment.end)):
            return False
        if any(one.start <= segment.start and segment.end <= one.end for one in foreign):
            self._report("covered", segment.requests, level="info")
            return True
        return False

    # -- reports ---------------------------------------------------------------------------------------------

    def _tell_manual_changes(self) -> None:
        for code, records in (
            ("drift_kept", self.changes.left_alone),
            ("deleted_by_hand", self.changes.deleted),
        ):
            for record in records.values():
                self._report(code, self.changes.records[record.ooo_id].behind)

    def _report(
        self,
        code: str,
        requests: Mapping[str, Any] | Iterable[str] = (),
        level: Level = "warning",
        days: tuple[str, ...] = (),
    ) -> None:
        keys = self.desired.keys(frozenset(requests))
        self.draft.issues.append(
            Issue(code, key=" ".join(keys) or None, level=level, user_id=self.user_id, days=days)
        )
