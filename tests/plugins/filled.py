"""Rows for every list that becomes a table: what a sandbox has none of by itself belongs to single accounts."""

from __future__ import annotations

from typing import Any

from calcom_provider.sandbox import Sandbox
from calcom_provider.sandbox.groups.account.conferencing import add_credential
from calcom_provider.sandbox.groups.account.schedules import add_schedule
from calcom_provider.sandbox.groups.event_types import rules
from calcom_provider.sandbox.world import stores
from calcom_provider.sandbox.world.tables import Row
from calcom_provider.sandbox.world.world import World


def fill(sandbox: Sandbox, each: int = 3) -> None:
    """Give the administrator's account, and the platform's first client, rows in the lists that are empty.

    :param each: rows of each list.
    """
    with sandbox.paused() as world:
        key = world.api_keys.first("key", sandbox.keys["admin"])
        assert key is not None
        owner = world.users.get(key["userId"])
        assert owner is not None
        # The first one: tests that let teams go begin with the last.
        team = world.teams.ordered("parentId", sandbox.organization_id)[0]
        held = world.membership(owner["id"], team["id"]) or world.add_membership(owner, team["id"])
        world.memberships.update(held, role="OWNER", accepted=True)
        for number in range(each):
            _fill(world, owner, team, number)
        platform = sandbox.keys["platform_organization_id"]
        client = min(world.oauth_clients.by("organizationId", int(platform)), key=lambda row: str(row["id"]))
        for number in range(each):
            _webhook(world, f"client-{number}", oAuthClientId=client["id"])


def _fill(world: World, owner: Row, team: Row, number: int) -> None:
    own = rules.add(
        world, userId=owner["id"], title=f"Own {number}", slug=f"own-{number}", lengthInMinutes=30
    )
    _webhook(world, f"own-{number}", eventTypeId=own["id"])
    _webhook(world, f"user-{number}", userId=owner["id"])
    host = {"userId": owner["id"], "mandatory": False, "priority": "medium"}
    of_team = rules.add(
        world, teamId=team["id"], title=f"Team {number}", slug=f"team-{number}", lengthInMinutes=30,
        schedulingType="collective", hosts=[host],
    )  # fmt: skip
    _webhook(world, f"team-{number}", eventTypeId=of_team["id"])
    day = {"date": f"2026-08-{number + 1:02d}", "startTime": "00:00", "endTime": "00:00"}
    add_schedule(world, owner, f"Own {number}", owner["timeZone"], overrides=[day])
    address = {"userId": owner["id"], "teamId": None, "email": f"own{number}@lumen.example"}
    stores.verified_emails(world).insert(address)
    phone = {"userId": owner["id"], "teamId": None, "phoneNumber": f"+4144000100{number}"}
    stores.verified_phones(world).insert(phone)
    add_credential(world, f"zoom{number}_video", "zoom", owner["id"])
    calendar: dict[str, Any] = {
        "name": f"Calendar {number}", "externalId": f"own{number}@lumen.example", "readOnly": False, "primary": True,
    }  # fmt: skip
    add_credential(world, "google_calendar", "google-calendar", owner["id"], calendars=[calendar])


def _webhook(world: World, name: str, **owner: Any) -> None:
    stores.webhooks(world).insert(
        {
            **dict.fromkeys(("userId", "teamId", "eventTypeId", "oAuthClientId")),
            **owner,
            "payloadTemplate": None,
            "triggers": ["BOOKING_CREATED"],
            "active": True,
            "subscriberUrl": f"https://hooks.lumen.example/{name}",
            "createdAt": world.now(),
            "secret": f"whk_{world.ids.token(24)}",
        }
    )
