"""Each number of the page is what plain SQL makes of the tables of a generated organisation, on every database."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from calcom_provider.reporting.building.build import Reports
from calcom_provider.reporting.page.collect import collect
from calcom_provider.reporting.page.render import render
from tests.integration.reporting.loading import load
from tests.integration.reporting.page_sql.ask import Truth, connected, day_of, number, run_file
from tests.integration.reporting.shown import Shown
from tests.integration.reporting.world import TODAY, make_world
from tests.plugins.servers import WAREHOUSES, warehouse

NOW = datetime.combine(TODAY, time(12), UTC)
FEW, FEWER = 5, -1
Key = tuple[Any, ...]


class Both:
    """Hold the page without people and with them, and what the SQL says.

    :ivar kinds: place of an event type -> its id
    :ivar options: place of a value -> its option
    :ivar offered: options that can be chosen without people
    """

    def __init__(self, page: Shown, people: Shown, truth: Truth) -> None:
        self.page, self.people, self.truth = page, people, truth
        data = people.data
        self.mondays = [number(date.fromisoformat(week)) for week in data["weeks"]]
        self.teams: list[str] = data["teams"]
        ids = {(title, team): kind for kind, title, team in truth["kinds"]}
        named = [(name, self.teams[team] if team >= 0 else None) for name, team in data["types"][1:]]
        self.kinds = [0, *(ids[one] for one in named)]
        of_value = {(attribute, value): option for option, attribute, value, _ in truth["options"]}
        self.options = [of_value[attribute, value] for attribute, value, _ in data["values"]]
        self.offered = {
            option for option, value in zip(self.options, self.page.data["values"], strict=True) if value[2]
        }

    def members(self, way: str) -> list[Any]:
        """Give what the places of a way to tell numbers apart stand for, as the SQL has it."""
        return {"types": [str(kind) for kind in self.kinds], "values": self.options, "teams": self.teams}[way]


@pytest.fixture(
    scope="module",
    # Each of the pages is made by one process, which asks everything of it.
    params=[
        pytest.param(one.values[0], marks=[*one.marks, pytest.mark.xdist_group(f"page_{one.values[0]}")])
        for one in (pytest.param(one) if isinstance(one, str) else one for one in WAREHOUSES)
    ],
)
def warehouse_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give a warehouse of each kind with the organisation, the calendar and two minimums."""
    with warehouse(request.param, tmp_path_factory.mktemp("page")) as url:
        load(url, make_world())
        if "+file://" not in url:
            run_file(url, "operator_world")
        with Reports(url) as reports:
            reports.create(today=TODAY, days_back=200, days_ahead=120, minimums={81: 8, 82: 1})
        yield url


@pytest.fixture(scope="module")
def told(warehouse_url: str) -> Iterator[Both]:
    page, people = (
        Shown(render(collect(warehouse_url, now=NOW, show_people=shown))) for shown in (False, True)
    )
    clock = int(datetime.now(UTC).timestamp())
    with connected(warehouse_url) as (run, kind):
        yield Both(page, people, Truth(run, kind, {"now": int(NOW.timestamp()), "clock": clock}))


def allowed(shown: int, truth: int) -> bool:
    """Tell whether a number is the true one, "<5" where it is, or withheld where it is not."""
    return shown == truth >= FEW if shown >= 0 else (truth < FEW) is (shown == FEWER)


def minute(seconds: float | None) -> str:
    return "" if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"


def test_everything_is_named(told: Both) -> None:
    data = told.page.data
    assert data["weeks"][data["now"]] == "2027-03-22"
    assert [told.mondays[0], told.mondays[-1]] == [number(date(2026, 9, 28)), number(date(2027, 4, 19))]
    assert sorted(told.teams) == sorted(name for (name,) in told.truth["teams"])
    assert sorted(told.kinds[1:]) == sorted(kind for kind, *_ in told.truth["kinds"])
    assert sorted(told.options) == sorted(option for option, *_ in told.truth["options"])
    assert len(told.offered) < len(told.options)
    assert all(value[2] for value in told.people.data["values"])


