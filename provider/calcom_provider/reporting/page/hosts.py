"""Show how much of the hosts' time is booked, and whether round robin deals bookings out fairly."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from calcom_provider.reporting.page.bookings import NEEDS, PERIODS, band_of, hosted, near, outcome
from calcom_provider.reporting.page.data import Dimensions, Panel, Table
from calcom_provider.reporting.page.figures import ALL, Choice, of_load, share
from calcom_provider.reporting.page.reading.dimensions import Holders, type_places
from calcom_provider.reporting.page.reading.reader import Reader, whole
from calcom_provider.reporting.page.suppression import FEW, offered
from calcom_provider.reporting.source import live

NAME = "rpt_host_week"
BUSIEST = 30


def utilisation(read: Reader, dims: Dimensions, holders: Holders) -> Panel:
    """Show booked in percent of bookable minutes by week: of everybody, of teams and of values of attributes.

    :param read: the warehouse.
    :param dims: what numbers are told apart by.
    :param holders: who holds which option.
    """
    title = "Hosts' load"
    text = (
        "Utilisation: booked minutes in percent of the working minutes of those who hosted anything in these 26 "
        "weeks, days on which they are out left aside. Busy time in connected calendars is not known."
    )
    if missing := read.missing(NAME):
        return Panel("load", "trends", title, text, ("utilisation",), missing=missing)
    days = (dims.weeks[0], dims.weeks[-1] + timedelta(days=6))
    v = read.view(NAME, days)
    rows = read.rows(
        sa.select(
            v.c.week_start, v.c.host_user_id, v.c.bookable_minutes, v.c.booked_minutes, v.c.bookings
        ).where(sa.or_(v.c.booked_minutes > 0, v.c.bookable_minutes > 0))
    )
    if not rows:
        return Panel(
            "load", "trends", title, text, ("utilisation",), missing="No host worked in these weeks."
        )
    if all(row[2] is None for row in rows):
        missing = "Sync schedules: without working hours there is nothing to compare booked minutes with."
        return Panel("load", "trends", title, text, ("utilisation",), missing=missing)
    weeks = {week.isoformat(): place for place, week in enumerate(dims.weeks)}
    everybody = frozenset(whole(row[1]) for row in rows if whole(row[4]))
    rows = tuple(row for row in rows if whole(row[1]) in everybody)
    groups: dict[int, list[Choice]] = defaultdict(list)
    for kind, way in _ways(read, dims, holders):
        hosts = {place: people & everybody for place, people in way.items()}
        for place in hosts if dims.show_people else offered(hosts, everybody):
            for user in hosts[place]:
                groups[user].append((kind, place))
    sums: dict[Choice, list[list[int]]] = defaultdict(lambda: [[0, 0] for _ in dims.weeks])
    for week, host, bookable, booked, _ in rows:
        for group in (ALL, *groups[whole(host)]):
            both = sums[group][weeks[str(week)]]
            both[0] += whole(bookable)
            both[1] += whole(booked)
    shown = {
        group: [[*both, share(both[1], both[0])] for both in weeks_of] for group, weeks_of in sums.items()
    }
    facts: dict[str, Any] = {"all": shown[ALL], "figures": of_load(sums, dims)}
    for kind in ("teams", "values"):
        facts[kind] = {place: by_week for (of, place), by_week in shown.items() if of == kind}
    table = _busiest(read, dims, rows, weeks) if dims.show_people else None
    notes = tuple(note for note in (read.short_calendar(days),) if note)
    return Panel(
        "load",
        "trends",
        title,
        text,
        ("utilisation",),
        ("period", "team", "value"),
        facts,
        table,
        notes=notes,
    )


def _ways(
    read: Reader, dims: Dimensions, holders: Holders
) -> Iterator[tuple[str, dict[int, frozenset[int]]]]:
    """Give the ways to divide people: by team, and by the values of each attribute that can be chosen."""
    yield "teams", _members_of_teams(read, dims)
    attributes: dict[str, dict[int, frozenset[int]]] = defaultdict(dict)
    for place, value in enumerate(dims.values):
        if value.offered:
            attributes[value.attribute_id][place] = holders.get(value.id, frozenset())
    for values in attributes.values():
        yield "values", values


def _members_of_teams(read: Reader, dims: Dimensions) -> dict[int, frozenset[int]]:
    source = read.source()
    if not source.has("team_memberships", "team_id", "user_id", "accepted"):
        return {}
    m = source.table("team_memberships", "m")
    found: dict[int, set[int]] = defaultdict(set)
    for team, user in read.rows(
        sa.select(m.c.team_id, m.c.user_id).where(live(m), m.c.accepted.is_(sa.true())).distinct()
    ):
        found[whole(team)].add(whole(user))
    return {place: frozenset(found[team.id]) for place, team in enumerate(dims.teams)}


def _busiest(read: Reader, dims: Dimensions, rows: Iterable[Sequence[Any]], weeks: dict[str, int]) -> Table:
    """Return the hosts whose time was booked most in the shortest period."""
    sums: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0])
    for week, user, *numbers in rows:
        if band_of(weeks[str(week)], dims) == 0:
            for place, number in enumerate(numbers):
                sums[whole(user)][place] += whole(number)
    names = read.names("users", sums)
    first = sorted(sums.items(), key=lambda item: (-item[1][1], item[0]))[:BUSIEST]
    return Table(
        ("Host", f"Bookings in {PERIODS[0]} weeks", "Hours booked", "Utilisation, %"),
        tuple(
            (
                names.get(user, f"User {user}"),
                bookings,
                round(booked / 60, 1),
                share(booked, bookable),
            )
            for user, (bookable, booked, bookings) in first
            if booked
        ),
    )


def fairness(read: Reader, dims: Dimensions) -> Panel:
    """Show how evenly the bookings of round-robin event types went to their hosts.

    :param read: the warehouse.
    :param dims: what numbers are told apart by.
    """
    title = "Fairness of round robin"
    text = (
        "How evenly the bookings of each round-robin event type went to its hosts. 0 means that all got the same, 1 "
        "that one of many got everything."
    )
    key, metrics = "fairness", ("fairness",)
    source = read.source()
    if not source.has("bookings", *NEEDS) or not source.has("booking_hosts", "user_id"):
        return Panel(key, "trends", title, text, metrics, missing="Sync bookings.")
    if not any(one.round_robin for one in dims.types):
        missing = "Sync team_event_types; none of those that are there deals its bookings out by round robin."
        return Panel(key, "trends", title, text, metrics, missing=missing)
    if not source.has("calendar") or not source.has("tz_offsets"):
        return Panel(key, "trends", title, text, metrics, missing="Run `calcom reports create` first.")
    counts, known = _bookings_of_hosts(read, dims), _possible_hosts(read, dims)
    rows = []
    for period in range(len(PERIODS)):
        for place, one in enumerate(dims.types):
            if not one.round_robin:
                continue
            of_hosts = dict.fromkeys(known.get(place, ()), 0)
            for user, bands in counts.get(place, {}).items():
                of_hosts[user] = of_hosts.get(user, 0) + sum(bands[: period + 1])
            if sum(of_hosts.values()):
                rows.append([period, place, *_spread(list(of_hosts.values()), dims.show_people)])
    if not rows:
        return Panel(key, "trends", title, text, metrics, missing="No round-robin bookings in these weeks.")
    notes = (
        ()
        if known
        else ("The hosts of event types were not synced, so a host who got no booking at all is not seen.",)
    )
    return Panel(key, "trends", title, text, metrics, ("period", "team", "type"), {"rows": rows}, notes=notes)


def _bookings_of_hosts(read: Reader, dims: Dimensions) -> dict[int, dict[int, list[int]]]:
    """Return event type -> host -> confirmed bookings by period."""
    days = (dims.weeks[0], dims.weeks[dims.now] + timedelta(days=6))
    tables, b, _, c, _ = hosted(read.source(days), days)
    e = read.source().table("booking_hosts", "eh")
    of_booking = sa.and_(e.c.organization_id == b.c.organization_id, e.c.booking_id == b.c.id, live(e))
    keys = [c.c.week_start, b.c.event_type_id, e.c.user_id]
    counted = (
        sa.select(*keys, sa.func.count(sa.distinct(b.c.id)))
        .select_from(tables.join(e, of_booking))
        .where(near(b, days), outcome(b) == "accepted", e.c.user_id.is_not(None))
        .group_by(*keys)
    )
    places = type_places(read, dims.types)
    weeks = {week.isoformat(): place for place, week in enumerate(dims.weeks)}
    found: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0] * len(PERIODS)))
    for week, kind, user, number in read.rows(counted):
        place, band = places.get(whole(kind), 0), band_of(weeks[str(week)], dims)
        if dims.types[place].round_robin and band is not None:
            found[place][whole(user)][band] += whole(number)
    return found


def _possible_hosts(read: Reader, dims: Dimensions) -> dict[int, set[int]]:
    """Return event type -> hosts among whom it deals bookings out; nothing where these were not synced."""
    source = read.source()
    if not source.has("team_event_type_hosts", "event_type_id", "user_id", "mandatory"):
        return {}
    h = source.table("team_event_type_hosts", "h")
    places = {one.id: place for place, one in enumerate(dims.types) if one.round_robin}
    found: dict[int, set[int]] = defaultdict(set)
    dealt = sa.or_(h.c.mandatory.is_(None), h.c.mandatory == sa.false())
    for kind, user in read.rows(sa.select(h.c.event_type_id, h.c.user_id).where(live(h), dealt)):
        if whole(kind) in places:
            found[places[whole(kind)]].add(whole(user))
    return found


def _spread(counts: list[int], people: bool) -> list[Any]:
    """Return hosts, bookings, the least, the median and the most of a host, and the Gini coefficient.

    With fewer than five hosts only the bookings may be shown.
    """
    total, hosts = sum(counts), len(counts)
    if not people and hosts < FEW:
        return [-1, total, None, None, None, None]
    ordered = sorted(counts)
    middle = hosts // 2
    median = ordered[middle] if hosts % 2 else (ordered[middle - 1] + ordered[middle]) / 2
    return [hosts, total, ordered[0], median, ordered[-1], gini(ordered)]


def gini(ordered: Sequence[int]) -> float:
    """Return the Gini coefficient of counts, to three places: half the mean difference between two, in means.

    :param ordered: the counts, the smallest first; not all 0.
    """
    number, total = len(ordered), sum(ordered)
    weighted = sum((2 * place - number - 1) * count for place, count in enumerate(ordered, start=1))
    return round(weighted / (number * total), 3)
