"""Random HR histories: after each apply the owned days are what HR last readably said, by a second opinion."""

from __future__ import annotations

import ast
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.hr.out_of_office.days import DayPolicy
from calcom_provider.hr.sources.rows import from_records
from tests.unit.hr.fake_calcom import CutError, FakeCalcom
from tests.unit.hr.jobs import TODAY, ooo_job
from tests.unit.hr.out_of_office import expected_days
from tests.unit.hr.out_of_office.expected_days import Days, Expectation, Row, days_of
from tests.unit.hr.promises import promised

PEOPLE = (1, 2, 3)
HORIZON = 400
SAMPLE, ALL = 20, 520
UNSURE: tuple[dict[str, str], ...] = (
    {"status": "requested"},
    {"status": "who knows"},
    {"start": "2026-02-31"},
    {"email": "nobody@example.com"},
)
STEPS = (
    "request", "request", "request", "edit", "correct", "cancel", "vanish", "reissue", "reissue", "unsure", "unsure",
    "unsure", "sure", "window", "blind", "shorten", "stretch", "delete", "delete", "foreign", "tomorrow", "tomorrow",
)  # fmt: skip


class History:
    """HR's side, and what people do in Cal.com."""

    def __init__(self, seed: int, fake: FakeCalcom) -> None:
        self.random = random.Random(seed)
        self.fake = fake
        self.rows: dict[str, Row] = {}
        self.unsure: dict[str, dict[str, str]] = {}
        self.window: tuple[date | None, date | None] = (None, None)
        self.blind = False
        self.today = TODAY
        self.number = 0
        self.expected = Expectation()

    def step(self, what: str) -> None:
        self.blind = False
        act = getattr(self, f"_{what}")
        keys = sorted(self.rows)
        if what in {"request", "foreign", "window", "blind", "tomorrow"}:
            act()
        elif what in {"shorten", "stretch", "delete"}:
            if entries := self.ours():
                act(self.random.choice(entries))
        elif keys:
            act(self.random.choice(keys))

    def _span(self) -> tuple[date, date]:
        start = self.today + timedelta(days=self.random.randint(-5, 30))
        return start, start + timedelta(days=self.random.randint(0, 9))

    def _new(self, row: Row) -> None:
        self.number += 1
        self.rows[f"R{self.number}"] = row

    def _request(self) -> None:
        start, end = self._span()
        user = self.random.choice(PEOPLE)
        mine = [one for one in self.rows.values() if one.user == user]
        if mine and self.random.random() < 0.6:  # beside another one, so that entries are joined
            start = self.random.choice(mine).end + timedelta(days=self.random.randint(-2, 1))
            end = start + timedelta(days=self.random.randint(0, 6))
        cover = self.random.choice(PEOPLE) if self.random.random() < 0.2 else None
        self._new(Row(user, "approved", start, end, cover))

    def _edit(self, key: str) -> None:
        start, end = self._span()
        self.rows[key] = replace(self.rows[key], start=start, end=end)

    def _correct(self, key: str) -> None:
        row = self.rows[key]
        end = max(row.start, row.end + timedelta(days=self.random.randint(-3, 3)))
        self.rows[key] = replace(row, end=end)

    def _cancel(self, key: str) -> None:
        self.rows[key] = replace(self.rows[key], word="removed")
        self.unsure.pop(key, None)

    def _vanish(self, key: str) -> None:
        del self.rows[key]
        self.unsure.pop(key, None)

    def _reissue(self, key: str) -> None:
        row = self.rows[key]
        if row.word != "approved":
            return
        self._new(row)
        (self._cancel if self.random.random() < 0.6 else self._vanish)(key)

    def _unsure(self, key: str) -> None:
        if self.rows[key].word == "approved":
            self.unsure[key] = self.random.choice(UNSURE)

    def _sure(self, key: str) -> None:
        self.unsure.pop(key, None)

    def _window(self) -> None:
        wide = self.random.randint(10, 40)
        first = self.today - timedelta(days=self.random.randint(0, 5))
        self.window = self.random.choice([(None, None), (first, self.today + timedelta(days=wide))])

    def _blind(self) -> None:
        self.blind = True

    def _tomorrow(self) -> None:
        self.today += timedelta(days=self.random.randint(1, 3))

    def _foreign(self) -> None:
        start, end = self._span()
        user = self.random.choice(PEOPLE)
        if not any(
            (one.user_id, one.start, one.end) == (user, start, end) for one in self.fake.entries.values()
        ):
            self.fake.add_entry(user, start.isoformat(), end.isoformat(), reason="travel", notes="mine")

    def _shorten(self, entry: Any) -> None:
        self._by_hand(entry, entry.start, entry.start + (entry.end - entry.start) // 2)

    def _stretch(self, entry: Any) -> None:
        self._by_hand(entry, entry.start, entry.end + timedelta(days=self.random.randint(1, 4)))

    def _by_hand(self, entry: Any, start: date, end: date) -> None:
        taken = any((one.user_id, one.start, one.end) == (entry.user_id, start, end) for one in self.ours())
        if (start, end) == (entry.start, entry.end) or taken or entry.to_user_id:
            return
        was = days_of(entry.start, entry.end)
        self.expected.change_by_hand(entry.id, entry.user_id, was, days_of(start, end))
        self.fake.entries[entry.id] = replace(entry, start=start, end=end)

    def _delete(self, entry: Any) -> None:
        self.expected.change_by_hand(entry.id, entry.user_id, days_of(entry.start, entry.end), None)
        del self.fake.entries[entry.id]

    # -- seeing ------------------------------------------------------------------------------------------------

    def ours(self) -> list[Any]:
        """Entries of ours that are not over."""
        return [
            one
            for _, one in sorted(self.fake.entries.items())
            if one.notes != "mine" and one.end >= self.today
        ]

    def there(self, *, without: frozenset[int] = frozenset()) -> dict[int, Days]:
        found: dict[int, Days] = {}
        for one in self.ours():
            if one.id not in without:
                ahead = frozenset(day for day in days_of(one.start, one.end) if day >= self.today)
                found[one.user_id] = found.get(one.user_id, frozenset()) | ahead
        return found

    def by_others(self, user: int) -> Days:
        found: set[date] = set()
        for one in self.fake.entries.values():
            if one.notes == "mine" and one.user_id == user:
                found |= days_of(one.start, one.end)
        return frozenset(found)

    def visible(self) -> dict[str, Row]:
        """Return the rows in the feed's window, as what can be read of them."""
        first, last = self.window
        return {
            key: replace(row, word="unsure") if key in self.unsure else row
            for key, row in self.rows.items()
            if (first is None or row.end >= first) and (last is None or row.start <= last)
        }

    def feed(self) -> Any:
        rows: list[dict[str, Any]] = [
            {"key": "zero", "email": "user1@example.com", "status": "denied", "start": TODAY, "end": TODAY}
        ]
        for key in self.visible():
            row = self.rows[key]
            rows.append(
                {
                    "key": key,
                    "email": f"user{row.user}@example.com",
                    "status": "cancelled" if row.word == "removed" else "approved",
                    "start": row.start,
                    "end": row.end,
                    "cover": f"user{row.cover}@example.com" if row.cover else None,
                }
                | self.unsure.get(key, {})
            )
        if self.blind:
            rows.append({"key": None, "email": None, "status": "approved", "start": TODAY, "end": TODAY})
        return from_records([{"cover": None, **one} for one in rows])

    def job(self, ledger: Ledger) -> Any:
        days = DayPolicy(horizon_days=HORIZON)
        return ooo_job(self.fake, ledger, as_of=self.today, days=days, window=self.window)


def apply(history: History, ledger: Ledger, *, killed: bool) -> None:
    """Apply what HR says; if wanted, killed before and after each write and started again each time."""
    fake = history.fake

    def die(_: int) -> None:
        raise CutError

    def live(_: int) -> None:
        return None

    hooks: list[tuple[Callable[[int], None], Callable[[int], None]]] = [(die, live), (live, die)]
    for number in range(400):
        fake.before, fake.after = hooks[number % 2] if killed else (live, live)
        job = history.job(ledger)
        try:
            result = job.apply(job.plan(history.feed()), reread=False)
        except CutError:
            continue
        finally:
            fake.before = fake.after = live
        assert set(result.statuses) <= {"done"}, result.codes
        return
    raise AssertionError("a killed apply never ends")


def play(seed: int, ledger: Ledger) -> None:
    fake = FakeCalcom()
    for user in PEOPLE:
        fake.add_user(user)
    history = History(seed, fake)
    steps = ["request", "request", *history.random.choices(STEPS, k=history.random.randint(6, 16))]
    for step in steps:
        history.step(step)
        others = {one for one in fake.entries.items() if one[1].notes == "mine"}
        over = {one for one in fake.entries.items() if one[1].end < history.today}
        rows = history.visible()
        wanted = history.expected.take_in(rows, history.today, history.window, history.blind)
        apply(history, ledger, killed=history.random.random() < 0.2)
        there = history.there()
        for user in PEOPLE:
            missing = wanted.get(user, frozenset()) - there.get(user, frozenset())
            assert there.get(user, frozenset()) <= wanted.get(user, frozenset()), (seed, step, user)
            # A run that others entered themselves is not written again; nothing else may differ.
            assert missing <= history.by_others(user), (seed, step, user)
        assert history.job(ledger).plan(history.feed()).actions == (), (seed, step)
        assert others | over <= set(fake.entries.items()), (seed, step)
        edited = frozenset(one.entry for one in history.expected.hands)
        history.expected.note_written(rows, history.there(without=edited))


@pytest.mark.parametrize(
    "seed", [one if one < SAMPLE else pytest.param(one, marks=pytest.mark.exhaustive) for one in range(ALL)]
)
def test_owned_days_are_what_hr_last_readably_said(seed: int) -> None:
    promised("Days written for a request stay until HR says something readable about it")
    with Ledger("sqlite://") as ledger:
        play(seed, ledger)


def test_the_second_opinion_uses_nothing_of_the_package() -> None:
    tree = ast.parse(Path(expected_days.__file__).read_text("utf-8"))
    names = {one.module for one in ast.walk(tree) if isinstance(one, ast.ImportFrom)}
    names |= {name.name for one in ast.walk(tree) if isinstance(one, ast.Import) for name in one.names}
    assert names == {"__future__", "dataclasses", "datetime"}
