"""What the BigQuery backend says to a dataset, without its client; tests/plugins/bigqueries.py has a server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from calcom_provider.hr.errors import LedgerError
from calcom_provider.hr.ledger.database import Database
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
from calcom_provider.warehouse.backends.bigquery import client
from calcom_provider.warehouse.backends.bigquery.client import target_of
from calcom_provider.warehouse.backends.bigquery.connecting import LOOKS, Answer, UnheardError
from calcom_provider.warehouse.backends.bigquery.script import CHANGED, LOST, Script
from calcom_provider.warehouse.backends.bigquery.session import BigQuerySession
from calcom_provider.warehouse.backends.bigquery.statements import (
    GRAMMAR,
    Parameter,
    Parameters,
    Rows,
    Statement,
    Values,
    bound,
    deletions,
    for_each,
    inserts,
    literal,
    type_of,
)
from calcom_provider.warehouse.errors import LeaseLostError, PublicationUnknownError, WarehouseError
from calcom_provider.warehouse.loading import repeating
from tests.integration.warehouse.model import ITEMS, ORGANIZATION, SCOPE, as_tuple, load_pages, mark
from tests.unit.warehouse.backends.bigquery_double import BILLED, BadRequest, Project

PAGES = [tuple((key, "v") for key in range(start, start + 50)) for start in range(0, 200, 50)]
DATA = "`calcom_items`"
WRITES = ("INSERT", "UPDATE", "DELETE")


@pytest.fixture
def project() -> Project:
    return Project()


@pytest.fixture
def warehouse(project: Project) -> Iterator[Warehouse]:
    made = Warehouse(project.target())
    yield made
    made.close()


def changed(pages: list[Any], *keys: int) -> list[Any]:
    return [tuple((key, "w" if key in keys else value) for key, value in page) for page in pages]


def busy(reason: str = "invalidQuery", text: str = "") -> BadRequest:
    return BadRequest(
        text or "Transaction is aborted due to concurrent update against table dwh.calcom_items", reason
    )


def writes(project: Project) -> list[str]:
    """Give all statements that wrote, those of scripts included."""
    parts = [part for text in project.texts() for part in text.split(";\n")]
    return [part for part in parts if part.startswith(WRITES)]


# -- what a run says
# -------------------------------------------------------------------------------------------------------------


def test_a_first_load_stages_a_file_and_publishes_sets(project: Project, warehouse: Warehouse) -> None:
    assert load_pages(warehouse, PAGES).inserted == 200
    rows = project.rows(f"SELECT count(*), min(`näme`), max(`at`), max(`meta`) FROM {DATA}")
    assert rows == [(200, "v", datetime(2026, 3, 16, 8, 0, 0, 123000, tzinfo=UTC), '{"v":"v"}')]
    stage = project.calls[1][1]
    assert project.calls == [
        ("make_dataset",),
        (
            "make_stage",
            stage,
            "organization_id INT64",
            "Order INT64",
            "näme STRING",
            "at TIMESTAMP",
            "meta STRING",
            "_calcom_row_hash INT64",
            "_seq INT64",
        ),
        ("load", stage),
        ("drop", stage),
    ]
    about = [text for text in project.texts() if stage in text or DATA in text]
    about = [part for text in about for part in text.split(";\n") if stage in part or DATA in part]
    assert about == [
        f"SELECT count(*) FROM `{stage}`",
        "CREATE TABLE IF NOT EXISTS `dwh`.`calcom_items` (`organization_id` INT64 NOT NULL, `Order` INT64 NOT NULL,"
        " `näme` STRING, `at` TIMESTAMP, `meta` JSON,"
        " `_calcom_run_id` STRING OPTIONS(description='Run that wrote the row'),"
        " `_calcom_synced_at` TIMESTAMP OPTIONS(description='When that run began'),"
        " `_calcom_row_hash` INT64 OPTIONS(description='Hash of the row; an equal one is not written again'))"
        " CLUSTER BY `organization_id`",
        "SELECT count(*) FROM `dwh`.`calcom_items` WHERE `calcom_items`.`organization_id` = @p0 AND 1 = 1",
        "INSERT INTO `dwh`.`calcom_items` (`organization_id`, `Order`, `näme`, `at`, `meta`, `_calcom_row_hash`,"
        " `_calcom_run_id`, `_calcom_synced_at`) SELECT s.`organization_id`, s.`Order`, s.`näme`, s.`at`,"
        " PARSE_JSON(s.`meta`, wide_number_mode=>'round'), s.`_calcom_row_hash`, @p3, @p4"
        f" FROM `{stage}` s",
    ]


def test_a_run_is_published_by_one_script_that_begins_with_its_leases(
    project: Project, warehouse: Warehouse
) -> None:
    load_pages(warehouse, PAGES)
    about = [script for script in project.scripts() if any(DATA in part for part in script)]
    assert len(about) == 1
    script = about[0]
    assert script[0] == "BEGIN TRANSACTION"
    assert script[-1] == "COMMIT TRANSACTION"
    needed = (
        "IF NOT EXISTS (SELECT 1 FROM `dwh`.`calcom_sync_lease` WHERE name = @p{} AND owner = @p1) THEN RAISE"
    )
    assert [part.partition(" USING")[0] for part in script[1:3]] == [needed.format(0), needed.format(2)]
    assert not [part for part in script if part.startswith(("CREATE", "ALTER", "DROP"))]


def test_a_run_without_changes_writes_records_alone(project: Project, warehouse: Warehouse) -> None:
    load_pages(warehouse, PAGES)
    project.said.clear()
    project.calls.clear()
    assert load_pages(warehouse, PAGES).status == "unchanged"
    assert not [text for text in writes(project) if DATA in text or "stage" in text]
    assert project.calls == []
    assert len(project.texts("CREATE", "ALTER", "DROP")) == 1, "the table of leases, if it is missing"
    assert len(project.scripts()) == 1
    assert len(project.said) <= 40


def test_a_change_is_one_update_that_names_the_organisation(project: Project, warehouse: Warehouse) -> None:
    load_pages(warehouse, PAGES)
    project.said.clear()
    assert load_pages(warehouse, changed(PAGES, 3, 60)).updated == 2
    about = [text for text in writes(project) if DATA in text]
    assert len(about) == 1
    assert about[0].startswith("UPDATE `dwh`.`calcom_items` SET `näme` = s.`näme`")
    assert re.search(r" AND `calcom_items`.`organization_id` = @p\d+$", about[0])
    assert project.rows(f"SELECT `Order` FROM {DATA} WHERE `näme` = 'w' ORDER BY 1") == [(3,), (60,)]


@pytest.mark.parametrize("mode", ["merge", "history", "replace"])
def test_each_statement_about_a_table_names_the_organisation(
    project: Project, warehouse: Warehouse, mode: str
) -> None:
    """A join alone reads the rows of everybody, and each byte that is read is paid for."""
    load_pages(warehouse, PAGES, mode=mode)
    project.said.clear()
    load_pages(warehouse, changed(PAGES[:3], 3), mode=mode)
    seen = 0
    for text, values, _ in project.said:
        for part in text.split(";\n"):
            if re.search(rf"(FROM|JOIN|UPDATE) `dwh`\.{DATA}", part):
                found = re.search(r"(t|`calcom_items`)\.`organization_id` = @(p\d+)", part)
                assert found, part
                assert values[found[2]] == ORGANIZATION
                seen += 1
    assert seen >= 2


def test_statements_of_a_table_do_not_rise_with_its_rows() -> None:
    counts = []
    for size in (100, 5000):
        project = Project()
        with_rows = Warehouse(project.target())
        whole = [tuple((key, "v") for key in range(start, start + 50)) for start in range(0, size, 50)]
        for pages in (whole, whole, changed(whole, *range(0, size, 100))):
            before = len(project.said), len(writes(project))
            load_pages(with_rows, pages)
            counts.append((len(project.said) - before[0], len(writes(project)) - before[1]))
        with_rows.close()
    assert counts[:3] == counts[3:]


def test_tables_of_one_run_share_the_statements_of_its_records(
    project: Project, warehouse: Warehouse
) -> None:
    def load(number: int) -> tuple[int, int]:
        before = len(project.said) + len(project.calls), len(writes(project))
        names = [f"items_{place}" for place in range(number)]
        with warehouse.load(RunInfo(scope={"organization_id": number}), tables=names) as load:
            for place, name in enumerate(names):
                named = Table(name, ITEMS.columns, ITEMS.key)
                table = load.table(named, resource=f"r{place}", deletes="remove")
                table.write([as_tuple((1, "v"), number)], mark(0, ((1, "v"),)))
                table.finish(True)
            load.publish()
        return len(project.said) + len(project.calls) - before[0], len(writes(project)) - before[1]

    load(1)
    # Of the first two tables one is there already.
    two, ten = load(2), load(10)
    assert ten[0] - two[0] <= 8 * 10, "at a first load each table costs ten jobs and calls at most"
    assert ten[1] - two[1] == 8, "and one statement of the transaction"


def test_rows_that_came_twice_are_stored_as_they_came_last(project: Project, warehouse: Warehouse) -> None:
    again = [*PAGES, tuple((key, "again") for key in (5, 6))]
    result = load_pages(warehouse, again, use_marks=False)
    assert (result.inserted, result.duplicates) == (200, 2)
    assert project.rows(f"SELECT `Order` FROM {DATA} WHERE `näme` = 'again' ORDER BY 1") == [(5,), (6,)]


def test_deleted_rows_are_removed_marked_or_closed(project: Project) -> None:
    for number, (mode, deletes) in enumerate([("merge", "remove"), ("merge", "mark"), ("history", "remove")]):
        warehouse = Warehouse(project.target(), prefix=f"p{number}_")
        load_pages(warehouse, PAGES, mode=mode, deletes=deletes)
        assert load_pages(warehouse, PAGES[:3], mode=mode, deletes=deletes).deleted == 50
        warehouse.close()
    assert project.rows("SELECT count(*) FROM p0_items") == [(150,)]
    assert project.rows("SELECT count(*) FROM p1_items WHERE _calcom_deleted_at IS NOT NULL") == [(50,)]
    assert project.rows("SELECT count(*) FROM p2_items WHERE NOT is_current") == [(50,)]
    assert project.rows("SELECT count(*) FROM p2_items_current") == [(150,)]


def test_values_are_parameters_and_never_part_of_a_text(project: Project, warehouse: Warehouse) -> None:
    with warehouse.load(RunInfo(scope=SCOPE, run_id="who-ran-it")) as load:
        table = load.table(ITEMS, resource="items")
        table.write([as_tuple((1, "Ada's secret"))])
        table.finish(True)
        load.publish()
    assert not [text for text in project.texts() if "secret" in text or "who-ran-it" in text]
    assert {labels["application"] for _, _, labels in project.said} == {"calcom"}


# -- transactions
# -------------------------------------------------------------------------------------------------------------


def test_what_a_transaction_reads_of_its_own_must_still_be_so_when_it_is_sent(
    project: Project, warehouse: Warehouse
) -> None:
    load_pages(warehouse, PAGES)
    session = warehouse.backend.connect()
    count = "SELECT count(*) FROM `dwh`.`calcom_items` WHERE `Order` < :top"
    remove = "DELETE FROM `dwh`.`calcom_items` WHERE `Order` = :key"
    session.begin()
    session.execute(remove, {"key": 3})
    assert session.value(count, {"top": 10}) == 9
    assert project.rows(f"SELECT count(*) FROM {DATA}") == [(200,)], "looking changes nothing"
    session.commit()
    session.begin()
    session.execute(remove, {"key": 4})
    assert session.value(count, {"top": 10}) == 8
    project.rows(f"DELETE FROM {DATA} WHERE `Order` = 5")
    sent = len(project.said)
    with pytest.raises(BadRequest, match=CHANGED):
        session.value(count, {"top": 20})
    assert len(project.said) == sent + 1, "looking again does not help"
    with pytest.raises(BadRequest, match=CHANGED) as caught:
        session.commit()
    assert driver_errors.is_aborted(caught.value), "it is tried again as a whole"
    session.rollback()
    assert project.rows(f"SELECT count(*) FROM {DATA} WHERE `Order` IN (3, 4, 5)") == [(1,)]
    session.close()


def test_a_transaction_that_failed_is_over(project: Project, warehouse: Warehouse) -> None:
    load_pages(warehouse, PAGES)
    session = warehouse.backend.connect()

    def refuse(text: str) -> None:
        raise BadRequest("no", "accessDenied")

    project.trouble = refuse
    session.begin()
    session.execute(f"DELETE FROM `dwh`.{DATA} WHERE `Order` = :key", {"key": 1})
    with pytest.raises(BadRequest):
        session.commit()
    project.trouble = lambda text: None
    session.begin()
    session.commit()
    assert project.rows(f"SELECT count(*) FROM {DATA}") == [(200,)]
    session.close()


def test_rows_are_counted_inside_of_a_transaction(project: Project, warehouse: Warehouse) -> None:
    load_pages(warehouse, PAGES)
    session = warehouse.backend.connect()
    session.begin()
    named = {"top": 7, "value": "x"}
    update = f"UPDATE `dwh`.{DATA} SET `näme` = :value WHERE `Order` < :top"
    assert session.execute_counted(update, named) == 7
    assert session.execute_counted(f"DELETE FROM `dwh`.{DATA} WHERE `näme` = :value", {"value": "x"}) == 7
    sent = len(project.said)
    assert session.execute_counted(f"DELETE FROM `dwh`.{DATA} WHERE `näme` = :value", {"value": "y"}) == 0
    assert len(project.said) == sent + 1
    session.commit()
    assert project.rows(f"SELECT count(*) FROM {DATA}") == [(193,)]
    session.close()


def test_ddl_ends_a_transaction_before_it(project: Project, warehouse: Warehouse) -> None:
    load_pages(warehouse, PAGES)
    session = warehouse.backend.connect()
    session.begin()
    session.execute(f"DELETE FROM `dwh`.{DATA} WHERE `Order` = :key", {"key": 1})
    session.execute(f"ALTER TABLE `dwh`.{DATA} ADD COLUMN `more` STRING")
    session.rollback()
    assert project.texts()[-2].startswith("BEGIN TRANSACTION")
    assert project.texts()[-1].startswith("ALTER TABLE")
    assert project.rows(f"SELECT count(*) FROM {DATA} WHERE more IS NULL") == [(199,)]
    session.close()


def test_a_run_whose_lease_is_lost_before_its_script_publishes_nothing(
    project: Project, warehouse: Warehouse
) -> None:
    load_pages(warehouse, PAGES)

    def steal(text: str) -> None:
        if text.startswith("BEGIN TRANSACTION") and DATA in text:
            project.trouble = lambda text: None
            project.rows("UPDATE calcom_sync_lease SET owner = 'other@there'")

    project.trouble = steal
    with pytest.raises(LeaseLostError, match="lost its tables to another run"):
        load_pages(warehouse, changed(PAGES, 3))
    assert project.rows(f"SELECT count(*) FROM {DATA} WHERE `näme` = 'w'") == [(0,)]


def test_a_script_of_which_nothing_was_heard_is_told_as_unknown(
    project: Project, warehouse: Warehouse
) -> None:
    load_pages(warehouse, PAGES)

    def cut(text: str) -> None:
        if text.startswith("BEGIN TRANSACTION") and DATA in text:
            raise UnheardError("nothing was heard of a job: ConnectionError")

    project.trouble = cut
    with pytest.raises(PublicationUnknownError, match="all of it was published, or nothing"):
        load_pages(warehouse, changed(PAGES, 3))
    project.trouble = lambda text: None
    assert load_pages(warehouse, changed(PAGES, 3)).updated == 1


# -- leases and conflicts
# -------------------------------------------------------------------------------------------------------------


def test_a_lease_is_taken_by_an_update_whose_rows_are_counted(project: Project, warehouse: Warehouse) -> None:
    first, second = (warehouse.backend.connect() for _ in range(2))
    warehouse.backend.prepare(first)
    assert warehouse.backend.lock(first, "calcom_", "a", "s") is None
    assert "run a of process" in str(warehouse.backend.lock(second, "calcom_", "b", "s"))
    warehouse.backend.unlock(first, "calcom_", "a", "s")
    assert warehouse.backend.lock(second, "calcom_", "b", "s") is None
    warehouse.backend.unlock(second, "calcom_", "b", "s")
    assert project.rows("SELECT count(*) FROM calcom_sync_lease") == [(1,)]


@pytest.mark.parametrize("by", ["other@there", "old@nowhere"], ids=["another run", "the same run again"])
def test_a_lease_that_somebody_took_since_it_was_looked_at_is_not_taken(
    project: Project, warehouse: Warehouse, by: str
) -> None:
    session = warehouse.backend.connect()
    warehouse.backend.prepare(session)
    lease.prepare(session, "calcom_")
    session.execute(
        "INSERT INTO `dwh`.`calcom_sync_lease` (name, owner, expires_at) VALUES (:n, :o, :e)",
        {"n": "calcom_|s", "o": "old@nowhere", "e": 0.0},
    )

    updates = []

    def overtake(text: str) -> None:
        updates.extend([text] if text.startswith("UPDATE `dwh`.`calcom_sync_lease`") else [])
        if len(updates) == 2:  # the first one takes a lease that nobody holds
            project.trouble = lambda text: None
            project.rows(f"UPDATE calcom_sync_lease SET owner = '{by}', expires_at = 9e9")

    project.trouble = overtake
    assert lease.on_tables("calcom_", "me", "s").take(session)
    assert project.rows("SELECT owner FROM calcom_sync_lease") == [(by,)]


def test_sixteen_organisations_at_once_leave_what_each_brought(project: Project) -> None:
    def run(number: int) -> str:
        warehouse = Warehouse(project.target())
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
    rows = project.rows(
        f"SELECT organization_id, count(*), min(`näme`), max(`näme`) FROM {DATA} GROUP BY 1 ORDER BY 1"
    )
    assert rows == [(number, 100, str(number), str(number)) for number in range(1, 17)]


def test_a_table_that_another_prefix_claims_at_this_moment_is_refused(
    project: Project, warehouse: Warehouse
) -> None:
    """No key keeps the second record out: what the claim was decided by is looked at again inside of its script."""
    other = Warehouse(project.target(), prefix="other_")
    load_pages(other, PAGES)
    other.close()

    def claim(text: str) -> None:
        if text.startswith("BEGIN TRANSACTION") and "UPDATE `dwh`.`calcom_table_owners`" in text:
            project.trouble = lambda text: None
            project.rows(
                "INSERT INTO calcom_table_owners (table_name, prefix) VALUES ('calcom_items', 'other_')"
            )

    project.trouble = claim
    with pytest.raises(SchemaConflictError, match="belong to the prefix 'other_': calcom_items"):
        warehouse.load(RunInfo(scope=SCOPE), tables=["items"])
    assert project.rows("SELECT count(*) FROM calcom_table_owners WHERE prefix = 'calcom_'") == [(0,)]


@pytest.mark.parametrize(
    "trouble",
    [
        busy(),
        busy(text="Could not serialize access to table dwh.calcom_items due to concurrent update"),
        busy("jobRateLimitExceeded", "Exceeded rate limits: too many table dml insert operations"),
        busy("backendError", "An internal error occurred and the request could not be completed"),
        busy("jobInternalError", "The job encountered an internal error"),
    ],
    ids=lambda one: f"{one.errors[0]['reason']}-{str(one)[:5]}",
)
def test_a_publication_that_others_kept_from_a_table_is_repeated_as_a_whole(
    project: Project, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, trouble: BadRequest
) -> None:
    monkeypatch.setattr(repeating, "PAUSE", 0.0)
    load_pages(warehouse, PAGES)
    left = [2]

    def refuse(text: str) -> None:
        if text.startswith("BEGIN TRANSACTION") and f"UPDATE `dwh`.{DATA}" in text and left[0]:
            left[0] -= 1
            raise trouble

    project.trouble = refuse
    assert load_pages(warehouse, changed(PAGES, 3)).updated == 1
    assert left == [0]
    newest = "SELECT publish_retries FROM calcom_sync_runs ORDER BY started_at DESC LIMIT 1"
    assert project.rows(newest) == [(2,)]
    assert project.rows(f"SELECT count(*) FROM {DATA} WHERE `näme` = 'w'") == [(1,)]


@pytest.mark.parametrize("place", ["INSERT INTO `dwh`.`calcom_sync_running`", "load calcom_stage"])
def test_a_job_of_its_own_is_repeated_until_the_table_is_free(
    project: Project, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setattr(BigQuerySession, "pause", 0.0)
    left = [3]

    def refuse(text: str) -> None:
        if text.startswith(place) and left[0]:
            left[0] -= 1
            raise busy("rateLimitExceeded")

    project.trouble = refuse
    assert load_pages(warehouse, PAGES).inserted == 200
    assert left == [0]


def test_other_errors_are_not_repeated(project: Project, warehouse: Warehouse) -> None:
    load_pages(warehouse, PAGES)
    seen = []

    def refuse(text: str) -> None:
        if text.startswith("BEGIN TRANSACTION") and DATA in text:
            seen.append(text)
            raise BadRequest("Unrecognized name: secret", "invalidQuery")

    project.trouble = refuse
    told = "Publishing failed, nothing was published: BadRequest invalidQuery$"
    with pytest.raises(WarehouseError, match=told):
        load_pages(warehouse, changed(PAGES, 3))
    assert len(seen) == 1
    assert project.rows(f"SELECT count(*) FROM {DATA} WHERE `näme` = 'w'") == [(0,)]


def test_a_second_run_of_an_organisation_is_refused(warehouse: Warehouse) -> None:
    with warehouse.load(RunInfo(scope=SCOPE, run_id="first")):
        with pytest.raises(LoadInProgressError, match="organization_id=7 by run first"):
            warehouse.load(RunInfo(scope=SCOPE))


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("accessDenied", "lacks a right"),
        ("notFound", "no such project, dataset or table"),
        ("quotaExceeded", "A quota"),
        ("billingNotEnabled", "no billing account"),
    ],
)
def test_errors_of_the_project_are_told_in_words(reason: str, told: str) -> None:
    error = BadRequest("of a 'person'", reason)
    assert told in str(driver_errors.explain(error))
    assert driver_errors.describe(error) == f"BadRequest {reason}"
    assert driver_errors.is_driver_error(error)


def test_files_and_connections_are_given_back(project: Project, warehouse: Warehouse) -> None:
    load_pages(warehouse, PAGES)
    assert project.closed == project.opened
    assert project.rows("SELECT count(*) FROM information.tables WHERE table_name LIKE '%stage%'") == [(0,)]


def test_stages_of_a_run_that_was_killed_are_dropped_by_the_next(
    project: Project, warehouse: Warehouse
) -> None:
    load = warehouse.load(RunInfo(scope=SCOPE))
    table = load.table(ITEMS, resource="items")
    table.write([as_tuple((1, "v"))])
    table.finish(True)
    left = project.calls[-1][1]
    load.session.renewers[load.scope].stop()
    lease._active.clear()
    assert load_pages(warehouse, PAGES).inserted == 200
    assert ("drop", left) in project.calls


# -- how it is spelled
# -------------------------------------------------------------------------------------------------------------


def test_a_literal_ends_where_it_should() -> None:
    assert literal("a'b\\c\nd") == "'a\\'b\\\\c\\nd'"


def test_names_after_colons_become_parameters_and_equal_values_are_one() -> None:
    params = Parameters()
    sql = "SELECT ':no', `a:b`, \":no\" FROM t WHERE a = :one AND b = :two AND c = :one AND d = :three"
    assert bound(sql, {"one": 1, "two": True, "three": 1}, params) == (
        "SELECT ':no', `a:b`, \":no\" FROM t WHERE a = @p0 AND b = @p1 AND c = @p0 AND d = @p0"
    )
    assert [(one.name, one.type, one.value) for one in params.all] == [
        ("p0", "INT64", 1),
        ("p1", "BOOL", True),
    ]


def test_an_update_of_all_rows_has_a_condition() -> None:
    assert bound("DELETE FROM `t`", {}, Parameters()) == "DELETE FROM `t` WHERE TRUE"
    assert bound("UPDATE `t` SET a = 1", {}, Parameters()) == "UPDATE `t` SET a = 1 WHERE TRUE"
    assert bound("SELECT 1 FROM `t`", {}, Parameters()) == "SELECT 1 FROM `t`"


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (True, "BOOL"),
        (1, "INT64"),
        (1.5, "FLOAT64"),
        ("x", "STRING"),
        (None, "STRING"),
        (b"x", "BYTES"),
        (date(2026, 1, 1), "DATE"),
        (datetime(2026, 1, 1, tzinfo=UTC), "TIMESTAMP"),
    ],
)
def test_values_have_the_types_of_bigquery(value: Any, kind: str) -> None:
    assert type_of(value) == kind


def test_rows_are_inserted_from_one_parameter() -> None:
    insert = GRAMMAR.insert("INSERT INTO `d`.`T` (`a`, b) VALUES (:a, :b)")
    assert insert is not None
    rows = insert.values([{"a": 1, "b": "{}"}, {"a": 2, "b": None}])
    told = list(inserts(insert.table, insert.columns, rows, {"a": "INT64", "b": "JSON"}))
    assert told == [
        Statement(
            "INSERT INTO `d`.`T` (`a`, b) SELECT r.c0, PARSE_JSON(r.c1, wide_number_mode=>'round')"
            " FROM UNNEST(:rows) r",
            {"rows": Rows(("INT64", "STRING"), ((1, "{}"), (2, None)))},
        )
    ]
    many = list(inserts("`T`", ["`a`"], [(1,)] * 4_500, {"a": "INT64"}))
    assert [len(one.params["rows"].rows) for one in many] == [2_000, 2_000, 500]


def test_what_differs_in_one_value_is_said_once() -> None:
    sql = "DELETE FROM `t` WHERE scope = :scope AND page = :page"
    assert list(for_each(sql, [{"scope": 1, "page": "a"}, {"scope": 1, "page": "b"}])) == [
        Statement(
            "DELETE FROM `t` WHERE scope = :scope AND page IN UNNEST(:page)",
            {"scope": 1, "page": Values("STRING", ("a", "b"))},
        )
    ]
    both = list(for_each(sql, [{"scope": 1, "page": "a"}, {"scope": 2, "page": "b"}]))
    assert [one.params for one in both] == [{"scope": 1, "page": "a"}, {"scope": 2, "page": "b"}]


def test_deletions_of_records_are_gathered() -> None:
    one, two = ((("scope", 1), ("key", key)) for key in "ab")
    other = (("scope", 2), ("key", "z"))
    assert list(deletions("`T`", [one, two])) == [
        Statement(
            "DELETE FROM `T` WHERE `scope` = :v0 AND `key` IN UNNEST(:listed)",
            {"v0": 1, "listed": Values("STRING", ("a", "b"))},
        )
    ]
    assert list(deletions("`T`", [one, other])) == [
        Statement(
            "DELETE FROM `T` WHERE EXISTS (SELECT 1 FROM UNNEST(:listed) l WHERE l.c0 = `scope` AND l.c1 = `key`)",
            {"listed": Rows(("INT64", "STRING"), ((1, "a"), (2, "z")))},
        )
    ]


def test_a_script_is_spelled_as_it_is_meant() -> None:
    script = Script()
    script.need(Statement("SELECT 1 FROM `l` WHERE o = :o", {"o": "me"}), LOST)
    script.add(Statement("UPDATE `t` SET a = :a WHERE b = :b", {"a": 1, "b": 2}))
    look, params = script.look(Statement("SELECT count(*) FROM `t` WHERE b = :b", {"b": 2}))
    answer = (
        r"(SELECT STRING_AGG(line, '\n' ORDER BY line) FROM (SELECT TO_JSON_STRING(one) AS line"
        r" FROM (SELECT count(*) FROM `t` WHERE b = @p{}) one))"
    )
    assert look.split(";\n") == [
        "DECLARE found STRING",
        "BEGIN TRANSACTION",
        "UPDATE `t` SET a = @p0 WHERE b = @p1",
        f"SET found = {answer.format(1)}",
        "ROLLBACK TRANSACTION",
        "SELECT found",
    ]
    assert [one.value for one in params.all] == [1, 2]
    assert script.looked(Statement("SELECT count(*) FROM `t` WHERE b = :b", {"b": 2}), '{"f0_":7}') == [(7,)]
    whole, params = script.whole()
    assert whole.split(";\n") == [
        "BEGIN TRANSACTION",
        f"IF NOT EXISTS (SELECT 1 FROM `l` WHERE o = @p0) THEN RAISE USING MESSAGE = '{LOST}'; END IF",
        "UPDATE `t` SET a = @p1 WHERE b = @p2",
        f"IF IFNULL({answer.format(2)}, '') <> @p3 THEN RAISE USING MESSAGE = '{CHANGED}'; END IF",
        "COMMIT TRANSACTION",
    ]
    assert [one.value for one in params.all] == ["me", 1, 2, '{"f0_":7}']


# -- what is asked of the client
# -------------------------------------------------------------------------------------------------------------


class Library:
    """Stand in for Google's client library, and keep what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []
        self.trouble: list[Exception] = []

    def __getattr__(self, name: str) -> Any:
        if name in (
            "QueryJobConfig",
            "LoadJobConfig",
            "ScalarQueryParameter",
            "ArrayQueryParameter",
            "SchemaField",
        ):
            return lambda *given, **named: SimpleNamespace(kind=name, given=given, **named)
        if name == "Table":
            return lambda name, schema: SimpleNamespace(name=name, schema=schema, expires=None)
        return lambda *given, **named: self.asked.append((name, SimpleNamespace(given=given, **named)))

    def query(self, text: str, **named: Any) -> Any:
        self.asked.append(("query", SimpleNamespace(given=(text,), **named)))
        return SimpleNamespace(result=self.result, num_dml_affected_rows=3, total_bytes_billed=None)

    def result(self, **named: Any) -> list[Any]:
        if self.trouble:
            raise self.trouble.pop()
        return [SimpleNamespace(values=lambda: (1, "a"))]


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Library:
    made = Library()
    monkeypatch.setattr(client, "library", lambda: made)
    monkeypatch.setattr(client, "PAUSE", 0.0)
    return made


