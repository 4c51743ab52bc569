"""Write rows of assignments and entries, each at most once, without HR data behind them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from calcom_provider.hr.apply.job import Job
from calcom_provider.hr.attributes.columns import load_columns
from calcom_provider.hr.attributes.job import AttributeJob, AttributeSettings
from calcom_provider.hr.errors import CellError, Issue
from calcom_provider.hr.plan.guards import GuardLimits
from calcom_provider.hr.plan.model import Action, Plan, digest, numbered
from calcom_provider.hr.plan.settings import Common
from calcom_provider.hr.sources.dates import parse_moment
from calcom_provider.hr.sources.mapping import load_mapping
from calcom_provider.hr.sources.rows import Rows, from_records
from calcom_provider.hr.sources.status_words import REASONS
from calcom_provider.hr.sources.text import fold_email
from calcom_provider.hr.target.gateway import Gateway, read_state
from calcom_provider.hr.target.matching import Directory, MatchSettings
from calcom_provider.hr.target.state import CalState, find_attribute

UNLIMITED = GuardLimits(match_rate=0.0, new_options=10**9, same_day=1.0, segment_days=10**6)
_ENTRY_KEYS = {"user", "start", "end", "reason", "to_user", "notes"}


def assignment_job(
    gateway: Gateway, rows: Iterable[Mapping[str, Any]], missing_option: str
) -> tuple[AttributeJob, Rows]:
    """Return a job and its source for rows of ``{"user": id or e-mail, "attribute": ..., "value": ...}``.

    Rows of one user and attribute are values of one cell. Nothing is ever taken back.

    :param gateway: the organisation.
    :param rows: the assignments.
    :param missing_option: what a value without an option means: ``fail``, ``skip`` or ``create``.
    """
    people: dict[str, dict[str, Any]] = {}
    attributes: dict[str, None] = {}
    known = gateway.list_attributes()
    for row in rows:
        user, attribute = fold_email(str(row["user"])), find_attribute(known, str(row["attribute"])).id
        attributes[attribute] = None
        person = people.setdefault(user, {"id": user, "email": user if "@" in user else None})
        person.setdefault(attribute, []).append(row["value"])
    aliases = {user: int(user) for user in people if user.isdecimal()}
    columns = {
        name: {"attribute": name, "mode": "additive", "missing_option": missing_option} for name in attributes
    }
    records = [{**dict.fromkeys(attributes), **_cells(person)} for person in people.values()]
    mapping = load_mapping({"employees": {"fields": {"id": "id", "email": "email"}}})
    common = Common("UTC", mapping, "bulk", MatchSettings(aliases), UNLIMITED)
    return AttributeJob(gateway, AttributeSettings(common, load_columns(columns), False)), from_records(
        records
    )


def _cells(person: Mapping[str, Any]) -> dict[str, Any]:
    """Hand one value over as it is: only selects take several."""
    return {
        name: value[0] if isinstance(value, list) and len(value) == 1 else value
        for name, value in person.items()
    }


class EntryJob(Job):
    """Make out-of-office entries that do not exist yet.

    An entry of the same user and days counts as made already, whatever else it says.

    :param gateway: the organisation.
    """

    def __init__(self, gateway: Gateway) -> None:
        from calcom_provider.hr.apply.applier import Patience

        self.gateway = gateway
        self.ledger = None
        self.patience = Patience()

    def plan(self, rows: Iterable[Mapping[str, Any]]) -> Plan:
        """Compare rows with what is there.

        :param rows: ``user`` (id or e-mail), ``start``, ``end``, and if wanted ``reason``, ``to_user``,
            ``notes``.
        """
        state = read_state(self.gateway, entries=True)
        directory = Directory(state.users.values(), needs_profile=True)
        there = {(one.user_id, one.start, one.end) for one in state.entries.values()}
        actions: list[Action] = []
        issues: list[Issue] = []
        for number, row in enumerate(rows, start=1):
            try:
                action = self._action(len(actions) + 1, number, row, directory, state)
            except CellError as wrong:
                issues.append(Issue(wrong.code, row=number))
                continue
            key = (action.user_id, _day(row["start"]), _day(row["end"]))
            if key in there:
                issues.append(Issue("exists", row=number, level="info", user_id=action.user_id))
                continue
            there.add(key)  # type: ignore[arg-type]
            actions.append(action)
        return Plan(
            id=uuid.uuid4().hex,
            kind="out_of_office",
            organization_id=state.organization_id,
            namespace="bulk",
            settings=digest("bulk"),
            actions=numbered(actions),
            issues=tuple(issues),
            requests_per_minute=self.pace(),
        )

    def apply(self, plan: Plan) -> Any:
        """Write the plan.

        :param plan: what :meth:`plan` returned.
        """
        return self.carry_out(plan, Common("UTC", load_mapping("merge"), "bulk"), reread=False)

    def _action(
        self, place: int, number: int, row: Mapping[str, Any], directory: Directory, state: CalState
    ) -> Action:
        if set(row) - _ENTRY_KEYS:
            raise CellError("unknown_key")
        user_id = _user(row.get("user"), directory)
        start, end = _day(row.get("start")), _day(row.get("end"))
        if end < start:
            raise CellError("end_before_start")
        reason = row.get("reason") or "unspecified"
        if reason not in REASONS:
            raise CellError("unknown_reason")
        cover = _user(row["to_user"], directory) if row.get("to_user") else None
        if cover == user_id:
            raise CellError("cover_self")
        seen = {str(one.id): one.shape() for one in state.entries_of(user_id) if one.overlaps(start, end)}
        after = {
            "start": start.isoformat(),
            "end": end.isoformat(),
            "reason": reason,
            "to_user_id": cover,
            "notes": row.get("notes"),
        }
        return Action(
            place,
            "ooo_create",
            "row",
            user_id=user_id,
            after=after,
            seen={"entries": seen},
            keys=(f"row {number}",),
        )


def _user(value: Any, directory: Directory) -> int:
    text = str(value or "").strip()
    hits = {int(text)} & set(directory.users) if text.isdecimal() else directory.find(None, [text])
    if len(hits) != 1:
        raise CellError("ambiguous" if hits else "unmatched")
    user = directory.users[hits.pop()]
    if not directory.is_ready(user):
        raise CellError("pending")
    return user.id


def _day(value: Any) -> Any:
    moment = parse_moment(value)
    if moment is None:
        raise CellError("missing_date")
    return moment.day
