"""Fill a warehouse with a very large organisation: tables made by the warehouse, rows made by the database."""

from __future__ import annotations

from dataclasses import dataclass

from calcom_provider.resources.registry import catalogue
from calcom_provider.warehouse import RunInfo, Warehouse
from calcom_provider.warehouse.backends.base import Session

ORGANIZATION = 1
TABLES = (
    "users",
    "memberships",
    "teams",
    "team_memberships",
    "attributes",
    "attribute_options",
    "attribute_assignments",
    "ooo_entries",
    "schedules",
    "schedule_availability",
    "schedule_overrides",
    "bookings",
    "booking_hosts",
    "booking_attendees",
    "routing_form_responses",
)
#: Two years of bookings, with the months that the questions ask for near the end.
BEGIN = "timestamp '2025-06-01 00:00:00'"
MINUTES = 2 * 365 * 24 * 60


_ZONE = (
    "CASE i % 5 WHEN 0 THEN 'Europe/Berlin' WHEN 1 THEN 'America/New_York' WHEN 2 THEN 'Asia/Kolkata'"
    " WHEN 3 THEN 'Pacific/Auckland' END"
)


@dataclass(frozen=True)
class Size:
    """Say how much there is of everything."""

    members: int = 50_000
    bookings: int = 500_000

    @property
    def teams(self) -> int:
        """Return the number of teams: about fifty members each."""
        return max(self.members // 50, 1)


def fill(target: str, size: Size) -> None:
    """Make the tables and their rows.

    :param target: URL of an empty PostgreSQL or DuckDB database
    :param size: how much of everything
    """
    warehouse = Warehouse(target)
    _make_tables(warehouse)
    session = warehouse.backend.connect()
    try:
        if target.startswith("postgresql"):
            session.execute("SET TIME ZONE 'UTC'")
        for table, count, columns in _contents(size):
            _insert(session, table, count, columns, of=target)
        if target.startswith("postgresql"):
            session.execute("ANALYZE")
    finally:
        session.close()
        warehouse.close()


def _make_tables(warehouse: Warehouse) -> None:
    declared = {table.name: (one.name, table) for one in catalogue().values() for table in one.tables}
    with warehouse.load(RunInfo(scope={"organization_id": ORGANIZATION})) as load:
        for name in TABLES:
            resource, table = declared[name]
            mode = "history" if table.history else "merge"
            load.table(table, resource=resource, mode=mode, deletes="remove").finish(complete=True)
        load.publish()


def _insert(session: Session, table: str, count: int, columns: dict[str, str], *, of: str) -> None:
    series = f"generate_series(1, {count})" if of.startswith("postgresql") else f"range(1, {count + 1})"
    named = ", ".join(f'"{name}"' for name in ("organization_id", *columns))
    values = ", ".join((str(ORGANIZATION), *columns.values()))
    session.execute(f"INSERT INTO calcom_{table} ({named}) SELECT {values} FROM {series} AS s(i)")


def _after(minutes: str) -> str:
    return f"{BEGIN} + ({minutes}) * interval '1 minute'"


def _contents(size: Size) -> list[tuple[str, int, dict[str, str]]]:
    """Return table, number of rows, and an expression of the row's number ``i`` for each column."""
    user = f"1 + i % {size.members}"
    held = {"valid_from": BEGIN, "is_current": "true"}
    ended = {"valid_from": f"{BEGIN} - interval '300 days'", "valid_to": BEGIN, "is_current": "false"}
    # 7919 is prime, so bookings are spread over the two years and over the hosts without repeating.
    start = f"(CAST(i AS bigint) * 7919) % {MINUTES}"
    day = f"((CAST(i AS bigint) * 7919) % {MINUTES // 1440}) * 1440"
    return [
        ("users", size.members, {"id": "i", "time_zone": _ZONE, "default_schedule_id": "i"}),
        ("memberships", size.members, {"id": "i", "user_id": "i", "accepted": "i % 50 <> 0", **held}),
        ("teams", size.teams, {"id": "i", "name": "'Team ' || i"}),
        (
            "team_memberships",
            size.members * 2,
            {
                "id": "i",
                "team_id": f"1 + (i + CAST(floor(i / {size.members}.0) AS bigint)) % {size.teams}",
                "user_id": user,
                "accepted": "i % 50 <> 0",
            },
        ),
        (
            "attributes",
            3,
            {
                "id": "'a' || i",
                "slug": "CASE i WHEN 1 THEN 'region' WHEN 2 THEN 'department' ELSE 'attribute' || i END",
                "type": "'SINGLE_SELECT'",
                "enabled": "true",
            },
        ),
        (
            "attribute_options",
            60,
            {
                "id": "'o' || i",
                "attribute_id": "'a' || (1 + i % 3)",
                "value": "CASE i WHEN 3 THEN 'South' ELSE 'Value ' || i END",
            },
        ),
        (
            "attribute_assignments",
            size.members * 3,
            {
                "attribute_id": "'a' || (1 + i % 3)",
                "option_id": "'o' || (1 + (i + 2) % 60)",
                "user_id": "1 + CAST(floor((i - 1) / 3.0) AS bigint)",
                **held,
            },
        ),
        (
            "attribute_assignments",
            size.members,
            {
                "attribute_id": "'a' || (1 + i % 3)",
                "option_id": "'o' || (1 + (i + 2) % 60)",
                "user_id": user,
                **ended,
            },
        ),
        (
            "ooo_entries",
            size.members * 2,
            {
                "id": "i",
                "user_id": user,
                "start_at": _after(day),
                "end_at": _after(f"{day} + 1440 * (1 + i % 10)") + " - interval '1 millisecond'",
                **held,
            },
        ),
        (
            "schedules",
            size.members,
            {"id": "i", "owner_id": "i", "time_zone": _ZONE, "is_default": "true"},
        ),
        (
            "schedule_availability",
            size.members * 2,
            {
                "schedule_id": user,
                "position": f"CASE WHEN i <= {size.members} THEN 0 ELSE 1 END",
                "days": """CAST(CASE WHEN i % 7 = 0 THEN '["Monday","Saturday"]'
                    ELSE '["Monday","Tuesday","Wednesday","Thursday","Friday"]' END AS json)""",
                "start_time": f"CASE WHEN i <= {size.members} THEN '09:00' ELSE '13:00' END",
                "end_time": f"CASE WHEN i <= {size.members} THEN '12:30' ELSE '17:00' END",
            },
        ),
        (
            "schedule_overrides",
            size.members // 10,
            {
                "schedule_id": "i * 10",
                "position": "0",
                "date": f"CAST({_after(day)} AS date)",
                "start_time": "'10:00'",
                "end_time": "CASE WHEN i % 2 = 0 THEN '10:00' ELSE '15:00' END",
            },
        ),
        (
            "bookings",
            size.bookings,
            {
                "id": "i",
                "uid": "'b' || i",
                "status": "CASE WHEN i % 10 = 0 THEN 'cancelled' WHEN i % 17 = 0 THEN 'pending' ELSE 'accepted' END",
                "start_at": _after(start),
                "end_at": _after(f"{start} + 30"),
                "duration": "30",
                "event_type_id": "1 + i % 400",
                "absent_host": "i % 97 = 0",
                "created_at": _after(f"{start} - 2880"),
                "rating": "CASE WHEN i % 4 = 0 THEN 1 + i % 5 END",
            },
        ),
        (
            "booking_hosts",
            size.bookings,
            {"booking_id": "i", "position": "0", "user_id": f"1 + (i * 31) % {size.members}"},
        ),
        ("booking_attendees", size.bookings, {"booking_id": "i", "position": "0", "absent": "i % 23 = 0"}),
        (
            "routing_form_responses",
            size.bookings // 5,
            {
                "id": "i",
                "form_id": "'f' || (i % 8)",
                "created_at": _after(start),
                "routed_to_booking_uid": "CASE WHEN i % 3 > 0 THEN 'b' || i END",
            },
        ),
    ]
