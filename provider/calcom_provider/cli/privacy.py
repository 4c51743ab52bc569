"""The commands that remove what is stored: about a person, or for too long."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from calcom_provider.cli.connection import AsJson, Prefix, Schema, Target, hash_key, open_warehouse
from calcom_provider.cli.error_mapping import FAILED, WRONG_CALL, CommandError
from calcom_provider.errors import at_line

if TYPE_CHECKING:
    from calcom_provider.resources.policy import ColumnPolicy
    from calcom_provider.sync.receipt import Receipt

app = typer.Typer(help="Erase what is stored about people, or for too long.", no_args_is_help=True)


@app.command("erase")
def erase_command(
    *,
    to: Target,
    user: Annotated[str, typer.Option(help="User id, or e-mail address in any case.")],
    policy: Annotated[
        Path | None,
        typer.Option(
            help="YAML file with the choice of columns (drop, rename, hash ...) by which tables were stored of which"
            " no run recorded it. The key of hashed columns is read from CALCOM_HASH_KEY."
        ),
    ] = None,
    ledger: Annotated[
        list[str],
        typer.Option(
            help="SQLAlchemy URL of a ledger of the write-back in another database; may be repeated."
        ),
    ] = [],  # noqa: B006
    force: Annotated[
        bool, typer.Option("--force", help="Close what the write-back still has to do with the person.")
    ] = False,
    schema: Schema = None,
    prefix: Prefix = "calcom_",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> int:
    """Erase a person from every table: history, snapshot days of reporting views and the write-back's ledger included.

    Delete the person in Cal.com first: whoever is still there comes back with the next sync. Exit code 1 when nobody
    was found, when the write-back still has something to do with the person, or when something could not be reached
    that another call could reach.
    """
    from calcom_provider.erasure import erase_person

    key = hash_key()
    stored = _policy(policy, key) if policy else None
    if not yes and not typer.confirm("Erase this person from all tables? This cannot be undone"):
        raise CommandError("Nothing was erased.", WRONG_CALL)
    warehouse = open_warehouse(to, schema, prefix, must_exist=True)
    try:
        receipt = erase_person(warehouse, user, ledgers=ledger, policy=stored, hash_key=key, force=force)
    finally:
        warehouse.close()
    _say(receipt, "erased or cleared", as_json)
    return FAILED if any(one.mendable for one in receipt.unreached) else 0


@app.command("retention")
def retention_command(
    *,
    to: Target,
    days: Annotated[int | None, typer.Option(min=0, help="Days to keep in all tables.")] = None,
    table: Annotated[
        list[str],
        typer.Option(
            help="TABLE=DAYS for one table, VIEW_kept=DAYS for snapshot days of a view; may be repeated."
        ),
    ] = [],  # noqa: B006
    schema: Schema = None,
    prefix: Prefix = "calcom_",
    as_json: AsJson = False,
) -> int:
    """Delete what is older than allowed: closed history versions, rows marked as deleted, run records, snapshot days.

    Live rows stay: they say what Cal.com holds, and the next read would bring them back.
    """
    from calcom_provider.erasure import forget_past

    limits: dict[str, int] = {}
    for word in table:
        name, _, number = word.partition("=")
        if not number.isdecimal():
            raise CommandError(f"--table is TABLE=DAYS, not {word!r}.", WRONG_CALL)
        limits[name] = int(number)
    if days is None and not limits:
        raise CommandError("Say how long: --days N, or --table NAME=N.", WRONG_CALL)
    warehouse = open_warehouse(to, schema, prefix, must_exist=True)
    try:
        receipt = forget_past(warehouse, limits, default=days)
    finally:
        warehouse.close()
    _say(receipt, "deleted", as_json)
    return 0


def _policy(path: Path, key: bytes) -> ColumnPolicy:
    import yaml

    from calcom_provider.resources.policy import ColumnPolicy

    try:
        choices = yaml.safe_load(path.read_text("utf-8"))
    except yaml.YAMLError as wrong:
        line = at_line(wrong)
        where = f"{line}," if line else ""
        raise CommandError(f"The policy file {str(path)!r}{where} is no valid YAML.", WRONG_CALL) from None
    except (OSError, ValueError):
        raise CommandError(f"The policy file {str(path)!r} cannot be read.", WRONG_CALL) from None
    if not isinstance(choices, dict):
        raise CommandError("A policy file holds choices such as drop, rename and hash.", WRONG_CALL)
    return ColumnPolicy.of(choices, key)


def _say(receipt: Receipt, verb: str, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(receipt.as_dict()))
        return
    for table, count in receipt.tables.items():
        typer.echo(f"{table}: {count} rows {verb}")
    for one in receipt.unreached:
        typer.echo(f"{one.table}: not reached: {one.reason}", err=True)
    typer.echo(f"{receipt.rows} rows {verb}")
