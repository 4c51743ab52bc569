"""Tell people what a sync or a write-back did, or why it was refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseHook, BaseNotifier

from calcom_provider.hooks.error_mapping import one_line

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

SECONDS = (5.0, 15.0)
LONGEST = 600


class CalComNotifier(BaseNotifier):
    """Post one line about a task to a chat: what changed, or why it failed.

    Made for ``on_success_callback`` and ``on_failure_callback`` of tasks. The line names counts, tables and
    reasons, never people. A write-back in quarantine is told once when that begins and once when it ends,
    and by nothing in between. It goes to an incoming web hook that takes ``{"text": ...}``, as Slack,
    Mattermost, Rocket.Chat and Teams have them, or into the log where no connection is named.

    .. seealso:: :ref:`howto/notifier:CalComNotifier`

    :param http_conn_id: Airflow connection of the web hook (templated): its address as host, the secret
        last part of the address, if any, as password.
    :param title: what the line starts with (templated); default the task and its DAG run.
    :param only_changes: stay silent about syncs that changed nothing.
    """

    template_fields: Sequence[str] = ("http_conn_id", "title")

    def __init__(
        self, *, http_conn_id: str | None = None, title: str | None = None, only_changes: bool = False
    ) -> None:
        super().__init__()
        self.http_conn_id = http_conn_id
        self.title = title
        self.only_changes = only_changes

    def notify(self, context: Context) -> None:
        """Send the line.

        :param context: the context of the task that ended.
        """
        instance = context["ti"]
        quarantine = _quarantine(instance)
        if quarantine.get("state") == "lasts":
            return  # it was told when it began, and it will be told when it ends
        told = describe_quarantine(quarantine) if quarantine.get("state") == "began" else tell(context)
        if quarantine.get("state") == "ended":
            told = "; ".join(one for one in (describe_quarantine(quarantine), told) if one)
        if told is None and self.only_changes:
            return
        title = self.title or f"{instance.dag_id}.{instance.task_id} ({instance.run_id})"
        line = f"{title}: {told or 'nothing changed'}"[:LONGEST]
        if self.http_conn_id:
            self._post(line)
        else:
            self.log.info("%s", line)

    def _post(self, line: str) -> None:
        import requests

        connection = BaseHook.get_connection(str(self.http_conn_id))
        address = (connection.host or "").rstrip("/")
        if "://" not in address:
            address = f"https://{address}"
        if connection.password:
            address = f"{address}/{connection.password}"
        try:
            answer = requests.post(address, json={"text": line}, timeout=SECONDS)
        except requests.RequestException as error:
            # The library's message shows the address, whose last part is a secret.
            raise RuntimeError(f"The web hook cannot be reached ({type(error).__name__}).") from None
        if not answer.ok:
            raise RuntimeError(f"The web hook answered with status {answer.status_code}.")


def _quarantine(instance: Any) -> Mapping[str, Any]:
    found = instance.xcom_pull(task_ids=instance.task_id, map_indexes=instance.map_index, key="quarantine")
    return found if isinstance(found, Mapping) else {}


def describe_quarantine(quarantine: Mapping[str, Any]) -> str:
    """Return what happened to a write-back's quarantine, in words.

    :param quarantine: what the task said of it.
    """
    where = f"quarantine of namespace {quarantine['namespace']} ({quarantine['kind']})"
    if quarantine["state"] == "ended":
        how = quarantine["ended_as"].replace("_", " ")
        told = ", ".join(f"{_named(one)} {one['observed']:g}" for one in quarantine.get("confirmed", ()))
        return f"{where} ended: {how}{f' {told}' if told else ''}"
    told = ", ".join(
        f"{_named(one)} {one['observed']:g}"
        + (f" (limit {one['limit']:g})" if one["limit"] is not None else "")
        for one in quarantine["guards"]
    )
    return f"{where} began: {told}; nothing is written until plan {quarantine['plan_id']} is confirmed"


def _named(guard: Mapping[str, Any]) -> str:
    """Name a guard as a confirmation does, so that two of one name are told apart."""
    return f"{guard['guard']}:{guard['subject']}" if guard.get("subject") else str(guard["guard"])


def tell(context: Context) -> str | None:
    """Return what happened, in words; None for a sync that changed nothing.

    :param context: the context of the task that ended.
    """
    failure = context.get("exception")
    if failure:
        return f"failed: {one_line(failure) if isinstance(failure, BaseException) else failure}"
    instance: Any = context["ti"]
    result = instance.xcom_pull(task_ids=instance.task_id, map_indexes=instance.map_index)
    if isinstance(result, Mapping) and {"organization_id", "tables"} <= result.keys():
        return describe_sync(result)
    if isinstance(result, Mapping) and {"organizations", "worst_age", "line"} <= result.keys():
        return str(result["line"])
    if isinstance(result, Mapping):
        counts = [f"{name} {value}" for name, value in result.items() if isinstance(value, int | str)]
        return ", ".join(counts) or "done"
    return "done"


def describe_sync(result: Mapping[str, Any]) -> str | None:
    """Return what a sync did, in words; None if it changed nothing.

    :param result: what the sync's task returned.
    """
    changed = {
        table: counts["inserted"] + counts["updated"] + counts["deleted"]
        for table, counts in result["tables"].items()
    }
    incomplete = [table for table, counts in result["tables"].items() if not counts["complete"]]
    missed = result.get("events_missed") or 0
    if not any(changed.values()) and not incomplete and not missed:
        return None
    parts = [f"{count} rows in {table}" for table, count in changed.items() if count]
    line = f"organization {result['organization_id']}: {', '.join(parts) or 'no rows'} changed"
    line += f" with {result['requests']} requests"
    if missed:
        line += f"; events had missed {missed} rows, the oldest for {result['events_late_seconds']:.0f} s"
    if incomplete:
        line += f"; not proven complete: {', '.join(incomplete)}"
    return line
