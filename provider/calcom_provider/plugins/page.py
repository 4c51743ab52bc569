"""Show the latest syncs from the asset events that they left; no warehouse and no Cal.com is asked."""

from __future__ import annotations

from html import escape
from typing import Any

from airflow.models.asset import AssetEvent, AssetModel
from airflow.utils.session import create_session
from sqlalchemy import select

LATEST = 200
COUNTS = ("rows_read", "inserted", "updated", "deleted", "unchanged")
HEAD = (
    "When (UTC)",
    "Organization",
    "Table",
    "Read",
    "Inserted",
    "Updated",
    "Deleted",
    "Unchanged",
    "Complete",
    "Run",
)
STYLE = (
    "body{font:14px system-ui,sans-serif;margin:24px;color:#111827;background:#fff}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:6px 10px;"
    "border-bottom:1px solid #e5e7eb}td.n{text-align:right;font-variant-numeric:tabular-nums}"
    "@media(prefers-color-scheme:dark){body{background:#111827;color:#e5e7eb}th,td{border-color:#374151}}"
)


def latest() -> list[dict[str, Any]]:
    """Return the latest asset events of synced tables, newest first, as plain values."""
    with create_session() as session:
        found = session.execute(
            select(AssetEvent.timestamp, AssetEvent.extra, AssetEvent.source_run_id, AssetModel.uri)
            .join(AssetModel, AssetModel.id == AssetEvent.asset_id)
            .where(AssetModel.uri.startswith("calcom://"))
            .order_by(AssetEvent.id.desc())
            .limit(LATEST)
        )
        return [
            {"at": at, "extra": extra or {}, "run": run, "table": uri.removeprefix("calcom://")}
            for at, extra, run, uri in found
        ]


def page(events: list[dict[str, Any]]) -> str:
    """Return the page.

    :param events: what :func:`latest` returned.
    """
    rows = "".join(_row(event) for event in events)
    head = "".join(f"<th>{name}</th>" for name in HEAD)
    body = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    if not events:
        body = "<p>No sync has told of its tables yet: give its task an AssetAlias as outlet.</p>"
    return document("Cal.com syncs", body)


def document(title: str, body: str) -> str:
    """Return a page in the plugin's style.

    :param title: its heading, as text
    :param body: what follows, as markup
    """
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(title)}</title>"
        f"<style>{STYLE}</style><h1>{escape(title)}</h1>{body}</html>"
    )


def _row(event: dict[str, Any]) -> str:
    extra = event["extra"]
    texts = [f"{event['at']:%Y-%m-%d %H:%M:%S}", extra.get("organization_id", ""), event["table"]]
    cells = "".join(f"<td>{escape(str(text))}</td>" for text in texts)
    cells += "".join(f"<td class=n>{escape(str(extra.get(name, '')))}</td>" for name in COUNTS)
    complete = {True: "yes", False: "no"}.get(extra.get("complete"), "")
    return f"<tr>{cells}<td>{complete}</td><td>{escape(str(event['run'] or ''))}</td></tr>"
