"""Show who is out, and whether teams and attributes are covered on the days ahead."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from calcom_provider.reporting.page.data import Chart, Panel, Row, Value, named
from calcom_provider.reporting.page.reader import Days, Reader

#: Teams and options that are drawn, the worst covered first.
GROUPS = 40
SHARE = "Out, %"


@dataclass(frozen=True)
class Cell:
    """Hold one team or option on one day.

    :param group: id of the team or option
    :param label: what it is called
    :param day: the day
    :param values: what the table shows, after the name and the day
    :param share: how much is missing, in percent; None when nobody would work
    :param alarm: whether too few are there
    """

    group: Value
    label: str
    day: str
    values: Row
    share: int | None
    alarm: bool


def absences(read: Reader, days: Days) -> Panel:
    """Count the people who are out on each day."""
    key, title, name = "absences", "Absences", "fct_ooo_day"
    explanation = (
        "People with an out-of-office entry on each civil day; several entries of one person count once. An entry "
        "that was removed later than on the day counts for it."
    )
    if missing := read.missing(name):
        return Panel(key, title, explanation, missing=missing)
    v = read.view(name, days)
    alone = sa.func.sum(sa.case((v.c.cover_user_id.is_(None), 1), else_=0))
    counted = read.rows(
        sa.select(v.c.date, sa.func.count(), alone, sa.func.max(v.c.note))
        .where(sa.or_(v.c.removed_on.is_(None), v.c.removed_on > v.c.date))
        .group_by(v.c.date)
    )
    found = {str(day): (out, uncovered) for day, out, uncovered, _ in counted}
    shown = read.calendar(days)
    columns = ("Day", "Out", "Nobody stands in")
    return Panel(
        key,
        title,
        explanation,
        columns,
        tuple((day, *found.get(day, (0, 0))) for day in shown),
        Chart("calendar", "Day", ("Out",)),
        cut=_short_calendar(shown, days),
        note=next((str(row[-1]) for row in counted if row[-1]), None),
    )


def team_coverage(read: Reader, days: Days, people: bool) -> Panel:
    """Show for each team how many of those who would work are out."""
    key, title, name = "team-coverage", "Team coverage", "rpt_team_coverage_day"
    explanation = (
        "Share of the accepted members with working hours on a day, in percent, who are out. Marked with ! when fewer "
        f"are available than the team's minimum. Teams are shown by their {'names' if people else 'ids'}."
    )
    if missing := read.missing(name):
        return Panel(key, title, explanation, missing=missing)
    v = read.view(name, days)
    counts = ("members", "scheduled_members", "out_members", "available_members", "minimum", "below_minimum")
    found = read.rows(sa.select(v.c.team_id, v.c.date, *(v.c[one] for one in counts), v.c.note))
    names = read.names("teams", {row[0] for row in found}) if people else {}
    cells = [
        Cell(
            team,
            names.get(team, f"Team {team}"),
            str(day),
            (members, scheduled, out, available, minimum),
            _share(out, scheduled),
            bool(below),
        )
        for team, day, members, scheduled, out, available, minimum, below, _ in found
    ]
    columns = ("Team", "Day", "Members", "Would work", "Out", "Available", "Minimum", SHARE, "Below minimum")
    panel = Panel(
        key, title, explanation, columns, note=next((str(row[-1]) for row in found if row[-1]), None)
    )
    return _grid(panel, cells, days)


def attribute_coverage(read: Reader, days: Days, people: bool) -> Panel:
    """Show for each option of an attribute how many of its holders are out; without any, routing finds nobody."""
    key, title, name = "attribute-coverage", "Attribute coverage", "rpt_attribute_coverage_day"
    explanation = (
        "Share of an option's holders with working hours on a day, in percent, who are out. Marked with ! when a "
        "routing rule on it finds nobody, as for options that nobody holds."
    )
    if missing := read.missing(name):
        return Panel(key, title, explanation, missing=missing)
    v = read.view(name, days)
    counts = (
        "holders",
        "scheduled_holders",
        "available_holders",
        "is_uncovered",
        "last_holder_user_id",
        "note",
    )
    labels = (v.c.option_id, v.c.attribute_slug, v.c.option_value)
    found = read.rows(sa.select(*labels, v.c.date, *(v.c[one] for one in counts)))
    names = read.names("users", {row[8] for row in found if row[8] is not None}) if people else {}
    cells = []
    for option, slug, value, day, holders, scheduled, available, uncovered, last, _ in found:
        missing_holders = int(str(scheduled)) - int(str(available))
        share = 100 if uncovered else _share(missing_holders, scheduled)
        values: Row = (holders, scheduled, missing_holders, available)
        if people:
            values += (named(last, names),)
        cells.append(Cell(option, f"{slug}: {value}", str(day), values, share, bool(uncovered)))
    holder = ("Only holder left",) if people else ()
    columns = ("Option", "Day", "Holders", "Would work", "Out", "Available", *holder, SHARE, "Nobody there")
    panel = Panel(
        key, title, explanation, columns, note=next((str(row[-1]) for row in found if row[-1]), None)
    )
    return _grid(panel, cells, days)


def _share(part: Value, whole: Value) -> int | None:
    return round(100 * int(str(part)) / int(str(whole))) if whole else None


def _grid(panel: Panel, cells: Sequence[Cell], days: Days) -> Panel:
    """Fill a panel with the groups that are covered worst."""
    by_group: dict[Value, list[Cell]] = defaultdict(list)
    for cell in cells:
        by_group[cell.group].append(cell)
    alike = Counter(group[0].label for group in by_group.values())

    def label(group: list[Cell]) -> str:
        first = group[0]
        return first.label if alike[first.label] == 1 else f"{first.label} ({first.group})"

    def worst(group: list[Cell]) -> tuple[int, int, str]:
        return -sum(cell.alarm for cell in group), -sum(cell.share or 0 for cell in group), label(group)

    shown = sorted(by_group.values(), key=worst)
    cuts = [f"The {GROUPS} covered worst of {len(shown)} are shown."] if len(shown) > GROUPS else []
    if short := _short_calendar(sorted({cell.day for cell in cells}), days):
        cuts.append(short)
    rows = tuple(
        (label(group), cell.day, *cell.values, cell.share, cell.alarm)
        for group in shown[:GROUPS]
        for cell in sorted(group, key=lambda cell: cell.day)
    )
    chart = Chart("grid", "Day", (SHARE,), panel.columns[0], mark=panel.columns[-1])
    return Panel(
        panel.key,
        panel.title,
        panel.explanation,
        panel.columns,
        rows,
        chart,
        cut=" ".join(cuts) or None,
        note=panel.note,
    )


def _short_calendar(shown: Sequence[str], days: Days) -> str | None:
    if shown and shown[-1] == days[1].isoformat():
        return None
    ends = f"ends on {shown[-1]}" if shown else "has none of these days"
    return f"The calendar {ends}: run `calcom reports create` to carry it on."
