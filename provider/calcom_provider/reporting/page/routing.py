"""Show what became of the answers to routing forms."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from calcom_provider.reporting import functions as fn
from calcom_provider.reporting.page.data import Dimensions, Panel
from calcom_provider.reporting.page.reading.reader import Reader, whole
from calcom_provider.reporting.source import live

NAME = "rpt_routing_outcome"
#: What becomes of an answer, as the view calls it.
OUTCOMES = (
    "no_booking",
    "booking_not_synced",
    "rescheduled",
    "cancelled",
    "rejected",
    "pending",
    "no_show_host",
    "no_show_guest",
    "upcoming",
    "held",
)


def funnel(read: Reader, dims: Dimensions) -> Panel:
    """Count answers by week, form and outcome.

    :param read: the warehouse.
    :param dims: what numbers are told apart by.
    """
    key, title, metrics = "routing", "Routing forms", ("routing-funnel",)
    text = "How many answers to routing forms led to a booking, and how many of these took place."
    if missing := read.missing(NAME):
        return Panel(key, "trends", title, text, metrics, missing=missing)
    days = (dims.weeks[0], dims.weeks[dims.now] + timedelta(days=6))
    source = read.source(days)
    if not source.has("calendar"):
        return Panel(key, "trends", title, text, metrics, missing="Run `calcom reports create` first.")
    v, c = read.view(NAME), source.table("calendar", "rc")
    keys = [c.c.week_start, v.c.form_id, v.c.outcome]
    counted = sa.select(*keys, sa.func.count()).select_from(
        v.join(c, c.c.date == fn.utc_date(v.c.created_at))
    )
    weeks = {week.isoformat(): place for place, week in enumerate(dims.weeks)}
    names = _forms(read)
    found: Counter[tuple[int, str, int]] = Counter()
    for week, form, outcome, number in read.rows(counted.group_by(*keys)):
        label = names.get(str(form), "Form that is no longer there")
        found[weeks[str(week)], label, OUTCOMES.index(str(outcome))] += whole(number)
    if not found:
        missing = "Nobody answered a routing form in these weeks."
        return Panel(key, "trends", title, text, metrics, missing=missing)
    forms = sorted({form for _, form, _ in found})
    facts: dict[str, Any] = {
        "forms": forms,
        "rows": [
            [week, forms.index(form), result, number]
            for (week, form, result), number in sorted(found.items())
        ],
    }
    return Panel(key, "trends", title, text, metrics, ("period",), facts)


def _forms(read: Reader) -> dict[str, str]:
    source = read.source()
    if not source.has("routing_forms", "id", "name"):
        return {}
    f = source.table("routing_forms", "f")
    return {
        str(form): str(name or "Form without a name")
        for form, name in read.rows(sa.select(f.c.id, f.c.name).where(live(f)))
    }
