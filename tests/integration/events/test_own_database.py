"""Events are never kept in Airflow's own database, by whatever address a connection names it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.events.store.database import AIRFLOW_TABLES
from calcom_provider.events.store.store import EventStore
from calcom_provider.hooks.events import event_store

OWN = "Airflow's own database"
NOT_TOLD = "airflow-db-not-allowed:///"


@pytest.fixture
def metadata(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Tell Airflow where its own database is."""
    return lambda url: monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", url)


def use(conn_id: str) -> None:
    store = event_store(conn_id)
    try:
        assert store.queues() == []
    finally:
        store.database.close()


def tables(url: str) -> set[str]:
    engine = sa.create_engine(url)
    found = set(sa.inspect(engine).get_table_names())
    engine.dispose()
    return found


@pytest.mark.parametrize("way", ["same", "relative", "symbolic link", "hard link", "folder link"])
def test_a_file_is_known_whatever_its_path(
    way: str,
    tmp_path: Path,
    metadata: Callable[[str], None],
    set_connection: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = tmp_path / "airflow.db"
    own.touch()
    (tmp_path / "symbolic.db").symlink_to(own)
    (tmp_path / "hard.db").hardlink_to(own)
    (tmp_path / "folder").symlink_to(tmp_path)
    monkeypatch.chdir(tmp_path)
    metadata(f"sqlite:///{own}")
    path = {
        "same": own,
        "relative": "airflow.db",
        "symbolic link": tmp_path / "symbolic.db",
        "hard link": tmp_path / "hard.db",
        "folder link": tmp_path / "folder" / "airflow.db",
    }[way]
    set_connection("events", conn_type="sqlite", host=str(path))
    with pytest.raises(ConfigurationError, match=OWN):
        use("events")
    assert tables(f"sqlite:///{own}") == set()
    set_connection("events", conn_type="sqlite", host=str(tmp_path / "another.db"))
    use("events")


@pytest.mark.parametrize("kind", ["postgres", "mysql"])
def test_a_database_of_a_server_is_known_whatever_its_address(
    kind: str,
    request: pytest.FixtureRequest,
    metadata: Callable[[str], None],
    set_connection: Callable[..., str],
) -> None:
    url = sa.make_url(request.getfixturevalue(f"{kind}_url"))
    metadata(url.render_as_string(hide_password=False))
    host = url.host or url.query.get("host")
    usual = {"postgres": 5432, "mysql": 3306}[kind]

    def named(database: str | None) -> None:
        set_connection(
            "events",
            conn_type=kind,
            # Another name, no port where it is the usual one, and the driver of this package.
            host="localhost" if host == "127.0.0.1" else host,
            port=None if url.port == usual else url.port,
            login=url.username,
            password=url.password,
            schema=database,
        )

    named(url.database)
    with pytest.raises(ConfigurationError, match=OWN):
        use("events")
    assert tables(url.render_as_string(hide_password=False)) == set()
    # Another database of the same server is another one.
    other = f"{url.database}_events"
    admin = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {other}")
        try:
            named(other)
            use("events")
        finally:
            connection.exec_driver_sql(f"DROP DATABASE {other}")


def test_a_worker_knows_it_by_its_tables(
    tmp_path: Path, metadata: Callable[[str], None], set_connection: Callable[..., str]
) -> None:
    metadata(NOT_TOLD)
    url = f"sqlite:///{tmp_path}/own.db"
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for name in AIRFLOW_TABLES:
            connection.exec_driver_sql(f"CREATE TABLE {name} (id INTEGER)")
    engine.dispose()
    set_connection("events", conn_type="sqlite", host=f"{tmp_path}/own.db")
    with pytest.raises(ConfigurationError, match=OWN):
        use("events")
    # So does the command line, which knows nothing of Airflow.
    store = EventStore.open(url)
    with pytest.raises(ConfigurationError, match=OWN):
        store.queues()
    store.database.close()
    assert tables(url) == AIRFLOW_TABLES


def test_airflows_own_database_has_these_tables(airflow_db: Path) -> None:
    assert tables(f"sqlite:///{airflow_db}/airflow.db") >= AIRFLOW_TABLES


def test_a_metadata_database_that_does_not_answer_is_no_leave(
    postgres_url: str, metadata: Callable[[str], None]
) -> None:
    from calcom_provider.hooks.events import _refuse_metadata

    metadata("postgresql+psycopg://someone:s3cret-word@127.0.0.1:1/airflow")
    engine = sa.create_engine(postgres_url)
    with engine.connect() as connection, pytest.raises(ConfigurationError, match="cannot be told") as caught:
        _refuse_metadata("events", connection)
    engine.dispose()
    assert "s3cret-word" not in str(caught.value)
