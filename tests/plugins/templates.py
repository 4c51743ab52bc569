"""Fill an empty database once in each test process, and copy it wherever the same content is asked for again.

Writing an organisation as its syncs would takes from half a second to half a minute; a copy takes a moment. A test gets
a database of its own, which it may change as it likes.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TypeVar

import pytest
import sqlalchemy as sa

T = TypeVar("T")

_kept = ExitStack()
#: Kind of database and content -> URL of the database that holds it.
_templates: dict[tuple[str, str], str] = {}


def fill(url: str, content: T, write: Callable[[str, T], None]) -> None:
    """Fill a database; one that is empty, by a copy of the one that was filled with the same before.

    :param url: the database
    :param content: what decides the outcome, with a ``repr`` that tells it whole
    :param write: writes the content into the database of a URL
    """
    kind = sa.make_url(url).get_backend_name() if "+file://" not in url else ""
    copy = _COPIES.get(kind)
    if copy is None or not _is_empty(kind, url):
        write(url, content)
        return
    key = kind, hashlib.sha256(f"{write.__module__}.{write.__qualname__} {content!r}".encode()).hexdigest()
    template = _templates.get(key)
    if template is None:
        template = _new_database(kind)
        write(template, content)
        _templates[key] = template
    copy(template, url)


def forget() -> None:
    """Remove the databases that were filled to be copied."""
    _templates.clear()
    _kept.close()


def pytest_unconfigure(config: pytest.Config) -> None:
    forget()


def _new_database(kind: str) -> str:
    from tests.plugins.servers import mysql_database, mysql_server, postgres_database, postgres_server

    if kind == "postgresql":
        return _kept.enter_context(postgres_database(postgres_server()))
    if kind == "mysql":
        server = mysql_server()
        assert server, "a MySQL database is to be copied without a server"
        return _kept.enter_context(mysql_database(server))
    folder = tempfile.mkdtemp(prefix="calcom-template-")
    _kept.callback(shutil.rmtree, folder, ignore_errors=True)
    return f"{kind}:///{folder}/filled.db"


def _connection(url: str) -> closing[sa.Connection]:
    engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    return closing(engine.connect())


def _is_empty(kind: str, url: str) -> bool:
    """Tell whether nothing was made in a database, and nobody else is connected to it."""
    if kind in ("sqlite", "duckdb"):
        return not _file(url).exists()
    if kind == "mysql":
        asked = "SELECT count(*) FROM information_schema.tables WHERE table_schema = database()"
    else:
        asked = (
            "SELECT (SELECT count(*) FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace"
            " WHERE n.nspname NOT LIKE 'pg\\_%%' AND n.nspname <> 'information_schema')"
            " + (SELECT count(*) FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%%'"
            " AND nspname NOT IN ('information_schema', 'public'))"
            " + (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid())"
        )
    with _connection(url) as connection:
        return not connection.exec_driver_sql(asked).scalar()


def _file(url: str) -> Path:
    return Path(url.partition(":///")[2])


def _copy_file(template: str, url: str) -> None:
    source = _file(template)
    # What was not yet written into the file itself stands beside it.
    assert [path.name for path in source.parent.iterdir()] == [source.name]
    shutil.copy2(source, _file(url))


def _copy_postgresql(template: str, url: str) -> None:
    from tests.plugins.servers import postgres_server

    name, source = sa.make_url(url).database, sa.make_url(template).database
    with _connection(postgres_server()) as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {source}")


def _copy_mysql(template: str, url: str) -> None:
    source, name = sa.make_url(template).database, sa.make_url(url).database
    with _connection(url) as connection:
        listed = connection.exec_driver_sql(
            "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = %s", (source,)
        )
        kinds = dict(tuple(row) for row in listed)
        tables = [table for table, kind in kinds.items() if kind == "BASE TABLE"]
        for table in tables:
            connection.exec_driver_sql(f"CREATE TABLE `{table}` LIKE `{source}`.`{table}`")
        connection.exec_driver_sql("START TRANSACTION")
        for table in tables:
            connection.exec_driver_sql(f"INSERT INTO `{table}` SELECT * FROM `{source}`.`{table}`")
        connection.exec_driver_sql("COMMIT")
        for view in kinds.keys() - set(tables):
            shown = connection.exec_driver_sql(f"SHOW CREATE VIEW `{source}`.`{view}`").one()
            text = shown[1].replace(f"`{source}`.", f"`{name}`.")
            connection.exec_driver_sql(text.replace("%", "%%"))


_COPIES: dict[str, Callable[[str, str], None]] = {
    "sqlite": _copy_file,
    "duckdb": _copy_file,
    "postgresql": _copy_postgresql,
    "mysql": _copy_mysql,
}
