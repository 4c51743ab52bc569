"""Judge what tables hold: the state before, the right new one, or something that must not be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.chaos import looking
from tests.chaos.truth import Truth

SHOWN = 5


class WrongError(AssertionError):
    """Say that a promise was broken."""


def differences(found: Truth, wanted: Truth) -> list[str]:
    """Name how two states differ, a few rows of each table at most."""
    told = []
    for table, rows in wanted.items():
        have = found.get(table, {})
        missing = [key for key in rows if key not in have]
        added = [key for key in have if key not in rows]
        changed = [
            f"{key}.{name}"
            for key in rows
            if key in have
            for name in rows[key]
            if rows[key][name] != have[key].get(name)
        ]
        for word, keys in (("misses", missing), ("has", added), ("differs in", changed)):
            if keys:
                told.append(f"{table} {word} {len(keys)}: {', '.join(map(str, keys[:SHOWN]))}")
    return told


@dataclass
class Judge:
    """Follow one warehouse through its runs.

    :param url: the warehouse.
    :param old: what it holds now.
    """

    url: str
    old: Truth
    history: bool = False
    looked: int = 0
    locked_out: int = 0
    _versions: dict[str, dict[Any, list[Any]]] = field(default_factory=dict)

    def look(self, *, new: Truth) -> str:
        """Look once, at one moment: the state is ``old`` or ``new``; anything else is wrong.

        :raises WrongError: when it is neither.
        """
        try:
            with looking.snapshot(self.url) as fetch:
                found, wrong = looking.held(self.url, self.old, new, fetch)
        except looking.LockedOutError:
            self.locked_out += 1
            return "locked out"
        self.looked += 1
        if wrong:
            raise WrongError("; ".join(wrong))
        if not differences(found, new) and not differences(new, found):
            return "new"
        if not differences(found, self.old) and not differences(self.old, found):
            return "old"
        raise WrongError(
            f"neither the state before nor the new one. To the new: {differences(found, new)}."
            f" To the one before: {differences(found, self.old)}"
        )

    def must_be(self, new: Truth, why: str) -> None:
        """Hold that the new state is there, whole.

        :raises WrongError: when it is not.
        """
        said = self.look(new=new)
        if said == "locked out":
            raise WrongError(f"{why}: the file is still locked")
        if said == "old" and differences(self.old, new):
            raise WrongError(f"{why}: the rows are still those of before")

    def must_be_as_told(self, new: Truth, outcome: str) -> None:
        """Hold what a run that may have failed left: ``done`` means new rows, a failure those of before.

        A commit whose answer was lost counts as failed, although it took effect: then all of it did.

        :raises WrongError: when a run that was called done was not.
        """
        if outcome == "done":
            self.must_be(new, "after a run that ended well")
        elif (
            self.look(new=new) == "new" and differences(self.old, new) and "nothing was published" in outcome
        ):
            raise WrongError(f"all of it was published, but the run said: {outcome}")

    def must_be_right(self, new: Truth, incomplete: set[str]) -> None:
        """Hold that complete tables are the new ones, and that the others hold nothing that never was.

        :param incomplete: tables that the run itself called incomplete.
        :raises WrongError: when a row is there that is neither the new one nor the one before.
        """
        with looking.snapshot(self.url) as fetch:
            found, wrong = looking.held(self.url, self.old, new, fetch)
        for table, rows in new.items():
            if table not in incomplete:
                wrong += differences({table: found[table]}, {table: rows})
                wrong += differences({table: rows}, {table: found[table]})
                continue
            before = self.old.get(table, {})
            strange = [
                key for key, row in found[table].items() if row not in (rows.get(key), before.get(key))
            ]
            if strange:
                wrong.append(f"{table} holds {len(strange)} rows that never were: {strange[:SHOWN]}")
        if wrong:
            raise WrongError("; ".join(wrong))

    def advance(self, new: Truth) -> None:
        """Take a state that was published for the present one, and hold its history to what went before.

        :raises WrongError: when versions overlap, have gaps, or tell another story.
        """
        if self.history:
            for table, rows in new.items():
                self._note(table, rows)
            self._check_versions()
        self.old = new

    def _note(self, table: str, rows: dict[Any, Any]) -> None:
        known = self._versions.setdefault(table, {})
        for key, row in rows.items():
            told = known.setdefault(key, [])
            if not told or told[-1] != row:
                told.append(row)
        for key in set(known) - set(rows):
            if known[key][-1] is not None:
                known[key].append(None)

    def _check_versions(self) -> None:
        names = {
            table: sorted({name for told in known.values() for one in told if one for name in one})
            for table, known in self._versions.items()
            if known
        }
        found = looking.versions(self.url, names)
        for table in names:
            known = self._versions[table]
            for key, told in known.items():
                self._check_row(table, key, told, found[table].get(key, []))
            strange = set(found[table]) - set(known)
            if strange:
                raise WrongError(f"{table} has versions of rows that never were: {sorted(strange)[:SHOWN]}")

    def _check_row(self, table: str, key: Any, told: list[Any], rows: list[Any]) -> None:
        contents = [one for one in told if one is not None]
        if [row[3] for row in rows] != contents:
            raise WrongError(f"{table} {key} has {len(rows)} versions, {len(contents)} are right")
        if sum(bool(row[2]) for row in rows) != (told[-1] is not None):
            raise WrongError(f"{table} {key} has not the current version that it should have")
        for before, after in zip(rows, rows[1:], strict=False):
            if before[1] is None or before[1] > after[0] or before[0] >= after[0]:
                raise WrongError(f"{table} {key} has versions that overlap")
