"""Views are made, upgraded, kept and removed on every database, and nothing else is touched."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.reporting.building import build, catalog, registry, snapshots
from calcom_provider.reporting.building.build import Reports
from calcom_provider.reporting.building.results import ViewResult, summary
from calcom_provider.reporting.fixed_tables import time_zones
from calcom_provider.reporting.model import View
from calcom_provider.reporting.source import Options, Source
from calcom_provider.reporting.views import VIEWS as EVERY
from calcom_provider.reporting.views.absences import FCT_OOO_DAY, RPT_TEAM_COVERAGE_DAY
from calcom_provider.resources.data_subjects import Subject
from calcom_provider.resources.registry import catalogue
from calcom_provider.warehouse import DeleteGuard, LoadInProgressError, RunInfo, Warehouse, WarehouseError
from calcom_provider.warehouse.errors import SchemaConflictError
from tests.integration.reporting import questions_world as world
from tests.integration.reporting.loading import load, make_file
from tests.integration.reporting.world import TODAY as WORLD_TODAY
from tests.integration.reporting.world import make_world

TODAY = date(2027, 3, 1)
ABSENCES, COVERAGE = FCT_OOO_DAY.name, RPT_TEAM_COVERAGE_DAY.name
VIEWS = (FCT_OOO_DAY, RPT_TEAM_COVERAGE_DAY)
Ask = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture(autouse=True)
def two_views_and_few_zones(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = tuple(row for row in time_zones.offset_rows() if row[0] in ("UTC", "Europe/Berlin"))
    monkeypatch.setattr(build, "VIEWS", VIEWS)
    for module in (build, time_zones):
        monkeypatch.setattr(module, "offset_rows", lambda *_: rows)


@pytest.fixture
def ask(warehouse_url: str) -> Ask:
    """Return a function that runs a statement on a connection of its own."""

    def run(statement: str, url: str = warehouse_url) -> list[tuple[Any, ...]]:
        warehouse = Warehouse(url)
        session = warehouse.backend.connect()
        try:
            if statement.startswith("SELECT"):
                return session.fetch(statement)
            session.execute(statement)
            return []
        finally:
            session.close()
            warehouse.close()

    return run


@pytest.fixture
def synced(warehouse_url: str) -> str:
    world.load(warehouse_url)
    return warehouse_url


def create(url: str, **options: Any) -> dict[str, ViewResult]:
    days = {name: options.pop(name) for name in ("days_back", "days_ahead", "minimums") if name in options}
    with Reports(url, **options) as reports:
        made = reports.create(**({"today": TODAY, "days_back": 30, "days_ahead": 30} | days))
    return {one.name: one for one in made}


def refresh(url: str, *names: str, first: date = TODAY, **options: Any) -> list[ViewResult]:
    with Reports(url) as reports:
        return reports.refresh(names, first=first, **options)


def statuses(made: dict[str, ViewResult]) -> dict[str, str]:
    return {name: one.status for name, one in made.items()}


def relations(url: str, *names: str, schema: str | None = None) -> list[str | None]:
    warehouse = Warehouse(url, schema=schema)
    session = warehouse.backend.connect()
    try:
        return [catalog.relation(session, name) for name in names]
    finally:
        session.close()
        warehouse.close()


def days(rows: list[tuple[Any, ...]]) -> list[str]:
    return [str(row[0])[:10] for row in rows]


def wider(view: View, **more: str) -> View:
    """Give a view with further columns, each of a text."""

    def select(source: Source) -> sa.Select[Any]:
        return view.select(source).add_columns(*(sa.literal(text).label(name) for name, text in more.items()))

    return dataclasses.replace(view, select=select)


def test_a_second_time_changes_nothing(synced: str, ask: Ask) -> None:
    first, second = create(synced), create(synced)
    assert statuses(first) == {ABSENCES: "created", COVERAGE: "created"}
    assert statuses(second) == {ABSENCES: "unchanged", COVERAGE: "unchanged"}
    assert summary(list(first.values())) == {"created": 2}
    assert ask(f"SELECT count(*) FROM {COVERAGE} WHERE team_id = 71")[0][0] == 61
    assert ask("SELECT count(*) FROM calcom_calendar")[0][0] == 61
    assert ask("SELECT count(*) FROM calcom_tz_offsets")[0][0] > 30


def test_minimums_stay_until_they_are_named_again(synced: str, ask: Ask) -> None:
    query = f"SELECT DISTINCT team_id, minimum FROM {COVERAGE} WHERE minimum IS NOT NULL ORDER BY team_id"
    create(synced, minimums={71: 2, 72: 1})
    create(synced)
    assert ask(query) == [(71, 2), (72, 1)]
    create(synced, minimums={72: 0})
    assert ask(query) == [(71, 2)]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"days_back": -1}, "zero or more"),
        ({"minimums": {71: -2}}, "minimum of team 71"),
        ({"view_prefix": "x" * 250}, "too long"),
        ({"options": Options(host_attributes={"Team name": "team"})}, "'Team name' is no name"),
    ],
)
def test_wrong_arguments_change_nothing(arguments: dict[str, Any], said: str, sqlite_url: str) -> None:
    world.load(sqlite_url)
    with pytest.raises(ConfigurationError, match=said):
        create(sqlite_url, **arguments)
    assert relations(sqlite_url, "calcom_calendar", ABSENCES) == [None, None]


def test_an_attribute_gets_no_name_that_the_view_has(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_file(sqlite_url)
    monkeypatch.setattr(build, "VIEWS", EVERY)
    (host_week,) = [one for one in EVERY if one.name == "rpt_host_week"]
    column = next(iter(host_week.columns))
    with pytest.raises(ConfigurationError, match=f"has a column {column} already"):
        Reports(sqlite_url, options=Options(host_attributes={column: "team"}))
    Reports(sqlite_url, options=Options(host_attributes={"region": "area"})).close()


def test_another_definition_takes_the_place_of_the_old_one(
    synced: str, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    create(synced)
    monkeypatch.setattr(build, "VIEWS", (wider(FCT_OOO_DAY, colour="red"), RPT_TEAM_COVERAGE_DAY))
    assert statuses(create(synced)) == {ABSENCES: "replaced", COVERAGE: "unchanged"}
    assert ask(f"SELECT DISTINCT colour FROM {ABSENCES}") == [("red",)]
    monkeypatch.setattr(build, "VIEWS", VIEWS)
    assert statuses(create(synced)) == {ABSENCES: "replaced", COVERAGE: "unchanged"}
    warehouse = Warehouse(synced)
    session = warehouse.backend.connect()
    assert "colour" not in catalog.columns(session, ABSENCES)
    session.close()
    warehouse.close()


def test_grants_stay_while_columns_stay(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world.load(postgres_url)
    create(postgres_url)
    engine = sa.create_engine(postgres_url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    granted = "SELECT has_table_privilege('calcom_test_reader', 'fct_ooo_day', 'SELECT')"

    def run(statement: str) -> Any:
        with engine.connect() as connection:
            result = connection.exec_driver_sql(statement)
            return result.scalar() if result.returns_rows else None

    run(
        "DO $$ BEGIN CREATE ROLE calcom_test_reader; EXCEPTION WHEN duplicate_object OR unique_violation"
        " THEN NULL; END $$"
    )
    try:
        run(f"GRANT SELECT ON {ABSENCES} TO calcom_test_reader")
        monkeypatch.setattr(build, "VIEWS", (wider(FCT_OOO_DAY, colour="red"),))
        (more,) = create(postgres_url).values()
        assert (more.status, more.note, run(granted)) == ("replaced", None, True)
        monkeypatch.setattr(build, "VIEWS", (FCT_OOO_DAY,))
        (fewer,) = create(postgres_url).values()
        assert (fewer.status, run(granted)) == ("replaced", False)
        assert "grants on it are gone" in str(fewer.note)
    finally:
        run("DROP OWNED BY calcom_test_reader")
        run("DROP ROLE calcom_test_reader")


def test_a_view_follows_its_tables(warehouse_url: str, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    every = world.CONTENTS
    monkeypatch.setattr(world, "CONTENTS", [{"ooo_entries": one["ooo_entries"]} for one in every])
    world.load(warehouse_url)
    made = create(warehouse_url)
    assert statuses(made) == {ABSENCES: "created", COVERAGE: "skipped"}
    told = "sync team_memberships, ooo_entries: there is no table calcom_team_memberships"
    assert made[COVERAGE].note == told
    with Reports(warehouse_url) as reports:
        listed = {one.name: one for one in reports.listed()}
    assert (listed[ABSENCES].exists, listed[ABSENCES].missing) == (True, None)
    assert (listed[COVERAGE].exists, listed[COVERAGE].missing) == (False, told)

    monkeypatch.setattr(world, "CONTENTS", every)
    world.load(warehouse_url)
    assert statuses(create(warehouse_url)) == {ABSENCES: "unchanged", COVERAGE: "created"}

    cascade = " CASCADE" if warehouse_url.startswith("postgresql") else ""
    ask(f"DROP TABLE calcom_team_memberships{cascade}")
    made = create(warehouse_url)
    assert statuses(made) == {ABSENCES: "unchanged", COVERAGE: "removed"}
    assert made[COVERAGE].note == told
    assert relations(warehouse_url, COVERAGE) == [None]
    assert statuses(create(warehouse_url))[COVERAGE] == "skipped"


def test_every_view_is_made_and_kept_as_more_is_synced(
    warehouse_url: str, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Columns that are null while a table is missing get their types when it is there."""
    monkeypatch.setattr(build, "VIEWS", EVERY)
    daily = [view.name for view in EVERY if view.snapshot_by]
    whole = make_world()
    held = {name for view in EVERY for name in view.needs} - {table.name for table in build.FIXED}
    load(warehouse_url, whole, only=held, ledger=False)
    window: dict[str, Any] = {"today": WORLD_TODAY, "days_back": 5, "days_ahead": 5}
    with Reports(warehouse_url) as reports:
        few = {one.name: one for one in reports.create(**window)}
        without = {view.name for view in EVERY if view.ledger}
        assert {name for name, one in few.items() if one.status == "skipped"} == without
        reports.refresh(daily, first=WORLD_TODAY)
        days = dict(
            ask(f"SELECT '{name}', count(*) FROM {name}_kept WHERE {day} < '{WORLD_TODAY}'")[0]
            for name, day in ((view.name, view.snapshot_by) for view in EVERY if view.snapshot_by)
        )
    assert all(days.values())
    load(warehouse_url, whole)
    with Reports(warehouse_url) as reports:
        made = {one.name: one for one in reports.create(**window)}
        assert {made[name].status for name in without} == {"created"}
        assert "replaced" in {one.status for one in made.values()}
        assert {one.status for one in reports.create(**window)} == {"unchanged"}
        for _ in range(2):
            kept_now = reports.refresh(daily, first=WORLD_TODAY)
            assert all(one.rows for one in kept_now)
    for view in EVERY:
        if view.snapshot_by:
            query = f"SELECT count(*) FROM {view.name}_kept WHERE {view.snapshot_by} < '{WORLD_TODAY}'"
            assert ask(query)[0][0] == days[view.name]


