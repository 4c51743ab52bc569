"""Find the store of events and the secrets of webhooks that Airflow connections name."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import sqlalchemy as sa
from airflow.providers.common.compat.sdk import (
    AirflowConfigException,
    AirflowNotFoundException,
    BaseHook,
    conf,
)

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.events.errors import EventStoreError
from calcom_provider.events.receiver import Limits, Receiver
from calcom_provider.events.store.database import ANOTHER
from calcom_provider.events.store.store import EventStore
from calcom_provider.hooks.calcom import CalComHook
from calcom_provider.hooks.sql import target_of
from calcom_provider.warehouse.backends.registry import backend_class, create_private_file, identity_of

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Connection

SECTION = "calcom"
#: Seconds for which the secrets of connections are believed.
REMEMBERED = 60.0


def event_store(events_conn_id: str) -> EventStore:
    """Open the store of events that a connection names.

    :param events_conn_id: Airflow connection of an SQL database that several processes may write to.
    :raises ConfigurationError: if it is Airflow's own database, or none that can hold events.
    """
    store = store_of(BaseHook.get_connection(events_conn_id))
    # What cannot be reached at this moment is said by who uses it.
    with suppress(EventStoreError):
        store.database.prepare()
    return store


def store_of(connection: Connection) -> EventStore:
    """Open the store of events of a connection that was looked up already.

    Nothing is connected to yet: whether it is Airflow's own database the first use says, by a ConfigurationError.

    :param connection: the connection.
    :raises ConfigurationError: if it is none that can hold events.
    """
    target = target_of(connection)
    if isinstance(target, sa.Engine):
        create_private_file(target)
    return EventStore.open(target, partial(_refuse_metadata, connection.conn_id))


def webhook_secret(connection: Connection) -> str:
    """Return the secret of a connection's webhooks, empty without one.

    :param connection: connection of type ``calcom``.
    """
    return CalComHook.of(connection).settings.webhook_secret


def secrets_of(
    conn_ids: Iterable[str], clock: Callable[[], float] = time.monotonic
) -> Callable[[int], str | None]:
    """Return a function that gives the secret of an organisation, from connections that are read once a minute.

    :param conn_ids: connections of type ``calcom``; each names its organisation and its secret.
    :param clock: seconds that never go back.
    """
    names = list(conn_ids)
    held: dict[int, str] = {}
    read_at = [float("-inf")]

    def secret_of(organization_id: int) -> str | None:
        if clock() - read_at[0] > REMEMBERED:
            fresh = dict(_secrets(names))
            held.clear()
            held.update(fresh)
            read_at[0] = clock()
        return held.get(organization_id)

    return secret_of


def _secrets(conn_ids: Iterable[str]) -> Iterable[tuple[int, str]]:
    for conn_id in conn_ids:
        try:
            connection = BaseHook.get_connection(conn_id)
        except AirflowNotFoundException:
            continue
        settings = CalComHook.of(connection).settings
        if settings.organization_id and settings.webhook_secret:
            yield settings.organization_id, settings.webhook_secret


def receiver() -> Receiver:
    """Make the receiver that Airflow's configuration describes, section ``calcom``.

    :raises ConfigurationError: if no connection of a store is named, or that of Airflow's own database.
    :raises EventStoreError: if the store cannot be used.
    """
    events_conn_id = conf.get(SECTION, "events_conn_id", fallback="") or ""
    if not events_conn_id:
        raise ConfigurationError(
            "No store of events is named.",
            advice="Set events_conn_id in section calcom of Airflow's configuration.",
        )
    conn_ids = conf.get(SECTION, "webhook_conn_ids", fallback="") or CalComHook.default_conn_name
    usual = Limits()
    limits = Limits(
        tolerance=conf.getfloat(SECTION, "webhook_tolerance", fallback=usual.tolerance),
        rate=conf.getfloat(SECTION, "webhook_rate", fallback=usual.rate),
    )
    names = [one.strip() for one in conn_ids.split(",") if one.strip()]
    store = event_store(events_conn_id)
    # Where the store cannot be used, this is said here, and not with every delivery.
    store.database.prepare()
    return Receiver(store, secrets_of(names), limits)


def _refuse_metadata(conn_id: str, store: sa.Connection) -> None:
    """Refuse Airflow's own database, by whatever address it was reached."""
    url = _metadata_url()
    if url is None or backend_class(url) is not backend_class(store.engine):
        return
    # Addresses say too little: of one database there are names, numbers, sockets, links and drivers.
    try:
        own = _metadata_identity(url)
    except Exception as error:
        # What a driver says may hold a password.
        raise ConfigurationError(
            f"It cannot be told whether connection {conn_id!r} leads to Airflow's own database, which did not answer"
            f" ({type(error).__name__}).",
            advice="Keep events in a database of another kind, or see that Airflow's can be reached from here.",
        ) from None
    if own is not None and own == identity_of(store):
        raise ConfigurationError(f"Connection {conn_id!r} leads to Airflow's own database.", advice=ANOTHER)


def _metadata_identity(url: sa.URL) -> tuple[str, ...] | None:
    options = conf.getimport("database", "sql_alchemy_connect_args", fallback=None) or {}
    engine = sa.create_engine(url, poolclass=sa.NullPool, hide_parameters=True, connect_args=dict(options))
    with engine.connect() as connection:
        return identity_of(connection)


def _metadata_url() -> sa.URL | None:
    try:
        url = sa.make_url(conf.get("database", "sql_alchemy_conn"))
        url.get_dialect()
    except (AirflowConfigException, sa.exc.ArgumentError):
        # Workers are not told where it is.
        return None
    return url
