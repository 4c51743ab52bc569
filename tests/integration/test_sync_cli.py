"""The command line syncs, plans and checks, and fails with one line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from calcom_provider.sandbox import Sandbox
from tests.plugins.shell import Run, shell


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(users=40, limit=None) as made:
        yield made


@pytest.fixture
def calcom(sandbox: Sandbox, tmp_path: Path) -> Run:
    return shell(sandbox, tmp_path)


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


def test_a_preview_says_what_would_change(calcom: Run, tmp_path: Path) -> None:
    done = calcom("sync", "--to", "sqlite:///w.db", "--preview", "--resources", "teams")
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


def test_a_refused_deletion_is_confirmed_with_the_words_of_the_refusal(calcom: Run, tmp_path: Path) -> None:
    with Sandbox(users=60, limit=None) as shrinking:
        words = ("sync", "--to", "sqlite:///w.db", "--resources", "users", "-q", "--wait", "1m")
        here = {"CALCOM_BASE_URL": shrinking.url, "CALCOM_API_KEY": shrinking.keys["admin"]}
        assert calcom(*words, **here).returncode == 0
        with shrinking.paused() as world:
            for row in list(world.profiles.by("organizationId", shrinking.organization_id))[10:40]:
                world.profiles.delete(row)
        refused = calcom(*words, **here)
        assert refused.returncode == 3
        confirmed = re.search(r"confirm_deletes (\S+) lets one run through", refused.stderr)
        assert confirmed
        assert calcom(*words, "--delete-guard", "share=0.1", **here).returncode == 3
        done = calcom(*words, "--confirm-deletes", confirmed[1], **here)
        assert done.returncode == 0, done.stderr
    wrong = calcom(*words, "--full-every", "weekly")
    assert wrong.returncode == 2
    assert "full_every is a duration" in wrong.stderr


def test_a_plan_needs_no_database_and_knows_more_with_one(calcom: Run) -> None:
    blind = calcom("plan")
    assert blind.returncode == 0
    assert "at least" in blind.stdout
    assert "the limit does not hold them up" in calcom("plan", CALCOM_ASSUMED_LIMIT="1000").stdout
    tight = calcom("plan", CALCOM_ASSUMED_LIMIT="20")
    assert re.search(r"the limit holds them up for at least [1-9]\d* (seconds|minutes)", tight.stdout)
    calcom("sync", "--to", "sqlite:///w.db", "-q")
    known = calcom("plan", "--to", "sqlite:///w.db", "--json")
    found = json.loads(known.stdout)
    assert found["certain"]
    assert found["requests"] >= len(found["resources"])


def test_a_plan_of_many_organisations_tells_the_worst_age_and_what_is_impossible(
    calcom: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    calcom("sync", "--to", "sqlite:///w.db", "-q", "--resources", "users,teams")
    own = sandbox.organization_id
    (tmp_path / "many.json").write_text(json.dumps([own, {"organization_id": 7, "priority": 1}]))
    words = ("plan", "--to", "sqlite:///w.db", "--resources", "users,teams", "--promises", "users=1h")
    made = calcom(*words, "--organizations", "many.json", "--json")
    assert made.returncode == 0, made.stderr
    found = json.loads(made.stdout)
    assert {one["organization_id"] for one in found["jobs"]} == {own, 7}
    assert [one["never_read"] for one in found["promises"]] == [1, 1]
    assert 0 < found["worst_age"] < 3600
    said = calcom(*words, "--promises", "users=1s", "--organizations", f"{own},7", CALCOM_ASSUMED_LIMIT="60")
    assert "worst age" in said.stdout
    assert calcom(*words, "--organizations", "x").returncode == 2


def test_a_plan_of_no_organisations_says_what_was_looked_for_and_what_to_do(tmp_path: Path) -> None:
    with Sandbox(users=4, limit=None) as alone:
        calcom = shell(alone, tmp_path)
        done = calcom("plan", "--organizations", "platform")
        assert done.returncode == 2
        assert done.stdout == ""
        assert "manages no organization" in done.stderr
        assert "managed_organizations.list" in done.stderr
        assert "--organizations out" in done.stderr
        (tmp_path / "none.json").write_text("[]")
        assert "an empty one" in calcom("plan", "--organizations", "none.json").stderr
    with Sandbox(users=4, limit=None, platform=True, managed_organizations=1) as manager:
        many = shell(manager, tmp_path)(
            "plan", "--organizations", "platform", "--resources", "users", "--json"
        )
        assert len(json.loads(many.stdout)["jobs"]) == 1


def test_without_a_key_it_is_said_who_makes_one_and_where(calcom: Run) -> None:
    done = calcom("doctor", CALCOM_API_KEY="")
    assert done.returncode == 2
    assert "Settings, Security, API keys" in done.stderr


def test_the_doctor_says_what_works(calcom: Run, sandbox: Sandbox) -> None:
    good = calcom("doctor", "--to", "sqlite:///w.db")
    assert good.returncode == 0
    assert str(sandbox.organization_id) in good.stdout
    bad = calcom("doctor", CALCOM_API_KEY=sandbox.keys["member"])
    assert bad.returncode == 1
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
