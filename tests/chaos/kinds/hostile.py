"""Answers that no Cal.com should give, for every list that becomes a table."""

from __future__ import annotations

import json
from collections import Counter
from random import Random
from typing import Any

from calcom_provider.resources.model import Resource
from calcom_provider.resources.registry import catalogue
from calcom_provider.sandbox.core.wire import Incoming, Response
from tests.chaos import looking, wire
from tests.chaos.hostility import Hostility, unconditional
from tests.chaos.lane import ChildFailedError, Lane
from tests.chaos.scene import Scene
from tests.chaos.truth import plain
from tests.chaos.verdict import SHOWN, WrongError
from tests.chaos.wire import Tables
from tests.plugins.filled import fill

ROUNDS = 8


def strike(lane: Lane, seed: int) -> Counter[str]:
    """Spoil answers of one list, one after the other."""
    random = Random(f"hostile {seed}")
    resources = list(catalogue().values())
    resource = resources[seed % len(resources)]
    database = random.choice(("sqlite", *lane.databases))
    counts: Counter[str] = Counter()
    with Scene(seed, users=20, bookings=12) as scene, lane.warehouse(database) as url:
        fill(scene.sandbox)
        key, _ = wire.reader_of(scene.sandbox, resource)
        call = {
            "api": scene.sandbox.url, "key": key, "target": url, "resources": [resource.name],
            "columns": {"sensitive": True}, "client": {"timeout": (5.0, 10.0)},
        }  # fmt: skip
        if not wire.rows_of(scene.sandbox, resource):
            raise WrongError(f"the sandbox has no rows of {resource.name}, so there is nothing to attack")
        lane.run("sync", **call)
        old = wire.expected(scene.sandbox, resource)
        _same(url, resource, old, "the first run")
        for _ in range(ROUNDS):
            scene.churn(4)
            shown = [row for row, _ in wire.rows_of(scene.sandbox, resource)]
            if not shown:
                break
            hostility = Hostility.drawn(random, resource, random.choice(shown))
            new = wire.expected(scene.sandbox, resource)
            if resource.read.lookup is not None or wire.refuses(scene.sandbox, resource):
                # No row of a lookup is ever deleted, and none because a part of the list is refused.
                new = {table: old[table] | rows for table, rows in new.items()}
            outcome = _attack(lane, scene, url, call, hostility)
            counts["hostile answers"] += bool(hostility.spoilt)
            counts[f"{hostility.way}: {outcome.word}" if hostility.spoilt else "not met"] += 1
            try:
                _judge(url, resource, old, new, hostility, outcome)
                lane.run("sync", **call)
                _same(url, resource, new, "the next run")
            except (WrongError, ChildFailedError) as error:
                raise WrongError(f"{resource.name}, {hostility}, {outcome}: {error}") from error
            old = new
        left = looking.leftovers(url)
        if left:
            raise WrongError(f"left over: {left[:SHOWN]}")
    return counts


class Outcome:
    """Hold what a run said: failed, or which tables are complete."""

    def __init__(self, error: str = "", tables: dict[str, Any] | None = None) -> None:
        self.error = error
        self.complete = {
            name.removeprefix(looking.PREFIX) for name, (_, complete, _) in (tables or {}).items() if complete
        }
        self.known = {name.removeprefix(looking.PREFIX) for name in tables or {}}

    @property
    def word(self) -> str:
        if self.error:
            return "refused"
        return "complete" if self.complete == self.known else "incomplete"

    def __str__(self) -> str:
        return self.error or self.word


def _attack(lane: Lane, scene: Scene, url: str, call: dict[str, Any], hostility: Hostility) -> Outcome:
    sandbox = scene.sandbox
    operation = hostility.resource.read.operation

    def spoil(request: Incoming, answer: Response) -> Response | None:
        if sandbox.app.operation_of(request) != operation or request.method != "GET":
            return None
        return hostility.answer(request, sandbox.app.answer(unconditional(request)))

    sandbox.before_answer(spoil)
    try:
        return Outcome(tables=lane.run("sync", **call)["tables"])
    except ChildFailedError as error:
        if error.kind in ("RecursionError", "MemoryError", "Died") or "calcom_provider" not in error.trace:
            raise WrongError(f"{hostility}: {error}\n{error.trace}") from None
        return Outcome(f"{error.kind}: {error.text[:200]}")
    finally:
        sandbox.faults.clear()


