"""Build the organisation of the second recorded run: people, teams, event types, bookings, platforms.

Everything is made by rules that the recorded rows follow; no recorded row is copied. What has an id is
registered under the id that the recorded one has.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from calcom_provider.sandbox.groups.account.schedules import add_schedule
from calcom_provider.sandbox.groups.event_types import rules
from calcom_provider.sandbox.groups.event_types.routing_forms import add_form, add_response
from calcom_provider.sandbox.groups.organization.delegation_credentials import add_credential
from calcom_provider.sandbox.world import stores
from calcom_provider.sandbox.world.bookings import add_booking, attendee
from calcom_provider.sandbox.world.tables import Row
from calcom_provider.sandbox.world.world import World, iso
from tests.contract.replay_groups_player import Names

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
ZONE = "Europe/Zurich"
MANY = [("default", 100_000, 60.0, 60.0)]
MEMBERS = 300
LINK = [{"type": "link", "link": "https://meet.example.test/room", "public": False}]
STATES = ("accepted", "accepted", "accepted", "cancelled", "pending", "rejected")
TYPES = ("Intro call", "One on one", "Sales demo", "Panel", "Support call", "Needs confirmation")
DELEGATION = "11111111-1111-4111-8111-111111111111"


class RecordedWorld:
    """Hold a world like the recorded one, its keys and the names of what is in it.

    :param seed: seed of all random keys.
    :param first_id: number before the first id of every table; None for other numbers than the recorded ones.
    """

    def __init__(self, seed: int, first_id: int | None) -> None:
        self.world = World(seed, first_id, NOW)
        self.names = Names()
        self.keys: dict[str, str] = {}
        self.users: dict[int, Row] = {}
        self.teams: dict[int, Row] = {}
        self.types: dict[str, Row] = {}
        self._people()
        self._teams()
        self._platforms()
        self._schedules()
        self._event_types()
        self._bookings()
        self._forms()
        self._verified()
        self._credentials()

    def _name(self, kind: str, recorded: int, row: Row) -> None:
        self.names.numbers[kind, recorded] = row["id"]

    # -- people and teams ----------------

    def _organization(self, number: int, name: str, slug: str, **fields: Any) -> None:
        self.teams[number] = self.world.add_organization(name, slug, metadata={}, **fields)
        self._name("team", number, self.teams[number])

    def _user(self, number: int, email: str, name: str, username: str, zone: str = ZONE) -> Row:
        moment = self.world.now()
        user = self.world.add_user(
            email, name=name, username=username, timeZone=zone, emailVerified=moment, createdDate=moment
        )
        self.users[number] = user
        self._name("user", number, user)
        return user

    def _member(self, number: int, email: str, name: str, org: int, role: str) -> Row:
        """Add a member whose profile has the first part of the account's name."""
        local, slug = email.partition("@")[0], self.teams[org]["slug"]
        user = self._user(number, email, name, f"{local}-{slug}")
        self.world.add_profile(user, self.teams[org]["id"], local)
        self._name("membership", number, self.world.add_membership(user, self.teams[org]["id"], role))
        return user

    def _people(self) -> None:
        self._organization(1, "Acme", "acme")
        self._organization(2, "Globex", "globex")
        self._organization(3, "No admin", "noadmin", admin_api=False)
        self._member(1, "owner@acme.test", "Olive Owner", 1, "OWNER")
        self._member(2, "admin@acme.test", "Ada Admin", 1, "ADMIN")
        for number in range(1, MEMBERS + 1):
            self._member(number + 2, f"member{number:03d}@acme.test", f"Member {number}", 1, "MEMBER")
        pending = self._user(303, "pending@acme.test", "Pia Pending", "pending")
        row = self.world.add_membership(pending, self.teams[1]["id"], accepted=False)
        self._name("membership", 303, row)
        self._member(304, "gowner@globex.test", "Gary Globex", 2, "OWNER")
        self._member(305, "gmember@globex.test", "Gina Globex", 2, "MEMBER")
        self._user(306, "loner@nowhere.test", "Lone R", "loner", "Europe/London")
        credential = add_credential(self.world, self.teams[1]["id"], "google", "acme.test")
        self.names.texts[DELEGATION] = credential["id"]

    def _teams(self) -> None:
        for number, name, members in (
            (4, "Sales", range(3, 43)),
            (5, "Support", range(33, 53)),
            (6, "Empty", ()),
        ):
            team = self.world.add_team(name, name.lower(), self.teams[1]["id"], metadata={})
            self.teams[number] = team
            self._name("team", number, team)
            for place, user in enumerate(members):
                role = "ADMIN" if place == 0 else "MEMBER"
                row = self.world.add_membership(self.users[user], team["id"], role)
                if number == 4:
                    self._name("membership", 307 + place, row)

    def _platforms(self) -> None:
        self._organization(7, "Platform", "platscale", platform=True, plan="SCALE")
        self._organization(8, "Essentials", "platess", platform=True, plan="ESSENTIALS")
        self._organization(9, "No billing", "platnone", platform=True)
        self._member(307, "powner@platscale.test", "Paula Platform", 7, "OWNER")
        self._member(308, "padmin@platscale.test", "Pat Platform", 7, "ADMIN")
        self._member(309, "pmember@platscale.test", "Peg Platform", 7, "MEMBER")
        self._member(310, "eowner@platess.test", "Essie Essentials", 8, "OWNER")
        self._member(311, "nowner@platnone.test", "Nora Nobilling", 9, "OWNER")

    def _schedules(self) -> None:
        for number in range(1, MEMBERS + 3):
            user = self.users[{MEMBERS + 1: 3, MEMBERS + 2: 1}.get(number, number + 2)]
            row = add_schedule(self.world, user, "Working hours", ZONE, default=number != MEMBERS + 1)
            if number == MEMBERS + 1:
                row["overrides"] = [{"date": "2027-03-01", "startTime": "10:00", "endTime": "12:00"}]
            self._name("schedule", number, row)

    # -- event types and bookings ----------------

    def _event_type(self, number: int, title: str, minutes: int = 30, **fields: Any) -> None:
        slug = title.lower().replace(" ", "-")
        row = rules.add(
            self.world,
            title=title,
            slug=slug,
            lengthInMinutes=minutes,
            locations=LINK,
            titleField=False,
            **fields,
        )
        self.types[title] = row
        self._name("event_type", number, row)

    def _event_types(self) -> None:
        owner, member = self.users[1]["id"], self.users[3]["id"]
        seats = {"seatsPerTimeSlot": 5, "showAttendeeInfo": True, "showAvailabilityCount": True}
        weekly = {"frequency": "weekly", "interval": 1, "occurrences": 12}
        confirmed = {"type": "always", "blockUnconfirmedBookingsInBooker": True}
        self._event_type(1, "Intro call", userId=owner)
        self._event_type(2, "One on one", userId=member)
        self._event_type(3, "Needs confirmation", userId=owner, confirmationPolicy=confirmed)
        self._event_type(4, "Weekly", userId=owner, recurrence=weekly)
        self._event_type(5, "Workshop", 60, userId=owner, seats=seats)
        for number, title, minutes, team, kind, hosts in (
            (6, "Sales demo", 30, 4, "roundRobin", range(3, 8)),
            (7, "Panel", 45, 4, "collective", range(3, 6)),
            (8, "Support call", 30, 5, "roundRobin", range(33, 37)),
        ):
            people = [
                {"userId": self.users[host]["id"], "mandatory": False, "priority": "medium"} for host in hosts
            ]
            fields = {"teamId": self.teams[team]["id"], "schedulingType": kind, "hosts": people}
            self._event_type(number, title, minutes, **fields)
            self.types[title]["titleField"] = True
        phone = {
            "isDefault": True,
            "type": "phone",
            "slug": "attendeePhoneNumber",
            "required": False,
            "hidden": True,
        }
        self.types["Panel"]["ownFields"] = [phone]

    def _host(self, number: int, title: str) -> Row:
        if title in ("Sales demo", "Panel"):
            return self.users[3 + number % 5]
        return self.users[33 + number % 4 if title == "Support call" else 3 if title == "One on one" else 1]

    def _bookings(self) -> None:
        for number in range(600):
            self._booking(number)
        owner = self.users[1]
        series = "rec-" + self.world.ids.token(16)
        uids = []
        for place in range(4):
            row = add_booking(
                self.world,
                host=owner,
                event_type=self.types["Weekly"],
                title=f"Weekly {place}",
                icsUid="",
                start=iso(datetime(2027, 4, 5, 9, tzinfo=UTC) + timedelta(weeks=place)),
                recurringBookingUid=series,
                description=None,
                attendees=[attendee("Rita Recurring", "rita@client.test")],
                responses={"email": "rita@client.test", "name": "Rita Recurring"},
            )
            uids.append(row["uid"])
        seats = [
            attendee(
                f"Seat {n}",
                f"seat{n}@client.test",
                seatUid=self.world.ids.uuid(),
                metadata={},
                bookingFieldsResponses={"name": f"Seat {n}"},
            )
            for n in range(3)
        ]
        seated = add_booking(
            self.world,
            host=owner,
            event_type=self.types["Workshop"],
            start="2027-05-03T09:00:00.000Z",
            seated=True,
            description=None,
            attendees=seats,
            icsUid="",
        )
        rows = stores.bookings(self.world)
        self.names.patterns += [
            (re.compile(r"\bbk(\d{4})-[0-9a-f]{16}"), lambda found: f"bk{found[1]}"),
            (re.compile(r"\brec-[0-9a-f]{16}"), lambda found: series),
            (re.compile(r"\brec(\d)-[0-9a-f]{12}"), lambda found: uids[int(found[1])]),
            (re.compile(r"\bseat-[0-9a-f]{16}"), lambda found: seated["uid"]),
            (re.compile(r"\bseatref-(\d)-[0-9a-f]{12}"), lambda found: seats[int(found[1])]["seatUid"]),
        ]
        sales = rows.first("uid", "bk0002")
        assert sales is not None
        sales["references"] = [
            {"type": kind, "eventUid": f"event-{place}", "id": place, "destinationCalendarId": None}
            for place, kind in enumerate(("google_calendar", "daily_video"))
        ]

    def _booking(self, number: int) -> None:
        title, status = TYPES[number % 6], STATES[number // 6 % 6]
        guest = f"guest{number % 50}@client.test"
        people = [attendee(f"Guest {number % 50}", guest)]
        also = f"member{(number + 1) % MEMBERS:03d}@acme.test"
        guests = [also] if number % 9 == 0 and self.world.users.has("email", also) else []
        people += [attendee(email.partition("@")[0], email, ZONE) for email in guests]
        changed = datetime(2026, 9, 13, 11, 30, tzinfo=UTC) - timedelta(minutes=30 * number)
        gone = status == "cancelled"
        add_booking(
            self.world,
            host=self._host(number, title),
            event_type=self.types[title],
            uid=f"bk{number:04d}",
            start=iso(datetime(2026, 8, 20, 8, tzinfo=UTC) + timedelta(hours=8 * number)),
            status=status,
            title=f"{title} {number}",
            description=f"Notes {number}" if number % 4 == 0 else None,
            createdAt=iso(datetime(2026, 7, 1, tzinfo=UTC) + timedelta(hours=number)),
            attendees=people,
            guests=guests,
            updatedAt=None if number % 10 == 9 and number != 499 else iso(changed),
            absentHost=number == 14,
            metadata={"crmId": f"c-{number}"} if number % 3 == 0 else {},
            rating=5 if number == 12 else None,
            responses={"email": guest, "name": f"Guest {number % 50}", "guests": guests},
            cancellationReason="no longer needed" if gone else None,
            cancelledByEmail=guest if gone else None,
        )

    # -- forms, addresses, keys ----------------

    def _forms(self) -> None:
        routes = [
            {
                "id": "route-1",
                "isFallback": False,
                "attributesQueryValue": None,
                "queryValue": {"id": "q1", "type": "group", "children1": {}},
                "action": {
                    "type": "eventTypeRedirectUrl",
                    "value": "team/sales/sales-demo",
                    "eventTypeId": self.types["Sales demo"]["id"],
                },
            },
            {
                "id": "route-2",
                "isFallback": True,
                "queryValue": {"id": "q2", "type": "group"},
                "action": {"type": "customPageMessage", "value": "Thanks"},
            },
        ]
        fields = [
            {
                "id": "f-region",
                "type": "select",
                "label": "Region",
                "required": True,
                "options": [{"id": "o1", "label": "EMEA"}, {"id": "o2", "label": "AMER"}],
            },
            {"id": "f-note", "type": "text", "label": "Note", "required": False},
        ]
        forms = []
        for number in range(6):
            form = add_form(
                self.world,
                self.teams[4 if number < 4 else 5]["id"],
                f"Inbound {number}",
                userId=self.users[1]["id"],
                description=f"Form Inbound {number}",
                routes=routes,
                fields=fields,
                createdAt=iso(datetime(2026, 6, 1, tzinfo=UTC) + timedelta(days=number)),
                updatedAt=iso(datetime(2026, 7, 29, tzinfo=UTC) - timedelta(days=number)),
            )
            forms.append(form)
            self.names.texts[f"clseedform{number:015d}"] = form["id"]
        for word, team, user in (("user0000000000", None, 1), ("foreign0000000", 2, 304)):
            team_id = self.teams[team]["id"] if team else None
            form = add_form(self.world, team_id, word, userId=self.users[user]["id"])
            self.names.texts[f"clseedform{word}"[:25]] = form["id"]
        for number in range(40):
            day = datetime(2026, 8, 1, tzinfo=UTC) + timedelta(days=number % 28)
            answers = {
                "f-note": {"label": "Note", "value": f"n{number}"},
                "f-region": {"label": "Region", "value": "EMEA" if number % 3 else "AMER"},
            }
            row = add_response(
                self.world,
                forms[number % 2],
                answers,
                createdAt=iso(day),
                routedToBookingUid=f"bk{2 + 6 * number:04d}" if number < 5 else None,
            )
            changed = datetime(2026, 9, 1, tzinfo=UTC) + timedelta(days=number % 28)
            row["updatedAt"] = iso(changed) if number % 10 else None
            self._name("form_response", number + 1, row)

    def _verified(self) -> None:
        owner, team = self.users[1]["id"], self.teams[4]["id"]
        for table, column, kind, values in (
            (
                stores.verified_emails(self.world),
                "email",
                "verified_email",
                [f"notify{n}@acme.test" for n in range(3)] + ["owner-alt@acme.test"],
            ),
            (
                stores.verified_phones(self.world),
                "phoneNumber",
                "verified_phone",
                [f"+4144000000{n}" for n in range(3)] + ["+41440000099"],
            ),
        ):
            for place, value in enumerate(values):
                row = table.insert({"userId": owner, "teamId": team if place < 3 else None, column: value})
                self._name(kind, place + 1, row)

    def _credentials(self) -> None:
        world = self.world

        def key(name: str, user: int, team: int | None = None, **fields: Any) -> None:
            team_id = self.teams[team]["id"] if team else None
            self.keys[name] = world.add_api_key(self.users[user], team_id, limits=MANY, **fields)

        key("ADMIN_HIGH_LIMIT", 1)
        key("ORG_OWNER_TEAMKEY", 1, 1)
        key("DISP_OWNER_TEAM", 1, 1)
        key("DISP_OWNER_PERSONAL", 1)
        key("ORG_ADMIN", 2)
        key("MEMBER", 3)
        key("TEAM_ADMIN_SALES", 3)
        key("MEMBER2", 4)
        key("DISPOSABLE", 8, 1)
        key("DISP_MEMBER_PERSONAL", 10)
        key("EXPIRED", 1, expires=NOW - timedelta(days=3))
        key("OUTSIDER_OWNER", 304)
        key("LONER", 306)
        key("PLATFORM_OWNER", 307, 7)
        key("PLATFORM_OWNER_NOTEAM", 307)
        key("PLATFORM_ADMIN", 308, 7)
        key("PLATFORM_MEMBER", 309, 7)
        key("ESSENTIALS_OWNER", 310, 8)
        key("NOBILLING_OWNER", 311, 9)
