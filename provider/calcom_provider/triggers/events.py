"""Tell Airflow that events wait, so that DAGs run on them: changes are told, not states, and many at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.connection import get_async_connection
from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from calcom_provider.events.errors import EventStoreError
from calcom_provider.hooks.error_mapping import one_line
from calcom_provider.resources.events import DEBOUNCE, TABLES

if TYPE_CHECKING:
    from calcom_provider.events.store.store import Queue

PATH = "calcom_provider.triggers.events.CalComEventTrigger"
#: Seconds between two looks into the store, and while it cannot be reached.
POLL, POLL_FAILED = 1.0, 15.0


@dataclass(slots=True)
class Debounce:
    """Decide when what waits is told: once for many events, and anew only when something was queued since.

    :param seconds: how long to gather after the first event.
    :param told: when the newest event that was told of had been queued.
    :param since: when the first event was queued that nobody was told of, None without one.
    """

    seconds: float
    told: float = 0.0
    since: float | None = None

    def due(self, queues: Sequence[Queue], now: float) -> bool:
        """Tell whether it is time, which is true once.

        :param queues: what waits.
        :param now: seconds since 1970.
        """
        newest = max((queue.newest for queue in queues), default=0.0)
        if newest <= self.told:
            self.since = None
            return False
        if self.since is None:
            # Older ones wait for an event sync that was told of them.
            oldest = min(queue.oldest for queue in queues)
            self.since = oldest if oldest > self.told else min(newest, now)
        if now - self.since < self.seconds:
            return False
        self.told, self.since = newest, None
        return True


class CalComEventTrigger(BaseEventTrigger):
    """Fire when events have waited for a while: once for all of them, and again only when others came.

    Triggers on one store share one look into it where Airflow shares streams (3.3). What an event sync leaves waiting
    is told again when it is queued anew; a triggerer that starts tells once of what waits.

    :param events_conn_id: Airflow connection of the store.
    :param organization_id: whose events; None for those of all organisations.
    :param resources: of which tables; default all that events name.
    :param debounce: seconds to gather after the first event, 10 by default.
    """

    def __init__(
        self,
        *,
        events_conn_id: str,
        organization_id: int | None = None,
        resources: Sequence[str] = tuple(TABLES),
        debounce: float = DEBOUNCE,
    ) -> None:
        super().__init__()
        self.events_conn_id = events_conn_id
        self.organization_id = organization_id
        self.resources = list(resources)
        self.debounce = debounce

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return this class's path and what it was made with."""
        return (
            PATH,
            {
                "events_conn_id": self.events_conn_id,
                "organization_id": self.organization_id,
                "resources": self.resources,
                "debounce": self.debounce,
            },
        )

    def shared_stream_key(self) -> Hashable:
        """Return what triggers have in common that share a look into the store."""
        return ("calcom-events", self.events_conn_id)

    @classmethod
    async def open_shared_stream(cls, kwargs: dict[str, Any]) -> AsyncIterator[Any]:
        """Look into the store, again and again, and yield what waits.

        :param kwargs: arguments of one of the triggers.
        """
        # Imported here: DAG files that name the trigger are parsed without what a database needs.
        from calcom_provider.hooks.events import store_of

        store = None
        try:
            while True:
                try:
                    if store is None:
                        store = store_of(await get_async_connection(kwargs["events_conn_id"]))
                    yield await asyncio.to_thread(store.queues)
                    pause = POLL
                except EventStoreError as error:
                    cls._complain(one_line(error))
                    pause = POLL_FAILED
                await asyncio.sleep(pause)
        finally:
            if store is not None:
                store.database.close()

    async def filter_shared_stream(self, shared_stream: AsyncIterator[Any]) -> AsyncIterator[TriggerEvent]:
        """Yield an event whenever enough time has passed since something new began to wait.

        :param shared_stream: what waits, as often as somebody looked.
        """
        debounce = Debounce(self.debounce)
        async for found in shared_stream:
            queues = [queue for queue in found if self._wants(queue)]
            if debounce.due(queues, time.time()):
                yield TriggerEvent(self._payload(queues))

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Do the same with a stream of its own, where Airflow shares none."""
        async for event in self.filter_shared_stream(self.open_shared_stream(self.serialize()[1])):
            yield event

    @classmethod
    def _complain(cls, text: str) -> None:
        import logging

        logging.getLogger(__name__).warning("Looking into the store of events again: %s", text)

    def _wants(self, queue: Queue) -> bool:
        return queue.resource in self.resources and self.organization_id in (None, queue.organization_id)

    def _payload(self, queues: Sequence[Queue]) -> dict[str, Any]:
        """Return what the asset event says: organisations, tables and numbers."""
        return {
            "organizations": sorted({queue.organization_id for queue in queues}),
            "rows": {
                name: sum(one.rows for one in queues if one.resource == name) for name in self.resources
            },
            "queued_until": max(queue.newest for queue in queues),
        }
