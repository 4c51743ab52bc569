"""Fetch rows of an HR source: a query, a file, or what another task hands over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseHook, XComArg

from calcom_provider.hr.errors import HrSettingsError, SourceError
from calcom_provider.hr.mapping import SourceFormat
from calcom_provider.hr.sources import Rows, from_frame, from_records, from_table

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

_KEYS = {"sql", "conn_id", "parameters", "path"}


def is_data(source: Any) -> bool:
    """Say whether a source is data, or a reference to it, and so must never be rendered.

    :param source: what an operator was given
    """
    return source is not None and not isinstance(source, str | Mapping)


def fetch(source: Any, context: Context, how: SourceFormat | None) -> Rows | None:
    """Return the rows of a source, None when there is none.

    :param source: ``{"sql": ..., "conn_id": ...}``, a path or ``{"path": ..., "conn_id": ...}`` (any object
        storage that ``ObjectStoragePath`` knows), records, a data frame, or the output of another task
    :param context: the task's context
    :param how: how a file is taken apart
    :raises SourceError: when it cannot be read
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
        return _described(source, how)
    if hasattr(source, "itertuples"):
        return from_frame(source)
    return from_records(source)


def _described(source: Mapping[str, Any], how: SourceFormat | None) -> Rows:
    if unknown := sorted(set(source) - _KEYS):
        raise HrSettingsError(f"source: unknown key {', '.join(unknown)}; known: {', '.join(sorted(_KEYS))}")
    if bool(source.get("sql")) == bool(source.get("path")):
        raise HrSettingsError("source: needs either sql and conn_id, or path")
    if source.get("sql"):
        return _query(source)
    return (how or SourceFormat()).read(_file(str(source["path"]), source.get("conn_id")))


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
