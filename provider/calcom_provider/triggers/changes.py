"""Tell Airflow that tables without a webhook have changed, from looks at a few pages of lists."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.connection import get_async_connection
from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from calcom_provider.api.errors import CalComError
from calcom_provider.hooks.calcom import CalComHook
from calcom_provider.hooks.error_mapping import one_line
from calcom_provider.resources.changes import CHECKED, LOOK_EVERY

if TYPE_CHECKING:
    from calcom_provider.events.store.store import EventStore
    from calcom_provider.sync.events.looks import Looked

PATH = "calcom_provider.triggers.changes.CalComChangeTrigger"


class CalComChangeTrigger(BaseEventTrigger):
    """Fire when a look at lists shows something else than the look before; the first look fires too.

    What was seen is remembered in the store of events after it was told, so a triggerer that starts anew loses nothing
    and tells at most once more. Failures are logged and survived.

    :param calcom_conn_id: Airflow connection of type ``calcom``.
    :param events_conn_id: Airflow connection of the store of events.
    :param organization_id: whose lists; None for the connection's own organisation.
    :param resources: of :data:`~calcom_provider.resources.changes.CHECKED`.
    :param every: seconds between two looks.
    """

    def __init__(
        self,
        *,
        calcom_conn_id: str,
        events_conn_id: str,
        organization_id: int | None = None,
        resources: Sequence[str] = CHECKED,
        every: float = LOOK_EVERY,
    ) -> None:
        super().__init__()
        self.calcom_conn_id = calcom_conn_id
        self.events_conn_id = events_conn_id
        self.organization_id = organization_id
        self.resources = list(resources)
        self.every = every
        self._hook: CalComHook | None = None
        self._store: EventStore | None = None

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return this class's path and what it was made with."""
        return (
            PATH,
            {
                "calcom_conn_id": self.calcom_conn_id,
                "events_conn_id": self.events_conn_id,
                "organization_id": self.organization_id,
                "resources": self.resources,
                "every": self.every,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look again and again, and yield an event for every look that differs."""
        while True:
            try:
                done = await self._look()
                if done.changed:
                    yield TriggerEvent(done.to_dict())
                await asyncio.to_thread(self._remember, done)
            except CalComError as error:
                self.log.warning("Looking again in %.0f s: %s", self.every, one_line(error))
            await asyncio.sleep(self.every)

    async def _look(self) -> Looked:
        # Imported here: DAG files that name the trigger are parsed without what a database needs.
        from calcom_provider.hooks.events import store_of
        from calcom_provider.sync.events.looks import look

        if self._hook is None:
            connection = await get_async_connection(self.calcom_conn_id)
            self._hook = CalComHook.of(connection, organization_id=self.organization_id)
        if self._store is None:
            self._store = store_of(await get_async_connection(self.events_conn_id))
        # The client waits for the rate limit and for the network; the triggerer's loop must not.
        client = await asyncio.to_thread(self._hook.get_conn)
        return await asyncio.to_thread(look, client, self._store.looks, self.resources)

    def _remember(self, done: Looked) -> None:
        assert self._store is not None
        self._store.looks.keep_looks(done.organization_id, done.looks)

    async def cleanup(self) -> None:
        """Close the connections."""
        if self._hook is not None:
            self._hook.close()
        if self._store is not None:
            self._store.database.close()
