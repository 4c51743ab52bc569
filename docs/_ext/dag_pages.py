"""Draw the graph of each shipped DAG, and list what it asks for; both follow from the DAG itself."""

from __future__ import annotations

import runpy
from html import escape
from pathlib import Path
from typing import Any

DAGS = Path(__file__).resolve().parents[2] / "dags"
WIDE, HIGH, GAP_X, GAP_Y, EDGE = 230, 52, 46, 18, 10


def shipped() -> dict[str, Any]:
    """Return the shipped DAGs by id."""
    found = {}
    for path in sorted(DAGS.glob("*.py")):
        dag = runpy.run_path(str(path))["dag"]
        found[dag.dag_id] = dag
    return found


def columns(dag: Any) -> list[list[Any]]:
    """Return the tasks by how many come before them on the longest way.

    :param dag: the DAG.
    """
    depth: dict[str, int] = {}

    def of(task: Any) -> int:
        if task.task_id not in depth:
            depth[task.task_id] = 1 + max(
                (of(dag.get_task(one)) for one in task.upstream_task_ids), default=-1
            )
        return depth[task.task_id]

    for task in dag.tasks:
        of(task)
    return [
        [task for task in dag.tasks if depth[task.task_id] == place]
        for place in range(max(depth.values()) + 1)
    ]


def picture(dag: Any) -> str:
    """Return the graph of a DAG as an SVG image: a box for each task, an arrow for each dependency.

    :param dag: the DAG.
    """
    table = columns(dag)
    corner = {
        task.task_id: (EDGE + x * (WIDE + GAP_X), EDGE + y * (HIGH + GAP_Y))
        for x, column in enumerate(table)
        for y, task in enumerate(column)
    }
    width = 2 * EDGE + len(table) * WIDE + (len(table) - 1) * GAP_X
    rows = max(map(len, table))
    height = 2 * EDGE + rows * HIGH + (rows - 1) * GAP_Y
    title = f"Graph of {dag.dag_id}: " + "; ".join(edges(dag))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        ' font-family="sans-serif" role="img">',
        f"<title>{escape(title)}</title>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0 0L8 4L0 8z" fill="#6b7280"/></marker></defs>',
    ]
    for task in dag.tasks:
        x, y = corner[task.task_id]
        for after in sorted(task.downstream_task_ids):
            to_x, to_y = corner[after]
            start, end = (x + WIDE, y + HIGH // 2), (to_x, to_y + HIGH // 2)
            parts.append(
                f'<path d="M{start[0]} {start[1]}L{end[0]} {end[1]}" stroke="#6b7280" stroke-width="1.5" fill="none"'
                ' marker-end="url(#tip)"/>'
            )
    for task in dag.tasks:
        x, y = corner[task.task_id]
        # A mapped task is a pile.
        for off, ink in ((4, "#6b7280"), (0, "#111827"))[0 if mapped(task) else 1 :]:
            parts.append(
                f'<rect x="{x + off}" y="{y + off}" width="{WIDE}" height="{HIGH}" rx="6" fill="#fff" stroke="{ink}"/>'
            )
        parts.append(
            f'<text x="{x + 10}" y="{y + 22}" font-size="14" fill="#111827">{escape(task.task_id)}'
            f"{' (mapped)' if mapped(task) else ''}</text>"
            f'<text x="{x + 10}" y="{y + 41}" font-size="11" fill="#4b5563">{escape(task.task_type)}</text>'
        )
    return "".join((*parts, "</svg>"))


def mapped(task: Any) -> bool:
    """Tell whether a task is mapped over something."""
    return hasattr(task, "partial_kwargs")


def edges(dag: Any) -> list[str]:
    """Return the graph in words.

    :param dag: the DAG.
    """
    found = [
        f"{task.task_id} -> {after}"
        for column in columns(dag)
        for task in column
        for after in sorted(task.downstream_task_ids)
    ]
    return found or [task.task_id for task in dag.tasks]


def starts(dag: Any) -> str:
    """Return in words what starts a DAG.

    :param dag: the DAG.
    """
    schedule = dag.schedule
    if schedule is None:
        return "by hand"
    if isinstance(schedule, str):
        return f"``{schedule}``"
    assets = schedule if isinstance(schedule, list) else [schedule]
    return "by the asset " + ", ".join(f"``{asset.name}``" for asset in assets)


def connections(dag: Any) -> list[str]:
    """Return the connections that a DAG uses with its defaults, those of its parameters as they are without changes.

    :param dag: the DAG.
    """
    found = set()
    for task in dag.tasks:
        given = task.partial_kwargs if mapped(task) else vars(task)
        for name, value in given.items():
            if name.endswith("conn_id") and isinstance(value, str):
                named = value.removeprefix("{{ params.").removesuffix(" }}")
                found.add(dag.params[named] if named != value else value)
    return sorted(one for one in found if one)


def page_part(dag: Any) -> list[str]:
    """Return what a page includes about a DAG: start, connections, graph and parameters.

    :param dag: the DAG.
    """
    used = ", ".join(f"``{one}``" for one in connections(dag))
    lines = [
        f":Starts: {starts(dag)}",
        f":Connections: {used}",
        f":Tasks: {'; '.join(edges(dag)).replace('->', '→')}",
        "",
        f".. image:: _generated/dags/{dag.dag_id}.svg",
        f"   :alt: Graph of {dag.dag_id}: {'; '.join(edges(dag))}",
        "",
    ]
    if not dag.params:
        return [*lines, "It has no parameters.", ""]
    lines += [".. list-table:: Parameters", "   :header-rows: 1", "   :widths: 24 26 50", ""]
    lines += ["   * - Name", "     - Default", "     - What it is"]
    for name in dag.params:
        param = dag.params.get_param(name)
        default = Path(param.value).name if str(param.value).startswith("/") else param.value
        choices = f"One of {', '.join(param.schema['enum'])}" if "enum" in param.schema else ""
        told = param.description or choices or WORDS.get(name.rpartition("_conn_id")[0], "")
        lines += [
            f"   * - ``{name}``",
            f"     - {'' if default is None else f'``{default}``'}",
            f"     - {told}",
        ]
    return [*lines, ""]


WORDS = {
    "calcom": "Connection to Cal.com",
    "sql": "Connection of the warehouse",
    "ledger": "Connection of the write-back's ledger",
}
