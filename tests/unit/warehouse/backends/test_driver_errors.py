"""A database that cannot be used is told in words of ours: what is wrong, and what helps; never in the driver's."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa

from calcom_provider.cli.app import run
from calcom_provider.cli.error_mapping import explain as explain_for_shell
from calcom_provider.sandbox import Sandbox
from calcom_provider.warehouse import RunInfo, Warehouse
from calcom_provider.warehouse.backends import driver_errors
from calcom_provider.warehouse.backends.driver_errors import explain, missing_driver
from calcom_provider.warehouse.errors import WarehouseError
from calcom_provider.warehouse.loading.publish import Publication

RETENTION = ("privacy", "retention", "--days", "9", "--to")


def said(capsys: pytest.CaptureFixture[str], url: str) -> str:
    assert run([*RETENTION, url]) in (1, 2)
    text = capsys.readouterr().err
    assert "Unexpected" not in text
    assert "hush" not in text, "the password"
    return text


def test_a_missing_folder_a_closed_port_and_a_missing_database_are_three_texts(
    tmp_path: Path, postgres_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = sa.make_url(postgres_url).set(database="no_such_database").render_as_string(hide_password=False)
    closed = said(capsys, "postgresql+psycopg://me:hush@127.0.0.1:1/db")
    missing = said(capsys, gone)
    assert driver_errors.CLOSED in closed
    assert driver_errors.NO_DATABASE in missing


def test_another_server_at_the_port_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with Sandbox(users=3, limit=None) as sandbox:
        port = sandbox.url.split(":")[2].partition("/")[0]
        assert driver_errors.NOT_A_SERVER in said(capsys, f"postgresql+psycopg://me:hush@127.0.0.1:{port}/db")


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_a_folder_that_is_not_there_is_named(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALCOM_API_KEY", "cal_x")
    assert run(["sync", "--to", f"{kind}:///{tmp_path / 'none' / 'w.db'}"]) == 2
    assert f"There is no folder '{tmp_path / 'none'}'" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_a_file_that_is_no_database_is_told(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "w.db").write_bytes(b"hush, this is a letter\n" * 500)
    assert driver_errors.NOT_A_DATABASE in said(capsys, f"{kind}:///{tmp_path / 'w.db'}")


def test_a_read_only_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "w.db"
    sqlite3.connect(path).close()
    path.touch()
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    with pytest.raises(sqlite3.OperationalError) as caught:
        connection.execute("CREATE TABLE t (a INTEGER)")
    connection.close()
    assert explain(caught.value) == driver_errors.READ_ONLY


def test_a_database_without_unicode_is_refused(postgres_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    admin = sa.create_engine(postgres_url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    name = f"{sa.make_url(postgres_url).database}_ascii"
    with admin.connect() as connection:
        connection.exec_driver_sql(
            f"CREATE DATABASE {name} ENCODING 'SQL_ASCII' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
        )
    try:
        url = sa.make_url(postgres_url).set(database=name).render_as_string(hide_password=False)
        assert driver_errors.ENCODING in said(capsys, url)
    finally:
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


def test_a_user_without_rights_is_told(postgres_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    admin = sa.create_engine(postgres_url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    role = f"{sa.make_url(postgres_url).database}_guest"
    with admin.connect() as connection:
        connection.exec_driver_sql("CREATE SCHEMA closed")
        connection.exec_driver_sql("CREATE TABLE closed.calcom_sync_runs (run_id TEXT)")
        connection.exec_driver_sql(f"CREATE ROLE {role} LOGIN PASSWORD 'hush'")
    try:
        url = sa.make_url(postgres_url).set(username=role, password="hush")
        guest = sa.create_engine(url, poolclass=sa.NullPool)
        with pytest.raises(sa.exc.ProgrammingError) as caught, guest.connect() as connection:
            connection.exec_driver_sql("SELECT * FROM closed.calcom_sync_runs")
        assert explain_for_shell(caught.value) == (driver_errors.NO_RIGHTS, 1)
    finally:
        with admin.connect() as connection:
            connection.exec_driver_sql("DROP SCHEMA closed CASCADE")
            connection.exec_driver_sql(f"DROP ROLE {role}")


class Numbered(Exception):
    """Stand for an error of MySQL's drivers: number and text."""


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (Numbered(1045, "Access denied for user 'x'@'y' (using password: YES)"), driver_errors.LOGIN),
        (Numbered(1049, "Unknown database 'dwh'"), driver_errors.NO_DATABASE),
        (Numbered(1142, "INSERT command denied to user"), driver_errors.NO_RIGHTS),
        (Numbered(1290, "running with the --read-only option"), driver_errors.READ_ONLY),
        (Numbered(2003, "Can't connect to server ([Errno 111] Connection refused)"), driver_errors.CLOSED),
        (Numbered(2003, "Can't connect ([Errno -2] Name or service not known)"), driver_errors.NO_HOST),
        (Numbered(2003, "Can't connect to server (timed out)"), driver_errors.TIMED_OUT),
        (Numbered(4711, "a row: anna@corp.example"), None),
    ],
)
def test_codes_and_fixed_parts_decide(error: Exception, text: str | None) -> None:
    assert explain(sa.exc.OperationalError("SELECT 'anna'", {}, error)) == text


