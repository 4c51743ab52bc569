"""The commands that remove what is stored: about a person, or for too long."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from calcom_provider.cli.connection import Prefix, Schema, Target, open_warehouse
from calcom_provider.cli.failures import WRONG_CALL, CommandError

if TYPE_CHECKING:
    from calcom_provider.warehouse.backend import Session

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
    """Erase a person from every table, history and kept days of reporting views included.

    Delete the person in Cal.com first: whoever is still there comes back with the next sync.
    """
    from calcom_provider.reporting.privacy import erase_from_kept
    from calcom_provider.sync.privacy import erase

    if not yes and not typer.confirm("Erase this person from all tables? This cannot be undone"):
        raise CommandError("Nothing was erased.", WRONG_CALL)
    kept: dict[str, int] = {}

    def further(session: Session, users: Collection[int]) -> None:
        kept.update(erase_from_kept(session, prefix, users))

    warehouse = open_warehouse(to, schema, prefix)
    try:
        done = erase(warehouse, user, further=further)
    finally:
        warehouse.close()
    _say(_named(done, prefix) | kept, "erased or cleared")
    return 0


@app.command("retention")
def retention_command(
    *,
    to: Target,
    days: Annotated[int | None, typer.Option(min=0, help="Days to keep in all tables.")] = None,
    table: Annotated[
        list[str],
        typer.Option(
            help="TABLE=DAYS for one table, VIEW_kept=DAYS for kept days of a view; may be repeated."
        ),
    ] = [],  # noqa: B006
    schema: Schema = None,
    prefix: Prefix = "calcom_",
) -> int:
    """Delete what is older than allowed: closed history versions, rows marked as deleted, run records, kept days.

    Live rows stay: they say what Cal.com holds, and the next read would bring them back.
    """
    from calcom_provider.reporting.kept import KEPT
    from calcom_provider.reporting.privacy import forget_kept
    from calcom_provider.sync.privacy import keep_for

    chosen: dict[str, int] = {}
    chosen_kept: dict[str, int] = {}
    for word in table:
        name, _, number = word.partition("=")
        if not number.isdecimal():
            raise CommandError(f"--table is TABLE=DAYS, not {word!r}.", WRONG_CALL)
        if name.endswith(KEPT):
            chosen_kept[name] = int(number)
        else:
            chosen[name.removeprefix(prefix)] = int(number)
    if days is None and not chosen and not chosen_kept:
        raise CommandError("Say how long: --days N, or --table NAME=N.", WRONG_CALL)
    kept: dict[str, int] = {}

    def further(session: Session) -> None:
        kept.update(forget_kept(session, prefix, chosen_kept, default=days))

    warehouse = open_warehouse(to, schema, prefix)
    try:
        done = keep_for(warehouse, chosen, default=days, further=further)
    finally:
        warehouse.close()
    _say(_named(done, prefix) | kept, "deleted")
    return 0


def _named(done: Mapping[str, int], prefix: str) -> dict[str, int]:
    return {prefix + table: count for table, count in done.items()}


def _say(done: Mapping[str, int], verb: str) -> None:
    for table, count in done.items():
        typer.echo(f"{table}: {count} rows {verb}")
    typer.echo(f"{sum(done.values())} rows {verb}")
