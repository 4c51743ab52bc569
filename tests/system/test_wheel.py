"""The wheel works where nothing else of the repository is, with the lowest and the newest Airflow allowed."""

from __future__ import annotations

import datetime as dt
import functools
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterable
from email.message import Message
from email.parser import Parser
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from calcom_provider.sandbox import Sandbox

pytestmark = [pytest.mark.wheel, pytest.mark.timeout(1200)]

REPOSITORY = Path(__file__).resolve().parents[2]
UV = Path(sys.executable).parent / "uv"
#: Extras whose packages are used below, at the lowest version stated of each.
USED = ("postgres", "mysql", "duckdb", "delta", "iceberg", "redis", "ical", "openlineage")

CHECK = """
import json, os, sqlite3, sys
from importlib.metadata import version
from airflow.utils.db import initdb
initdb()
from airflow.dag_processing.dagbag import DagBag
import calcom_provider
bag = DagBag(sys.argv[1])
assert bag.import_errors == {}, bag.import_errors
run = bag.dags["calcom_to_warehouse"].test(logical_date=None)
assert run.state == "success", run.state
rows = sqlite3.connect(os.environ["WAREHOUSE"]).execute("SELECT count(*) FROM calcom_users").fetchone()[0]
found = {"airflow": version("apache-airflow"), "rows": rows, "at": calcom_provider.__file__}
print("RESULT", json.dumps(found))
"""


def uv() -> str:
    """Return a uv, which `make` puts into the environment."""
    return str(UV) if UV.exists() else "uv"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([uv(), "build", "-q", "--wheel", "--out-dir", str(folder), str(REPOSITORY)], check=True)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_the_package_its_licence_and_the_dags(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (meta,) = [name for name in names if name.endswith(".dist-info/METADATA")]
        (entry_points,) = [name for name in names if name.endswith(".dist-info/entry_points.txt")]
        metadata = archive.read(meta).decode()
        points = archive.read(entry_points).decode()
    for path in ("py.typed", "api/catalogue/operations.json", "example_dags/calcom_to_warehouse.py"):
        assert f"calcom_provider/{path}" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if name.startswith(("tests/", "docs/"))]
    assert not [name for name in names if "__pycache__" in name]
    assert "Classifier: Framework :: Apache Airflow :: Provider" in metadata
    assert "License-Expression: Apache-2.0" in metadata
    assert re.search(r"Project-URL: Documentation, https://", metadata)
    assert "provider_info = calcom_provider.get_provider_info:get_provider_info" in points


def metadata_of(wheel: Path) -> Message:
    """Return what the wheel says about itself."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [one for one in archive.namelist() if one.endswith(".dist-info/METADATA")]
        return Parser().parsestr(archive.read(name).decode())


def other_extras(wheel: Path) -> list[str]:
    """Return the extras that lift versions of the others, or ask for servers that no machine of ours is."""
    return [one for one in metadata_of(wheel).get_all("Provides-Extra") or () if one not in USED]


def requirements(wheel: Path, extras: Iterable[str]) -> list[Requirement]:
    """Return what the wheel asks for, of the packages and of some extras."""
    asked = [Requirement(text) for text in metadata_of(wheel).get_all("Requires-Dist") or ()]
    surroundings = [{"extra": extra} for extra in ("", *extras)]
    return [one for one in asked if not one.marker or any(map(one.marker.evaluate, surroundings))]


def lowest(folder: Path, wheel: Path, extras: Iterable[str]) -> Path:
    """Install the wheel with the lowest version that it states of each package, and return its Python."""
    python = new_environment(folder)
    asked = requirements(wheel, extras)
    # What is named here is taken at its lowest; what that asks for itself is the newest that fits.
    (folder / "asked.txt").write_text("".join(f"{replaced(one)}\n" for one in asked))
    # Airflow 3.2.0 itself does not work with the FastAPI that came after it; 3.3 states that bound.
    (folder / "constraints.txt").write_text("fastapi<0.137\n")
    install = [uv(), "pip", "install", "-q", "--python", str(python)]
    from_files = ["-r", str(folder / "asked.txt"), "-c", str(folder / "constraints.txt")]
    subprocess.run([*install, "--resolution", "lowest-direct", *from_files], check=True, timeout=900)
    subprocess.run([*install, "--no-deps", str(wheel)], check=True, timeout=300)
    return python


def replaced(asked: Requirement) -> str:
    """Return a requirement without the condition under which the wheel asks for it."""
    extras = f"[{','.join(sorted(asked.extras))}]" if asked.extras else ""
    return f"{asked.name}{extras}{asked.specifier}"


def new_environment(folder: Path) -> Path:
    """Make an environment and return its Python."""
    subprocess.run([uv(), "venv", "-q", "--python", sys.executable, str(folder / "venv")], check=True)
    return folder / "venv" / "bin" / "python"


def installed(python: Path) -> dict[str, Version]:
    """Return the version of each package of an environment."""
    listed = [uv(), "pip", "list", "-q", "--python", str(python), "--format", "json"]
    shown = subprocess.run(listed, check=True, capture_output=True, text=True).stdout
    return {canonicalize_name(one["name"]): Version(one["version"]) for one in json.loads(shown)}


@pytest.fixture(scope="module")
def environments(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a function that gives the Python of an environment with the wheel, made once."""

    @functools.cache
    def made(kind: str) -> Path:
        folder = tmp_path_factory.mktemp(kind)
        if kind != "newest":
            return lowest(folder, wheel, USED if kind == "lowest" else other_extras(wheel))
        python = new_environment(folder)
        install = [uv(), "pip", "install", "-q", "--python", str(python), str(wheel), "apache-airflow>=3.3"]
        subprocess.run(install, check=True, timeout=900)
        return python

    return made


