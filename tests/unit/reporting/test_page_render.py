"""The page is one file, says what is missing, and takes nothing in the data for markup."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from calcom_provider.reporting.page.data import ROWS, Chart, Page, Panel, named
from calcom_provider.reporting.page.render import render

NOW = datetime(2026, 3, 16, 8, 30, tzinfo=UTC)
HOSTILE = [
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "\"quoted\" 'twice' & `more`",
    "\u202eright to left\u05d0\u05d1",
    "line\u2028end",
    "<img src=x onerror=alert(1)>",
]


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def made(*panels: Panel) -> str:
    return render(Page(NOW, panels))


def bars(rows: tuple) -> Panel:
    return Panel("p", "T", "E", ("name", "n"), rows, Chart("bar", "name", ("n",)))


def test_nothing_is_fetched() -> None:
    parser = Tags()
    parser.feed(made(bars((("a", 1),))))
    for tag, attributes in parser.seen:
        assert "src" not in attributes, tag
        assert tag == "a" or attributes.get("href", "data:,") == "data:,"
        assert not any(name.startswith("on") or name == "style" for name in attributes), tag


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_in_the_data_is_taken_for_markup(text: str) -> None:
    harmless, hostile = Tags(), Tags()
    harmless.feed(made(bars((("a", 1),))))
    shown = made(bars(((text, 1),)))
    hostile.feed(shown)
    assert [tag for tag, _ in hostile.seen] == [tag for tag, _ in harmless.seen]
    data = re.search(r'id="data">(.*?)</script>', shown).group(1)
    assert json.loads(data)["p"]["rows"] == [[text, 1]]
    assert data.isascii()


def test_scripts_are_named_by_their_hashes() -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', made()).group(1)
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'")
    assert policy.count("'sha256-") == 3


def test_what_is_missing_is_said_in_a_sentence() -> None:
    shown = made(Panel("p", "T", "E", missing="Sync bookings & teams."))
    assert "Sync bookings &amp; teams." in shown
    assert "<table" not in shown


def test_a_long_table_is_cut_and_says_so() -> None:
    shown = made(Panel("p", "T", "E", ("n",), tuple((n,) for n in range(ROWS + 5))))
    assert f"first {ROWS} of {ROWS + 5} rows" in shown
    assert shown.count("<tr>") == ROWS + 1


def test_what_limits_the_numbers_is_said_beside_them() -> None:
    shown = made(Panel("p", "T", "E", ("n",), ((1,),), cut="The worst 40.", note="No <history>."))
    assert '<p class="cut">The worst 40.</p><p class="cut">No &lt;history&gt;.</p>' in shown


def test_a_grid_names_the_column_that_marks_its_fields() -> None:
    row = ("a", "2026-03-16", 100, True)
    chart = Chart("grid", "day", ("share",), "name", mark="alone")
    shown = made(Panel("p", "T", "E", ("name", "day", "share", "alone"), (row,), chart))
    drawn = json.loads(re.search(r'id="data">(.*?)</script>', shown).group(1))["p"]
    assert (drawn["x"], drawn["y"], drawn["values"], drawn["mark"]) == (1, 0, [2], 3)
    assert "<td>yes</td>" in shown


@pytest.mark.parametrize(
    ("user", "expected"), [(None, None), (4, "Ada (4)"), (5, "5")], ids=["nobody", "known", "unknown"]
)
def test_a_user_is_named_with_the_id(user: int | None, expected: str | None) -> None:
    assert named(user, {4: "Ada"}) == expected


def test_an_empty_page_is_a_page() -> None:
    assert made().endswith("</html>\n")
