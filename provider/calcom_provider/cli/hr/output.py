"""Share what the commands about write-backs print, and how they fail."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from calcom_provider.hr.plan.model import Plan

Values = Annotated[bool, typer.Option("--values", help="Show before and after: data of people.")]
Issues = Annotated[
    bool,
    typer.Option("--issues", help="List the rows that are not written one by one, and how to mend each."),
]


def print_plan(
    plan: Plan, *, values: bool, issues: bool, as_json: bool, more: dict[str, Any], whole: bool = False
) -> None:
    """Print a plan: its writes, the rows that are not written, its summary.

    :param plan: the plan.
    :param values: show before and after.
    :param issues: list the rows that are not written one by one.
    :param as_json: print JSON.
    :param more: what follows the summary, by name.
    :param whole: list all writes instead of the first 50.
    """
    if as_json:
        rows = {"rows": [one.as_dict() for one in plan.issues]} if issues else {}
        print_summary(plan.summary() | more | rows, as_json=True)
        return
    from rich.console import Console

    from calcom_provider.hr.plan.rendering import issue_table, table

    console = Console()
    console.print(table(plan, values=values, limit=None if whole else 50))
    if issues:
        console.print(issue_table(plan))
    print_summary(plan.summary() | more, as_json=False)


def print_summary(summary: dict[str, Any], *, as_json: bool) -> None:
    """Print a summary, a line for each value that says something.

    :param summary: the values by name.
    :param as_json: print one JSON object.
    """
    if as_json:
        typer.echo(json.dumps(summary))
        return
    for name, value in summary.items():
        if value or value == 0:
            typer.echo(f"{name}: {json.dumps(value) if isinstance(value, dict | list) else value}")
