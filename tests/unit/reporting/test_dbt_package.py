"""What is generated of the dbt package is what its tool makes, and says what the views say."""

from __future__ import annotations

import importlib.util
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import jinja2
import pytest

from calcom_provider.reporting.views import VIEWS

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "dbt"


@pytest.fixture(scope="module")
def tool() -> Iterator[ModuleType]:
    path = list(sys.path)
    spec = importlib.util.spec_from_file_location("make_dbt_package", ROOT / "tools" / "make_dbt_package.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    sys.path[:] = path


def test_files_are_what_the_tool_makes(tool: ModuleType) -> None:
    made = dict(tool.files())
    wrong = [name for name, text in made.items() if not (PACKAGE / name).exists()]
    wrong += [
        name for name, text in made.items() if name not in wrong and (PACKAGE / name).read_text() != text
    ]
    assert not wrong, f"run: python tools/make_dbt_package.py ({', '.join(wrong)})"
    assert not tool.strangers(made)


@pytest.mark.parametrize("target", ["postgres", "bigquery"])
@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_conditions_give_back_every_statement(tool: ModuleType, view, target) -> None:  # type: ignore[no-untyped-def]
    """One text with conditions stands for the statements of all choices; each must come out of it again."""
    marts = tool.marts
    tokens = importlib.import_module("dbt_package.sql_layout").tokens
    text = (PACKAGE / "macros" / "generated" / target / f"{view.name}.sql").read_text()
    template = jinja2.Environment().from_string(text + f"{{{{ {target}__{view.name}() }}}}")
    for values in marts.variants(view):
        chosen = {name for name, holds in values.items() if holds}
        used = {f"calcom__using_{one}" for name in chosen - {"history"} for one in marts.resources(name)}
        used |= {*marts.needed(view), *({"calcom__history"} & {f"calcom__{name}" for name in chosen})}
        shown = template.render(
            var=lambda name, used=used: "shown_" if name == "calcom_prefix" else name in used,
            ref=lambda name: f"the_{name}",
        )
        wanted = marts.sql(view, marts.TARGETS[target], "history" in chosen, chosen - {"history"})
        wanted = re.sub(rf"{marts.SCHEMA}\.{marts.PREFIX}(\w+)", lambda found: _model(tool, found[1]), wanted)
        wanted = re.sub(r"\bcalcom_(writeback_\w+)(?= AS )", lambda found: _model(tool, found[1]), wanted)
        assert tokens(shown) == tokens(wanted.replace(marts.PREFIX, "shown_")), values


def _model(tool: ModuleType, table: str) -> str:
    own = {"calendar": "int_calcom__calendar", "team_minimums": "int_calcom__team_minimums"}
    return "the_" + (own | {"tz_offsets": "calcom__tz_offsets"}).get(table, f"stg_calcom__{table}")


def test_databases_of_both_environments_read_the_same_files() -> None:
    """dbt reads the DuckDB file that this package wrote, so both have the same DuckDB."""
    locked = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    here = next(one["version"] for one in locked if one["name"] == "duckdb")
    there = (PACKAGE / "integration_tests" / "requirements.txt").read_text()
    assert re.search(rf"^duckdb=={re.escape(here)} ", there, re.MULTILINE)


class Returned(Exception):
    """What a macro of dbt hands back in place of its text."""


class Macros:
    """The macros of a file, called as dbt calls those of a package.

    :param file: the file, in the folder of macros.
    :param target: type of the database.
    :param held: columns of every table there, with their types.
    """

    def __init__(self, file: str, target: str, held: dict[str, str]) -> None:
        columns = [SimpleNamespace(name=name, dtype=kind) for name, kind in held.items()]
        environment = jinja2.Environment(extensions=["jinja2.ext.do"])
        environment.globals.update(
            {
                "calcom": self,
                "target": SimpleNamespace(type=target),
                "execute": True,
                "adapter": SimpleNamespace(get_columns_in_relation=lambda relation: columns),
                "exceptions": SimpleNamespace(raise_compiler_error=self._refuse),
                "return": self._return,
            }
        )
        self._module = environment.from_string((PACKAGE / "macros" / file).read_text()).module

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any) -> Any:
            try:
                return getattr(self._module, name)(*arguments)
            except Returned as found:
                return found.args[0]

        return call

    @staticmethod
    def _return(value: Any) -> None:
        raise Returned(value)

    @staticmethod
    def _refuse(message: str) -> None:
        raise ValueError(message)


STORED = {"id": "NUMBER", "at": "TIMESTAMP_TZ", "days": "JSON", "noon": "TIMESTAMP"}
DECLARED = [("id", "integer"), ("at", "timestamp"), ("days", "json"), ("noon", "timestamp"), ("gone", "text")]


@pytest.mark.parametrize(
    ("target", "wanted"),
    [
        ("duckdb", "id as id, at as at, days as days, noon as noon, cast(null as varchar) as gone"),
        ("postgres", "id as id, at as at, days as days, noon as noon, cast(null as text) as gone"),
        (
            "snowflake",
            "id as id, cast(convert_timezone('UTC', at) as timestamp_ntz) as at, days as days, "
            "cast(noon as timestamp_ntz) as noon, cast(null as varchar) as gone",
        ),
        (
            "bigquery",
            "`id` as `id`, cast(`at` as timestamp) as `at`, to_json_string(`days`) as `days`, "
            "cast(`noon` as timestamp) as `noon`, cast(null as string) as `gone`",
        ),
    ],
)
def test_staging_models_give_the_columns_as_the_marts_read_them(target: str, wanted: str) -> None:
    """A column that is not stored is null; times are UTC on Snowflake, JSON is text on BigQuery."""
    macros = Macros("columns.sql", target, STORED)
    assert " ".join(macros.staged_columns("table", DECLARED).split()) == wanted


def test_a_table_that_is_not_as_the_variables_say_is_refused() -> None:
    plain, versioned = ({**STORED, **more} for more in ({}, {"IS_CURRENT": "BOOLEAN"}))
    assert Macros("columns.sql", "duckdb", versioned).present_rows("t", None).strip() == "where is_current"
    assert not Macros("columns.sql", "duckdb", plain).present_rows("t", None).strip()
    assert not Macros("columns.sql", "duckdb", versioned).present_rows("t", True).strip()
    with pytest.raises(ValueError, match="t holds versions: set the variable calcom__history to true"):
        Macros("columns.sql", "duckdb", versioned).present_rows("t", False)
    with pytest.raises(ValueError, match="t holds no versions: set the variable calcom__history to false"):
        Macros("columns.sql", "duckdb", plain).present_rows("t", True)
    with pytest.raises(ValueError, match="There is no table t: sync it"):
        Macros("columns.sql", "duckdb", {}).staged_columns("t", DECLARED)
    with pytest.raises(ValueError, match="not for redshift"):
        Macros("columns.sql", "redshift", STORED).staged_columns("t", DECLARED)