def test_what_is_possible_is_listed_before_anything_is_made(synced: str) -> None:
    with Reports(synced) as reports:
        assert [(one.exists, one.missing, one.snapshot_rows) for one in reports.listed()] == [
            (False, None, None)
        ] * 2
    assert relations(synced, "calcom_calendar", "calcom_report_views") == [None, None]


@pytest.mark.parametrize("kind", ["table", "view"])
def test_what_was_not_made_here_is_not_replaced(kind: str, synced: str, ask: Ask) -> None:
    if kind == "table":
        ask(f"CREATE TABLE {COVERAGE} (mine INTEGER)")
    else:
        ask(f"CREATE VIEW {COVERAGE} AS SELECT 5 AS mine")
    with pytest.raises(ConfigurationError, match=f"There is a {kind} {COVERAGE} that was not made here"):
        create(synced)
    assert relations(synced, ABSENCES, "calcom_calendar", COVERAGE) == [None, None, kind]
    with Reports(synced) as reports:
        assert f"there is a {kind}" in str({one.name: one for one in reports.listed()}[COVERAGE].missing)
    assert set(statuses(create(synced, view_prefix="cal_")).values()) == {"created"}
    with Reports(synced) as reports:
        reports.drop()
    assert relations(synced, COVERAGE, f"cal_{COVERAGE}") == [kind, None]


