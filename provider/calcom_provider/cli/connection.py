"""Options that name the API and the warehouse, and what is made of them."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from calcom_provider.cli.error_mapping import WRONG_CALL, CommandError

if TYPE_CHECKING:
    from calcom_provider.api.client import CalComClient
    from calcom_provider.api.http.auth import Auth
    from calcom_provider.events.store.store import EventStore
    from calcom_provider.warehouse import Warehouse

API = "The API"
TARGET = "The warehouse"
#: Variable with the key of hashed columns; no option takes it, because others can see command lines.
HASH_KEY = "CALCOM_HASH_KEY"

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
Bounds = Annotated[
    str,
    typer.Option(
        envvar="CALCOM_BOUNDS",
        help="How much an answer and a list may be: answer_mib=512,answer_seconds=600,row_growth=8,"
        "row_margin=200000,first_rows=50000000; what is not named keeps its default.",
        rich_help_panel=API,
    ),
]
CaFile = Annotated[
    Path | None,
    typer.Option(
        envvar="CALCOM_CA_FILE",
        help="Certificates to trust (PEM), for a Cal.com behind a certificate authority of your own.",
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
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
LedgerUrl = Annotated[
    str | None,
    typer.Option(
        "--ledger",
        envvar="CALCOM_LEDGER_URL",
        help="SQLAlchemy URL of the ledger: PostgreSQL, MySQL, SQLite, duckdb:///file.",
    ),
]


@dataclass(frozen=True, slots=True)
class Api:
    """Hold the options that name the API; a command gets them all by :func:`with_api`.

    :param base_url: address of the API, None for Cal.com's cloud.
    :param api_key_file: file with the key or the client's secret, ``-`` for standard input.
    :param organization_id: organisation, None for the credential's own.
    :param client_id: id of a platform client.
    :param state_store: where the request count is shared, None for a folder of this user.
    :param assumed_limit: requests a minute until the API states its limit, 0 for none.
    :param attempts: how often a request is tried.
    :param ca_file: certificates to trust, None for the system's.
    :param bounds: how much an answer and a list may be, as text; empty for the defaults.
    """

    base_url: BaseUrl = None
    api_key_file: KeyFile = None
    organization_id: OrganizationId = None
    client_id: ClientId = None
    state_store: StateStore = None
    assumed_limit: AssumedLimit = 120
    attempts: Attempts = 8
    ca_file: CaFile = None
    bounds: Bounds = ""

    def open(self) -> CalComClient:
        """Open a client of the API."""
        from calcom_provider.api import bounds
        from calcom_provider.api.client import CalComClient, RetryPolicy
        from calcom_provider.api.http.base_url import CLOUD
        from calcom_provider.api.rate_limit.governor import governor_for

        auth = self._credential()
        if self.ca_file is not None and not self.ca_file.is_file():
            raise CommandError(f"There is no file {self.ca_file} with certificates (--ca-file).", WRONG_CALL)
        address = self.base_url or CLOUD
        start = (self.assumed_limit, 60.0) if self.assumed_limit else None
        return CalComClient(
            auth=auth,
            base_url=address,
            organization_id=self.organization_id,
            governor=governor_for(auth, address, self.state_store, start=start),
            retries=RetryPolicy(attempts=self.attempts),
            user_agent_suffix="cli",
            verify=str(self.ca_file) if self.ca_file else True,
            bounds=bounds.Bounds.parse(self.bounds),
        )

    @property
    def secret_variable(self) -> str:
        """Return the environment variable that the secret is read from."""
        return "CALCOM_CLIENT_SECRET" if self.client_id else "CALCOM_API_KEY"

    def _credential(self) -> Auth:
        from calcom_provider.api.http.auth import ApiKey, PlatformClient

        secret = _secret(self.api_key_file) or os.environ.get(self.secret_variable, "").strip()
        if self.client_id:
            if not secret:
                raise CommandError(
                    "A platform client needs its secret: set CALCOM_CLIENT_SECRET.", WRONG_CALL
                )
            return PlatformClient(self.client_id, secret)
        if not secret:
            raise CommandError(
                "There is no API key: set CALCOM_API_KEY or use --api-key-file. An administrator of the organisation"
                " makes one in Cal.com, Settings, Security, API keys.",
                WRONG_CALL,
            )
        return ApiKey(secret)


def with_api(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command the options of :class:`Api`; it takes them as its parameter ``api``.

    :param command: the command's function.
    """
    hints = get_type_hints(command, include_extras=True)
    types = get_type_hints(Api, include_extras=True)
    options = [
        inspect.Parameter(
            one.name, inspect.Parameter.KEYWORD_ONLY, default=one.default, annotation=types[one.name]
        )
        for one in fields(Api)
    ]
    own = inspect.signature(command)
    kept = [
        one.replace(annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY)
        for name, one in own.parameters.items()
        if name != "api"
    ]

    @functools.wraps(command)
    def run(**given: Any) -> int:
        api = Api(**{one.name: given.pop(one.name) for one in options})
        return command(**given, api=api)

    signature = own.replace(parameters=[*kept, *options], return_annotation=int)
    vars(run).update(__signature__=signature)
    run.__annotations__ = {one.name: one.annotation for one in signature.parameters.values()}
    return run


def names(text: str) -> frozenset[str]:
    """Return the names of an option that takes several.

    :param text: names with commas between.
    """
    return frozenset(name.strip() for name in text.split(",") if name.strip())


def open_event_store(url: str) -> EventStore:
    """Open the store of events.

    :param url: SQLAlchemy URL of its database.
    """
    from calcom_provider.events.store.store import EventStore
    from calcom_provider.warehouse.backends.registry import create_private_file

    store = EventStore.open(url)
    create_private_file(store.database.engine)
    return store


def open_warehouse(target: str, schema: str | None, prefix: str, *, must_exist: bool = False) -> Warehouse:
    """Open the warehouse.

    :param target: SQLAlchemy URL.
    :param schema: schema of the tables.
    :param prefix: what their names begin with.
    :param must_exist: refuse a database file that is not there.
    """
    from calcom_provider.warehouse import Warehouse

    return Warehouse(target, schema=schema, prefix=prefix, must_exist=must_exist)


def hash_key() -> bytes:
    """Return the key of hashed columns that ``CALCOM_HASH_KEY`` holds; empty without it."""
    return os.environ.get(HASH_KEY, "").encode()


def _secret(key_file: str | None) -> str:
    if not key_file:
        return ""
    try:
        text = typer.get_text_stream("stdin").read() if key_file == "-" else Path(key_file).read_text()
    except OSError as error:
        raise CommandError(f"The key file cannot be read ({error.strerror}).", WRONG_CALL) from None
    return text.strip()
