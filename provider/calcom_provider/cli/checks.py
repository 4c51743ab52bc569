"""What ``calcom doctor`` looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from calcom_provider.cli.failures import explain

if TYPE_CHECKING:
    from calcom_provider.api.client import CalComClient


def check_api(client: CalComClient) -> bool:
    """Check that the credential works, belongs to an organisation and may read it.

    :param client: open client
    """
    typer.echo(f"API: {client.base_url}")
    try:
        me = client.me()
    except Exception as error:
        return _bad("credential", error)
    typer.echo(f"  credential: accepted, acts as user {me['id']}")
    good = True
    if client.organization_id is None:
        typer.echo("  organisation: none; the account's own lists can be read (--resources group:account)")
    else:
        for operation, meaning in (
            ("org_users.list", "people can be read (organisation admin)"),
            ("org_attributes.list", "attributes can be read"),
        ):
            try:
                client.send(operation, take=1)
                typer.echo(f"  organisation {client.organization_id}: {meaning}")
            except Exception as error:
                good = _bad(operation, error)
    budget = client.governor.snapshot()
    limit = (
        "not stated by the API"
        if budget.limit is None
        else f"{budget.remaining} of {budget.limit} requests left"
    )
    typer.echo(f"  limit: {limit}")
    return good


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