def test_a_calendar_of_somebody_else_is_not_emptied(synced: str, ask: Ask) -> None:
    ask("CREATE TABLE calcom_calendar (date DATE, holiday VARCHAR(9))")
    ask("INSERT INTO calcom_calendar VALUES ('2027-01-01', 'new year')")
    with pytest.raises(ConfigurationError, match="calcom_calendar with other columns"):
        create(synced)
    assert ask("SELECT holiday FROM calcom_calendar") == [("new year",)]


def test_kept_days_stay_and_the_window_is_written_anew(synced: str, ask: Ask) -> None:
    create(synced)
    (new,) = refresh(synced, ABSENCES)
    table = f"{ABSENCES}_kept"
    total = ask(f"SELECT count(*) FROM {ABSENCES}")[0][0]
    assert (new.name, new.status, new.rows) == (table, "refreshed", total)
    before, after = (
        ask(f"SELECT count(*) FROM {ABSENCES} WHERE date {sign} '2027-03-01'")[0][0] for sign in ("<", ">=")
    )
    assert before
    assert after
    ask(f"UPDATE {table} SET cover_user_id = 999")
    ask(f"DELETE FROM {table} WHERE date = '2027-03-02'")
    (again,) = refresh(synced, ABSENCES)
    assert again.rows == after
    assert (
        ask(f"SELECT count(*) FROM {table} WHERE cover_user_id = 999 AND date < '2027-03-01'")[0][0] == before
    )
    assert ask(f"SELECT count(*) FROM {table} WHERE cover_user_id = 999")[0][0] == before
    assert ask(f"SELECT count(*) FROM {table}")[0][0] == total
    with Reports(synced) as reports:
        assert {one.name: one.snapshot_rows for one in reports.listed()} == {ABSENCES: after, COVERAGE: None}


