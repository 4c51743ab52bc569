"""What a month of the views costs MySQL or MariaDB grows with the people, not with people times options or rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from calcom_provider.reporting.building.build import Reports
from calcom_provider.reporting.views import VIEWS
from calcom_provider.warehouse import Warehouse
from tests.integration.reporting.loading import write_sync

TODAY = date(2027, 3, 20)
MONTH = "BETWEEN '2027-03-01' AND '2027-03-31'"
DAYS = {view.name: view.snapshot_by for view in VIEWS if view.snapshot_by}
FEW = 400
#: Twice as many people and options are twice as many rows to read, and the calendar stays; their product is four times.
MOST = 2.5


def organization(people: int) -> Mapping[str, Iterable[Mapping[str, Any]]]:
    """Give people with four attributes, eight to an option, in teams of ten, half of whom are out in March."""
    everybody, start = range(1, people + 1), datetime(2027, 3, 8, tzinfo=UTC)
    out = {"start_at": start, "end_at": start + timedelta(days=3, milliseconds=-1)}
    attributes, options = ("region", "office", "level", "skill"), range(people // 8)
    working = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"]
    hours = {"position": 0, "days": working, "start_time": "09:00", "end_time": "17:00"}
    return {
        "users": [{"id": n, "time_zone": "Europe/Berlin"} for n in everybody],
        "memberships": [{"id": n, "user_id": n, "accepted": True} for n in everybody],
        "teams": [{"id": n, "name": f"Team {n}"} for n in range(people // 10)],
        "team_memberships": [
            {"id": n, "team_id": n % (people // 10), "user_id": n, "accepted": True} for n in everybody
        ],
        "attributes": [
            {"id": one, "slug": one, "type": "SINGLE_SELECT", "enabled": True} for one in attributes
        ],
        "attribute_options": [
            {"id": f"{one}-{n}", "attribute_id": one, "value": f"Value {n}"}
            for one in attributes
            for n in options
        ],
        "attribute_assignments": [
            {"attribute_id": one, "option_id": f"{one}-{n % len(options)}", "user_id": n}
            for one in attributes
            for n in everybody
        ],
        "ooo_entries": [{"id": n, "user_id": n, **out} for n in everybody if n % 2],
        "schedules": [{"id": n, "owner_id": n, "is_default": True} for n in everybody],
        "schedule_availability": [{"schedule_id": n, **hours} for n in everybody],
        "schedule_overrides": [],
        "bookings": [
            {"id": n, "uid": f"b{n}", "status": "accepted", "start_at": start, "duration": 30}
            for n in everybody
        ],
        "booking_hosts": [{"booking_id": n, "position": 0, "user_id": n} for n in everybody],
    }


def rows_read(session: Any, view: str, day: str) -> int:
    """Ask for a month and count the rows that the database read for it, of tables and of what it made of them."""
    before = _counted(session)
    assert session.fetch(f"SELECT * FROM {view} WHERE {day} {MONTH}")
    return _counted(session) - before


def _counted(session: Any) -> int:
    found = session.fetch("SHOW SESSION STATUS LIKE 'Handler_read%'")
    return sum(int(number) for _, number in found)


def test_a_month_of_twice_as_many_people(mysql_url: str) -> None:
    counts: dict[str, list[int]] = {view: [] for view in DAYS}
    warehouse = Warehouse(mysql_url)
    for place, people in enumerate((FEW, 2 * FEW)):
        contents = organization(people)
        write_sync(warehouse, {"organization_id": 1}, datetime(2027, 1, 1 + place, tzinfo=UTC), contents)
        with Reports(mysql_url) as reports:
            reports.create(today=TODAY, days_back=60, days_ahead=30)
        session = warehouse.backend.connect()
        session.execute(f"ANALYZE TABLE {', '.join('calcom_' + name for name in contents)}")
        for view, day in DAYS.items():
            counts[view].append(rows_read(session, view, day))
        session.close()
    warehouse.close()
    assert {view: (few, many) for view, (few, many) in counts.items() if many > MOST * few} == {}
