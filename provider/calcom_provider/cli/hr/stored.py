"""Look at plans that the ledger keeps, and at the mappings that come with the package."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from calcom_provider.cli.connection import AsJson, LedgerUrl, OptionalTarget, Prefix, Schema
from calcom_provider.cli.display import print_rows
from calcom_provider.cli.error_mapping import WRONG_CALL, CommandError
from calcom_provider.cli.hr.output import Issues, Values, print_plan
from calcom_provider.private_files import OWNER

if TYPE_CHECKING:
    from calcom_provider.hr.review.data import Review

mappings = typer.Typer(help="Mappings of HR systems that come with the package.", no_args_is_help=True)


def show_command(
    plan_id: Annotated[str, typer.Argument(help="The plan.")],
    ledger: LedgerUrl,
    html: Annotated[
        bool,
        typer.Option("--html", help="Write a page that shows the plan person by person: data of people."),
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="File of the page; plan-ID.html here if empty.")
    ] = None,
    to: OptionalTarget = None,
    schema: Schema = None,
    prefix: Prefix = "calcom_",
    department: Annotated[
        str, typer.Option(help="Slug or name of the attribute by which the page groups people.")
    ] = "department",
    values: Values = False,
    issues: Issues = False,
    as_json: AsJson = False,
) -> int:
    """Show a plan of the ledger, in the terminal or as a page in a file that its owner alone can read.

    Names and departments on the page come from the synced tables: those at --to, else beside the ledger.
    """
    from calcom_provider.hr.review.names import Tables
    from calcom_provider.hr.review.reading import read_review

    url = _named(ledger)
    tables = Tables(to or url, schema, prefix, department) if html or out else None
    review = read_review(url, plan_id, tables)
    if tables is not None:
        typer.echo(_write(review, out or Path(f"plan-{review.plan.id}.html")))
        return 0
    more = {"status": review.status}
    print_plan(review.plan, values=values, issues=issues, as_json=as_json, more=more, whole=True)
    return 0


def list_command(
    ledger: LedgerUrl,
    most: Annotated[int, typer.Option("--most", min=1, help="How many of the newest plans.")] = 20,
    as_json: AsJson = False,
) -> int:
    """List the plans of the ledger, the newest first: what they are, what became of them, who approved them."""
    from dataclasses import asdict

    from calcom_provider.hr.ledger.record import Ledger

    with Ledger(_named(ledger), look_only=True) as book:
        found = [asdict(one) for one in book.plans(most)]
    if as_json:
        typer.echo(json.dumps(found))
    elif not found:
        typer.echo("The ledger holds no plan.")
    else:
        print_rows(found)
    return 0


def issues_command(
    plan_id: Annotated[str, typer.Argument(help="The plan.")], ledger: LedgerUrl, as_json: AsJson = False
) -> int:
    """List the rows that a plan does not write, and how to mend each; without values of people."""
    from rich.console import Console

    from calcom_provider.hr.plan.rendering import issue_table
    from calcom_provider.hr.review.reading import read_review

    plan = read_review(_named(ledger), plan_id, None).plan
    if as_json:
        typer.echo(json.dumps([one.as_dict() for one in plan.issues]))
    elif not plan.issues:
        typer.echo("Every row is written, or needs no write.")
    else:
        Console().print(issue_table(plan))
    return 0


@mappings.command("list")
def list_mappings(as_json: AsJson = False) -> None:
    """List the mappings that come with the package."""
    from calcom_provider.hr.sources.mapping import SHIPPED

    if as_json:
        typer.echo(json.dumps(list(SHIPPED)))
        return
    for name in SHIPPED:
        typer.echo(name)


@mappings.command("show")
def show_mapping(name: Annotated[str, typer.Argument(help="Name of the mapping, such as bamboohr.")]) -> None:
    """Print a mapping that comes with the package, to read or to begin one of your own with."""
    from calcom_provider.hr.sources.mapping import SHIPPED, shipped_mapping

    if name not in SHIPPED:
        raise CommandError(f"There is no mapping {name}; there are {', '.join(SHIPPED)}.", WRONG_CALL)
    typer.echo(shipped_mapping(name), nl=False)


def _named(ledger: str | None) -> str:
    if not ledger:
        raise CommandError("A stored plan is in the ledger: --ledger or CALCOM_LEDGER_URL.", WRONG_CALL)
    return ledger


def _write(review: Review, path: Path) -> str:
    """Write the page; what stood there before gives way at once, and nobody else can ever read it."""
    from calcom_provider.hr.review.render import render

    page = render(review).encode()
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, OWNER), "wb") as file:
            file.write(page)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise CommandError(f"{path} cannot be written ({error.strerror}).") from None
    return str(path)
