"""The tabs of syncs, plans and quarantines in a real browser: with much to show and with nothing, at every width."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.plugins.frame import TABS, Answer, tabs
from calcom_provider.plugins.report import Settings
from calcom_provider.plugins.syncs import syncs_page
from calcom_provider.plugins.write_backs import plans_page, quarantines_page
from tests.integration.reporting.loading import load, make_file
from tests.integration.reporting.page_sql.ask import run_file
from tests.integration.reporting.world import make_world
from tests.system.looking import contrasts, looking_at, picture, tabbed

pytestmark = [pytest.mark.ui, pytest.mark.timeout(600)]

ROOT = "/calcom"
WIDTHS = (1400, 768, 390)
PAGES = ("syncs", "plans", "quarantines")
LEDGERS = ("full", "unstopped", "empty", "nowhere")


@pytest.fixture(scope="module")
def ledgers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Make ledgers: with plans and quarantines, with plans alone, and none beside the tables."""
    folder = tmp_path_factory.mktemp("ledgers")
    found = {name: folder / f"{name}.db" for name in LEDGERS[:3]}
    for name in LEDGERS[:2]:
        load(f"sqlite:///{found[name]}", make_world(), only=["teams"])
    run_file(f"sqlite:///{found['full']}", "operator_world")
    make_file(f"sqlite:///{found['empty']}")
    return found


@pytest.fixture
def made(
    ledgers: dict[str, Path], tmp_path: Path, set_connection: Callable[..., str]
) -> Callable[[str, str], Path]:
    """Give what writes a page, as Airflow would serve it."""
    for name, file in ledgers.items():
        set_connection(name, conn_type="sqlite", host=str(file))

    def write(page: str, ledger: str) -> Path:
        file = tmp_path / f"{page}-{ledger}.html"
        file.write_text(html(page, ledger), encoding="utf-8")
        return file

    return write


def html(page: str, ledger: str) -> str:
    shown = tabs(ROOT, page)
    if page == "syncs":
        runs, events = (tasks(), tables()) if ledger == "full" else ([], [])
        return syncs_page(runs, events, "", shown)
    wanted = Settings(ledger)
    answer: Answer = (
        plans_page(wanted, ROOT, shown) if page == "plans" else quarantines_page(wanted, ROOT, shown)
    )
    return answer.html


def tasks() -> list[dict[str, Any]]:
    states = ("success", "success", "success", "failed", "running", "up_for_retry", None)
    return [
        {
            "dag_id": "calcom_fleet" if number % 3 else "calcom_to_warehouse_of_the_northern_subsidiaries",
            "task_id": "sync",
            "run_id": f"scheduled__2026-11-{22 - number // 4:02}T0{number % 4}:00:00+00:00",
            "map_index": number if number % 3 else -1,
            "state": states[number % len(states)],
            "start_date": None,
            "duration": 3.25 * number,
            "try_number": 1 + number % 2,
            "at": datetime.now(UTC) - timedelta(hours=7 * number),
        }
        for number in range(60)
    ]