def test_what_can_be_chosen_leaves_nobody_alone(told: Both) -> None:
    holders = {option: held for option, _, _, held in told.truth["options"]}
    assert told.offered
    assert min(holders[option] for option in told.offered) >= FEW
    attributes = {option: attribute for option, attribute, *_ in told.truth["options"]}
    for one in {attributes[option] for option in told.offered}:
        listed = ", ".join(f"'{option}'" for option in sorted(told.offered) if attributes[option] == one)
        ((left,),) = told.truth.ask(
            "SELECT COUNT(*) FROM truth_now WHERE user_id NOT IN"
            f" (SELECT user_id FROM truth_holder WHERE option_id IN ({listed}))"
        )
        assert left == 0 or left >= FEW, one


@pytest.mark.parametrize("way", ["types", "values"])
def test_bookings(told: Both, way: str) -> None:
    members = told.members(way)
    for page, chosen in ((told.people, set(members)), (told.page, set(members))):
        if way == "values" and page is told.page:
            chosen = told.offered
        found = page.facts("bookings")[way]
        measures = {(members[place], told.mondays[week]): of for week, place, *of in found["measures"]}
        wanted = {
            (member, monday): of
            for one, member, monday, *of in told.truth["measures"]
            if one == way and member in chosen
        }
        assert measures == wanted
        assert sum(of[0] for of in measures.values()) > 100
        leads = {
            (members[place], told.mondays[week], page.data["leads"][lead]): count
            for week, place, lead, count in found["leads"]
        }
        assert leads == {
            tuple(key): count for one, *key, count in told.truth["leads"] if one == way and key[0] in chosen
        }
        hours = {
            (members[place], page.data["periods"][period], slot): count
            for period, place, slot, count in found["hours"]
        }
        assert hours == {
            tuple(key): count for one, *key, count in told.truth["hours"] if one == way and key[0] in chosen
        }


def test_load(told: Both) -> None:
    wanted: dict[Key, dict[int, list[Any]]] = {}
    for way, member, monday, *of in told.truth["load"]:
        wanted.setdefault((way, member), {})[monday] = of
    assert set(wanted) > {("teams", "Team 81"), ("values", "op-nor")}

    def by_group(page: Shown) -> dict[Key, dict[int, list[Any]]]:
        found = page.facts("load")
        shown = {("all", ""): found["all"]}
        for way in ("teams", "values"):
            shown |= {(way, told.members(way)[int(place)]): of for place, of in found[way].items()}
        return {key: dict(zip(told.mondays, of, strict=True)) for key, of in shown.items()}

    assert by_group(told.people) == wanted
    hosts = Counter(
        (way, member)
        for way, member in told.truth.ask(
            "SELECT g.way, g.member FROM truth_group g JOIN (SELECT DISTINCT user_id FROM truth_load) l"
            " ON l.user_id = g.user_id"
        )
    )
    shown = by_group(told.page)
    assert shown == {key: wanted[key] for key in shown}
    assert min(hosts[key] for key in shown) >= FEW
    assert ("all", "") in shown
    assert [
        [
            f"User {user}",
            bookings,
            round(booked / 60, 1),
            (2000 * booked + bookable) // (2 * bookable) / 10 if bookable else "",
        ]
        for user, bookings, booked, bookable in told.truth["busiest"]
    ] == told.people.tables["load"]
    assert "load" not in told.page.tables


PERIODS = (4, 13, 26)
#: Where a class of lead times ends, in minutes.
LATER = (120, 1440, 2 * 1440, 3 * 1440, 7 * 1440, 14 * 1440, 21 * 1440, 28 * 1440)


def figures(told: Both, page: Shown, part: str) -> dict[Key, Any]:
    """Give the figures of a part by what is chosen, the weeks of the period, and whether it is the one before."""
    found = page.facts(part)["figures"]
    shown = {("all", ""): found["all"]}
    for way in ("teams", "types", "values"):
        shown |= {(way, told.members(way)[int(place)]): of for place, of in found.get(way, {}).items()}
    assert {weeks: both[1] for of in shown.values() for weeks, both in zip(PERIODS, of, strict=True)}[
        26
    ] is None
    return {
        (*key, weeks, back): of
        for key, periods in shown.items()
        for weeks, both in zip(PERIODS, periods, strict=True)
        for back, of in enumerate(both)
        if (weeks, back) != (26, 1)
    }


