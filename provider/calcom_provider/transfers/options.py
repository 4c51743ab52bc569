"""Turn the sync operator's arguments into the options of a sync run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from airflow.providers.common.compat.sdk import BaseHook

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.operators.arguments import flag, instant, text
from calcom_provider.resources.policy import ColumnPolicy
from calcom_provider.sync import Backfill, SyncOptions, TableOptions
from calcom_provider.sync.option_values import chosen_options

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

FLAGS = ("sensitive", "keep_dropped")

WAIT = "1h"
"""How long an operator waits for another run on the same tables unless it is told otherwise."""


class SyncArguments(Protocol):
    """Hold what an operator was told about how to sync, its templates rendered."""

    mode: str
    deletes: str
    columns: Mapping[str, Any] | None
    hash_conn_id: str | None
    overrides: Mapping[str, Mapping[str, str]] | None
    full: bool | str
    full_every: Any
    overlap: Any
    reread_days: int | str | None
    delete_guard: Mapping[str, Any] | str | None
    confirm_deletes: Mapping[str, Any] | str | None
    wait: Any
    backfill_start: str | None
    backfill_end: str | None


def sync_options(arguments: SyncArguments, context: Context) -> SyncOptions:
    """Return the options of a sync run from an operator's rendered arguments.

    :param arguments: the operator's, its templates rendered.
    :param context: the task's context, for the labels of the run record.
    :raises ConfigurationError: naming the argument that is wrong.
    """
    start, end = text(arguments.backfill_start), text(arguments.backfill_end)
    if (start is None) != (end is None):
        raise ConfigurationError("backfill_start and backfill_end are given both or not at all.")
    backfill = None
    if start is not None and end is not None:
        backfill = Backfill(instant(start, "backfill_start"), instant(end, "backfill_end"))
    return SyncOptions(
        mode=text(arguments.mode) or "auto",  # type: ignore[arg-type]
        deletes=text(arguments.deletes) or "auto",  # type: ignore[arg-type]
        overrides={name: TableOptions(**choice) for name, choice in (arguments.overrides or {}).items()},  # type: ignore[arg-type]
        policy=column_policy(arguments.columns or {}, text(arguments.hash_conn_id)),
        full=flag(arguments.full, "full"),
        backfill=backfill,
        **chosen_options(
            full_every=arguments.full_every,
            overlap=arguments.overlap,
            reread_days=arguments.reread_days,
            delete_guard=arguments.delete_guard,
            confirm_deletes=arguments.confirm_deletes,
            wait=arguments.wait,
        ),
        context=run_labels(context),
    )


def column_policy(choices: Mapping[str, Any], hash_conn_id: str | None) -> ColumnPolicy:
    """Return which columns are stored and how.

    :param choices: see the operator's ``columns``.
    :param hash_conn_id: connection whose password is the key of hashed columns.
    :raises ConfigurationError: for an unknown choice or a missing key.
    """
    key = b""
    if hash_conn_id:
        key = (BaseHook.get_connection(hash_conn_id).password or "").encode()
    flags = {name: flag(choices[name], f"columns.{name}") for name in FLAGS if name in choices}
    return ColumnPolicy.of({**choices, **flags}, key)


def run_labels(context: Context) -> dict[str, str]:
    """Return what the run record says about the Airflow run.

    Runs that a person or an asset started have no logical date; then these keys are missing in the context,
    so none of them is used.

    :param context: the task's context.
    """
    instance = context["ti"]
    return {
        "dag_id": str(instance.dag_id),
        "dag_run_id": str(instance.run_id),
        "task_id": str(instance.task_id),
        "map_index": str(instance.map_index),
        "try_number": str(instance.try_number),
    }
