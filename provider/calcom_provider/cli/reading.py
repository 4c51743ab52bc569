"""The commands that read from Cal.com: sync, plan, resources, doctor."""

from __future__ import annotations

from typing import Annotated

import typer

from calcom_provider.cli.connection import (
    Api,
    AsJson,
    OptionalTarget,
    Prefix,
    Schema,
    Target,
    hash_key,
    names,
    open_event_store,
    open_warehouse,
    with_api,
)
from calcom_provider.cli.error_mapping import DONE, FAILED, WRONG_CALL, CommandError

FLEET = "Many organisations"
ResourceNames = Annotated[
    str, typer.Option(help="Names from `calcom resources`, group:NAME, default or all, with commas between.")
]
FullEvery = Annotated[
    str, typer.Option(help="Read incremental resources in full when that was last done longer ago.")
]
Overlap = Annotated[str, typer.Option(help="How far before the watermark an incremental read begins.")]
RereadDays = Annotated[
    int | None, typer.Option(min=0, help="Days for which ended bookings are read again; 14 if empty.")
]


@with_api
def sync_command(
    *,
    api: Api,
    to: Target,
    resources: ResourceNames = "default",
    mode: Annotated[str, typer.Option(help="auto, merge, replace or history.")] = "auto",
    deletes: Annotated[str, typer.Option(help="auto (remove), ignore, mark or remove.")] = "auto",
    sensitive: Annotated[bool, typer.Option(help="Load sensitive columns (notes, answers, phones).")] = False,
    include: Annotated[str, typer.Option(help="Columns to load although they are sensitive.")] = "",
    drop: Annotated[str, typer.Option(help="Columns to leave out.")] = "",
    hash_columns: Annotated[
        str,
        typer.Option(
            "--hash",
            help="Columns to store as a keyed hash; the key is read from CALCOM_HASH_KEY (16 bytes or more).",
        ),
    ] = "",
    schema_evolution: Annotated[
        str, typer.Option(help="extra, evolve or freeze, for unknown fields.")
    ] = "extra",
    keep_dropped: Annotated[
        bool, typer.Option("--keep-dropped", help="Keep what columns hold that are no longer stored.")
    ] = False,
    full: Annotated[bool, typer.Option("--full", help="Read incremental resources in full.")] = False,
    backfill: Annotated[str, typer.Option(help="START/END (ISO 8601) of incremental resources.")] = "",
    full_every: FullEvery = "7d",
    overlap: Overlap = "10m",
    reread_days: RereadDays = None,
    delete_guard: Annotated[
        str,
        typer.Option(help="What a run may delete from a table: share=0.2,absolute=1000,minimum=50, or off."),
    ] = "",
    confirm_deletes: Annotated[
        str, typer.Option(help="TABLE=ROWS that this run may delete all the same, as the refusal names them.")
    ] = "",
    wait: Annotated[str, typer.Option(help="How long to wait for another run on the same tables.")] = "0s",
    preview: Annotated[bool, typer.Option("--preview", help="Read and compare, publish nothing.")] = False,
    events: Annotated[
        str | None,
        typer.Option(
            "--events",
            envvar="CALCOM_EVENTS_URL",
            help="SQLAlchemy URL of the store of events, to count what they had missed.",
        ),
    ] = None,
    schema: Schema = None,
    prefix: Prefix = "calcom_",
    as_json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress display.")] = False,
) -> int:
    """Read resources of Cal.com into the tables of a database, in one transaction."""
    from contextlib import ExitStack

    from calcom_provider.cli.display import print_result
    from calcom_provider.resources.policy import ColumnPolicy
    from calcom_provider.sync import SyncOptions, sync
    from calcom_provider.sync.option_values import chosen_options

    options = SyncOptions(
        mode=mode,  # type: ignore[arg-type]  # checked by SyncOptions
        deletes=deletes,  # type: ignore[arg-type]
        policy=ColumnPolicy(
            sensitive=sensitive,
            include=names(include),
            drop=names(drop),
            hash=names(hash_columns),
            hash_key=hash_key(),
            schema_evolution=schema_evolution,  # type: ignore[arg-type]
            keep_dropped=keep_dropped,
        ),
        full=full,
        backfill=_backfill(backfill),
        **chosen_options(
            full_every=full_every,
            overlap=overlap,
            reread_days=reread_days,
            delete_guard=delete_guard,
            confirm_deletes=confirm_deletes,
            wait=wait,
        ),
    )
    client = api.open()
    with ExitStack() as stack:
        stack.enter_context(client)
        # The database's driver takes longer to import than the first answer to come.
        client.ask_ahead()
        warehouse = open_warehouse(to, schema, prefix)
        stack.callback(warehouse.close)
        if events:
            from dataclasses import replace

            store = open_event_store(events)
            stack.callback(store.database.close)
            options = replace(options, events=store.named)
        progress = None
        if not (quiet or as_json):
            from calcom_provider.cli.live import ProgressDisplay

            progress = stack.enter_context(ProgressDisplay(client)).take
        result = sync(
            client, warehouse, resources=resources, options=options, progress=progress, dry_run=preview
        )
    print_result(result, as_json=as_json)
    return 0


