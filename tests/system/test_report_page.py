"""The report in a real browser: no console error, by keyboard, dark, on a phone, and safe with hostile names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.reporting.page.collect import collect
from calcom_provider.reporting.page.data import Chart, Page, Panel
from calcom_provider.reporting.page.render import render
from tests.system.looking import contrasts, looking_at, open_all, picture, tabbed
from tests.system.report_world import make_warehouse

pytestmark = pytest.mark.ui

CHROMIUM = os.environ.get("CALCOM_CHROMIUM", "/usr/bin/chromium")
FIRST = date(2026, 3, 2)
DAYS = [(FIRST + timedelta(days=number)).isoformat() for number in range(120)]
HOSTILE = "skills: </script><script>window.hit=1</script>"


def made() -> Page:
    """Return a page with a panel of each kind."""
    syncs = tuple((day, 40 + n % 9, n % 4 == 3, 300 - 7 * n) for n, day in enumerate(DAYS[:28]))
    out = tuple((day, (n * 7) % 12 if n % 7 < 5 else 0) for n, day in enumerate(DAYS))
    names = ("region: EMEA", "region: Americas", "language: \u05e2\u05d1\u05e8\u05d9\u05ea", HOSTILE)
    covered = tuple(
        (name, day, 8, (n + 3 * row) % 9, round(100 * ((n + 3 * row) % 9) / 8))
        for row, name in enumerate(names)
        for n, day in enumerate(DAYS[:28])
    )
    return Page(
        datetime(2026, 3, 30, 9, tzinfo=UTC),
        (
            Panel(
                "sync-health",
                "Sync health",
                "Requests by day.",
                ("Day", "Requests", "Throttled", "Changed"),
                tuple((a, b, int(c), d) for a, b, c, d in syncs),
                Chart("line", "Day", ("Requests", "Throttled", "Changed")),
            ),
            Panel(
                "absences",
                "Absences",
                "People who are out.",
                ("Day", "Out"),
                out,
                Chart("calendar", "Day", ("Out",)),
            ),
            Panel(
                "attribute-coverage",
                "Attribute coverage",
                "Share that is out.",
                ("Option", "Day", "Holders", "Out", "Out, %"),
                covered,
                Chart("grid", "Day", ("Out, %",), "Option"),
            ),
            Panel(
                "hosts",
                "Hosts",
                "Bookings.",
                ("Week", "Bookings"),
                (("2026-W10", 31), ("2026-W11", 27)),
                Chart("bar", "Week", ("Bookings",)),
            ),
            Panel("write-back", "Write-back plans", "Changes.", missing="Run a plan first."),
        ),
    )


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """Return the demo's report, and what must never be shown of its people."""
    folder = tmp_path_factory.mktemp("demo")
    private = make_warehouse(folder / "warehouse.db")
    report = folder / "report.html"
    report.write_text(render(collect(f"sqlite:///{folder / 'warehouse.db'}")), encoding="utf-8")
    return report, private


@pytest.fixture
def opened(browser: Any, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Any]:
    file = tmp_path / "report.html"
    file.write_text(render(made()), encoding="utf-8")
    with looking_at(browser, file, **getattr(request, "param", {})) as page:
        yield page


def test_it_is_drawn_without_a_complaint_or_a_request(opened: Any) -> None:
    assert opened.locator(".chart canvas").count() == 4
    opened.locator(".chart").nth(1).hover()
    open_all(opened)
    opened.get_by_role("button", name="Dark mode").click()
    assert opened.complaints == []
    assert [url for url in opened.asked if not url.startswith("data:")] == [opened.url]
    assert opened.evaluate("window.hit") is None


def test_it_is_used_by_keyboard(opened: Any) -> None:
    opened.keyboard.press("Tab")
    assert opened.evaluate("document.activeElement.textContent") == "Skip to the report"
    opened.keyboard.press("Tab")
    assert opened.evaluate("document.activeElement.id") == "theme"
    for _ in made().panels:
        opened.keyboard.press("Tab")
        assert opened.evaluate("document.activeElement.tagName") == "A"
    opened.keyboard.press("Tab")
    assert opened.evaluate("document.activeElement.tagName") == "SUMMARY"
    opened.keyboard.press("Enter")
    opened.locator("#sync-health table").wait_for(state="visible")
    opened.keyboard.press("Tab")
    assert opened.evaluate("document.activeElement.className") == "scroll"
    opened.keyboard.press("Shift+Tab")
    opened.keyboard.press("Enter")
    opened.locator("#sync-health table").wait_for(state="hidden")


