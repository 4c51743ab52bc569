"""List the plans of write-backs, and what is in quarantine, of the ledger beside the report's tables."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Literal
from urllib.parse import quote

import sqlalchemy as sa
from airflow.providers.common.compat.sdk import AirflowNotFoundException, redact

from calcom_provider.api.errors import CalComError
from calcom_provider.hooks.error_mapping import one_line
from calcom_provider.hooks.sql import warehouse_target
from calcom_provider.html_page import Tab
from calcom_provider.plugins.frame import Answer, page, sorry, told
from calcom_provider.plugins.report import SECTION, Settings, UnreadableError
from calcom_provider.reporting.page import operations
from calcom_provider.reporting.page.data import Panel, Value, count
from calcom_provider.reporting.page.reading.reader import Reader
from calcom_provider.reporting.page.render import prose, table
from calcom_provider.warehouse import Warehouse

log = logging.getLogger(__name__)

#: Place of a plan's state in its row.
STATE = 4
BAD = ("refused", "failed")
KINDS: dict[str, Literal["good", "bad"]] = {
    "applied": "good",
    "refused": "bad",
    "failed": "bad",
    "lasts": "bad",
}


def plans_page(wanted: Settings, root: str, tabs: tuple[Tab, ...]) -> Answer:
    """Return the list of the newest plans, each with a link to its page.

    :param wanted: which warehouse.
    :param root: path of the plugin.
    :param tabs: the pages that it is one of.
    """

    def shown(read: Reader) -> str:
        panel = operations.write_backs(read, people=False)
        rows = panel.table.rows if panel.table else ()
        newest = {row[2:4]: row[STATE] for row in reversed(rows)}
        stuck = sum(state in BAD for state in newest.values())
        text = f"of {count(len(newest), 'write-back')} stopped at a plan that was refused or failed."
        return (told(stuck, text) if rows else "") + _panel(
            panel, _links(wanted, root, (row[1] for row in rows))
        )

    return _answer("Write-back plans", wanted, tabs, shown)


def quarantines_page(wanted: Settings, root: str, tabs: tuple[Tab, ...]) -> Answer:
    """Return the list of quarantines, those that last first, and how to end one.

    :param wanted: which warehouse.
    :param root: path of the plugin.
    :param tabs: the pages that it is one of.
    """

    def shown(read: Reader) -> str:
        found = operations.read_quarantines(read)
        if not found:
            return _panel(operations.quarantines(found))
        lasting = sum(one.ended_at is None for one in found)
        above = told(
            lasting,
            f"{'write-back is' if lasting == 1 else 'write-backs are'} stopped until somebody confirms.",
        )
        how = (
            "`calcom hr quarantine list` shows what was refused. Look at the plan, then confirm it, or mend the "
            "source: the next plan within all limits ends the quarantine by itself."
        )
        links = _links(wanted, root, (one.plan_id for one in found))
        return f"{above}{_panel(operations.quarantines(found), links)}<p>{prose(how)}</p>"

    return _answer("Quarantines", wanted, tabs, shown)


def _links(wanted: Settings, root: str, plans: Iterable[Value]) -> dict[str, str]:
    conn_id = quote(wanted.conn_id, safe="")
    return {plan: f"{root}/plan/{quote(plan, safe='')}/{conn_id}" for plan in map(str, plans)}


def _answer(title: str, wanted: Settings, tabs: tuple[Tab, ...], shown: Callable[[Reader], str]) -> Answer:
    try:
        target = warehouse_target(wanted.conn_id)
        try:
            if not Warehouse(target).exists:
                raise UnreadableError(f"The database file of connection {wanted.conn_id!r} is not there yet.")
            with Reader(target, schema=wanted.schema, prefix=wanted.prefix) as read:
                return Answer(page(title, shown(read), tabs))
        finally:
            if isinstance(target, sa.Engine):
                target.dispose()
    except AirflowNotFoundException:
        text = f"There is no connection {wanted.conn_id!r}: [{SECTION}] report_conn_id of the configuration names it."
        return sorry(text, title, shown=tabs)
    except CalComError as error:
        return sorry(one_line(error), title, shown=tabs)
    except Exception as error:
        # What a driver says may hold a password, so the reader gets the kind of error alone.
        log.error("No %s from connection %s: %s", title.lower(), wanted.conn_id, redact(one_line(error)))
        text = f"The warehouse of connection {wanted.conn_id!r} could not be read ({type(error).__name__})."
        return sorry(f"{text} The log of the API server says why.", title, shown=tabs)


def _panel(panel: Panel, links: Mapping[str, str] | None = None) -> str:
    body = f"<p>{prose(panel.text)}</p>"
    if panel.missing:
        body += f'<p class="missing">{prose(panel.missing)}</p>'
    body += "".join(f'<p class="note">{prose(note)}</p>' for note in panel.notes)
    if panel.table:
        body += table(panel.table, panel.title, links, KINDS, stacked=True)
    return f'<section class="card">{body}</section>'
