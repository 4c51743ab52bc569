"""Write what is generated of the dbt package in dbt/, and the SQL of Snowflake and BigQuery to compare with.

Run with ``--check`` to fail when a file is not what it would be made to. The offsets of the time zones are those of the
package tzdata, whatever this machine's own are.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

from calcom_provider import __version__  # noqa: E402
from calcom_provider.reporting.views import VIEWS  # noqa: E402
from dbt_package import fixed, marts, staging  # noqa: E402
from dbt_package.held import OWN, defaults, staged  # noqa: E402
from dbt_package.targets import TARGETS  # noqa: E402

PACKAGE = ROOT / "dbt"
MADE = "made by tools/make_dbt_package.py, do not edit"
#: Where every file is generated; others of the package are written by hand.
FOLDERS = ("models", "seeds", "macros/generated")


def files() -> Iterator[tuple[str, str]]:
    """Give the path in the package and the text of every file."""
    yield "dbt_project.yml", _yaml(_project())
    yield "models/staging/src_calcom.yml", _yaml(staging.sources())
    yield "models/staging/stg_calcom.yml", _yaml(staging.described())
    for one in staged().values():
        yield f"models/staging/{one.model}.sql", _sql(staging.model(one))
    calendar, minimums, zones = staging.own_models()
    yield "models/intermediate/int_calcom.yml", _yaml({"version": 2, "models": [calendar, minimums]})
    yield "models/intermediate/int_calcom__calendar.sql", _sql(fixed.calendar_model())
    yield "models/intermediate/int_calcom__team_minimums.sql", _sql(fixed.minimums_model())
    yield "seeds/calcom_seeds.yml", _yaml({"version": 2, "seeds": [zones]})
    yield f"seeds/{OWN['tz_offsets'][1]}.csv", time_zones()
    yield "models/marts/calcom.yml", _yaml(marts.described())
    yield "models/marts/exposures.yml", _yaml(marts.exposures())
    for view in VIEWS:
        yield f"models/marts/{marts.name_of(view)}.sql", _sql(marts.model(view))
    for target in TARGETS:
        yield f"macros/generated/{target}/calendar.sql", _sql(fixed.calendar_macro(target))
        for view in VIEWS:
            yield f"macros/generated/{target}/{view.name}.sql", _sql(marts.macro(view, target))


def time_zones() -> str:
    """Return the seed of the time zones, from the package tzdata alone."""
    path = ROOT / "tools" / "dbt_package" / "zones.py"
    environment = {**os.environ, "PYTHONTZPATH": ""}
    done = subprocess.run(
        [sys.executable, str(path)], env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout


def _project() -> dict[str, Any]:
    switches = dict(sorted(defaults().items()))
    return {
        "name": "calcom",
        "version": __version__,
        "config-version": 2,
        "require-dbt-version": [">=1.10.8", "<2.0.0"],
        "model-paths": ["models"],
        "seed-paths": ["seeds"],
        "macro-paths": ["macros"],
        "test-paths": ["tests"],
        "models": {
            "calcom": {
                "staging": {"+materialized": "view", "+tags": ["calcom_staging"]},
                "intermediate": {"+materialized": "table"},
                "marts": {"+materialized": "table", "+tags": ["calcom_marts"]},
            }
        },
        "seeds": {"calcom": {OWN["tz_offsets"][1]: {"+column_types": fixed.seed_types()}}},
        "vars": {
            "calcom": {
                "calcom_prefix": "calcom_",
                "calcom__history": True,
                "calcom__days_back": 730,
                "calcom__days_ahead": 366,
                "calcom__team_minimums": {},
                "calcom__warn_after_hours": 24,
                "calcom__error_after_hours": 72,
                **switches,
            }
        },
    }


def _yaml(content: dict[str, Any]) -> str:
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110)
    return f"# {MADE}\n{text}"


def _sql(text: str) -> str:
    return f"{{# {MADE} #}}\n{text}"


def strangers(made: dict[str, str]) -> list[Path]:
    """Return the files in generated folders that nothing made."""
    found = [path for folder in FOLDERS for path in (PACKAGE / folder).rglob("*") if path.is_file()]
    return [path for path in found if str(path.relative_to(PACKAGE)) not in made]


def main() -> int:
    """Write or check the files."""
    made = dict(files())
    if "--check" in sys.argv:
        wrong = [name for name, text in made.items() if _held(PACKAGE / name) != text]
        wrong += [str(path) for path in strangers(made)]
        for name in wrong:
            print(f"{name} is not up to date: python tools/make_dbt_package.py")
        return 1 if wrong else 0
    for path in strangers(made):
        path.unlink()
    for name, text in made.items():
        path = PACKAGE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return 0


def _held(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


if __name__ == "__main__":
    sys.exit(main())
