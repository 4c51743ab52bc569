"""The commands around webhooks: subscribe, receive, merge what they name."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from calcom_provider.cli.connection import (
    Api,
    AsJson,
    Prefix,
    Schema,
    Target,
    hash_key,
    names,
    open_event_store,
    open_warehouse,
    with_api,
)
from calcom_provider.cli.error_mapping import WRONG_CALL, CommandError

if TYPE_CHECKING:
    from calcom_provider.events.subscriptions import Subscriptions

EVENTS = "Events"
#: Variable with the secret that the secrets of webhooks are derived from; no option takes it.
SECRET = "CALCOM_WEBHOOK_SECRET"  # noqa: S105

Store = Annotated[
    str,
    typer.Option(
        envvar="CALCOM_EVENTS_URL",
        help="SQLAlchemy URL of the database that keeps what webhooks name.",
        rich_help_panel=EVENTS,
    ),
]
SecretFile = Annotated[
    Path | None,
    typer.Option(
        help="File with the webhook secret; else CALCOM_WEBHOOK_SECRET. No option takes the secret itself.",
        rich_help_panel=EVENTS,
    ),
]

app = typer.Typer(help="Cal.com's webhooks: subscribe, receive, merge what they name.", no_args_is_help=True)


@app.command("register")
@with_api
def register_command(
    *,
    api: Api,
    url: Annotated[str, typer.Option(help="Address of the receiver as Cal.com reaches it.")],
    store: Store,
    secret_file: SecretFile = None,
    as_json: AsJson = False,
) -> int:
    """Subscribe the organisation to its events; running it again changes nothing."""
    with _subscriptions(store, secret_file, api) as subscriptions:
        done = subscriptions.register(url)
    if as_json:
        typer.echo(json.dumps(done.to_dict()))
        return 0
    typer.echo(
        f"{'Registered' if done.changed else 'Unchanged'}: {len(done.triggers)} triggers to {done.url}"
    )
    if done.dropped:
        typer.echo(f"This server does not know: {', '.join(done.dropped)}")
    return 0


@app.command("list")
@with_api
def list_command(
    *,
    api: Api,
    store: Store,
    secret_file: SecretFile = None,
    as_json: AsJson = False,
) -> int:
    """List the organisation's webhooks, without secrets, and how many deliveries became what."""
    with _subscriptions(store, secret_file, api) as subscriptions:
        found = subscriptions.webhooks()
        counts, others = subscriptions.counts(), subscriptions.counts_of_nobody()
    if as_json:
        typer.echo(
            json.dumps(
                {"webhooks": [asdict(one) for one in found], "deliveries": counts, "of_nobody": others}
            )
        )
        return 0
    for one in found:
        state = "ours" if one.ours else "of others"
        typer.echo(
            f"{one.webhook_id}  {state}  {'on' if one.active else 'off'}  {one.url}  {len(one.triggers)} triggers"
        )
    for title, told in (("deliveries", counts), ("refused unread, or of no organisation here", others)):
        typer.echo(f"{title}: {', '.join(f'{name} {number}' for name, number in told.items()) or 'none'}")
    return 0


@app.command("test")
@with_api
def try_command(
    *,
    api: Api,
    store: Store,
    url: Annotated[str | None, typer.Option(help="Another address of the receiver.")] = None,
    secret_file: SecretFile = None,
    as_json: AsJson = False,
) -> int:
    """Sign a delivery and send it to the registered address."""
    with _subscriptions(store, secret_file, api) as subscriptions:
        status = subscriptions.test(url)
    typer.echo(json.dumps({"status": status}) if as_json else "The receiver took the delivery.")
    return 0


@app.command("rotate")
@with_api
def rotate_command(
    *,
    api: Api,
    store: Store,
    secret_file: SecretFile = None,
    as_json: AsJson = False,
) -> int:
    """Give the subscription a new secret; the one before stays valid for ten minutes."""
    with _subscriptions(store, secret_file, api) as subscriptions:
        generation = subscriptions.rotate()
    typer.echo(json.dumps({"generation": generation}) if as_json else f"Secret {generation} is in use.")
    return 0


@app.command("remove")
@with_api
def remove_command(
    *,
    api: Api,
    store: Store,
    secret_file: SecretFile = None,
    as_json: AsJson = False,
) -> int:
    """End the subscription."""
    with _subscriptions(store, secret_file, api) as subscriptions:
        removed = subscriptions.remove()
    if as_json:
        typer.echo(json.dumps({"removed": removed}))
    else:
        typer.echo("Removed." if removed else "There was no subscription.")
    return 0


