"""Checks pass on what a sync left, and name the keys of what was broken since, on every database."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.api.http.auth import ApiKey
from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.hr.plan.model import Facts
from calcom_provider.reporting.checks.checks import Checks, raise_failed
from calcom_provider.reporting.checks.results import CheckResult, ChecksFailedError
from calcom_provider.sandbox import Sandbox
from calcom_provider.sync import SyncOptions, TableOptions, sync
from calcom_provider.warehouse import Warehouse
from tests.integration.reporting.loading import make_file
from tests.plugins.api import client_for
from tests.unit.hr.fake_calcom import FakeCalcom
from tests.unit.hr.jobs import attribute_job, employees

ASSIGNMENTS = "attribute_assignments.user_id -> memberships.user_id"


@pytest.fixture
def synced(sandbox: Sandbox, warehouse_url: str) -> str:
    with client_for(sandbox.url, auth=ApiKey(sandbox.keys["admin"]), organization_id=None) as client:
        sync(client, Warehouse(warehouse_url), resources="all")
    return warehouse_url


@pytest.fixture
def alter(synced: str) -> Callable[..., None]:
    """Return a function that runs statements against the warehouse."""

    def run(*statements: str) -> None:
        warehouse = Warehouse(synced)
        session = warehouse.backend.connect()
        try:
            for statement in statements:
                session.execute(statement)
        finally:
            session.close()
            warehouse.close()

    return run


@pytest.fixture
def plans(warehouse_url: str) -> Iterator[Callable[[float], str]]:
    """Return a function that keeps a plan with a match rate and returns its id."""
    with Ledger(warehouse_url) as ledger:

        def keep(rate: float) -> str:
            fake = FakeCalcom()
            fake.add_user(1)
            fake.add_attribute("Centre", "TEXT")
            with Ledger("sqlite://") as other:
                made = attribute_job(fake, other, {"centre": "Centre"}).plan(employees(fake, centre={1: "A"}))
            ledger.save_plan(dataclasses.replace(made, facts=Facts(source_rows=9, match_rate=rate)))
            return made.id

        yield keep


def failed(results: list[CheckResult]) -> dict[str, CheckResult]:
    return {one.subject: one for one in results if one.failed}


def checked(url: str, **options: Any) -> list[CheckResult]:
    with Checks(url) as checks:
        return checks.run(**options)


def test_a_whole_organisation_passes_every_check(synced: str, plans: Callable[[float], str]) -> None:
    plans(0.97)
    results = checked(synced)
    assert failed(results) == {}
    assert {one.check for one in results if one.checked} == {"keys", "references", "freshness", "match_rate"}
    assert len([one for one in results if one.check == "references"]) > 20
    raise_failed(results)


def test_a_second_live_version_is_named_by_its_key(synced: str, alter: Callable[..., None]) -> None:
    with Checks(synced) as checks:
        row = checks._session.fetch("SELECT min(id), min(organization_id) FROM calcom_memberships")[0]
    alter(
        f"CREATE TABLE twin AS SELECT * FROM calcom_memberships WHERE is_current AND id = {row[0]}",
        "UPDATE twin SET valid_from = '2020-01-01 00:00:00'",
        "INSERT INTO calcom_memberships SELECT * FROM twin",
    )
    wrong = failed(checked(synced, checks=["keys"]))
    assert set(wrong) == {"memberships"}
    assert wrong["memberships"].failed == 1
    assert wrong["memberships"].keys == ({"organization_id": row[1], "id": row[0]},)


def test_a_reference_that_leads_nowhere_is_named_by_key_alone(
    synced: str, alter: Callable[..., None], sandbox: Sandbox
) -> None:
    with Checks(synced) as checks:
        user = checks._session.value("SELECT min(user_id) FROM calcom_attribute_assignments WHERE is_current")
        count = checks._session.value(
            f"SELECT count(*) FROM calcom_attribute_assignments WHERE is_current AND user_id = {user}"
        )
    alter(f"DELETE FROM calcom_memberships WHERE user_id = {user}")
    results = checked(synced, checks=["references"])
    wrong = failed(results)
    assert wrong[ASSIGNMENTS].failed == count
    assert {tuple(key) for key in wrong[ASSIGNMENTS].keys} == {
        ("organization_id", "attribute_id", "option_id", "user_id")
    }
    with pytest.raises(ChecksFailedError) as raised:
        raise_failed(results)
    said = str(raised.value)
    assert f"user_id={user}" in said
    for person in sandbox.state.users:
        assert person["email"] not in said
        assert not person["name"] or person["name"] not in said
    forgiven = checked(synced, checks=["references"], allowed={ASSIGNMENTS: count})
    assert ASSIGNMENTS not in failed(forgiven)


def test_rows_marked_as_deleted_are_not_there(sandbox: Sandbox, warehouse_url: str) -> None:
    with client_for(sandbox.url, auth=ApiKey(sandbox.keys["admin"]), organization_id=None) as client:
        options = SyncOptions(overrides={"teams": TableOptions(mode="merge", deletes="mark")})
        sync(client, Warehouse(warehouse_url), resources="teams,team_memberships", options=options)
    assert failed(checked(warehouse_url, checks=["references"])) == {}
    warehouse = Warehouse(warehouse_url)
    session = warehouse.backend.connect()
    session.execute("UPDATE calcom_teams SET _calcom_deleted_at = _calcom_synced_at")
    session.close()
    warehouse.close()
    wrong = failed(checked(warehouse_url, checks=["references"]))
    assert set(wrong) == {"team_memberships.team_id -> teams.id"}


def test_freshness_is_judged_by_the_run_records(synced: str) -> None:
    assert failed(checked(synced, checks=["freshness"])) == {}
    later = datetime.now(UTC) + timedelta(hours=30)
    wrong = failed(checked(synced, checks=["freshness"], resources=["users", "teams"], now=later))[
        "sync_runs"
    ]
    assert [key["resource"] for key in wrong.keys] == ["teams", "users"]
    assert failed(checked(synced, checks=["freshness"], max_age=timedelta(hours=31), now=later)) == {}
    never = failed(checked(synced, checks=["freshness"], resources=["managed_users"]))["sync_runs"]
    assert never.keys[0]["read_at"] is None


def test_only_the_newest_plan_of_a_write_back_counts(
    warehouse_url: str, plans: Callable[[float], str]
) -> None:
    plans(0.99)
    low = plans(0.4)
    wrong = failed(checked(warehouse_url, checks=["match_rate"]))["calcom_writeback_plans"]
    assert [(key["plan_id"], key["match_rate"]) for key in wrong.keys] == [(low, 0.4)]
    assert failed(checked(warehouse_url, checks=["match_rate"], min_match_rate=0.3)) == {}
    plans(0.95)
    assert failed(checked(warehouse_url, checks=["match_rate"])) == {}


def test_an_empty_database_is_not_fresh_and_has_nothing_else_to_check(warehouse_url: str) -> None:
    # A database file is not made by looking.
    warehouse = Warehouse(warehouse_url)
    warehouse.backend.connect().close()
    warehouse.close()
    results = checked(warehouse_url)
    assert set(failed(results)) == {"sync_runs"}
    assert [one.subject for one in results if not one.checked] == ["calcom_writeback_plans"]


def test_an_unknown_check_is_refused(sqlite_url: str) -> None:
    make_file(sqlite_url)
    with pytest.raises(ConfigurationError, match="no check 'kesy'"):
        checked(sqlite_url, checks=["kesy"])


def test_a_schema_and_a_prefix_are_honoured(sandbox: Sandbox, postgres_url: str) -> None:
    with client_for(sandbox.url, auth=ApiKey(sandbox.keys["admin"]), organization_id=None) as client:
        sync(client, Warehouse(postgres_url, schema="people", prefix="cc_"))
    with Ledger(postgres_url), Checks(postgres_url, schema="people", prefix="cc_") as checks:
        results = checks.run()
    assert failed(results) == {}
    # The ledger's tables are in no schema of the warehouse's, and were found.
    assert [one.checked for one in results if one.check == "match_rate"] == [True]
    assert len([one for one in results if one.check == "keys" and one.checked]) == 8
    assert {one.subject for one in checked(postgres_url) if one.failed} == {"sync_runs"}
