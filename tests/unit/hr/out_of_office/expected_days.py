"""Work out which days must be owned, from docs/write-back.rst alone.

Nothing of the package is used here: this is a second opinion. It knows days, requests and entries as plain values.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta

Days = frozenset[date]


def days_of(start: date, end: date) -> Days:
    return frozenset(start + timedelta(days=step) for step in range((end - start).days + 1))


@dataclass(frozen=True)
class Row:
    """What the feed tells about one request today; ``word`` is approved, removed or unsure."""

    user: int
    word: str
    start: date
    end: date
    cover: int | None = None

    @property
    def days(self) -> Days:
        return days_of(self.start, self.end)

    def says(self) -> tuple[object, ...]:
        return self.start, self.end, self.cover


@dataclass
class HandChange:
    """An entry that somebody edited or deleted: what was written, for whom, and what HR had said."""

    entry: int
    user: int
    deleted: bool
    days: dict[str, Days]
    said: dict[str, tuple[object, ...]]
    now: Days = frozenset()


@dataclass
class Expectation:
    """Remember what HR last readably said, and say which days must be owned."""

    written: dict[str, tuple[int, Days]] = field(default_factory=dict)
    said: dict[str, tuple[object, ...]] = field(default_factory=dict)
    hands: list[HandChange] = field(default_factory=list)

    def change_by_hand(self, entry: int, user: int, was: Days, now: Days | None) -> None:
        """Somebody deleted an entry, or gave it other days."""
        known = next((one for one in self.hands if one.entry == entry), None)
        if known is not None:
            known.deleted, known.now = now is None, now or frozenset()
            return
        days = {key: of & was for key, (whose, of) in self.written.items() if whose == user and of & was}
        said = {key: self.said[key] for key in days}
        self.hands.append(HandChange(entry, user, now is None, days, said, now or frozenset()))

    def take_in(
        self, rows: dict[str, Row], today: date, window: tuple[date | None, date | None], blind: bool
    ) -> dict[int, Days]:
        """Take in what HR says today; return the days that must be owned by user."""
        states = {key: self._state(key, rows, today, window, blind) for key in self._known(rows)}
        self._follow(rows, states, today)
        self._hear_news(rows, states, today)
        wanted: dict[int, set[date]] = {}
        stated: dict[str, tuple[int, Days]] = {}
        for key, state in states.items():
            if state == "stated":
                row = rows[key]
                stated[key] = (row.user, row.days)
            elif state in {"unsure", "outside"} and key in self.written:
                stated[key] = self.written[key]
        for key, (user, days) in stated.items():
            wanted.setdefault(user, set()).update(
                day for day in days if day >= today and not self._taken(key, user, day)
            )
        for hand in self.hands:
            if not hand.deleted:
                wanted.setdefault(hand.user, set()).update(day for day in hand.now if day >= today)
        self._stated = stated
        self._states = states
        return {user: frozenset(days) for user, days in wanted.items()}

    def note_written(self, rows: dict[str, Row], there: dict[int, Days]) -> None:
        """Remember what is written for each request after an apply: entries edited by hand are not."""
        self.written = {
            key: (user, days & there.get(user, frozenset())) for key, (user, days) in self._stated.items()
        }
        for key, state in self._states.items():
            if state == "stated":
                self.said[key] = rows[key].says()

    # -- parts -------------------------------------------------------------------------------------------------

    def _known(self, rows: dict[str, Row]) -> set[str]:
        return set(rows) | set(self.written) | {key for hand in self.hands for key in hand.days}

    def _recorded(self, key: str, today: date) -> Days:
        found = set(self.written.get(key, (0, frozenset()))[1])
        for hand in self.hands:
            found |= hand.days.get(key, frozenset())
        return frozenset(day for day in found if day >= today)

    def _state(
        self,
        key: str,
        rows: dict[str, Row],
        today: date,
        window: tuple[date | None, date | None],
        blind: bool,
    ) -> str:
        if key in rows:
            return {"approved": "stated", "removed": "removed", "unsure": "unsure"}[rows[key].word]
        if blind:
            return "unsure"
        first, last = window
        ahead = self._recorded(key, today)
        seen = all((first is None or day >= first) and (last is None or day <= last) for day in ahead)
        return "vanished" if ahead and seen else "outside"

    def _follow(self, rows: dict[str, Row], states: dict[str, str], today: date) -> None:
        """A request that is issued again under another id with the same days keeps its entry."""
        fresh = [key for key, state in states.items() if state == "stated" and not self._ever(key)]
        for hand in self.hands:
            for key in sorted(hand.days):
                recorded = self._recorded(key, today)
                if states[key] not in {"removed", "vanished"} or not recorded:
                    continue
                same = [
                    one
                    for one in fresh
                    if rows[one].user == hand.user
                    and frozenset(day for day in rows[one].days if day >= today) == recorded
                ]
                if same:
                    self._rename(key, same[0], rows[same[0]].says())
                    fresh.remove(same[0])

    def _ever(self, key: str) -> bool:
        return bool(self.written.get(key, (0, frozenset()))[1]) or any(
            key in hand.days for hand in self.hands
        )

    def _rename(self, old: str, new: str, says: tuple[object, ...]) -> None:
        for hand in self.hands:
            if old in hand.days:
                hand.days[new] = hand.days.pop(old)
                hand.said.pop(old)
                hand.said[new] = says

    def _hear_news(self, rows: dict[str, Row], states: dict[str, str], today: date) -> None:
        """Until HR says something new, an edited entry stays and a deleted one is not made again."""
        left: list[HandChange] = []
        for hand in self.hands:
            news = {
                key
                for key in hand.days
                if states[key] == "removed"
                or (states[key] == "stated" and rows[key].says() != hand.said[key])
                or (states[key] == "stated" and rows[key].user != hand.user)
            }
            gone = {key for key in hand.days if states[key] == "vanished"}
            if hand.deleted or max(hand.now) < today:  # nothing is left of it that could be ours again
                days = {key: days for key, days in hand.days.items() if key not in news}
                hand = replace(hand, days=days)
                if days:
                    left.append(hand)
            elif not news and not gone and hand.days:
                left.append(hand)
            else:
                # The entry is ours again; what stands in it for requests that are unsure stays as written.
                for key, days in hand.days.items():
                    known = self.written.get(key, (hand.user, frozenset()))[1]
                    self.written[key] = (hand.user, known | days)
        self.hands = left

    def _taken(self, key: str, user: int, day: date) -> bool:
        """Say whether people took a day of a request into their hands."""
        return any(day in hand.days.get(key, frozenset()) for hand in self.hands if hand.user == user)
