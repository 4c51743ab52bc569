"""Erase a person from the ledger: days, HR keys and contents go, a keyed digest of what was owned stays.

The digest tells, to a run that knows the user and what HR says, that something of it was ours; nobody can read a person
from it. Its key is made once and kept in the ledger.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from calcom_provider.hr.ledger.plan_states import BLOCKED, FAILED, PLANNED, SENT, SUPERSEDED, UNAPPLIED
from calcom_provider.hr.ledger.tables import ACTIONS, ASSIGNMENTS, ENTRIES, ERASED, KEYS, PLANS, REQUESTS
from calcom_provider.hr.plan.model import Action
from calcom_provider.hr.plan.ownership import erased_digest

CLOSED = "erased"
"""State of an action that was still open when its person was erased."""

_DIGEST_KEY = "erased"
_OPEN = (PLANNED, SENT, FAILED, BLOCKED)


@dataclass(frozen=True, slots=True)
class OpenWork:
    """Count what the write-back still has to do with a person.

    :param actions: actions that may still be written, or of which a write was sent and never heard of again.
    :param entries: owned entries that are not over.
    """

    actions: int = 0
    entries: int = 0

    def __bool__(self) -> bool:
        return bool(self.actions or self.entries)


def digest_key(run: Any) -> str:
    """Return the key of the ledger's digests, empty before the first erasure.

    :param run: runs statements inside the transaction.
    """
    rows = run(sa.select(KEYS.c.value).where(KEYS.c.name == _DIGEST_KEY))
    return str(rows[0]["value"]) if rows else ""


def end_ownership(run: Any, mine: Mapping[str, Any], action: Action) -> None:
    """Drop the digest of what a finished write took back: a pair or an entry of an erased person.

    :param run: runs statements inside the transaction.
    :param mine: organisation and namespace.
    :param action: the write.
    """
    scope = [ERASED.c[name] == value for name, value in mine.items()]
    if action.kind == "unassign":
        digest = erased_digest(digest_key(run), "pair", action.user_id, action.option_id)
        run(sa.delete(ERASED).where(*scope, ERASED.c.digest == digest, ERASED.c.ooo_id == 0))
    if action.kind == "ooo_delete":
        run(sa.delete(ERASED).where(*scope, ERASED.c.ooo_id == action.ooo_id))


def open_work(run: Any, users: Collection[int], today: date) -> OpenWork:
    """Count what is still open about a person, as the one concerned or as a cover.

    :param run: runs statements inside the transaction.
    :param users: user ids of the person.
    :param today: the day from which on entries are not over.
    """
    entries = run(
        sa.select(ENTRIES.c.ooo_id).where(
            ENTRIES.c.user_id.in_(users), ENTRIES.c.end_day >= today.isoformat()
        )
    )
    return OpenWork(len(_open_actions(run, users)), len(entries))


def erase_person(run: Any, users: Collection[int], emails: Collection[str]) -> dict[str, int]:
    """Erase a person from every table of the ledger; what is still open is closed as ``erased``.

    A plan that loses an open action is superseded: what is left of it is not what somebody approved.

    :param run: runs statements inside the transaction.
    :param users: user ids of the person.
    :param emails: addresses of the person; an HR key may be one.
    :returns: rows by table, without prefix.
    """
    key = digest_key(run)
    if not key:
        key = secrets.token_hex(32)
        run(sa.insert(KEYS), [{"name": _DIGEST_KEY, "value": key}])
    hr_keys = _hr_keys(run, users)
    counts = {"actions": _close_and_empty(run, users) + _empty_mentions(run, users, emails)}
    counts["entries"] = _forget_entries(run, users, key)
    counts["assignments"] = _forget_assignments(run, users, key)
    counts["plans"] = _clean_reports(run, users, hr_keys, emails)
    return {table: count for table, count in counts.items() if count}


def _open_actions(run: Any, users: Collection[int]) -> list[dict[str, Any]]:
    open_ones = (
        sa.select(ACTIONS.c.plan_id, ACTIONS.c.number)
        .join(PLANS, PLANS.c.plan_id == ACTIONS.c.plan_id)
        .where(
            ACTIONS.c.status.in_(_OPEN),
            sa.or_(ACTIONS.c.status == SENT, PLANS.c.status.in_(UNAPPLIED)),
        )
    )
    own = list(run(open_ones.where(ACTIONS.c.user_id.in_(users))))
    named = _naming(run, users)
    others = run(open_ones.where(sa.or_(ACTIONS.c.user_id.is_(None), ACTIONS.c.user_id.not_in(users))))
    return own + [row for row in others if (row["plan_id"], row["number"]) in named]


def _naming(run: Any, users: Collection[int]) -> set[tuple[str, int]]:
    """Return the actions whose content names one of the users: as cover, before, after or seen, or as holder."""
    digits = [ACTIONS.c.content.contains(str(user)) for user in sorted(users)]
    query = sa.select(ACTIONS.c.plan_id, ACTIONS.c.number, ACTIONS.c.content).where(
        sa.or_(sa.false(), *digits)
    )
    return {
        (row["plan_id"], row["number"])
        for row in run(query)
        if not _users_in(json.loads(row["content"])).isdisjoint(users)
    }


def _users_in(content: Mapping[str, Any]) -> set[int | None]:
    """Return the ids of users that an action's content holds."""
    seen = content.get("seen") or {}
    covers = [(content.get(state) or {}).get("to_user_id") for state in ("before", "after")]
    # What a precondition compares of an entry ends with its cover.
    covers += [shape[-1] for shape in (seen.get("entries") or {}).values()]
    return {*covers, *(seen.get("holders") or ())}


