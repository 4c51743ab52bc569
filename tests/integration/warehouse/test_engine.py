"""What the engine promises beyond rows: locks, readers, guards, records, schema changes."""

from __future__ import annotations

import threading
import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from calcom_provider.warehouse import (
    EXTRA,
    Column,
    DeleteGuard,
    GuardExceededError,
    IncompleteLoadError,
    LeaseLostError,
    LoadInProgressError,
    Parent,
    RunInfo,
    SchemaConflictError,
    Table,
    Warehouse,
    WarehouseError,
    WarehouseUsageError,
)
from calcom_provider.warehouse.backends import lease
from tests.integration.warehouse.model import ITEMS, SCOPE, Reader, as_tuple, load_pages, mark

PAGES = [tuple((key, "v") for key in range(start, start + 50)) for start in range(0, 200, 50)]


def reader_of(url: str) -> Reader:
    return Reader(url, "merge", "remove")


def test_second_run_is_refused_and_told_who_holds_the_tables(warehouse_url: str) -> None:
    first, second = Warehouse(warehouse_url), Warehouse(warehouse_url)
    with first.load(RunInfo(scope=SCOPE, run_id="first-run")) as load:
        with pytest.raises(
            LoadInProgressError, match=r"calcom_\* are being loaded for organization_id=7 by .*run"
        ):
            second.load(RunInfo(scope=SCOPE))
        # Another prefix is another set of tables.
        with Warehouse(warehouse_url, prefix="other_").load(RunInfo(scope=SCOPE)) as other:
            other.table(ITEMS, resource="items").finish(complete=True)
            other.publish()
        load.table(ITEMS, resource="items").finish(complete=True)
        load.publish()
    assert load_pages(second, PAGES).inserted == 200


