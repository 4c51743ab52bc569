"""Make up an organisation of any size around a day, as it looks in a warehouse: for the looks of the report."""

from __future__ import annotations

import random
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from calcom_provider.warehouse import Warehouse
from tests.integration.reporting.loading import write_sync

Row = dict[str, Any]
ORGANIZATION = 9
SCOPE = {"organization_id": ORGANIZATION}
REGIONS = {
    "EMEA": ("Europe/Berlin", "Europe/Madrid", "Europe/London"),
    "Americas": ("America/New_York", "America/Sao_Paulo"),
    "APAC": ("Asia/Kolkata", "Australia/Sydney"),
}
DEPARTMENTS = (
    "Sales",
    "Customer success",
    "Support",
    "Solutions",
    "Recruiting",
    "Onboarding",
    "Legal",
    "Finance",
)
WEIGHTS = (30, 20, 20, 10, 8, 8, 2, 2)
TITLES = {
    "Sales": ("Product demo", "Discovery call", "Pricing review"),
    "Customer success": ("Quarterly review", "Check-in"),
    "Support": ("Support call", "Escalation"),
    "Solutions": ("Technical deep dive", "Proof of concept"),
    "Recruiting": ("Screening", "Panel interview"),
    "Onboarding": ("Kick-off", "Training"),
    "Legal": ("Contract review",),
    "Finance": ("Invoice question",),
}
FIRST = (
    "Ada",
    "Bram",
    "Chidi",
    "Dana",
    "Emre",
    "Farah",
    "Goran",
    "Hana",
    "Ivo",
    "Jun",
    "Kofi",
    "Lena",
    "Mika",
    "Noor",
)
LAST = (
    "Abel",
    "Brook",
    "Costa",
    "Dahl",
    "Eriks",
    "Faye",
    "Grant",
    "Holm",
    "Ito",
    "Jansen",
    "Khan",
    "Lund",
    "Moreau",
)
WORKWEEK = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"]
LANGUAGES = ("English", "German", "Spanish", "French", "Portuguese", "Hindi", "Japanese", "Basque")
SIZES = ("XS", "S", "M", "L", "XL", "XXXL")
HOSTS = 0.45
WEEKS_BACK, WEEKS_AHEAD = 27, 4


def write_organisation(
    url: str, people: int, today: date, bookings_a_week: float = 3.0, seed: int = 7
) -> None:
    """Write an organisation as two syncs would have, three months apart.

    :param url: an empty database
    :param people: members, of whom a part are hosts
    :param today: the day around which bookings and absences lie
    :param bookings_a_week: of a host, in the mean
    :param seed: another number makes another organisation
    """
    made = Organisation(random.Random(seed), people, today, bookings_a_week)
    warehouse = Warehouse(url)
    for days, share in ((90, 0.88), (0, 1.0)):
        began = datetime.combine(today - timedelta(days=days), time(5, 30), ZoneInfo("UTC"))
        write_sync(warehouse, SCOPE, began, made.contents(share, with_bookings=days == 0))
    warehouse.close()


