"""Turn the sync operator's arguments into the options of a sync run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseHook

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.operators.arguments import flag, instant, text
from calcom_provider.resources.policy import ColumnPolicy
from calcom_provider.sync import Backfill, SyncOptions, TableOptions

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from calcom_provider.transfers.calcom_to_sql import CalComToSqlOperator

COLUMN_CHOICES = {"sensitive", "include", "select", "drop", "rename", "hash", "schema_evolution"}

WAIT = 3600.0
"""Seconds to wait for another run on the same tables, such as a mapped task of another organisation."""


def sync_options(operator: CalComToSqlOperator, context: Context) -> SyncOptions:
    """Return the options of a sync run from an operator's rendered arguments.

    :param operator: the operator, its templates rendered.
    :param context: the task's context, for the labels of the run record.
    :raises ConfigurationError: naming the argument that is wrong.
    """
    start, end = text(operator.backfill_start), text(operator.backfill_end)
    if (start is None) != (end is None):
        raise ConfigurationError("backfill_start and backfill_end are given both or not at all.")
    backfill = None
    if start is not None and end is not None:
        backfill = Backfill(instant(start, "backfill_start"), instant(end, "backfill_end"))
    return SyncOptions(
        mode=text(operator.mode) or "auto",  # type: ignore[arg-type]
        deletes=text(operator.deletes) or "auto",  # type: ignore[arg-type]
        overrides={name: TableOptions(**choice) for name, choice in (operator.overrides or {}).items()},  # type: ignore[arg-type]
        policy=column_policy(operator.columns or {}, text(operator.hash_conn_id)),
        full=flag(operator.full, "full"),
        backfill=backfill,
        wait=WAIT,
        context=run_labels(context),
    )


def column_policy(choices: Mapping[str, Any], hash_conn_id: str | None) -> ColumnPolicy:
    """Return which columns are stored and how.

    :param choices: see the operator's ``columns``.
    :param hash_conn_id: connection whose password is the key of hashed columns.
    :raises ConfigurationError: for an unknown choice or a missing key.
    """
    unknown = sorted(set(choices) - COLUMN_CHOICES)
    if unknown:
        raise ConfigurationError(
            f"columns has no choice {unknown[0]!r}; there are {', '.join(sorted(COLUMN_CHOICES))}."
        )
    key = b""
    if hash_conn_id:
        key = (BaseHook.get_connection(hash_conn_id).password or "").encode()
    return ColumnPolicy(
        sensitive=flag(choices.get("sensitive", False), "columns.sensitive"),
        include=frozenset(choices.get("include") or ()),
        select={table: frozenset(chosen) for table, chosen in (choices.get("select") or {}).items()},
        drop=frozenset(choices.get("drop") or ()),
        rename=dict(choices.get("rename") or {}),
        hash=frozenset(choices.get("hash") or ()),
        hash_key=key,
        schema_evolution=choices.get("schema_evolution") or "extra",
    )


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
