"""The report in a real browser: no console error, by keyboard, dark, on a phone, and safe with hostile names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.reporting.building.build import Reports
from calcom_provider.reporting.page.bookings import LEADS, PERIODS
from calcom_provider.reporting.page.collect import collect
from calcom_provider.reporting.page.data import Page
from calcom_provider.reporting.page.render import render
from calcom_provider.reporting.page.routing import OUTCOMES
from tests.integration.reporting.loading import make_file
from tests.system.looking import contrasts, looking_at, open_all, picture, tabbed
from tests.system.organisation import write_organisation

pytestmark = [pytest.mark.ui, pytest.mark.timeout(600)]

TODAY = date(2026, 11, 24)
NOW = datetime.combine(TODAY, time(9), UTC)
PARTS = (
    "bookings",
    "outcomes",
    "lead-time",
    "hours",
    "load",
    "routing",
    "growth",
    "fairness",
    "absences",
    "team-coverage",
)
#: A file of 2,000 people stays below this.
MOST = 3_000_000


def read(folder: Path, people: int, **more: Any) -> Page:
    """Make up an organisation and read its page."""
    url = f"duckdb:///{folder / 'warehouse.duckdb'}"
    make_file(url)
    write_organisation(url, people, TODAY)
    with Reports(url) as reports:
        reports.create(today=TODAY, minimums={100: round(people * 0.13), 101: 1})
    return collect(url, now=NOW, **more)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Page]:
    """Return the report of 200 people, and what it was made of."""
    folder = tmp_path_factory.mktemp("small")
    page = read(folder, 200)
    return written(folder, page), page


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("large")
    return written(folder, read(folder, 2_000))


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("empty")
    url = f"duckdb:///{folder / 'warehouse.duckdb'}"
    make_file(url)
    return written(folder, collect(url, now=NOW))


def written(folder: Path, page: Page) -> Path:
    file = folder / "report.html"
    file.write_text(render(page), encoding="utf-8")
    return file


@pytest.fixture
def opened(browser: Any, small: tuple[Path, Page], request: pytest.FixtureRequest) -> Iterator[Any]:
    with looking_at(browser, small[0], **getattr(request, "param", {})) as page:
        yield page


def figure(page: Any, name: str) -> str:
    return str(page.locator("#figures li", has_text=name).locator("strong").inner_text())


def table(page: Any, key: str) -> list[list[str]]:
    return page.evaluate(
        "key => [...document.querySelectorAll(`#${key} .made tbody tr`)]"
        ".map((row) => [...row.children].map((cell) => cell.textContent))",
        key,
    )


def facts(page: Page, key: str) -> Any:
    return next(panel.facts for panel in page.panels if panel.key == key)


def percent(part: int, whole: int) -> str:
    """Give what a table shows of a share."""
    return f"{(2000 * part + whole) // (2 * whole) / 10:g}" if whole else ""


def check_figures(opened: Any, chosen: list[Any], used: list[Any] | None) -> None:
    """Compare the line of figures with those that were worked out when the page was made."""
    period = int(opened.locator("#by-period").input_value())
    words = [
        lambda one: f"{one:,}",
        lambda one: f"{one:.1f} %",
        lambda one: f"{one:.1f} %",
        lambda one: LEADS[one][1],
    ]
    told = [
        *zip(
            ("Bookings", "Cancellation rate", "No-show rate of guests", "Median lead time"),
            words,
            strict=True,
        ),
        ("Utilisation", words[1]),
    ]
    now, then = ([None] * 4 if one is None else one for one in chosen[period])
    both = [*zip(now, then, strict=True), used[period] if used else (None, None)]
    for (name, word), (new, old) in zip(told, both, strict=True):
        one = opened.locator("#figures li", has_text=name)
        assert one.locator("strong").inner_text() == ("–" if new is None else word(new))
        before = "" if old is None else f"{word(old)} in the {PERIODS[period]} weeks before"
        assert one.locator("small").inner_text() == before


def in_weeks(page: Page, weeks: int) -> range:
    return range(page.dimensions.now - weeks + 1, page.dimensions.now + 1)


def check_routing(opened: Any, found: Any, weeks: range) -> None:
    """Compare the table of routing forms with the answers of some weeks."""
    rows = []
    for place, name in enumerate(found["forms"]):
        of = Counter({})
        for week, form, outcome, number in found["rows"]:
            if week in weeks and form == place:
                of[OUTCOMES[outcome]] += number
        booked = of.total() - of["no_booking"]
        absent = of["no_show_host"] + of["no_show_guest"]
        numbers = [of.total(), booked, of["held"], of["upcoming"], absent]
        numbers += [of["cancelled"] + of["rejected"], of["rescheduled"]]
        if of.total():
            rows.append([name, *(f"{number:,}" for number in numbers), percent(booked, of.total())])
    assert rows
    assert table(opened, "routing") == rows


def test_it_is_drawn_without_a_complaint_or_a_request(opened: Any) -> None:
    assert [one.get_attribute("data-panel") for one in opened.locator(".chart").all()][:10] == list(PARTS)
    assert opened.locator(".chart:not([hidden]) canvas").count() >= len(PARTS)
    for one in opened.locator(".chart:not([hidden])").all():
        one.hover()
    open_all(opened)
    opened.get_by_role("button", name="Dark mode").click()
    assert opened.complaints == []
    assert [url for url in opened.asked if not url.startswith("data:")] == [opened.url]


def test_the_filter_of_periods_adds_up_the_weeks(opened: Any, small: tuple[Path, Page]) -> None:
    measures = facts(small[1], "bookings")["types"]["measures"]
    for place, weeks in enumerate((4, 13, 26)):
        opened.locator("#by-period").select_option(str(place))
        chosen = [row for row in measures if row[0] in in_weeks(small[1], weeks)]
        accepted, cancelled = sum(row[2] for row in chosen), sum(row[3] for row in chosen)
        assert figure(opened, "Bookings") == f"{accepted:,}"
        assert figure(opened, "Cancellation rate") == f"{100 * cancelled / (accepted + cancelled):.1f} %"
        over, away = sum(row[7] for row in chosen), sum(row[8] for row in chosen)
        assert figure(opened, "No-show rate") == f"{100 * away / over:.1f} %"
        check_figures(
            opened, facts(small[1], "bookings")["figures"]["all"], facts(small[1], "load")["figures"]["all"]
        )
        by_week = [
            [sum(row[2 + place] for row in chosen if row[0] == week) for place in range(8)]
            for week in in_weeks(small[1], weeks)
        ]
        assert [row[1:] for row in table(opened, "outcomes")] == [
            [f"{number:,}" for number in numbers]
            + [
                percent(numbers[1], numbers[0] + numbers[1]),
                percent(numbers[2], sum(numbers[:3])),
                percent(numbers[6], numbers[5]),
                percent(numbers[7], numbers[5]),
            ]
            for numbers in by_week
        ]
        load = facts(small[1], "load")["all"]
        assert [row[3] for row in table(opened, "load")] == [
            f"{load[week][2]:g}" for week in in_weeks(small[1], weeks)
        ]
        check_routing(opened, facts(small[1], "routing"), in_weeks(small[1], weeks))
        assert len(table(opened, "bookings")) == weeks + 4
        assert opened.locator("#chosen").inner_text() == f"Shown: last {weeks} weeks."
    assert opened.complaints == []


def test_the_filters_of_team_and_event_type_take_their_bookings(
    opened: Any, small: tuple[Path, Page]
) -> None:
    dims, found = small[1].dimensions, facts(small[1], "bookings")["types"]
    opened.locator("#by-team").select_option("1")
    own = {place for place, one in enumerate(dims.types) if one.team == 1}
    weeks = in_weeks(small[1], 13)
    taken = sum(row[2] for row in found["measures"] if row[0] in weeks and row[1] in own)
    assert taken > 0
    assert figure(opened, "Bookings") == f"{taken:,}"
    offered = opened.locator("#by-type option").evaluate_all("all => all.map((one) => Number(one.value))")
    assert set(offered) <= own | {-1}
    assert [row[1] for row in table(opened, "absences")] == [
        "<5" if number < 0 else f"{number:,}" for number in facts(small[1], "absences")["teams"][1]
    ]
    figures = facts(small[1], "bookings")["figures"]
    used = facts(small[1], "load")["figures"]["teams"].get(1)
    check_figures(opened, figures["teams"][1], used)
    kind = offered[1]
    opened.locator("#by-type").select_option(str(kind))
    leads: Counter[int] = Counter()
    for week, place, lead, number in found["leads"]:
        if week in weeks and place == kind:
            leads[lead] += number
    assert [row[1:] for row in table(opened, "lead-time")] == [
        [f"{leads[place]:,}", percent(leads[place], leads.total())] for place in range(9)
    ]
    check_figures(opened, figures["types"][kind], used)
    assert "Not told apart by" in opened.locator("#growth .hint").inner_text()
    opened.get_by_role("button", name="Reset").click()
    assert opened.locator("#chosen").inner_text() == "Shown: last 13 weeks."
    assert opened.complaints == []


def test_a_value_of_an_attribute_is_not_combined_with_teams(opened: Any, small: tuple[Path, Page]) -> None:
    dims, found = small[1].dimensions, facts(small[1], "bookings")["values"]
    opened.locator("#by-team").select_option("1")
    offered = [place for place, value in enumerate(dims.values) if value.offered]
    assert 0 < len(offered) < len(dims.values)
    shown = opened.locator("#by-value option").evaluate_all("all => all.map((one) => Number(one.value))")
    assert shown == [-1, *offered]
    opened.locator("#by-value").select_option(str(offered[0]))
    assert opened.locator("#by-team").input_value() == "-1"
    weeks = in_weeks(small[1], 13)
    taken = sum(row[2] for row in found["measures"] if row[0] in weeks and row[1] == offered[0])
    assert figure(opened, "Bookings") == f"{taken:,}"
    load = facts(small[1], "load")["figures"]["values"]
    check_figures(opened, facts(small[1], "bookings")["figures"]["values"][offered[0]], load.get(offered[0]))
    assert "not combined with teams" in opened.locator("#chosen").inner_text()
    slots = [0] * 168
    for band, place, slot, number in found["hours"]:
        slots[slot] += number if band <= 1 and place == offered[0] else 0
    assert [[int(cell.replace(",", "")) for cell in row[1:]] for row in table(opened, "hours")] == [
        [slots[24 * day + hour] for day in range(7)] for hour in range(24)
    ]


def test_it_is_used_by_keyboard(opened: Any) -> None:
    opened.keyboard.press("Tab")
    assert opened.evaluate("document.activeElement.textContent") == "Skip to the content"
    opened.keyboard.press("Tab")
    assert opened.evaluate("document.activeElement.id") == "theme"
    while opened.evaluate("document.activeElement.id") != "by-period":
        opened.keyboard.press("Tab")
    before = figure(opened, "Bookings")
    opened.keyboard.press("ArrowUp")
    opened.keyboard.press("Enter")
    opened.locator("#chosen", has_text="last 4 weeks").wait_for()
    assert figure(opened, "Bookings") != before
    opened.locator("#bookings .made summary").focus()
    opened.keyboard.press("Enter")
    opened.locator("#bookings .made table").wait_for(state="visible")


def test_tab_reaches_every_control_in_reading_order_and_shows_where_it_is(opened: Any) -> None:
    # Not by the mouse: browsers show the focus to those who use the keyboard.
    opened.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    order = tabbed(opened)
    assert len(order) > 30
    assert [one["number"] for one in order] == list(range(len(order)))
    assert {(one["outline"], one["width"]) for one in order} == {("solid", "3px")}
    assert all(one["in_sight"] for one in order)


def test_sentences_lead_to_their_tables(opened: Any) -> None:
    links = opened.locator(".decisions .to").all()
    assert len(links) == 5
    for link in links:
        key = str(link.get_attribute("href"))
        link.press("Enter")
        assert opened.evaluate("location.hash") == key
        assert opened.locator(f"{key} h3").is_visible()


def test_dark_mode_is_switched_on_and_off(opened: Any) -> None:
    before = opened.evaluate("getComputedStyle(document.body).backgroundColor")
    button = opened.get_by_role("button", name="Dark mode")
    button.press("Enter")
    assert opened.evaluate("getComputedStyle(document.body).backgroundColor") != before
    opened.get_by_role("button", name="Light mode").press("Enter")
    assert opened.evaluate("getComputedStyle(document.body).backgroundColor") == before
    assert opened.complaints == []


@pytest.mark.parametrize("opened", [{"color_scheme": "dark"}], indirect=True)
def test_dark_mode_follows_the_system(opened: Any) -> None:
    assert opened.locator("#theme").inner_text() == "Light mode"
    dark = opened.evaluate("getComputedStyle(document.body).backgroundColor")
    charts = opened.locator(".chart canvas").first.evaluate("canvas => canvas.toDataURL()")
    opened.emulate_media(color_scheme="light")
    opened.get_by_role("button", name="Dark mode").wait_for()
    assert opened.evaluate("getComputedStyle(document.body).backgroundColor") != dark
    assert opened.locator(".chart canvas").first.evaluate("canvas => canvas.toDataURL()") != charts


@pytest.mark.parametrize("opened", [{"color_scheme": "dark"}, {"color_scheme": "light"}], indirect=True)
def test_every_text_has_enough_contrast(opened: Any) -> None:
    open_all(opened)
    found = contrasts(opened)
    assert len(found) >= 5
    assert {colours: ratio for colours, ratio in found.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("width", [1400, 768, 390, 320])
def test_nothing_scrolls_sideways(browser: Any, small: tuple[Path, Page], empty: Path, width: int) -> None:
    settings: dict[str, Any] = {"viewport": {"width": width, "height": 844}}
    if width < 500:
        settings |= {"is_mobile": True, "has_touch": True}
    for file in (small[0], empty):
        with looking_at(browser, file, **settings) as page:
            open_all(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.evaluate("innerWidth") == width, "it was laid out wider and then shrunk"
            for box in [chart.bounding_box() for chart in page.locator(".chart:not([hidden]) canvas").all()]:
                assert box["x"] >= 0
                assert box["x"] + box["width"] <= width
            assert page.complaints == []


def test_it_prints_in_light_without_its_controls(opened: Any) -> None:
    opened.emulate_media(media="print")
    for hidden in (".fields", "#theme", ".decisions .to"):
        assert not opened.locator(hidden).first.is_visible()
    assert opened.locator("#now-out").is_visible()
    assert opened.locator("#chosen").is_visible()
    assert opened.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    # Tables that nobody opened would make a book of it.
    pages = len(re.findall(rb"/Type\s*/Page[^s]", opened.pdf(format="A4")))
    assert 2 <= pages <= 12


def test_two_thousand_people_fit_into_three_megabytes(large: Path) -> None:
    assert large.stat().st_size <= MOST


def test_nothing_synced_says_how_to_begin(browser: Any, empty: Path) -> None:
    with looking_at(browser, empty) as page:
        assert page.locator(".chart:not([hidden])").count() == 0
        assert page.locator(".missing").count() >= 12
        assert page.complaints == []


PICTURES: dict[str, tuple[str, dict[str, Any]]] = {
    "report-light": ("today", {"viewport": {"width": 1400, "height": 1250}}),
    "report-absences": ("absences", {"viewport": {"width": 1400, "height": 420}}),
    "report-dark": ("team-coverage", {"color_scheme": "dark", "viewport": {"width": 1400, "height": 860}}),
    "report-tablet": ("today", {"viewport": {"width": 768, "height": 1024}}),
    "report-phone": (
        "absences",
        {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
    ),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_large_report_is_drawn(browser: Any, large: Path, name: str) -> None:
    part, settings = PICTURES[name]
    with looking_at(browser, large, **settings) as page:
        assert page.complaints == []
        assert [url for url in page.asked if not url.startswith("data:")] == [page.url]
        assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
        if part != "today":
            # The bar of filters would cover it.
            page.locator(".bar").evaluate("bar => { bar.style.position = 'static'; }")
            page.locator(f"#{part}").evaluate("part => scrollTo(0, part.offsetTop - 16)")
        picture(page, name)


def test_an_empty_report_is_drawn(browser: Any, empty: Path) -> None:
    with looking_at(browser, empty, viewport={"width": 1400, "height": 1000}) as page:
        picture(page, "report-empty")
        assert min(contrasts(page).values()) >= 4.5
