"""Put the parts of the page together."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from calcom_provider.reporting.page import (
    absences,
    bookings,
    coverage,
    decisions,
    events,
    figures,
    hosts,
    operations,
    routing,
)
from calcom_provider.reporting.page.data import Page
from calcom_provider.reporting.page.members import growth
from calcom_provider.reporting.page.reading.dimensions import read_dimensions
from calcom_provider.reporting.page.reading.reader import Reader

if TYPE_CHECKING:
    import sqlalchemy as sa


def collect(
    target: sa.Engine | sa.URL | str,
    *,
    schema: str | None = None,
    prefix: str = "calcom_",
    show_people: bool = False,
    now: datetime | None = None,
) -> Page:
    """Read what the page shows.

    Bookings and members are counted for 26 weeks up to this one, bookings for four weeks ahead too, absences from 28
    days ago to 92 days ahead, coverage for the next 28 days. Nothing is written: the views are read from their
    definitions, so they need not have been made; the calendar must have been.

    :param target: SQLAlchemy engine or URL; ``duckdb:///path`` for a DuckDB file.
    :param schema: schema of the tables, the connection's own by default.
    :param prefix: what table names begin with.
    :param show_people: show names of users, numbers about fewer than five people, and single write-backs with their
        diff.
    :param now: the moment the page is made for, by default the present.
    """
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    with Reader(target, schema=schema, prefix=prefix) as read:
        dims, holders = read_dimensions(read, moment.date(), show_people)
        out = absences.read_absences(read, dims)
        teams, values = coverage.read_teams(read, dims), coverage.read_values(read, dims)
        conflicts = decisions.read_conflicts(read, dims)
        fresh, stopped = operations.read_freshness(read, moment), operations.read_quarantines(read)
        counted = bookings.read_bookings(read, dims, holders, moment)
        panels = (
            *bookings.panels(counted, figures.of_bookings(counted, dims)),
            hosts.utilisation(read, dims, holders),
            routing.funnel(read, dims),
            growth(read, dims),
            hosts.fairness(read, dims),
            absences.panel(out, dims),
            conflicts.panel,
            coverage.team_panel(teams, out, dims),
            coverage.value_panel(values, out, dims),
            operations.freshness(read, fresh),
            operations.budget(read),
            *operations.fleet_runs(read),
            *events.events(read),
            operations.quarantines(stopped),
            operations.write_backs(read, show_people),
        )
    told = (
        decisions.below_minimum(teams, dims),
        decisions.uncovered(values, dims),
        decisions.absent_hosts(conflicts),
        decisions.failed_syncs(fresh),
        decisions.stopped_write_backs(stopped),
        decisions.who_is_out(out, dims),
    )
    return Page(moment, dims, tuple(one for one in told if one), panels)
