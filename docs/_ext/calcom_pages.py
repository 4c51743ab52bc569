"""Write the parts of the pages that follow from the code: options of commands, settings, costs, columns of views."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dag_pages
import parameters
import typer

from calcom_provider.api.catalogue.operations import resolve
from calcom_provider.api.paging.layout import layout_of
from calcom_provider.cli.app import GROUPS, build
from calcom_provider.hr.settings import settings_schema
from calcom_provider.reporting.metrics import METRICS
from calcom_provider.reporting.model import View
from calcom_provider.reporting.views import VIEWS
from calcom_provider.resources import registry
from calcom_provider.resources.model import Resource
from calcom_provider.sync.planning.earlier import Earlier
from calcom_provider.sync.planning.estimate import estimate_all
from calcom_provider.sync.planning.model import LIMIT, WINDOW, Plan
from calcom_provider.warehouse import ResourceState

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
    (MADE / "hr-settings.inc").write_text("\n".join(hr_settings()))
    (MADE / "hr-mapping.inc").write_text("\n".join(hr_mapping()))
    (MADE / "operators").mkdir(exist_ok=True)
    for name, declared in parameters.documented().items():
        (MADE / "operators" / f"{name}.inc").write_text("\n".join(parameters.table(declared)))
    (MADE / "dags").mkdir(exist_ok=True)
    for dag_id, dag in dag_pages.shipped().items():
        (MADE / "dags" / f"{dag_id}.inc").write_text("\n".join(dag_pages.page_part(dag)))
        (MADE / "dags" / f"{dag_id}.svg").write_text(dag_pages.picture(dag))
    (MADE / "metrics.inc").write_text("\n".join(metrics()))
    for view in VIEWS:
        (MADE / "views" / f"{view.name}.inc").write_text("\n".join(columns(view)))


def metrics() -> list[str]:
    """Return the definitions of the numbers that reports show."""
    lines = []
    for key, metric in METRICS.items():
        formula, trap = (text.replace("`", "``") for text in (metric.formula, metric.trap))
        lines += [
            "",
            f".. _metric-{key}:",
            "",
            metric.name,
            "-" * len(metric.name),
            "",
            formula,
            "",
            f"*Trap:* {trap}",
        ]
    return [*lines, ""]


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


def hr_settings() -> list[str]:
    """Return the settings of the write-back with their values, defaults and meanings, as the schema declares them."""
    schema = settings_schema()
    parts = {
        "Both write-backs": schema,
        "``limits``": schema["$defs"]["GuardLimits"],
        "``attributes``": schema["$defs"]["AttributeValues"],
        "``attributes.columns``, each": schema["$defs"]["AttributeColumn"],
        "``out_of_office``": schema["$defs"]["OutOfOfficeValues"],
    }
    return tables_of(parts, schema)


def hr_mapping() -> list[str]:
    """Return the keys of a mapping with their values, defaults and meanings, as the schema declares them."""
    schema = settings_schema()
    named = {
        "``employees``": "EmployeesHalf",
        "``employees.fields``": "EmployeeFields",
        "``absences``": "AbsencesHalf",
        "``absences.fields``": "AbsenceFields",
        "``absences.ical``": "FeedSettings",
        "A field": "FieldSpec",
    }
    return tables_of({title: schema["$defs"][name] for title, name in named.items()}, schema)


def tables_of(parts: Mapping[str, dict[str, Any]], schema: dict[str, Any]) -> list[str]:
    """Return a table for each part of a schema, with a row for each of its properties.

    :param parts: title -> the part.
    :param schema: the whole schema.
    """
    lines = []
    for title, part in parts.items():
        lines += ["", f".. list-table:: {title}", "   :header-rows: 1", "   :widths: 22 22 12 44", ""]
        rows = [("setting", "value", "default", "meaning")]
        for name, node in part["properties"].items():
            default = node.get("default")
            shown = "" if default in (None, "", {}, []) else f"``{json.dumps(default)}``"
            needed = "required" if name in part.get("required", ()) else shown
            rows.append((f"``{name}``", value_of(node, schema), needed, node.get("description", "")))
        for row in rows:
            lines += [f"   * - {row[0]}", *(f"     - {cell}" for cell in row[1:])]
    return lines


def value_of(node: dict[str, Any], schema: dict[str, Any]) -> str:
    """Return what a setting may be, in words.

    :param node: its part of the schema
    :param schema: the whole schema
    """
    kinds = [one for one in node.get("anyOf", [node]) if one.get("type") != "null"]
    words = []
    for kind in kinds:
        if "enum" in kind or "const" in kind:
            words.append(" or ".join(f"``{word}``" for word in kind.get("enum", [kind.get("const")])))
        elif kind.get("type") in ("number", "integer"):
            low, high = kind.get("minimum", kind.get("exclusiveMinimum")), kind.get("maximum")
            above = "above" if "exclusiveMinimum" in kind else "from"
            limits = (
                f" {above} {low:g}" + (f" to {high:g}" if high is not None else "") if low is not None else ""
            )
            words.append({"share": "share", "": "number"}.get(unit := kind.get("unit", ""), unit) + limits)
        elif "$ref" in kind or kind.get("type") == "object":
            words.append("object")
        else:
            words.append(
                {"string": "text", "boolean": "true or false", "array": "list"}.get(kind.get("type"), "any")
            )
    return ", ".join(dict.fromkeys(words))


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
    teams, options = people // PEOPLE_IN_A_TEAM, OPTIONS // ATTRIBUTES
    lists = {
        "attributes": [ATTRIBUTES],
        "attribute_options": [options] * ATTRIBUTES,
        "attribute_assignments": [options] * ATTRIBUTES,
        "teams": [teams],
        "team_memberships": [PEOPLE_IN_A_TEAM] * teams,
    }
    chosen = registry.select("default")
    earlier = Earlier(
        {one.name: ResourceState(published_at=datetime.now(UTC)) for one in chosen},
        {one.name: pages_of(one, lists.get(one.name, [people])) for one in chosen},
    )
    return Plan(1, estimate_all(chosen, earlier), LIMIT, WINDOW)


def pages_of(resource: Resource, lists: Sequence[int]) -> dict[str, list[int]]:
    """Return how many rows each page of each list holds.

    :param resource: the resource.
    :param lists: rows of each list.
    """
    layout = layout_of(resolve(resource.read.operation), resource.read.parameters, resource.read.page_size)
    found = {}
    for place, rows in enumerate(lists):
        step, last = layout.take - layout.overlap, layout.pages(rows) - 1
        found[str(place) if len(lists) > 1 else ""] = [layout.take] * last + [rows - last * step]
    return found


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
    return f"; can be kept by ``{view.snapshot_by}``." if view.snapshot_by else "."


def cells(row: Sequence[str]) -> list[str]:
    """Return a row of a table as lines.

    :param row: what stands in it.
    """
    return [f"   {'* -' if place == 0 else '  -'} {cell}".rstrip() for place, cell in enumerate(row)]
