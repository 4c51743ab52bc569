"""``calcom reports``: views over the warehouse tables, snapshot days, and what they tell as a page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from calcom_provider.cli.connection import AsJson, Prefix, Schema, Target
from calcom_provider.cli.display import print_rows
from calcom_provider.cli.error_mapping import WRONG_CALL, CommandError

if TYPE_CHECKING:
    from calcom_provider.reporting.building.build import Reports
    from calcom_provider.reporting.building.results import ViewResult
    from calcom_provider.reporting.source import Options

app = typer.Typer(help="Views over the warehouse tables, and what they tell.", no_args_is_help=True)

SHOWN = "What the views show"

ViewPrefix = Annotated[str, typer.Option(help="What the names of the views begin with; nothing if empty.")]
Wait = Annotated[float, typer.Option(min=0, help="Seconds to wait for a sync that holds the tables.")]
HostAttribute = Annotated[
    list[str],
    typer.Option(
        help="COLUMN=SLUG: a column of rpt_host_week and the attribute that it shows; may be repeated."
        " Without it: department and region. Options are not remembered: name them each time, or the views"
        " are made anew without them.",
        rich_help_panel=SHOWN,
    ),
]
RoutingAttribute = Annotated[
    str | None,
    typer.Option(
        help="Slug of the attribute of the host that rpt_routing_outcome shows; department if empty.",
        rich_help_panel=SHOWN,
    ),
]
Answer = Annotated[
    list[str],
    typer.Option(
        help="COLUMN=IDENTIFIER: a column of rpt_routing_outcome and the question whose answer it shows; may be"
        " repeated. Needs a sync that includes the sensitive column response.",
        rich_help_panel=SHOWN,
    ),
]


@app.callback()
def _group() -> None:
    """Make views over the warehouse tables, keep their days, show what they tell."""


@app.command("create")
def create_command(
    *,
    to: Target,
    schema: Schema = None,
    prefix: Prefix = "calcom_",
    view_prefix: ViewPrefix = "",
    days_back: Annotated[
        int, typer.Option(min=0, help="Days before today that daily and weekly views reach.")
    ] = 730,
    days_ahead: Annotated[int, typer.Option(min=0, help="Days after today that they reach.")] = 366,
    minimum: Annotated[
        list[str],
        typer.Option(
            help="TEAM=N: members of a team, by its id, who should be available each day; 0 removes it; may be"
            " repeated. Minimums are remembered.",
            rich_help_panel=SHOWN,
        ),
    ] = [],  # noqa: B006
    host_attribute: HostAttribute = [],  # noqa: B006
    routing_attribute: RoutingAttribute = None,
    answer: Answer = [],  # noqa: B006
    wait: Wait = 60,
    as_json: AsJson = False,
) -> int:
    """Make the views that the tables allow; upgrade those of an older release, or made with other options.

    A view whose tables were not synced is skipped, and the reason is told.
    """
    minimums = {_number(team): _number(count) for team, count in _pairs("--minimum", minimum).items()}
    options = _options(host_attribute, routing_attribute, answer)
    with _open(to, schema, prefix, view_prefix, options, wait) as reports:
        made = reports.create(days_back=days_back, days_ahead=days_ahead, minimums=minimums)
    _tell(made, as_json)
    return 0


@app.command("refresh")
def refresh_command(
    *,
    views: Annotated[list[str], typer.Argument(metavar="VIEW...", help="Views, without prefix.")],
    to: Target,
    first: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="First day that is written; earlier ones stay.")
    ],
    last: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day; that of the views if empty.")
    ] = None,
    schema: Schema = None,
    prefix: Prefix = "calcom_",
    view_prefix: ViewPrefix = "",
    wait: Wait = 60,
    as_json: AsJson = False,
) -> int:
    """Keep daily or weekly views as tables, so that a past day stays as it looked then.

    Writes VIEW_kept for the days asked for; a table that is new gets all days.
    """
    with _open(to, schema, prefix, view_prefix, None, wait) as reports:
        made = reports.refresh(views, first=first.date(), last=last.date() if last else None)
    _tell(made, as_json)
    return 0


@app.command("drop")
def drop_command(
    *,
    to: Target,
    schema: Schema = None,
    prefix: Prefix = "calcom_",
    wait: Wait = 60,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> int:
    """Remove the views and snapshot tables; synced tables, minimums and the calendar stay."""
    if not yes and not typer.confirm(
        "Remove all reporting views and snapshot tables? Snapshot days are gone then"
    ):
        raise CommandError("Nothing was removed.", WRONG_CALL)
    with _open(to, schema, prefix, "", None, wait) as reports:
        made = reports.drop()
    _tell(made, as_json)
    return 0


@app.command("list")
def list_command(
    *,
    to: Target,
    schema: Schema = None,
    prefix: Prefix = "calcom_",
    view_prefix: ViewPrefix = "",
    as_json: AsJson = False,
) -> int:
    """List the views: what a row is, whether it is made, what is missing. Changes nothing."""
    with _open(to, schema, prefix, view_prefix, None, 0) as reports:
        listed = reports.listed()
    if as_json:
        typer.echo(json.dumps([asdict(one) | {"view": view_prefix + one.name} for one in listed]))
        return 0
    rows = []
    for one in listed:
        state = "made" if one.exists else "not possible" if one.missing else "not made"
        snapshot = "" if one.snapshot_rows is None else f"snapshots, {one.snapshot_rows} rows written last"
        rows.append(
            {
                "view": view_prefix + one.name,
                "state": state,
                "a row is": one.comment,
                "note": one.missing or snapshot,
            }
        )
    print_rows(rows)
    return 0


@app.command("render")
def render_command(
    to: Target,
    out: Annotated[Path, typer.Option(help="File to write.")] = Path("calcom-report.html"),
    schema: Schema = None,
    prefix: Prefix = "calcom_",
    show_people: Annotated[
        bool, typer.Option("--show-people", help="Show names and numbers about fewer than five.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Write one HTML file that needs no network: what needs a decision, trends, and the operator's part."""
    from calcom_provider.reporting.page.collect import collect
    from calcom_provider.reporting.page.render import render, write_page

    page = collect(to, schema=schema, prefix=prefix, show_people=show_people)
    write_page(out, render(page), people=show_people)
    missing = sum(panel.missing is not None for panel in page.panels)
    full = len(page.panels) - missing
    if as_json:
        typer.echo(json.dumps({"file": str(out), "parts": full, "parts_that_need_a_sync": missing}))
    else:
        typer.echo(f"Wrote {out}: {full} parts with data, {missing} that need a sync")
    return 0


