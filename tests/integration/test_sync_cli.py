"""The command line syncs, plans and checks, and fails with one line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from calcom_provider.sandbox import Sandbox

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(users=40, limit=None) as made:
        yield made


@pytest.fixture
def calcom(sandbox: Sandbox, tmp_path: Path) -> Run:
    def run(
        *words: str, stdin: str = "", script: str = "", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("CALCOM_")},
            "CALCOM_BASE_URL": sandbox.url,
            "CALCOM_API_KEY": sandbox.keys["admin"],
            "CALCOM_STATE_DIR": str(tmp_path / "state"),
            "CALCOM_ASSUMED_LIMIT": "0",
            "CALCOM_ATTEMPTS": "2",
            "NO_COLOR": "1",
            "COLUMNS": "200",
            **variables,
        }
        command = [sys.executable, *(("-c", script) if script else ("-m", "calcom_provider.cli")), *words]
        return subprocess.run(
            command, env=environment, input=stdin, capture_output=True, text=True, timeout=60, cwd=tmp_path
        )

    return run


def test_a_sync_says_what_landed_and_the_next_one_that_nothing_changed(calcom: Run, sandbox: Sandbox) -> None:
    first = calcom("sync", "--to", "sqlite:///w.db", "--json")
    assert first.returncode == 0, first.stderr
    found = json.loads(first.stdout)
    held = sandbox.rows()
    assert {table["table"]: table["inserted"] for table in found["tables"]} == {
        table: held[table] for table in (one["table"] for one in found["tables"])
    }
    second = calcom("sync", "--to", "sqlite:///w.db")
    assert second.returncode == 0
    assert "0 rows changed" in second.stdout
    assert "users" in second.stderr


def test_a_dry_run_says_what_would_change(calcom: Run, tmp_path: Path) -> None:
    done = calcom("sync", "--to", "sqlite:///w.db", "--dry-run", "--resources", "teams")
    assert done.returncode == 0
    assert "rows would change" in done.stdout


def test_modes_deletes_schema_and_prefix_reach_the_sync(calcom: Run, tmp_path: Path) -> None:
    import sqlite3

    done = calcom(
        *("sync", "--to", "sqlite:///w.db", "--resources", "teams,ooo_entries"),
        *("--mode", "merge", "--deletes", "mark", "--prefix", "x_", "--include", "reason", "-q"),
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    with sqlite3.connect(tmp_path / "w.db") as connection:
        columns = {row[1] for row in connection.execute("PRAGMA table_info(x_ooo_entries)")}
    assert {"reason", "_calcom_deleted_at"} <= columns
    assert {"notes", "valid_from"}.isdisjoint(columns)


def test_a_plan_needs_no_database_and_knows_more_with_one(calcom: Run) -> None:
    blind = calcom("plan")
    assert blind.returncode == 0
    assert "at least" in blind.stdout
    calcom("sync", "--to", "sqlite:///w.db", "-q")
    known = calcom("plan", "--to", "sqlite:///w.db", "--json")
    found = json.loads(known.stdout)
    assert found["certain"]
    assert found["requests"] >= len(found["resources"])


def test_the_doctor_says_what_works(calcom: Run, sandbox: Sandbox) -> None:
    good = calcom("doctor", "--to", "sqlite:///w.db")
    assert good.returncode == 0
    assert str(sandbox.organization_id) in good.stdout
    bad = calcom("doctor", CALCOM_API_KEY=sandbox.keys["member"])
    assert bad.returncode == 3
    assert "role" in bad.stdout


def test_the_key_may_come_from_a_file_or_standard_input(
    calcom: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text(sandbox.keys["admin"] + "\n")
    for words, stdin in ((("--api-key-file", "key"), ""), (("--api-key-file", "-"), sandbox.keys["admin"])):
        done = calcom("doctor", *words, stdin=stdin, CALCOM_API_KEY="")
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_platform_client_reads_by_id_and_secret(calcom: Run, sandbox: Sandbox) -> None:
    done = calcom(
        *("sync", "--to", "sqlite:///w.db", "--resources", "oauth_clients", "-q"),
        CALCOM_API_KEY="",
        CALCOM_CLIENT_ID=sandbox.keys["client_id"],
        CALCOM_CLIENT_SECRET=sandbox.keys["client_secret"],
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("words", "variables", "code", "said"),
    [
        (("--mode", "upsert"), {}, 2, "mode is"),
        (("--resources", "user"), {}, 2, "users"),
        (("--backfill", "today"), {}, 2, "START/END"),
        (("--nonsense",), {}, 2, "nonsense"),
        ((), {"CALCOM_API_KEY": ""}, 2, "CALCOM_API_KEY"),
        ((), {"CALCOM_API_KEY": "cal_ffffffffffffffffffffffffffffffff"}, 2, "401"),
        ((), {"CALCOM_ORGANIZATION_ID": "999999"}, 2, "403"),
        ((), {"CALCOM_BASE_URL": "http://127.0.0.1:9"}, 1, "127.0.0.1"),
    ],
)
def test_failures_are_one_line_and_an_exit_code(
    calcom: Run, sandbox: Sandbox, words: tuple[str, ...], variables: dict[str, str], code: int, said: str
) -> None:
    done = calcom("sync", "--to", "sqlite:///w.db", "-q", *words, **variables)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("Error")]
    assert len(lines) == 1
    assert sandbox.keys["admin"] not in done.stderr


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("nonsense", "SQLAlchemy URL"),
        ("postgresql+psycopg://someone:hunter2@127.0.0.1:1/x", "database"),
        ("foo://x", "driver"),
    ],
)
def test_databases_that_cannot_be_used_are_explained(calcom: Run, target: str, said: str) -> None:
    done = calcom("sync", "--to", target, "-q")
    assert done.returncode in (1, 2)
    assert said in done.stderr
    assert "hunter2" not in done.stderr + done.stdout
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_sync_imports_neither_airflow_nor_pandas(calcom: Run) -> None:
    script = "import sys; from calcom_provider.cli.app import run\ncode = run(sys.argv[1:])\n"
    script += "print(code, sorted({'pandas', 'airflow', 'starlette', 'rich'} & set(sys.modules)))"
    done = calcom("sync", "--to", "sqlite:///w.db", "--resources", "teams", "--json", script=script)
    assert done.stdout.splitlines()[-1] == "0 []", done.stderr


def test_every_resource_is_listed(calcom: Run) -> None:
    from calcom_provider.resources import catalogue

    listed = calcom("resources")
    assert all(name in listed.stdout for name in catalogue())
    assert {one["name"] for one in json.loads(calcom("resources", "--json").stdout)} == set(catalogue())
