"""Show plans: a Markdown text without values for reviewers, and a table for a terminal."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from calcom_provider.hr.plan import Plan

if TYPE_CHECKING:
    from rich.table import Table


def markdown(plan: Plan) -> str:
    """Return a plan for a reviewer: hash, counts, guards and codes; no value of any person.

    :param plan: the plan
    """
    lines = [
        f"**Plan** `{plan.id}` ({plan.kind.replace('_', ' ')}, organisation {plan.organization_id})",
        "",
        f"Hash `{plan.hash}`, outcome **{plan.outcome}**, {len(plan.actions)} writes, "
        f"about {plan.minutes:g} minutes.",
        "",
        "| write | why | count | people |",
        "|---|---|---:|---:|",
    ]
    lines += [f"| {kind} | {why} | {count} | {people} |" for kind, why, count, people in _groups(plan)]
    if not plan.actions:
        lines.append("| nothing | | 0 | 0 |")
    lines += ["", "| people | count |", "|---|---:|"]
    lines += [f"| {bucket} | {count} |" for bucket, count in plan.facts.people.items()]
    told = [one for one in plan.verdicts if not one.allowed or one.overridden]
    if told:
        lines += ["", "| guard | counted | limit | |", "|---|---:|---:|---|"]
        lines += [
            f"| {one.guard} | {one.observed:g} | {one.limit if one.limit is not None else ''} | "
            f"{'overridden' if one.overridden else '**refused**'} |"
            for one in told
        ]
    codes = Counter((one.level, one.code) for one in plan.issues)
    if codes:
        lines += ["", "| rows | code | count |", "|---|---|---:|"]
        lines += [f"| {level} | {code} | {count} |" for (level, code), count in sorted(codes.items())]
    return "\n".join(lines)


def table(plan: Plan, *, values: bool = False, limit: int = 50) -> Table:
    """Return a plan as a table for a terminal.

    :param plan: the plan
    :param values: whether to show before and after, default no: they are data of people
    :param limit: rows shown
    """
    from rich.table import Table

    shown = Table(
        title=f"{plan.kind.replace('_', ' ')}: {plan.outcome}, {len(plan.actions)} writes", box=None
    )
    for name in ("no.", "write", "why", "user", "days or option", *(["before", "after"] if values else [])):
        shown.add_column(name)
    for action in plan.actions[:limit]:
        what = (
            f"{action.after.get('start') or action.before.get('start')} to "
            if "start"
            in {
                **action.before,
                **action.after,
            }
            else ""
        )
        what += (
            str(action.after.get("end") or action.before.get("end") or "")
            if what
            else str((action.option_id or "new option")[:8])
        )
        cells = [str(action.number), action.kind, action.why, str(action.user_id or ""), what]
        if values:
            cells += [str(action.before.get("value", "")), str(action.after.get("value", ""))]
        shown.add_row(*cells)
    if len(plan.actions) > limit:
        shown.add_row("...", f"{len(plan.actions) - limit} more")
    return shown


def _groups(plan: Plan) -> list[tuple[str, str, int, int]]:
    found: dict[tuple[str, str], list[Any]] = {}
    for action in plan.actions:
        found.setdefault((action.kind, action.why), []).append(action.user_id)
    return [(kind, why, len(users), len(set(users))) for (kind, why), users in sorted(found.items())]
