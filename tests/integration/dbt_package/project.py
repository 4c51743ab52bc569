"""Run the dbt package from a project that uses it, in the environment that `make test-dbt` makes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2
import sqlalchemy as sa

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "dbt"
DBT = ROOT / ".venv-dbt" / "bin" / "dbt"
SCHEMA = "dbt"


@dataclass(frozen=True)
class Project:
    """A dbt project of its own folder, which has the package as a dependency.

    :param folder: where it is.
    :param target: name of the target in its profile.
    :param environment: how its profile reaches the warehouse.
    :param schema: schema of the synced tables.
    """

    folder: Path
    target: str
    environment: dict[str, str]
    schema: str

    def run(self, *command: str, variables: dict[str, Any] | None = None, fails: bool = False) -> str:
        """Run a command of dbt and give what it said.

        :param variables: variables of the package.
        :param fails: whether it must fail; else it must not.
        """
        given = {"calcom_schema": self.schema, **(variables or {})}
        done = subprocess.run(
            [str(DBT), "--no-use-colors", *command, "--target", self.target, "--vars", json.dumps(given)],
            cwd=self.folder,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stdout

    def translated(self, target: str, name: str, **days: str) -> str:
        """Give the SQL that the package has for another database, translated for DuckDB, over the models here.

        :param target: type of the other database.
        :param name: the view.
        :param days: first and last day of the calendar.
        """
        text = (PACKAGE / "macros" / "generated" / target / f"{name}.sql").read_text()
        template = jinja2.Environment().from_string(f"{text}{{{{ {target}__{name}() }}}}")
        shown = template.render(
            var=lambda one: "calcom_" if one == "calcom_prefix" else True,
            ref=lambda model: f"{SCHEMA}.{model}",
            calcom=SimpleNamespace(calendar_day=lambda which: f"CAST('{days[which]}' AS DATE)"),
        )
        command = [str(DBT.with_name("python")), str(Path(__file__).with_name("translate.py")), target]
        return subprocess.run(command, input=shown, capture_output=True, text=True, check=True).stdout

    def results(self, name: str = "run_results") -> list[dict[str, Any]]:
        """Give the results of the last command, from the file that dbt wrote.

        :param name: name of the file.
        """
        found: list[dict[str, Any]] = json.loads((self.folder / "target" / f"{name}.json").read_text())[
            "results"
        ]
        return found


def make_project(folder: Path, url: str, proxy: str = "") -> Project:
    """Make a project beside a warehouse, with the package installed.

    :param folder: where to; it must not exist.
    :param url: the warehouse.
    :param proxy: address by which whatever dbt asks of the network would go.
    """
    assert DBT.exists(), "dbt is not installed: run make test-dbt"
    shutil.copytree(PACKAGE / "integration_tests", folder)
    (folder / "packages.yml").write_text(f"packages:\n  - local: {PACKAGE}\n")
    environment = {
        name: proxy for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy") if proxy
    }
    if url.startswith("duckdb"):
        environment["CALCOM_DBT_FILE"] = url.removeprefix("duckdb:///")
        project = Project(folder, "duckdb", environment, "main")
    else:
        place = sa.make_url(url)
        environment |= {
            "CALCOM_DBT_HOST": str(place.host or place.query.get("host", "127.0.0.1")),
            "CALCOM_DBT_PORT": str(place.port or 5432),
            "CALCOM_DBT_USER": place.username or "postgres",
            "CALCOM_DBT_PASSWORD": place.password or "",
            "CALCOM_DBT_DATABASE": str(place.database),
        }
        project = Project(folder, "postgres", environment, "public")
    project.run("deps")
    return project