def test_figures_of_bookings(told: Both) -> None:
    wanted = {tuple(row[:4]): [*row[4:]] for row in told.truth["figures"]}
    median = {tuple(key): bisect_right(LATER, lead) for *key, lead in told.truth["median lead"]}
    assert {way for way, *_ in median} == {"all", "teams", "types", "values"}
    assert len({*median.values()}) > 3
    spans = {key[2:] for key in wanted}
    assert spans == {(4, 0), (4, 1), (13, 0), (13, 1), (26, 0)}
    for page in (told.people, told.page):
        shown = figures(told, page, "bookings")
        values = {*told.options} if page is told.people else told.offered
        seen = {key[:2] for key in wanted if key[0] != "values" or key[1] in values}
        assert {key[:2] for key in shown} == seen | {("teams", team) for team in told.teams} | {
            ("values", value) for value in values
        }
        for key, of in shown.items():
            assert of == [*wanted.get(key, [0, None, None]), median.get(key)], key


def test_utilisation(told: Both) -> None:
    wanted = {tuple(key): used for *key, used in told.truth["utilisation"]}
    assert {way for way, *_ in wanted} == {"all", "teams", "values"}
    exact = figures(told, told.people, "load")
    assert exact == wanted
    assert len({*exact.values()}) > 10
    hidden = figures(told, told.page, "load")
    assert hidden == {key: wanted[key] for key in hidden}
    assert {(way, place) for way in ("teams", "values") for place in told.page.facts("load")[way]} == {
        (way, place)
        for way in ("teams", "values")
        for place in told.page.facts("load")["figures"].get(way, {})
    }


def test_fairness(told: Both) -> None:
    wanted = {(weeks, kind): of for weeks, kind, *of in told.truth["fairness"]}

    def by_kind(page: Shown) -> dict[Key, Any]:
        rows = page.facts("fairness")["rows"]
        return {(page.data["periods"][period], told.kinds[place]): of for period, place, *of in rows}

    shown = by_kind(told.people)
    assert set(shown) == set(wanted)
    assert len(shown) > 6
    for key, of in wanted.items():
        assert shown[key][:5] == of[:5]
        assert shown[key][5] == pytest.approx(of[5], abs=0.0006)
    for key, of in by_kind(told.page).items():
        assert of == (
            shown[key] if wanted[key][0] >= FEW else [FEWER, wanted[key][1], None, None, None, None]
        )


def test_routing(told: Both) -> None:
    for page in (told.page, told.people):
        found = page.facts("routing")
        assert {
            (told.mondays[week], found["forms"][form], OUTCOMES[outcome]): count
            for week, form, outcome, count in found["rows"]
        } == {(monday, form, outcome): count for monday, form, outcome, count in told.truth["routing"]}


#: As the script reads them by their places.
OUTCOMES = (
    "no_booking",
    "booking_not_synced",
    "rescheduled",
    "cancelled",
    "rejected",
    "pending",
    "no_show_host",
    "no_show_guest",
    "upcoming",
    "held",
)


def test_growth(told: Both) -> None:
    wanted = {(way, member, day): count for way, member, day, count in told.truth["growth"]}
    exact, hidden = told.people.facts("growth"), told.page.facts("growth")
    days = [number(date.fromisoformat(day)) for day in exact["weeks"]]
    # History begins within the weeks that are shown.
    assert [days[0], days[-1]] == [number(date(2026, 10, 25)), number(TODAY)]
    assert exact["all"] == [wanted["all", "", day] for day in days]
    assert len({*exact["all"]}) > 2
    for place, option in enumerate(told.options):
        counts = [wanted.get(("values", option, day), 0) for day in days]
        assert exact["values"][str(place)] == counts
        assert all(map(allowed, hidden["values"][str(place)], counts))
    assert all(map(allowed, hidden["all"], exact["all"]))


def test_absences(told: Both) -> None:
    wanted = {(way, member, day): count for way, member, day, count in told.truth["absences"]}
    exact, hidden = told.people.facts("absences"), told.page.facts("absences")
    days = [number(date.fromisoformat(day)) for day in exact["days"]]
    assert [days[0], days[-1]] == [number(date(2027, 2, 27)), number(date(2027, 6, 26))]
    assert exact["all"] == [wanted.get(("all", "", day), 0) for day in days]
    assert max(exact["all"]) > FEW
    assert all(map(allowed, hidden["all"], exact["all"]))
    for way in ("teams", "values"):
        for place, member in enumerate(told.members(way)):
            counts = [wanted.get((way, member, day), 0) for day in days]
            assert exact[way][str(place)] == counts
            if str(place) in hidden[way]:
                assert all(map(allowed, hidden[way][str(place)], counts))
    assert {told.options[int(place)] for place in hidden["values"]} == told.offered


