"""Which lists of a fan-out an installation offers, by what its parents answered in this run and before.

An installation, plan or role without a feature refuses its list to every parent. One refusal among answers is
a fault of that part alone and must not hide the table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from calcom_provider.api.errors import CalComError
from calcom_provider.resources.model import Read
from calcom_provider.sync.reading.parents import asks_parent

#: So many parents are asked in a run for a list that none has ever answered.
SAMPLE = 3
#: A single parent's 500 may be its own; that of two, or of an earlier run too, is the list's.
ENOUGH_500 = 2
_NAMED = 3
#: Name among the facts of runs of what stands for no list: rows that were found changed and that nobody counted yet.
UNCOUNTED = "events_uncounted"


@dataclass(slots=True)
class Past:
    """Hold what earlier runs learnt about a list.

    :param answered: a parent once answered with a list.
    :param refused: parents that refused it in the last run that published.
    :param next: place of the parent that is asked first in the next run.
    :param all_asked_at: when all parents were asked last, ISO 8601, empty for never.
    :param looked_again: after a refusal the parents were read again, to see whether they are still there.
    :param missed: of a lookup, ids that their people's lists did not have -> when these were asked, ISO 8601.
    """

    answered: bool = False
    refused: int = 0
    next: int = 0
    all_asked_at: str = ""
    looked_again: bool = False
    missed: dict[str, str] = field(default_factory=dict)


def pasts(facts: Mapping[str, Any]) -> dict[str, Past]:
    """Return what earlier runs learnt about lists.

    :param facts: what earlier runs learnt, by resource.
    """
    return {name: Past(**held) for name, held in facts.items() if name != UNCOUNTED}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Hold one list that could not be read: what it was asked for, and the error."""

    part: str
    error: CalComError


class Offers:
    """Decide which parents are asked, and what their refusals mean.

    :param stored: what earlier runs learnt, by resource, as :meth:`learnt` gave it.
    :param started: time of the run.
    :param full: ask all parents.
    :param full_every: ask all parents when they were last asked longer ago.
    """

    def __init__(
        self, stored: Mapping[str, Any], *, started: datetime, full: bool, full_every: timedelta
    ) -> None:
        self._past = pasts(stored)
        self._started = started
        self._full = full
        self._full_every = full_every
        self._answers: set[str] = set()
        self._refusals: dict[str, list[Refusal]] = {}
        self._later: dict[str, list[Mapping[str, Any]]] = {}

    def first(self, name: str, read: Read, lists: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Return the lists to ask at once; the others wait for :meth:`rest`.

        :param name: resource.
        :param read: its read.
        :param lists: one for every parent.
        """
        past = self._past.setdefault(name, Past())
        sampled = bool(read.unavailable_on) and past.refused and not past.answered and not self._due(past)
        if not sampled or len(lists) <= SAMPLE:
            past.all_asked_at = self._started.isoformat()
            return list(lists)
        place = past.next % len(lists)
        turned = [*lists[place:], *lists[:place]]
        past.next = place + SAMPLE
        self._later[name] = turned[SAMPLE:]
        return turned[:SAMPLE]

    def rest(self, name: str) -> list[Mapping[str, Any]]:
        """Return the lists that waited, once; none as long as no parent answered.

        :param name: resource.
        """
        if name not in self._answers or name not in self._later:
            return []
        self._past[name].all_asked_at = self._started.isoformat()
        return self._later.pop(name)

    def look_up(self, name: str) -> tuple[bool, Mapping[str, str]]:
        """Tell whether a lookup asks about everything anew, and else which ids were missed before.

        :param name: resource.
        """
        past = self._past.setdefault(name, Past())
        if not self._due(past):
            return False, past.missed
        past.all_asked_at = self._started.isoformat()
        return True, {}

    def looked_up(self, name: str, missed: Mapping[str, str]) -> None:
        """Note which ids a lookup did not find.

        :param name: resource.
        :param missed: id -> when its people were asked.
        """
        self._past[name].missed = dict(missed)

    def answered(self, name: str) -> None:
        """Note that a parent answered with a list."""
        self._answers.add(name)

    def refused(self, name: str, part: str, error: CalComError) -> None:
        """Note that a parent's list could not be read."""
        self._refusals.setdefault(name, []).append(Refusal(part, error))

    def missing(self, name: str, read: Read) -> Refusal | None:
        """Return a refusal if the whole list is not offered, None if parts of it can be read or may be.

        :param name: resource.
        :param read: its read.
        """
        refusals, past = self._refusals.get(name, []), self._past.get(name, Past())
        if not refusals or name in self._answers:
            return None
        others = [one for one in refusals if one.error.status != 500]
        if others or 500 not in read.unavailable_on:
            return (others or refusals)[0]
        known = len(refusals) >= ENOUGH_500 or past.refused
        return refusals[0] if known and not past.answered else None

    def gap(self, name: str) -> str:
        """Name the parts that could not be read, empty when there are none.

        :param name: resource.
        """
        refusals = self._refusals.get(name, [])
        if not refusals:
            return ""
        named = ", ".join(f"{one.part} (HTTP {one.error.status})" for one in refusals[:_NAMED])
        more = f" and {len(refusals) - _NAMED} more" if len(refusals) > _NAMED else ""
        return f"a part could not be read: {named}{more}"

    def learnt(self) -> dict[str, Any]:
        """Return what the next run should know, as plain values."""
        for name, past in self._past.items():
            past.answered = past.answered or name in self._answers
            if name in self._refusals:
                past.looked_again = any(asks_parent(one.error) for one in self._refusals[name])
            past.refused = len(self._refusals.get(name, [])) or past.refused * (name not in self._answers)
        return {name: asdict(past) for name, past in self._past.items() if past != Past()}

    def _due(self, past: Past) -> bool:
        return due(past, self._started, full=self._full, full_every=self._full_every)


def due(past: Past, now: datetime, *, full: bool, full_every: timedelta) -> bool:
    """Tell whether it is time to ask all parents.

    :param past: what earlier runs learnt.
    :param now: time of the run.
    :param full: a full read is asked for.
    :param full_every: rhythm of full reads.
    """
    if full or not past.all_asked_at:
        return True
    return now - datetime.fromisoformat(past.all_asked_at) > full_every
