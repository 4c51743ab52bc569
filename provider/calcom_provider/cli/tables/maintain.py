"""The command that tends the tables of a lakehouse."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from calcom_provider.cli.connection import AsJson, Prefix, Schema, Target, open_warehouse


def maintain_command(
    *,
    to: Target,
    retention_hours: Annotated[
        float,
        typer.Option(min=0, help="Hours for which old snapshots stay readable; no run may last longer."),
    ] = 168.0,
    schema: Schema = None,
    prefix: Prefix = "calcom_",
    as_json: AsJson = False,
) -> int:
    """Tend a lakehouse: write small files together, give up old snapshots, delete the files that nothing names."""
    from dataclasses import asdict

    from calcom_provider.warehouse.backends.lakehouse.maintenance import maintain

    warehouse = open_warehouse(to, schema, prefix, must_exist=True)
    try:
        done = maintain(warehouse.backend, prefix, retention_hours=retention_hours)
    finally:
        warehouse.close()
    if as_json:
        typer.echo(json.dumps({name: asdict(one) for name, one in done.items()}))
        return 0
    for name, one in done.items():
        if one.compacted or one.expired or one.removed:
            typer.echo(
                f"{name}: {one.compacted} partitions compacted, {one.expired} snapshots expired,"
                f" {one.removed} files removed"
            )
    return 0
