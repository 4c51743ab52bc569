"""Show who is out, day by day: everybody, each team, and the holders of each value of an attribute."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from calcom_provider.reporting.fixed_tables.calendar import WEEKDAYS
from calcom_provider.reporting.page.data import Dimensions, Panel
from calcom_provider.reporting.page.reading.reader import Reader, whole
from calcom_provider.reporting.page.suppression import families, over_days
from calcom_provider.reporting.source import held_on
from calcom_provider.reporting.views.coverage import CHOICES
from calcom_provider.reporting.views.parts.hosting import ATTRIBUTES
from calcom_provider.reporting.views.parts.spans import select_options
from calcom_provider.reporting.views.parts.working import accepted_on

NAME = "fct_ooo_day"
#: Days, today included, that the decisions are about.
SOON = 7
# Not strftime: its names follow the locale of the process.
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
Cell = tuple[str, str]


@dataclass
class Absences:
    """Hold how many are out, as counted and as it may be shown.

    :param everybody: day -> people.
    :param teams: team's id and day -> people.
    :param values: option and day -> people.
    :param soon: people who are out on any of the next days, as it may be shown.
    :param names: who is out on the next days, and when; empty where people are not shown.
    :param shown_everybody: like ``everybody``, as it may be shown.
    :param shown_teams: like ``teams``, as it may be shown.
    :param shown_values: like ``values``, as it may be shown.
    :param missing: what to do first where nothing is known.
    :param notes: what the counts rest on.
    """

    everybody: dict[str, int] = field(default_factory=dict)
    teams: dict[Cell, int] = field(default_factory=dict)
    values: dict[Cell, int] = field(default_factory=dict)
    soon: int = 0
    names: tuple[str, ...] = ()
    shown_everybody: dict[str, int] = field(default_factory=dict)
    shown_teams: dict[Cell, int] = field(default_factory=dict)
    shown_values: dict[Cell, int] = field(default_factory=dict)
    missing: str | None = None
    notes: tuple[str, ...] = ()


def read_absences(read: Reader, dims: Dimensions) -> Absences:
    """Count the people who are out on each day of the calendar.

    :param read: the warehouse.
    :param dims: what numbers are told apart by.
    """
    if missing := read.missing(NAME):
        return Absences(missing=missing)
    days = (dims.days[0], dims.days[-1])
    out = _out(read, days)
    found = Absences(
        everybody=_by_day(read, sa.select(out.c.date, _people(out)).group_by(out.c.date)),
        teams=_by_team(read, out),
        values=_by_value(read, out),
    )
    soon = _out(read, (dims.today, dims.today + timedelta(days=SOON - 1)))
    _show(found, dims)
    found.soon = whole(read.rows(sa.select(_people(soon)))[0][0])
    if dims.show_people:
        found.names = _names(read, soon)
    else:
        next_days = (dims.today + timedelta(days=number) for number in range(SOON))
        found.soon = over_days(found.soon, [found.shown_everybody[day.isoformat()] for day in next_days])
    found.notes = _notes(read, dims)
    return found


def _out(read: Reader, days: tuple[date, date]) -> sa.Subquery:
    """Give who is out on a day on which they would work, once for each day."""
    v = read.view(NAME, days)
    counts = sa.and_(
        sa.or_(v.c.removed_on.is_(None), v.c.removed_on > v.c.date),
        sa.or_(v.c.is_scheduled_day.is_(None), v.c.is_scheduled_day == sa.true()),
    )
    return sa.select(v.c.organization_id, v.c.user_id, v.c.date).where(counts).subquery("out")


def _people(out: sa.FromClause) -> Any:
    return sa.func.count(sa.distinct(out.c.user_id))


def _by_day(read: Reader, statement: sa.Select[Any]) -> dict[str, int]:
    return {str(day): whole(people) for day, people in read.rows(statement)}


def _by_team(read: Reader, out: sa.Subquery) -> dict[Cell, int]:
    source = read.source()
    if not source.has("team_memberships", "team_id", "user_id", "accepted"):
        return {}
    m = source.table("team_memberships", "tm")
    member = sa.and_(
        m.c.organization_id == out.c.organization_id,
        m.c.user_id == out.c.user_id,
        accepted_on(m, out.c.date),
    )
    counted = sa.select(m.c.team_id, out.c.date, _people(out)).select_from(out.join(m, member))
    rows = read.rows(counted.group_by(m.c.team_id, out.c.date))
    return {(str(team), str(day)): whole(people) for team, day, people in rows}


def _by_value(read: Reader, out: sa.Subquery) -> dict[Cell, int]:
    source = read.source()
    if not all(source.has(name) for name in (*ATTRIBUTES, "memberships")):
        return {}
    x, m = source.table("attribute_assignments", "vx"), source.table("memberships", "vm")
    o = select_options(source, *CHOICES).subquery("vo")
    held = sa.and_(
        x.c.organization_id == out.c.organization_id,
        x.c.user_id == out.c.user_id,
        held_on(x, out.c.date),
    )
    option = [x.c[name] == o.c[name] for name in ("organization_id", "attribute_id", "option_id")]
    member = sa.and_(
        m.c.organization_id == out.c.organization_id,
        m.c.user_id == out.c.user_id,
        accepted_on(m, out.c.date),
    )
    tables = out.join(x, held).join(o, sa.and_(*option)).join(m, member)
    counted = sa.select(x.c.option_id, out.c.date, _people(out)).select_from(tables)
    rows = read.rows(counted.group_by(x.c.option_id, out.c.date))
    return {(str(option_id), str(day)): whole(people) for option_id, day, people in rows}


def _names(read: Reader, out: sa.Subquery) -> tuple[str, ...]:
    rows = sa.select(out.c.user_id, sa.func.min(out.c.date), sa.func.max(out.c.date)).group_by(out.c.user_id)
    found = sorted((str(first), str(last), whole(user)) for user, first, last in read.rows(rows))
    names = read.names("users", [user for _, _, user in found])
    return tuple(
        f"{names.get(user, f'User {user}')}: {spoken_day(first)}"
        + (f" to {spoken_day(last)}" if last != first else "")
        for first, last, user in found
    )


def spoken_day(day: str) -> str:
    """Return a day as it is read, such as ``Mon 23 Nov``.

    :param day: in the form YYYY-MM-DD.
    """
    one = date.fromisoformat(day)
    return f"{WEEKDAYS[one.weekday()][:3]} {one.day} {MONTHS[one.month - 1]}"


def _show(found: Absences, dims: Dimensions) -> None:
    """Fill in what may be shown of the counts."""
    days = [day.isoformat() for day in dims.days]
    teams = [str(team.id) for team in dims.teams]
    options: dict[str, list[str]] = defaultdict(list)
    for value in dims.values:
        options[value.attribute_id].append(value.id)
    for day in days:
        total = found.everybody.get(day, 0)
        divided = [
            _on(found.teams, teams, day),
            *(_on(found.values, ids, day) for ids in options.values()),
        ]
        if dims.show_people:
            shown_total, shown = total, divided
        else:
            shown_total, shown = families(total, divided)
        found.shown_everybody[day] = shown_total
        found.shown_teams.update({(team, day): people for team, people in shown[0].items()})
        for counts in shown[1:]:
            found.shown_values.update({(option, day): people for option, people in counts.items()})


def _on(counts: Mapping[Cell, int], groups: list[str], day: str) -> dict[str, int]:
    return {group: counts.get((group, day), 0) for group in groups}


def _notes(read: Reader, dims: Dimensions) -> tuple[str, ...]:
    notes = [read.short_calendar((dims.days[0], dims.days[-1])), read.note(NAME, (dims.today, dims.today))]
    return tuple(note for note in notes if note)


def panel(found: Absences, dims: Dimensions) -> Panel:
    """Return the calendar of absences.

    :param found: what was counted.
    :param dims: what numbers are told apart by.
    """
    title = "Absences"
    text = (
        "People who are out on a day on which they would work, from four weeks ago to three months ahead. An entry "
        "that was removed later than on the day counts for it."
    )
    if found.missing:
        return Panel("absences", "trends", title, text, ("out",), missing=found.missing)
    days = [day.isoformat() for day in dims.days]
    # A group about which nothing but "<5" could be said is left out.
    facts = {
        "days": days,
        "all": [found.shown_everybody[day] for day in days],
        "teams": {
            place: [found.shown_teams[str(team.id), day] for day in days]
            for place, team in enumerate(dims.teams)
        },
        "values": {
            place: [found.shown_values[value.id, day] for day in days]
            for place, value in enumerate(dims.values)
            if value.offered
        },
    }
    return Panel("absences", "trends", title, text, ("out",), ("team", "value"), facts, notes=found.notes)