def test_only_the_days_asked_for_are_written(synced: str, ask: Ask) -> None:
    create(synced)
    refresh(synced, COVERAGE)
    ask(f"UPDATE {COVERAGE}_kept SET members = 999")
    refresh(synced, COVERAGE, first=date(2027, 2, 27), last=date(2027, 2, 28))
    rows = ask(f"SELECT DISTINCT date FROM {COVERAGE}_kept WHERE members <> 999 ORDER BY date")
    assert days(rows) == ["2027-02-27", "2027-02-28"]


def test_kept_days_that_the_calendar_no_longer_has_stay(synced: str, ask: Ask) -> None:
    create(synced)
    refresh(synced, COVERAGE)
    create(synced, days_back=3)
    refresh(synced, COVERAGE, first=date(2027, 1, 1))
    found = ask(f"SELECT DISTINCT date FROM {COVERAGE}_kept ORDER BY date")
    assert days(found)[0] == str(TODAY - timedelta(days=30))
    assert len(found) == 61


def weekly() -> View:
    def select(source: Source) -> sa.Select[Any]:
        c = source.table("calendar", "c")
        return sa.select(c.c.week_start, sa.func.count().label("days")).group_by(c.c.week_start)

    return dataclasses.replace(
        FCT_OOO_DAY,
        name="rpt_week",
        columns={"week_start": "Monday", "days": "days"},
        key=("week_start",),
        needs={"calendar": ()},
        select=select,
        snapshot_by="week_start",
        snapshot_subject=Subject(),
    )


