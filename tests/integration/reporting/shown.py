"""Read the report's page as a browser gets it: its sentences, its tables, and the numbers that its script draws."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

Cells = list[Any]


class Shown(HTMLParser):
    """Hold what is on a page.

    :param html: the page
    :ivar data: the numbers that the script adds up and draws
    :ivar numbers: decision -> what stands before its sentence
    :ivar said: decision -> its sentence
    :ivar details: decision -> the lines below it
    :ivar notes: part -> its sentences
    :ivar tables: part -> its rows; numbers as such, a cell without a value is an empty text
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.data: dict[str, Any] = {}
        self.numbers: dict[str, str] = {}
        self.said: dict[str, str] = {}
        self.details: dict[str, list[str]] = {}
        self.notes: dict[str, list[str]] = {}
        self.tables: dict[str, list[Cells]] = {}
        self._html, self._text = html, ""
        self._decision = self._part = self._class = ""
        self.feed(html)

    def facts(self, part: str) -> Any:
        """Give the numbers of a part."""
        return self.data["panels"][part]["facts"]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        own = {name: value or "" for name, value in attrs}
        self._text = ""
        if tag == "section":
            self._part, self._decision = own["id"], ""
        elif own.get("id", "").startswith("now-"):
            self._decision = own["id"].removeprefix("now-")
        elif tag == "tr" and self._part:
            self.tables.setdefault(self._part, []).append([])
        if tag in ("script", "td", "p", "span", "li"):
            self._class = own.get("id" if tag == "script" else "class", "")

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "script" and self._class == "data":
            self.data = json.loads(self._text)
        elif tag == "td":
            cell = float(self._text.replace(",", "")) if self._class == "n" else self._text
            self.tables[self._part][-1].append(cell)
        elif tag == "tbody":
            # The row of heads has no cells of its own.
            self.tables[self._part] = [row for row in self.tables[self._part] if row]
        elif tag == "p" and self._class == "note":
            self.notes.setdefault(self._part, []).append(self._text)
        elif self._decision:
            self._of_decision(tag)

    def _of_decision(self, tag: str) -> None:
        if tag == "span" and self._class == "number":
            self.numbers[self._decision] = self._text
        elif tag == "p" and self._class == "said":
            self.said[self._decision] = self._text
        elif tag == "bdi":
            self.details.setdefault(self._decision, []).append(self._text)
