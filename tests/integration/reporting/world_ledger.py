"""What the write-back to the generated organisation left in its ledger."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

Row = dict[str, Any]
NAMESPACES = ("hr", "badge")
BEGAN = datetime(2027, 3, 1, 6, 30, tzinfo=UTC).timestamp()


def ledger(
    rng: random.Random, organization_id: int, contents: Mapping[str, list[Row]]
) -> dict[str, list[Row]]:
    """Give the rows of the ledger; some belong to another organisation, which has the same ids.

    :param rng: source of chance
    :param organization_id: the organisation
    :param contents: what the last sync listed
    """
    absences, pairs = contents["ooo_entries"], contents["attribute_assignments"]
    entries = [_entry(organization_id, row) for row in rng.sample(absences, 30)]
    # Written, and gone since without a word to the ledger.
    entries += [_entry(organization_id, {**absences[0], "id": 9900})]
    strange = [_entry(organization_id + 1, row) for row in absences[:20]]
    assignments = [
        {**_scope(organization_id, name), **row, "unclear": False}
        for name in NAMESPACES
        for row in rng.sample(pairs, 40)
    ]
    assignments += [{**_scope(organization_id + 1, "aaa"), **row, "unclear": False} for row in pairs[:30]]
    plans = _plans(organization_id)
    actions = [row for plan in plans for row in _actions(rng, plan, entries)]
    return {"plans": plans, "actions": actions, "entries": entries + strange, "assignments": assignments}


def _scope(organization_id: int, namespace: str) -> Row:
    return {"organization_id": organization_id, "namespace": namespace}


def _entry(organization_id: int, absence: Row) -> Row:
    number = absence["id"]
    return {
        **_scope(organization_id, NAMESPACES[0]),
        "ooo_id": number,
        "user_id": absence["user_id"],
        "start_day": absence["start_at"][:10],
        "end_day": absence["end_at"][:10],
        "reason": "unspecified",
        "to_user_id": absence["to_user_id"],
        "wish": f"wish-{number}",
        "requests": f"digest-{number} digest-{number + 1}" if number % 2 else f"digest-{number}",
        "unclear": False,
    }


def _plans(organization_id: int) -> list[Row]:
    states = [
        ("out_of_office", "applied", None, []),
        ("out_of_office", "failed", "owner@lumen.example", []),
        ("attributes", "applied", None, ["persons_changed"]),
        ("attributes", "refused", None, ["unassigns", "match_rate", "unassigns"]),
        ("attributes", "planned", None, []),
        ("undo", "applying", "owner@lumen.example", []),
        ("out_of_office", "applied", None, []),  # without actions
    ]
    return [
        {
            **_scope(organization_id, NAMESPACES[place % 2] if kind == "attributes" else NAMESPACES[0]),
            "plan_id": f"plan-{organization_id}-{place}",
            "kind": kind,
            "hash": f"{place:064x}",
            "settings": "5" * 64,
            "status": status,
            "created_at": BEGAN + 3600.25 * place,
            "applied_at": BEGAN + 3600.25 * place + 61.5 if status == "applied" else None,
            "approved_by": approved,
            "source_rows": None if place == 5 else 60 + place,
            "match_rate": None if place == 5 else 0.9 + place / 100,
            "directory_sync": place == 1,
            "report": json.dumps({"verdicts": _verdicts(status, guards), "issues": [], "facts": {}}),
        }
        for place, (kind, status, approved, guards) in enumerate(states)
    ]


def _verdicts(status: str, guards: list[str]) -> list[Row]:
    passed = {"guard": "new_options", "allowed": True, "observed": 1.0, "limit": 5.0}
    said = [
        {"guard": one, "allowed": status != "refused", "observed": 9.0, "limit": 5.0}
        | {"overridden": status != "refused", "subject": "at-dep"}
        for one in guards
    ]
    # JSON objects have no order: every other one has its fields the other way round.
    turned = [dict(reversed(one.items())) if place % 2 else one for place, one in enumerate(said)]
    return [passed | {"overridden": False, "subject": None}, *turned]


def _actions(rng: random.Random, plan: Row, entries: list[Row]) -> list[Row]:
    if plan["plan_id"].endswith("-6"):  # a plan that found nothing to do
        return []
    rows = []
    for number in range(1, 13):
        status = "done" if plan["status"] == "applied" else "planned"
        if plan["status"] in ("failed", "applying"):
            status = rng.choice(("done", "failed", "stale", "blocked", "sent", "planned"))
        row: Row = {
            "plan_id": plan["plan_id"],
            "number": number,
            "status": status,
            "why": "new",
            "user_id": None,
            "attribute_id": None,
            "option_id": None,
            "ooo_id": None,
            "result_id": None,
            "code": status if status in ("stale", "blocked") else "http_500" if status == "failed" else None,
            "request_id": f"req-{number}" if status == "failed" else None,
            "attempts": 0 if status in ("planned", "blocked") else rng.choice((1, 1, 3)),
            "unclear": status == "sent",
            "sent_at": None if status in ("planned", "blocked") else plan["created_at"] + number,
            "done_at": plan["created_at"] + number + 0.5 if status == "done" else None,
            "content": None if number == 4 else "{}",
        }
        rows.append(row | _subject(rng, plan, number, status, entries))
    return rows


def _subject(rng: random.Random, plan: Row, number: int, status: str, entries: list[Row]) -> Row:
    if plan["kind"] == "attributes":
        made = number == 1
        option = {"option_id": None if made else "op-sal", "result_id": "op-new" if made else None}
        return {
            "kind": "option_create" if made else "assign",
            "attribute_id": "at-dep",
            "user_id": 1000 + number,
        } | option
    entry = rng.choice(entries)
    if number % 2:  # the entry of a new absence is known when it is written
        known = str(entry["ooo_id"]) if status == "done" else None
        return {"kind": "ooo_create", "user_id": entry["user_id"], "result_id": known}
    kind = "ooo_delete" if number % 4 == 0 else "ooo_update"
    return {"kind": kind, "user_id": entry["user_id"], "ooo_id": entry["ooo_id"]}
