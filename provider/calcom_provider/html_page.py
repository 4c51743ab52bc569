"""Make HTML pages that carry all they need: nothing foreign runs in them, and nothing is fetched."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class Tab:
    """Name a page among several.

    :param name: what it is called.
    :param href: where it is.
    :param current: whether it is the one that is shown.
    """

    name: str
    href: str
    current: bool = False


def document(
    title: str, body: str, *, styles: Sequence[str], scripts: Sequence[str] = (), tabs: Sequence[Tab] = ()
) -> str:
    """Return a page. Styles and scripts are named by their hashes in a content security policy.

    :param title: what it is called.
    :param body: markup of what it shows.
    :param styles: texts of the style sheets.
    :param scripts: texts of scripts, run at the end; that of the theme comes before them.
    :param tabs: the pages that it is one of; none for a page of its own.
    """
    sheets = "".join(
        f"<style>{style}</style>" for style in (*styles, *((_shared("tabs.css"),) if tabs else ()))
    )
    run = "".join(f"<script>{script}</script>" for script in (_shared("theme.js"), *scripts))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy(styles, scripts)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">'
        f'<link rel="icon" href="data:,"><title>{escape(title)}</title>{sheets}</head><body>'
        f"{_tabs(tabs)}{body}{run}</body></html>\n"
    )


@cache
def _policy(styles: tuple[str, ...], scripts: tuple[str, ...]) -> str:
    style = " ".join(_hash(one) for one in (*styles, _shared("tabs.css")))
    script = " ".join(_hash(one) for one in (_shared("theme.js"), *scripts))
    return (
        f"default-src 'none'; style-src {style}; script-src {script}; img-src data:; base-uri 'none'; "
        "form-action 'none'"
    )


def policy(styles: Sequence[str], scripts: Sequence[str] = ()) -> str:
    """Return the content security policy of a page: its own styles and scripts, and nothing from elsewhere.

    :param styles: texts of its style sheets.
    :param scripts: texts of its scripts.
    """
    return _policy(tuple(styles), tuple(scripts))


def data(contents: Any) -> str:
    """Return data as markup that scripts of the page read as the text of the element ``data``.

    :param contents: what JSON can hold.
    """
    text = json.dumps(contents, ensure_ascii=True, separators=(",", ":"), default=str)
    # Inside of a script element only these could end it or begin a comment.
    safe = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return f'<script type="application/json" id="data">{safe}</script>'


def _tabs(tabs: Sequence[Tab]) -> str:
    if not tabs:
        return ""
    here = ' aria-current="page"'
    links = "".join(
        f'<li><a href="{escape(tab.href)}"{here if tab.current else ""}>{escape(tab.name)}</a></li>'
        for tab in tabs
    )
    return f'<nav class="tabs" aria-label="Cal.com"><ul>{links}</ul></nav>'


@cache
def _shared(name: str) -> str:
    return (files("calcom_provider") / "html_assets" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
