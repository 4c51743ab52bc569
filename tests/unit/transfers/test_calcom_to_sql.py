"""The sync operator: tables equal the organisation, a small result, assets, lineage, errors that help."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG, AssetAlias
from airflow.sdk.exceptions import AirflowFailException
from hypothesis import given
from hypothesis import strategies as st

from calcom_provider.api.errors import ConfigurationError, TransportError
from calcom_provider.api.http.retries import RetryPolicy
from calcom_provider.assets import sanitize_uri, table_asset
from calcom_provider.hooks.calcom import CalComHook
from calcom_provider.operators import arguments
from calcom_provider.transfers.calcom_to_sql import CalComToSqlOperator
from calcom_provider.transfers.options import column_policy, sync_options

DEFAULT = (
    "users", "memberships", "attributes", "attribute_options", "attribute_assignments", "ooo_entries",
    "teams", "team_memberships",
)  # fmt: skip


def operator(**arguments: Any) -> CalComToSqlOperator:
    return CalComToSqlOperator(**({"task_id": "sync", "sql_conn_id": "warehouse_default"} | arguments))


def count(path: Path, table: str) -> int:
    with closing(sqlite3.connect(path)) as database:
        columns = {row[1] for row in database.execute(f"PRAGMA table_info({table})")}
        where = " WHERE is_current" if "is_current" in columns else ""
        return database.execute(f"SELECT count(*) FROM {table}{where}").fetchone()[0]


def test_tables_hold_what_the_organisation_holds(
    sandbox: Any, calcom_default: str, warehouse_default: Path, task_context: Any
) -> None:
    result = operator().execute(task_context)
    held = sandbox.rows()
    for name in DEFAULT:
        assert count(warehouse_default, f"calcom_{name}") == held[name], name
    assert set(result["tables"]) == {f"calcom_{name}" for name in DEFAULT}
    assert result["organization_id"] == sandbox.organization_id
    assert result["tables"]["calcom_users"]["inserted"] == held["users"]
    again = operator().execute(task_context)
    assert again["rows_changed"] == 0
    assert again["run_id"] != result["run_id"]


def test_the_result_is_small_plain_and_about_nobody(
    sandbox: Any, calcom_default: str, warehouse_default: Path, task_context: Any
) -> None:
    text = json.dumps(operator().execute(task_context))
    assert len(text) < 4000
    for user in sandbox.state.users:
        assert user["email"] not in text
        assert user["name"] is None or user["name"] not in text


def test_prefix_selection_and_preview(
    sandbox: Any, calcom_default: str, warehouse_default: Path, task_context: Any
) -> None:
    result = operator(resource_names="users, teams", table_prefix="cc_", preview="True").execute(task_context)
    assert set(result["tables"]) == {"cc_users", "cc_teams"}
    assert result["dry_run"] is True
    assert result["tables"]["cc_users"]["inserted"] == sandbox.rows()["users"]
    with closing(sqlite3.connect(warehouse_default)) as database:
        tables = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if "cc_users" in tables:
            assert count(warehouse_default, "cc_users") == 0


def test_columns_are_dropped_renamed_and_hashed(
    sandbox: Any, calcom_default: str, warehouse_default: Path, task_context: Any, set_connection: Any
) -> None:
    set_connection("pepper", conn_type="generic", password="sixteen bytes or more")
    operator(
        resource_names=["users"],
        columns={"drop": ["bio"], "rename": {"users.name": "full_name"}, "hash": ["email"]},
        hash_conn_id="pepper",
    ).execute(task_context)
    with closing(sqlite3.connect(warehouse_default)) as database:
        columns = {row[1] for row in database.execute("PRAGMA table_info(calcom_users)")}
        assert {"full_name", "email"} <= columns
        assert not columns & {"name", "bio"}
        emails = {row[0] for row in database.execute("SELECT email FROM calcom_users")}
    assert all(len(email) == 64 and "@" not in email for email in emails)


def test_assets_are_attached_at_run_time(
    sandbox: Any, calcom_default: str, warehouse_default: Path, task_context: Any
) -> None:
    alias = AssetAlias("calcom_warehouse")
    result = operator(resource_names="users", outlets=[alias]).execute(task_context)
    ((asset, extra),) = task_context["outlet_events"][alias].events
    assert asset.uri == "calcom://warehouse_default/default/calcom_users"
    assert extra["organization_id"] == sandbox.organization_id
    assert extra["inserted"] == sandbox.rows()["users"]
    assert extra["run_id"] == result["run_id"]


def test_a_preview_tells_no_asset(
    sandbox: Any, calcom_default: str, warehouse_default: Path, task_context: Any
) -> None:
    operator(resource_names="users", outlets=[AssetAlias("a")], preview=True).execute(task_context)
    assert not task_context["outlet_events"]


def test_lineage_names_organisation_tables_and_rows(
    sandbox: Any, calcom_default: str, warehouse_default: Path, task_context: Any
) -> None:
    task = operator(resource_names="users")
    assert task.get_openlineage_facets_on_complete(None) is None
    task.execute(task_context)
    found = task.get_openlineage_facets_on_complete(None)
    assert [(one.namespace, one.name) for one in found.inputs] == [
        (sandbox.url, f"organization/{sandbox.organization_id}")
    ]
    (output,) = found.outputs
    assert output.name == "calcom_users"
    assert output.outputFacets["outputStatistics"].rowCount == sandbox.rows()["users"]
    assert "email" in {field.name for field in output.facets["schema"].fields}


def test_the_link_is_there_while_the_task_runs(
    sandbox: Any, calcom_default: str, warehouse_default: Path, task_context: Any
) -> None:
    operator(resource_names="teams").execute(task_context)
    assert task_context["ti"].pushed["calcom_organization_link"].startswith(sandbox.url.partition("/v2")[0])


# -- failures -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "said"),
    [("unknown", "does not know the key"), ("expired", "expired"), ("member", "use the key of an admin")],
)
def test_credentials_that_cannot_work_fail_at_once(
    key: str,
    said: str,
    sandbox: Any,
    set_connection: Callable[..., str],
    warehouse_default: Path,
    task_context: Any,
    capsys: Any,
) -> None:
    set_connection("calcom_default", conn_type="calcom", host=sandbox.url, password=sandbox.keys[key])
    with pytest.raises(AirflowFailException, match=said) as caught:
        operator().execute(task_context)
    assert caught.value.__suppress_context__
    assert sandbox.keys[key] not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert said in capsys.readouterr().out


def test_what_may_pass_is_left_to_airflows_retries(
    set_connection: Callable[..., str], warehouse_default: Path, task_context: Any, monkeypatch: Any
) -> None:
    quick = RetryPolicy(attempts=2, first_wait=0.001)
    monkeypatch.setattr(CalComHook, "retries", quick)
    set_connection("calcom_default", conn_type="calcom", host="http://127.0.0.1:1", password="cal_abcdefgh")
    with pytest.raises(TransportError):
        operator().execute(task_context)


def test_an_account_without_organization_is_told(
    sandbox: Any, set_connection: Callable[..., str], warehouse_default: Path, task_context: Any
) -> None:
    set_connection("calcom_default", conn_type="calcom", host=sandbox.url, password=sandbox.keys["loner"])
    with pytest.raises(AirflowFailException, match="organi[sz]ation"):
        operator(resource_names="users").execute(task_context)


@pytest.mark.parametrize(
    ("given_arguments", "said"),
    [
        ({"resource_names": "user"}, "users"),
        ({"mode": "upsert"}, "mode"),
        ({"deletes": "hard"}, "deletes"),
        ({"columns": {"dorp": []}}, "dorp"),
        ({"organization_id": "abc"}, "organization_id"),
        ({"preview": "maybe"}, "preview"),
        ({"backfill_start": "2026-01-01"}, "backfill"),
        ({"backfill_start": "yesterday", "backfill_end": "2026-01-01"}, "backfill_start"),
        ({"sql_conn_id": "calcom_default"}, "cannot be a warehouse"),
    ],
)
def test_wrong_arguments_are_named(
    given_arguments: dict[str, Any],
    said: str,
    sandbox: Any,
    calcom_default: str,
    warehouse_default: Path,
    task_context: Any,
) -> None:
    with pytest.raises(AirflowFailException, match=said):
        operator(**given_arguments).execute(task_context)


# -- arguments ------------------------------------------------------------------------------------------


def test_every_argument_is_templated_and_kept_as_given() -> None:
    import inspect

    own = set(inspect.signature(CalComToSqlOperator.__init__).parameters) - {"self", "kwargs"}
    assert own == set(CalComToSqlOperator.template_fields)
    marked = {name: f"{{{{ params.{name} }}}}" for name in own}
    task = CalComToSqlOperator(task_id="t", **marked)
    assert {name: getattr(task, name) for name in own} == marked


def test_templates_are_rendered_before_they_are_read() -> None:
    with DAG("d", schedule=None):
        task = operator(resource_names="{{ 'a,b' }}", organization_id="{{ None }}", full="{{ 1 == 1 }}")
    task.render_template_fields({})
    assert arguments.names(task.resource_names) == ["a", "b"]
    assert arguments.number(task.organization_id, "organization_id") is None
    assert arguments.flag(task.full, "full") is True


def test_options_come_from_arguments(task_context: Any) -> None:
    task = operator(
        mode="merge",
        deletes="mark",
        full="true",
        backfill_start="2026-01-01T00:00:00",
        backfill_end="2026-02-01T00:00:00+02:00",
        overrides={"users": {"mode": "replace"}},
        columns={"sensitive": True, "select": {"users": ["name"]}},
    )
    options = sync_options(task, task_context)
    assert (options.mode, options.deletes, options.full) == ("merge", "mark", True)
    assert options.backfill is not None
    assert options.backfill.start == datetime(2026, 1, 1, tzinfo=UTC)
    assert options.backfill.end == datetime(2026, 1, 31, 22, tzinfo=UTC)
    assert options.overrides["users"].mode == "replace"
    assert options.policy.sensitive
    assert options.policy.select["users"] == frozenset({"name"})
    assert options.context["dag_run_id"] == "run"


def test_hashing_without_a_key_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="key"):
        column_policy({"hash": ["email"]}, None)


@given(st.lists(st.from_regex(r"[a-z_:]{1,12}", fullmatch=True)))
def test_names_read_lists_and_texts_alike(wanted: list[str]) -> None:
    wanted = [name for name in wanted if name not in arguments.EMPTY]
    expected = wanted or None
    assert arguments.names(wanted) == expected
    assert arguments.names(", ".join(wanted)) == expected
    assert arguments.names(" ,".join(wanted) + ",") == expected


@given(st.integers(min_value=1))
def test_numbers_survive_templates(value: int) -> None:
    assert arguments.number(value, "n") == arguments.number(str(value), "n") == value


@pytest.mark.parametrize("value", [None, "", "None", "null", " none "])
def test_nothing_is_nothing_however_a_template_writes_it(value: Any) -> None:
    assert arguments.text(value) is None
    assert arguments.number(value, "n") is None
    assert arguments.flag(value, "f") is False


# -- assets ---------------------------------------------------------------------------------------------


def test_asset_of_a_table() -> None:
    assert table_asset("w", "calcom_users").uri == "calcom://w/default/calcom_users"
    assert table_asset("w", "calcom_users", "raw").uri == "calcom://w/raw/calcom_users"


@pytest.mark.parametrize("uri", ["calcom://w/calcom_users", "calcom:///a/b", "calcom://w/a/b/c"])
def test_a_misspelt_asset_is_refused(uri: str) -> None:
    from urllib.parse import urlsplit

    with pytest.raises(ValueError, match="CONNECTION"):
        sanitize_uri(urlsplit(uri))
