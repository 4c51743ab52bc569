"""The views on members and their attributes, worked out from their specification."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date
from typing import Any

import pandas as pd

from tests.integration.reporting.expected.common import (
    Hours,
    days,
    held_on,
    history_begins,
    note,
    out_days,
    table,
    versions,
)
from tests.integration.reporting.world import World

Row = dict[str, Any]
MEMBER_ATTRIBUTE = (
    "organization_id",
    "user_id",
    "membership_id",
    "attribute_id",
    "attribute_slug",
    "attribute_type",
    "option_id",
    "option_value",
    "group_option",
    "managed_by",
    "valid_from",
    "valid_to",
    "is_current",
    "note",
)
HEADCOUNT = (
    "organization_id",
    "date",
    "attribute_id",
    "attribute_slug",
    "option_id",
    "option_value",
    "members",
    "accepted_members",
    "members_with_schedule",
    "share_of_org",
    "out_today",
    "note",
)
COVERAGE = (
    "organization_id",
    "date",
    "attribute_id",
    "attribute_slug",
    "option_id",
    "option_value",
    "holders",
    "scheduled_holders",
    "available_holders",
    "is_uncovered",
    "last_holder_user_id",
    "note",
)


def dim_member_attribute(world: World, first: date, last: date) -> pd.DataFrame:
    """Give every version of every assignment."""
    attributes = {row["id"]: row for row in world.rows("attributes")}
    options = {row["id"]: row for row in world.rows("attribute_options")}
    memberships: dict[int, list[int]] = {}
    for row in world.rows("memberships"):
        memberships.setdefault(row["user_id"], []).append(row["id"])
    rows = []
    for version in versions(world, "attribute_assignments"):
        user, attribute, option = (version[name] for name in ("user_id", "attribute_id", "option_id"))
        rows.append(
            {
                "organization_id": world.organization_id,
                "user_id": user,
                "membership_id": min(memberships.get(user, []), default=None),
                "attribute_id": attribute,
                "attribute_slug": attributes.get(attribute, {}).get("slug"),
                "attribute_type": attributes.get(attribute, {}).get("type"),
                "option_id": option,
                "option_value": options.get(option, {}).get("value"),
                "group_option": _group_of(world, attribute, option),
                "managed_by": _manager(world, user, option) if version["is_current"] else None,
                "valid_from": version["valid_from"],
                "valid_to": version["valid_to"],
                "is_current": version["is_current"],
                "note": note(world, "attribute_assignments"),
            }
        )
    return table(MEMBER_ATTRIBUTE, rows)


def _group_of(world: World, attribute: str, option: str) -> str | None:
    names = [
        row["value"]
        for row in world.rows("attribute_options")
        if row["is_group"]
        and row["attribute_id"] == attribute
        and option in (row["contained_option_ids"] or ())
    ]
    return min(names, default=None)


def _manager(world: World, user: int, option: str) -> str | None:
    names = [
        row["namespace"]
        for row in world.ledger.get("assignments", [])
        if (row["organization_id"], row["user_id"], row["option_id"]) == (world.organization_id, user, option)
    ]
    return min(names, default=None)


def rpt_headcount_by_attribute_day(world: World, first: date, last: date) -> pd.DataFrame:
    """Give each day and option with the people who have it, and those without any."""
    return table(HEADCOUNT, _headcount(world, first, last))


def _headcount(world: World, first: date, last: date) -> Iterator[Row]:
    hours, out, state = Hours(world), out_days(world), _State(world)
    for day in state.days(first, last):
        members, accepted = state.members(day), state.accepted(day)
        for attribute in _enabled(world):
            holders = state.holders(day, attribute["id"])
            without = members - set().union(*holders.values())
            options = [(row["id"], row["value"]) for row in _options(world, attribute["id"])]
            groups = [(one, value, holders.get(one, set()) & members) for one, value in options]
            for option, value, people in [*groups, (None, "(none)", without)]:
                of_these = people & accepted
                with_schedule = of_these & set(hours.schedules)
                yield {
                    "organization_id": world.organization_id,
                    "date": day,
                    "attribute_id": attribute["id"],
                    "attribute_slug": attribute["slug"],
                    "option_id": option,
                    "option_value": value,
                    "members": len(people),
                    "accepted_members": len(of_these),
                    "members_with_schedule": len(with_schedule) if world.has("schedules") else None,
                    "share_of_org": 100 * len(of_these) / len(accepted) if accepted else None,
                    "out_today": _count_out(of_these, day, out) if world.has("ooo_entries") else None,
                    "note": note(world, "memberships", "attribute_assignments"),
                }


def rpt_attribute_coverage_day(world: World, first: date, last: date) -> pd.DataFrame:
    """Give each day and option to choose from, with the holders who are there."""
    return table(COVERAGE, _coverage(world, first, last))


def _coverage(world: World, first: date, last: date) -> Iterator[Row]:
    hours, out, state = Hours(world), out_days(world), _State(world)
    selects = [row for row in _enabled(world) if row["type"] in ("SINGLE_SELECT", "MULTI_SELECT")]
    for day in state.days(first, last):
        for attribute in selects:
            held = state.holders(day, attribute["id"])
            for option in _options(world, attribute["id"]):
                holders = held.get(option["id"], set()) & state.accepted(day)
                scheduled = {user for user in holders if hours.is_scheduled(user, day)}
                available = {user for user in scheduled if (user, day) not in out}
                yield {
                    "organization_id": world.organization_id,
                    "date": day,
                    "attribute_id": attribute["id"],
                    "attribute_slug": attribute["slug"],
                    "option_id": option["id"],
                    "option_value": option["value"],
                    "holders": len(holders),
                    "scheduled_holders": len(scheduled),
                    "available_holders": len(available),
                    "is_uncovered": not available and (not holders or bool(scheduled)),
                    "last_holder_user_id": next(iter(available)) if len(available) == 1 else None,
                    "note": note(world, "memberships", "attribute_assignments", "ooo_entries"),
                }


class _State:
    """Know who belonged and who had what at the end of a day."""

    def __init__(self, world: World) -> None:
        self._memberships = versions(world, "memberships")
        self._assignments = versions(world, "attribute_assignments")
        self._begin = history_begins(world)

    def days(self, first: date, last: date) -> Iterator[date]:
        return days(max(first, self._begin) if self._begin else first, last)

    def members(self, day: date) -> set[int]:
        return {row["user_id"] for row in self._memberships if held_on(row, day)}

    def accepted(self, day: date) -> set[int]:
        return {row["user_id"] for row in self._memberships if row["accepted"] and held_on(row, day)}

    def holders(self, day: date, attribute: str) -> dict[str, set[int]]:
        found: dict[str, set[int]] = {}
        for row in self._assignments:
            if row["attribute_id"] == attribute and held_on(row, day):
                found.setdefault(row["option_id"], set()).add(row["user_id"])
        return found


def _enabled(world: World) -> list[Row]:
    return [row for row in world.rows("attributes") if row["enabled"]]


def _options(world: World, attribute: str) -> list[Row]:
    return [row for row in world.rows("attribute_options") if row["attribute_id"] == attribute]


def _count_out(users: Collection[int], day: date, out: Collection[tuple[int, date]]) -> int:
    return sum((user, day) in out for user in users)
