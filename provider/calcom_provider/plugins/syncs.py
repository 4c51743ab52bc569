"""Show the latest runs of the provider's tasks, failures first, and what syncs told of their tables.

Only Airflow's own records are read; no warehouse and no Cal.com is asked.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any
from urllib.parse import quote

from airflow.models.asset import AssetEvent, AssetModel
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session
from sqlalchemy import func, select

from calcom_provider.html_page import Tab
from calcom_provider.plugins.frame import page, told

LATEST = 200
#: Days whose failed tasks are told.
RECENT = 7
COUNTS = ("rows_read", "inserted", "updated", "deleted", "unchanged")
RUNS = ("Begin (UTC)", "DAG", "Task", "State", "Try", "Seconds", "Log")
EVENTS = (
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
NUMBERS = {"Try", "Seconds", "Read", "Inserted", "Updated", "Deleted", "Unchanged"}
BAD = {"failed", "upstream_failed", "up_for_retry"}


def tasks(dags: Collection[str]) -> list[dict[str, Any]]:
    """Return the latest task instances of this provider's operators, newest first, as plain values.

    :param dags: DAGs that the reader may see.
    """
    columns = ("dag_id", "task_id", "run_id", "map_index", "state", "start_date", "duration", "try_number")
    began = func.coalesce(TaskInstance.start_date, TaskInstance.queued_dttm)
    with create_session() as session:
        found = session.execute(
            select(*(getattr(TaskInstance, name) for name in columns), began)
            .where(
                TaskInstance.operator.startswith("CalCom"),
                TaskInstance.dag_id.in_(sorted(dags)),
                began.is_not(None),
            )
            .order_by(began.desc())
            .limit(LATEST)
        )
        return [{**dict(zip(columns, row[:-1], strict=True)), "at": row[-1]} for row in found]


def latest(dags: Collection[str]) -> list[dict[str, Any]]:
    """Return the latest asset events of synced tables, newest first, as plain values.

    :param dags: DAGs that the reader may see.
    """
    with create_session() as session:
        found = session.execute(
            select(
                AssetEvent.timestamp,
                AssetEvent.extra,
                AssetEvent.source_dag_id,
                AssetEvent.source_run_id,
                AssetModel.uri,
            )
            .join(AssetModel, AssetModel.id == AssetEvent.asset_id)
            .where(AssetModel.uri.startswith("calcom://"), AssetEvent.source_dag_id.in_(sorted(dags)))
            .order_by(AssetEvent.id.desc())
            .limit(LATEST)
        )
        return [
            {"at": at, "extra": extra or {}, "dag": dag, "run": run, "table": uri.removeprefix("calcom://")}
            for at, extra, dag, run, uri in found
        ]


def syncs_page(
    runs: list[dict[str, Any]], events: list[dict[str, Any]], airflow: str = "", tabs: tuple[Tab, ...] = ()
) -> str:
    """Return the page.

    :param runs: what :func:`tasks` returned.
    :param events: what :func:`latest` returned.
    :param airflow: path of Airflow's own pages, without a slash at its end.
    :param tabs: the pages that it is one of.
    """
    since = datetime.now(UTC) - timedelta(days=RECENT)
    recent = [one for one in runs if one["at"] >= since]
    failed = [one for one in recent if one["state"] in BAD]
    body = _told(recent, failed)
    if failed:
        body += _card("Failed or to be tried again", _table(RUNS, [_run(one, airflow) for one in failed]))
    if runs:
        body += _card("Latest tasks", _table(RUNS, [_run(one, airflow) for one in runs]))
    if events:
        body += _card("Latest tables", _table(EVENTS, [_event(one, airflow) for one in events]))
    else:
        body += _card(
            "Latest tables",
            '<p class="missing">No sync has told of its tables yet: give its task an AssetAlias as outlet.</p>',
        )
    return page("Cal.com syncs", body, tabs)


def _told(recent: list[dict[str, Any]], failed: list[dict[str, Any]]) -> str:
    if not recent:
        text = f"No task of this provider ran in the last {RECENT} days."
        return f'<p class="missing">{text}</p>'
    word = "task" if len(recent) == 1 else "tasks"
    text = f"of {len(recent)} {word} of the last {RECENT} days failed or wait for another try."
    return told(len(failed), text)


def _card(title: str, body: str) -> str:
    return f'<h2>{title}</h2><section class="card">{body}</section>'


def _table(head: tuple[str, ...], rows: list[str]) -> str:
    heads = "".join(f'<th scope="col"{" class=n" if name in NUMBERS else ""}>{name}</th>' for name in head)
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="Table"><table>'
        f"<thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _run(one: dict[str, Any], airflow: str) -> str:
    run = f"{airflow}/dags/{quote(one['dag_id'], safe='')}/runs/{quote(one['run_id'], safe='')}"
    mapped = f"/mapped/{one['map_index']}" if one["map_index"] >= 0 else ""
    log = f"{run}/tasks/{quote(one['task_id'], safe='')}{mapped}"
    number = f" [{one['map_index']}]" if mapped else ""
    state = one["state"] or "waiting"
    kind = "bad" if state in BAD else "good" if state == "success" else ""
    seconds = "" if one["duration"] is None else f"{one['duration']:.1f}"
    return (
        f"<tr><td>{one['at']:%Y-%m-%d %H:%M:%S}</td><td>{escape(one['dag_id'])}</td>"
        f"<td>{escape(one['task_id'])}{number}</td><td class='{kind}'>{escape(str(state).replace('_', ' '))}</td>"
        f"<td class=n>{one['try_number']}</td><td class=n>{seconds}</td>"
        f'<td><a data-airflow href="{escape(run)}">run</a> <a data-airflow href="{escape(log)}">log</a></td></tr>'
    )


def _event(event: dict[str, Any], airflow: str) -> str:
    extra = event["extra"]
    texts = [f"{event['at']:%Y-%m-%d %H:%M:%S}", extra.get("organization_id", ""), event["table"]]
    cells = "".join(f"<td>{escape(str(text))}</td>" for text in texts)
    cells += "".join(f"<td class=n>{escape(str(extra.get(name, '')))}</td>" for name in COUNTS)
    complete = {True: "yes", False: "no"}.get(extra.get("complete"), "")
    run = escape(str(event["run"] or ""))
    if event["run"] and event["dag"]:
        href = f"{airflow}/dags/{quote(event['dag'], safe='')}/runs/{quote(event['run'], safe='')}"
        run = f'<a data-airflow href="{escape(href)}">{run}</a>'
    return f"<tr>{cells}<td>{complete}</td><td>{run}</td></tr>"
