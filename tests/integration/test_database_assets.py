"""Tables are assets by their database's own scheme too, so that DAGs meet them that never heard of this package."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from airflow.providers.postgres.assets.postgres import create_asset, sanitize_uri
from airflow.sdk import Asset, AssetAlias

from calcom_provider.transfers.calcom_to_sql import CalComToSqlOperator
from calcom_provider.warehouse.backends.generic import GenericBackend
from calcom_provider.warehouse.backends.sql_session import asset_base
from tests.plugins.airflow_env import REPOSITORY

IN_THE_DOCS = "postgres://db.example.com:5432/dwh/public/calcom_teams"
PRODUCER = """
from airflow.sdk import DAG, AssetAlias
from calcom_provider.transfers import CalComToSqlOperator

with DAG("producer", schedule=None):
    CalComToSqlOperator(
        task_id="sync",
        resource_names="teams",
        sql_conn_id="warehouse_default",
        outlets=[AssetAlias("calcom_warehouse")],
    )
"""


def connection(url: str, conn_type: str) -> dict[str, Any]:
    found = sa.make_url(url)
    return {
        "conn_type": conn_type,
        "host": found.host,
        "port": found.port,
        "login": found.username,
        "password": found.password,
        "schema": found.database,
    }


def told(task_context: Any, **more: Any) -> list[Asset]:
    """Return the assets of which a sync of the teams records events."""
    alias = AssetAlias("a")
    given: dict[str, Any] = {"task_id": "sync", "sql_conn_id": "warehouse_default", "resource_names": "teams"}
    CalComToSqlOperator(**given, outlets=[alias], **more).execute(task_context)
    events = task_context["outlet_events"][alias].events
    assert len({str(extra) for _, extra in events}) == 1, "both assets of the table are told the same"
    return [asset for asset, _ in events]


@pytest.mark.parametrize(("schema", "named"), [(None, "public"), ("dwh", "dwh")])
def test_postgresql_tables_are_assets_as_its_provider_makes_them(
    schema: str | None,
    named: str,
    sandbox: Any,
    calcom_default: str,
    postgres_url: str,
    set_connection: Callable[..., str],
    task_context: Any,
) -> None:
    given = connection(postgres_url, "postgres") | {"password": "not-to-be-seen"}
    set_connection("warehouse_default", **given)
    ours, found = told(task_context, schema=schema)
    assert ours.uri == f"calcom://warehouse_default/{schema or 'default'}/calcom_teams"
    place = {"host": given["host"], "port": given["port"] or 5432, "database": given["schema"]}
    wanted = create_asset(**place, schema=named, table="calcom_teams")
    assert (found.name, found.uri) == (wanted.name, wanted.uri)
    assert sanitize_uri(urlsplit(found.uri)).geturl() == found.uri
    assert not any(text in found.uri for text in ("not-to-be-seen", f"{given['login']}@"))


def test_mysql_tables_are_assets_by_database_and_table(
    sandbox: Any,
    calcom_default: str,
    mysql_url: str,
    set_connection: Callable[..., str],
    task_context: Any,
) -> None:
    """Its provider demands mysql://host:port/database/table, and adds 3306 where there is no port."""
    given = connection(mysql_url, "mysql")
    set_connection("warehouse_default", **given)
    _, found = told(task_context)
    assert found.uri == f"mysql://{given['host']}:{given['port'] or 3306}/{given['schema']}/calcom_teams"
    assert len(urlsplit(found.uri).path.split("/")) == 3


def test_a_dag_that_is_scheduled_on_the_databases_own_asset_is_started(
    sandbox: Any,
    calcom_default: str,
    postgres_url: str,
    set_connection: Callable[..., str],
    run_dag: Callable[..., Any],
    tmp_path: Path,
) -> None:
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
    from airflow.models.asset import AssetDagRunQueue
    from airflow.models.dag import DagModel
    from airflow.utils.session import create_session
    from sqlalchemy import select, update

    given = connection(postgres_url, "postgres")
    set_connection("warehouse_default", **given)
    uri = f"postgres://{given['host']}:{given['port'] or 5432}/{given['schema']}/public/calcom_teams"
    folder = tmp_path / "dags"
    folder.mkdir()
    (folder / "producer.py").write_text(PRODUCER)
    shown = (REPOSITORY / "docs" / "examples" / "on_calcom_tables.py").read_text()
    assert shown.count(IN_THE_DOCS) == 1
    (folder / "consumer.py").write_text(shown.replace(IN_THE_DOCS, uri))
    DagBundlesManager().sync_bundles_to_db()
    sync_bag_to_db(DagBag(folder), "dags-folder", None)
    with create_session() as session:
        session.execute(update(DagModel).where(DagModel.dag_id == "on_calcom_tables").values(is_paused=False))
    assert run_dag("producer", folder=folder).state == "success"
    with create_session() as session:
        queued = session.scalars(
            select(AssetDagRunQueue).where(AssetDagRunQueue.target_dag_id == "on_calcom_tables")
        ).all()
        assert [one.asset.uri for one in queued] == [uri]


@pytest.mark.parametrize(
    ("url", "schema", "base"),
    [
        ("bigquery://project/dataset", None, "bigquery://project/dataset/"),
        ("bigquery://project", "raw", "bigquery://project/raw/"),
        ("redshift+redshift_connector://me:secret@db/dwh", "raw", "redshift://db:5439/dwh/raw/"),
        ("trino://me:secret@db:8443/hive/raw", None, "trino://db:8443/hive/raw/"),
        ("oracle://me:secret@db/x", "raw", None),
    ],
)
def test_other_databases_have_the_assets_that_their_providers_define(
    url: str, schema: str | None, base: str | None
) -> None:
    backend = object.__new__(GenericBackend)
    backend.schema = schema
    backend._engine = SimpleNamespace(url=sa.make_url(url))  # type: ignore[assignment]
    assert backend.asset_base(None) == base  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("host", "name"),
    [(None, "public"), ("/var/run/postgresql", "public"), ("db", "a b"), ("db", "a/b"), ("db", "")],
)
def test_what_no_uri_can_name_as_it_is_has_none(host: str | None, name: str) -> None:
    url = sa.URL.create("postgresql", username="me", password="secret", host=host, database="dwh")
    assert asset_base("postgres", url, 5432, ["dwh", name]) is None


def test_an_address_of_the_sixth_version_stands_in_brackets() -> None:
    url = sa.URL.create("postgresql", host="::1", port=5433, database="dwh")
    base = asset_base("postgres", url, 5432, ["dwh", "public"])
    assert base == "postgres://[::1]:5433/dwh/public/"
    assert sanitize_uri(urlsplit(f"{base}calcom_users")).port == 5433


def test_a_file_has_only_the_assets_of_this_package(
    sandbox: Any, calcom_default: str, warehouse_default: Path, task_context: Any
) -> None:
    assert [asset.uri for asset in told(task_context)] == ["calcom://warehouse_default/default/calcom_teams"]
