"""A ledger that a release made is brought forward, and the write-back goes on with it."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
import sqlalchemy as sa

from calcom_provider.hr.errors import Issue, LedgerError
from calcom_provider.hr.ledger import migrations as module
from calcom_provider.hr.ledger.database import Database
from calcom_provider.hr.ledger.migrations import MIGRATIONS, PREFIX, VERSION, Migration, Schema, version_of
from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.hr.ledger.tables import METADATA
from calcom_provider.hr.sources.rows import from_records
from tests.integration.released import ORGANIZATION, RELEASES, restore
from tests.unit.hr.fake_calcom import FakeCalcom
from tests.unit.hr.jobs import absence, attribute_job, employees, ooo_job

CURRENT = MIGRATIONS[-1].number


def as_left(ledger: Ledger) -> FakeCalcom:
    """Give the Cal.com of the released write-backs, as they left it."""
    fake = FakeCalcom(ORGANIZATION)
    for number in range(1, 7):
        fake.add_user(number)
    team = fake.add_attribute("Team", "SINGLE_SELECT", ["Blue", "Red"])
    centre = fake.add_attribute("Centre", "TEXT")
    for plan in released_plans(ledger):
        for action in plan.actions:
            progress = ledger.progress(plan.id)[action.number]
            if progress.status != "done":
                continue
            if action.ooo_id or action.kind.startswith("ooo_"):
                entry = fake.add_entry(
                    action.user_id or 0,
                    action.after["start"],
                    action.after["end"],
                    notes=action.after.get("notes"),
                )
                del fake.entries[entry.id]
                fake.entries[int(progress.result_id or 0)] = replace(entry, id=int(progress.result_id or 0))
                continue
            held = team if action.attribute_id == team.attribute.id else centre
            option_id = str(progress.result_id or action.option_id)
            if option_id not in held.options:
                value = action.after["value"]
                held.options[option_id] = replace(
                    next(iter(team.options.values())), id=option_id, value=value
                )
            held.holders[option_id].add(action.user_id or 0)
    return fake


def released_plans(ledger: Ledger) -> list:
    from calcom_provider.hr.ledger.tables import PLANS

    with ledger._database.transaction() as run:
        ids = run(sa.select(PLANS.c.plan_id).where(PLANS.c.status == "applied").order_by(PLANS.c.created_at))
    return [ledger.load_plan(row["plan_id"]) for row in ids]


def test_the_migrations_are_numbered() -> None:
    assert [migration.number for migration in MIGRATIONS] == list(range(1, CURRENT + 1))


def test_the_migrations_make_the_tables_that_the_code_knows(warehouse_url: str) -> None:
    with Ledger(warehouse_url) as ledger:
        database = ledger._database
        for table in METADATA.sorted_tables:
            assert database.columns(table.name) == set(table.columns.keys()), table.name
        assert version_of(database) == CURRENT


@pytest.mark.parametrize("release", RELEASES)
def test_a_released_ledger_is_brought_forward(release: str, warehouse_url: str) -> None:
    restore(release, warehouse_url)
    with Ledger(warehouse_url) as ledger:
        for table in METADATA.sorted_tables:
            assert ledger._database.columns(table.name) == set(table.columns.keys()), table.name
        with ledger._database.transaction() as run:
            numbers = run(sa.select(VERSION.c.number).order_by(VERSION.c.number))
        assert [row["number"] for row in numbers] == list(range(1, CURRENT + 1))
        owned = ledger.owned(ORGANIZATION, "hr", "attributes")
        assert len(owned.pairs) == 6
        assert [one.user_id for one in owned.entries.values()] == [1, 2]
        assert owned.first_run is False

        fake = as_left(ledger)
        columns = {"team": {"attribute": "Team"}, "centre": {"attribute": "Centre"}}
        cells = {"team": {1: "Blue", 2: "Red", 3: "Blue"}, "centre": {1: "C-1", 2: "C-1", 4: "Zürich"}}
        plan = attribute_job(fake, ledger, columns).plan(employees(fake, **cells))
        assert plan.actions == ()
        ooo = ooo_job(fake, ledger)
        rows = [absence("R1", 1, "2026-05-04", "2026-05-08"), absence("R2", 2, "2026-05-11", "2026-05-15")]
        # What was written for which request, and what HR said of it, is known from the first run on.
        first = ooo.plan(from_records(rows))
        assert {one.kind for one in first.actions} == {"ooo_own"}
        ooo.apply(first, reread=True)
        assert ooo.plan(from_records(rows)).actions == ()
        moved = ooo.plan(from_records([rows[0], {**rows[1], "end": "2026-05-16"}]))
        assert ooo.apply(moved, reread=True).statuses == {"done": 1}


def test_a_ledger_of_a_newer_release_is_left_alone(warehouse_url: str) -> None:
    with Ledger(warehouse_url) as ledger, ledger._database.transaction() as run:
        run(sa.update(VERSION).where(VERSION.c.number == CURRENT).values(number=CURRENT + 1))
    with pytest.raises(LedgerError, match="this release knows"):
        Ledger(warehouse_url)


def test_a_migration_that_broke_off_is_run_again(warehouse_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Ledger(warehouse_url).close()
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(module, "TRIES", 1)

    def half(schema: Schema) -> None:
        schema.add_columns("plans", "note string(20)")
        raise RuntimeError("no power")

    def whole(schema: Schema) -> None:
        schema.add_columns("plans", "note string(20)\n colour string(10)")
        schema.create("notes", "number number*\n note text -- anything")

    monkeypatch.setattr(module, "MIGRATIONS", (*MIGRATIONS, Migration(CURRENT + 1, "notes", half)))
    with pytest.raises(RuntimeError):
        Ledger(warehouse_url)
    monkeypatch.setattr(module, "MIGRATIONS", (*MIGRATIONS, Migration(CURRENT + 1, "notes", whole)))
    for _ in range(2):
        with Ledger(warehouse_url) as ledger:
            assert version_of(ledger._database) == CURRENT + 1
            assert {"note", "colour"} <= ledger._database.columns(f"{PREFIX}plans")
            assert ledger._database.columns(f"{PREFIX}notes") == {"number", "note"}


def test_whoever_stumbles_over_others_goes_on_for_as_long_as_they_get_on(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow server makes table by table; each of them may be what another process stumbles over."""
    really, tries = module._migrate, []
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.0)
    database, other = Database(sqlite_url), Database(sqlite_url)

    def stumble(one: Database) -> None:
        tries.append(one)
        number = len(tries)
        if number <= 2 * module.TRIES:
            Schema(other).create(f"step{number}", "number number*")
            raise sa.exc.OperationalError("CREATE TABLE", {}, Exception("there is one"))
        really(one)

    monkeypatch.setattr(module, "_migrate", stumble)
    module.migrate(database)
    assert version_of(database) == CURRENT

    def fail(one: Database) -> None:
        tries.append(one)
        raise RuntimeError("no power")

    monkeypatch.setattr(module, "_migrate", fail)
    tries.clear()
    with pytest.raises(RuntimeError):
        module.migrate(database)
    assert len(tries) == module.TRIES
    for one in (database, other):
        one.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgres", "mysql"])
def test_processes_that_open_a_new_ledger_at_once_all_open_it(
    kind: str, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue(f"{kind}_url")
    wrong: list[BaseException] = []
    start = threading.Barrier(4, timeout=60)

    def one() -> None:
        try:
            start.wait()
            Ledger(url).close()
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    database = Database(url)
    assert version_of(database) == CURRENT
    database.close()


def test_a_report_of_thousands_of_rows_is_stored(warehouse_url: str) -> None:
    fake = FakeCalcom()
    fake.add_user(1)
    with Ledger(warehouse_url) as ledger:
        plan = ooo_job(fake, ledger).plan(from_records([absence("R1", 1, "2026-05-04", "2026-05-08")]))
        issues = tuple(Issue("unmatched", f"R{number}", number, "warning") for number in range(3000))
        ledger.save_plan(replace(plan, id="long", issues=issues))
        assert ledger.load_plan("long").issues == issues
