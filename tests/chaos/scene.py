"""An imitated organisation that changes between the runs."""

from __future__ import annotations

import contextlib
from random import Random
from typing import Any

from calcom_provider.sandbox import Sandbox
from calcom_provider.sandbox.control.mutations import mutate
from calcom_provider.sandbox.world import stores
from calcom_provider.sandbox.world.world import World
from tests.chaos.truth import Truth, truth

ZONES = ("Pacific/Auckland", "Europe/Zurich", "America/Lima", "Asia/Kathmandu")
NAMES = ("Zoë 🦉", "O'Neil; DROP", "名前", "Ünal\tTab", "plain")
_LISTS = (
    "users", "memberships", "attributes", "attribute_options", "ooo_entries", "teams", "team_memberships", "bookings",
    "schedules", "webhooks",
)  # fmt: skip


class Scene:
    """Run a sandbox and tell what a complete read of it must leave in the tables.

    :param seed: of everything in it.
    """

    def __init__(self, seed: int, users: int = 25, bookings: int = 20, **more: Any) -> None:
        self.random = Random(f"scene {seed}")
        self.sandbox = Sandbox(users=users, seed=seed, bookings=bookings, **({"limit": None} | more))

    def __enter__(self) -> Scene:
        self.sandbox.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.sandbox.stop()

    @property
    def access(self) -> dict[str, str]:
        """Return where the API is and the key of an administrator."""
        return {"api": self.sandbox.url, "key": self.sandbox.keys["admin"]}

    def truth(self) -> Truth:
        """Return what the tables must hold now."""
        with self.sandbox.paused() as world:
            return truth(world, self.sandbox.organization_id)

    def churn(self, steps: int = 6) -> Truth:
        """Change rows of every kind, and return what the tables must hold then."""
        with self.sandbox.paused() as world:
            for _ in range(steps):
                # The last row: the first people own the keys.
                what = self.random.choice(("insert", "insert", "delete"))
                with contextlib.suppress(ZeroDivisionError):  # there is none left to delete
                    mutate(world, self.sandbox.organization_id, self.random.choice(_LISTS), what)
            self._edit(world)
        return self.truth()

    def _edit(self, world: World) -> None:
        own, random = self.sandbox.organization_id, self.random
        people = [world.users.get(row["userId"]) for row in world.profiles.by("organizationId", own)]
        for user in random.sample([one for one in people if one], min(4, len(people))):
            world.users.update(user, timeZone=random.choice(ZONES), name=random.choice(NAMES))
        for entry in random.sample(sorted(world.ooo, key=lambda row: row["id"]), min(2, len(world.ooo))):
            day = f"2026-{random.randint(1, 12):02d}-{random.randint(1, 28):02d}"
            world.ooo.update(entry, start=f"{day}T00:00:00.000Z", end=f"{day}T23:59:59.999Z")
        booked = sorted(stores.bookings(world), key=lambda row: row["id"])
        for row in random.sample(booked, min(3, len(booked))):
            changed = {"title": random.choice(NAMES), "rating": random.randint(1, 5)}
            stores.bookings(world).update(row, **changed, updatedAt=world.now())
        for team in random.sample(world.teams.by("parentId", own), 1):
            world.teams.update(team, name=random.choice(NAMES))
