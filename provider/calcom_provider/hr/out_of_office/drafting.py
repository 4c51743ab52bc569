"""Draft single writes to one person's entries, and what the ledger is to know about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Literal

from calcom_provider.hr.out_of_office.days import Segment
from calcom_provider.hr.out_of_office.desired_entries import Desired, OooSettings
from calcom_provider.hr.out_of_office.pairing import days_as
from calcom_provider.hr.plan.model import Action
from calcom_provider.hr.plan.ownership import Owned, OwnedEntry
from calcom_provider.hr.plan.statements import OwnedRequest, Statement
from calcom_provider.hr.target.state import CalState, OooEntry

EntryKind = Literal["ooo_create", "ooo_update", "ooo_own"]
ONE_DAY = timedelta(days=1)


class EntryDrafts:
    """Collect the writes of one person.

    :param user_id: the person.
    :param desired: what HR says.
    :param owned: what the ledger knows as its own.
    :param settings: how entries are compared.
    :param state: what Cal.com holds.
    """

    def __init__(
        self, user_id: int, desired: Desired, owned: Owned, settings: OooSettings, state: CalState
    ) -> None:
        self.user_id = user_id
        self.desired = desired
        self.owned = owned
        self.settings = settings
        self.state = state
        self.actions: list[Action] = []

    def create(self, segment: Segment) -> None:
        """Make an entry.

        :param segment: its days.
        """
        there = self.state.entries_of(self.user_id)
        overlapping = [one for one in there if one.overlaps(segment.start, segment.end)]
        self._add("ooo_create", "new", None, segment, seen={"entries": _shapes(overlapping)})

    def change(self, entry: OooEntry, segment: Segment, *, vanished: bool) -> None:
        """Make an entry what a run is, in the ledger alone where Cal.com has it already.

        :param entry: the entry.
        :param segment: the run.
        :param vanished: whether days go because their request is just missing.
        """
        start, end = days_as(segment, entry, self.settings.as_of)
        moved = (start, end) != (entry.start, entry.end)
        resized = replace(segment, start=start, end=end)
        if moved or (entry.reason, entry.to_user_id) != (segment.reason, segment.cover):
            why = "vanished" if vanished else "moved" if moved else "changed"
            behind = self._behind(resized)
            claimed = self._still_claimed(entry, behind)
            self._add("ooo_update", why, entry, resized, claimed, seen={"entries": _shapes([entry])})
            if claimed != behind:
                self._add("ooo_own", "owned", entry, resized, behind, seen={"entries": {}})
        elif not self._is_known(entry, resized):
            self._add("ooo_own", "owned", entry, resized, seen={"entries": {}})

    def retire(self, entry: OooEntry, lost: str | None) -> None:
        """Take back an entry whose days HR does not want any more, as far as they lie ahead.

        :param entry: the entry.
        :param lost: why its days ahead go; None when other entries have them.
        """
        why = lost or "moved"
        if entry.start >= self.settings.as_of:
            self.delete(entry, why)
            return
        last = self.settings.as_of - ONE_DAY
        known = self.owned.entries.get(entry.id)
        past = {
            request: replace(one, days=frozenset(day for day in one.days if day <= last))
            for request, one in (known.behind.items() if known else ())
        }
        ended = Segment(entry.start, last, {}, entry.reason, entry.to_user_id)
        self._add("ooo_update", why, entry, ended, past, seen={"entries": _shapes([entry])})

    def delete(self, entry: OooEntry, why: str) -> None:
        """Delete an entry.

        :param entry: the entry.
        :param why: code of the reason.
        """
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

    def own_records(self, records: Iterable[OwnedEntry]) -> None:
        """Record what is owned of entries that people changed, where the ledger says something else.

        :param records: what it should say.
        """
        for record in records:
            if record.behind == self.owned.entries[record.ooo_id].behind:
                continue
            self.actions.append(
                Action(
                    0,
                    "ooo_own",
                    "owned" if record.behind else "forgotten",
                    user_id=self.user_id,
                    ooo_id=record.ooo_id,
                    after={
                        "start": record.start.isoformat(),
                        "end": record.end.isoformat(),
                        "reason": record.reason,
                        "to_user_id": record.to_user_id,
                    },
                    seen={"entries": {}},
                    keys=self.desired.keys(record.requests),
                    own=_own(record.behind),
                )
            )

    def _is_known(self, entry: OooEntry, segment: Segment) -> bool:
        if not self.owned.has_ledger:
            return True
        known = self.owned.entries.get(entry.id)
        if known is None or not known.is_as_written(entry.shape()):
            return False
        return self._ahead(known.behind) == self._ahead(self._behind(segment))

    def _still_claimed(
        self, entry: OooEntry, behind: Mapping[str, OwnedRequest]
    ) -> Mapping[str, OwnedRequest]:
        """Return the requests behind an entry until the whole plan is written.

        Days of an uncertain request that another entry takes over are known from this one alone until then.
        """
        known = self.owned.entries.get(entry.id)
        claimed = dict(behind)
        for request, one in (known.behind if known else {}).items():
            state = self.desired.state_of(request, self.user_id, one.days)
            if state in {"uncertain", "outside_window"}:
                days = one.days | (behind[request].days if request in behind else frozenset())
                claimed[request] = replace(one, days=days)
        return claimed

    def _ahead(self, behind: Mapping[str, OwnedRequest]) -> dict[str, OwnedRequest]:
        """Return requests as far as they lie ahead: past days come and go with the feed."""

        def days(of: frozenset[date]) -> frozenset[date]:
            return frozenset(day for day in of if day >= self.settings.as_of)

        return {
            request: OwnedRequest(days(one.days), Statement(one.statement.digest, days(one.statement.told)))
            for request, one in behind.items()
            if days(one.days)
        }

    def _behind(self, segment: Segment) -> dict[str, OwnedRequest]:
        stated = self.desired.statements.get(self.user_id, {})
        return {
            request: OwnedRequest(days, self._statement(request, stated))
            for request, days in segment.requests.items()
        }

    def _statement(self, request: str, stated: Mapping[str, Statement]) -> Statement:
        if request in stated and request not in self.desired.uncertain:
            return stated[request]
        for record in self.owned.entries.values():
            if request in record.behind:
                return record.behind[request].statement
        return stated.get(request, Statement())

    def _add(
        self,
        kind: EntryKind,
        why: str,
        entry: OooEntry | None,
        segment: Segment,
        behind: Mapping[str, OwnedRequest] | None = None,
        **more: Any,
    ) -> None:
        after: dict[str, Any] = {
            "start": segment.start.isoformat(),
            "end": segment.end.isoformat(),
            "reason": segment.reason,
            "to_user_id": segment.cover,
        }
        marker = self.settings.marker
        if segment.requests and (entry is None or not entry.notes or marker.found_in(entry.notes)):
            after["notes"] = marker.notes(self.desired.names.get(one, one) for one in segment.requests)
        self.actions.append(
            Action(
                0,
                kind,
                why,
                user_id=self.user_id,
                ooo_id=entry.id if entry else None,
                before=_payload(entry) if entry else {},
                after=after,
                keys=self.desired.keys(segment.requests),
                own=_own(self._behind(segment) if behind is None else behind),
                **more,
            )
        )


def _own(behind: Mapping[str, OwnedRequest]) -> dict[str, Any]:
    return {"behind": {request: one.content() for request, one in sorted(behind.items())}}


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
