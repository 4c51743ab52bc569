"""Write the parts of the pages that follow from the code: options of commands, the cost of a sync, columns of views."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import typer

from calcom_provider.cli.app import GROUPS, build
from calcom_provider.reporting.model import View
from calcom_provider.reporting.views import VIEWS
from calcom_provider.resources import registry
from calcom_provider.sync.planning import _LIMIT, _WINDOW, Plan, _estimate

MADE = Path(__file__).resolve().parents[1] / "_generated"
ATTRIBUTES, OPTIONS, PEOPLE_IN_A_TEAM = 10, 500, 50
SIZES = (300, 5_000, 50_000)


def setup(app: Any) -> dict[str, bool]:
    """Register with Sphinx.

    :param app: the Sphinx application.
    """
    app.connect("builder-inited", lambda _: write())
    return {"parallel_read_safe": True}


def write() -> None:
    """Write the parts that pages include."""
    (MADE / "views").mkdir(parents=True, exist_ok=True)
    (MADE / "options.inc").write_text("\n".join(options()))
    (MADE / "costs.inc").write_text("\n".join(costs()))
    for view in VIEWS:
        (MADE / "views" / f"{view.name}.inc").write_text("\n".join(columns(view)))


def options() -> list[str]:
    """Return every command with its arguments and options, as the application declares them."""
    lines = []
    for words, command in commands(typer.main.get_command(build([])), ["calcom"]):
        title = " ".join(words)
        lines += ["", title, "~" * len(title), "", (command.help or "").strip().replace("`", "``"), ""]
        for parameter in command.params:
            if parameter.param_type_name == "argument":
                lines += [f"``{parameter.name.upper()}``"]
            else:
                lines += [", ".join(f"``{word}``" for word in parameter.opts)]
            said = (getattr(parameter, "help", None) or "").strip().replace("`", "``") or "See above."
            variable = getattr(parameter, "envvar", None)
            lines += [f"    {said}" + (f" Also ``{variable}``." if variable else ""), ""]
    return lines


def commands(command: Any, words: list[str]) -> list[tuple[list[str], Any]]:
    """Return the commands below one, groups opened.

    :param command: a command or group.
    :param words: what is typed for it.
    """
    inside = getattr(command, "commands", None)
    if inside is None:
        return [(words, command)]
    found = []
    for name, child in inside.items():
        # A group's module is imported only when its name is asked for.
        opened = typer.main.get_command(build([name])).commands[name] if name in GROUPS else child
        found += commands(opened, [*words, name])
    return found


def costs() -> list[str]:
    """Return a table of requests by size of an organisation, as ``calcom plan`` estimates them."""
    plans = [plan_for(people) for people in SIZES]
    rows = [["Resource", *(f"{people:,} people" for people in SIZES)]]
    for place, resource in enumerate(plans[0].resources):
        rows.append([f"``{resource.resource}``", *(f"{plan.resources[place].requests:,}" for plan in plans)])
    rows.append(["**together**", *(f"**{plan.requests:,}**" for plan in plans)])
    rows.append(["held up by the limit", *(f"{plan.seconds_waiting / 60:.0f} min" for plan in plans)])
    lines = [".. list-table::", "   :header-rows: 1", ""]
    for row in rows:
        lines += cells(row)
    return lines


def plan_for(people: int) -> Plan:
    """Return the plan of the default resources for an organisation that was read before.

    :param people: its members.
    """
    rows = {
        "attributes": ATTRIBUTES,
        "attribute_options": OPTIONS,
        "attribute_assignments": people * 4,
        "teams": people // PEOPLE_IN_A_TEAM,
    }
    chosen = registry.select("default")
    read = datetime.now(UTC)
    states: Any = {
        one.name: SimpleNamespace(rows=rows.get(one.name, people), published_at=read) for one in chosen
    }
    return Plan(1, tuple(_estimate(one, states) for one in chosen), _LIMIT, _WINDOW)


def columns(view: View) -> list[str]:
    """Return what a view needs, how it is kept, and a table of its columns.

    :param view: the view.
    """
    lines = [f"``{view.name}``: {needed(view)}{kept(view)}", "", ".. list-table::", "   :header-rows: 1"]
    lines += ["   :widths: 30 8 62", "", *cells(["Column", "Key", "Holds"])]
    for name, held in view.columns.items():
        lines += cells([f"``{name}``", "key" if name in view.key else "", held.replace("*", r"\*")])
    return lines


def needed(view: View) -> str:
    """Return what must be synced for a view.

    :param view: the view.
    """
    if view.ledger:
        return "needs the ledger of a write-back"
    if not view.resources:
        return "needs any sync"
    return f"needs {', '.join(f'``{name}``' for name in view.resources)}"


def kept(view: View) -> str:
    """Return by what a view can be kept as a table.

    :param view: the view.
    """
    return f"; can be kept by ``{view.kept_by}``." if view.kept_by else "."


def cells(row: Sequence[str]) -> list[str]:
    """Return a row of a table as lines.

    :param row: what stands in it.
    """
    return [f"   {'* -' if place == 0 else '  -'} {cell}".rstrip() for place, cell in enumerate(row)]
