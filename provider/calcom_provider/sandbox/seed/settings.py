"""Say how much lies beside people and teams, and fill in what they set up: forms, webhooks, roles, apps."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta

from calcom_provider.sandbox.groups.account.conferencing import add_credential
from calcom_provider.sandbox.groups.event_types.routing_forms import add_form, add_response
from calcom_provider.sandbox.groups.event_types.workflows import add_workflow
from calcom_provider.sandbox.seed import people
from calcom_provider.sandbox.world import stores
from calcom_provider.sandbox.world.tables import Row
from calcom_provider.sandbox.world.world import World, iso


@dataclass(frozen=True, slots=True)
class Sizes:
    """Say how much of what.

    :param bookings: bookings in all; from 30 on four of them are one series and one has seats.
    :param tied: give all bookings but those of the series and the seats one time of creation and of the last
        change; in Python ``"all"`` gives them one start too.
    :param event_types: event types in all, of users and of teams.
    :param schedules: schedules in all; by default one per user, at most 60.
    :param routing_forms: forms of teams; each second one has responses.
    :param form_responses: responses in all.
    :param webhooks: webhooks of the organisation.
    :param workflows: workflows of teams.
    :param roles: roles of the organisation; the first team gets one too.
    :param verified: verified addresses, and as many numbers, of teams.
    :param managed_organizations: organisations that the platform manages.
    :param managed_users: users that the platform's first client manages.
    :param oauth_clients: clients of the platform.
    :param platform: make the organisation itself a platform customer, so that clients, managed users and
        managed organisations are its own; else they belong to a neighbouring platform.
    """

    bookings: int = 60
    tied: bool | str = False
    event_types: int = 9
    schedules: int | None = None
    routing_forms: int = 3
    form_responses: int = 12
    webhooks: int = 2
    workflows: int = 2
    roles: int = 2
    verified: int = 2
    managed_organizations: int = 2
    managed_users: int = 4
    oauth_clients: int = 1
    platform: bool = False


class Settings:
    """Build what people and teams have set up.

    :param world: where it goes.
    :param organization_id: the organisation.
    :param members: its users, owner and admin first.
    :param teams: its teams with members.
    :param types: its event types.
    :param sizes: how much of what.
    """

    def __init__(
        self,
        world: World,
        organization_id: int,
        *,
        members: list[Row],
        teams: list[Row],
        types: list[Row],
        sizes: Sizes,
    ) -> None:
        self.world = world
        self.id = organization_id
        self.members = members
        self.teams = teams
        self.types = types
        self.sizes = sizes
        self.random = random.Random(world.seed + 2)

    def build(self) -> None:
        """Add forms, webhooks, roles, links and what teams have."""
        self._forms()
        self._webhooks()
        self._roles()
        self._links()
        self._team_things()

    def _forms(self) -> None:
        redirect = next((row["id"] for row in self.types if row["teamId"]), None)
        forms = []
        for number in range(self.sizes.routing_forms if self.teams else 0):
            team = self.teams[number % min(2, len(self.teams))]
            moment = iso(self.world.today - timedelta(days=90 - number))
            forms.append(
                add_form(
                    self.world,
                    team["id"],
                    f"Inbound {number}",
                    description=f"Form {number}",
                    createdAt=moment,
                    updatedAt=iso(self.world.today - timedelta(days=20 + number)),
                    userId=self.members[0]["id"],
                    routes=[
                        {
                            "id": "route-1",
                            "action": {
                                "type": "eventTypeRedirectUrl",
                                "value": "team/demo",
                                "eventTypeId": redirect,
                            },
                            "isFallback": False,
                        },
                        {
                            "id": "route-2",
                            "action": {"type": "customPageMessage", "value": "Thanks"},
                            "isFallback": True,
                        },
                    ],
                    fields=[
                        {
                            "id": "f-region",
                            "type": "select",
                            "label": "Region",
                            "required": True,
                            "options": [{"id": "o1", "label": "EMEA"}, {"id": "o2", "label": "AMER"}],
                        },
                        {"id": "f-note", "type": "text", "label": "Note", "required": False},
                    ],
                )
            )
        booked = [row["uid"] for row in stores.bookings(self.world).ordered()[:40]]
        for number in range(self.sizes.form_responses if forms else 0):
            moment = iso(self.world.today - timedelta(days=30, hours=-number))
            answers = {
                "f-region": {"label": "Region", "value": self.random.choice(("EMEA", "AMER"))},
                "f-note": {"label": "Note", "value": people.NOTES[number % len(people.NOTES)] or ""},
            }
            uid = booked[number] if number % 5 == 0 and number < len(booked) else None
            form = forms[number * 2 % len(forms)]
            add_response(
                self.world, form, answers, createdAt=moment, updatedAt=moment, routedToBookingUid=uid
            )

    def _webhooks(self) -> None:
        for number in range(self.sizes.webhooks):
            self._webhook(number, teamId=self.id)
        # One of the admin's own and one of an event type
        self._webhook(100, userId=self.members[1 % len(self.members)]["id"])
        for row in self.types[:1]:
            self._webhook(101, eventTypeId=row["id"])

    def _webhook(self, number: int, **owner: int) -> None:
        stores.webhooks(self.world).insert(
            {
                **dict.fromkeys(("userId", "teamId", "eventTypeId", "oAuthClientId")),
                **owner,
                "payloadTemplate": None if number % 2 else '{"type":"{{type}}"}',
                "triggers": ["BOOKING_CREATED", "BOOKING_CANCELLED"],
                "active": number % 3 != 2,
                "subscriberUrl": f"https://hooks.lumen.example/{number}",
                "createdAt": self.world.now(),
                "secret": f"whk_{self.world.ids.token(24)}" if number % 2 == 0 else None,
            }
        )

    def _roles(self) -> None:
        for number in range(self.sizes.roles):
            self._role(
                self.id,
                f"Role {number}",
                ["organization.read", "team.read", "booking.read"][: 2 + number % 2],
            )
        for team in self.teams[:1]:
            self._role(team["id"], "Host", ["eventType.read", "eventType.update"])

    def _role(self, owner: int, name: str, permissions: list[str]) -> None:
        moment = self.world.now()
        stores.roles(self.world).insert(
            {
                "name": name,
                "color": None,
                "description": f"What a {name.lower()} may do",
                "type": "CUSTOM",
                "permissions": permissions,
                "createdAt": moment,
                "updatedAt": moment,
                "ownerId": owner,
            }
        )

    def _links(self) -> None:
        for row in [one for one in self.types if one["teamId"]][:1]:
            stores.private_links(self.world).insert(
                {
                    "linkId": self.world.ids.token(22),
                    "eventTypeId": row["id"],
                    "expiresAt": None,
                    "maxUsageCount": 3,
                    "usageCount": 0,
                }
            )

    def _team_things(self) -> None:
        world, owner = self.world, self.members[0]
        for number in range(self.sizes.workflows if self.teams else 0):
            team = self.teams[number % min(2, len(self.teams))]
            step = {
                "id": world.ids.number("workflow_steps"),
                "stepNumber": 1,
                "action": "email_attendee",
                "recipient": "attendee",
                "email": "",
                "phone": "",
                "template": "reminder",
                "includeCalendarEvent": False,
                "sender": "Lumen",
                "message": {"subject": "Soon", "html": "<p>Soon</p>"},
            }
            add_workflow(world, team["id"], f"Reminder {number}", steps=[step])
            if number == 0:
                add_workflow(world, team["id"], "After a form", "routing-form", steps=[dict(step)])
        for number in range(self.sizes.verified if self.teams else 0):
            team_id = self.teams[0]["id"]
            address = {"userId": owner["id"], "teamId": team_id, "email": f"desk{number}@lumen.example"}
            stores.verified_emails(world).insert(address)
            phone = {"userId": owner["id"], "teamId": team_id, "phoneNumber": f"+4144000000{number % 10}"}
            stores.verified_phones(world).insert(phone)
        if self.teams:
            add_credential(world, "zoom_video", "zoom", team_id=self.teams[0]["id"])
        calendar = {"name": owner["email"], "externalId": owner["email"], "readOnly": False, "primary": True}
        add_credential(world, "google_calendar", "google-calendar", owner["id"], calendars=[calendar])