def tables() -> list[dict[str, Any]]:
    return [
        {
            "at": datetime.now(UTC) - timedelta(minutes=11 * number),
            "extra": {
                "organization_id": 4_100_000_041,
                "rows_read": 12_345,
                "inserted": 3,
                "complete": number != 4,
            },
            "dag": "calcom_to_warehouse",
            "run": f"scheduled__2026-11-22T0{number}:00:00+00:00",
            "table": "warehouse_default/default/calcom_attribute_assignments",
        }
        for number in range(9)
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", PAGES)
def test_it_fits_every_width_and_can_be_read(
    browser: Any, made: Callable[[str, str], Path], page: str, scheme: str
) -> None:
    for ledger in LEDGERS:
        for width in WIDTHS:
            settings: dict[str, Any] = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
            if width < 500:
                settings |= {"is_mobile": True, "has_touch": True}
            with looking_at(browser, made(page, ledger), **settings) as opened:
                told = (page, ledger, width)
                assert opened.complaints == [], told
                assert [url for url in opened.asked if not url.startswith("data:")] == [opened.url]
                assert opened.evaluate("document.documentElement.scrollWidth") <= width, told
                assert opened.evaluate("innerWidth") == width, told
                tab = opened.locator("nav a[aria-current=page]").bounding_box()
                assert tab["x"] >= 0
                assert tab["x"] + tab["width"] <= width, told
                assert {ink: ratio for ink, ratio in contrasts(opened).items() if ratio < 4.5} == {}, told
                picture(opened, f"{page}-{ledger}-{width}-{scheme}")


@pytest.mark.parametrize("page", PAGES)
def test_it_is_used_by_keyboard(browser: Any, made: Callable[[str, str], Path], page: str) -> None:
    for ledger in LEDGERS:
        with looking_at(browser, made(page, ledger)) as opened:
            current = opened.locator("nav a[aria-current=page]")
            assert current.inner_text() == TABS[page]
            order = tabbed(opened)
            assert [one["number"] for one in order] == list(range(len(order)))
            assert len(order) >= len(TABS)
            assert {(one["outline"], one["width"]) for one in order} == {("solid", "3px")}
            assert all(one["in_sight"] for one in order)


def test_numbers_stand_below_their_heads(browser: Any, made: Callable[[str, str], Path]) -> None:
    for page in ("syncs", "plans"):
        with looking_at(browser, made(page, "full")) as opened:
            numbers = opened.locator("th.n").all()
            assert numbers
            for head in numbers:
                assert head.evaluate("head => getComputedStyle(head).textAlign") == "right"


@pytest.mark.parametrize("width", [390, 768])
@pytest.mark.parametrize("page", ["plans", "quarantines"])
def test_rows_are_read_on_small_screens_without_scrolling_sideways(
    browser: Any, made: Callable[[str, str], Path], page: str, width: int
) -> None:
    small: dict[str, Any] = {
        "viewport": {"width": width, "height": 844},
        "is_mobile": True,
        "has_touch": True,
    }
    with looking_at(browser, made(page, "full"), **small) as opened:
        assert opened.evaluate("document.documentElement.scrollWidth") == width
        frame = opened.locator(".scroll")
        assert frame.evaluate(
            "one => [one.scrollWidth - one.clientWidth, one.scrollHeight - one.clientHeight]"
        ) == [0, 0]
        heads = opened.locator("thead th").all_inner_texts()
        for row in opened.locator("tbody tr").all():
            cells = row.locator("td").all()
            told = [cell.get_attribute("data-head") for cell in cells]
            assert told == heads
            assert {cell.get_attribute("role") for cell in cells} == {"cell"}
            for cell in cells:
                assert cell.is_visible() is (cell.inner_text() != "")
                said = cell.evaluate("cell => getComputedStyle(cell, '::before').content")
                assert said == f'"{cell.get_attribute("data-head")}"'
    with looking_at(browser, made(page, "full")) as opened:
        # A table where there is room for one.
        first, second = opened.locator("tbody tr").first.locator("td").all()[:2]
        assert first.bounding_box()["y"] == second.bounding_box()["y"]
        assert first.evaluate("cell => getComputedStyle(cell, '::before').content") == "none"


def test_each_plan_leads_to_its_page(browser: Any, made: Callable[[str, str], Path]) -> None:
    with looking_at(browser, made("plans", "full")) as opened:
        rows = opened.locator("tbody tr").all()
        assert len(rows) == 7
        for row in rows:
            link = row.locator("a")
            assert link.get_attribute("href") == f"{ROOT}/plan/{link.inner_text()}/full"
        assert opened.locator("td.bad").all_inner_texts() == ["refused", "failed"]
        sentence, card = (opened.locator(one).bounding_box() for one in (".decisions", "section.card"))
        assert card["y"] - sentence["y"] - sentence["height"] == 12
        # Nothing follows the list, so that it needs no frame to scroll in.
        assert rows[-1].bounding_box()["y"] < card["y"] + card["height"] <= opened.viewport_size["height"]


def test_quarantines_that_last_come_first(browser: Any, made: Callable[[str, str], Path]) -> None:
    with looking_at(browser, made("quarantines", "full")) as opened:
        first, second = opened.locator("tbody tr").all()
        assert "lasts" in first.inner_text()
        assert "confirmed" in second.inner_text()
    for ledger, told in (
        ("unstopped", "No write-back was ever stopped."),
        ("empty", "the first calcom hr plan to it makes one"),
        ("nowhere", "There is no connection 'nowhere'"),
    ):
        with looking_at(browser, made("quarantines", ledger)) as opened:
            assert told in opened.locator("main").inner_text()
            assert opened.locator("table").count() == 0


@pytest.mark.parametrize("page", PAGES)
def test_it_prints_without_its_tabs(browser: Any, made: Callable[[str, str], Path], page: str) -> None:
    with looking_at(browser, made(page, "full"), color_scheme="dark") as opened:
        opened.emulate_media(media="print")
        assert not opened.locator("nav").is_visible()
        assert opened.locator("table").first.is_visible()
        assert opened.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
