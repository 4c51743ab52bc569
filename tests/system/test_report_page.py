"""The report in a real browser: no console error, by keyboard, dark, on a phone, and safe with hostile names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.reporting.page.data import Chart, Page, Panel
from calcom_provider.reporting.page.render import render

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


@pytest.fixture
def opened(browser: Any, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Any]:
    (tmp_path / "report.html").write_text(render(made()), encoding="utf-8")
    settings = {"viewport": {"width": 1280, "height": 900}} | getattr(request, "param", {})
    page = browser.new_page(**settings)
    page.complaints, page.asked = [], []
    page.on(
        "console",
        lambda line: page.complaints.append(line.text) if line.type in {"error", "warning"} else None,
    )
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("request", lambda call: page.asked.append(call.url))
    page.goto((tmp_path / "report.html").as_uri())
    yield page
    page.close()


def picture(page: Any, name: str) -> None:
    folder = os.environ.get("CALCOM_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def test_it_is_drawn_without_a_complaint_or_a_request(opened: Any) -> None:
    assert opened.locator(".chart canvas").count() == 4
    opened.locator(".chart").nth(1).hover()
    assert opened.complaints == []
    assert [url for url in opened.asked if not url.startswith(("file:", "data:"))] == []
    assert opened.evaluate("window.hit") is None
    picture(opened, "report")


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


def test_dark_mode_is_switched_on(opened: Any) -> None:
    before = opened.evaluate("getComputedStyle(document.body).backgroundColor")
    button = opened.get_by_role("button", name="Dark mode")
    assert button.get_attribute("aria-pressed") == "false"
    button.press("Enter")
    assert button.get_attribute("aria-pressed") == "true"
    assert opened.evaluate("getComputedStyle(document.body).backgroundColor") != before
    assert opened.complaints == []
    picture(opened, "report-dark")


@pytest.mark.parametrize("opened", [{"color_scheme": "dark"}], indirect=True)
def test_dark_mode_follows_the_system(opened: Any) -> None:
    assert opened.locator("#theme").get_attribute("aria-pressed") == "true"
    assert opened.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(15, 21, 32)"


@pytest.mark.parametrize("opened", [{"viewport": {"width": 360, "height": 740}}], indirect=True)
def test_a_phone_never_scrolls_sideways(opened: Any) -> None:
    for summary in opened.locator("summary").all():
        summary.click()
    assert opened.evaluate("document.documentElement.scrollWidth") == 360
    for summary in opened.locator("summary").all():
        summary.click()
    picture(opened, "report-phone")


def test_it_prints_with_its_tables(opened: Any) -> None:
    opened.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert opened.locator("details:not([open])").count() == 0
    assert opened.pdf().startswith(b"%PDF")