def test_a_job_names_its_dataset_and_label_and_is_not_repeated_by_the_library(library: Library) -> None:
    asked = client.ClientConnection(library, "prod", "dwh")
    answer = asked.run("SELECT @p0", [Parameter("p0", "INT64", 7)], {"application": "calcom"})
    assert answer == Answer([(1, "a")], 3, 0)
    ((_, job),) = library.asked
    assert job.job_retry is None
    config = job.job_config
    assert (config.default_dataset, config.labels) == ("prod.dwh", {"application": "calcom"})
    assert config.query_parameters[0].given == ("p0", "INT64", 7)


def test_a_job_is_waited_for_while_the_network_breaks_and_told_as_unheard_in_the_end(
    library: Library,
) -> None:
    asked = client.ClientConnection(library, "prod", "dwh")
    library.trouble = [ConnectionError("to a host")] * (LOOKS - 1)
    assert asked.run("SELECT 1", [], {}).rows == [(1, "a")]
    library.trouble = [ConnectionError("to a host")] * LOOKS
    with pytest.raises(UnheardError, match="ConnectionError$"):
        asked.run("SELECT 1", [], {})
    library.trouble = [BadRequest("what was wrong", "invalidQuery")]
    with pytest.raises(BadRequest):
        asked.run("SELECT 1", [], {})
    assert len([name for name, _ in library.asked if name == "query"]) == 3, "no job is sent twice"


