"""What ``calcom doctor`` looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from calcom_provider.cli.failures import explain

if TYPE_CHECKING:
    from calcom_provider.api.client import CalComClient


def check_api(client: CalComClient) -> bool:
    """Look at the API as it answers now, and print what was seen in a form that is safe to paste.

    :param client: open client
    """
    from calcom_provider.api.doctor import diagnose, render
    from calcom_provider.resources.declared import declared_fields

    diagnosis = diagnose(client, declared_fields())
    typer.echo(render(diagnosis))
    return diagnosis.healthy


def check_warehouse(target: str, schema: str | None, prefix: str) -> bool:
    """Check that the database can be reached and say what it holds.

    :param target: SQLAlchemy URL
    :param schema: schema of the tables
    :param prefix: what their names begin with
    """
    from calcom_provider.warehouse import Warehouse

    try:
        warehouse = Warehouse(target, schema=schema, prefix=prefix)
        try:
            states = warehouse.states({})
        finally:
            warehouse.close()
    except Exception as error:
        return _bad("warehouse", error)
    typer.echo(f"Warehouse: reachable{f', {len(states)} resources known' if states else ''}")
    return True


def _bad(what: str, error: Exception) -> bool:
    typer.echo(f"  {what}: {explain(error)[0]}")
    return False
