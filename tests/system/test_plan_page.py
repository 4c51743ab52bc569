"""The page of a plan in a real browser: 2,000 people and none, dark, on a phone, by keyboard, without a request."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.hr.review.data import Review
from calcom_provider.hr.review.render import render
from tests.system import plan_world
from tests.system.looking import contrasts, looking_at, picture

pytestmark = [pytest.mark.ui, pytest.mark.timeout(600)]

PEOPLE = 2000
PHONE = {"viewport": {"width": 390, "height": 844}}


@pytest.fixture(scope="module")
def absences() -> Review:
    return plan_world.absences(PEOPLE)


@pytest.fixture(scope="module")
def attributes() -> Review:
    return plan_world.attributes(200)


def written(review: Review, folder: Path) -> Path:
    file = folder / "plan.html"
    file.write_text(render(review), encoding="utf-8")
    return file


def readable(page: Any) -> bool:
    return all(ratio >= 4.5 for ratio in contrasts(page).values())


def fits(page: Any) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_two_thousand_people_are_shown_without_a_complaint_or_a_request(
    browser: Any, absences: Review, tmp_path: Path
) -> None:
    with looking_at(browser, written(absences, tmp_path)) as page:
        changed = len({one.user_id for one in absences.plan.actions})
        assert page.locator("#count").inner_text() == f"{changed} people change"
        picture(page, "plan-light")
        for group in page.locator("details.group > summary").all()[1:]:
            group.click()
        assert page.locator(".person").count() > 200
        assert page.complaints == []
        assert [url for url in page.asked if not url.startswith("data:")] == [page.url]
        assert page.evaluate("window.hit") is None
        assert readable(page)


def test_people_are_searched_filtered_and_grouped(browser: Any, absences: Review, tmp_path: Path) -> None:
    with looking_at(browser, written(absences, tmp_path)) as page:
        page.get_by_label("Search").fill("script window.hit")
        page.locator("#count", has_text="1 of").wait_for()
        assert page.locator(".person").count() == 1
        assert plan_world.HOSTILE in page.locator(".person").inner_text()
        page.get_by_label("Search").fill("nobody at all")
        page.get_by_text("Nobody fits.").wait_for()
        page.get_by_label("Search").fill("")
        page.locator("#why").select_option("cancelled in HR")
        page.locator("#group").select_option("why")
        (only,) = page.locator("details.group > summary").all()
        assert only.inner_text().startswith("cancelled in HR")
        cancelled = {one.user_id for one in absences.plan.actions if one.why == "cancelled"}
        assert f"{len(cancelled)} of" in page.locator("#count").inner_text()
        page.get_by_role("button", name="more of").click()
        assert page.locator(".person").count() == min(100, len(cancelled))


def test_rows_that_are_not_written_open_with_how_to_mend_them(
    browser: Any, absences: Review, tmp_path: Path
) -> None:
    with looking_at(browser, written(absences, tmp_path)) as page:
        issue = page.locator("details.issue", has_text="A date cannot be read")
        issue.locator("summary").press("Enter")
        issue.get_by_text("Write days like 2026-03-16").wait_for()
        issue.locator("tbody tr").first.wait_for()
        count = sum(one.code == "bad_date" for one in absences.plan.issues)
        assert issue.locator("tbody tr").count() == min(50, count)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone(
    browser: Any, absences: Review, attributes: Review, tmp_path: Path, scheme: str
) -> None:
    for name, review in (("plan-phone", absences), ("", attributes)):
        with looking_at(browser, written(review, tmp_path), **PHONE, color_scheme=scheme) as page:
            assert fits(page)
            assert readable(page)
            page.locator(".person").first.scroll_into_view_if_needed()
            if name and scheme == "light":
                page.locator("#people").evaluate("one => one.scrollIntoView()")
                picture(page, name)


def test_a_refused_plan_says_what_refuses_and_how_to_confirm(
    browser: Any, attributes: Review, tmp_path: Path
) -> None:
    with looking_at(browser, written(attributes, tmp_path), color_scheme="dark") as page:
        assert page.locator(".gauges li").first.get_attribute("class") == "refused"
        page.get_by_text("calcom hr apply attributes").wait_for()
        # No names are known: ids stand for people.
        assert page.locator(".person .who").first.inner_text().startswith("User ")
        assert readable(page)
        picture(page, "plan-dark")
        page.get_by_role("button", name="Light mode").click()
        assert page.locator("html").get_attribute("data-theme") == "light"


@pytest.mark.parametrize("width", [390, 768, 1400])
def test_a_plan_with_nothing_to_write_looks_like_one(
    browser: Any, absences: Review, tmp_path: Path, width: int
) -> None:
    empty = replace(absences, plan=replace(absences.plan, actions=(), issues=()))
    with looking_at(browser, written(empty, tmp_path), viewport={"width": width, "height": 800}) as page:
        assert page.get_by_text("Nobody changes.").is_visible()
        assert page.complaints == []
        assert fits(page)
