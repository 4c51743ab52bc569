"""Erasure and retention reach the snapshot days of reporting views, in the same transaction as the synced tables."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.cli.app import run
from calcom_provider.reporting import privacy
from calcom_provider.reporting.building import build
from calcom_provider.reporting.building.build import Reports
from calcom_provider.reporting.building.snapshots import NEW, SUFFIX
from calcom_provider.reporting.fixed_tables import time_zones
from calcom_provider.reporting.privacy import erase_from_snapshots, forget_snapshots
from calcom_provider.reporting.source import Options
from calcom_provider.reporting.views import VIEWS
from calcom_provider.warehouse import Warehouse
from calcom_provider.warehouse.backends.base import Session
from tests.integration.reporting import questions_world as world
from tests.integration.reporting.loading import write_sync

TODAY = date(2027, 3, 1)
MEMBER, EMAIL = 2, "member2@lumen.example"
DAILY = [view.name for view in VIEWS if view.snapshot_by]
ABSENCES, HOSTS, HOLDERS = (
    f"{name}{SUFFIX}" for name in ("fct_ooo_day", "rpt_host_week", "rpt_attribute_coverage_day")
)
Ask = Callable[[str], list[tuple[Any, ...]]]
Said = tuple[int, str, str]


@pytest.fixture
def ask(warehouse_url: str) -> Ask:
    """Return a function that runs a statement on a connection of its own."""
    return lambda statement: on(warehouse_url, lambda session: do(session, statement))


@pytest.fixture
def calcom(warehouse_url: str, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Return a function that runs ``calcom privacy`` on the database: its exit code, what it printed."""

    def call(command: str, *words: str) -> Said:
        code = run(["privacy", command, "--to", warehouse_url, *words])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return call