@pytest.mark.parametrize("kind", ["lowest", "lowest of the others"])
def test_each_lowest_version_stated_is_the_one_that_is_tried(
    kind: str, wheel: Path, environments: Callable[[str], Path]
) -> None:
    """A bound that other packages lift is one that nobody ever tried."""
    found = installed(environments(kind))
    asked = requirements(wheel, USED if kind == "lowest" else other_extras(wheel))
    if kind != "lowest":
        asked = [one for one in asked if "extra" in str(one.marker)]
    stated = {}
    for one in asked:
        (bound,) = [Version(each.version) for each in one.specifier if each.operator == ">="]
        stated[canonicalize_name(one.name)] = max(bound, stated.get(canonicalize_name(one.name), bound))
    assert {name: found[name] for name in stated} == stated


@pytest.mark.parametrize("airflow", ["lowest", "newest"])
def test_a_sync_runs_from_the_wheel(
    airflow: str, environments: Callable[[str], Path], tmp_path: Path
) -> None:
    python = environments(airflow)
    environment = python.parent.parent
    (check := tmp_path / "check.py").write_text(CHECK)
    with Sandbox(users=60) as sandbox:
        home = tmp_path / "home"
        home.mkdir()
        dags = next(environment.glob("lib/python*/site-packages/calcom_provider/example_dags"))
        settings = {
            "PATH": f"{environment / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin",
            "HOME": str(home),
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
            "AIRFLOW_CONN_CALCOM_DEFAULT": json.dumps(
                {"conn_type": "calcom", "host": sandbox.url, "password": sandbox.keys["admin"]}
            ),
            "AIRFLOW_CONN_WAREHOUSE_DEFAULT": json.dumps(
                {"conn_type": "sqlite", "host": str(tmp_path / "warehouse.db")}
            ),
            "WAREHOUSE": str(tmp_path / "warehouse.db"),
            "NO_PROXY": "127.0.0.1",
        }

        def run(*command: str) -> str:
            done = subprocess.run(
                command, env=settings, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
            )
            assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
            return done.stdout

        shown = run(str(python), str(check), str(dags))
        result = json.loads(shown.rpartition("RESULT ")[2])
        assert result["rows"] == sandbox.rows()["users"]
        assert str(environment) in result["at"], "the package of the repository was used"
        assert result["airflow"].startswith("3.2" if airflow == "lowest" else "3.")
        program = str(environment / "bin" / "airflow")
        assert "Connection success" in run(program, "connections", "test", "calcom_default")
        assert "calcom" in run(program, "providers", "hooks", "-o", "plain")
        assert "Base URL" in run(
            program, "providers", "get", "airflow-provider-calcom", "--full", "-o", "yaml"
        )


