"""Apply each mutant and each written break to a copy of the package, and run the tests that must notice."""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.mutants.areas import AREAS
from tests.mutants.breaks import BREAKS
from tests.mutants.draw import draw
from tests.mutants.judge import Judge, Verdict

EQUIVALENTS = Path(__file__).with_name("equivalents.txt")
SHARE = 0.9

_judge: Judge | None = None


@dataclass(frozen=True)
class Job:
    """One change to try.

    :param area: where it is counted.
    :param name: how it is told of.
    :param module: path of the changed module below the package.
    :param code: the module with the change.
    :param tests: what pytest is given.
    """

    area: str
    name: str
    module: str
    code: str
    tests: tuple[str, ...]

    @property
    def key(self) -> str:
        """Name the change together with the code around it."""
        return f"{self.area}: {self.name} {hashlib.sha256(self.code.encode()).hexdigest()[:16]}"


class Results:
    """Keep what was found in a file, so that a run that broke off goes on where it was.

    What was noticed is not tried again while the code is the same; what survived is, since tests are added.

    :param path: the file, a line a change; None keeps nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._known: dict[str, str] = {}
        if path is not None and path.exists():
            self._known = {
                one["key"]: one["outcome"] for one in map(json.loads, path.read_text().splitlines())
            }

    def noticed(self, job: Job) -> str | None:
        """Return how a change was noticed in an earlier run.

        :param job: the change.
        """
        outcome = self._known.get(job.key)
        return outcome if outcome in ("caught", "hung") else None

    def add(self, job: Job, verdict: Verdict) -> None:
        """Keep the result of a change.

        :param job: the change.
        :param verdict: its result.
        """
        if self._path is not None:
            line = {"key": job.key, "outcome": verdict.outcome, "busy": round(verdict.busy, 1)}
            with self._path.open("a") as file:
                file.write(json.dumps(line) + "\n")


def main() -> int:
    """Run everything and print a table; 0 when enough was caught."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=150, help="mutants to draw")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", default="", help="a part of the names of what is tried, or an area")
    parser.add_argument("--breaks", action="store_true", help="try the written list alone")
    parser.add_argument(
        "--results", type=Path, help="file of results; what it says was noticed is not tried again"
    )
    asked = parser.parse_args()
    equivalents = {line for line in EQUIVALENTS.read_text().splitlines() if line and not line.startswith("#")}
    mutants = [] if asked.breaks else draw(asked.count, asked.seed)
    jobs = [Job("written list", one.name, one.module, one.code(), one.tests) for one in BREAKS]
    jobs += [Job(one.area.name, one.name, one.module, one.code, one.area.tests) for one in mutants]
    jobs = [job for job in jobs if asked.only in job.name or asked.only == job.area]
    print(f"{len(BREAKS)} written breaks, {len(mutants)} mutants of seed {asked.seed}; {len(jobs)} to try")
    began = time.monotonic()
    with _judges(asked.workers) as judges:
        results = _try_all(jobs, judges, Results(asked.results), equivalents)
    print(f"\n{(time.monotonic() - began) / 60:.1f} minutes")
    return _report(results)


@contextmanager
def _judges(workers: int) -> Iterator[ProcessPoolExecutor]:
    with tempfile.TemporaryDirectory(prefix="calcom-mutants-") as folder:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(workers, context, _prepare, (folder,)) as pool:
            yield pool


def _prepare(folder: str) -> None:
    global _judge
    _judge = Judge(folder)


def _try(job: Job) -> Verdict:
    assert _judge is not None
    return _judge.judge(job.tests, job.module, job.code)


def _check_sound(tests: tuple[str, ...]) -> Verdict:
    assert _judge is not None
    return _judge.judge(tests)


def _try_all(
    jobs: list[Job], judges: ProcessPoolExecutor, known: Results, equivalents: set[str]
) -> dict[str, tuple[Job, str]]:
    """Try what is not known yet; before it every selection of tests on the unchanged package.

    A test that fails anyway catches nothing.
    """
    results: dict[str, tuple[Job, str]] = {}
    left = [job for job in jobs if known.noticed(job) is None]
    results.update({job.name: (job, known.noticed(job) or "") for job in jobs if job not in left})
    for tests, verdict in _each(judges, _check_sound, _parts([job.tests for job in left])):
        print(f"unchanged, {' '.join(tests)}: {verdict.outcome}, {verdict.busy:.0f} s busy", flush=True)
        if verdict.outcome != "survived":
            raise SystemExit(f"The tests fail without any change: mend that first\n{verdict.output}")
    for number, (job, verdict) in enumerate(_each(judges, _try, left), start=1):
        known.add(job, verdict)
        outcome = verdict.outcome
        if outcome == "survived" and job.name in equivalents:
            outcome = "equivalent"
        results[job.name] = (job, outcome)
        print(f"{number}/{len(left)} {outcome:10} {verdict.busy:4.0f} s {job.area}: {job.name}", flush=True)
    return results


def _parts(selections: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Give every path of the selections once, with its options; a file in a folder that is named is no part."""
    found: dict[tuple[str, ...], None] = {}
    for tests in selections:
        paths = [one for one in tests if one.startswith("tests/")]
        options = tests[len(paths) :]
        found.update(dict.fromkeys((path, *options) for path in paths))
    return [
        one
        for one in found
        if not any(
            (parent, *one[1:]) in found
            for parent in (one[0].split("::")[0], str(Path(one[0]).parent))
            if parent != one[0]
        )
    ]


def _each(
    judges: ProcessPoolExecutor, work: Callable[[Any], Verdict], things: list[Any]
) -> Iterator[tuple[Any, Verdict]]:
    waiting = {judges.submit(work, thing): thing for thing in things}
    for done in as_completed(waiting):
        yield waiting[done], done.result()


def _report(results: dict[str, tuple[Job, str]]) -> int:
    failures = []
    print(f"\n{'area':16}{'tried':>7}{'caught':>8}{'hung':>6}{'equivalent':>12}{'survived':>10}")
    total: Counter[str] = Counter()
    for area in ["written list", *[one.name for one in AREAS]]:
        outcomes = Counter(outcome for job, outcome in results.values() if job.area == area)
        strange = [
            outcome for outcome in outcomes if outcome not in ("caught", "hung", "equivalent", "survived")
        ]
        failures += strange
        tried = sum(outcomes.values())
        print(
            f"{area:16}{tried:>7}{outcomes['caught']:>8}{outcomes['hung']:>6}"
            f"{outcomes['equivalent']:>12}{outcomes['survived']:>10}"
        )
        if area == "written list":
            if outcomes["survived"] or outcomes["equivalent"]:
                failures.append("a break of the written list was not caught")
        else:
            total += outcomes
    survived = [job.name for job, outcome in results.values() if outcome == "survived"]
    for name in survived:
        print(f"survived: {name}")
    noticed = total["caught"] + total["hung"]
    judged = noticed + total["survived"]
    if judged and noticed < SHARE * judged:
        failures.append(f"only {noticed} of {judged} mutants were caught")
    for failure in failures:
        print(f"FAILED: {failure}")
    breaks = sum(
        1 for job, outcome in results.values() if job.area == "written list" and outcome != "survived"
    )
    print(
        f"mutants: {noticed} of {judged} caught ({noticed / judged if judged else 1:.0%}),"
        f" {total['equivalent']} equivalent; {breaks} breaks of the written list caught"
    )
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
