"""Show how the organisation grew: accepted members by week, and those with each value of an attribute."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from calcom_provider.reporting.page.data import Dimensions, Panel
from calcom_provider.reporting.page.reading.reader import Reader, whole
from calcom_provider.reporting.page.suppression import families
from calcom_provider.reporting.source import VALID_FROM, live
from calcom_provider.reporting.views.parts.working import accepted_on

NAME = "rpt_headcount_by_attribute_day"
NONE = "(none)"


def growth(read: Reader, dims: Dimensions) -> Panel:
    """Count accepted members at the end of each week, the present one as it is today.

    :param read: the warehouse.
    :param dims: what numbers are told apart by.
    """
    key, title, metrics = "growth", "Members", ("headcount",)
    text = "Accepted members at the end of each week; this week as it is today."
    source = read.source()
    if not source.has("memberships", "user_id", "accepted"):
        return Panel(key, "trends", title, text, metrics, missing="Sync memberships.")
    if not source.has("calendar"):
        return Panel(key, "trends", title, text, metrics, missing="Run `calcom reports create` first.")
    days = [min(week + timedelta(days=6), dims.today) for week in dims.weeks[: dims.now + 1]]
    first = _first_seen(read)
    days = [day for day in days if first is None or day >= first]
    everybody = _everybody(read, days)
    by_value = {} if read.missing(NAME) else _by_value(read, days)
    labels = sorted({label for labels in by_value.values() for label in labels})
    ways: dict[str, list[str]] = defaultdict(list)
    for attribute, option in labels:
        ways[attribute].append(option)
    shown_all, shown = [], defaultdict(list)
    for day in days:
        total, counts = everybody.get(day, 0), by_value.get(day, {})
        divided = [
            {option: counts.get((way, option), 0) for option in options} for way, options in ways.items()
        ]
        if not dims.show_people:
            total, divided = families(total, divided)
        shown_all.append(total)
        for counted in divided:
            for option, number in counted.items():
                shown[option].append(number)
    facts: dict[str, Any] = {
        "weeks": [day.isoformat() for day in days],
        "all": shown_all,
        "values": {place: shown[value.id] for place, value in enumerate(dims.values) if value.id in shown},
    }
    if first is None:
        notes: tuple[str, ...] = (
            "Memberships are kept without history: today's members stand for every week.",
        )
    else:
        notes = (
            (f"History begins with the first sync, on {first:%-d %B %Y}.",) if first > dims.weeks[0] else ()
        )
    return Panel(key, "trends", title, text, metrics, ("period", "value"), facts, notes=notes)


def _first_seen(read: Reader) -> date | None:
    """Return the day of the first sync of memberships; None where they are kept without history."""
    source = read.source()
    if not source.keeps_history("memberships"):
        return None
    m = source.table("memberships", "m")
    ((first,),) = read.rows(sa.select(sa.func.min(m.c[VALID_FROM.name])))
    return date.fromisoformat(str(first)[:10]) if first else None


def _everybody(read: Reader, days: list[date]) -> dict[date, int]:
    source = read.source(list(days))
    m, c = source.table("memberships", "m"), source.table("calendar", "c")
    counted = sa.select(c.c.date, sa.func.count(sa.distinct(m.c.user_id))).select_from(
        c.join(m, accepted_on(m, c.c.date))
    )
    return {
        date.fromisoformat(str(day)): whole(people) for day, people in read.rows(counted.group_by(c.c.date))
    }


def _by_value(read: Reader, days: list[date]) -> dict[date, dict[tuple[str, str], int]]:
    """Return day -> attribute and option -> accepted members; those without a value stand beside the options."""
    v, a = read.view(NAME, list(days)), read.source().table("attributes", "ga")
    chosen = sa.and_(a.c.organization_id == v.c.organization_id, a.c.id == v.c.attribute_id, live(a))
    found: dict[date, dict[tuple[str, str], int]] = defaultdict(dict)
    rows = sa.select(v.c.date, v.c.attribute_id, v.c.option_id, v.c.accepted_members).select_from(
        v.join(a, chosen)
    )
    for day, attribute, option, people in read.rows(
        rows.where(a.c.type.in_(("SINGLE_SELECT", "MULTI_SELECT")))
    ):
        label = (str(attribute), str(option) if option is not None else f"{NONE} {attribute}")
        found[date.fromisoformat(str(day))][label] = whole(people)
    return found
