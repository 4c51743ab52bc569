"""Show whether teams and the values of attributes are covered on the days ahead."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from calcom_provider.reporting.page.absences import Absences
from calcom_provider.reporting.page.data import Dimensions, Panel, Row
from calcom_provider.reporting.page.reading.reader import Reader, sentence, whole
from calcom_provider.reporting.page.suppression import FEW, FEWER, WITHHELD, one

#: Days that coverage is shown for, teams or values, the worst covered first, and of the others those that are named.
DAYS, GROUPS, NAMED = 28, 60, 12
TEAM, OPTION = "rpt_team_coverage_day", "rpt_attribute_coverage_day"


@dataclass(frozen=True)
class Cell:
    """Hold one team or value on one day.

    :param place: place of the team or value in its dimension.
    :param day: the day.
    :param scheduled: who would work.
    :param out: who of them is out.
    :param alarm: whether too few are there.
    :param minimum: how many should be there; None where nobody said.
    :param last: the only one who is there; None where people are not shown, or where it is not one.
    """

    place: int
    day: str
    scheduled: int
    out: int
    alarm: bool
    minimum: int | None = None
    last: int | None = None


@dataclass(frozen=True)
class Coverage:
    """Hold the coverage of teams, or of values.

    :param cells: in the order of the groups and days.
    :param missing: what to do first where nothing is known.
    :param notes: what the numbers rest on.
    """

    cells: tuple[Cell, ...] = ()
    missing: str | None = None
    notes: tuple[str, ...] = ()


def read_teams(read: Reader, dims: Dimensions) -> Coverage:
    """Read how many of each team would work and how many of them are out.

    :param read: the warehouse.
    :param dims: what numbers are told apart by.
    """
    if missing := read.missing(TEAM):
        return Coverage(missing=missing)
    days = _ahead(dims)
    v = read.view(TEAM, days)
    counts = ("scheduled_members", "out_members", "minimum", "below_minimum", "note")
    places = {team.id: place for place, team in enumerate(dims.teams)}
    rows = read.rows(sa.select(v.c.team_id, v.c.date, *(v.c[name] for name in counts)))
    cells = [
        Cell(
            places[whole(team)],
            str(day),
            whole(scheduled),
            whole(out),
            bool(below),
            whole(least) if least else None,
        )
        for team, day, scheduled, out, least, below, _ in rows
        if whole(team) in places
    ]
    return Coverage(_ordered(cells), notes=_notes(read, rows, days))


def read_values(read: Reader, dims: Dimensions) -> Coverage:
    """Read how many who hold each value would work and how many of them are out.

    :param read: the warehouse.
    :param dims: what numbers are told apart by.
    """
    if missing := read.missing(OPTION):
        return Coverage(missing=missing)
    days = _ahead(dims)
    v = read.view(OPTION, days)
    counts = (
        "holders",
        "scheduled_holders",
        "available_holders",
        "is_uncovered",
        "last_holder_user_id",
        "note",
    )
    places = {value.id: place for place, value in enumerate(dims.values)}
    rows = read.rows(sa.select(v.c.option_id, v.c.date, *(v.c[name] for name in counts)))
    cells = [
        Cell(
            places[str(option)],
            str(day),
            whole(scheduled),
            whole(scheduled) - whole(available),
            # A value that nobody holds is no news of a day.
            bool(uncovered) and whole(holders) > 0,
            last=whole(last) if dims.show_people and last is not None else None,
        )
        for option, day, holders, scheduled, available, uncovered, last, _ in rows
        if str(option) in places
    ]
    return Coverage(_ordered(cells), notes=_notes(read, rows, days))


def _ahead(dims: Dimensions) -> tuple[date, date]:
    return dims.today, dims.today + timedelta(days=DAYS - 1)


def _ordered(cells: Iterable[Cell]) -> tuple[Cell, ...]:
    return tuple(sorted(cells, key=lambda cell: (cell.place, cell.day)))


def _notes(read: Reader, rows: Sequence[Row], days: tuple[date, date]) -> tuple[str, ...]:
    notes = [read.short_calendar(days), *(sentence(str(note)) for note in {row[-1] for row in rows} if note)]
    return tuple(note for note in notes if note)


def team_panel(found: Coverage, out: Absences, dims: Dimensions) -> Panel:
    """Return the grid of teams and days.

    :param found: what was read.
    :param out: how absences may be shown.
    :param dims: what numbers are told apart by.
    """
    title = "Coverage by team"
    text = (
        "Of those who would work on each day of the next four weeks, the share that is out, in percent. An "
        "exclamation mark stands on days with fewer people than the team's minimum."
    )
    if found.missing:
        return Panel("team-coverage", "trends", title, text, ("coverage",), missing=found.missing)
    if not any(cell.scheduled for cell in found.cells):
        return Panel("team-coverage", "trends", title, text, ("coverage",), missing=_nobody(found))
    ids = {place: str(team.id) for place, team in enumerate(dims.teams)}
    facts, left = _grid(
        found,
        dims,
        lambda cell: out.shown_teams.get((ids[cell.place], cell.day), FEWER),
        lambda place: dims.teams[place].name,
    )
    notes = (*found.notes, *left)
    if all(cell.minimum is None for cell in found.cells):
        notes += (
            "No team has a minimum yet: `calcom reports create --minimum TEAM=N` sets one, and days below it then "
            "stand at the top of this page.",
        )
    return Panel(
        "team-coverage", "trends", title, text, ("coverage", "minimum"), ("team",), facts, notes=notes
    )


def value_panel(found: Coverage, out: Absences, dims: Dimensions) -> Panel:
    """Return the grid of values of attributes and days.

    :param found: what was read.
    :param out: how absences may be shown.
    :param dims: what numbers are told apart by.
    """
    title = "Coverage by attribute"
    text = (
        "Of those with a value who would work on each day of the next four weeks, the share that is out, in "
        "percent. An exclamation mark stands where all of them are out, so that a routing rule on the value would "
        "find nobody."
    )
    metrics = ("coverage", "uncovered")
    if found.missing:
        return Panel("attribute-coverage", "trends", title, text, metrics, missing=found.missing)
    if not any(cell.scheduled for cell in found.cells):
        return Panel("attribute-coverage", "trends", title, text, metrics, missing=_nobody(found))
    ids = {place: value.id for place, value in enumerate(dims.values)}
    facts, left = _grid(
        found,
        dims,
        lambda cell: out.shown_values.get((ids[cell.place], cell.day), FEWER),
        lambda place: dims.values[place].label,
    )
    unheld = [value.label for value in dims.values if not value.holders]
    if unheld:
        named = ", ".join(unheld[:NAMED]) + (
            f" and {len(unheld) - NAMED} more" if len(unheld) > NAMED else ""
        )
        left = (*left, f"Nobody holds {named}. Routing on these finds nobody on any day.")
    return Panel(
        "attribute-coverage", "trends", title, text, metrics, ("value",), facts, notes=(*found.notes, *left)
    )


def _nobody(found: Coverage) -> str:
    return (
        " ".join(found.notes) or "Nobody would work on any of these days: sync members and their schedules."
    )


def _grid(
    found: Coverage, dims: Dimensions, shown_out: Callable[[Cell], int], label: Callable[[int], str]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the cells of the groups that are covered worst, as they may be shown, and what was left out."""
    groups: dict[int, dict[str, list[Any]]] = defaultdict(dict)
    for cell in found.cells:
        groups[cell.place][cell.day] = _shown(cell, dims, shown_out)
    days = sorted({cell.day for cell in found.cells})
    left = []
    # Nothing is known of these but that they are few; a row for each would say so in every field.
    few = [place for place, cells in groups.items() if all(_hidden(one) for one in cells.values())]
    if few:
        named = ", ".join(label(place) for place in few[:NAMED])
        more = f" and {len(few) - NAMED} more" if len(few) > NAMED else ""
        left.append(f"On every day fewer than five would work or are out: {named}{more}.")

    def worst(place: int) -> tuple[int, float, int]:
        # By what is shown alone: the order must not tell what the fields do not.
        cells = groups[place].values()
        share = max(
            (out / scheduled for scheduled, out, *_ in cells if scheduled > 0 and out >= 0), default=-1.0
        )
        return -sum(one[2] for one in cells), -share, place

    held = [
        place
        for place in sorted(groups, key=worst)
        if place not in few and any(one[0] for one in groups[place].values())
    ]
    rows = [[place, [groups[place].get(day) for day in days]] for place in held[:GROUPS]]
    if len(held) > GROUPS:
        left.append(f"The {GROUPS} covered worst of {len(held)} are shown.")
    return {"days": days, "rows": rows}, tuple(left)


def _hidden(shown: list[Any]) -> bool:
    return FEWER in (shown[0], shown[1]) and not shown[2]


def _shown(cell: Cell, dims: Dimensions, shown_out: Callable[[Cell], int]) -> list[Any]:
    """Return scheduled, out, alarm and minimum of a cell; of two of them the number who are available is taken.

    The alarm and the minimum are told in any case. Who would work is not where these would give away who is out.
    """
    if dims.show_people:
        return [cell.scheduled, cell.out, int(cell.alarm), cell.minimum]
    scheduled = one(cell.scheduled)
    out = FEWER if scheduled == FEWER else shown_out(cell)
    if out == WITHHELD or (out == FEWER and scheduled >= FEW and _gives_away(cell)):
        scheduled = WITHHELD
    return [scheduled, out, int(cell.alarm), cell.minimum]


def _gives_away(cell: Cell) -> bool:
    """Tell whether the alarm of a cell leaves out some of the numbers below five that may be out."""
    if cell.minimum is None:
        return False
    return {cell.scheduled - out < cell.minimum for out in range(FEW)} != {cell.alarm}