def _same(url: str, resource: Resource, wanted: Tables, when: str) -> None:
    found, wrong = wire.stored(url, resource)
    for table, rows in wanted.items():
        names = {name for row in found[table].values() for name in row}
        told = {key: {name: row[name] for name in names} for key, row in rows.items()}
        if told != found[table] and (found[table] or told):
            wrong.append(f"{table}: {_difference(found[table], told)}")
    if wrong:
        raise WrongError(f"{when} left {'; '.join(wrong)[:1500]}")


def _difference(found: Any, wanted: Any) -> str:
    parts = []
    for word, keys in (("lacks", set(wanted) - set(found)), ("has", set(found) - set(wanted))):
        if keys:
            parts.append(f"{word} {len(keys)}: {sorted(map(str, keys))[:SHOWN]}")
    for key in set(found) & set(wanted):
        for name, value in found[key].items():
            if value != wanted[key].get(name):
                parts.append(f"{key}.{name} is {str(value)[:60]!r}, not {str(wanted[key].get(name))[:60]!r}")
    return ", ".join(parts[:SHOWN])


def _judge(
    url: str, resource: Resource, old: Tables, new: Tables, hostility: Hostility, outcome: Outcome
) -> None:
    """Hold a table that is called complete to the new rows, save what was spoilt; others to rows that ever were."""
    if outcome.error:
        _same(url, resource, old, "a failed run")
        return
    found, wrong = wire.stored(url, resource)
    touched = _Touched(resource, hostility)
    for table, rows in new.items():
        have, complete = found[table], table in outcome.complete
        for key in set(have) - set(rows):
            if complete or have[key] != {name: old[table].get(key, {}).get(name) for name in have[key]}:
                if not touched.allows_row(table, key):
                    wrong.append(f"{table} has {key}, which is not there")
        for key in set(rows) - set(have):
            if complete and not touched.allows_row(table, key):
                wrong.append(f"{table} is complete and lacks {key}")
        for key in set(have) & set(rows):
            for name, value in have[key].items():
                right = (
                    {rows[key][name]} if complete else {rows[key][name], old[table].get(key, {}).get(name)}
                )
                if value not in right and not touched.allows(table, key, name, value):
                    wrong.append(
                        f"{table} {key}.{name} is {str(value)[:80]!r}, not {str(rows[key][name])[:80]!r}"
                    )
    if wrong:
        raise WrongError("; ".join(wrong[:SHOWN]))


class _Touched:
    """Know which cells may differ, because they were spoilt."""

    def __init__(self, resource: Resource, hostility: Hostility) -> None:
        self._resource, self._hostility = resource, hostility
        self._row = hostility.row or {}
        self._by_child = {child.table.name: child for child in resource.children}

    def allows(self, table: str, key: tuple[Any, ...], name: str, value: Any) -> bool:
        """Tell whether a cell may hold a value: that which the answer gave, or none."""
        if not self._hostility.name or not self._is_row(table, key):
            return False
        column = next(one for one in self._declared(table).columns if one.name == name)
        source = (column.source or column.name).lstrip("^").partition(".")[0]
        child = self._by_child.get(table)
        if child is not None and child.items.partition(".")[0] == self._hostility.name:
            return self._says_nothing
        if source != self._hostility.name or name in self._declared(table).key:
            return False
        given = self._hostility.value
        if self._hostility.kind == "object":
            # An empty object says nothing, as none does; one of other fields must be refused.
            return value is None and (self._says_nothing or given == {})
        if self._hostility.way == "deep":
            return True
        spelled = {plain(given), str(given), json.dumps(given, sort_keys=True), _replaced(given)}
        return value is None or value in spelled

    def allows_row(self, table: str, key: tuple[Any, ...]) -> bool:
        """Tell whether a row may be there or not: one of a list inside the row that was spoilt."""
        child = self._by_child.get(table)
        if child is None or child.items.partition(".")[0] != self._hostility.name:
            return False
        # Nothing, or no list at all, says that there are none; the rest must be refused.
        return self._says_nothing and self._is_row(table, key)

    @property
    def _says_nothing(self) -> bool:
        return self._hostility.way in ("missing", "null")

    def _declared(self, table: str) -> Any:
        return next(one for one in self._resource.tables if one.name == table)

    def _is_row(self, table: str, key: tuple[Any, ...]) -> bool:
        declared = self._declared(table)
        for name, part in zip(wire.key_of(declared), key, strict=True):
            column = next(one for one in declared.columns if one.name == name)
            source = column.source or column.name
            if table in self._by_child and not source.startswith("^"):
                continue
            if source[0] not in "$#." and plain(self._row.get(source.lstrip("^"))) != part:
                return False
        return True


def _replaced(value: Any) -> Any:
    if not isinstance(value, str):
        return None
    return "".join("\ufffd" if one == "\0" or "\ud800" <= one <= "\udfff" else one for one in value)