@pytest.mark.parametrize(("part", "way"), [("team-coverage", "teams"), ("attribute-coverage", "values")])
def test_coverage(told: Both, part: str, way: str) -> None:
    days = [number(TODAY) + step for step in range(28)]
    wanted: dict[Key, list[Any]] = {}
    if way == "teams":
        for team, day, scheduled, away, minimum, alarm in told.truth["team coverage"]:
            wanted[team, day] = [scheduled, away, alarm, minimum]
    else:
        for option, day, scheduled, away, alarm in told.truth["attribute coverage"]:
            wanted[option, day] = [scheduled, away, alarm, None]
    members, exact, hidden = told.members(way), told.people.facts(part), told.page.facts(part)
    for page in (exact, hidden):
        assert [number(date.fromisoformat(day)) for day in page["days"]] == days
    assert {members[place] for place, _ in exact["rows"]} == {member for member, _ in wanted}
    assert any(of[2] for of in wanted.values())
    for place, cells in exact["rows"]:
        least = {of[3] for (member, _), of in wanted.items() if member == members[place]}.pop()
        assert cells == [wanted.get((members[place], day), [0, 0, 0, least]) for day in days]
    shown = {members[place]: cells for place, cells in hidden["rows"]}
    assert shown
    for member, cells in shown.items():
        for day, (scheduled, away, alarm, _) in zip(days, cells, strict=True):
            due, gone, bad, _ = wanted.get((member, day), [0, 0, 0, None])
            assert (allowed(scheduled, due), alarm) == (True, bad)
            assert allowed(away, gone) if scheduled >= 0 else away < 0
    if way == "values":
        named = {option: f"{attribute}: {value}" for option, attribute, value, _ in told.truth["options"]}
        (note,) = [one for one in told.page.notes[part] if one.startswith("Nobody holds ")]
        assert all(named[option] in note for (option,) in told.truth["unheld"])


def test_conflicts(told: Both) -> None:
    kinds = {kind: f"{title} ({team})" for kind, title, team in told.truth["kinds"]}
    label = "Personal and unlisted event types"
    rows = [
        (day, minutes, kinds.get(kind, label), *more) for day, minutes, kind, *more in told.truth["conflicts"]
    ]
    assert len(rows) > 5

    def person(user: int | None) -> str:
        return "" if user is None else f"User {user}"

    assert sorted(
        [f"{day_of(day)}", f"{minutes // 60:02}:{minutes % 60:02}", kind, person(host), person(cover), uid]
        for day, minutes, kind, host, cover, uid in rows
    ) == sorted(told.people.tables["conflicts"])
    by_day = Counter(
        (f"{day_of(day)}", kind) for day, kind, _ in {(day, kind, uid) for day, _, kind, *_, uid in rows}
    )
    assert told.page.tables["conflicts"] == [[*key, count] for key, count in sorted(by_day.items())]
    soon = {(kind, uid) for day, _, kind, *_, uid in rows if day < number(TODAY) + 7}
    of_kind = sorted(Counter(kind for kind, _ in soon).items(), key=lambda one: (-one[1], one[0]))
    for page in (told.page, told.people):
        assert page.numbers["conflicts"] == str(len(soon))
        assert page.details["conflicts"][:5] == [f"{kind}: {count}" for kind, count in of_kind][:5]


def test_who_is_out(told: Both) -> None:
    ((today,),) = told.truth.ask("SELECT COUNT(*) FROM truth_out WHERE day = on(2027-03-27)")
    ((soon,),) = told.truth["out of the week"]
    assert told.people.numbers["out"] == str(today)
    assert f" and {soon} on some day of the next 7." in told.people.said["out"]
    lines = [
        f"User {user}: {spoken(first)}" + (f" to {spoken(last)}" if last > first else "")
        for first, last, user in sorted(
            (first, last, user) for user, first, last in told.truth["out by name"]
        )
    ]
    assert told.people.details["out"] == [*lines[:5], f"and {len(lines) - 5} more people"]


def spoken(day: int) -> str:
    one = day_of(day)
    return f"{('Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun')[one.weekday()]} {one.day} {one:%b}"


