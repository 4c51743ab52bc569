"""The page is one file, says what is missing, and takes nothing in the data for markup."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from typing import Any

import pytest

from calcom_provider.reporting.metrics import METRICS
from calcom_provider.reporting.page.data import (
    ROWS,
    Decision,
    Dimensions,
    EventType,
    Page,
    Panel,
    Table,
    Team,
    named,
)
from calcom_provider.reporting.page.render import render

NOW = datetime(2026, 3, 16, 8, 30, tzinfo=UTC)
HOSTILE = [
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "\"quoted\" 'twice' & more",
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


def page(*panels: Panel, name: str = "Sales", decisions: tuple[Decision, ...] = ()) -> Page:
    """Return a page with a team and an event type of that name."""
    dims = Dimensions(
        date(2026, 3, 16),
        (date(2026, 3, 9), date(2026, 3, 16)),
        1,
        (date(2026, 3, 16),),
        teams=(Team(71, name),),
        types=(EventType(0, "Personal event types"), EventType(5, name, 0)),
    )
    return Page(NOW, dims, decisions, panels)


def made(*panels: Panel, **more: Any) -> str:
    return render(page(*panels, **more))


def table(*rows: tuple[Any, ...]) -> Panel:
    return Panel(
        "p", "trends", "T", "E", table=Table(tuple(f"c{place}" for place in range(len(rows[0]))), rows)
    )


def data_of(html: str) -> Any:
    found = re.search(r'id="data">(.*?)</script>', html)
    assert found is not None
    assert found[1].isascii()
    return json.loads(found[1])


def test_nothing_is_fetched() -> None:
    parser = Tags()
    parser.feed(made(table(("a", 1)), decisions=(Decision("d", "act", "1", "Sentence.", "p"),)))
    for tag, attributes in parser.seen:
        assert "src" not in attributes, tag
        assert tag == "a" or attributes.get("href", "data:,") == "data:,"
        assert not any(name.startswith("on") or name == "style" for name in attributes), tag


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_in_the_data_is_taken_for_markup(text: str) -> None:
    def shown(word: str) -> str:
        said = Decision("d", "act", word, f"{word}.", "p", (word,))
        facts = Panel("q", "trends", word, word, facts={"rows": [[word, 1]]}, notes=(word,), missing=None)
        return made(table((word, 1)), facts, name=word, decisions=(said,))

    harmless, hostile = Tags(), Tags()
    harmless.feed(shown("a"))
    hostile.feed(shown(text))
    assert [tag for tag, _ in hostile.seen] == [tag for tag, _ in harmless.seen]
    carried = data_of(shown(text))
    assert carried["panels"]["q"]["facts"]["rows"] == [[text, 1]]
    assert (carried["teams"], carried["types"][1][0]) == ([text], text)


def test_scripts_are_named_by_their_hashes() -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', made())
    assert policy is not None
    assert "unsafe" not in policy[1]
    assert policy[1].startswith("default-src 'none'")
    assert policy[1].count("'sha256-") == 2 + 4


def test_what_is_missing_is_said_in_a_sentence() -> None:
    shown = made(Panel("p", "trends", "T", "E", missing="Sync `bookings` & teams."))
    assert "Sync <code>bookings</code> &amp; teams." in shown
    assert "<table" not in shown


def test_a_long_table_is_cut_and_says_so() -> None:
    shown = made(table(*((n,) for n in range(ROWS + 5))))
    assert f"first {ROWS} of {ROWS + 5} rows" in shown
    assert shown.count("<tr>") == ROWS + 1


def test_what_limits_the_numbers_is_said_beside_them() -> None:
    shown = made(
        Panel("p", "trends", "T", "E", table=Table(("n",), ((1,),)), notes=("The worst 40.", "No <history>."))
    )
    assert '<p class="note">The worst 40.</p><p class="note">No &lt;history&gt;.</p>' in shown


def test_every_metric_that_a_panel_names_is_explained_beside_it() -> None:
    shown = made(Panel("p", "trends", "T", "E", ("utilisation",), table=Table(("n",), ((1,),))))
    assert f"<dt>{METRICS['utilisation'].name}</dt>" in shown
    with pytest.raises(KeyError):
        made(Panel("p", "trends", "T", "E", ("made-up",)))


@pytest.mark.parametrize(
    ("user", "expected"), [(None, None), (4, "Ada (4)"), (5, "5")], ids=["nobody", "known", "unknown"]
)
def test_a_user_is_named_with_the_id(user: int | None, expected: str | None) -> None:
    assert named(user, {4: "Ada"}) == expected


def test_an_empty_page_is_a_page() -> None:
    assert made().endswith("</html>\n")
