"""Give the plugin's pages one face: the tabs, and the look of the report."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from calcom_provider.html_page import Tab, document
from calcom_provider.reporting.page.render import asset

TABS = {"report": "Report", "syncs": "Syncs", "plans": "Write-back plans", "quarantines": "Quarantines"}


@dataclass(frozen=True)
class Answer:
    """Hold what a reader gets.

    :param html: the page.
    :param status: its HTTP status.
    """

    html: str
    status: int = 200


def tabs(root: str, current: str) -> tuple[Tab, ...]:
    """Return the tabs.

    :param root: path of the plugin, behind whatever prefix Airflow has.
    :param current: the tab that is shown.
    """
    return tuple(Tab(name, f"{root}/{key}", key == current) for key, name in TABS.items())


def page(title: str, body: str, shown: tuple[Tab, ...] = ()) -> str:
    """Return a page in the plugin's style.

    :param title: its heading, as text.
    :param body: what follows, as markup.
    :param shown: its tabs.
    """
    heading = f'<header><h1>{escape(title)}</h1></header><main id="content">{body}</main>'
    return document(title, heading, styles=[asset("page.css")], tabs=shown)


def told(number: int, text: str) -> str:
    """Return what needs somebody, as a sentence with its number before it, as markup.

    :param number: how many; none is good news.
    :param text: what follows the number, as text.
    """
    return (
        f'<ul class="decisions"><li class="{"act" if number else "fine"}"><span class="number">{number:,}</span>'
        f'<p class="said">{escape(text)}</p></li></ul>'
    )


def sorry(told: str, title: str, status: int = 503, shown: tuple[Tab, ...] = ()) -> Answer:
    """Return a page that says why there is nothing to see.

    :param told: why, as text.
    :param title: its heading.
    :param status: its HTTP status.
    :param shown: its tabs.
    """
    return Answer(page(title, f'<p class="missing">{escape(told)}</p>', shown), status)