class Organisation:
    """Hold what there is to see of the organisation; the same one for the same numbers."""

    def __init__(self, rng: random.Random, people: int, today: date, bookings_a_week: float) -> None:
        self.rng, self.today, self.a_week = rng, today, bookings_a_week
        self.people = [self._person(number) for number in range(1, people + 1)]
        self.teams: dict[tuple[str, str], int] = {}
        for person in self.people:
            self.teams.setdefault((person["department"], person["region"]), 100 + len(self.teams))
        self.types = self._types()
        self.absences = self._absences()
        self.bookings, self.hosts, self.attendees = self._bookings()
        self.responses = self._responses()

    def _person(self, number: int) -> Row:
        rng = self.rng
        region = rng.choices(tuple(REGIONS), (50, 30, 20))[0]
        languages = {"English"} | set(rng.choices(LANGUAGES, (1, 20, 16, 14, 10, 8, 6, 0.2), k=1))
        return {
            "id": number,
            "name": f"{FIRST[number % len(FIRST)]} {LAST[number // len(FIRST) % len(LAST)]}",
            "region": region,
            "zone": rng.choice(REGIONS[region]),
            "department": rng.choices(DEPARTMENTS, WEIGHTS)[0],
            "languages": sorted(languages),
            "size": rng.choices(SIZES, (2, 20, 40, 30, 10, 0))[0],
            "host": rng.random() < HOSTS,
            "busy": rng.lognormvariate(0, 0.5),
        }

    def _types(self) -> list[Row]:
        return [
            {
                "id": 1000 + 10 * team + place,
                "title": title,
                "team_id": team,
                "length_in_minutes": 30 + 15 * place,
                "scheduling_type": "collective" if "Panel" in title else "roundRobin",
            }
            for (department, _), team in self.teams.items()
            for place, title in enumerate(TITLES[department])
        ]

    def _absences(self) -> list[Row]:
        rows = []
        for number in range(len(self.people) * 2):
            first = self.today + timedelta(days=int(self.rng.triangular(-60, 110, 38)))
            length = self.rng.choice((1, 1, 2, 3, 5, 5, 10, 12))
            rows.append(
                {
                    "id": number + 1,
                    "user_id": self.rng.choice(self.people)["id"],
                    "start_at": f"{first}T00:00:00.000Z",
                    "end_at": f"{first + timedelta(days=length - 1)}T23:59:59.999Z",
                    "to_user_id": self.rng.choice(self.people)["id"] if number % 3 == 0 else None,
                }
            )
        return rows

    def _bookings(self) -> tuple[list[Row], list[Row], list[Row]]:
        rng, of_team = self.rng, {}
        for one in self.types:
            of_team.setdefault(one["team_id"], []).append(one)
        monday = self.today - timedelta(days=self.today.weekday())
        bookings, hosts, attendees = [], [], []
        for person in (one for one in self.people if one["host"]):
            types = of_team[self.teams[person["department"], person["region"]]]
            for week in range(-WEEKS_BACK, WEEKS_AHEAD + 1):
                mean = self.a_week * person["busy"] * (0.5 ** max(week, 0)) * (1 + 0.012 * week)
                for _ in range(int(mean + rng.random())):
                    number = len(bookings) + 1
                    hour = rng.choices(range(8, 18), (2, 6, 9, 10, 7, 4, 8, 10, 7, 3))[0]
                    weekday = rng.choices(range(5), (8, 10, 11, 10, 6))[0]
                    day = monday + timedelta(weeks=week, days=weekday)
                    start = datetime.combine(day, time(hour, rng.choice((0, 30))), ZoneInfo(person["zone"]))
                    bookings.append(
                        self._booking(number, start.astimezone(ZoneInfo("UTC")), rng.choice(types))
                    )
                    hosts.append({"booking_id": number, "position": 0, "user_id": person["id"]})
                    attendees.append({"booking_id": number, "position": 0, "absent": rng.random() < 0.05})
        return bookings, hosts, attendees

    def _booking(self, number: int, start: datetime, kind: Row) -> Row:
        rng = self.rng
        lead = timedelta(hours=rng.choice((1, 5, 26, 50, 80, 120, 180, 260, 400, 700)))
        created = min(start - lead, datetime.combine(self.today, time(5), ZoneInfo("UTC")))
        status = rng.choices(("accepted", "cancelled", "pending", "rejected"), (86, 10, 2, 2))[0]
        return {
            "id": number,
            "uid": f"b{number}",
            "status": status,
            "start_at": start.isoformat().replace("+00:00", "Z"),
            "end_at": (start + timedelta(minutes=kind["length_in_minutes"]))
            .isoformat()
            .replace("+00:00", "Z"),
            "duration": kind["length_in_minutes"],
            "event_type_id": kind["id"] if rng.random() < 0.9 else 77,
            "absent_host": rng.random() < 0.012,
            "created_at": created.isoformat().replace("+00:00", "Z"),
            "rescheduled_to_uid": f"b{number + 1}" if rng.random() < 0.06 else None,
        }

    def _responses(self) -> list[Row]:
        chosen = self.rng.sample(self.bookings, len(self.bookings) // 8)
        return [
            {
                "id": number,
                "form_id": self.rng.choices(("f1", "f2"), (3, 1))[0],
                "created_at": one["created_at"],
                "routed_to_booking_uid": one["uid"] if self.rng.random() < 0.62 else None,
            }
            for number, one in enumerate(chosen, 1)
        ]

    def contents(self, share: float, with_bookings: bool) -> dict[str, list[Row]]:
        """Return the tables as the API would list them.

        :param share: of the people who were there.
        :param with_bookings: whether bookings are listed.
        """
        people = self.people[: max(1, int(len(self.people) * share))]
        there = {one["id"] for one in people}
        made = self._of_people(people) | self._attributes(people)
        made["ooo_entries"] = [one for one in self.absences if one["user_id"] in there]
        if with_bookings:
            made |= {
                "team_event_types": self.types,
                "bookings": self.bookings,
                "booking_hosts": self.hosts,
                "booking_attendees": self.attendees,
                "routing_forms": [
                    {"id": "f1", "name": "Talk to us"},
                    {"id": "f2", "name": "Partner enquiry"},
                ],
                "routing_form_responses": self.responses,
            }
        return made

    def _of_people(self, people: list[Row]) -> dict[str, list[Row]]:
        return {
            "users": [
                {
                    "id": one["id"],
                    "name": one["name"],
                    "email": f"u{one['id']}@lumen.example",
                    "time_zone": one["zone"],
                }
                for one in people
            ],
            "memberships": [
                {"id": one["id"], "user_id": one["id"], "accepted": True, "role": "MEMBER"} for one in people
            ],
            "teams": [
                {"id": team, "name": f"{name} {region}"} for (name, region), team in self.teams.items()
            ],
            "team_memberships": [
                {
                    "id": one["id"],
                    "team_id": self.teams[one["department"], one["region"]],
                    "user_id": one["id"],
                    "accepted": True,
                }
                for one in people
            ],
            "schedules": [
                {"id": one["id"], "owner_id": one["id"], "name": "Hours", "is_default": True}
                for one in people
            ],
            "schedule_availability": [
                {
                    "schedule_id": one["id"],
                    "position": 0,
                    "days": WORKWEEK,
                    "start_time": "09:00",
                    "end_time": "17:00",
                }
                for one in people
            ],
            "schedule_overrides": [],
        }

    def _attributes(self, people: list[Row]) -> dict[str, list[Row]]:
        values = {
            "department": ("Department", "SINGLE_SELECT", DEPARTMENTS),
            "region": ("Region", "SINGLE_SELECT", tuple(REGIONS)),
            "languages": ("Language", "MULTI_SELECT", LANGUAGES),
            "size": ("Shirt size", "SINGLE_SELECT", SIZES),
        }
        held = []
        for one in people:
            for slug in values:
                chosen = one[slug] if isinstance(one[slug], list) else [one[slug]]
                held += [
                    {"user_id": one["id"], "attribute_id": slug, "option_id": f"{slug}-{value}"}
                    for value in chosen
                ]
        return {
            "attributes": [
                {"id": slug, "slug": slug, "name": name, "type": kind, "enabled": True}
                for slug, (name, kind, _) in values.items()
            ],
            "attribute_options": [
                {"id": f"{slug}-{value}", "attribute_id": slug, "value": value}
                for slug, (_, _, options) in values.items()
                for value in options
            ],
            "attribute_assignments": held,
        }
