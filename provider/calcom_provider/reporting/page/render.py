"""Turn a page's data into one HTML file that carries all it needs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from calcom_provider.html_page import Tab, data, document, policy
from calcom_provider.private_files import create_private
from calcom_provider.reporting.metrics import METRICS
from calcom_provider.reporting.page.bookings import LEADS, PERIODS
from calcom_provider.reporting.page.data import ROWS, Decision, Page, Panel, Part, Row, Table, Value

TITLE = "Cal.com report"
SCRIPTS = ("echarts.min.js", "charts.js", "page.js")
#: Panels that stand across the whole width, and the others beside each other.
WIDE = {
    "bookings",
    "fairness",
    "absences",
    "conflicts",
    "team-coverage",
    "attribute-coverage",
    "freshness",
    "write-back",
}
HEADINGS: dict[Part, str] = {"trends": "Trends", "operations": "For the operator"}
FILTERS = (("period", "Period"), ("team", "Team"), ("type", "Event type"), ("value", "Attribute value"))


def render(page: Page, tabs: Sequence[Tab] = ()) -> str:
    """Return the page as HTML.

    Scripts and styles are named by their hashes in a content security policy, so nothing that comes with the data
    can run, and nothing is fetched.

    :param page: what it shows.
    :param tabs: the pages that it is one of.
    """
    made = page.made_at.astimezone(UTC)
    people = (
        "Names and rows about single people are shown."
        if page.shows_people
        else "Counts only: nobody is named, and fewer than five people read “<5”."
    )
    decisions = "".join(
        f'<ul class="decisions {kind}">{"".join(_decision(one) for one in some)}</ul>'
        for kind, some in (
            ("open", [one for one in page.decisions if one.tone in ("act", "watch")]),
            ("shut", [one for one in page.decisions if one.tone not in ("act", "watch")]),
        )
        if some
    )
    return document(
        TITLE,
        f'<a class="skip" href="#content">Skip to the content</a><header><div><h1>{TITLE}</h1>'
        f'<p>Read on <time datetime="{made.isoformat()}">{made:%-d %B %Y, %H:%M} UTC</time>. {people}</p></div>'
        '<button type="button" id="theme">Dark mode</button></header>'
        f'<main id="content" tabindex="-1"><h2 id="today">Today and this week</h2>{decisions}</main>'
        f'{_filters()}<main><ul id="figures" aria-label="Figures of the period"></ul>'
        f"{''.join(_part(page, part) for part in HEADINGS)}"
        "<noscript><p>The charts and filters need scripts; the sentences at the top do not.</p></noscript></main>"
        f"{_data(page)}",
        styles=[asset("page.css")],
        scripts=[asset(name) for name in SCRIPTS],
        tabs=tabs,
    )


@cache
def asset(name: str) -> str:
    """Return a file that comes with the package.

    :param name: its name in the folder ``assets``.
    """
    return (files(__package__) / "assets" / name).read_text(encoding="utf-8")


def content_policy() -> str:
    """Return the content security policy of the page: its own style and scripts, and nothing from elsewhere."""
    return policy([asset("page.css")], [asset(name) for name in SCRIPTS])


def write_page(path: Path, html: str, *, people: bool) -> None:
    """Write the page; one that shows people is for its owner alone, unless the file was there before.

    :param path: the file.
    :param html: what :func:`render` returned.
    :param people: whether it shows people.
    """
    if people:
        create_private(path)
    path.write_text(html, encoding="utf-8")


def table(
    shown: Table,
    label: str,
    links: Mapping[str, str] | None = None,
    kinds: Mapping[str, Literal["good", "bad"]] | None = None,
    stacked: bool = False,
) -> str:
    """Return a table as markup; a long one is cut, and its caller says so.

    :param shown: its heads and rows.
    :param label: what it is called for those who hear it.
    :param links: texts that lead somewhere, and where.
    :param kinds: texts that are good or bad news.
    :param stacked: on a phone each row is a list of its values with their heads, since no row would fit.
    """
    rows = shown.rows[:ROWS]
    numbers = [any(_is_number(row[place]) for row in rows) for place in range(len(shown.columns))]
    head = "".join(
        f'<th scope="col"{_N if number else ""}>{escape(name)}</th>'
        for name, number in zip(shown.columns, numbers, strict=True)
    )
    # What stands before a value of a stacked row, which is no longer below its head.
    heads = [f' role="cell" data-head="{escape(name)}"' if stacked else "" for name in shown.columns]
    body = "".join(_row(row, links or {}, kinds or {}, heads) for row in rows)
    kind = ' class="stacked" role="table"' if stacked else ""
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(label)}, table"><table{kind}><thead>'
        f"<tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


_N = ' class="n"'


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def prose(text: str) -> str:
    """Return a sentence as markup, with what stands in backquotes as code.

    :param text: the sentence.
    """
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _data(page: Page) -> str:
    dims = page.dimensions
    drawn: dict[str, Any] = {
        "today": dims.today.isoformat(),
        "weeks": [week.isoformat() for week in dims.weeks],
        "now": dims.now,
        "periods": PERIODS,
        "leads": [name for _, name in LEADS],
        "teams": [team.name for team in dims.teams],
        "types": [[one.name, one.team] for one in dims.types],
        "values": [[value.attribute, value.name, int(value.offered)] for value in dims.values],
        "panels": {panel.key: {"facts": panel.facts} for panel in page.panels if panel.facts},
    }
    return data(drawn)


def _decision(one: Decision) -> str:
    details = "".join(f"<li><bdi>{prose(text)}</bdi></li>" for text in one.details)
    more = f'<ul class="more">{details}</ul>' if details else ""
    link = f'<a class="to" href="#{escape(one.link)}">See the table</a>' if one.link else ""
    return (
        f'<li class="{one.tone}" id="now-{escape(one.key)}"><span class="number">{escape(one.number)}</span>'
        f'<p class="said">{prose(one.text)}</p>{more}{link}</li>'
    )


def _filters() -> str:
    fields = "".join(f'<label>{label}<select id="by-{name}"></select></label>' for name, label in FILTERS)
    return (
        '<div class="bar" role="region" aria-label="Filters"><div><div class="fields">'
        f'{fields}<button type="button" id="reset" hidden>Reset</button></div>'
        '<p id="chosen" role="status"></p></div></div>'
    )


def _part(page: Page, part: Part) -> str:
    cards = "".join(_panel(panel) for panel in page.panels if panel.part == part)
    return f'<h2 id="{part}">{HEADINGS[part]}</h2><div class="cards">{cards}</div>'


def _panel(panel: Panel) -> str:
    key, title = escape(panel.key), escape(panel.title)
    body = f'<p class="missing">{prose(panel.missing)}</p>' if panel.missing else _filled(panel)
    wide, follows = " wide" if panel.key in WIDE else "", " ".join(panel.filters)
    return (
        f'<section class="card{wide}" id="{key}" data-filters="{follows}" aria-labelledby="{key}-title">'
        f'<h3 id="{key}-title">{title}</h3><p>{prose(panel.text)}</p>{body}{_about(panel)}</section>'
    )


def _about(panel: Panel) -> str:
    told = "".join(
        f"<dt>{escape(metric.name)}</dt><dd>{prose(metric.formula)} {prose(metric.trap)}</dd>"
        for metric in (METRICS[key] for key in panel.metrics)
    )
    return (
        f'<details class="about"><summary>How it is counted</summary><dl>{told}</dl></details>'
        if told
        else ""
    )


def _filled(panel: Panel) -> str:
    title, notes = escape(panel.title), list(panel.notes)
    if panel.table and len(panel.table.rows) > ROWS:
        notes.append(f"The table shows the first {ROWS} of {len(panel.table.rows)} rows.")
    parts = [f'<p class="note">{prose(text)}</p>' for text in notes]
    if panel.facts:
        parts.append(
            f'<p class="hint" hidden></p><div class="chart" data-panel="{escape(panel.key)}" role="img" '
            f'aria-label="{title}; its table follows"></div>'
        )
    if panel.facts and not panel.table:
        parts.append(_made(title))
    elif panel.table:
        if panel.key == "load":
            parts.append(_made(title))
        shut = (
            ""
            if not panel.facts
            else "<details><summary>Table of " + f"{len(panel.table.rows)} rows</summary>"
        )
        parts.append(f"{shut}{table(panel.table, panel.title)}{'</details>' if shut else ''}")
    return "".join(parts)


def _made(title: str) -> str:
    """Return the place of a table that the script fills as the filters say."""
    return (
        f'<details class="made"><summary>Table</summary><div class="scroll" tabindex="0" role="region" '
        f'aria-label="{title}, table"><table></table></div></details>'
    )


def _row(row: Row, links: Mapping[str, str], kinds: Mapping[str, str], heads: Sequence[str]) -> str:
    cells = (_cell(value, links, kinds, head) for value, head in zip(row, heads, strict=True))
    role = ' role="row"' if any(heads) else ""
    return f"<tr{role}>{''.join(cells)}</tr>"


def _cell(value: Value, links: Mapping[str, str], kinds: Mapping[str, str], head: str) -> str:
    if isinstance(value, bool):
        return f"<td{head}>{'yes' if value else 'no'}</td>"
    if isinstance(value, int | float):
        return f"<td{_N}{head}>{value:,}</td>"
    # A name that runs from right to left must not turn its neighbours around.
    text = value or ""
    shown = f"<bdi>{escape(text)}</bdi>"
    if text in links:
        shown = f'<a href="{escape(links[text])}">{shown}</a>'
    kind = f' class="{kinds[text]}"' if text in kinds else ""
    return f"<td{kind}{head}>{shown}</td>"
