"""Tell a reviewer all of a plan that is no person's data: a Markdown text for an approval."""

from __future__ import annotations

from collections import Counter
from typing import Any

from calcom_provider.hr.plan.model import Plan
from calcom_provider.hr.plan.remedies import remedy
from calcom_provider.hr.plan.rendering import how_to_confirm
from calcom_provider.hr.review.names import Names
from calcom_provider.hr.review.totals import absence_totals, option_totals
from calcom_provider.hr.review.words import KINDS, amount, guard_name, plural, quarantine_words, why_name

MOST = 40
"""Rows of a table of options; an attribute may have thousands."""


def markdown(plan: Plan, names: Names | None = None, link: str | None = None) -> str:
    """Return a plan for a reviewer: totals by name, guards with their limits, reasons; no data of any person.

    Options of selects are named. Values of texts and numbers are only counted: one may be somebody's alone.

    :param plan: the plan.
    :param names: what attributes are called; default their ids.
    :param link: address of the page that shows the plan person by person.
    """
    known = names or Names()
    people = len({one.user_id for one in plan.actions if one.user_id is not None})
    lines = [
        f"**{_headline(plan, people)}**",
        "",
        f"Plan `{plan.id}` ({plan.kind.replace('_', ' ')}, organisation {plan.organization_id}), hash `{plan.hash}`, "
        f"outcome **{plan.outcome}**.",
    ]
    if plan.quarantine:
        lines += ["", f"Namespace `{plan.namespace}`: quarantine **{quarantine_words(plan.quarantine)}**."]
    if link:
        lines += [
            "",
            f"[Look at it person by person]({link}) (for those who may read the ledger's connection)",
        ]
    lines += _what_changes(plan, known)
    lines += _guards(plan)
    lines += _people(plan)
    lines += _unwritten(plan)
    return "\n".join(lines)


def _headline(plan: Plan, people: int) -> str:
    if plan.refusals:
        return f"Refused by {', '.join(guard_name(one).lower() for one in plan.refusals)}: nothing can be written."
    if not plan.actions:
        return "Nothing to write: Cal.com is as HR says."
    writes, whose = plural(len(plan.actions), "write"), plural(people, "person", "people")
    return f"{writes} for {whose}, about {plan.minutes:g} minutes."


def _what_changes(plan: Plan, names: Names) -> list[str]:
    groups: dict[tuple[str, str], list[Any]] = {}
    for action in plan.actions:
        groups.setdefault((action.kind, action.why), []).append(action.user_id)
    rows = [
        (KINDS[kind], why_name(why), len(users), len({one for one in users if one is not None}))
        for (kind, why), users in sorted(groups.items())
    ]
    lines = _table(("write", "why", "count", "people"), rows)
    options = option_totals(plan.actions, names)
    told = [
        (_text(one.attribute), _text(one.option) or "(values)", one.given, one.taken, one.changed)
        for one in options[:MOST]
    ]
    lines += _table(("attribute", "option", "given", "taken back", "changed"), told)
    if len(options) > MOST:
        lines += ["", f"... and {len(options) - MOST} more options."]
    absences = absence_totals(plan.actions)
    lines += _table(
        ("absences", "entries", "people", "days more", "days less"),
        [(one.why, one.entries, one.people, one.days_added, one.days_removed) for one in absences],
    )
    return lines


def _guards(plan: Plan) -> list[str]:
    rows = []
    for one in plan.verdicts:
        state = "**refused**" if not one.allowed else "overridden" if one.overridden else "passes"
        subject = f" ({_text(one.subject)})" if one.subject else ""
        counted, limit = amount(one.guard, one.observed), amount(one.guard, one.limit)
        rows.append((f"{guard_name(one.guard)}{subject} `{one.guard}`", counted, limit, state))
    lines = _table(("guard", "counted", "limit", ""), rows)
    return [*lines, "", how_to_confirm(plan)] if plan.refusals else lines


def _people(plan: Plan) -> list[str]:
    return _table(("people", "count"), [(bucket, count) for bucket, count in plan.facts.people.items()])


def _unwritten(plan: Plan) -> list[str]:
    codes = Counter((one.level, one.code) for one in plan.issues)
    rows = [
        (level, code, count, *(_text(words) for words in remedy(code)))
        for (level, code), count in sorted(codes.items())
    ]
    return _table(("not written", "code", "rows", "meaning", "how to mend it"), rows)


def _table(head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> list[str]:
    if not rows:
        return []
    align = ["---:" if isinstance(cell, int) else "---" for cell in rows[0]]
    lines = ["", f"| {' | '.join(head)} |", f"|{'|'.join(align)}|"]
    return lines + [
        f"| {' | '.join(f'{one:,}' if isinstance(one, int) else one for one in row)} |" for row in rows
    ]


def _text(value: str | None) -> str:
    """Let a name stand in a table's cell as it is: no markup, no cell of its own."""
    plain = " ".join(str(value or "").split())
    for mark in "\\`*_[]<>|":
        plain = plain.replace(mark, f"\\{mark}")
    return plain