def test_what_is_not_known_shows_its_code_alone() -> None:
    error: Any = sa.exc.OperationalError("SELECT 'anna'", {}, Numbered(4711, "a row: anna@corp.example"))
    assert explain_for_shell(error) == ("The database refused it (Numbered 4711).", 1)


@pytest.mark.parametrize(
    ("module", "advice"),
    [
        ("pymysql", "pip install 'airflow-provider-calcom[mysql]'."),
        ("MySQLdb", "pip install 'airflow-provider-calcom[mysql]', and begin the URL with mysql+pymysql://."),
        ("psycopg", "pip install 'airflow-provider-calcom[postgres]'."),
        ("duckdb", "pip install 'airflow-provider-calcom[duckdb]'."),
    ],
)
def test_a_missing_driver_names_its_extra(module: str, advice: str) -> None:
    error = ModuleNotFoundError(f"No module named {module!r}", name=module)
    assert str(missing_driver(error)).endswith(advice)
    assert explain_for_shell(error)[0].endswith(advice)


def test_an_unknown_dialect_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert "There is no driver for 'oracel'" in said(capsys, "oracel://me:hush@127.0.0.1/db")


def test_a_file_that_may_not_grow_is_told_as_no_room() -> None:
    """A quota, or a bound on the size of files, has no code of its own."""

    class InternalError(Exception):
        sqlstate = "XX000"

    assert explain(InternalError('could not extend file "base/1/2": File too large')) == driver_errors.FULL


NO_ROOM = (
    "TransactionContext Error: Failed to commit: Could not write file"
    ' "/data/anna.duckdb.wal": No space left on device'
)


def test_a_commit_without_room_is_not_repeated() -> None:
    """DuckDB calls it as it calls the end of a transaction for the sake of another."""
    conflict = duckdb.TransactionException("TransactionContext Error: Failed to commit: write-write conflict")
    assert driver_errors.is_aborted(conflict)
    assert not driver_errors.is_aborted(duckdb.TransactionException(NO_ROOM))


def test_a_publication_without_room_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    attempts = []

    def full(self: Publication, works: object) -> None:
        attempts.append(works)
        raise duckdb.TransactionException(NO_ROOM)

    monkeypatch.setattr(Publication, "_attempt", full)
    warehouse = Warehouse(f"sqlite:///{tmp_path}/warehouse.db")
    load = warehouse.load(RunInfo(scope={}))
    wanted = "nothing was published: TransactionException: The disk or the database is full"
    with pytest.raises(WarehouseError, match=wanted) as caught, load:
        load.publish()
    warehouse.close()
    assert "anna" not in str(caught.value)
    assert len(attempts) == 1
