"""Attack for so many minutes, by a seed, and print what was attacked and what held: ``make test-chaos``."""

from __future__ import annotations

import argparse
import importlib
import multiprocessing
import os
import queue
import shutil
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
#: Kinds by the share of attacks that they get, and what one counts for the quota of 20 minutes.
KINDS = {
    "sync_killed": 5, "apply_killed": 1, "migration_killed": 2, "api_faults": 4, "database_faults": 6, "hostile": 7,
    "state_stores": 1, "clock": 1, "terminated": 1,
}  # fmt: skip
QUOTAS = {"kills": 100, "database faults": 20, "fault seeds": 30, "hostile answers": 200}
#: Seconds after which one attack hangs.
LONGEST = 400.0


def lane_main(number: int, orders: Any, results: Any) -> None:
    """Carry out attacks, one after the other, in a process with servers of its own."""
    from tests.chaos.lane import Lane

    lane = Lane(Path(tempfile.mkdtemp(prefix=f"calcom-chaos-{number}-")))
    try:
        while (order := orders.get()) is not None:
            kind, seed = order
            began = time.monotonic()
            results.put((number, "began", kind, seed, str(lane.folder), 0.0))
            try:
                told: Any = importlib.import_module(f"tests.chaos.kinds.{kind}").strike(lane, seed)
                lane.check_clean()
                outcome = "held"
            except Exception as error:
                outcome, told = "broke", "".join(traceback.format_exception(error))
                lane.clear()
            results.put((number, outcome, kind, seed, told, time.monotonic() - began))
    finally:
        lane.close()
        results.put((number, "closed", "", 0, "", 0.0))


@dataclass
class Campaign:
    """Hold what happened so far."""

    counts: Counter[str] = field(default_factory=Counter)
    by_kind: dict[str, Counter[str]] = field(default_factory=dict)
    broken: list[tuple[str, int, str]] = field(default_factory=list)

    def note(self, outcome: str, kind: str, seed: int, told: Any, seconds: float) -> None:
        mine = self.by_kind.setdefault(kind, Counter())
        mine["attacks"] += 1
        mine["seconds"] += round(seconds)
        if outcome == "held":
            mine.update(told)
            self.counts.update(told)
            what = ", ".join(f"{name} {count}" for name, count in told.items())
            print(f"held: {kind} {seed}, {seconds:.0f} s: {what}", flush=True)
            return
        mine["broken"] += 1
        self.broken.append((kind, seed, told))
        print(f"BROKEN: {kind} {seed}\n{told}", flush=True)


def orders_of(seed: int, only: str, case: int | None) -> Any:
    """Yield kinds and seeds without end, the same for the same seed."""
    if case is not None:
        yield only, case
        return
    kinds = [only] if only else [kind for kind, share in KINDS.items() for _ in range(share)]
    random = Random(seed)
    place: Counter[str] = Counter()
    while True:
        turn = list(kinds)
        random.shuffle(turn)
        for kind in turn:
            # Consecutive, so that a kind goes through its variants in turn.
            place[kind] += 1
            yield kind, seed * 10_000 + place[kind]


