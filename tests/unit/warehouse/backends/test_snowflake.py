"""What the Snowflake backend says to an account, without its connector; tests/plugins/snowflakes.py has a server."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from calcom_provider.warehouse import (
    Column,
    DeleteGuard,
    LoadInProgressError,
    RunInfo,
    SchemaConflictError,
    Table,
    UnsupportedTargetError,
    Warehouse,
)
from calcom_provider.warehouse.backends import driver_errors, lease
from calcom_provider.warehouse.backends.base import Session
from calcom_provider.warehouse.backends.remote.records import Kept
from calcom_provider.warehouse.backends.snowflake import connecting
from calcom_provider.warehouse.backends.snowflake.naming import literal, quote, stored
from calcom_provider.warehouse.backends.snowflake.session import SnowflakeSession
from calcom_provider.warehouse.backends.snowflake.statements import (
    GRAMMAR,
    bound,
    deletions,
    for_each,
    inserts,
    unquoted,
)
from calcom_provider.warehouse.backends.snowflake.views import SnowflakeViews
from calcom_provider.warehouse.loading import repeating
from tests.integration.warehouse.model import ITEMS, ORGANIZATION, SCOPE, as_tuple, load_pages, mark
from tests.unit.warehouse.backends.snowflake_double import Account, ProgrammingError

PAGES = [tuple((key, "v") for key in range(start, start + 50)) for start in range(0, 200, 50)]
DATA = '"CALCOM_ITEMS"'
WRITES = ("INSERT", "UPDATE", "DELETE", "COPY")


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
def warehouse(account: Account) -> Iterator[Warehouse]:
    made = Warehouse(account.target())
    yield made
    made.close()


def changed(pages: list[Any], *keys: int) -> list[Any]:
    return [tuple((key, "w" if key in keys else value) for key, value in page) for page in pages]


def conflict(*_: object) -> ProgrammingError:
    return ProgrammingError(
        "the number of waiters for this lock exceeds the 20 statements limit", 625, "57014"
    )


# -- what a run says
# -------------------------------------------------------------------------------------------------------------


def test_a_first_load_stages_a_file_and_publishes_sets(account: Account, warehouse: Warehouse) -> None:
    assert load_pages(warehouse, PAGES).inserted == 200
    rows = account.rows(f'SELECT count(*), min("näme"), max("AT"), max("META") FROM {DATA}')
    assert rows == [(200, "v", datetime(2026, 3, 16, 8, 0, 0, 123000), '{"v":"v"}')]
    about = [
        re.sub(r"STAGE_\w+_1|FILES_\w+|'file:.*?'", "…", text) for text in account.texts() if _about(text)
    ]
    assert about == [
        'CREATE OR REPLACE TEMPORARY TABLE "CALCOM_…" ("ORGANIZATION_ID" NUMBER(38,0), "Order" NUMBER(38,0),'
        ' "näme" VARCHAR, "AT" TIMESTAMP_NTZ(3), "META" VARIANT, "_CALCOM_ROW_HASH" NUMBER(38,0),'
        ' "_SEQ" NUMBER(38,0))',
        "CREATE TEMPORARY STAGE CALCOM_…",
        "PUT … @CALCOM_…/1/ AUTO_COMPRESS = FALSE OVERWRITE = TRUE",
        'COPY INTO "CALCOM_…" ("ORGANIZATION_ID", "Order", "näme", "AT", "META", "_CALCOM_ROW_HASH", "_SEQ")'
        " FROM (SELECT $1:c0::NUMBER(38,0), $1:c1::NUMBER(38,0), $1:c2::VARCHAR, $1:c3::TIMESTAMP_NTZ(3),"
        " PARSE_JSON($1:c4::VARCHAR), $1:c5::NUMBER(38,0), $1:c6::NUMBER(38,0) FROM @CALCOM_…/1/)"
        " FILE_FORMAT = (TYPE = PARQUET) PURGE = TRUE",
        'SELECT count(*) FROM "CALCOM_…"',
        'CREATE TABLE IF NOT EXISTS "CALCOM_ITEMS" ("ORGANIZATION_ID" NUMBER(38,0) NOT NULL,'
        ' "Order" NUMBER(38,0) NOT NULL, "näme" VARCHAR, "AT" TIMESTAMP_NTZ(3), "META" VARIANT,'
        f'{_run_columns(account)}) CLUSTER BY ("ORGANIZATION_ID")',
        'SELECT count(*) FROM "CALCOM_ITEMS" WHERE "CALCOM_ITEMS"."ORGANIZATION_ID" = ? AND 1 = 1',
        'INSERT INTO "CALCOM_ITEMS" ("ORGANIZATION_ID", "Order", "näme", "AT", "META", "_CALCOM_ROW_HASH",'
        ' "_CALCOM_RUN_ID", "_CALCOM_SYNCED_AT") SELECT s."ORGANIZATION_ID", s."Order", s."näme", s."AT",'
        ' s."META", s."_CALCOM_ROW_HASH", ?, ? FROM "CALCOM_…" s',
    ]


def _about(text: str) -> bool:
    return any(name in text for name in ("CALCOM_STAGE_", "CALCOM_FILES_", DATA))


def _run_columns(account: Account) -> str:
    made = next(text for text in account.texts("CREATE TABLE") if DATA in text)
    found = re.search(r'"META" VARIANT,(.*)\) CLUSTER', made)
    assert found
    assert found[1].count(" COMMENT '") == 3
    return found[1]


def test_a_run_without_changes_writes_records_alone(account: Account, warehouse: Warehouse) -> None:
    load_pages(warehouse, PAGES)
    account.said.clear()
    assert load_pages(warehouse, PAGES).status == "unchanged"
    assert not [
        text for text in account.texts(*WRITES, "PUT", "CREATE TEMP") if DATA in text or "STAGE" in text
    ]
    written = [
        match[1] for text in account.texts("INSERT INTO") if (match := re.match(r'\S+ \S+ "(\w+)"', text))
    ]
    assert sorted(written) == [
        "CALCOM_SYNC_FACTS",
        "CALCOM_SYNC_RUNNING",
        "CALCOM_SYNC_RUNS",
        "CALCOM_SYNC_RUNS",
        "CALCOM_SYNC_RUN_RESOURCES",
        "CALCOM_SYNC_STATE",
    ]


def test_a_change_is_one_update_that_names_the_organisation(account: Account, warehouse: Warehouse) -> None:
    load_pages(warehouse, PAGES)
    account.said.clear()
    assert load_pages(warehouse, changed(PAGES, 3, 60)).updated == 2
    writes = [text for text in account.texts(*WRITES) if DATA in text]
    assert len(writes) == 1
    assert writes[0].startswith('UPDATE "CALCOM_ITEMS" SET "näme" = s."näme"')
    assert writes[0].endswith(' AND "CALCOM_ITEMS"."ORGANIZATION_ID" = ?')
    assert account.rows(f"""SELECT "Order" FROM {DATA} WHERE "näme" = 'w' ORDER BY 1""") == [(3,), (60,)]


@pytest.mark.parametrize("mode", ["merge", "history", "replace"])
def test_each_statement_about_a_table_names_the_organisation(
    account: Account, warehouse: Warehouse, mode: str
) -> None:
    """A join alone reads the rows of everybody."""
    deletes = "remove"
    load_pages(warehouse, PAGES, mode=mode, deletes=deletes)
    account.said.clear()
    load_pages(warehouse, changed(PAGES[:3], 3), mode=mode, deletes=deletes)
    about = [
        (text, values) for text, values in account.said if re.search(rf"(FROM|JOIN|UPDATE) {DATA}", text)
    ]
    assert len(about) >= 2
    for text, values in about:
        assert re.search(r'(t|"CALCOM_ITEMS")\."ORGANIZATION_ID" = \?', text), text
        assert ORGANIZATION in values


def test_statements_of_a_table_do_not_rise_with_its_rows(account: Account, warehouse: Warehouse) -> None:
    counts = []
    for size in (100, 5000):
        other = Account()
        with_rows = Warehouse(other.target())
        whole = [tuple((key, "v") for key in range(start, start + 50)) for start in range(0, size, 50)]
        for pages in (whole, whole, changed(whole, *range(0, size, 100))):
            before = len(other.said)
            load_pages(with_rows, pages)
            counts.append(len(other.said) - before)
        with_rows.close()
    assert counts[:3] == counts[3:]


def test_tables_of_one_run_share_the_statements_of_its_records(
    account: Account, warehouse: Warehouse
) -> None:
    def load(number: int) -> int:
        before = len(account.said)
        names = [f"items_{place}" for place in range(number)]
        with warehouse.load(RunInfo(scope={"organization_id": number}), tables=names) as load:
            for place, name in enumerate(names):
                named = Table(name, ITEMS.columns, ITEMS.key)
                table = load.table(named, resource=f"r{place}", deletes="remove")
                table.write([as_tuple((1, "v"), number)], mark(0, ((1, "v"),)))
                table.finish(True)
            load.publish()
        return len(account.said) - before

    load(1)
    # Of the first two tables one is there already.
    two, ten = load(2), load(10)
    assert ten - two <= 8 * 10, "at a first load each table costs ten statements at most"


def test_rows_that_came_twice_are_stored_as_they_came_last(account: Account, warehouse: Warehouse) -> None:
    again = [*PAGES, tuple((key, "again") for key in (5, 6))]
    result = load_pages(warehouse, again, use_marks=False)
    assert (result.inserted, result.duplicates) == (200, 2)
    assert account.rows(f"""SELECT "Order" FROM {DATA} WHERE "näme" = 'again' ORDER BY 1""") == [(5,), (6,)]


def test_deleted_rows_are_removed_marked_or_closed(account: Account) -> None:
    for number, (mode, deletes) in enumerate([("merge", "remove"), ("merge", "mark"), ("history", "remove")]):
        warehouse = Warehouse(account.target(), prefix=f"p{number}_")
        load_pages(warehouse, PAGES, mode=mode, deletes=deletes)
        assert load_pages(warehouse, PAGES[:3], mode=mode, deletes=deletes).deleted == 50
        warehouse.close()
    assert account.rows('SELECT count(*) FROM "P0_ITEMS"') == [(150,)]
    assert account.rows('SELECT count(*) FROM "P1_ITEMS" WHERE _calcom_deleted_at IS NOT NULL') == [(50,)]
    assert account.rows('SELECT count(*) FROM "P2_ITEMS" WHERE NOT is_current') == [(50,)]
    assert account.rows('SELECT count(*) FROM "P2_ITEMS_CURRENT"') == [(150,)]


def test_values_are_bound_and_never_part_of_a_statement(account: Account, warehouse: Warehouse) -> None:
    with warehouse.load(RunInfo(scope=SCOPE, run_id="who-ran-it")) as load:
        table = load.table(ITEMS, resource="items")
        table.write([as_tuple((1, "Ada's secret"))])
        table.finish(True)
        load.publish()
    assert not [text for text in account.texts() if "secret" in text or "who-ran-it" in text]
    assert account.parameters[0]["QUERY_TAG"] == "calcom"


def test_ddl_comes_before_the_transaction_that_publishes(account: Account, warehouse: Warehouse) -> None:
    load_pages(warehouse, PAGES)
    texts = account.texts()
    begun = max(place for place, text in enumerate(texts) if text == "BEGIN TRANSACTION")
    ended = texts.index("COMMIT", begun)
    inside = texts[begun:ended]
    assert any(DATA in text for text in inside)
    assert not [text for text in inside if text.startswith(("CREATE", "ALTER", "DROP", "COMMENT"))]


# -- leases and conflicts
# -------------------------------------------------------------------------------------------------------------


def test_a_lease_is_taken_by_an_update_whose_rows_are_counted(account: Account, warehouse: Warehouse) -> None:
    first, second = (warehouse.backend.connect() for _ in range(2))
    assert warehouse.backend.lock(first, "calcom_", "a", "s") is None
    assert "run a of process" in str(warehouse.backend.lock(second, "calcom_", "b", "s"))
    warehouse.backend.unlock(first, "calcom_", "a", "s")
    assert warehouse.backend.lock(second, "calcom_", "b", "s") is None
    warehouse.backend.unlock(second, "calcom_", "b", "s")
    assert account.rows("SELECT count(*) FROM calcom_sync_lease") == [(1,)]


@pytest.mark.parametrize("by", ["other@there", "old@nowhere"], ids=["another run", "the same run again"])
def test_a_lease_that_somebody_took_since_it_was_looked_at_is_not_taken(
    account: Account, warehouse: Warehouse, by: str
) -> None:
    session = warehouse.backend.connect()
    lease.prepare(session, "calcom_")
    session.execute(
        'INSERT INTO "CALCOM_SYNC_LEASE" (name, owner, expires_at) VALUES (:n, :o, :e)',
        {"n": "calcom_|s", "o": "old@nowhere", "e": 0.0},
    )

    updates = []

    def overtake(text: str) -> None:
        updates.extend([text] if text.startswith('UPDATE "CALCOM_SYNC_LEASE"') else [])
        if len(updates) == 2:  # the first one takes a lease that nobody holds
            account.trouble = lambda text: None
            account.database.cursor().execute(
                f"UPDATE calcom_sync_lease SET owner = '{by}', expires_at = 9e9"
            )

    account.trouble = overtake
    assert lease.on_tables("calcom_", "me", "s").take(session)
    assert account.rows("SELECT owner FROM calcom_sync_lease") == [(by,)]


def test_sixteen_organisations_at_once_leave_what_each_brought(account: Account) -> None:
    def run(number: int) -> str:
        warehouse = Warehouse(account.target())
        try:
            with warehouse.load(RunInfo(scope={"organization_id": number})) as load:
                table = load.table(ITEMS, resource="items", deletes="remove", guard=DeleteGuard.off())
                table.write([as_tuple((key, f"{number}"), number) for key in range(100)])
                table.finish(True)
                return load.publish()[0].status
        finally:
            warehouse.close()

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(run, range(1, 17))) == {"published"}
    rows = account.rows(
        f'SELECT organization_id, count(*), min("näme"), max("näme") FROM {DATA} GROUP BY 1 ORDER BY 1'
    )
    assert rows == [(number, 100, str(number), str(number)) for number in range(1, 17)]


def test_a_table_that_another_prefix_claims_at_this_moment_is_refused(
    account: Account, warehouse: Warehouse
) -> None:
    """No key keeps the second record out, so the records are looked at again behind an UPDATE."""
    other = Warehouse(account.target(), prefix="other_")
    load_pages(other, PAGES)
    other.close()

    def claim(text: str) -> None:
        if text.startswith('UPDATE "CALCOM_TABLE_OWNERS"'):
            account.trouble = lambda text: None
            rows = "INSERT INTO calcom_table_owners (table_name, prefix) VALUES ('calcom_items', 'other_')"
            account.database.cursor().execute(rows)

    account.trouble = claim
    with pytest.raises(SchemaConflictError, match="belong to the prefix 'other_': calcom_items"):
        warehouse.load(RunInfo(scope=SCOPE), tables=["items"])
    assert account.rows("SELECT count(*) FROM calcom_table_owners WHERE prefix = 'calcom_'") == [(0,)]


def test_a_publication_that_others_kept_from_a_table_is_repeated_as_a_whole(
    account: Account, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repeating, "PAUSE", 0.0)
    load_pages(warehouse, PAGES)
    left = [2]

    def refuse(text: str) -> None:
        if text.startswith(f"UPDATE {DATA}") and left[0]:
            left[0] -= 1
            raise conflict()

    account.trouble = refuse
    assert load_pages(warehouse, changed(PAGES, 3)).updated == 1
    assert left == [0]
    assert account.texts("ROLLBACK") == ["ROLLBACK"] * 2
    assert account.rows("SELECT publish_retries FROM calcom_sync_runs ORDER BY started_at DESC LIMIT 1") == [
        (2,)
    ]
    assert account.rows(f"""SELECT count(*) FROM {DATA} WHERE "näme" = 'w'""") == [(1,)]


def test_a_statement_of_its_own_is_repeated_until_the_table_is_free(
    account: Account, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SnowflakeSession, "pause", 0.0)
    left = [3]

    def refuse(text: str) -> None:
        if text.startswith('INSERT INTO "CALCOM_SYNC_RUNNING"') and left[0]:
            left[0] -= 1
            raise conflict()

    account.trouble = refuse
    assert load_pages(warehouse, PAGES).inserted == 200
    assert left == [0]


def test_other_errors_are_not_repeated(account: Account, warehouse: Warehouse) -> None:
    load_pages(warehouse, PAGES)
    seen = []

    def refuse(text: str) -> None:
        if text.startswith(f"UPDATE {DATA}"):
            seen.append(text)
            raise ProgrammingError("no such column 'secret'", 904, "42000")

    account.trouble = refuse
    with pytest.raises(Exception, match="Publishing failed, nothing was published: ProgrammingError 904"):
        load_pages(warehouse, changed(PAGES, 3))
    assert len(seen) == 1
    assert account.rows(f"""SELECT count(*) FROM {DATA} WHERE "näme" = 'w'""") == [(0,)]


def test_a_second_run_of_an_organisation_is_refused(warehouse: Warehouse) -> None:
    with warehouse.load(RunInfo(scope=SCOPE, run_id="first")):
        with pytest.raises(LoadInProgressError, match="organization_id=7 by run first"):
            warehouse.load(RunInfo(scope=SCOPE))


@pytest.mark.parametrize(
    ("errno", "told"),
    [
        (606, "No warehouse of Snowflake"),
        (3001, "lacks a right"),
        (390144, "public key"),
        (2003, "does not let the role see it"),
    ],
)
def test_errors_of_the_account_are_told_in_words(errno: int, told: str) -> None:
    assert told in str(driver_errors.explain(ProgrammingError("of a 'person'", errno, "42501")))
    assert (
        driver_errors.describe(ProgrammingError("of a 'person'", errno, "42501"))
        == f"ProgrammingError {errno}"
    )
    assert driver_errors.is_driver_error(ProgrammingError("", errno, ""))


def test_files_and_connections_are_given_back(account: Account, warehouse: Warehouse) -> None:
    load_pages(warehouse, PAGES)
    folders = {text.split("'")[1].removeprefix("file://").rpartition("/")[0] for text in account.texts("PUT")}
    assert len(folders) == 1
    from pathlib import Path

    assert not Path(folders.pop()).exists()
    assert account.closed == len(account.parameters)
    assert threading.active_count() < 50


# -- how it is spelled
# -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("calcom_teams", "CALCOM_TEAMS"),
        ("_extra", "_EXTRA"),
        ("order", "ORDER"),
        ("ABC", "abc"),
        ("Order", "Order"),
        ("näme", "näme"),
        ("a b", "a b"),
        ("1st", "1st"),
    ],
)
def test_names_are_stored_so_that_nobody_needs_quotes(name: str, kept: str) -> None:
    assert stored(name) == kept
    assert stored(kept) == name
    assert quote(name) == f'"{kept}"'


def test_a_backslash_in_a_literal_is_one() -> None:
    assert literal("a'b\\c") == "'a''b\\\\c'"
    import sqlalchemy as sa

    assert SnowflakeViews().sql_text(sa.select(sa.literal("a\\b"))).startswith("SELECT 'a\\\\b'")


def test_names_after_colons_are_bound_in_their_order() -> None:
    sql = "SELECT ':no', \"a:b\", x::DATE FROM t WHERE a = :one AND b = :two AND c = :one"
    assert bound(sql, {"one": 1, "two": 2}) == (
        "SELECT ':no', \"a:b\", x::DATE FROM t WHERE a = ? AND b = ? AND c = ?",
        [1, 2, 1],
    )


def test_rows_are_inserted_from_a_list_of_values() -> None:
    insert = GRAMMAR.insert('INSERT INTO "T" ("A", b) VALUES (:a, :b)')
    assert insert is not None
    told = list(
        inserts(
            insert.table,
            insert.columns,
            insert.values([{"a": 1, "b": "{}"}, {"a": 2, "b": None}]),
            {"A": "DATE", "B": "VARIANT"},
        )
    )
    assert told == [
        (
            'INSERT INTO "T" ("A", b) SELECT CAST(column1 AS DATE), PARSE_JSON(column2) FROM VALUES (?, ?), (?, ?)',
            [1, "{}", 2, None],
        )
    ]
    assert GRAMMAR.insert('INSERT INTO "T" ("A") SELECT 1') is None
    assert GRAMMAR.insert('INSERT INTO "T" ("A", "B") VALUES (:a, NULL)') is None
    many = list(inserts('"T"', ['"A"', '"B"'], [(1, 2)] * 12_000, {"A": "DATE", "B": "DATE"}))
    assert [len(values) for _, values in many] == [10_000, 10_000, 4_000]


def test_what_differs_in_one_value_is_said_once() -> None:
    sql = "DELETE FROM t WHERE scope = :scope AND page = :page"
    assert list(for_each(sql, [{"scope": 1, "page": "a"}, {"scope": 1, "page": "b"}])) == [
        ("DELETE FROM t WHERE scope = ? AND page IN (?, ?)", [1, "a", "b"])
    ]
    both = list(for_each(sql, [{"scope": 1, "page": "a"}, {"scope": 2, "page": "b"}]))
    assert [values for _, values in both] == [[1, "a"], [2, "b"]]


def test_records_that_are_kept_back_end_as_if_each_had_been_written() -> None:
    kept = Kept(unquoted)
    insert = GRAMMAR.insert('INSERT INTO "T" ("SCOPE", "KEY") VALUES (:s, :k)')
    assert insert is not None
    for key in "abab":
        found = GRAMMAR.deletion('DELETE FROM "T" WHERE scope = :s AND "KEY" = :k', {"s": 1, "k": key})
        assert found is not None
        assert found[0] == '"T"'
        kept.delete(found[1])
        kept.insert(insert, [{"s": 1, "k": key}])
    assert kept.inserted == {('"SCOPE"', '"KEY"'): [[1, "a"], [1, "b"]]}
    assert list(deletions('"T"', list(kept.deleted))) == [
        ('DELETE FROM "T" WHERE "SCOPE" = ? AND "KEY" IN (?, ?)', [1, "a", "b"])
    ]
    other = (("SCOPE", 2), ("KEY", "z"))
    assert list(deletions('"T"', [*kept.deleted, other])) == [
        (
            'DELETE FROM "T" WHERE (("SCOPE" = ? AND "KEY" = ?) OR ("SCOPE" = ? AND "KEY" = ?) OR'
            ' ("SCOPE" = ? AND "KEY" = ?))',
            [1, "a", 1, "b", 2, "z"],
        )
    ]
    assert GRAMMAR.deletion('DELETE FROM "T" WHERE "KEY" < :k', {"k": 1}) is None
    assert GRAMMAR.deletion('DELETE FROM "T"', {}) is None


# -- how it is named
# -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    given: list[dict[str, Any]] = []

    class Connector:
        @staticmethod
        def connect(**options: Any) -> None:
            given.append(options)

    monkeypatch.setattr(connecting, "_connector", lambda: Connector)
    return given


def test_a_url_names_the_account_and_how_it_is_entered(opened: list[dict[str, Any]]) -> None:
    target = connecting.target_of(
        "snowflake://me:p%40ss@org-acct/DWH/raw?warehouse=W&role=R&private_key_file=/k.p8&port=444"
    )
    target.connect({"QUERY_TAG": "x"})
    assert opened == [
        {
            "account": "org-acct",
            "user": "me",
            "password": "p@ss",
            "database": "DWH",
            "schema": "raw",
            "warehouse": "W",
            "role": "R",
            "private_key_file": "/k.p8",
            "port": 444,
            "session_parameters": {"QUERY_TAG": "x"},
        }
    ]
    assert (target.account, target.database, target.schema) == ("org-acct", "DWH", "raw")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("snowflake://me@acct", "a user, an account and a database"),
        ("snowflake://acct/DWH", "a user, an account and a database"),
        ("snowflake://me@acct/DWH?warehose=W", "an option 'warehose'; known are"),
    ],
)
def test_a_url_that_lacks_something_is_refused(opened: list[dict[str, Any]], url: str, told: str) -> None:
    with pytest.raises(UnsupportedTargetError, match=told):
        Warehouse(url)
    assert not opened


@pytest.mark.parametrize(
    ("names", "schema", "base"),
    [
        (("acct.eu-west-1", "DWH", "RAW"), None, "snowflake://acct.eu-west-1/DWH/RAW/"),
        (("acct", "DWH", ""), "RAW", "snowflake://acct/DWH/RAW/"),
        (("acct", "DWH", ""), None, None),
        (("", "", ""), "RAW", None),
    ],
)
def test_tables_are_assets_where_all_their_names_are_known(
    account: Account, names: tuple[str, str, str], schema: str | None, base: str | None
) -> None:
    target = account.target(**dict(zip(("account", "database", "schema"), names, strict=True)))
    assert Warehouse(target, schema=schema).asset_base() == base


def test_a_schema_is_made_and_used(account: Account) -> None:
    warehouse = Warehouse(account.target(), schema="raw")
    session: Session = warehouse.backend.connect()
    account.database.execute("CREATE SCHEMA IF NOT EXISTS nothing")
    warehouse.backend.prepare(session)
    assert account.texts("CREATE SCHEMA", "USE") == ['CREATE SCHEMA IF NOT EXISTS "RAW"', 'USE SCHEMA "RAW"']
    assert warehouse.backend.qualify("calcom_teams") == '"RAW"."CALCOM_TEAMS"'
    session.close()


def test_times_are_those_of_utc(warehouse: Warehouse) -> None:
    moment = datetime(2026, 3, 16, 8, 0, 0, 123456, tzinfo=UTC)
    assert warehouse.backend.time(moment) == datetime(2026, 3, 16, 8, 0, 0, 123000)
    assert warehouse.backend.type_of(Column("at", "timestamp")) == "TIMESTAMP_NTZ(3)"
