"""Options that name the API and the warehouse, and what is made of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from calcom_provider.cli.failures import WRONG_CALL, CommandError

if TYPE_CHECKING:
    from calcom_provider.api.auth import Auth
    from calcom_provider.api.client import CalComClient
    from calcom_provider.warehouse import Warehouse

API = "The API"
TARGET = "The warehouse"

BaseUrl = Annotated[
    str | None,
    typer.Option(
        envvar="CALCOM_BASE_URL", help="Address of the API; Cal.com's cloud if empty.", rich_help_panel=API
    ),
]
KeyFile = Annotated[
    str | None,
    typer.Option(
        help="File with the API key, - for standard input; else CALCOM_API_KEY. No option takes"
        " the key itself: others can see command lines.",
        rich_help_panel=API,
    ),
]
OrganizationId = Annotated[
    int | None,
    typer.Option(
        envvar="CALCOM_ORGANIZATION_ID", help="Organisation; the key's own if empty.", rich_help_panel=API
    ),
]
ClientId = Annotated[
    str | None,
    typer.Option(
        envvar="CALCOM_CLIENT_ID",
        help="Platform client; its secret is read from CALCOM_CLIENT_SECRET or --api-key-file.",
        rich_help_panel=API,
    ),
]
StateStore = Annotated[
    str | None,
    typer.Option(
        envvar="CALCOM_STATE_STORE",
        help="Where the request count is shared: a folder, redis:// or postgresql://.",
        rich_help_panel=API,
    ),
]
AssumedLimit = Annotated[
    int,
    typer.Option(
        envvar="CALCOM_ASSUMED_LIMIT",
        min=0,
        help="Requests a minute until the API states its limit; 0 for servers that have none.",
        rich_help_panel=API,
    ),
]
Attempts = Annotated[
    int,
    typer.Option(
        envvar="CALCOM_ATTEMPTS",
        min=1,
        help="How often a request is tried when the API cannot be reached or fails.",
        rich_help_panel=API,
    ),
]
Target = Annotated[
    str,
    typer.Option(
        "--to", envvar="CALCOM_WAREHOUSE_URL", help="SQLAlchemy URL of the database.", rich_help_panel=TARGET
    ),
]
OptionalTarget = Annotated[
    str | None,
    typer.Option(
        "--to", envvar="CALCOM_WAREHOUSE_URL", help="SQLAlchemy URL of the database.", rich_help_panel=TARGET
    ),
]
Schema = Annotated[
    str | None,
    typer.Option(help="Schema of the tables; the connection's default if empty.", rich_help_panel=TARGET),
]
Prefix = Annotated[str, typer.Option(help="What every table name begins with.", rich_help_panel=TARGET)]


def credential(key_file: str | None, client_id: str | None) -> Auth:
    """Return the credential that options and environment name.

    :param key_file: file with the key or the client's secret, ``-`` for standard input
    :param client_id: id of a platform client
    """
    from calcom_provider.api.auth import ApiKey, PlatformClient

    secret = _secret(key_file)
    if client_id:
        secret = secret or os.environ.get("CALCOM_CLIENT_SECRET", "").strip()
        if not secret:
            raise CommandError("A platform client needs its secret: set CALCOM_CLIENT_SECRET.", WRONG_CALL)
        return PlatformClient(client_id, secret)
    secret = secret or os.environ.get("CALCOM_API_KEY", "").strip()
    if not secret:
        raise CommandError("There is no API key: set CALCOM_API_KEY or use --api-key-file.", WRONG_CALL)
    return ApiKey(secret)


def open_client(
    *,
    base_url: str | None,
    key_file: str | None,
    organization_id: int | None,
    client_id: str | None,
    state_store: str | None,
    assumed_limit: int = 120,
    attempts: int = 8,
) -> CalComClient:
    """Open a client of the API.

    :param base_url: address of the API, None for Cal.com's cloud
    :param key_file: as for :func:`credential`
    :param organization_id: organisation, None for the credential's own
    :param client_id: as for :func:`credential`
    :param state_store: where the request count is shared, None for a folder of this user
    :param assumed_limit: requests a minute until the API states its limit, 0 for none
    :param attempts: how often a request is tried
    """
    from calcom_provider.api.base_url import CLOUD
    from calcom_provider.api.client import CalComClient, RetryPolicy
    from calcom_provider.api.rate_limit import governor_for

    auth = credential(key_file, client_id)
    address = base_url or CLOUD
    return CalComClient(
        auth=auth,
        base_url=address,
        organization_id=organization_id,
        governor=governor_for(
            auth, address, state_store, start=(assumed_limit, 60.0) if assumed_limit else None
        ),
        retries=RetryPolicy(attempts=attempts),
        user_agent_suffix="cli",
    )


def open_warehouse(target: str, schema: str | None, prefix: str) -> Warehouse:
    """Open the warehouse.

    :param target: SQLAlchemy URL
    :param schema: schema of the tables
    :param prefix: what their names begin with
    """
    from calcom_provider.warehouse import Warehouse

    return Warehouse(target, schema=schema, prefix=prefix)


def _secret(key_file: str | None) -> str:
    if not key_file:
        return ""
    try:
        text = typer.get_text_stream("stdin").read() if key_file == "-" else Path(key_file).read_text()
    except OSError as error:
        raise CommandError(f"The key file cannot be read ({error.strerror}).", WRONG_CALL) from None
    return text.strip()