def test_a_week_is_kept_as_a_whole(synced: str, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "VIEWS", (weekly(),))
    create(synced)
    refresh(synced, "rpt_week")
    ask("UPDATE rpt_week_kept SET days = 99")
    create(synced, days_back=12)  # from a Wednesday on
    # The middle of a week: it is written from its Monday on.
    refresh(synced, "rpt_week", first=date(2027, 2, 25))
    query = "SELECT week_start FROM rpt_week_kept WHERE days <> 99 ORDER BY week_start"
    assert days(ask(query))[0] == "2027-02-22"
    # The calendar has only a part of the week of 15 February.
    refresh(synced, "rpt_week", first=date(2027, 1, 1))
    assert days(ask(query))[0] == "2027-02-22"
    assert ask("SELECT days FROM rpt_week_kept WHERE week_start = '2027-02-15'") == [(99,)]


def test_kept_days_survive_other_columns(synced: str, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    table = f"{ABSENCES}_kept"
    create(synced)
    refresh(synced, ABSENCES)
    ask(f"UPDATE {table} SET cover_user_id = 999")
    total = ask(f"SELECT count(*) FROM {table}")[0][0]

    changed = dataclasses.replace(
        FCT_OOO_DAY,
        select=lambda source: sa.select(
            *(
                sa.literal("none kept").label("note") if one.name == "note" else one
                for one in FCT_OOO_DAY.select(source).subquery("x").c
                if one.name != "first_seen"
            ),
            sa.literal("red").label("colour"),
        ),
    )
    monkeypatch.setattr(build, "VIEWS", (changed,))
    create(synced)
    (made,) = refresh(synced, ABSENCES)
    assert "columns changed" in str(made.note)
    assert ask(f"SELECT count(*) FROM {table}")[0][0] == total
    past = ask(f"SELECT DISTINCT colour, note, cover_user_id FROM {table} WHERE date < '2027-03-01'")
    assert past == [(None, None, 999)]
    present = ask(f"SELECT DISTINCT colour, note FROM {table} WHERE date >= '2027-03-01'")
    assert present == [("red", "none kept")]
    (same,) = refresh(synced, ABSENCES)
    assert same.note is None
    assert relations(synced, f"{table}_new") == [None]


def test_a_kept_table_outlives_another_definition_with_the_same_columns(
    synced: str, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    create(synced)
    refresh(synced, COVERAGE)
    ask(f"UPDATE {COVERAGE}_kept SET members = 999")
    only = dataclasses.replace(
        RPT_TEAM_COVERAGE_DAY,
        select=lambda source: RPT_TEAM_COVERAGE_DAY.select(source).where(sa.literal(1) == 1),
    )
    monkeypatch.setattr(build, "VIEWS", (only,))
    assert statuses(create(synced)) == {COVERAGE: "replaced"}
    (made,) = refresh(synced, COVERAGE)
    assert made.note is None
    assert len(ask(f"SELECT DISTINCT date FROM {COVERAGE}_kept WHERE members = 999")) == 30


@pytest.mark.parametrize(
    ("name", "said"),
    [("rpt_unknown", "rpt_unknown cannot be kept as a table; these can"), (COVERAGE, "make the views first")],
)
def test_what_is_not_there_cannot_be_kept(name: str, said: str, synced: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        refresh(synced, name)


def test_a_skipped_view_cannot_be_kept_for_the_reason_of_the_skip(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world, "CONTENTS", [{"ooo_entries": one["ooo_entries"]} for one in world.CONTENTS])
    world.load(sqlite_url)
    create(sqlite_url)
    with pytest.raises(ConfigurationError, match="to keep: sync team_memberships"):
        refresh(sqlite_url, ABSENCES, COVERAGE)
    assert relations(sqlite_url, f"{ABSENCES}_kept") == [None]


def test_a_last_day_before_the_first_is_refused(sqlite_url: str) -> None:
    make_file(sqlite_url)
    with pytest.raises(ConfigurationError, match="is before the first"):
        refresh(sqlite_url, COVERAGE, first=TODAY, last=TODAY - timedelta(days=1))


def test_a_table_with_the_name_of_a_kept_one_is_left_alone(synced: str, ask: Ask) -> None:
    create(synced)
    ask(f"CREATE TABLE {COVERAGE}_kept (mine INTEGER)")
    with pytest.raises(ConfigurationError, match=f"{COVERAGE}_kept that was not made here"):
        refresh(synced, ABSENCES, COVERAGE)
    assert relations(synced, f"{ABSENCES}_kept") == [None]


def test_dropping_leaves_what_was_synced(synced: str, ask: Ask) -> None:
    create(synced, minimums={71: 2})
    refresh(synced, ABSENCES)
    rows = ask("SELECT count(*) FROM calcom_ooo_entries")
    with Reports(synced) as reports:
        dropped = reports.drop()
        assert {one.name for one in dropped} == {ABSENCES, COVERAGE, f"{ABSENCES}_kept"}
        assert reports.drop() == []
    assert relations(synced, ABSENCES, COVERAGE, f"{ABSENCES}_kept") == [None] * 3
    assert ask("SELECT count(*) FROM calcom_ooo_entries") == rows
    assert ask("SELECT minimum FROM calcom_team_minimums") == [(2,)]
    assert set(statuses(create(synced)).values()) == {"created"}


def test_dropping_before_anything_was_made_does_nothing(synced: str) -> None:
    with Reports(synced) as reports:
        assert reports.drop() == []


def test_a_view_that_others_need_is_not_dropped_on_postgresql(postgres_url: str) -> None:
    world.load(postgres_url)
    create(postgres_url)
    engine = sa.create_engine(postgres_url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE VIEW mine AS SELECT * FROM {ABSENCES}")
    with (
        Reports(postgres_url) as reports,
        pytest.raises(WarehouseError, match=f"view {ABSENCES} cannot be rem"),
    ):
        reports.drop()
    assert statuses(create(postgres_url))[ABSENCES] == "unchanged"


def test_a_sync_is_waited_for(synced: str) -> None:
    warehouse = Warehouse(synced)
    session = warehouse.backend.connect()
    assert warehouse.backend.lock(session, "calcom_", "a-sync") is None
    with pytest.raises(LoadInProgressError, match="are held by"):
        create(synced, wait=0.2)
    assert relations(synced, "calcom_calendar") == [None]
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(create, synced, wait=60)
        assert wait([waiting], timeout=1).not_done
        warehouse.backend.unlock(session, "calcom_", "a-sync")
        assert set(statuses(waiting.result(timeout=120)).values()) == {"created"}
    session.close()
    warehouse.close()


def test_the_tables_are_free_again_after_a_failure(synced: str, ask: Ask) -> None:
    ask(f"CREATE TABLE {COVERAGE} (mine INTEGER)")
    with pytest.raises(ConfigurationError):
        create(synced)
    world.load(synced)


@pytest.mark.parametrize("warehouse_url", ["postgresql", "duckdb", "mysql"], indirect=True)
def test_tables_in_a_schema_with_the_ledger_outside(warehouse_url: str, ask: Ask) -> None:
    mysql = warehouse_url.startswith("mysql")
    schema = f"{sa.make_url(warehouse_url).database}_dwh" if mysql else "dwh"
    Ledger(warehouse_url).close()
    try:
        world.load(warehouse_url, schema)
        assert set(statuses(create(warehouse_url, schema=schema)).values()) == {"created"}
        assert set(statuses(create(warehouse_url, schema=schema)).values()) == {"unchanged"}
        with Reports(warehouse_url, schema=schema) as reports:
            reports.refresh([ABSENCES], first=TODAY)
        names = (ABSENCES, COVERAGE, f"{ABSENCES}_kept")
        assert relations(warehouse_url, *names, schema=schema) == ["view", "view", "table"]
        assert relations(warehouse_url, *names, "calcom_calendar") == [None] * 4
        owned = ask(f"SELECT DISTINCT owned_by_sync FROM {schema}.{ABSENCES}")
        assert [bool(one) for (one,) in owned] == [False]
        assert owned != [(None,)]
        with Reports(warehouse_url, schema=schema) as reports:
            assert len(reports.drop()) == 3
    finally:
        if mysql:
            ask(f"DROP DATABASE {schema}")


@pytest.mark.parametrize("warehouse_url", ["postgresql", "duckdb", "mysql"], indirect=True)
def test_a_schema_that_is_not_there_is_refused(warehouse_url: str) -> None:
    make_file(warehouse_url)
    with pytest.raises(ConfigurationError, match="no schema nowhere"):
        Reports(warehouse_url, schema="nowhere")


def test_another_database_is_refused(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "Warehouse", lambda url, **more: Warehouse(url, generic=True, **more))
    with pytest.raises(ConfigurationError, match="not for generic databases"):
        Reports(sqlite_url)


class Killed(BaseException):
    """Stand in for a signal: nothing catches it on its way."""


def killed_at(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, when: Callable[..., bool]) -> None:
    """Let a function do its work, and kill the run after the first call that is meant."""
    whole = getattr(module, name)

    def half(*arguments: Any, **named: Any) -> Any:
        result = whole(*arguments, **named)
        if when(*arguments):
            monkeypatch.setattr(module, name, whole)
            raise Killed
        return result

    monkeypatch.setattr(module, name, half)


def test_a_killed_run_can_be_run_again(synced: str, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    killed_at(monkeypatch, registry, "announce", lambda *call: call[2] == ABSENCES)
    with pytest.raises(Killed):
        create(synced)
    killed_at(monkeypatch, catalog, "put_view", lambda *call: call[1] == COVERAGE)
    with pytest.raises(Killed):
        create(synced)
    again = statuses(create(synced))
    assert again[ABSENCES] == "unchanged"
    assert again[COVERAGE] in ("created", "replaced")
    assert set(statuses(create(synced)).values()) == {"unchanged"}


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (snapshots, "_make_empty"),
        (snapshots, "_carry_over"),
        (catalog, "drop_table"),
        (catalog, "rename_table"),
    ],
)
def test_a_killed_refresh_can_be_run_again(
    module: Any, name: str, synced: str, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = f"{COVERAGE}_kept"
    create(synced)
    if name == "_make_empty":
        killed_at(monkeypatch, module, name, lambda *_: True)
        with pytest.raises(Killed):
            refresh(synced, COVERAGE)
    refresh(synced, COVERAGE)
    ask(f"UPDATE {table} SET members = 999")
    monkeypatch.setattr(build, "VIEWS", (wider(RPT_TEAM_COVERAGE_DAY, colour="red"),))
    create(synced)
    killed_at(monkeypatch, module, name, lambda *_: True)
    with pytest.raises(Killed):
        refresh(synced, COVERAGE)
    refresh(synced, COVERAGE)
    assert len(ask(f"SELECT DISTINCT date FROM {table} WHERE members = 999 AND colour IS NULL")) == 30
    assert len(ask(f"SELECT DISTINCT date FROM {table} WHERE members <> 999 AND colour = 'red'")) == 31
    assert relations(synced, f"{table}_new") == [None]
    with Reports(synced) as reports:
        assert {one.name for one in reports.drop()} == {ABSENCES, COVERAGE, table}


def sync_absences(url: str, mode: str = "history", **types: str) -> None:
    """Sync the out-of-office entries alone, with other types of columns, or with columns that are new."""
    declared = {table.name: table for one in catalogue().values() for table in one.tables}["ooo_entries"]
    columns = [dataclasses.replace(one, type=types.pop(one.name, one.type)) for one in declared.columns]
    columns += [dataclasses.replace(columns[-1], name=name, type=kind) for name, kind in types.items()]
    rows = [dict(world.SCOPE | dict(row)) for row in world.ABSENCES]
    warehouse = Warehouse(url)
    try:
        with warehouse.load(RunInfo(scope=world.SCOPE)) as run:
            table = dataclasses.replace(declared, columns=tuple(columns))
            opened = run.table(table, resource="ooo_entries", mode=mode, guard=DeleteGuard.off())
            opened.write([tuple(row.get(one.name) for one in columns) for row in rows])
            opened.finish(complete=True)
            run.publish()
    finally:
        warehouse.close()


def test_a_sync_may_add_a_column(synced: str, ask: Ask) -> None:
    create(synced)
    before = ask(f"SELECT count(*) FROM {ABSENCES}")
    sync_absences(synced, colour="text")
    assert ask(f"SELECT count(*) FROM {ABSENCES}") == before
    assert set(statuses(create(synced)).values()) == {"unchanged"}


def test_a_sync_may_replace_a_table(warehouse_url: str, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    sync_absences(warehouse_url, mode="replace")
    create(warehouse_url)
    before = ask(f"SELECT count(*) FROM {ABSENCES}")
    assert before != [(0,)]
    sync_absences(warehouse_url, mode="replace")
    assert ask(f"SELECT count(*) FROM {ABSENCES}") == before
    monkeypatch.setattr(world, "ABSENCES", [])
    sync_absences(warehouse_url, mode="replace")
    assert ask(f"SELECT count(*) FROM {ABSENCES}") == [(0,)]


@pytest.mark.parametrize("warehouse_url", ["duckdb", "mysql"], indirect=True)
def test_a_sync_may_widen_a_column_that_a_view_uses(synced: str, ask: Ask) -> None:
    create(synced)
    before = ask(f"SELECT count(*) FROM {ABSENCES}")
    sync_absences(synced, to_user_id="text")
    create(synced)
    assert ask(f"SELECT count(*) FROM {ABSENCES}") == before


def test_on_postgresql_the_views_go_before_a_column_is_widened(postgres_url: str) -> None:
    world.load(postgres_url)
    create(postgres_url)
    with pytest.raises(SchemaConflictError, match="run `calcom reports drop`"):
        sync_absences(postgres_url, to_user_id="text")
    with Reports(postgres_url) as reports:
        reports.drop()
    sync_absences(postgres_url, to_user_id="text")
    assert set(statuses(create(postgres_url)).values()) == {"created"}


def test_postgresql_looks_at_tables_before_it_plans_over_them(postgres_url: str) -> None:
    """Right after a first load it would take a table of thousands of rows for an empty one."""
    world.load(postgres_url)
    engine = sa.create_engine(postgres_url, poolclass=sa.NullPool)
    seen = "SELECT relname FROM pg_stat_user_tables WHERE last_analyze IS NOT NULL OR last_autoanalyze IS NOT NULL"
    with engine.connect() as connection:
        before = set(connection.exec_driver_sql(seen).scalars())
    with Reports(postgres_url) as reports:
        reports.create(today=TODAY, days_back=30, days_ahead=30)
    with engine.connect() as connection:
        after = set(connection.exec_driver_sql(seen).scalars())
    assert "calcom_ooo_entries" not in before
    assert {"calcom_ooo_entries", "calcom_team_memberships", "calcom_calendar"} <= after
