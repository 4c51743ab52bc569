"""Wait for a condition in Cal.com without holding a worker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from airflow.providers.common.compat.connection import get_async_connection
from airflow.triggers.base import BaseTrigger, TriggerEvent

from calcom_provider.api.errors import CalComError
from calcom_provider.hooks.calcom import CalComHook
from calcom_provider.hooks.error_mapping import HOPELESS, one_line
from calcom_provider.triggers.conditions import Found, check


class CalComConditionTrigger(BaseTrigger):
    """Ask again and again whether a condition holds, until it does or the deadline has passed.

    Ends with one event, whose ``status`` is ``success`` (with ``found``), ``timeout`` or ``error`` (with
    ``message``). Failures that may pass, such as a broken connection or a rate limit, are logged and
    survived.

    :param calcom_conn_id: Airflow connection of type ``calcom``.
    :param condition: what to wait for; see :mod:`calcom_provider.triggers.conditions`.
    :param poll_interval: seconds between two questions.
    :param deadline: the moment to give up, in seconds since 1970; it holds whatever the worker was told.
    :param organization_id: organisation to look into; default the connection's.
    """

    def __init__(
        self,
        *,
        calcom_conn_id: str,
        condition: dict[str, Any],
        poll_interval: float,
        deadline: float,
        organization_id: int | None = None,
    ) -> None:
        super().__init__()
        self.calcom_conn_id = calcom_conn_id
        self.condition = condition
        self.poll_interval = poll_interval
        self.deadline = deadline
        self.organization_id = organization_id
        self._hook: CalComHook | None = None

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return this class's path and what it was made with."""
        return (
            "calcom_provider.triggers.calcom.CalComConditionTrigger",
            {
                "calcom_conn_id": self.calcom_conn_id,
                "condition": self.condition,
                "poll_interval": self.poll_interval,
                "deadline": self.deadline,
                "organization_id": self.organization_id,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, and yield the one event."""
        while True:
            # Asleep before the first question too: an event that comes within the scheduler's own loop is
            # lost.
            await asyncio.sleep(max(0.0, min(self.poll_interval, self.deadline - time.time())))
            try:
                found = await self._ask()
            except HOPELESS as error:
                yield TriggerEvent({"status": "error", "message": one_line(error)})
                return
            except CalComError as error:
                self.log.warning("Asking again in %.0f s: %s", self.poll_interval, one_line(error))
                found = None
            if found is not None:
                yield TriggerEvent({"status": "success", "found": found})
                return
            if time.time() >= self.deadline:
                yield TriggerEvent({"status": "timeout"})
                return

    async def _ask(self) -> Found | None:
        if self._hook is None:
            connection = await get_async_connection(self.calcom_conn_id)
            self._hook = CalComHook.of(connection, organization_id=self.organization_id)
        # The client waits for the rate limit and for the network; the triggerer's loop must not.
        return await asyncio.to_thread(check, self._hook.get_conn(), self.condition)

    async def cleanup(self) -> None:
        """Close the connections to Cal.com."""
        if self._hook is not None:
            self._hook.close()