@pytest.fixture
def calcom(environments: Callable[[str], Path], tmp_path: Path) -> Callable[..., str]:
    """Return a function that runs a program of the environment with the lowest versions."""
    python = environments("lowest")

    def run(*words: str, code: int = 0, **variables: str) -> str:
        done = subprocess.run(
            [str(python), *words],
            env={
                "PATH": f"{python.parent}{os.pathsep}/usr/bin{os.pathsep}/bin",
                "HOME": str(tmp_path),
                "CALCOM_STATE_DIR": str(tmp_path / "state"),
                "NO_PROXY": "127.0.0.1",
                **variables,
            },
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == code, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout

    return run


def test_the_demo_runs_with_the_lowest_versions(calcom: Callable[..., str]) -> None:
    assert "DEMO OK" in calcom("-m", "calcom_provider.sandbox.demo")


@pytest.mark.parametrize("warehouse_url", ["postgresql", "duckdb", "mysql"], indirect=True)
def test_databases_take_a_sync_with_the_lowest_versions(
    warehouse_url: str, calcom: Callable[..., str]
) -> None:
    syncs_twice(calcom, warehouse_url)
    with_views = calcom("-m", "calcom_provider.cli", "reports", "create", "--to", warehouse_url, "--json")
    assert json.loads(with_views)["counts"]["created"] >= 6


@pytest.mark.parametrize("form", ["delta", "iceberg"])
def test_lakehouses_take_a_sync_with_the_lowest_versions(
    form: str, calcom: Callable[..., str], tmp_path: Path
) -> None:
    url = f"{form}+file://{tmp_path / form}"
    syncs_twice(calcom, url)
    tended = json.loads(calcom("-m", "calcom_provider.cli", "maintain", "--to", url, "--json"))
    assert "calcom_users" in tended


def syncs_twice(calcom: Callable[..., str], url: str, **variables: str) -> None:
    with Sandbox(users=40, limit=None) as sandbox:
        known = {"CALCOM_BASE_URL": sandbox.url, "CALCOM_API_KEY": sandbox.keys["admin"]}
        words = ("-m", "calcom_provider.cli", "sync", "--to", url, "--resources", "all", "--json")
        runs = [json.loads(calcom(*words, **known, **variables)) for _ in range(2)]
        held = sandbox.rows()
    counted = {one["table"]: one["rows_read"] for one in runs[0]["tables"]}
    assert counted["users"] == held["users"]
    assert counted["bookings"] == held["bookings"]
    assert changed(runs[1]) == 0 < changed(runs[0])


def changed(run: dict[str, Any]) -> int:
    return sum(one[what] for one in run["tables"] for what in ("inserted", "updated", "deleted"))


def test_redis_counts_requests_with_the_lowest_versions(
    redis_url: str, calcom: Callable[..., str], tmp_path: Path
) -> None:
    import redis

    syncs_twice(calcom, f"sqlite:///{tmp_path / 'w.db'}", CALCOM_STATE_STORE=redis_url)
    with redis.Redis.from_url(redis_url) as client:
        assert list(client.scan_iter())


def test_a_calendar_feed_is_read_with_the_lowest_versions(calcom: Callable[..., str], tmp_path: Path) -> None:
    first = dt.date.today() + dt.timedelta(days=30)
    with Sandbox(users=20, limit=None) as sandbox:
        with sandbox.paused() as world:
            person = next(row for row in world.users if row["id"] in active_users(world, sandbox))
        (tmp_path / "feed.ics").write_text(
            "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//HR//EN\nBEGIN:VEVENT\nUID:u1\nDTSTAMP:20260101T000000Z\n"
            f"ATTENDEE:mailto:{person['email']}\nDTSTART;VALUE=DATE:{first:%Y%m%d}\n"
            f"DTEND;VALUE=DATE:{first + dt.timedelta(days=3):%Y%m%d}\nEND:VEVENT\nEND:VCALENDAR\n"
        )
        (tmp_path / "hr.yaml").write_text("timezone: Europe/Berlin\nmapping: ical\n")
        shown = calcom(
            *("-m", "calcom_provider.cli", "hr", "plan", "out_of_office", "--settings", "hr.yaml"),
            *("--absences", "feed.ics", "--json"),
            code=4,
            CALCOM_BASE_URL=sandbox.url,
            CALCOM_API_KEY=sandbox.keys["admin"],
        )
    assert json.loads(shown)["outcome"] == "changes"


def active_users(world: Any, sandbox: Sandbox) -> set[int]:
    return {row["userId"] for row in world.profiles.by("organizationId", sandbox.organization_id)}


LINEAGE = """
from airflow.providers.openlineage.extractors import OperatorLineage
from calcom_provider.transfers.outcome import lineage
told = lineage(
    source="https://api.cal.com/v2", target="postgres://db/dwh", schema=None,
    columns={"calcom_users": [("id", "integer")]},
    outcome={"organization_id": 1, "tables": {"calcom_users": {"inserted": 1, "updated": 0}}},
)
assert isinstance(told, OperatorLineage), told
"""
HOOKS = """
from airflow.providers.postgres.hooks.postgres import PostgresHook
from airflow.providers.sqlite.hooks.sqlite import SqliteHook
from calcom_provider.hooks.sql import describe_target
print(describe_target("warehouse_default"))
"""
OTHERS = """
import redis, snowflake.connector
from airflow.providers.celery.executors.celery_executor import CeleryExecutor
from airflow.providers.snowflake.hooks.snowflake import SnowflakeHook
import calcom_provider.hooks.sql, calcom_provider.warehouse.backends.snowflake.connecting
"""


def test_lineage_is_told_with_the_lowest_versions(calcom: Callable[..., str], tmp_path: Path) -> None:
    calcom("-c", LINEAGE, AIRFLOW_HOME=str(tmp_path))


def test_connections_are_read_with_the_lowest_versions(calcom: Callable[..., str], tmp_path: Path) -> None:
    known = {"conn_type": "postgres", "host": "db", "login": "me", "password": "hidden", "schema": "dwh"}
    shown = calcom("-c", HOOKS, AIRFLOW_HOME=str(tmp_path), AIRFLOW_CONN_WAREHOUSE_DEFAULT=json.dumps(known))
    assert shown.rstrip().endswith("postgres://db/dwh")


def test_the_packages_of_the_other_extras_fit_at_their_lowest(
    environments: Callable[[str], Path], tmp_path: Path
) -> None:
    python = environments("lowest of the others")
    known = {"HOME": str(tmp_path), "AIRFLOW_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [str(python), "-c", OTHERS], env=known, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
