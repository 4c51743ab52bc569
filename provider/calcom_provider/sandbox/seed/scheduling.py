"""Fill a world with what lies beside people and teams: event types, bookings, forms, managed things.

It runs after the organisation was built and draws from its own random numbers, so that it changes nothing of
what was there before.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

from calcom_provider.sandbox.groups.account.schedules import add_schedule
from calcom_provider.sandbox.groups.event_types import rules
from calcom_provider.sandbox.groups.platform.managed_organizations import add_managed
from calcom_provider.sandbox.groups.platform.managed_users import add_managed_user, long_address
from calcom_provider.sandbox.groups.platform.oauth_clients import add_client
from calcom_provider.sandbox.seed.settings import Settings, Sizes
from calcom_provider.sandbox.world import stores
from calcom_provider.sandbox.world.bookings import add_booking, attendee
from calcom_provider.sandbox.world.tables import Row
from calcom_provider.sandbox.world.world import World, iso

ROOM = [{"type": "link", "link": "https://meet.lumen.example/room", "public": False}]
STATES = ("accepted",) * 7 + ("pending", "cancelled", "rejected")
SERIES = 4
_PERSONAL: tuple[tuple[str, str, int, dict[str, Any]], ...] = (
    ("Intro call", "intro-call", 30, {}),
    (
        "Needs confirmation",
        "needs-confirmation",
        30,
        {"confirmationPolicy": {"type": "always", "blockUnconfirmedBookingsInBooker": True}},
    ),
    (
        "Weekly check-in",
        "weekly",
        30,
        {"recurrence": {"frequency": "weekly", "interval": 1, "occurrences": 12}},
    ),
    (
        "Workshop",
        "workshop",
        60,
        {"seats": {"seatsPerTimeSlot": 5, "showAttendeeInfo": True, "showAvailabilityCount": True}},
    ),
    ("One to one", "one-to-one", 30, {"hidden": True}),
)
_TEAM = (
    ("Sales demo", "roundRobin", 30),
    ("Panel", "collective", 45),
    ("Support call", "roundRobin", 20),
    ("Kick-off", "collective", 60),
)


class More:
    """Build what lies beside people and teams.

    :param world: where it goes.
    :param organization_id: the organisation.
    :param members: its users, owner and admin first.
    :param others: the neighbours, see :func:`~calcom_provider.sandbox.seed.organization.neighbours`.
    :param sizes: how much of what.
    """

    def __init__(
        self, world: World, organization_id: int, members: list[Row], others: dict[str, Row], sizes: Sizes
    ) -> None:
        self.world = world
        self.id = organization_id
        self.organization = world.organization(organization_id) or {}
        self.members = members
        self.others = others
        self.sizes = sizes
        self.random = random.Random(world.seed + 1)
        self.teams = [
            team
            for team in world.teams.ordered("parentId", organization_id)
            if world.memberships.by("teamId", team["id"])
        ]
        self.types: list[Row] = []

    def build(self) -> None:
        """Add schedules, event types, bookings and what belongs to them."""
        self._schedules()
        self._event_types()
        self._bookings()
        Settings(
            self.world,
            self.id,
            members=self.members,
            teams=self.teams,
            types=self.types,
            sizes=self.sizes,
        ).build()
        self._platform()

    # -- people's time ----------------

    def _schedules(self) -> None:
        count = self.sizes.schedules
        count = min(60, len(self.members)) if count is None else count
        for number in range(count):
            user = self.members[number % len(self.members)]
            first = number < len(self.members)
            days = (
                None
                if number % 4
                else [
                    {"days": ["Monday", "Tuesday", "Thursday"], "startTime": "08:30", "endTime": "12:00"},
                    {"days": ["Friday"], "startTime": "13:00", "endTime": "17:30"},
                ]
            )
            free = (
                [{"date": "2026-08-01", "startTime": "00:00", "endTime": "00:00"}] if number % 5 == 0 else []
            )
            add_schedule(
                self.world,
                user,
                "Working hours" if first else f"Hours {number}",
                user["timeZone"],
                default=first,
                availability=days,
                overrides=free,
            )

    def _event_types(self) -> None:
        for number in range(self.sizes.event_types):
            name, round_ = number % 9, number // 9
            tail = f"-{round_}" if round_ else ""
            if name < len(_PERSONAL):
                title, slug, minutes, fields = _PERSONAL[name]
                user = self.members[0 if name < 4 else 2 % len(self.members)]
                row = rules.add(
                    self.world,
                    userId=user["id"],
                    title=title,
                    slug=slug + tail,
                    lengthInMinutes=minutes,
                    locations=ROOM,
                    titleField=False,
                    **fields,
                )
            else:
                row = self._team_type(*_TEAM[name - len(_PERSONAL)], tail, number)
            self.types.append(row)

    def _team_type(self, title: str, kind: str, minutes: int, tail: str, number: int) -> Row:
        # The teams that come last stay without event types
        team = self.teams[number % max(1, min(len(self.teams), 2))]
        members = self.world.memberships.ordered("teamId", team["id"])[:5]
        hosts = [
            {"userId": row["userId"], "mandatory": False, "priority": "medium"}
            for row in members
            if row["accepted"]
        ]
        return rules.add(
            self.world,
            teamId=team["id"],
            title=title,
            slug=title.lower().replace(" ", "-") + tail,
            lengthInMinutes=minutes,
            schedulingType=kind,
            hosts=hosts,
            locations=ROOM,
        )

    # -- bookings ----------------

    def _bookings(self) -> None:
        types = [row for row in self.types if not row["recurrence"] and row["seats"].get("disabled")]
        if not types:
            return
        special = SERIES + 1 if self.sizes.bookings >= 30 else 0
        count = max(0, self.sizes.bookings - special)
        for number in range(count):
            self._booking(number, count, types[number % len(types)])
        self._chain()
        if special:
            self._series()
            self._seats()

    def _host(self, event_type: Row) -> Row:
        if event_type["userId"]:
            user = self.world.users.get(event_type["userId"])
        else:
            user = self.world.users.get(self.random.choice(event_type["hosts"])["userId"])
        assert user is not None
        return user

    def _booking(self, number: int, count: int, event_type: Row) -> None:
        choose, today = self.random, self.world.today
        first = (today - timedelta(days=count // 6)).replace(hour=8, minute=0, second=0, microsecond=0)
        start = first if self.sizes.tied == "all" else first + timedelta(hours=8 * number)
        created = first - timedelta(days=60) + timedelta(hours=number)
        changed = today - timedelta(minutes=30 * (count - number) + 5)
        if self.sizes.tied:
            created, changed = first - timedelta(days=60), today - timedelta(days=3)
        status = choose.choice(STATES)
        guest, member = f"guest{number % 250}", self.members[(number * 7) % len(self.members)]
        people_ = [attendee(f"Guest {number % 250}", f"{guest}@client.example")]
        guests = [member["email"]] if number % 3 == 0 else []
        if guests:
            people_.append(attendee(member["name"], member["email"], member["timeZone"]))
        gone = status == "cancelled"
        add_booking(
            self.world,
            host=self._host(event_type),
            event_type=event_type,
            start=iso(start),
            uid=f"bk{number:05d}",
            title=f"{event_type['title']} {number}",
            description=f"Notes {number}" if number % 4 == 0 else None,
            status=status,
            createdAt=iso(created),
            attendees=people_,
            guests=guests,
            updatedAt=None if not self.sizes.tied and number % 31 == 7 else iso(changed),
            absentHost=start < today and number % 23 == 0,
            rating=number % 5 + 1 if number % 12 == 0 else None,
            metadata={"crmId": f"c-{number}"} if number % 3 == 0 else {},
            responses={"email": f"{guest}@client.example", "name": f"Guest {number % 250}", "guests": guests},
            cancellationReason="no longer needed" if gone else None,
            cancelledByEmail=f"{guest}@client.example" if gone else None,
        )

    def _chain(self) -> None:
        """Make the first two bookings one that was moved and what it was moved to."""
        rows = stores.bookings(self.world).ordered()[:2]
        if len(rows) == 2:
            rows[0].update(status="cancelled", rescheduledToUid=rows[1]["uid"], cancellationReason=None)
            rows[1].update(rescheduledFromUid=rows[0]["uid"], reschedulingReason="clash", status="accepted")

    def _ahead(self, days: int) -> datetime:
        return (self.world.today + timedelta(days=days)).replace(hour=9, minute=0, second=0, microsecond=0)

    def _series(self) -> None:
        event_type = next((row for row in self.types if row["recurrence"]), None)
        if event_type is None:
            return
        uid = f"rec-{self.world.ids.token(16)}"
        for place in range(SERIES):
            add_booking(
                self.world,
                host=self._host(event_type),
                event_type=event_type,
                title=f"Weekly {place}",
                start=iso(self._ahead(140 + 7 * place)),
                recurringBookingUid=uid,
                icsUid="",
                description=None,
                attendees=[attendee("Rita Recurring", "rita@client.example")],
                responses={"email": "rita@client.example", "name": "Rita Recurring"},
            )

    def _seats(self) -> None:
        event_type = next((row for row in self.types if not row["seats"].get("disabled")), None)
        if event_type is None:
            return
        seats = [
            attendee(
                f"Seat {n}",
                f"seat{n}@client.example",
                seatUid=self.world.ids.uuid(),
                bookingFieldsResponses={"name": f"Seat {n}"},
                metadata={},
            )
            for n in range(3)
        ]
        add_booking(
            self.world,
            host=self._host(event_type),
            event_type=event_type,
            start=iso(self._ahead(168)),
            title="Workshop",
            description=None,
            seated=True,
            icsUid="",
            attendees=seats,
        )

    # -- the platform ----------------

    def _platform(self) -> None:
        world, sizes = self.world, self.sizes
        platform, client, owner = (self.others[name] for name in ("platform", "client", "operator"))
        if sizes.platform:
            platform, owner = self.organization, self.members[0]
            world.teams.update(platform, isPlatform=True, plan="SCALE")
            client = add_client(world, self.id, name="HR portal", redirectUris=["https://lumen.example/back"])
        for number in range(1, sizes.oauth_clients):
            add_client(
                world, platform["id"], name=f"Client {number}", redirectUris=["https://lumen.example/back"]
            )
        for number in range(sizes.managed_users):
            email = long_address(f"staff{number}@clinics.example", client["id"])
            data = {"employeeNo": f"E-{number}"} if number % 3 == 0 else None
            # Users of the organisation's own client bring no schedules, which are counted elsewhere
            zone = "Europe/Zurich" if number % 2 and not sizes.platform else None
            add_managed_user(world, client, email, name=f"Staff {number}", timeZone=zone, metadata=data)
        for number in range(sizes.managed_organizations):
            data = {"company": f"C-{number}"} if number % 2 == 0 else None
            add_managed(
                world, platform, owner=owner, name=f"Clinic {number}", slug=f"clinic-{number}", metadata=data
            )
