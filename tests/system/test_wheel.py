"""The wheel works where nothing else of the repository is, with the lowest and the newest Airflow allowed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from calcom_provider.sandbox import Sandbox

pytestmark = [pytest.mark.wheel, pytest.mark.timeout(1200)]

REPOSITORY = Path(__file__).resolve().parents[2]
UV = Path(sys.executable).parent / "uv"

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
    for path in ("py.typed", "api/operations.json", "example_dags/calcom_to_warehouse.py"):
        assert f"calcom_provider/{path}" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if name.startswith(("tests/", "docs/"))]
    assert not [name for name in names if "__pycache__" in name]
    assert "Classifier: Framework :: Apache Airflow :: Provider" in metadata
    assert "License-Expression: Apache-2.0" in metadata
    assert re.search(r"Project-URL: Documentation, https://", metadata)
    assert "provider_info = calcom_provider.get_provider_info:get_provider_info" in points


@pytest.mark.parametrize("airflow", ["lowest", "newest"])
def test_a_sync_runs_from_the_wheel(airflow: str, wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "venv"
    python = environment / "bin" / "python"
    subprocess.run([uv(), "venv", "-q", "--python", sys.executable, str(environment)], check=True)
    # Airflow 3.2.0 itself does not work with the FastAPI that came after it; 3.3 states that bound.
    pins = ["apache-airflow==3.2.0", "fastapi<0.137"] if airflow == "lowest" else ["apache-airflow>=3.3"]
    install = [uv(), "pip", "install", "-q", "--python", str(python), str(wheel), *pins]
    subprocess.run(install, check=True, timeout=600)
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
