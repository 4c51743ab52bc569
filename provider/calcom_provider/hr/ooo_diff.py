"""Compare the runs of days that HR wants with the entries we own, and draft the writes between.

Foreign entries are read and never touched. The past stays as it is: Cal.com counts past days when it shares
bookings out, so taking them away would flood the person with bookings.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from calcom_provider.hr.covers import settle_covers
from calcom_provider.hr.days import Segment
from calcom_provider.hr.errors import Issue
from calcom_provider.hr.ooo_order import in_write_order
from calcom_provider.hr.ooo_wishes import OooDraft, OooSettings, Wishes, split_owned
from calcom_provider.hr.owned import Owned, wish_of
from calcom_provider.hr.plan import Action
from calcom_provider.hr.state import CalState, OooEntry

ONE_DAY = timedelta(days=1)


def diff_out_of_office(wishes: Wishes, state: CalState, owned: Owned, settings: OooSettings) -> OooDraft:
    """Draft the writes that bring everybody's owned entries to what HR says.

    :param wishes: what HR wants
    :param state: what Cal.com holds
    :param owned: what the ledger knows as its own
    :param settings: how entries are compared
    """
    draft = OooDraft()
    ours, foreign = split_owned(state, owned, settings)
    draft.owned_future = sum(len(entries) for entries in ours.values())
    segments, cover_issues = settle_covers(wishes.segments, foreign, state)
    draft.issues += cover_issues
    drafts: list[Action] = []
    for user_id in sorted(set(segments) | set(ours)):
        person = _PersonDiff(user_id, wishes, state, owned, settings, draft)
        drafts += person.run(segments.get(user_id, []), ours.get(user_id, []), foreign.get(user_id, []))
    draft.actions = in_write_order(drafts, state)
    return draft


class _PersonDiff:
    """Draft the writes of one person."""

    def __init__(
        self,
        user_id: int,
        wishes: Wishes,
        state: CalState,
        owned: Owned,
        settings: OooSettings,
        draft: OooDraft,
    ) -> None:
        self.user_id = user_id
        self.wishes = wishes
        self.state = state
        self.owned = owned
        self.settings = settings
        self.draft = draft
        self.actions: list[Action] = []

    def run(self, segments: list[Segment], entries: list[OooEntry], foreign: list[OooEntry]) -> list[Action]:
        if self.wishes.in_scope is not None and self.user_id not in self.wishes.in_scope and not segments:
            if entries:
                self._report("out_of_scope", level="info")
            return []
        self.foreign = foreign
        entries = self._without_twins(entries)
        wanted, entries = self._respect_people(segments, entries)
        pairs, wanted, entries = self._pair(wanted, entries)
        for entry, segment in pairs:
            self._change(entry, segment)
        for segment in wanted:
            self._create(segment)
        for entry in entries:
            self._retire(entry)
        return self.actions

    # -- what people did -------------------------------------------------------------------------------------

    def _without_twins(self, entries: list[OooEntry]) -> list[OooEntry]:
        """Keep one of equal entries of ours; the others landed late."""
        kept: dict[tuple[date, date], OooEntry] = {}
        for entry in sorted(entries, key=lambda one: (one.id not in self.owned.entries, one.id)):
            if (entry.start, entry.end) in kept:
                self._delete(entry, "twin")
            else:
                kept[entry.start, entry.end] = entry
        return sorted(kept.values(), key=lambda one: (one.start, one.id))

    def _respect_people(
        self, segments: list[Segment], entries: list[OooEntry]
    ) -> tuple[list[Segment], list[OooEntry]]:
        """Leave entries alone that somebody edited or deleted, until HR itself says something new."""
        edited = {one.id for one in entries if self._is_drifted(one)}
        gone = [
            one
            for one in self.owned.entries.values()
            if one.user_id == self.user_id and one.ooo_id not in self.state.entries
        ]
        wanted: list[Segment] = []
        for segment in segments:
            wish = self._wish(segment)
            held = [one for one in entries if one.id in edited and self.owned.entries[one.id].wish == wish]
            if held and self.settings.on_drift == "keep":
                self._report("drift_kept", segment.keys)
                entries = [one for one in entries if one.id not in {drifted.id for drifted in held}]
            elif any(one.wish == wish for one in gone) and self.settings.on_missing == "respect":
                self._report("deleted_by_hand", segment.keys)
            else:
                wanted.append(segment)
        return wanted, entries

    def _is_drifted(self, entry: OooEntry) -> bool:
        known = self.owned.entries.get(entry.id)
        return known is not None and (known.start, known.end, known.reason, known.to_user_id) != (
            entry.start,
            entry.end,
            entry.reason,
            entry.to_user_id,
        )

    # -- pairing ---------------------------------------------------------------------------------------------

    def _pair(
        self, wanted: list[Segment], entries: list[OooEntry]
    ) -> tuple[list[tuple[OooEntry, Segment]], list[Segment], list[OooEntry]]:
        """Give each wanted run the entry that becomes it: same days first, then shared days, then request."""
        pairs: list[tuple[OooEntry, Segment]] = []
        wanted, entries = list(wanted), list(entries)

        def take(entry: OooEntry, segment: Segment) -> None:
            pairs.append((entry, segment))
            entries.remove(entry)
            wanted.remove(segment)

        for entry in list(entries):
            for segment in wanted:
                if self._days(segment, entry) == (entry.start, entry.end):
                    take(entry, segment)
                    break
        wanted = [one for one in wanted if not self._is_covered(one)]
        shared = [
            (min(entry.end, segment.end) - max(entry.start, segment.start), entry, segment)
            for entry in entries
            for segment in wanted
            if segment.overlaps(entry.start, entry.end) and self._may_become(entry, segment)
        ]
        for _, entry, segment in sorted(shared, key=lambda one: (-one[0].days, one[1].id, one[2].start)):
            if entry in entries and segment in wanted:
                take(entry, segment)
        for entry in list(entries):
            requests = self._requests_behind(entry)
            for segment in list(wanted):
                if requests & self._requests(segment) and self._may_become(entry, segment):
                    take(entry, segment)
                    break
        return pairs, wanted, entries

    def _may_become(self, entry: OooEntry, segment: Segment) -> bool:
        """Say whether an entry may be moved: one that has begun can only change its end."""
        return entry.start >= self.settings.as_of or segment.start <= self.settings.as_of

    def _days(self, segment: Segment, entry: OooEntry) -> tuple[date, date]:
        """Return the days an entry would have as this run: begun days stay as they were written."""
        if entry.start < self.settings.as_of and segment.start <= self.settings.as_of:
            return entry.start, segment.end
        return segment.start, segment.end

    def _is_covered(self, segment: Segment) -> bool:
        if any(one.start <= segment.start and segment.end <= one.end for one in self.foreign):
            self._report("covered", segment.keys, level="info")
            return True
        return False

    # -- writes ----------------------------------------------------------------------------------------------

    def _create(self, segment: Segment) -> None:
        blocked = segment.cover is None and any(
            one.to_user_id == self.user_id and one.overlaps(segment.start, segment.end)
            for one in self.state.entries.values()
            if one.id not in self.owned.entries and self.settings.marker.found_in(one.notes) is None
        )
        if blocked:
            # Cal.com refuses a plain entry to someone to whom another entry redirects in that time.
            self._report("covers_for_someone", segment.keys, level="error")
            return
        overlapping = [
            one for one in self.state.entries_of(self.user_id) if one.overlaps(segment.start, segment.end)
        ]
        self._add("ooo_create", "new", None, segment, seen={"entries": _shapes(overlapping)})

    def _change(self, entry: OooEntry, segment: Segment) -> None:
        days = self._days(segment, entry)
        moved = days != (entry.start, entry.end)
        if not moved and (entry.reason, entry.to_user_id) == (segment.reason, segment.cover):
            return
        resized = Segment(*days, segment.keys, segment.reason, segment.cover, segment.whole)
        self._add(
            "ooo_update", "moved" if moved else "changed", entry, resized, seen={"entries": _shapes([entry])}
        )

    def _retire(self, entry: OooEntry) -> None:
        """Take back an entry whose days HR does not want any more, as far as they lie ahead."""
        why = self._why_gone(entry)
        if why is None:
            return
        if entry.start < self.settings.as_of:
            last = self.settings.as_of - ONE_DAY
            known = self.owned.entries.get(entry.id)
            past = Segment(entry.start, last, (), entry.reason, entry.to_user_id)
            own = {"wish": known.wish if known else "", "requests": sorted(known.requests) if known else []}
            self._add("ooo_update", why, entry, past, seen={"entries": _shapes([entry])}, own=own)
        else:
            self._delete(entry, why)

    def _why_gone(self, entry: OooEntry) -> str | None:
        """Return why an entry may go, None when it must stay."""
        ahead = [day for day in _days_of(entry) if day >= self.settings.as_of]
        requests = self._requests_behind(entry)
        approved = self.wishes.approved.get(self.user_id, set())
        if all(day in self.wishes.removed.get(self.user_id, set()) - approved for day in ahead):
            return "cancelled"
        if self.wishes.protected_requests & requests or (
            not requests and self.user_id in self.wishes.protected
        ):
            self._report("kept_uncertain", level="warning", days=(entry.start.isoformat(),))
            return None
        if requests and requests <= self.wishes.known.get(self.user_id, set()):
            return "moved"
        if all(day in approved for day in ahead):
            return "moved"  # other entries have these days now, ours or somebody's
        if self.wishes.everybody_protected:
            self._report("kept_uncertain", level="warning", days=(entry.start.isoformat(),))
            return None
        first, last = self.wishes.window
        if (first and ahead[0] < max(first, self.settings.as_of)) or (last and ahead[-1] > last):
            self._report("outside_window", level="info", days=(entry.start.isoformat(),))
            return None
        return "vanished"

    def _requests_behind(self, entry: OooEntry) -> frozenset[str]:
        """Return the requests behind an entry: the ledger knows them, else the mark may give one away."""
        if known := self.owned.entries.get(entry.id):
            return known.requests
        keyed = self.wishes.tokens.get(self.settings.marker.found_in(entry.notes) or "")
        return frozenset([keyed] if keyed else [])

    def _delete(self, entry: OooEntry, why: str) -> None:
        self.actions.append(
            Action(
                0,
                "ooo_delete",
                why,
                user_id=self.user_id,
                ooo_id=entry.id,
                before=_payload(entry),
                seen={"entries": _shapes([entry])},
            )
        )

    def _add(self, kind: Any, why: str, entry: OooEntry | None, segment: Segment, **more: Any) -> None:
        own = more.pop("own", None) or {
            "wish": self._wish(segment),
            "requests": sorted(self._requests(segment)),
        }
        after: dict[str, Any] = {
            "start": segment.start.isoformat(),
            "end": segment.end.isoformat(),
            "reason": segment.reason,
            "to_user_id": segment.cover,
        }
        if segment.keys and (entry is None or not entry.notes or self.settings.marker.found_in(entry.notes)):
            after["notes"] = self.settings.marker.notes(segment.keys)
        self.actions.append(
            Action(
                0,
                kind,
                why,
                user_id=self.user_id,
                ooo_id=entry.id if entry else None,
                before=_payload(entry) if entry else {},
                after=after,
                keys=segment.keys,
                own=own,
                **more,
            )
        )

    def _requests(self, segment: Segment) -> frozenset[str]:
        return frozenset(self.settings.marker.keyed(key) for key in segment.keys)

    def _wish(self, segment: Segment) -> str:
        start, end = segment.whole or (segment.start, segment.end)
        return wish_of(start, end, self._requests(segment), segment.reason, segment.cover)

    def _report(
        self, code: str, keys: Iterable[str] = (), level: Any = "warning", days: tuple[str, ...] = ()
    ) -> None:
        self.draft.issues.append(
            Issue(code, key=" ".join(keys) or None, level=level, user_id=self.user_id, days=days)
        )


def _payload(entry: OooEntry) -> dict[str, Any]:
    return {
        "start": entry.start.isoformat(),
        "end": entry.end.isoformat(),
        "reason": entry.reason,
        "to_user_id": entry.to_user_id,
        "notes": entry.notes,
    }


def _shapes(entries: Iterable[OooEntry]) -> dict[str, list[Any]]:
    return {str(entry.id): entry.shape() for entry in entries}


def _days_of(entry: OooEntry) -> list[date]:
    return [entry.start + timedelta(days=step) for step in range((entry.end - entry.start).days + 1)]
