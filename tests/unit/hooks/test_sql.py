"""Any SQL connection of Airflow leads to a warehouse, with or without its Airflow provider."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from airflow.sdk.exceptions import AirflowException

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.hooks import sql
from calcom_provider.hooks.sql import describe_target, warehouse_target

SetConnection = Callable[..., str]


@pytest.mark.parametrize("name", ["plain.db", "with space & 100%.db", "a?b#c.db"])
def test_sqlite_takes_any_path(tmp_path: Path, set_connection: SetConnection, name: str) -> None:
    path = tmp_path / name
    set_connection("w", conn_type="sqlite", host=str(path))
    engine = warehouse_target("w")
    assert isinstance(engine, sa.Engine)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE t (a int)"))
    assert path.is_file()


def test_duckdb_needs_no_provider(set_connection: SetConnection) -> None:
    set_connection("w", conn_type="duckdb", host="/data/cal.duckdb")
    assert warehouse_target("w") == "duckdb:////data/cal.duckdb"


@pytest.mark.parametrize("conn_type", ["sqlite", "duckdb"])
def test_a_file_database_without_a_file_is_explained(set_connection: SetConnection, conn_type: str) -> None:
    set_connection("w", conn_type=conn_type)
    with pytest.raises(ConfigurationError, match="names no database file"):
        warehouse_target("w")


def postgres_fields(url: str) -> dict[str, Any]:
    found = sa.make_url(url)
    return {
        "conn_type": "postgres",
        "host": found.host,
        "port": found.port,
        "login": found.username,
        "password": found.password,
        "schema": found.database,
    }


def test_postgres_by_its_hook(postgres_url: str, set_connection: SetConnection) -> None:
    set_connection("w", **postgres_fields(postgres_url), extra={"application_name": "from-extra"})
    engine = warehouse_target("w")
    assert isinstance(engine, sa.Engine)
    with engine.connect() as connection:
        # The hook's own engine would have dropped the extra, and with it a sslmode.
        assert connection.scalar(sa.text("SHOW application_name")) == "from-extra"
    engine.dispose()


def without_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(self: Any, **_: Any) -> Any:
        raise AirflowException(f'Unknown hook type "{self.conn_type}"')

    monkeypatch.setattr("airflow.sdk.definitions.connection.Connection.get_hook", missing)


def test_postgres_without_its_provider(
    postgres_url: str, set_connection: SetConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_provider(monkeypatch)
    set_connection("w", **postgres_fields(postgres_url))
    engine = warehouse_target("w")
    assert isinstance(engine, sa.Engine)
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT 1")) == 1
    engine.dispose()


def test_mysql_without_its_provider(mysql_url: str, set_connection: SetConnection) -> None:
    found = sa.make_url(mysql_url)
    query: dict[str, Any] = dict(found.query)
    set_connection(
        "w",
        conn_type="mysql",
        host=found.host or "localhost",
        port=found.port,
        login=found.username,
        password=found.password,
        schema=found.database,
        extra={key: value for key, value in query.items() if key == "unix_socket"},
    )
    engine = warehouse_target("w")
    assert isinstance(engine, sa.Engine)
    assert engine.dialect.driver == "pymysql"
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT '\N{GRINNING FACE}'")) == "\N{GRINNING FACE}"
    engine.dispose()


def test_no_engine_shows_parameters(tmp_path: Path, set_connection: SetConnection, postgres_url: str) -> None:
    set_connection("lite", conn_type="sqlite", host=str(tmp_path / "w.db"))
    set_connection("pg", **postgres_fields(postgres_url))
    for conn_id in ("lite", "pg"):
        engine = warehouse_target(conn_id)
        assert isinstance(engine, sa.Engine)
        with engine.connect() as connection, pytest.raises(sa.exc.DBAPIError) as caught:
            connection.execute(sa.text("SELECT * FROM missing WHERE a = :a"), {"a": "someone@example.com"})
        assert "someone@example.com" not in str(caught.value)
        engine.dispose()


@pytest.mark.parametrize("conn_type", ["http", "calcom", "nonsense"])
def test_other_types_are_refused_with_advice(set_connection: SetConnection, conn_type: str) -> None:
    set_connection("w", conn_type=conn_type, host="somewhere", password="p4ssw0rd")
    with pytest.raises(ConfigurationError) as caught:
        warehouse_target("w")
    assert conn_type in str(caught.value)
    assert "p4ssw0rd" not in str(caught.value)


def test_description_names_the_place_and_no_secret(set_connection: SetConnection) -> None:
    set_connection(
        "w", conn_type="postgres", host="db", port=5433, login="me", password="p4ssw0rd", schema="s"
    )
    assert describe_target("w") == "postgres://db:5433/s"


@pytest.mark.parametrize(("conn_type", "said"), [("mariadb", {"charset": "utf8mb4"}), ("postgres", {})])
def test_a_fallback_url_asks_for_all_of_unicode_where_it_has_to(
    set_connection: SetConnection, monkeypatch: pytest.MonkeyPatch, conn_type: str, said: dict[str, str]
) -> None:
    monkeypatch.setattr(sql, "_engine_of_hook", lambda connection: None)
    set_connection("w", conn_type=conn_type, host="db", schema="s")
    assert warehouse_target("w").url.query == said


def test_fallback_drivers_are_installed_extras() -> None:
    for driver, _ in sql.DRIVERS.values():
        assert sa.create_engine(f"{driver}://h/d").dialect


def test_snowflake_is_reached_by_its_hook_with_the_parameters_of_our_sessions(
    set_connection: SetConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.sdk import Connection

    asked: list[Any] = []

    class Hook:
        def __init__(self, **given: Any) -> None:
            asked.append(given)

        def get_conn(self) -> str:
            return "connected"

    def get_hook(self: Connection, *, hook_params: dict[str, Any] | None = None) -> Hook:
        return Hook(conn_id=self.conn_id, **(hook_params or {}))

    monkeypatch.setattr(Connection, "get_hook", get_hook)
    extra = {"account": "acct", "database": "DWH", "session_parameters": {"QUERY_TAG": "mine"}}
    set_connection(
        "w", conn_type="snowflake", login="me", password="secret", schema="RAW", extra=json.dumps(extra)
    )
    target = warehouse_target("w")
    assert (target.account, target.database, target.schema) == ("acct", "DWH", "RAW")
    assert target.connect({"QUERY_TAG": "calcom", "TIMEZONE": "UTC"}) == "connected"
    assert asked[-1] == {"conn_id": "w", "session_parameters": {"QUERY_TAG": "mine", "TIMEZONE": "UTC"}}
    assert describe_target("w") == "snowflake://acct/DWH/RAW"


def test_snowflake_without_its_packages_is_explained(
    set_connection: SetConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.sdk import Connection

    def missing(self: Connection, **given: Any) -> None:
        raise AirflowException('Unknown hook type "snowflake"')

    monkeypatch.setattr(Connection, "get_hook", missing)
    set_connection("w", conn_type="snowflake")
    with pytest.raises(ConfigurationError, match="whose packages are not installed") as caught:
        warehouse_target("w")
    assert "airflow-provider-calcom[snowflake]" in str(caught.value.advice)


def test_bigquery_is_reached_by_the_credentials_of_googles_hook(
    set_connection: SetConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.sdk import Connection

    from calcom_provider.hooks import bigquery

    class Hook:
        def get_credentials_and_project_id(self) -> tuple[str, str]:
            return "credentials", "of-the-key"

    class Library:
        asked: list[dict[str, Any]] = []

        def Client(self, **given: Any) -> str:
            self.asked.append(given)
            return "client"

    library = Library()
    monkeypatch.setattr(Connection, "get_hook", lambda self, **given: Hook())
    monkeypatch.setattr(bigquery, "library", lambda: library)
    monkeypatch.setattr("calcom_provider.warehouse.backends.bigquery.client.library", lambda: library)
    extra = {"dataset": "calcom", "location": "EU", "keyfile_dict": "secret"}
    set_connection("w", conn_type="google_cloud_platform", extra=json.dumps(extra))
    target = warehouse_target("w")
    assert (target.project, target.dataset) == ("", "calcom")
    assert describe_target("w") == "bigquery://calcom"
    target.connect("calcom")
    assert library.asked == [{"project": "of-the-key", "credentials": "credentials", "location": "EU"}]
    set_connection("w", conn_type="google_cloud_platform", extra=json.dumps({**extra, "project": "mine"}))
    target = warehouse_target("w")
    target.connect("other")
    assert library.asked[-1]["project"] == "mine"
    assert describe_target("w") == "bigquery://mine/calcom"


def test_bigquery_without_its_packages_is_explained(
    set_connection: SetConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.sdk import Connection

    def missing(self: Connection, **given: Any) -> None:
        raise AirflowException('Unknown hook type "google_cloud_platform"')

    monkeypatch.setattr(Connection, "get_hook", missing)
    set_connection("w", conn_type="google_cloud_platform")
    with pytest.raises(ConfigurationError, match="whose packages are not installed") as caught:
        warehouse_target("w")
    assert "airflow-provider-calcom[bigquery]" in str(caught.value.advice)