def _hr_keys(run: Any, users: Collection[int]) -> set[str]:
    rows = run(
        sa.select(ACTIONS.c.content).where(ACTIONS.c.user_id.in_(users), ACTIONS.c.content.is_not(None))
    )
    return {str(key) for row in rows for key in json.loads(row["content"]).get("keys", ())}


def _close_and_empty(run: Any, users: Collection[int]) -> int:
    for row in _open_actions(run, users):
        which = (ACTIONS.c.plan_id == row["plan_id"], ACTIONS.c.number == row["number"])
        run(sa.update(ACTIONS).where(*which).values(status=CLOSED))
        plan = sa.update(PLANS).where(PLANS.c.plan_id == row["plan_id"], PLANS.c.status.in_(UNAPPLIED))
        run(plan.values(status=SUPERSEDED))
    about = ACTIONS.c.user_id.in_(users)
    count = len(run(sa.select(ACTIONS.c.plan_id).where(about)))
    run(sa.update(ACTIONS).where(about).values(user_id=None, content=None))
    return count


def _empty_mentions(run: Any, users: Collection[int], emails: Collection[str]) -> int:
    """Empty the contents of other people's actions that name the person: by an id, or by an address."""
    addresses = [sa.func.lower(ACTIONS.c.content).contains(one, autoescape=True) for one in _lowered(emails)]
    by_address = run(sa.select(ACTIONS.c.plan_id, ACTIONS.c.number).where(sa.or_(sa.false(), *addresses)))
    found = _naming(run, users) | {(row["plan_id"], row["number"]) for row in by_address}
    for plan_id, number in sorted(found):
        which = (ACTIONS.c.plan_id == plan_id, ACTIONS.c.number == number)
        run(sa.update(ACTIONS).where(*which).values(content=None))
    return len(found)


def _forget_entries(run: Any, users: Collection[int], key: str) -> int:
    rows = run(sa.select(ENTRIES).where(ENTRIES.c.user_id.in_(users)))
    for row in rows:
        first, last = (date.fromisoformat(row[name]) for name in ("start_day", "end_day"))
        for place in range((last - first).days + 1):
            day = (first + timedelta(days=place)).isoformat()
            _keep(run, row, erased_digest(key, "day", row["user_id"], day), int(row["ooo_id"]))
        which = (REQUESTS.c[name] == row[name] for name in ("organization_id", "namespace", "ooo_id"))
        run(sa.delete(REQUESTS).where(*which))
    run(sa.delete(ENTRIES).where(ENTRIES.c.user_id.in_(users)))
    covered = len(run(sa.select(ENTRIES.c.ooo_id).where(ENTRIES.c.to_user_id.in_(users))))
    run(sa.update(ENTRIES).where(ENTRIES.c.to_user_id.in_(users)).values(to_user_id=None))
    return len(rows) + covered


def _forget_assignments(run: Any, users: Collection[int], key: str) -> int:
    rows = run(sa.select(ASSIGNMENTS).where(ASSIGNMENTS.c.user_id.in_(users)))
    for row in rows:
        _keep(run, row, erased_digest(key, "pair", row["user_id"], row["option_id"]), 0)
    run(sa.delete(ASSIGNMENTS).where(ASSIGNMENTS.c.user_id.in_(users)))
    return len(rows)


def _keep(run: Any, row: Mapping[str, Any], digest: str, ooo_id: int) -> None:
    kept = {
        "organization_id": row["organization_id"],
        "namespace": row["namespace"],
        "digest": digest,
        "ooo_id": ooo_id,
    }
    if not run(sa.select(ERASED).where(*(ERASED.c[name] == value for name, value in kept.items()))):
        run(sa.insert(ERASED), [{**kept, "unclear": row["unclear"]}])


def _clean_reports(run: Any, users: Collection[int], keys: Collection[str], emails: Collection[str]) -> int:
    """Take out of the reports of plans what their issues say about the person; codes and levels stay."""
    shown = [f'"user_id": {user}' for user in sorted(users)] + [json.dumps(key)[1:-1] for key in sorted(keys)]
    patterns = [PLANS.c.report.contains(one, autoescape=True) for one in shown]
    patterns += [sa.func.lower(PLANS.c.report).contains(one, autoescape=True) for one in _lowered(emails)]
    if not patterns:
        return 0
    changed = 0
    for row in run(sa.select(PLANS.c.plan_id).where(sa.or_(*patterns))):
        which = PLANS.c.plan_id == row["plan_id"]
        report = json.loads(run(sa.select(PLANS.c.report).where(which))[0]["report"])
        issues = [_cleaned(issue, users, keys, _lowered(emails)) for issue in report.get("issues", ())]
        if issues != report.get("issues"):
            run(sa.update(PLANS).where(which).values(report=json.dumps({**report, "issues": issues})))
            changed += 1
    return changed


def _cleaned(
    issue: Mapping[str, Any], users: Collection[int], keys: Collection[str], emails: Collection[str]
) -> dict[str, Any]:
    key = str(issue.get("key") or "")
    if issue.get("user_id") in users or key in keys or any(one in key.lower() for one in emails):
        return {name: value for name, value in issue.items() if name in ("code", "level", "column")}
    return dict(issue)


def _lowered(emails: Collection[str]) -> list[str]:
    return sorted({email.lower() for email in emails})
