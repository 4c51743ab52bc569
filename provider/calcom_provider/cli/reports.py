"""``calcom reports``: what the warehouse tells, as a page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from calcom_provider.cli.connection import Prefix, Schema, Target

app = typer.Typer(help="What the warehouse tells.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Show what the warehouse tells."""


@app.command("render")
def render_command(
    to: Target,
    out: Annotated[Path, typer.Option(help="File to write.")] = Path("calcom-report.html"),
    schema: Schema = None,
    prefix: Prefix = "calcom_",
    show_people: Annotated[
        bool, typer.Option("--show-people", help="Show user ids and single write-backs, not counts alone.")
    ] = False,
) -> None:
    """Write one HTML file that needs no network: syncs, absences, coverage, write-backs."""
    from calcom_provider.reporting.page.collect import collect
    from calcom_provider.reporting.page.render import render

    page = collect(to, schema=schema, prefix=prefix, show_people=show_people)
    out.write_text(render(page), encoding="utf-8")
    missing = sum(panel.missing is not None for panel in page.panels)
    typer.echo(f"Wrote {out}: {len(page.panels) - missing} parts with data, {missing} that need a sync")
