"""Tell people when a sync or write-back turns bad, and when it is good again; nothing in between."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from calcom_provider.notifications.calcom import LONGEST, CalComNotifier, tell

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context


class CalComStateNotifier(CalComNotifier):
    """Post one line when the state of a task changes between OK, warning and critical.

    Give it to ``on_success_callback`` and ``on_failure_callback`` of a task. The state is kept in the store of events.

    .. seealso:: :ref:`howto/notifier:CalComStateNotifier`

    :param events_conn_id: Airflow connection of the store of events (templated).
    :param http_conn_id: as for :class:`~calcom_provider.notifications.calcom.CalComNotifier` (templated).
    :param title: what the line starts with (templated); default the DAG and task.
    :param warning_failures: failures in a row from which on it is a warning.
    :param critical_failures: failures in a row from which on it is critical.
    :param warning_missed: rows missed by events from which on a sync is a warning.
    :param critical_missed: rows missed by events from which on a sync is critical.
    """

    template_fields: Sequence[str] = ("events_conn_id", "http_conn_id", "title")

    def __init__(
        self,
        *,
        events_conn_id: str,
        http_conn_id: str | None = None,
        title: str | None = None,
        warning_failures: int = 1,
        critical_failures: int = 3,
        warning_missed: int = 1,
        critical_missed: int = 100,
    ) -> None:
        super().__init__(http_conn_id=http_conn_id, title=title)
        self.events_conn_id = events_conn_id
        self.warning_failures = warning_failures
        self.critical_failures = critical_failures
        self.warning_missed = warning_missed
        self.critical_missed = critical_missed

    def notify(self, context: Context) -> None:
        """Note how the task ended, and send a line if that changes its state.

        :param context: the context of the task that ended.
        """
        from calcom_provider.events.alerts import CRITICAL, AlertStates, Thresholds
        from calcom_provider.hooks.events import event_store

        instance: Any = context["ti"]
        thresholds = Thresholds(
            self.warning_failures, self.critical_failures, self.warning_missed, self.critical_missed
        )
        subject = f"{instance.dag_id}.{instance.task_id}[{instance.map_index}]"[:200]
        store = event_store(self.events_conn_id)
        try:
            states = AlertStates(store.database, time.time)
            if context.get("exception"):
                moved = states.failed(subject, thresholds)
            elif self._is_held(instance):
                moved = states.succeeded(subject, CRITICAL)
            else:
                moved = states.succeeded(subject, thresholds.of_missed(self._missed(instance)))
        finally:
            store.database.close()
        if moved is None:
            return
        before, after = (one.upper() for one in moved)
        title = self.title or f"{instance.dag_id}.{instance.task_id}"
        line = f"{title}: {before} -> {after}: {tell(context) or 'nothing changed'}"[:LONGEST]
        if self.http_conn_id:
            self._post(line)
        else:
            self.log.info("%s", line)

    @staticmethod
    def _is_held(instance: Any) -> bool:
        """Tell whether a write-back stands in quarantine."""
        found = instance.xcom_pull(
            task_ids=instance.task_id, map_indexes=instance.map_index, key="quarantine"
        )
        return isinstance(found, Mapping) and found.get("state") in ("began", "lasts")

    @staticmethod
    def _missed(instance: Any) -> int:
        result = instance.xcom_pull(task_ids=instance.task_id, map_indexes=instance.map_index)
        return int(result.get("events_missed") or 0) if isinstance(result, Mapping) else 0
