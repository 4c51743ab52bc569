"""The commands that remove what is stored: about a person, or for too long."""

from __future__ import annotations

from typing import Annotated

import typer

from calcom_provider.cli.connection import Prefix, Schema, Target, open_warehouse
from calcom_provider.cli.failures import WRONG_CALL, CommandError

app = typer.Typer(help="Erase what is stored about people, or for too long.", no_args_is_help=True)


@app.command("erase")
def erase_command(
    *,
    to: Target,
    user: Annotated[str, typer.Option(help="User id or e-mail address.")],
    schema: Schema = None,
    prefix: Prefix = "calcom_",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> int:
    """Erase a person from every table, history included.

    Delete the person in Cal.com first: whoever is still there comes back with the next sync.
    """
    from calcom_provider.sync.privacy import erase

    if not yes and not typer.confirm("Erase this person from all tables? This cannot be undone"):
        raise CommandError("Nothing was erased.", WRONG_CALL)
    warehouse = open_warehouse(to, schema, prefix)
    try:
        done = erase(warehouse, user)
    finally:
        warehouse.close()
    _say(done, "erased or cleared", prefix)
    return 0


@app.command("retention")
def retention_command(
    *,
    to: Target,
    days: Annotated[int | None, typer.Option(min=0, help="Days to keep in all tables.")] = None,
    table: Annotated[list[str], typer.Option(help="TABLE=DAYS for one table; may be repeated.")] = [],  # noqa: B006
    schema: Schema = None,
    prefix: Prefix = "calcom_",
) -> int:
    """Delete closed history versions, rows marked as deleted and run records older than allowed.

    Live rows stay: they say what Cal.com holds, and the next read would bring them back.
    """
    from calcom_provider.sync.privacy import keep_for

    chosen: dict[str, int] = {}
    for word in table:
        name, _, number = word.partition("=")
        if not number.isdecimal():
            raise CommandError(f"--table is TABLE=DAYS, not {word!r}.", WRONG_CALL)
        chosen[name.removeprefix(prefix)] = int(number)
    if days is None and not chosen:
        raise CommandError("Say how long: --days N, or --table NAME=N.", WRONG_CALL)
    warehouse = open_warehouse(to, schema, prefix)
    try:
        done = keep_for(warehouse, chosen, default=days)
    finally:
        warehouse.close()
    _say(done, "deleted", prefix)
    return 0


def _say(done: dict[str, int], verb: str, prefix: str) -> None:
    for table, count in done.items():
        typer.echo(f"{prefix}{table}: {count} rows {verb}")
    typer.echo(f"{sum(done.values())} rows {verb}")
