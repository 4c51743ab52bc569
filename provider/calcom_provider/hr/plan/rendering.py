"""Show plans in a terminal: the writes, the rows that are not written, and how a refused plan is confirmed."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from calcom_provider.hr.plan.guards import NEVER, counts_to_confirm
from calcom_provider.hr.plan.model import Action, Plan
from calcom_provider.hr.plan.remedies import remedy

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text


def how_to_confirm(plan: Plan) -> str:
    """Say how a refused plan can be confirmed, for an operator's argument and for a shell; one line.

    :param plan: the plan.
    """
    counts = counts_to_confirm(plan.verdicts)
    if counts is None:
        never = ", ".join(name for name in plan.refusals if name in NEVER)
        return f"Nobody can override {never}: mend the source or the settings, and plan again."
    if not counts:
        return ""
    return (
        f"Look at the plan; if it is right, confirm exactly these counts for one run: confirm={counts} on the "
        f"operator, or {confirm_command(plan)}"
    )


def confirm_command(plan: Plan, arguments: Sequence[str] = (), *, stored: bool = True) -> str:
    """Return the command that confirms a refused plan and writes it.

    :param plan: the plan.
    :param arguments: the other arguments of the command; default placeholders for settings and ledger.
    :param stored: whether a ledger holds the plan, so that exactly this one is written; else it is made anew.
    """
    words = ["calcom", "hr", "apply", plan.kind]
    words += map(shlex.quote, arguments or ("--settings", "SETTINGS", "--ledger", "LEDGER"))
    if stored:
        words += ["--plan-id", plan.id, "--plan-hash", plan.hash]
    counts = counts_to_confirm(plan.verdicts) or {}
    words += [word for guard, count in counts.items() for word in ("--confirm", f"{guard}={count}")]
    return " ".join(words)


def table(plan: Plan, *, values: bool = False, limit: int | None = 50) -> Table:
    """Return a plan as a table for a terminal.

    :param plan: the plan.
    :param values: whether to show before and after, default no: they are data of people.
    :param limit: rows shown; None shows all.
    """
    from rich.table import Table

    shown = Table(
        title=f"{plan.kind.replace('_', ' ')}: {plan.outcome}, {len(plan.actions)} writes", box=None
    )
    for name in ("no.", "write", "why", "user", "days or option", *(["before", "after"] if values else [])):
        shown.add_column(name)
    for action in plan.actions[:limit]:
        cells: list[str | Text] = [
            str(action.number),
            action.kind,
            action.why,
            str(action.user_id or ""),
            _subject(action),
        ]
        if values:
            cells += [_text(_told(action.before)), _text(_told(action.after))]
        shown.add_row(*cells)
    if limit is not None and len(plan.actions) > limit:
        shown.add_row("...", f"{len(plan.actions) - limit} more")
    return shown


def issue_table(plan: Plan) -> Table:
    """Return the rows that are not written as a table for a terminal, one a line, with how to mend each.

    :param plan: the plan.
    """
    from rich.table import Table

    shown = Table(title=f"{len(plan.issues)} rows reported", box=None)
    for name in ("row", "key", "level", "code", "column", "user", "days", "meaning", "how to mend it"):
        shown.add_column(name)
    for one in plan.issues:
        meaning, mend = remedy(one.code)
        shown.add_row(
            str(one.row or ""),
            _text(one.key or ""),
            one.level,
            _text(one.code),
            _text(one.column or ""),
            str(one.user_id or ""),
            " ".join(one.days),
            _text(meaning),
            mend,
        )
    return shown


def _text(value: str) -> Text:
    """Return what came with the data as it is: brackets in it are no markup."""
    from rich.text import Text

    return Text(value)


def _subject(action: Action) -> str:
    days = action.after if action.after.get("start") else action.before
    if days.get("start"):
        return f"{days['start']} to {days['end']}"
    return (action.option_id or "new option")[:8]


def _told(side: Mapping[str, Any]) -> str:
    """Return one side of a write: a value, or the days of an entry with its reason and cover."""
    if not side.get("start"):
        return str(side.get("value", ""))
    told = f"{side['start']} to {side['end']}"
    if side.get("reason") not in {None, "unspecified"}:
        told += f", {side['reason']}"
    return told + (f", cover {side['to_user_id']}" if side.get("to_user_id") else "")
