"""Put the parts of the page together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from calcom_provider.reporting.page import coverage, panels
from calcom_provider.reporting.page.data import Page
from calcom_provider.reporting.page.reader import Reader

if TYPE_CHECKING:
    import sqlalchemy as sa

BACK, AHEAD, COVERED = 28, 92, 28


def collect(
    target: sa.Engine | sa.URL | str,
    *,
    schema: str | None = None,
    prefix: str = "calcom_",
    show_people: bool = False,
    now: datetime | None = None,
) -> Page:
    """Read what the page shows.

    Absences are counted from 28 days ago to 92 days ahead, coverage for the next 28 days. Nothing is written: the
    views are read from their definitions, so they need not have been made; the calendar must have been.

    :param target: SQLAlchemy engine or URL; ``duckdb:///path`` for a DuckDB file
    :param schema: schema of the tables, the connection's own by default
    :param prefix: what table names begin with
    :param show_people: show names of teams and users, and single write-backs with their diff, instead of ids and
        counts alone
    :param now: the moment the page is made for, by default the present
    """
    moment = now or datetime.now(UTC)
    today = moment.astimezone(UTC).date()
    around = (today - timedelta(days=BACK), today + timedelta(days=AHEAD - 1))
    ahead = (today, today + timedelta(days=COVERED - 1))
    with Reader(target, schema=schema, prefix=prefix) as read:
        parts = (
            panels.sync_health(read),
            panels.freshness(read, moment),
            coverage.absences(read, around),
            coverage.team_coverage(read, ahead, show_people),
            coverage.attribute_coverage(read, ahead, show_people),
            panels.write_back(read, show_people),
        )
    return Page(moment, parts, shows_people=show_people)
