"""A write-back is killed at any moment and continued: everybody gets what HR says, once."""

from __future__ import annotations

import time
from collections import Counter
from random import Random
from typing import Any

from calcom_provider.hr.apply.applier import Patience
from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.hr.sources.rows import from_records
from calcom_provider.hr.target.gateway import Gateway
from calcom_provider.sandbox.world.world import World
from tests.chaos.children import client_of
from tests.chaos.lane import Lane
from tests.chaos.scene import Scene
from tests.chaos.verdict import SHOWN, WrongError
from tests.faults.hr.sandbox_scene import job_for, prepare

KINDS = ("attributes", "out_of_office")
SIZES = ("M", "Huge", "Tiny")
KILLS = 4
Wanted = dict[Any, Any]


def records(kind: str, world: World, own: int) -> list[dict[str, Any]]:
    """Return what HR says about the people of the organisation."""
    profiles = {row["userId"] for row in world.profiles.by("organizationId", own)}
    members = sorted(row["userId"] for row in world.memberships.by("teamId", own) if row["accepted"])
    people = [world.users.get(number) or {} for number in members if number in profiles]
    if kind == "attributes":
        return [
            {"id": str(one["id"]), "email": one["email"], "centre": f"K{place % 7}", "size": SIZES[place % 3]}
            for place, one in enumerate(people)
        ]
    return [
        {
            "key": f"R{one['id']}-{month}",
            "email": one["email"],
            "status": "approved",
            "start": day,
            "end": day,
        }
        for one in people
        for month in (5, 6)
        for day in [f"2026-{month:02d}-{one['id'] % 20 + 1:02d}"]
    ]


def wanted(kind: str, said: list[dict[str, Any]]) -> Wanted:
    """Return what Cal.com must hold for it, once each."""
    if kind == "attributes":
        return {(row["email"], f"hr-{name}"): row[name] for row in said for name in ("centre", "size")}
    return {(row["email"], row["start"]): row["end"] for row in said}


def held(kind: str, world: World, own: int) -> tuple[Wanted, list[str]]:
    """Return what the sandbox's own tables hold of it, and what they hold twice."""
    found: Wanted = {}
    twice = []

    def add(key: Any, value: Any) -> None:
        if key in found:
            twice.append(str(key))
        found[key] = value

    if kind == "out_of_office":
        for row in world.ooo:
            if row["start"][:7] in ("2026-05", "2026-06"):
                email = (world.users.get(row["userId"]) or {})["email"]
                add((email, row["start"][:10]), row["end"][:10])
        return found, twice
    for attribute in world.attributes.by("teamId", own):
        if not attribute["slug"].startswith("hr-"):
            continue
        values = Counter(option["value"] for option in world.options.by("attributeId", attribute["id"]))
        twice += [f"option {value}" for value, count in values.items() if count > 1]
        for option in world.options.by("attributeId", attribute["id"]):
            for assigned in world.assignments.by("attributeOptionId", option["id"]):
                member = world.memberships.get(assigned["memberId"]) or {}
                email = (world.users.get(member["userId"]) or {})["email"]
                add((email, attribute["slug"]), option["value"])
    return found, twice


def strike(lane: Lane, seed: int) -> Counter[str]:
    """Kill one apply again and again, continue it, and look at the sandbox's own tables."""
    random = Random(f"apply {seed}")
    kind = KINDS[seed % 2]
    database = ("sqlite", "postgresql", "mysql")[seed // 2 % 3]
    database = database if database in lane.databases else "sqlite"
    counts: Counter[str] = Counter()
    with Scene(seed, users=15, bookings=0) as scene, lane.warehouse(database) as url:
        sandbox, own = scene.sandbox, scene.sandbox.organization_id
        with client_of(**scene.access) as client, Ledger(url) as ledger:
            gateway = Gateway(client)
            prepare(gateway)
            with sandbox.paused() as world:
                for row in list(world.ooo):
                    world.ooo.delete(row)
                said = records(kind, world, own)
            right = wanted(kind, said)
            job = job_for(kind, gateway, ledger, Patience(wait=0.0))
            plan = job.plan(from_records(said))
            call = {**scene.access, "ledger": url, "plan_id": plan.id}
            for _ in range(KILLS):
                child = lane.start("apply", **call)
                while child.alive and child.told(60) != "applying":
                    pass
                time.sleep(random.uniform(0, 0.5))
                counts["kills"] += (killed := child.kill())
                counts[f"{database} {kind}"] += killed
                with sandbox.paused() as world:
                    _judge(held(kind, world, own), right, whole=False)
            lane.run("apply", **call)
            with sandbox.paused() as world:
                _judge(held(kind, world, own), right, whole=True)
            rest = job.plan(from_records(said)).actions
            if rest:
                raise WrongError(f"{len(rest)} actions are planned again")
    return counts


def _judge(found: tuple[Wanted, list[str]], right: Wanted, *, whole: bool) -> None:
    have, twice = found
    if twice:
        raise WrongError(f"written twice: {twice[:SHOWN]}")
    wrong = [f"{key}: {value!r}" for key, value in have.items() if right.get(key) != value]
    lacking = [key for key in right if key not in have] if whole else []
    if wrong or lacking:
        raise WrongError(f"wrong: {wrong[:SHOWN]}; lacking {len(lacking)}: {lacking[:SHOWN]}")