@with_api
def plan_command(
    *,
    api: Api,
    resources: ResourceNames = "default",
    to: OptionalTarget = None,
    schema: Schema = None,
    prefix: Prefix = "calcom_",
    full: Annotated[bool, typer.Option("--full", help="Plan a read in full.")] = False,
    full_every: FullEvery = "7d",
    overlap: Overlap = "10m",
    reread_days: RereadDays = None,
    ask: Annotated[
        bool,
        typer.Option(help="Ask the API for the length of lists of which nothing is known."),
    ] = True,
    organizations: Annotated[
        str,
        typer.Option(
            help="Plan a run over many: ids with commas between, platform for those that the account manages,"
            " or a JSON file with a list.",
            rich_help_panel=FLEET,
        ),
    ] = "",
    promises: Annotated[
        str,
        typer.Option(help="How old what may get: bookings=1h,group:teams=1d.", rich_help_panel=FLEET),
    ] = "",
    within: Annotated[
        str,
        typer.Option(
            help="How long until the next run begins; everything is read if empty.", rich_help_panel=FLEET
        ),
    ] = "",
    parallel: Annotated[
        int, typer.Option(min=1, help="Syncs that run side by side.", rich_help_panel=FLEET)
    ] = 4,
    as_json: AsJson = False,
) -> int:
    """Tell how many requests and minutes a sync will take, and what is not known about that."""
    from calcom_provider.cli.display import print_plan
    from calcom_provider.sync import SyncOptions, plan
    from calcom_provider.sync.option_values import chosen_options

    options = SyncOptions(
        full=full, **chosen_options(full_every=full_every, overlap=overlap, reread_days=reread_days)
    )

    warehouse = open_warehouse(to, schema, prefix) if to else None
    if warehouse is not None and not warehouse.exists:
        # The first run will make the file; looking must not.
        warehouse = None
    client = api.open()
    with client:
        if organizations:
            from calcom_provider.cli.fleet import print_fleet_plan

            print_fleet_plan(
                client,
                warehouse,
                organizations=organizations,
                resources=resources,
                promises=promises,
                within=within,
                parallel=parallel,
                as_json=as_json,
            )
            return 0
        made = plan(client, warehouse, resources=resources, options=options, ask=ask)
    print_plan(made, as_json=as_json)
    return 0


def resources_command(as_json: AsJson = False) -> int:
    """List what can be read as tables."""
    from calcom_provider.cli.display import print_resources

    print_resources(as_json=as_json)
    return 0


@with_api
def doctor_command(
    *,
    api: Api,
    to: OptionalTarget = None,
    schema: Schema = None,
    prefix: Prefix = "calcom_",
    as_json: AsJson = False,
) -> int:
    """Check the credential, its rights and its limit, and the database."""
    import json

    from calcom_provider.api.doctor import render
    from calcom_provider.cli.checks import check_api, check_warehouse

    client = api.open()
    with client:
        diagnosis = check_api(client)
    if to:
        check_warehouse(diagnosis, to, schema, prefix)
    typer.echo(json.dumps(diagnosis.to_dict()) if as_json else render(diagnosis))
    return DONE if diagnosis.healthy else FAILED


def _backfill(text: str):  # type: ignore[no-untyped-def]  # its type is imported only when used
    if not text:
        return None
    from datetime import UTC, datetime

    from calcom_provider.sync import Backfill

    start, slash, end = text.partition("/")
    try:
        moments = [datetime.fromisoformat(part) for part in (start, end)]
    except ValueError:
        slash, moments = "", []
    if not slash:
        raise CommandError(
            "--backfill is START/END, two ISO 8601 times, such as 2026-01-01/2026-02-01.", WRONG_CALL
        )
    first, last = (moment if moment.tzinfo else moment.replace(tzinfo=UTC) for moment in moments)
    return Backfill(first, last)