@app.command("serve")
def serve_command(
    *,
    store: Store,
    organization_id: Annotated[
        int, typer.Option(envvar="CALCOM_ORGANIZATION_ID", help="Organisation whose events are taken.")
    ],
    secret_file: SecretFile = None,
    host: Annotated[
        str, typer.Option(help="Address to listen on; put a proxy with TLS before it.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8788,
    tolerance: Annotated[float, typer.Option(help="Seconds that the signed time may be off.")] = 900.0,
    rate: Annotated[float, typer.Option(help="Deliveries a second, on average.")] = 100.0,
    trusted_proxies: Annotated[
        str,
        typer.Option(
            help="Addresses of proxies, separated by commas, whose X-Forwarded-For names the sender."
        ),
    ] = "",
) -> int:
    """Take webhooks at http://HOST:PORT/ORGANIZATION until told to stop."""
    import uvicorn

    from calcom_provider.events.asgi import ReceiverApp
    from calcom_provider.events.receiver import Limits, Receiver

    secrets = {organization_id: _secret(secret_file)}
    opened = open_event_store(store)
    receiver = Receiver(opened, secrets.get, Limits(tolerance=tolerance, rate=rate))
    # Before the port is open: a store that cannot be reached is said here, not to Cal.com.
    opened.queues()
    config = uvicorn.Config(
        ReceiverApp(lambda: receiver),
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=trusted_proxies or None,
        ws="none",
        timeout_keep_alive=15,
        timeout_graceful_shutdown=10,
    )
    server = uvicorn.Server(config)
    typer.echo(f"Taking webhooks at http://{host}:{port}/{organization_id}", err=True)
    server.run()
    opened.database.close()
    return 0 if server.started else 1


@app.command("sync")
@with_api
def sync_command(
    *,
    api: Api,
    to: Target,
    store: Store,
    every: Annotated[
        float, typer.Option(min=0, help="Do it again after so many seconds, until told to stop; 0 once.")
    ] = 0.0,
    drop: Annotated[str, typer.Option(help="Columns to leave out, as the sync does.")] = "",
    sensitive: Annotated[bool, typer.Option(help="Load sensitive columns, as the sync does.")] = False,
    include: Annotated[str, typer.Option(help="Columns to load although they are sensitive.")] = "",
    hash_columns: Annotated[
        str, typer.Option("--hash", help="Columns to store hashed, as the sync does.")
    ] = "",
    mode: Annotated[str, typer.Option(help="As the sync does.")] = "auto",
    deletes: Annotated[str, typer.Option(help="As the sync does.")] = "auto",
    delete_guard: Annotated[
        str, typer.Option(help="As the sync does; what it refuses is left to the sync.")
    ] = "",
    keep_days: Annotated[
        int,
        typer.Option(min=1, help="Days for which the store keeps what was merged.", rich_help_panel=EVENTS),
    ] = 30,
    schema: Schema = None,
    prefix: Prefix = "calcom_",
    as_json: AsJson = False,
) -> int:
    """Merge the rows that webhooks named into tables that a sync keeps."""
    import uuid

    from calcom_provider.resources.policy import ColumnPolicy
    from calcom_provider.sync import SyncOptions, sync_events
    from calcom_provider.sync.option_values import deletion_guard

    stop = threading.Event()
    if every:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
    policy = ColumnPolicy(
        sensitive=sensitive,
        include=names(include),
        drop=names(drop),
        hash=names(hash_columns),
        hash_key=hash_key(),
    )
    options = SyncOptions(
        mode=mode,  # type: ignore[arg-type]
        deletes=deletes,  # type: ignore[arg-type]
        policy=policy,
        delete_guard=deletion_guard(delete_guard, "delete_guard"),
    )
    with ExitStack() as stack:
        warehouse = open_warehouse(to, schema, prefix, must_exist=True)
        stack.callback(warehouse.close)
        client = stack.enter_context(api.open())
        opened = open_event_store(store)
        stack.callback(opened.database.close)
        owner = uuid.uuid4().hex
        while True:
            done = sync_events(client, warehouse, opened, owner=owner, options=options)
            opened.forget_days(keep_days)
            if as_json:
                typer.echo(json.dumps(done.to_dict()))
            elif done.changes or not every:
                typer.echo(
                    f"{done.changes} rows named, {done.merged} merged, {done.left} left, {done.deferred} deferred,"
                    f" {done.requests} requests,"
                    f" {done.late_seconds:.1f} s from the oldest change"
                )
            if not every or stop.wait(every):
                return 0


@app.command("check")
@with_api
def check_command(
    *,
    api: Api,
    store: Store,
    resources: Annotated[
        str, typer.Option(help="What to look at, separated by commas; empty: all that a look tells of.")
    ] = "",
    as_json: AsJson = False,
) -> int:
    """Look whether tables without a webhook have changed since the last look; prints their names, for calcom sync."""
    from calcom_provider.sync.events.looks import look

    with ExitStack() as stack:
        client = stack.enter_context(api.open())
        opened = open_event_store(store)
        stack.callback(opened.database.close)
        done = look(client, opened.looks, sorted(names(resources)))
        typer.echo(json.dumps(done.to_dict()) if as_json else ",".join(done.changed))
        opened.looks.keep_looks(done.organization_id, done.looks)
    return 0


@contextmanager
def _subscriptions(store: str, secret_file: Path | None, api: Api) -> Iterator[Subscriptions]:
    from calcom_provider.events.subscriptions import Subscriptions

    secret = _secret(secret_file)
    opened = open_event_store(store)
    try:
        with api.open() as client:
            yield Subscriptions(client, opened, secret)
    finally:
        opened.database.close()


def _secret(file: Path | None) -> str:
    try:
        text = file.read_text() if file else os.environ.get(SECRET, "")
    except OSError as error:
        raise CommandError(f"The secret file cannot be read ({error.strerror}).", WRONG_CALL) from None
    if not text.strip():
        raise CommandError(f"There is no webhook secret: set {SECRET} or use --secret-file.", WRONG_CALL)
    return text.strip()