@contextmanager
def _open(
    to: str, schema: str | None, prefix: str, view_prefix: str, options: Options | None, wait: float
) -> Iterator[Reports]:
    from calcom_provider.reporting.building.build import Reports

    with Reports(
        to, schema=schema, prefix=prefix, view_prefix=view_prefix, options=options, wait=wait
    ) as reports:
        yield reports


def _options(host_attribute: Sequence[str], routing_attribute: str | None, answer: Sequence[str]) -> Options:
    from calcom_provider.reporting.source import Options

    usual = Options()
    return Options(
        host_attributes=_pairs("--host-attribute", host_attribute) or usual.host_attributes,
        routing_attribute=routing_attribute or usual.routing_attribute,
        answers=_pairs("--answer", answer),
    )


def _pairs(option: str, words: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for word in words:
        name, _, value = word.partition("=")
        if not name.strip() or not value.strip():
            raise CommandError(f"{option} is NAME=VALUE, not {word!r}.", WRONG_CALL)
        pairs[name.strip()] = value.strip()
    return pairs


def _number(text: str) -> int:
    if not text.isdecimal():
        raise CommandError(f"--minimum is TEAM=N with two whole numbers, not {text!r}.", WRONG_CALL)
    return int(text)


def _tell(made: Sequence[ViewResult], as_json: bool) -> None:
    from calcom_provider.reporting.building.results import summary

    if as_json:
        typer.echo(json.dumps({"views": [asdict(one) for one in made], "counts": summary(made)}))
        return
    rows = []
    for one in made:
        done = one.status if one.rows is None else f"{one.status}, {one.rows:,} rows"
        rows.append((one.name, done, one.note or ""))
    _grid(rows)
    typer.echo(", ".join(f"{count} {status}" for status, count in summary(made).items()) or "Nothing to do")


def _grid(rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