def test_a_staging_table_goes_by_itself(library: Library) -> None:
    client.ClientConnection(library, "prod", "dwh").make_stage("stage_1", {"a": "INT64", "b": "STRING"})
    (_, dropped), (_, made) = library.asked
    assert dropped.given == ("prod.dwh.stage_1",)
    (table,) = made.given
    assert [field.given for field in table.schema] == [("a", "INT64"), ("b", "STRING")]
    assert timedelta(days=1) < table.expires - datetime.now(UTC) <= timedelta(days=2)


# -- how it is named
# -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("bigquery://", "a project and a dataset"),
        ("bigquery://me:secret@prod/dwh", "a project and a dataset"),
        ("bigquery://prod/dwh/more", "a project and a dataset"),
        ("bigquery://prod/dwh?lokation=EU", "an option 'lokation'; known are endpoint, key_file, location"),
    ],
)
def test_a_url_that_lacks_something_is_refused(url: str, told: str) -> None:
    with pytest.raises(UnsupportedTargetError, match=told) as caught:
        target_of(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("dataset", ["", "a-b", "a.b"])
def test_a_dataset_has_a_name_that_bigquery_takes(project: Project, dataset: str) -> None:
    with pytest.raises(UnsupportedTargetError, match="letters, digits and underscores"):
        Warehouse(project.target(dataset=dataset))


def test_tables_are_assets(project: Project) -> None:
    assert Warehouse(project.target()).asset_base() == "bigquery://prod/dwh/"


def test_a_ledger_is_refused(project: Project) -> None:
    with pytest.raises(LedgerError, match="BigQuery keeps no ledger") as caught:
        Database(project.target())
    assert "another database" in str(caught.value.advice)
    assert not project.opened


def test_times_are_those_of_utc(warehouse: Warehouse) -> None:
    moment = datetime(2026, 3, 16, 8, 0, 0, 123456, tzinfo=UTC)
    assert warehouse.backend.time(moment) == datetime(2026, 3, 16, 8, 0, 0, 123000, tzinfo=UTC)
    assert warehouse.backend.type_of(Column("at", "timestamp")) == "TIMESTAMP"


def test_the_record_of_a_run_tells_what_its_jobs_are_billed(project: Project, warehouse: Warehouse) -> None:
    asked: list[str] = []
    project.trouble = asked.append
    with warehouse.load(RunInfo(scope=SCOPE)) as load:
        table = load.table(ITEMS, resource="items")
        table.write([as_tuple((1, "a"))])
        table.finish(True)
        load.publish()
        bill = asked.index(next(text for text in asked if "billed_bytes = " in text))
    assert any(text.startswith("BEGIN TRANSACTION") for text in asked[:bill])
    assert load.billed == BILLED * len([text for text in asked[:bill] if not text.startswith("load ")])
    assert project.rows("SELECT billed_bytes, status FROM calcom_sync_runs") == [(load.billed, "success")]


def test_a_run_whose_bill_is_not_recorded_is_published_all_the_same(
    project: Project, warehouse: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(text: str) -> None:
        if "billed_bytes = " in text:
            raise RuntimeError("no")

    project.trouble = refuse
    assert load_pages(warehouse, PAGES).inserted == sum(map(len, PAGES))
    assert project.rows("SELECT status FROM calcom_sync_runs") == [("success",)]
    assert any("were not recorded" in text for text in caplog.messages)


def test_bytes_that_are_billed_are_summed_and_told(
    project: Project, warehouse: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    load_pages(warehouse, PAGES)
    session = warehouse.backend.connect()
    session.fetch("SELECT 1 AS one")
    session.fetch("SELECT 2 AS two")
    assert session.billed == 2 * BILLED
    # What the load's own sessions said before is not asked about.
    caplog.clear()
    with caplog.at_level("INFO", logger="calcom_provider.warehouse.backends.bigquery"):
        session.close()
    assert caplog.messages == ["BigQuery bills 20000000 bytes for 2 jobs of this session"]
