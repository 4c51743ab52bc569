"""bqemulator, with what it does otherwise than BigQuery set right where these tests meet it.

Its start asks the internet for an extension that these tests do without. It binds no parameters in a script, answers
what a script raises as a fault of its own, takes bytes for their base64, refuses a space in a table's name, does not
find a table without its dataset in a condition of a script, nor in a statement with a parameter and an empty text, and
what it tells of tables and columns takes seconds, breaks off over a quote, and is that of before an ALTER TABLE.

It is run by the Python of its own environment, in which nothing else of this project is installed.
"""

from __future__ import annotations

import base64
import re
import sys
from contextvars import ContextVar
from typing import Any

from bqemulator.api.routes import jobs
from bqemulator.cli import main
from bqemulator.jobs import executor
from bqemulator.scripting import interpreter
from bqemulator.scripting.exceptions import ScriptRaise
from bqemulator.sql import inner_query, parameters
from bqemulator.storage import sql_identifiers
from bqemulator.storage.engine import DuckDBEngine

_engines: list[DuckDBEngine] = []
_of_script: ContextVar[Any] = ContextVar("parameters of the script that runs", default=None)
_bind = interpreter.bind_parameters
_rewrite = executor.rewrite_table_refs
_apply = jobs._apply_default_dataset
_run_body = executor._run_query_body

_CATALOGUE = re.compile(r"`(\w+)`\.INFORMATION_SCHEMA\.(COLUMNS|TABLES|VIEWS)")
_BARE = re.compile(r"\b(FROM|JOIN|INTO|UPDATE) (`[^`]+`|[A-Za-z_]\w*)(?=[ ;)\n]|$)")
_TYPES = {
    "BIGINT": "INT64",
    "VARCHAR": "STRING",
    "DOUBLE": "FLOAT64",
    "BOOLEAN": "BOOL",
    "BLOB": "BYTES",
    "TIMESTAMP": "DATETIME",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP",
}
_NAMED = " ".join(f"WHEN '{theirs}' THEN '{ours}'" for theirs, ours in _TYPES.items())
_VIEWS = {
    "COLUMNS": "SELECT table_name, column_name, ordinal_position,"
    f" CASE data_type {_NAMED} ELSE data_type END AS data_type FROM information_schema.columns",
    "TABLES": "SELECT table_name, table_type FROM information_schema.tables",
    "VIEWS": "SELECT view_name AS table_name, sql AS view_definition FROM (SELECT *, schema_name AS table_schema"
    " FROM duckdb_views())",
}


def _load_spatial(engine: DuckDBEngine) -> None:
    _engines.append(engine)


async def _run_query_body(**given: Any) -> Any:
    _of_script.set(given["query_params"] if given["is_scripted"] else None)
    try:
        return await _run_body(**given)
    except ScriptRaise as raised:
        raise raised.error from None


def _expand_information_schema(bq_sql: str, project: str, _catalog: Any) -> str:
    """Ask DuckDB itself."""

    def asked(match: re.Match[str]) -> str:
        schema, name = f"{project}__{match[1]}", f"emulated_{match[2].lower()}"
        _engines[-1].execute(
            f'CREATE VIEW IF NOT EXISTS "{schema}"."{name}" AS SELECT * FROM ({_VIEWS[match[2]]}'
            f" WHERE table_schema = '{schema}') WHERE table_name NOT LIKE 'emulated_%'"
        )
        return f"`{match[1]}`.`{name}`"

    return _CATALOGUE.sub(asked, bq_sql)


def _rewrite_table_refs(duckdb_sql: str, project: str) -> str:
    """Let parameters look like columns meanwhile: a dollar sign and an empty text read as something else."""
    hidden = re.sub(r"\$(p\d+)\b", r"__parameter_\1", duckdb_sql)
    return re.sub(r"__parameter_(p\d+)\b", r"$\1", _rewrite(hidden, project))


def _apply_default_dataset(bq_sql: str, *given: Any, **named: Any) -> str:
    """Leave names of the catalogue as they were written, and put the dataset before all others of a script."""
    if "INFORMATION_SCHEMA" in bq_sql:
        return bq_sql
    if "BEGIN TRANSACTION" in bq_sql:
        dataset = given[0].get("defaultDataset", {}).get("datasetId", "")
        return _BARE.sub(rf"\1 `{dataset}`.\2", bq_sql) if dataset else bq_sql
    return str(_apply(bq_sql, *given, **named))


def start() -> None:
    DuckDBEngine._load_spatial = _load_spatial
    interpreter.bind_parameters = lambda sql, _: _bind(sql, _of_script.get())
    sql_identifiers._SQL_SAFE_ID_RE = re.compile(r"^[\w -]{1,1024}$")
    parameters._SCALAR_CONVERTERS["BYTES"] = base64.b64decode
    inner_query.expand_information_schema = _expand_information_schema
    executor.rewrite_table_refs = interpreter.rewrite_table_refs = _rewrite_table_refs
    jobs._apply_default_dataset = _apply_default_dataset
    executor._run_query_body = _run_query_body
    sys.argv = ["bqemulator", "start", "--rest-port", sys.argv[1], "--grpc-port", "0", "--log-level", "error"]
    main()


if __name__ == "__main__":
    start()