def test_two_writers_at_once_leave_one_whole_result(warehouse_url: str) -> None:
    results: list[str] = []
    start = threading.Barrier(2, timeout=60)

    def run(value: str) -> None:
        warehouse = Warehouse(warehouse_url)
        start.wait()
        try:
            load_pages(warehouse, [tuple((key, value) for key in range(300))])
            results.append(value)
        except LoadInProgressError:
            pass

    threads = [threading.Thread(target=run, args=(value,)) for value in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results
    live = reader_of(warehouse_url).state()[0]
    assert live in [dict.fromkeys(range(300), value) for value in results]


def test_a_reader_never_sees_half_a_table(postgres_url: str) -> None:
    _watch(postgres_url)


def test_a_reader_of_sqlite_never_sees_half_a_table(sqlite_url: str) -> None:
    _watch(sqlite_url)


def test_a_reader_of_mysql_never_sees_half_a_table(mysql_url: str) -> None:
    _watch(mysql_url)


def _watch(url: str) -> None:
    warehouse, reader = Warehouse(url), reader_of(url)
    load_pages(warehouse, [tuple((key, "0") for key in range(2000))])
    seen: set[tuple[int, str, str]] = set()
    done = threading.Event()

    def look() -> None:
        value = reader.quote("näme")
        while not done.is_set():
            seen.add(reader.rows(f"SELECT count(*), min({value}), max({value}) FROM calcom_items")[0])

    thread = threading.Thread(target=look)
    thread.start()
    try:
        for turn, mode in enumerate(["merge", "replace", "merge", "replace"], start=1):
            load_pages(warehouse, [tuple((key, str(turn)) for key in range(2000))], mode=mode)
    finally:
        done.set()
        thread.join()
    assert {row[0] for row in seen} == {2000}
    assert all(low == high for _, low, high in seen)


def test_replace_keeps_identity_grants_and_views(postgres_url: str) -> None:
    warehouse = Warehouse(postgres_url)
    load_pages(warehouse, PAGES)
    engine = sa.create_engine(postgres_url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    role = f"calcom_reader_{datetime.now().microsecond}"
    oid = "SELECT 'calcom_items'::regclass::oid"
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE VIEW seen AS SELECT count(*) AS n FROM calcom_items")
        connection.exec_driver_sql(f"CREATE ROLE {role}")
        try:
            connection.exec_driver_sql(f"GRANT SELECT ON calcom_items TO {role}")
            before = connection.exec_driver_sql(oid).scalar()
            result = load_pages(warehouse, PAGES[:3], mode="replace")
            assert (result.status, result.rows_after) == ("published", 150)
            assert connection.exec_driver_sql("SELECT n FROM seen").scalar() == 150
            assert connection.exec_driver_sql(oid).scalar() == before
            granted = f"SELECT has_table_privilege('{role}', 'calcom_items', 'SELECT')"
            assert connection.exec_driver_sql(granted).scalar() is True
        finally:
            connection.exec_driver_sql(f"DROP OWNED BY {role}")
            connection.exec_driver_sql(f"DROP ROLE {role}")


def test_unchanged_data_costs_nothing(postgres_url: str) -> None:
    warehouse = Warehouse(postgres_url)
    pages = [tuple((key, "v") for key in range(start, start + 500)) for start in range(0, 20_000, 500)]
    load_pages(warehouse, pages)
    engine = sa.create_engine(postgres_url, poolclass=sa.NullPool)

    def size() -> int:
        # Of this database alone: others on the server are written to meanwhile, and its log is that of all.
        with engine.connect() as connection:
            return int(
                connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar() or 0
            )

    with engine.connect() as connection:
        transactions = "SELECT array_agg(DISTINCT xmin::text) FROM calcom_items"
        before = connection.exec_driver_sql(transactions).scalar()
        connection.rollback()
        start = size()
        result = load_pages(warehouse, pages)
        assert (result.status, result.changed, result.unchanged) == ("unchanged", 0, 20_000)
        assert size() - start < 1 << 20
        assert connection.exec_driver_sql(transactions).scalar() == before
        # Without page marks the row hashes still spare every row.
        connection.rollback()
        assert load_pages(warehouse, pages, use_marks=False).changed == 0
        assert connection.exec_driver_sql(transactions).scalar() == before


def test_what_is_published_is_committed_to_disk(postgres_url: str) -> None:
    """Staging may lose its last moments in a crash of the server; publishing waits for the disk."""
    warehouse = Warehouse(postgres_url)
    load_pages(warehouse, PAGES[:1])
    engine = sa.create_engine(postgres_url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE seen (setting text)")
        connection.exec_driver_sql(
            "CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN INSERT INTO seen VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$"
        )
        connection.exec_driver_sql(
            "CREATE TRIGGER look AFTER INSERT ON calcom_items FOR EACH STATEMENT EXECUTE FUNCTION look()"
        )
    load_pages(warehouse, PAGES)
    assert reader_of(postgres_url).rows("SELECT DISTINCT setting FROM seen") == [("on",)]


def test_pages_are_not_kept_after_rows_were_removed_by_hand(warehouse_url: str) -> None:
    warehouse = Warehouse(warehouse_url)
    load_pages(warehouse, PAGES)
    assert load_pages(warehouse, PAGES).status == "unchanged"
    session = warehouse.backend.connect()
    items, order = warehouse.backend.qualify("calcom_items"), warehouse.backend.quote("Order")
    assert session.execute(f"DELETE FROM {items} WHERE {order} = 17") in (0, 1)
    session.close()
    result = load_pages(warehouse, PAGES)
    assert (result.pages_kept, result.inserted, result.unchanged) == (0, 1, 199)


def test_some_pages_kept_some_changed(warehouse_url: str) -> None:
    warehouse = Warehouse(warehouse_url)
    load_pages(warehouse, PAGES)
    pages = [
        PAGES[0],
        PAGES[1][:-1],
        tuple((key, "new" if key == 120 else "v") for key, _ in PAGES[2]),
        PAGES[3],
    ]
    result = load_pages(warehouse, pages)
    assert (result.pages_kept, result.rows_kept, result.rows_read) == (2, 100, 99)
    assert (result.updated, result.deleted, result.unchanged, result.rows_after) == (1, 1, 98, 199)


def test_guard_stops_a_mass_deletion_and_records_it(warehouse_url: str) -> None:
    warehouse, reader = Warehouse(warehouse_url), reader_of(warehouse_url)
    load_pages(warehouse, PAGES)
    with pytest.raises(GuardExceededError, match=r"calcom_items: 150 of 200 rows \(75%\) would be deleted"):
        load_pages(warehouse, PAGES[:1], guard=DeleteGuard())
    with pytest.raises(GuardExceededError, match="allowed are 10"):
        load_pages(warehouse, PAGES[:3], guard=DeleteGuard(share=None, absolute=10))
    assert len(reader.state()[0]) == 200
    failed = "SELECT error FROM calcom_sync_run_resources WHERE status = 'failed' AND resource = 'items'"
    assert all("would be deleted" in error for (error,) in reader.rows(failed))
    assert len(reader.rows(failed)) == 2
    assert load_pages(warehouse, PAGES[:3], guard=DeleteGuard(share=0.3)).deleted == 50


def test_replacement_needs_a_complete_read(sqlite_url: str) -> None:
    warehouse = Warehouse(sqlite_url)
    load_pages(warehouse, PAGES)
    with pytest.raises(IncompleteLoadError):
        load_pages(warehouse, PAGES[:2], mode="replace", complete=False)
    assert len(reader_of(sqlite_url).state()[0]) == 200


def test_a_replacement_that_loses_nothing_passes_the_strictest_guard(sqlite_url: str) -> None:
    warehouse, strict = Warehouse(sqlite_url), DeleteGuard(share=None, absolute=0)
    load_pages(warehouse, PAGES[:2], mode="replace", guard=strict)
    assert load_pages(warehouse, PAGES[:2], mode="replace", guard=strict).rows_after == 100
    with pytest.raises(GuardExceededError):
        load_pages(warehouse, PAGES[:1], mode="replace", guard=strict)


def test_rows_of_other_scopes_are_left_alone(warehouse_url: str) -> None:
    warehouse = Warehouse(warehouse_url)
    load_pages(warehouse, PAGES)
    other = {"organization_id": 8}
    for mode in ("merge", "replace"):
        with warehouse.load(RunInfo(scope=other)) as load:
            table = load.table(ITEMS, resource="items", mode=mode, deletes="remove", guard=DeleteGuard.off())
            assert load.known_pages("items") == {}
            table.write([as_tuple((1, "x"), 8)])
            with pytest.raises(WarehouseUsageError, match="outside the scope"):
                table.write([as_tuple((1, "x"), 9)])
            table.finish(complete=True)
            load.publish()
    reader = reader_of(warehouse_url)
    assert len(reader.state()[0]) == 200
    assert reader.rows("SELECT count(*) FROM calcom_items") == [(201,)]


def test_columns_are_added_and_types_are_held(warehouse_url: str) -> None:
    warehouse = Warehouse(warehouse_url)
    load_pages(warehouse, PAGES)
    wider = Table("items", (*ITEMS.columns, Column("late", "text")), ITEMS.key).with_extra()
    with warehouse.load(RunInfo(scope=SCOPE)) as load:
        table = load.table(wider, resource="items", deletes="remove")
        assert load.known_pages("items") == {}
        table.write([(*as_tuple(row), "x", '{"a":1}') for row in PAGES[0]])
        table.add_columns([Column("seen", "boolean")])
        for page in PAGES[1:]:
            table.write([(*as_tuple(row), "y", None, True) for row in page])
        table.finish(complete=True)
        result = load.publish()[0]
    assert (result.updated, result.rows_after) == (200, 200)
    assert result.schema_changes == [
        "add column calcom_items.late",
        f"add column calcom_items.{EXTRA.name}",
        "add column calcom_items.seen",
    ]
    counts = reader_of(warehouse_url).rows("SELECT count(late), count(_extra), count(seen) FROM calcom_items")
    assert counts == [(200, 50, 150)]
    changed = Table("items", (*ITEMS.columns[:2], Column("näme", "boolean"), *ITEMS.columns[3:]), ITEMS.key)
    with warehouse.load(RunInfo(scope=SCOPE)) as load:
        with pytest.raises(
            SchemaConflictError, match="calcom_items.näme is text in the database and boolean"
        ):
            load.table(changed, resource="items")
        with pytest.raises(SchemaConflictError, match="holds no versions"):
            load.table(ITEMS, resource="items", mode="history")


@pytest.mark.parametrize("server", ["postgres_url", "mysql_url"])
def test_a_number_widens_to_text(server: str, request: pytest.FixtureRequest) -> None:
    warehouse = Warehouse(request.getfixturevalue(server))
    key = Column("id", "integer", nullable=False)
    for kind, value in (("integer", 12), ("text", "twelve")):
        with warehouse.load(RunInfo()) as load:
            table = load.table(Table("n", (key, Column("v", kind)), ("id",)), resource="n")
            table.write([(1 if kind == "integer" else 2, value)])
            table.finish(complete=True)
            load.publish()
    rows = reader_of(request.getfixturevalue(server)).rows("SELECT v FROM calcom_n ORDER BY id")
    assert rows == [("12",), ("twelve",)]


ORDERS = Table("orders", (Column("id", "integer", nullable=False), Column("v", "text")), ("id",))
LINES = Table(
    "lines",
    (
        Column("order_id", "integer", nullable=False),
        Column("n", "integer", nullable=False),
        Column("v", "text"),
    ),
    ("order_id", "n"),
    parent=Parent("orders", ("order_id",)),
)


def test_partial_load_replaces_children_as_sets(warehouse_url: str) -> None:
    warehouse = Warehouse(warehouse_url)

    def run(orders: list, lines: list, partial: bool) -> list:
        with warehouse.load(RunInfo()) as load:
            parent = load.table(ORDERS, resource="orders", deletes="remove")
            child = load.table(LINES, resource="orders", deletes="remove")
            parent.write(orders)
            child.write(lines)
            for table in (parent, child):
                table.finish(complete=True, partial=partial)
            load.set_watermark("orders", "w1" if partial else "w0")
            load.count("orders", requests=3, waited_seconds=1.5)
            return load.publish()

    run([(1, "a"), (2, "b")], [(1, 1, "x"), (1, 2, "y"), (2, 1, "z")], partial=False)
    results = run([(1, "a2")], [(1, 2, "y")], partial=True)
    assert [r.deleted for r in results] == [0, 1]
    reader = reader_of(warehouse_url)
    assert reader.rows("SELECT order_id, n FROM calcom_lines ORDER BY 1, 2") == [(1, 2), (2, 1)]
    assert reader.rows("SELECT count(*) FROM calcom_orders") == [(2,)]
    state = warehouse.states({})["orders"]
    assert (state.watermark, state.rows) == ("w1", 4)
    assert state.full_read_at is not None
    assert state.published_at is not None
    assert state.published_at > state.full_read_at
    records = reader.rows(
        "SELECT resource, table_name, requests, watermark_before, watermark_after FROM calcom_sync_run_resources"
        " WHERE watermark_after = 'w1' ORDER BY table_name"
    )
    assert records == [("orders", "lines", None, "w0", "w1"), ("orders", "orders", 3, "w0", "w1")]


def test_a_refused_row_is_named_without_its_values(postgres_url: str) -> None:
    warehouse = Warehouse(postgres_url)
    with pytest.raises(WarehouseError) as caught:  # noqa: PT012, SIM117
        with warehouse.load(RunInfo(scope=SCOPE)) as load:
            table = load.table(ITEMS, resource="items")
            table.write([(7, 1, "secret-name", "no time at all", "{}")])
            table.finish(complete=True)
    assert "no time" not in str(caught.value)
    assert "secret" not in str(caught.value)
    rows = reader_of(postgres_url).rows(
        "SELECT status, error FROM calcom_sync_run_resources WHERE resource = 'items'"
    )
    assert rows[0][0] == "failed"
    assert "InvalidDatetimeFormat" in rows[0][1]
    assert "no time" not in rows[0][1]
    assert load_pages(warehouse, PAGES).inserted == 200


def test_preview_counts_and_changes_nothing(warehouse_url: str) -> None:
    warehouse = Warehouse(warehouse_url)
    load_pages(warehouse, PAGES)
    with warehouse.load(RunInfo(scope=SCOPE)) as load:
        table = load.table(ITEMS, resource="items", deletes="remove")
        table.write([as_tuple(row) for row in (*PAGES[0][1:], (1000, "n"))])
        table.finish(complete=True)
        (result,) = load.preview()
    assert (result.status, result.inserted, result.unchanged, result.deleted) == ("preview", 1, 49, 151)
    reader = reader_of(warehouse_url)
    assert len(reader.state()[0]) == 200
    for name in ("sync_runs", "sync_run_resources"):
        assert reader.rows(f"SELECT count(*) FROM calcom_{name} WHERE status = 'preview'") == [(1,)]


def test_staged_rows_of_a_list_that_begins_again_are_dropped(warehouse_url: str) -> None:
    warehouse = Warehouse(warehouse_url)
    with warehouse.load(RunInfo(scope=SCOPE)) as load:
        table = load.table(ITEMS, resource="items")
        table.write([as_tuple((1, "a"))], mark(0, ((1, "a"),)))
        table.write([as_tuple((2, "a"))])
        table.restart(scope={"Order": 1})
        table.write([as_tuple((3, "a"))])
        table.finish(complete=True)
        load.publish()
    assert reader_of(warehouse_url).state()[0] == {2: "a", 3: "a"}


def test_versions_of_runs_at_one_moment_are_told_apart(warehouse_url: str) -> None:
    warehouse = Warehouse(warehouse_url)
    moment = datetime(2026, 3, 16, 8, 0, 0, 123_456, tzinfo=UTC)
    for value in ("a", "b", "c"):
        with warehouse.load(RunInfo(scope=SCOPE, started_at=moment)) as load:
            table = load.table(ITEMS, resource="items", mode="history", deletes="remove")
            table.write([as_tuple((1, value))])
            table.finish(complete=True)
            load.publish()
    assert Reader(warehouse_url, "history", "remove").state() == ({1: "c"}, {}, [(1, "a"), (1, "b")])


def test_a_lease_holds_from_the_moment_at_which_others_can_see_it(tmp_path: Path) -> None:
    """Another thread may look between the commit of a lease and what its owner does next."""
    warehouse = Warehouse(f"sqlite:///{tmp_path / 'warehouse.db'}")
    mine, theirs = warehouse.backend.connect(), warehouse.backend.connect()
    lease.prepare(mine, "calcom_")
    my_lease, their_lease = lease.on_tables("calcom_", "mine"), lease.on_tables("calcom_", "theirs")
    commit, told = mine.commit, []

    def commit_and_be_seen() -> None:
        commit()
        told.append(their_lease.take(theirs))

    mine.commit = commit_and_be_seen  # type: ignore[method-assign]
    assert my_lease.take(mine) is None
    assert len(told) == 1
    assert told[0].startswith("run mine of process")
    assert my_lease.held(mine)
    mine.commit = commit  # type: ignore[method-assign]
    my_lease.release(mine)
    assert their_lease.take(theirs) is None
    their_lease.release(theirs)
    for session in (mine, theirs):
        session.close()
    warehouse.close()


@pytest.mark.parametrize("target", ["sqlite_url", "duckdb_url", "generic"])
def test_a_run_that_lost_its_lease_publishes_nothing(target: str, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue("sqlite_url" if target == "generic" else target)
    warehouse = Warehouse(url, generic=target == "generic")
    load_pages(warehouse, PAGES)
    with pytest.raises(LeaseLostError), warehouse.load(RunInfo(scope=SCOPE)) as load:  # noqa: PT012
        table = load.table(ITEMS, resource="items", deletes="remove", guard=DeleteGuard.off())
        table.finish(complete=True)
        load.session.execute("UPDATE calcom_sync_lease SET owner = 'another@host/1/1'")
        load.publish()
    assert len(reader_of(url).state()[0]) == 200


def test_an_engine_on_another_driver_is_joined_by_psycopg_3(postgres_url: str) -> None:
    engine = sa.create_engine(sa.make_url(postgres_url).set(drivername="postgresql+psycopg2"))
    warehouse = Warehouse(engine, schema="other schema")
    assert load_pages(warehouse, PAGES).inserted == 200
    warehouse.close()
    with engine.connect() as connection:
        assert connection.exec_driver_sql('SELECT count(*) FROM "other schema".calcom_items').scalar() == 200
    engine.dispose()


def test_the_holder_named_is_one_of_this_database(postgres_url: str) -> None:
    """Loads of another database of the server hold a lock of the same number, longer than this one's."""
    name = f"calcom_test_beside_{uuid.uuid4().hex[:8]}"
    admin = sa.create_engine(postgres_url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    beside = sa.make_url(postgres_url).set(database=name)
    try:
        with (
            Warehouse(beside).load(RunInfo(scope=SCOPE, run_id="beside")),
            Warehouse(postgres_url).load(RunInfo(scope=SCOPE, run_id="mine")),
            pytest.raises(LoadInProgressError, match="loaded for organization_id=7 by calcom mine"),
        ):
            Warehouse(postgres_url).load(RunInfo(scope=SCOPE))
    finally:
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