def main() -> int:
    """Run the campaign; 0 when everything held and enough was attacked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--lanes", type=int, default=2, help="attacks at the same time")
    parser.add_argument("--only", default="", choices=["", *KINDS], help="one kind of attack")
    parser.add_argument("--page", type=Path, help="write the numbers of this run for the documentation")
    parser.add_argument("--case", type=int, help="one attack of that kind, by its number")
    asked = parser.parse_args()
    if asked.case is not None and not asked.only:
        parser.error("--case needs --only")
    print(
        f"seed {asked.seed}, {asked.minutes:g} minutes, {asked.lanes} lanes, {os.cpu_count()} cores",
        flush=True,
    )
    began = time.monotonic()
    campaign = Campaign()
    _attack(campaign, asked, began)
    seconds = time.monotonic() - began
    if asked.page:
        asked.page.write_text(page(campaign, asked, seconds))
    return _report(campaign, asked, seconds)


def _attack(campaign: Campaign, asked: argparse.Namespace, began: float) -> None:
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    waiting = orders_of(asked.seed, asked.only, asked.case)
    lanes: dict[int, tuple[Any, Any]] = {}
    running: dict[int, tuple[str, int, str, float]] = {}

    def open_lane(number: int) -> None:
        mine = context.Queue()
        process = context.Process(target=lane_main, args=(number, mine, results))
        process.start()
        lanes[number] = (process, mine)
        give(number)

    def give(number: int) -> None:
        over = time.monotonic() - began > asked.minutes * 60
        lanes[number][1].put(None if over else next(waiting, None))

    for number in range(asked.lanes if asked.case is None else 1):
        open_lane(number)
    while lanes:
        try:
            number, outcome, kind, seed, told, seconds = results.get(timeout=5)
        except queue.Empty:
            for number, (kind, seed, folder, since) in list(running.items()):
                process = lanes[number][0]
                if time.monotonic() - since > LONGEST or not process.is_alive():
                    word = "hangs" if process.is_alive() else f"ended with {process.exitcode}"
                    process.kill()
                    process.join()
                    shutil.rmtree(folder, ignore_errors=True)
                    del running[number]
                    campaign.note("broke", kind, seed, f"the attack itself {word}", time.monotonic() - since)
                    open_lane(number)
            continue
        if outcome == "closed":
            lanes.pop(number)[0].join()
        elif outcome == "began":
            running[number] = (kind, seed, told, time.monotonic())
        else:
            running.pop(number, None)
            campaign.note(outcome, kind, seed, told, seconds)
            give(number)


def page(campaign: Campaign, asked: argparse.Namespace, seconds: float) -> str:
    """Write the numbers of a run as a part of the documentation."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 30
    attacks = sum(counts["attacks"] for counts in campaign.by_kind.values())
    broken = f"{len(campaign.broken)} broke a promise" if campaign.broken else "none broke a promise"
    told = (
        f"A run with seed {asked.seed}, {asked.lanes} attacks at a time, on {os.cpu_count()} cores and {memory} GiB of"
        f" memory: {attacks} attacks in {seconds / 60:.0f} minutes, {broken}."
    )
    lines = [".. Written by: python -m tests.chaos.run --page docs/reliability.inc", "", told, ""]
    lines += [".. list-table::", "   :header-rows: 1", "   :widths: 22 12 66", ""]
    rows = [("Kind", "Attacks", "What")]
    for kind, counts in sorted(campaign.by_kind.items()):
        what = ", ".join(f"{name} {count}" for name, count in _told(counts))
        rows.append((f"``{kind}``", str(counts["attacks"]), what))
    for row in rows:
        lines += [f"   {mark} {cell}" for mark, cell in zip(("* -", "  -", "  -"), row, strict=True)]
    return "\n".join(lines) + "\n"


def _told(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(
        (name, count) for name, count in counts.items() if name not in ("attacks", "broken", "seconds")
    )


def _report(campaign: Campaign, asked: argparse.Namespace, seconds: float) -> int:
    print(f"\n{'kind':18}{'attacks':>8}{'broken':>8}{'seconds':>9}  what")
    for kind, counts in sorted(campaign.by_kind.items()):
        what = ", ".join(f"{name} {count}" for name, count in _told(counts))
        print(f"{kind:18}{counts['attacks']:>8}{counts['broken']:>8}{counts['seconds']:>9}  {what}")
    failures = [
        f"{kind} {seed} broke: {told.strip().splitlines()[-1]}" for kind, seed, told in campaign.broken
    ]
    print(f"\n{'counted':18}{'reached':>8}{'needed':>8}")
    for name, needed in QUOTAS.items():
        # Counts follow from the time: a shorter campaign needs its part.
        part = 0 if asked.only else int(needed * min(asked.minutes / 20, 1.0))
        print(f"{name:18}{campaign.counts[name]:>8}{part:>8}")
        if campaign.counts[name] < part:
            failures.append(f"{campaign.counts[name]} {name}, {part} are needed")
    for failure in failures:
        print(f"FAILED: {failure}")
    held = sum(counts["attacks"] - counts["broken"] for counts in campaign.by_kind.values())
    print(
        f"chaos: {held} attacks held, {len(campaign.broken)} broke, {seconds / 60:.1f} minutes, seed {asked.seed}"
    )
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