def test_tab_reaches_every_control_in_reading_order_and_shows_where_it_is(opened: Any) -> None:
    # Not by the mouse: browsers show the focus to those who use the keyboard.
    opened.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    order = tabbed(opened)
    assert len(order) > 12
    assert [one["number"] for one in order] == list(range(len(order)))
    assert {(one["outline"], one["width"]) for one in order} == {("solid", "3px")}
    assert all(one["in_sight"] for one in order)


def test_links_lead_to_their_parts(opened: Any) -> None:
    opened.locator(".skip").focus()
    opened.keyboard.press("Enter")
    assert opened.evaluate("document.activeElement.id") == "content"
    for panel in made().panels:
        opened.locator(f'nav a[href="#{panel.key}"]').press("Enter")
        assert opened.evaluate("location.hash") == f"#{panel.key}"
        assert opened.locator(f"#{panel.key} h2").is_visible()


def test_dark_mode_is_switched_on_and_off(opened: Any) -> None:
    before = opened.evaluate("getComputedStyle(document.body).backgroundColor")
    button = opened.get_by_role("button", name="Dark mode")
    assert button.get_attribute("aria-pressed") == "false"
    button.press("Enter")
    assert button.get_attribute("aria-pressed") == "true"
    assert opened.evaluate("getComputedStyle(document.body).backgroundColor") != before
    assert min(contrasts(opened).values()) >= 4.5
    button.press("Enter")
    assert opened.evaluate("getComputedStyle(document.body).backgroundColor") == before
    assert opened.complaints == []


@pytest.mark.parametrize("opened", [{"color_scheme": "dark"}], indirect=True)
def test_dark_mode_follows_the_system(opened: Any) -> None:
    assert opened.locator("#theme").get_attribute("aria-pressed") == "true"
    dark = opened.evaluate("getComputedStyle(document.body).backgroundColor")
    charts = opened.locator(".chart canvas").first.evaluate("canvas => canvas.toDataURL()")
    opened.emulate_media(color_scheme="light")
    opened.locator("#theme[aria-pressed=false]").wait_for()
    assert opened.evaluate("getComputedStyle(document.body).backgroundColor") != dark
    assert opened.locator(".chart canvas").first.evaluate("canvas => canvas.toDataURL()") != charts


@pytest.mark.parametrize("opened", [{"color_scheme": "dark"}, {"color_scheme": "light"}], indirect=True)
def test_every_text_has_enough_contrast(opened: Any) -> None:
    open_all(opened)
    found = contrasts(opened)
    assert len(found) >= 5
    assert {colours: ratio for colours, ratio in found.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("width", [390, 360, 320])
def test_a_phone_never_scrolls_sideways(browser: Any, tmp_path: Path, width: int) -> None:
    file = tmp_path / "report.html"
    file.write_text(render(made()), encoding="utf-8")
    phone = {"viewport": {"width": width, "height": 844}, "is_mobile": True, "has_touch": True}
    with looking_at(browser, file, **phone) as page:
        open_all(page)
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert page.evaluate("innerWidth") == width, "it was laid out wider and then shrunk"
        page.evaluate("scrollTo(200, 0)")
        assert page.evaluate("scrollX") == 0
        for box in [chart.bounding_box() for chart in page.locator(".chart canvas").all()]:
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width


def test_it_prints_with_its_tables(opened: Any) -> None:
    opened.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert opened.locator("details:not([open])").count() == 0
    assert opened.pdf().startswith(b"%PDF")


PICTURES: dict[str, dict[str, Any]] = {
    "report-light": {},
    "report-dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 570}},
    "report-phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
}


PICTURED = {
    "report-light": "absences",
    "report-dark": "attribute-coverage",
    "report-phone": "absences",
}


@pytest.mark.parametrize("name", PICTURES)
def test_the_demo_s_report_is_drawn(browser: Any, demo: tuple[Path, list[str]], name: str) -> None:
    file, private = demo
    with looking_at(browser, file, **PICTURES[name]) as page:
        charts = page.locator(".chart")
        assert charts.count() >= 3
        assert page.locator(".chart canvas").count() == charts.count()
        assert page.complaints == []
        assert [url for url in page.asked if not url.startswith("data:")] == [page.url]
        assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
        page.locator(f"#{PICTURED[name]}").evaluate("part => scrollTo(0, part.offsetTop - 16)")
        picture(page, name)
        open_all(page)
        assert min(contrasts(page).values()) >= 4.5
        content = page.content()
    assert [text for text in private if text in content] == []
