"""Say what needs a decision today and this week, in sentences."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from calcom_provider.reporting.page.absences import SOON, Absences, spoken_day
from calcom_provider.reporting.page.coverage import Cell, Coverage
from calcom_provider.reporting.page.data import Decision, Dimensions, Panel, Table, count
from calcom_provider.reporting.page.operations import Fresh, Stopped
from calcom_provider.reporting.page.reading.dimensions import type_places
from calcom_provider.reporting.page.reading.reader import Reader, whole
from calcom_provider.reporting.page.suppression import FEW, FEWER, word

CONFLICT = "rpt_ooo_booking_conflict"
#: What is named of each, hours after which a table is no longer fresh, and days ahead that conflicts are listed for.
NAMED, STALE, LISTED = 5, 36, 28


def who_is_out(found: Absences, dims: Dimensions) -> Decision:
    """Say how many are out today and on the next days, and in which teams.

    :param found: what was counted.
    :param dims: what numbers are told apart by.
    """
    if found.missing:
        return Decision("out", "unknown", "?", f"Who is out is not known. {found.missing}", "absences")
    today = dims.today.isoformat()
    now = found.shown_everybody[today]
    verb = "person is" if now == 1 else "people are"
    text = f"{verb} out today, and {word(found.soon)} on some day of the next {SOON}."
    if dims.show_people:
        details = _first(found.names, "person", "people")
    else:
        teams = [(found.shown_teams[str(team.id), today], team.name) for team in dims.teams]
        told = sorted((-(out if out >= 0 else FEW), name, out) for out, name in teams if out != FEWER)
        listed = [f"{name}: {word(out)}" for _, name, out in told]
        details = _first(listed, f"team with {FEW} or more", f"teams with {FEW} or more")
        if few := len(teams) - len(told):
            details += (f"each of {'the other ' if told else ''}{count(few, 'team')}: {word(FEWER)}",)
    return Decision("out", "watch", word(now), text, "absences", details)


def below_minimum(found: Coverage, dims: Dimensions) -> Decision:
    """Name the teams that are below their minimum on the next days.

    :param found: the coverage of teams.
    :param dims: what numbers are told apart by.
    """
    key, link = "below", "team-coverage"
    if found.missing:
        return Decision(key, "unknown", "?", f"Whether teams are covered is not known. {found.missing}", link)
    soon = _soon(found.cells, dims)
    if all(cell.minimum is None for cell in found.cells):
        text = "No team has a minimum to be below: set one with `calcom reports create --minimum TEAM=N`."
        return Decision(key, "unknown", "–", text, link)
    days = _alarms(soon)
    if not days:
        return Decision(key, "fine", "0", f"teams are below their minimum in the next {SOON} days.", link)
    least = {cell.place: cell.minimum for cell in soon if cell.minimum is not None}
    details = _first(
        [f"{dims.teams[place].name} (at least {least[place]}): {_days(on)}" for place, on in days], "team"
    )
    verb = "team is" if len(days) == 1 else "teams are"
    return Decision(
        key, "act", str(len(days)), f"{verb} below the minimum in the next {SOON} days.", link, details
    )


def uncovered(found: Coverage, dims: Dimensions) -> Decision:
    """Name the values of attributes for which routing would find nobody on the next days.

    :param found: the coverage of values.
    :param dims: what numbers are told apart by.
    """
    key, link = "uncovered", "attribute-coverage"
    if found.missing:
        return Decision(
            key, "unknown", "?", f"Whether routing finds somebody is not known. {found.missing}", link
        )
    days = _alarms(_soon(found.cells, dims))
    if not days:
        text = f"values of attributes would leave routing with nobody in the next {SOON} days."
        return Decision(key, "fine", "0", text, link)
    details = _first([f"{dims.values[place].label}: {_days(on)}" for place, on in days], "value")
    what = "value of an attribute has" if len(days) == 1 else "values of attributes have"
    text = f"{what} days in the next {SOON} on which all who would work are out, so routing finds nobody."
    return Decision(key, "act", str(len(days)), text, link, details)


def _soon(cells: Iterable[Cell], dims: Dimensions) -> list[Cell]:
    last = (dims.today + timedelta(days=SOON - 1)).isoformat()
    return [cell for cell in cells if cell.day <= last]


def _alarms(cells: Iterable[Cell]) -> list[tuple[int, list[str]]]:
    """Return the groups with an alarm and their days, the most and the earliest first."""
    found: dict[int, list[str]] = defaultdict(list)
    for cell in cells:
        if cell.alarm:
            found[cell.place].append(cell.day)
    return sorted(found.items(), key=lambda item: (-len(item[1]), item[1][0], item[0]))


def _days(days: list[str]) -> str:
    return ", ".join(spoken_day(day) for day in days)


def _first(lines: Iterable[str], one: str, many: str | None = None) -> tuple[str, ...]:
    listed = list(lines)
    more = len(listed) - NAMED
    if more <= 0:
        return tuple(listed)
    return (*listed[:NAMED], f"and {count(more, f'more {one}', f'more {many}' if many else None)}")


@dataclass(frozen=True)
class Conflicts:
    """Hold the bookings whose host is out.

    :param soon: bookings of the next days.
    :param details: their event types, the most first.
    :param panel: the table of them.
    :param missing: what to do first where nothing is known.
    """

    soon: int
    details: tuple[str, ...]
    panel: Panel
    missing: str | None = None


def read_conflicts(read: Reader, dims: Dimensions) -> Conflicts:
    """Read the bookings ahead that fall on a day on which a host is out, and that still stand.

    :param read: the warehouse.
    :param dims: what numbers are told apart by.
    """
    title, text = (
        "Bookings with an absent host",
        (f"Bookings of the next {LISTED} days that fall on a day on which a host is out, as of now."),
    )
    if missing := read.missing(CONFLICT):
        return Conflicts(
            0, (), Panel("conflicts", "trends", title, text, ("conflict",), missing=missing), missing
        )
    v = read.view(CONFLICT)
    first, last = dims.today, dims.today + timedelta(days=LISTED - 1)
    ahead = sa.and_(v.c.resolved_on.is_(None), v.c.start_local_date.between(first, last))
    columns = (
        v.c.start_local_date,
        v.c.start_utc,
        v.c.booking_uid,
        v.c.event_type_id,
        v.c.host_user_id,
        v.c.cover_user_id,
    )
    rows = read.rows(
        sa.select(*columns).where(ahead).order_by(v.c.start_utc, v.c.booking_uid, v.c.host_user_id)
    )
    places = type_places(read, dims.types)
    labels = [dims.types[places.get(whole(row[3]), 0)] for row in rows]
    named = [f"{one.name} ({dims.teams[one.team].name})" if one.team >= 0 else one.name for one in labels]
    until = (dims.today + timedelta(days=SOON - 1)).isoformat()
    soon = {str(row[2]): label for row, label in zip(rows, named, strict=True) if str(row[0]) <= until}
    if dims.show_people:
        names = read.names("users", {user for row in rows for user in row[4:] if user is not None})
        table = Table(
            ("Day", "Begins (UTC)", "Event type", "Host", "Stands in", "Booking"),
            tuple(
                (str(row[0]), str(row[1])[11:16], label, *(_name(user, names) for user in row[4:]), row[2])
                for row, label in zip(rows, named, strict=True)
            ),
        )
    else:
        # Each booking once, whatever the number of its absent hosts.
        counted = Counter({(str(row[0]), label, str(row[2])) for row, label in zip(rows, named, strict=True)})
        days = Counter((day, label) for day, label, _ in counted)
        table = Table(
            ("Day", "Event type", "Bookings"), tuple((*key, number) for key, number in sorted(days.items()))
        )
    notes = () if rows else ("None: no booking falls on a day on which its host is out.",)
    panel = Panel(
        "conflicts", "trends", title, text, ("conflict",), table=table if rows else None, notes=notes
    )
    return Conflicts(len(soon), _first(_counted(soon.values()), "event type"), panel)


def _name(user: Any, names: Any) -> str | None:
    return None if user is None else names.get(user, f"User {user}")


def _counted(labels: Iterable[str]) -> list[str]:
    return [
        f"{label}: {number}"
        for label, number in sorted(Counter(labels).items(), key=lambda one: (-one[1], one[0]))
    ]


def absent_hosts(found: Conflicts) -> Decision:
    """Say how many bookings of the next days have an absent host.

    :param found: what was read.
    """
    if found.missing:
        text = f"Bookings with an absent host are not known. {found.missing}"
        return Decision("conflicts", "unknown", "?", text, "conflicts")
    what = "booking" if found.soon == 1 else "bookings"
    text = f"{what} of the next {SOON} days {'has' if found.soon == 1 else 'have'} a host who is out."
    return Decision(
        "conflicts", "act" if found.soon else "fine", f"{found.soon:,}", text, "conflicts", found.details
    )


def failed_syncs(found: tuple[Fresh, ...]) -> Decision:
    """Say which tables the newest sync failed to read, and which are no longer fresh.

    :param found: when each table was read.
    """
    key, link = "syncs", "freshness"
    if not found:
        return Decision(key, "unknown", "?", "No sync has run yet: run the DAG `calcom_to_warehouse`.", link)
    failing = [one for one in found if one.failing]
    stale = [one for one in found if not one.failing and one.hours is not None and one.hours > STALE]
    names = [f"{one.table}: the newest read failed; last read {one.read_at or 'never'}" for one in failing]
    names += [f"{one.table}: last read {one.read_at}, {one.hours:.0f} hours ago" for one in stale]
    if not names:
        oldest = max((one.hours or 0 for one in found), default=0)
        text = (
            f"tables failed to be read; all {len(found)} are fresh, the oldest read {oldest:.0f} hours ago."
        )
        return Decision(key, "fine", "0", text, link)
    if failing:
        text = f"{'table was' if len(failing) == 1 else 'tables were'} not read by the newest sync"
        text += f", and {len(stale)} more not for {STALE} hours." if stale else "."
        return Decision(key, "act", str(len(failing)), text, link, _first(names, "table"))
    text = f"{'table was' if len(stale) == 1 else 'tables were'} last read more than {STALE} hours ago."
    return Decision(key, "act", str(len(stale)), text, link, _first(names, "table"))


def stopped_write_backs(found: tuple[Stopped, ...] | None) -> Decision | None:
    """Say which write-backs are stopped; None without a ledger.

    :param found: quarantines.
    """
    if found is None:
        return None
    lasting = [one for one in found if one.ended_at is None]
    if not lasting:
        return Decision("stopped", "fine", "0", "write-backs are stopped.", "quarantines")
    details = [
        f"{one.namespace}, {one.kind.replace('_', ' ')}: {one.guards}, since {one.began_at}"
        for one in lasting
    ]
    text = f"{'write-back is' if len(lasting) == 1 else 'write-backs are'} stopped until somebody confirms."
    return Decision("stopped", "act", str(len(lasting)), text, "quarantines", _first(details, "write-back"))
