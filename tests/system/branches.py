"""Several organisations that one key administers, in one sandbox."""

from __future__ import annotations

from typing import Any


def add_branches(sandbox: Any, number: int, people: int) -> list[int]:
    """Add organisations with people of their own, and return the ids of all.

    :param sandbox: the running sandbox; its own organisation is the first.
    :param number: organisations to add.
    :param people: users of each.
    """
    ids = [sandbox.organization_id]
    with sandbox.paused() as world:
        row = world.api_keys.first("key", sandbox.keys["admin"])
        admin = world.users.get(row["userId"])
        for branch in range(number):
            organization = world.add_organization(f"Branch {branch}", f"branch-{branch}")
            world.add_membership(admin, organization["id"], "OWNER")
            for person in range(people):
                user = world.add_user(f"p{person}@branch{branch}.example", username=f"p{person}-{branch}")
                world.add_profile(user, organization["id"])
                world.add_membership(user, organization["id"])
            ids.append(organization["id"])
    return ids