def test_teams_below_their_minimum_and_values_that_nobody_covers(told: Both) -> None:
    last = number(TODAY) + 6
    below = {team for team, day, *_, alarm in told.truth["team coverage"] if alarm and day <= last}
    nobody = {option for option, day, *_, alarm in told.truth["attribute coverage"] if alarm and day <= last}
    assert below
    assert nobody
    for page in (told.page, told.people):
        assert page.numbers["below"] == str(len(below))
        assert page.numbers["uncovered"] == str(len(nobody))
        (line,) = [one for one in page.details["below"] if one.startswith("Team 81 (at least 8): ")]
        assert line.partition(": ")[2].split(", ") == [
            spoken(day)
            for team, day, *_, alarm in sorted(told.truth["team coverage"])
            if team == "Team 81" and alarm and day <= last
        ]


def test_freshness(told: Both) -> None:
    now = NOW.timestamp()
    wanted = sorted(
        [table, resource, minute(read), "" if read is None else round((now - read // 60 * 60) / 3600, 1)]
        + ["" if rows is None else rows, failed, scope]
        for scope, resource, table, read, _, failed, rows in told.truth["reads"]
    )
    failing = [
        table for _, _, table, read, tried, failed, _ in told.truth["reads"] if failed and tried > (read or 0)
    ]
    stale = [read for *_, read, tried, _, _ in told.truth["reads"] if read and now - read > 36 * 3600]
    for page in (told.page, told.people):
        assert sorted(page.tables["freshness"]) == wanted
        if failing:
            assert page.numbers["syncs"] == str(len(failing))
            more = len(stale) - len({"webhooks"} & {*failing})
            assert page.said["syncs"].endswith(
                f", and {more} more not for 36 hours." if more else "newest sync."
            )


def test_budget(told: Both) -> None:
    rows = [[f"{day_of(day)}", *of] for day, *of in told.truth["budget"]]
    wanted = [[day, *(0 if of is None else of for of in more)] for day, *more in rows]
    assert len(wanted) > 3
    for page in (told.page, told.people):
        assert page.tables["sync-health"] == [[*row[:3], round(row[3], 1), *row[4:]] for row in wanted]
        if any(row[1] for row in wanted):
            assert page.facts("sync-health")["rows"] == page.tables["sync-health"][::-1]


def test_runs_over_many_organisations_and_events(told: Both) -> None:
    fleet = [
        [minute(began), *of[:-2], *("" if age is None else round(age, 1) for age in of[-2:])]
        for began, *of in told.truth["fleet"]
    ]
    missed = {day: (rows, round(late, 1)) for day, rows, late in told.truth["missed"]}
    merged = {day: (*of[:-1], round(of[-1], 1)) for day, *of in told.truth["events"]}
    for page in (told.page, told.people):
        assert page.tables.get("fleet-runs", []) == fleet
        if fleet:
            drawn = [["" if one is None else one for one in row] for row in page.facts("fleet-runs")["rows"]]
            assert drawn == fleet[::-1]
        assert page.tables.get("events", []) == [
            [f"{day_of(day)}", *missed.get(day, ("", "")), *merged.get(day, ("",) * 4)]
            for day in sorted({*missed, *merged}, reverse=True)
        ]


def test_write_backs(told: Both) -> None:
    plans = {row[0]: row for row in told.truth["plans"]}
    assert [[row[1], minute(plans[row[1]][4]), *row[6:]] for row in told.page.tables["write-back"]] == [
        [plan, minute(made), writes, done, failed]
        for plan, _, _, _, made, writes, done, failed in told.truth["plans"]
    ]
    for row in told.page.tables["write-back"]:
        assert row[2:5] == list(plans[row[1]][1:4])
    assert [[row[1], row[0], *row[6:11]] for row in told.people.tables["write-back"]] == [
        [
            plan,
            minute(made),
            action or "",
            why or "",
            status or "",
            "" if user is None else str(user),
            code or "",
        ]
        for plan, made, action, why, status, user, code in told.truth["writes"]
    ]
    stopped = [
        [namespace, kind, plan, minute(began), minute(ended) or "lasts", how or ""]
        for namespace, kind, plan, began, ended, how in told.truth["quarantines"]
    ]
    for page in (told.page, told.people):
        assert [[*row[:3], *row[4:]] for row in page.tables.get("quarantines", [])] == stopped
        assert page.numbers["stopped"] == str(sum(row[4] == "lasts" for row in stopped))
