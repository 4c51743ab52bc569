"""The commands that read from Cal.com: sync, plan, resources, doctor."""

from __future__ import annotations

from typing import Annotated

import typer

from calcom_provider.cli.connection import (
    AssumedLimit,
    Attempts,
    BaseUrl,
    ClientId,
    KeyFile,
    OptionalTarget,
    OrganizationId,
    Prefix,
    Schema,
    StateStore,
    Target,
    open_client,
    open_warehouse,
)
from calcom_provider.cli.failures import REFUSED, WRONG_CALL, CommandError

ResourceNames = Annotated[
    str, typer.Option(help="Names from `calcom resources`, group:NAME, default or all, with commas between.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def sync_command(
    *,
    to: Target,
    resources: ResourceNames = "default",
    mode: Annotated[str, typer.Option(help="auto, merge, replace or history.")] = "auto",
    deletes: Annotated[str, typer.Option(help="auto (remove), ignore, mark or remove.")] = "auto",
    sensitive: Annotated[bool, typer.Option(help="Load sensitive columns (notes, answers, phones).")] = False,
    include: Annotated[str, typer.Option(help="Columns to load although they are sensitive.")] = "",
    drop: Annotated[str, typer.Option(help="Columns to leave out.")] = "",
    schema_evolution: Annotated[
        str, typer.Option(help="extra, evolve or freeze, for unknown fields.")
    ] = "extra",
    full: Annotated[bool, typer.Option("--full", help="Read incremental resources in full.")] = False,
    backfill: Annotated[str, typer.Option(help="START/END (ISO 8601) of incremental resources.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and compare, publish nothing.")] = False,
    schema: Schema = None,
    prefix: Prefix = "calcom_",
    base_url: BaseUrl = None,
    api_key_file: KeyFile = None,
    organization_id: OrganizationId = None,
    client_id: ClientId = None,
    state_store: StateStore = None,
    assumed_limit: AssumedLimit = 120,
    attempts: Attempts = 8,
    as_json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress display.")] = False,
) -> int:
    """Read resources of Cal.com into the tables of a database, in one transaction."""
    _work_in_bulk()
    from contextlib import ExitStack

    from calcom_provider.cli.display import print_result
    from calcom_provider.resources.policy import ColumnPolicy
    from calcom_provider.sync import SyncOptions, sync

    options = SyncOptions(
        mode=mode,  # type: ignore[arg-type]  # checked by SyncOptions
        deletes=deletes,  # type: ignore[arg-type]
        policy=ColumnPolicy(
            sensitive=sensitive,
            include=_names(include),
            drop=_names(drop),
            schema_evolution=schema_evolution,  # type: ignore[arg-type]
        ),
        full=full,
        backfill=_backfill(backfill),
    )
    warehouse = open_warehouse(to, schema, prefix)
    client = open_client(
        base_url=base_url,
        key_file=api_key_file,
        organization_id=organization_id,
        client_id=client_id,
        state_store=state_store,
        assumed_limit=assumed_limit,
        attempts=attempts,
    )
    with ExitStack() as stack:
        stack.callback(warehouse.close)
        stack.enter_context(client)
        progress = None
        if not (quiet or as_json):
            from calcom_provider.cli.live import ProgressDisplay

            progress = stack.enter_context(ProgressDisplay(client)).take
        result = sync(
            client, warehouse, resources=resources, options=options, progress=progress, dry_run=dry_run
        )
    print_result(result, as_json=as_json)
    return 0


def _work_in_bulk() -> None:
    """Let this process, which does nothing else, hand rows on in larger strokes: about a tenth faster."""
    import gc
    import sys

    sys.setswitchinterval(0.02)
    # Rows hold no cycles, and searching for some among millions of tuples finds nothing.
    gc.set_threshold(20_000, 20, 50)


def plan_command(
    *,
    resources: ResourceNames = "default",
    to: OptionalTarget = None,
    schema: Schema = None,
    prefix: Prefix = "calcom_",
    base_url: BaseUrl = None,
    api_key_file: KeyFile = None,
    organization_id: OrganizationId = None,
    client_id: ClientId = None,
    state_store: StateStore = None,
    assumed_limit: AssumedLimit = 120,
    attempts: Attempts = 8,
    as_json: AsJson = False,
) -> int:
    """Tell how many requests and minutes a sync will take, from the row counts of the last run."""
    from calcom_provider.cli.display import print_plan
    from calcom_provider.sync import plan

    warehouse = open_warehouse(to, schema, prefix) if to else None
    client = open_client(
        base_url=base_url,
        key_file=api_key_file,
        organization_id=organization_id,
        client_id=client_id,
        state_store=state_store,
        assumed_limit=assumed_limit,
        attempts=attempts,
    )
    with client:
        made = plan(client, warehouse, resources=resources)
    print_plan(made, as_json=as_json)
    return 0


def resources_command(as_json: AsJson = False) -> int:
    """List what can be read as tables."""
    from calcom_provider.cli.display import print_resources

    print_resources(as_json=as_json)
    return 0


def doctor_command(
    *,
    to: OptionalTarget = None,
    schema: Schema = None,
    prefix: Prefix = "calcom_",
    base_url: BaseUrl = None,
    api_key_file: KeyFile = None,
    organization_id: OrganizationId = None,
    client_id: ClientId = None,
    state_store: StateStore = None,
    assumed_limit: AssumedLimit = 120,
    attempts: Attempts = 8,
) -> int:
    """Check the credential, its rights and its limit, and the database."""
    from calcom_provider.cli.checks import check_api, check_warehouse

    client = open_client(
        base_url=base_url,
        key_file=api_key_file,
        organization_id=organization_id,
        client_id=client_id,
        state_store=state_store,
        assumed_limit=assumed_limit,
        attempts=attempts,
    )
    with client:
        good = check_api(client)
    if to:
        good = check_warehouse(to, schema, prefix) and good
    if not good:
        raise CommandError("Something is wrong; see above.", REFUSED)
    return 0


def _names(text: str) -> frozenset[str]:
    return frozenset(part.strip() for part in text.split(",") if part.strip())


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
