"""Read what the numbers of the page are told apart by: weeks, teams, event types and values of attributes, by name."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, timedelta
from itertools import count

import sqlalchemy as sa

from calcom_provider.reporting.page.data import AttributeValue, Dimensions, EventType, Team
from calcom_provider.reporting.page.reading.reader import Reader
from calcom_provider.reporting.page.suppression import offered
from calcom_provider.reporting.source import column, live
from calcom_provider.reporting.views.coverage import CHOICES
from calcom_provider.reporting.views.parts.hosting import ATTRIBUTES
from calcom_provider.reporting.views.parts.spans import select_options

#: Weeks that are shown before the present one, with it, and after it.
BACK, AHEAD = 26, 4
#: Days of the calendar of absences before today, and from today on.
DAYS_BACK, DAYS_AHEAD = 28, 92
PERSONAL = "Personal and unlisted event types"
Holders = dict[str, frozenset[int]]


def read_dimensions(read: Reader, today: date, show_people: bool) -> tuple[Dimensions, Holders]:
    """Return what numbers are told apart by, and who holds which option now.

    :param read: the warehouse.
    :param today: the day the page is made for.
    :param show_people: whether numbers about fewer than five people are shown.
    """
    monday = today - timedelta(days=today.weekday())
    weeks = tuple(monday + timedelta(weeks=number) for number in range(1 - BACK, AHEAD + 1))
    days = tuple(today + timedelta(days=number) for number in range(-DAYS_BACK, DAYS_AHEAD))
    teams = _teams(read)
    holders, members = _holders(read), _members(read)
    return (
        Dimensions(
            today,
            weeks,
            BACK - 1,
            days,
            teams,
            _types(read, teams),
            _values(read, holders, members, show_people),
            show_people,
        ),
        holders,
    )


def _teams(read: Reader) -> tuple[Team, ...]:
    source = read.source()
    if not source.has("teams", "id", "name"):
        return ()
    t = source.table("teams", "t")
    found = sorted(
        (str(name or "Team without a name"), int(str(number)))
        for number, name in read.rows(sa.select(t.c.id, t.c.name).where(live(t)).distinct())
    )
    names = told_apart([name for name, _ in found])
    return tuple(Team(number, name) for name, (_, number) in zip(names, found, strict=True))


def _types(read: Reader, teams: tuple[Team, ...]) -> tuple[EventType, ...]:
    """Return the event types of teams: those that are there, and those gone that bookings still name."""
    none = EventType(0, PERSONAL)
    if read.missing("dim_event_type"):
        return (none,)
    e = read.view("dim_event_type")
    places = {team.id: place for place, team in enumerate(teams)}
    rows = read.rows(
        sa.select(e.c.event_type_id, e.c.event_type_name, e.c.team_id, e.c.scheduling_type).where(
            e.c.kind.in_(("team", "organization")), sa.or_(e.c.is_deleted.is_(sa.false()), e.c.bookings > 0)
        )
    )
    made = sorted(
        (places.get(int(str(team)), -1), str(name), int(str(number)), kind)
        for number, name, team, kind in rows
    )
    named: dict[int, list[str]] = defaultdict(list)
    for team, name, _, _ in made:
        named[team].append(name)
    again = {team: iter(told_apart(names)) for team, names in named.items()}
    return (
        none,
        *(EventType(number, next(again[team]), team, kind == "roundRobin") for team, _, number, kind in made),
    )


def type_places(read: Reader, types: tuple[EventType, ...]) -> dict[int, int]:
    """Return the place of each event type in the dimension; copies that members have count as what they copy.

    :param read: the warehouse.
    :param types: the dimension.
    """
    places = {one.id: place for place, one in enumerate(types) if place}
    if places:
        e = read.view("dim_event_type")
        copies = sa.select(e.c.event_type_id, e.c.original_event_type_id).where(e.c.kind == "managed_copy")
        for copy, original in read.rows(copies):
            if int(str(original)) in places:
                places.setdefault(int(str(copy)), places[int(str(original))])
    return places


def _values(
    read: Reader, holders: Holders, members: frozenset[int], show_people: bool
) -> tuple[AttributeValue, ...]:
    source = read.source()
    if not all(source.has(name) for name in ATTRIBUTES):
        return ()
    o, a = select_options(source, *CHOICES).subquery("o"), source.table("attributes", "shown")
    same = sa.and_(a.c.organization_id == o.c.organization_id, a.c.id == o.c.attribute_id, live(a))
    rows = read.rows(
        sa.select(
            o.c.option_id, o.c.attribute_id, o.c.attribute_slug, o.c.option_value, column(a, "name")
        ).select_from(o.join(a, same))
    )
    of_attribute: dict[str, Holders] = defaultdict(dict)
    for option, attribute, *_ in rows:
        of_attribute[str(attribute)][str(option)] = holders.get(str(option), frozenset())
    chosen: set[str] = set()
    for options in of_attribute.values():
        chosen |= set(options) if show_people else offered(options, members)
    names = _attributes({str(row[1]): str(row[4] or row[2] or "attribute") for row in rows})
    return tuple(
        AttributeValue(
            str(option),
            str(attribute),
            names[str(attribute)],
            str(value or "(no value)"),
            len(holders.get(str(option), ())),
            str(option) in chosen,
        )
        for option, attribute, _, value, _ in sorted(
            rows,
            key=lambda row: (names[str(row[1])].lower(), str(row[1]), str(row[3]).lower(), str(row[0])),
        )
    )


def _attributes(names: dict[str, str]) -> dict[str, str]:
    """Return the names of attributes by id, those that several have told apart."""
    found = sorted((name, attribute) for attribute, name in names.items())
    shown = told_apart([name for name, _ in found])
    return {attribute: name for name, (_, attribute) in zip(shown, found, strict=True)}


def _members(read: Reader) -> frozenset[int]:
    source = read.source()
    if not source.has("memberships", "user_id", "accepted"):
        return frozenset()
    m = source.table("memberships", "m")
    found = sa.select(m.c.user_id).where(live(m), m.c.accepted.is_(sa.true()), m.c.user_id.is_not(None))
    return frozenset(int(str(row[0])) for row in read.rows(found.distinct()))


def _holders(read: Reader) -> Holders:
    """Return who of the accepted members holds which option now."""
    source = read.source()
    if not all(source.has(name) for name in (*ATTRIBUTES, "memberships")):
        return {}
    x, m = source.table("attribute_assignments", "x"), source.table("memberships", "m")
    same = sa.and_(m.c.organization_id == x.c.organization_id, m.c.user_id == x.c.user_id)
    found: dict[str, set[int]] = defaultdict(set)
    for option, user in read.rows(
        sa.select(x.c.option_id, x.c.user_id)
        .select_from(x.join(m, same))
        .where(live(x), live(m), m.c.accepted.is_(sa.true()))
        .distinct()
    ):
        found[str(option)].add(int(str(user)))
    return {option: frozenset(people) for option, people in found.items()}


def told_apart(names: list[str]) -> list[str]:
    """Return names in their order, with a number behind those that are there more than once.

    :param names: the names.
    """
    often, taken = Counter(names), set(names)
    shown = []
    for name in names:
        numbered = (f"{name} ({number})" for number in count(1))
        # Somebody may have called another one so.
        free = name if often[name] == 1 else next(one for one in numbered if one not in taken)
        taken.add(free)
        shown.append(free)
    return shown
