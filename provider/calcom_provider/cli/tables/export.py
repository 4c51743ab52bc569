"""The command that writes tables into files."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from calcom_provider.cli.connection import AsJson, Prefix, Schema, Target, open_warehouse


class Kind(StrEnum):
    """Name the kinds of files."""

    parquet = "parquet"
    csv = "csv"


def export_command(
    *,
    to: Target,
    table: Annotated[list[str], typer.Argument(help="Tables, without their prefix.")],
    out: Annotated[Path, typer.Option(help="Folder of the files, which are named TABLE.KIND.")] = Path(),
    kind: Annotated[Kind, typer.Option("--format", help="Kind of the files.")] = Kind.parquet,
    schema: Schema = None,
    prefix: Prefix = "calcom_",
    as_json: AsJson = False,
) -> int:
    """Write tables into files that you alone may read: Parquet or CSV.

    Times are UTC. In CSV, null and an empty text are both an empty field.
    """
    from calcom_provider.resources import registry
    from calcom_provider.warehouse.export import export

    declared = registry.tables()
    counts = {}
    warehouse = open_warehouse(to, schema, prefix, must_exist=True)
    try:
        for name in table:
            key = declared[name].key if name in declared else ()
            path = out / f"{name}.{kind.value}"
            counts[name] = export(warehouse, prefix + name, path, kind=kind.value, key=key)
            if not as_json:
                typer.echo(f"{path}: {counts[name]} rows")
    finally:
        warehouse.close()
    if as_json:
        typer.echo(json.dumps(counts))
    return 0
