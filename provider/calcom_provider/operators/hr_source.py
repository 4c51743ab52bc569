"""Fetch rows of an HR source: a query, a file, or what another task hands over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseHook, XComArg

from calcom_provider.hr.errors import HrSettingsError, SourceError
from calcom_provider.hr.sources.feed import fetch_feed
from calcom_provider.hr.sources.rows import Rows, from_frame, from_records, from_table, read_json

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

_KEYS = {"sql", "conn_id", "parameters", "path", "feed_conn_id"}

Read = Callable[[bytes], Rows]


def is_data(source: Any) -> bool:
    """Say whether a source is data, or a reference to it, and so must never be rendered.

    :param source: what an operator was given.
    """
    return source is not None and not isinstance(source, str | Mapping)


def fetch(source: Any, context: Context, read: Read | None) -> Rows | None:
    """Return the rows of a source, None when there is none.

    :param source: ``{"sql": ..., "conn_id": ...}``, a path or ``{"path": ..., "conn_id": ...}`` (any object
        storage that ``ObjectStoragePath`` knows), ``{"feed_conn_id": ...}`` (the connection whose password is
        the address of a calendar feed), records, a data frame, or the output of another task.
    :param context: the task's context.
    :param read: takes a file apart, JSON by default.
    :raises SourceError: when it cannot be read.
    """
    if isinstance(source, XComArg):
        source = source.resolve(context)
    if source is None:
        return None
    if isinstance(source, str):
        if not source:
            return None
        source = {"path": source}
    if isinstance(source, Mapping):
        return _described(source, read or read_json)
    if hasattr(source, "itertuples"):
        return from_frame(source)
    return from_records(source)


def _described(source: Mapping[str, Any], read: Read) -> Rows:
    if unknown := sorted(set(source) - _KEYS):
        raise HrSettingsError(f"source: unknown key {', '.join(unknown)}; known: {', '.join(sorted(_KEYS))}")
    if sum(bool(source.get(name)) for name in ("sql", "path", "feed_conn_id")) != 1:
        raise HrSettingsError("source: needs sql and conn_id, or path, or feed_conn_id")
    if source.get("sql"):
        return _query(source)
    if source.get("feed_conn_id"):
        return read(_feed(str(source["feed_conn_id"])))
    return read(_file(str(source["path"]), source.get("conn_id")))


def _feed(conn_id: str) -> bytes:
    # A connection's password is masked wherever Airflow writes, and kept by a secrets backend.
    address = BaseHook.get_connection(conn_id).password
    if not address:
        raise HrSettingsError(
            f"source: the password of connection {conn_id} holds the calendar feed's address"
        )
    return fetch_feed(address, f"connection {conn_id}")


def _query(source: Mapping[str, Any]) -> Rows:
    from airflow.providers.common.sql.hooks.handlers import fetch_all_handler

    if not source.get("conn_id"):
        raise HrSettingsError("source: sql needs conn_id")
    hook: Any = BaseHook.get_hook(source["conn_id"])
    columns: list[str] = []

    def keep(cursor: Any) -> Any:
        columns.extend(one[0] for one in cursor.description or ())
        return fetch_all_handler(cursor)

    try:
        rows = hook.run(source["sql"], parameters=source.get("parameters"), handler=keep)
    except Exception as error:
        # A driver's message may quote a row.
        raise SourceError(f"the query on {source['conn_id']} failed ({type(error).__name__})") from None
    return from_table(columns, rows or [])


def _file(path: str, conn_id: str | None) -> bytes:
    from airflow.sdk import ObjectStoragePath

    place = ObjectStoragePath(path, conn_id=conn_id) if conn_id else ObjectStoragePath(path)
    try:
        return place.read_bytes()
    except OSError as error:
        raise SourceError(f"{path} cannot be read ({error.strerror or type(error).__name__})") from None
