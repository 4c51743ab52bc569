"""Turn a page's data into one HTML file that carries all it needs."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC
from functools import cache
from html import escape
from importlib.resources import files

from calcom_provider.reporting.page.data import ROWS, Page, Panel, Row, Value

TITLE = "Cal.com report"


def render(page: Page) -> str:
    """Return the page as HTML.

    Scripts and styles are named by their hashes in a content security policy, so nothing that comes with the data
    can run, and nothing is fetched.

    :param page: what it shows
    """
    style, library, script = asset("page.css"), asset("echarts.min.js"), asset("page.js")
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(library)} {_hash(script)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    links = "".join(
        f'<li><a href="#{escape(panel.key)}">{escape(panel.title)}</a></li>' for panel in page.panels
    )
    made = page.made_at.astimezone(UTC)
    people = "Rows about single people are shown." if page.shows_people else "Counts only, no people."
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">'
        f"<title>{TITLE}</title><style>{style}</style></head><body>"
        '<a class="skip" href="#content">Skip to the report</a>'
        f'<header><div><h1>{TITLE}</h1><p>Read on <time datetime="{made.isoformat()}">'
        f"{made:%-d %B %Y, %H:%M} UTC</time>. {people}</p></div>"
        '<button type="button" id="theme" aria-pressed="false">Dark mode</button></header>'
        f'<nav aria-label="Parts of the report"><ul>{links}</ul></nav>'
        f'<main id="content" tabindex="-1">{"".join(_panel(panel) for panel in page.panels)}</main>'
        f'<script type="application/json" id="data">{_data(page)}</script>'
        f"<script>{library}</script><script>{script}</script></body></html>\n"
    )


@cache
def asset(name: str) -> str:
    """Return a file that comes with the package.

    :param name: its name in the folder ``assets``
    """
    return (files(__package__) / "assets" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _data(page: Page) -> str:
    drawn = {
        panel.key: {
            "title": panel.title,
            "kind": panel.chart.kind,
            "x": panel.columns.index(panel.chart.x),
            "y": None if panel.chart.y is None else panel.columns.index(panel.chart.y),
            "mark": None if panel.chart.mark is None else panel.columns.index(panel.chart.mark),
            "values": [panel.columns.index(name) for name in panel.chart.values],
            "columns": panel.columns,
            "rows": panel.rows,
        }
        for panel in page.panels
        if panel.chart and panel.rows
    }
    text = json.dumps(drawn, ensure_ascii=True, default=str)
    # Inside of a script element only these could end it or begin a comment.
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _panel(panel: Panel) -> str:
    key, title = escape(panel.key), escape(panel.title)
    body = f'<p class="missing">{escape(panel.missing)}</p>' if panel.missing else _filled(panel)
    return (
        f'<section id="{key}" aria-labelledby="{key}-title"><h2 id="{key}-title">{title}</h2>'
        f"<p>{escape(panel.explanation)}</p>{body}</section>"
    )


def _filled(panel: Panel) -> str:
    key, title = escape(panel.key), escape(panel.title)
    cuts = [told for told in (panel.cut, panel.note) if told]
    if len(panel.rows) > ROWS:
        cuts.append(f"The table shows the first {ROWS} of {len(panel.rows)} rows.")
    chart = ""
    if panel.chart:
        chart = (
            f'<div class="chart" data-panel="{key}" role="img" aria-label="{title}; its table follows"></div>'
        )
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in panel.columns)
    body = "".join(_row(row) for row in panel.rows[:ROWS])
    return (
        "".join(f'<p class="cut">{escape(text)}</p>' for text in cuts)
        + chart
        + f"<details{'' if panel.chart else ' open'}><summary>Table of {len(panel.rows)} rows</summary>"
        f'<div class="scroll" tabindex="0" role="region" aria-label="{title}, table"><table><thead><tr>{head}</tr>'
        f"</thead><tbody>{body}</tbody></table></div></details>"
    )


def _row(row: Row) -> str:
    return f"<tr>{''.join(_cell(value) for value in row)}</tr>"


def _cell(value: Value) -> str:
    if isinstance(value, bool):
        return f"<td>{'yes' if value else 'no'}</td>"
    if isinstance(value, int | float):
        return f'<td class="n">{value:g}</td>' if isinstance(value, float) else f'<td class="n">{value}</td>'
    # A name that runs from right to left must not turn its neighbours around.
    return f"<td><bdi>{escape(value or '')}</bdi></td>"
