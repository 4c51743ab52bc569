"""Without people, no count below five can be read from the page, nor worked out from all that it shows of a day.

The reader who tries it knows that each person is in one team and has one value of each attribute, and takes sentences,
the calendar of absences and the coverage together. Both attributes are called the same.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from calcom_provider.reporting.building.build import Reports
from calcom_provider.reporting.page.collect import collect
from calcom_provider.reporting.page.render import render
from calcom_provider.warehouse import Warehouse
from tests.integration.reporting.loading import write_sync
from tests.integration.reporting.shown import Shown

ORGANIZATION = 9
TODAY = date(2027, 3, 1)
NOW = datetime.combine(TODAY, time(12), UTC)
DAYS = [TODAY + timedelta(days=step) for step in range(-28, 92)]
FEW, FEWER, WITHHELD = 5, -1, -2
TEAMS, DEPARTMENTS, DESKS = (4, 6, 7, 9, 12), (2, 5, 8, 23), (3, 7, 11, 17)
NAME = "Department"
#: Attribute -> the names of its values.
VALUES = {"dep": "WXYZ", "desk": "KLMN"}
MINIMUMS = {101: 5, 102: 3, 103: 7}
Row = dict[str, Any]


class People:
    """Hold an invented organisation: everybody in one team, one department and at one desk, and who is out when."""

    def __init__(self, seed: int) -> None:
        rng = random.Random(seed)
        self.users = list(range(1, sum(TEAMS) + 1))
        self.team = dict(zip(self.users, (100 + place for place in spread(TEAMS)), strict=True))
        places = spread(DEPARTMENTS)
        rng.shuffle(places)
        self.department = dict(zip(self.users, (f"dep-{place}" for place in places), strict=True))
        seats = spread(DESKS)
        rng.shuffle(seats)
        self.desk = dict(zip(self.users, (f"desk-{place}" for place in seats), strict=True))
        self.out: dict[date, set[int]] = {day: set() for day in DAYS}
        for day in DAYS[::3]:
            away = rng.sample(self.users, rng.choice((0, 2, 4, 5, 6, 8, 11, 16)))
            # Often a whole team, so that it is below its minimum and nobody is left of it.
            away += [user for user in self.users if self.team[user] == rng.choice((101, 102, 103, 104))]
            for step in range(3):
                self.out[day + timedelta(days=step)] = set(away[step:])

    def tables(self) -> dict[str, list[Row]]:
        spans = [(user, day) for day, users in self.out.items() for user in sorted(users)]
        return {
            "users": [{"id": user, "name": f"Quill {user}zz"} for user in self.users],
            "memberships": [{"id": user, "user_id": user, "accepted": True} for user in self.users],
            "teams": [{"id": 100 + place, "name": f"Team {'ABCDE'[place]}"} for place in range(len(TEAMS))],
            "team_memberships": [
                {"id": user, "team_id": team, "user_id": user, "accepted": True}
                for user, team in self.team.items()
            ],
            "attributes": [
                {"id": one, "name": NAME, "slug": one, "type": "SINGLE_SELECT", "enabled": True}
                for one in VALUES
            ],
            "attribute_options": [
                {"id": f"{one}-{place}", "attribute_id": one, "value": value}
                for one, values in VALUES.items()
                for place, value in enumerate(values)
            ],
            "attribute_assignments": [
                {"user_id": user, "attribute_id": one, "option_id": option}
                for one, held in (("dep", self.department), ("desk", self.desk))
                for user, option in held.items()
            ],
            "ooo_entries": [
                {"id": 1000 + place, "user_id": user}
                | {"start_at": f"{day}T00:00:00.000Z", "end_at": f"{day}T23:59:59.999Z"}
                for place, (user, day) in enumerate(spans)
            ],
        }

    def truth(self, day: date) -> dict[str, dict[str, int]]:
        """Give how many are out of each team, each department and each desk."""
        out = self.out[day]
        return {
            "teams": Counter(f"Team {'ABCDE'[self.team[user] - 100]}" for user in out),
            "dep": Counter(VALUES["dep"][int(self.department[user][-1])] for user in out),
            "desk": Counter(VALUES["desk"][int(self.desk[user][-1])] for user in out),
        }


def spread(sizes: Iterable[int]) -> list[int]:
    return [place for place, size in enumerate(sizes) for _ in range(size)]


@pytest.fixture(scope="module", params=range(4))
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[People, str]:
    """Return an organisation and its page; what is shown is decided after the database has answered."""
    url = f"sqlite:///{tmp_path_factory.mktemp('page') / 'warehouse.db'}"
    people = People(request.param)
    warehouse = Warehouse(url)
    write_sync(
        warehouse, {"organization_id": ORGANIZATION}, NOW - timedelta(days=40), people.tables(), history=False
    )
    warehouse.close()
    with Reports(url) as reports:
        reports.create(today=TODAY, days_back=200, days_ahead=120, minimums=MINIMUMS)
        reports.drop()
    return people, render(collect(url, now=NOW))


def way_of(name: str) -> str:
    return next((way for way, names in VALUES.items() if name in names), "teams")


def meant(number: int) -> range:
    """Give the counts that a reader may take what is shown for."""
    return (
        range(FEW) if number == FEWER else range(FEW, 40) if number == WITHHELD else range(number, number + 1)
    )


def sums(shown: Iterable[Iterable[int]]) -> set[int]:
    found = {0}
    for counts in shown:
        counts = list(counts)
        found = {one + more for one in found for more in counts}
    return found


class Day:
    """Hold what the page tells of a day.

    :ivar total: what may be the number of all who are out
    :ivar ways: teams, or an attribute -> group -> what its number may be
    """

    def __init__(self, page: Shown, place: int) -> None:
        found, data = page.facts("absences"), page.data
        self.total = meant(found["all"][place])
        self.shown = {
            "teams": {data["teams"][int(one)]: days[place] for one, days in found["teams"].items()},
        }
        values = {data["values"][int(one)][1]: days[place] for one, days in found["values"].items()}
        for way, names in VALUES.items():
            self.shown[way] = {name: number for name, number in values.items() if name in names}
        self.ways: dict[str, dict[str, set[int]]] = {
            way: {name: set(meant(number)) for name, number in groups.items()}
            for way, groups in self.shown.items()
        }
        for part, names in (
            ("team-coverage", data["teams"]),
            ("attribute-coverage", [value[1] for value in data["values"]]),
        ):
            days = page.facts(part)["days"]
            ways = {name: way_of(name) for name in names}
            if found["days"][place] in days:
                for one, cells in page.facts(part)["rows"]:
                    self._learn(ways[names[one]], names[one], cells[days.index(found["days"][place])])
            # Nothing is told about these, but they are there.
            for name, way in ways.items():
                self.ways[way].setdefault(name, set(range(40)))

    def _learn(self, way: str, name: str, cell: list[Any]) -> None:
        """Take from a cell of the coverage what it tells about who is out."""
        scheduled, out, alarm, minimum = cell
        groups, some = self.ways[way], set(meant(out))
        if scheduled >= 0:
            some = {one for one in some if one <= scheduled}
            if minimum is not None:
                some = {one for one in some if (scheduled - one < minimum) == bool(alarm)}
            elif way != "teams":
                some = {one for one in some if (scheduled == one) == bool(alarm)}
        groups[name] = groups.get(name, some) & some

    def told(self, way: str, name: str) -> set[int]:
        """Give the numbers that are possible for a group, all else that is told considered."""
        totals = set(self.total).intersection(*(sums(groups.values()) for groups in self.ways.values()))
        others = sums(counts for other, counts in self.ways[way].items() if other != name)
        return {one for one in self.ways[way][name] if any(whole - one in others for whole in totals)}


def test_no_count_below_five_is_told_or_can_be_worked_out(told: tuple[People, str]) -> None:
    people, page = told[0], Shown(told[1])
    days = [date.fromisoformat(day) for day in page.facts("absences")["days"]]
    assert days == DAYS
    small = 0
    for place, day in enumerate(days):
        seen, truth = Day(page, place), people.truth(day)
        for way, groups in seen.shown.items():
            for name, number in groups.items():
                assert number < 0 or number == truth[way][name] >= FEW
        assert set(seen.ways["teams"]) == {"Team A", "Team B", "Team C", "Team D", "Team E"}
        assert [set(seen.ways[way]) for way in VALUES] == [set(names) for names in VALUES.values()]
        for way, groups in seen.ways.items():
            for name in groups:
                known, real = seen.told(way, name), truth[way][name]
                assert real in known
                if real < FEW:
                    small += 1
                    assert len(known) > 2, (day, way, name, real, known, seen.shown, seen.ways)
                    if min(seen.total) >= FEW and max(seen.total) == min(seen.total):
                        assert known >= set(range(FEW)), (day, way, name, real, known, seen.shown)
    assert small > 200


def test_the_sentence_about_who_is_out_counts_by_team(told: tuple[People, str]) -> None:
    people, page = told[0], Shown(told[1])
    first, soon = people.out[TODAY], set().union(*(people.out[TODAY + timedelta(days=n)] for n in range(7)))
    number, rest = page.numbers["out"], page.said["out"]
    assert number in (f"{len(first)}" if len(first) >= FEW else "<5", "5+")
    days = [
        count
        for day, count in zip(page.facts("absences")["days"], page.facts("absences")["all"], strict=True)
        if TODAY <= date.fromisoformat(day) < TODAY + timedelta(days=7)
    ]
    written = rest.removeprefix("people are out today, and ").removesuffix(" on some day of the next 7.")
    if written != "5+":
        assert written == (f"{len(soon)}" if len(soon) >= FEW else "<5")
        # Those of the week who are not out on one of its days are five or more.
        assert all(len(soon) - count >= FEW for count in days if count >= 0)
    by_team = people.truth(TODAY)["teams"]
    lines = dict(line.split(": ") for line in page.details["out"])
    others = [value for name, value in lines.items() if name.startswith("each of ")]
    assert others in (["<5"], [])
    for name, value in lines.items():
        if not name.startswith("each of "):
            assert by_team[name] >= FEW
            assert value in (str(by_team[name]), "5+")
    left = 5 - len(lines) + len(others)
    assert not left or any(name.endswith(f"{left} team{'s' if left > 1 else ''}") for name in lines)


def test_nobody_is_named_in_the_data_or_the_text(told: tuple[People, str]) -> None:
    people, html = told
    assert "zz" not in json.dumps(Shown(html).data)
    assert not [user for user in people.users if f"Quill {user}zz" in html]
    assert "Counts only: nobody is named, and fewer than five people read “<5”." in html


def test_attributes_of_one_name_are_told_apart(told: tuple[People, str]) -> None:
    assert [value[:2] for value in Shown(told[1]).data["values"]] == [
        *([f"{NAME} (1)", value] for value in "WXYZ"),
        *([f"{NAME} (2)", value] for value in "KLMN"),
    ]


def test_the_load_of_few_hosts_is_not_told(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Compare hosts, not holders: of many who have a value, one alone may host anything."""
    people = People(1)
    # All are at one desk, so that an attribute of the same name leaves none of the hosts over.
    people.desk = dict.fromkeys(people.users, "desk-3")
    url = f"sqlite:///{tmp_path_factory.mktemp('load') / 'warehouse.db'}"
    hosts = [user for user in people.users if people.department[user] == "dep-3"][:9]
    hosts += [user for user in people.users if people.department[user] == "dep-2"][:1]
    tables: Mapping[str, list[Row]] = {
        **people.tables(),
        "bookings": [
            {"id": user, "uid": f"b{user}", "start_at": "2027-02-25T09:00:00.000Z", "status": "accepted"}
            | {"duration": 30, "created_at": "2027-02-20T09:00:00.000Z"}
            for user in hosts
        ],
        "booking_hosts": [{"booking_id": user, "position": 0, "user_id": user} for user in hosts],
        "schedules": [{"id": user, "owner_id": user, "is_default": True} for user in people.users],
        "schedule_availability": [
            {"schedule_id": user, "position": 0, "days": ["Monday", "Thursday"]}
            | {"start_time": "09:00", "end_time": "17:00"}
            for user in people.users
        ],
        "schedule_overrides": [],
    }
    warehouse = Warehouse(url)
    write_sync(warehouse, {"organization_id": ORGANIZATION}, NOW - timedelta(days=1), tables, history=False)
    warehouse.close()
    with Reports(url) as reports:
        reports.create(today=TODAY, days_back=200, days_ahead=120)
        reports.drop()
    page, exact = (Shown(render(collect(url, now=NOW, show_people=shown))) for shown in (False, True))
    names = [value[1] for value in page.data["values"]]
    offered = {value[1] for value in page.data["values"] if value[2]}
    assert {"Y", "Z"} <= offered

    def shown(page: Shown) -> set[str]:
        return {names[int(place)] for place in page.facts("load")["values"]}

    assert shown(exact) == {"Y", "Z", "N"}
    # The one host of Y would be what is left when Z is taken from all.
    assert shown(page) == {"N"}