@pytest.fixture
def kept(warehouse_url: str, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> str:
    """Keep every view that can be, of an organisation whose member 2 is out, stands in and hosts."""
    rows = tuple(row for row in time_zones.offset_rows() if row[0] in ("UTC", "Europe/Berlin"))
    for module in (build, time_zones):
        monkeypatch.setattr(module, "offset_rows", lambda *_: rows)
    world.load(warehouse_url)
    users = [
        {"id": user, "email": f"member{user}@lumen.example", "time_zone": "Europe/Berlin"}
        for user in range(1, 5)
    ]
    warehouse = Warehouse(warehouse_url)
    write_sync(warehouse, world.SCOPE, world.SYNCS[-1] + timedelta(hours=1), {"users": users})
    warehouse.close()
    keep(warehouse_url)
    return warehouse_url


def keep(url: str, view_prefix: str = "") -> None:
    # A column may have the name of one that holds user ids elsewhere.
    options = Options(host_attributes={"user_id": "level"})
    with Reports(url, view_prefix=view_prefix, options=options) as reports:
        reports.create(today=TODAY, days_back=30, days_ahead=30)
        reports.refresh(DAILY, first=TODAY)


def on(url: str, work: Callable[[Session], Any]) -> Any:
    warehouse = Warehouse(url)
    session = warehouse.backend.connect()
    try:
        return work(session)
    finally:
        session.close()
        warehouse.close()


def do(session: Session, statement: str) -> list[tuple[Any, ...]]:
    if statement.startswith("SELECT"):
        return session.fetch(statement)
    session.execute(statement)
    return []


def count(ask: Ask, table: str, where: str = "1 = 1") -> int:
    return int(ask(f"SELECT count(*) FROM {table} WHERE {where}")[0][0])


def told(said: str) -> dict[str, int]:
    """Give the count of each table that a command named."""
    lines = [line.split(": ") for line in said.splitlines() if ": " in line]
    return {table: int(rest.split()[0]) for table, rest in lines}


@pytest.mark.parametrize("user", [str(MEMBER), EMAIL])
def test_an_erased_person_is_in_no_kept_table_any_more(
    user: str, kept: str, ask: Ask, calcom: Callable[..., Said]
) -> None:
    ask(f"UPDATE {HOSTS} SET user_id = '{MEMBER}' WHERE host_user_id = 3")
    own = count(ask, ABSENCES, f"user_id = {MEMBER}")
    covered = count(ask, ABSENCES, f"cover_user_id = {MEMBER}")
    held = count(ask, HOLDERS, f"last_holder_user_id = {MEMBER}")
    weeks = count(ask, HOSTS, f"host_user_id = {MEMBER}")
    others = count(ask, HOLDERS, f"last_holder_user_id <> {MEMBER}")
    assert min(own, covered, held, weeks, others) > 0
    before = {name: count(ask, name + SUFFIX) for name in DAILY}

    code, said, _ = calcom("erase", "--user", user, "--yes")

    assert code == 0
    found = told(said)
    assert {name: number for name, number in found.items() if name.endswith(SUFFIX)} == {
        ABSENCES: own + covered,
        HOLDERS: held,
        HOSTS: weeks,
    }
    assert found["calcom_ooo_entries"] > 0
    assert said.splitlines()[-1] == f"{sum(found.values())} rows erased or cleared"
    gone = {"fct_ooo_day": own, "rpt_host_week": weeks}
    assert {name: count(ask, name + SUFFIX) for name in DAILY} == {
        name: number - gone.get(name, 0) for name, number in before.items()
    }
    assert count(ask, ABSENCES, f"{MEMBER} IN (user_id, cover_user_id)") == 0
    assert count(ask, ABSENCES, "user_id = 1 AND cover_user_id IS NULL") == covered
    assert count(ask, HOLDERS, f"last_holder_user_id = {MEMBER}") == 0
    assert count(ask, HOLDERS, "last_holder_user_id IS NOT NULL") == others
    assert count(ask, HOSTS, f"host_user_id = {MEMBER}") == 0
    assert count(ask, HOSTS, "host_user_id = 3") > 0
    assert told(calcom("erase", "--user", str(MEMBER), "--yes")[1]) == {}


def test_who_left_the_synced_tables_is_erased_from_kept_days_by_id(
    kept: str, ask: Ask, calcom: Callable[..., Said]
) -> None:
    code, said, error = calcom("erase", "--user", "nobody@lumen.example", "--yes")
    assert (code, said) == (1, "")
    assert "Nobody was found" in error
    ask(f"INSERT INTO {ABSENCES} (date, user_id, cover_user_id) VALUES ('2020-01-01', 88, 1)")
    code, said, _ = calcom("erase", "--user", "88", "--yes")
    assert (code, told(said)) == (0, {ABSENCES: 1})


def test_tables_with_other_prefixes_and_what_a_killed_refresh_left_are_reached(
    kept: str, ask: Ask, calcom: Callable[..., Said]
) -> None:
    ask(f"CREATE TABLE {ABSENCES}{NEW} AS SELECT * FROM {ABSENCES}")
    ask(
        "INSERT INTO calcom_report_views (name, kind, definition, made_at)"
        f" SELECT '{ABSENCES}{NEW}', kind, '', made_at FROM calcom_report_views WHERE name = '{ABSENCES}'"
    )
    keep(kept, "team_")
    tables = (ABSENCES, f"{ABSENCES}{NEW}", f"team_{ABSENCES}")
    found = told(calcom("erase", "--user", str(MEMBER), "--yes")[1])
    assert min(found[table] for table in tables) > 0
    for table in tables:
        assert count(ask, table, f"{MEMBER} IN (user_id, cover_user_id)") == 0


def test_a_kept_table_that_was_removed_by_hand_is_passed_over(
    kept: str, ask: Ask, calcom: Callable[..., Said]
) -> None:
    ask(f"DROP TABLE {ABSENCES}")
    code, said, _ = calcom("erase", "--user", str(MEMBER), "--yes")
    assert code == 0
    assert set(told(said)) >= {HOLDERS, HOSTS, "calcom_memberships"}
    assert ABSENCES not in told(said)
    assert calcom("retention", "--days", "9000", "--table", f"{ABSENCES}=30")[0] == 0


def test_nothing_is_erased_when_a_kept_table_cannot_be(
    kept: str, ask: Ask, calcom: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(privacy, "VIEWS", [view for view in VIEWS if view.name != "rpt_host_week"])
    tables = ("calcom_memberships", "calcom_ooo_entries", ABSENCES)
    before = [count(ask, table) for table in tables]
    code, _, wrong = calcom("erase", "--user", str(MEMBER), "--yes")
    assert code == 2
    assert f"{HOSTS} was made by another release" in wrong
    assert [count(ask, table) for table in tables] == before


def test_kept_tables_in_a_schema_are_reached(postgres_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    world.load(postgres_url, "dwh")
    with Reports(postgres_url, schema="dwh") as reports:
        reports.create(today=TODAY, days_back=30, days_ahead=30)
        reports.refresh(["fct_ooo_day"], first=TODAY)
    there = ("--to", postgres_url, "--schema", "dwh")
    assert run(["privacy", "erase", *there, "--user", str(MEMBER), "--yes"]) == 0
    assert told(capsys.readouterr().out)[ABSENCES] > 0
    left = on(
        postgres_url, lambda session: session.fetch(f"SELECT user_id, cover_user_id FROM dwh.{ABSENCES}")
    )
    assert left
    assert not [row for row in left if MEMBER in row]


def test_a_warehouse_without_reports_is_erased_as_before(
    warehouse_url: str, ask: Ask, calcom: Callable[..., Said]
) -> None:
    world.load(warehouse_url)
    assert told(calcom("erase", "--user", str(MEMBER), "--yes")[1])["calcom_memberships"] == 1
    assert calcom("retention", "--days", "9000")[0] == 0
    assert on(warehouse_url, lambda session: erase_from_snapshots(session, "calcom_", {1})) == {}


def test_kept_days_go_after_their_time(kept: str, ask: Ask) -> None:
    days = {ABSENCES: 1, HOSTS: 5}
    old = count(ask, ABSENCES, "date < '2027-02-28'")
    week = count(ask, HOSTS, "week_start < '2027-02-22'")
    assert min(old, week) > 0
    others = count(ask, HOLDERS)
    done = on(kept, lambda session: forget_snapshots(session, "calcom_", days, today=TODAY))
    assert done == {ABSENCES: old, HOSTS: week}
    assert str(ask(f"SELECT min(date) FROM {ABSENCES}")[0][0])[:10] == "2027-02-28"
    # The week of the oldest day that stays is kept as a whole.
    assert str(ask(f"SELECT min(week_start) FROM {HOSTS}")[0][0])[:10] == "2027-02-22"
    assert count(ask, HOLDERS) == others


def test_a_name_reaches_every_prefix_of_the_views_and_a_full_one_its_table(kept: str, ask: Ask) -> None:
    keep(kept, "team_")
    days = {ABSENCES: 0, f"team_{ABSENCES}": 9000}
    assert set(on(kept, lambda session: forget_snapshots(session, "calcom_", days, today=TODAY))) == {
        ABSENCES
    }
    done = on(kept, lambda session: forget_snapshots(session, "calcom_", {ABSENCES: 0}, today=TODAY))
    assert set(done) == {f"team_{ABSENCES}"}


def test_retention_names_kept_tables_and_days_for_all(
    kept: str, ask: Ask, calcom: Callable[..., Said]
) -> None:
    ask(f"INSERT INTO {ABSENCES} (date, user_id) VALUES ('2020-01-01', 1), ('2020-01-02', 1)")
    ask(f"INSERT INTO {HOSTS} (week_start, host_user_id) VALUES ('2020-01-06', 1)")
    age = (datetime.now(UTC).date() - date(2020, 1, 2)) // timedelta(days=1)
    assert told(calcom("retention", "--table", f"{ABSENCES}={age}")[1]) == {ABSENCES: 1}
    code, said, _ = calcom("retention", "--days", str(age - 30), "--table", f"{HOSTS}={age + 30}")
    assert code == 0
    assert (told(said).get(ABSENCES), told(said).get(HOSTS)) == (1, None)
    assert told(calcom("retention", "--days", str(age - 30))[1])[HOSTS] == 1


def test_an_unknown_kept_table_is_refused_and_nothing_is_deleted(
    kept: str, ask: Ask, calcom: Callable[..., Said]
) -> None:
    before = count(ask, "calcom_sync_runs")
    ask("UPDATE calcom_sync_runs SET started_at = '2020-01-01 00:00:00'")
    code, _, wrong = calcom("retention", "--days", "30", "--table", f"fct_nothing{SUFFIX}=5")
    assert (code, f"there is no fct_nothing{SUFFIX}" in wrong) == (2, True)
    assert count(ask, "calcom_sync_runs") == before
    with pytest.raises(ConfigurationError, match="0 or more"):
        on(kept, lambda session: forget_snapshots(session, "calcom_", {ABSENCES: -1}))


def test_every_kept_column_that_tells_of_a_person_is_known() -> None:
    assert sorted(view.name for view in VIEWS if view.snapshot_subject) == sorted(DAILY)
    for view in VIEWS:
        if view.snapshot_by:
            subject = view.snapshot_subject
            assert subject is not None
            assert {*subject.user, *subject.clear_user} == {
                name for name in view.columns if name.endswith("user_id")
            }
            assert not [name for name in view.columns if "email" in name or name == "managed_by"]
