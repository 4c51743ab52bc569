"""The databases that the dbt package is written for, and how each spells the views' SQL.

PostgreSQL, DuckDB and Snowflake are spelled by their own backends. BigQuery has a spelling here. Times are
``TIMESTAMP_NTZ`` in UTC on Snowflake and ``TIMESTAMP`` on BigQuery, which is what the staging models make of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.sql.compiler import GenericTypeCompiler, IdentifierPreparer, SQLCompiler
from sqlalchemy.sql.selectable import _CompoundSelectKeyword

from calcom_provider.warehouse.backends.duckdb import DuckViews
from calcom_provider.warehouse.backends.postgresql import PostgresViews
from calcom_provider.warehouse.backends.snowflake.views import SnowflakeViews
from calcom_provider.warehouse.backends.views import Views, json_path


def _types(**names: str) -> type[GenericTypeCompiler]:
    """Make what spells the types of SQLAlchemy, by their names."""
    made = {f"visit_{kind}": lambda self, type_, name=name, **kw: name for kind, name in names.items()}
    return type("_Types", (GenericTypeCompiler,), made)


_BigQueryTypes = _types(
    DOUBLE="FLOAT64", TEXT="STRING", DATETIME="TIMESTAMP", BIGINT="INT64", INTEGER="INT64", BOOLEAN="BOOL"
)


class _Backticks(IdentifierPreparer):
    #: Of BigQuery's reserved words those that are names of columns or aliases here.
    reserved_words: ClassVar[set[str]] = {"at", "current", "exists", "hash", "new", "rows", "select"}  # type: ignore[misc]

    def __init__(self, dialect: Any) -> None:
        super().__init__(dialect, initial_quote="`")


class _BigQueryCompiler(SQLCompiler):
    """Say that a UNION leaves out repeated rows: BigQuery wants that said."""

    compound_keywords: ClassVar[dict[Any, str]] = {  # type: ignore[misc]
        **SQLCompiler.compound_keywords,
        _CompoundSelectKeyword.UNION: "UNION DISTINCT",
    }


class _BigQueryDialect(DefaultDialect):
    name = "bigquery"
    statement_compiler = _BigQueryCompiler
    type_compiler_cls = _BigQueryTypes
    preparer = _Backticks
    supports_native_boolean = True
    supports_statement_cache = True


class _Compiled(Views):
    """Spell views for a database that this project has no backend for."""

    relation_query = columns_query = ""
    dialect_class: ClassVar[type[DefaultDialect]]

    def dialect(self) -> Any:
        return self.dialect_class(paramstyle="named")


class BigQueryViews(_Compiled):
    """Spell the views' SQL for BigQuery."""

    dialect_class = _BigQueryDialect
    functions: ClassVar[Mapping[str, str]] = {
        "utc_date": "CAST(({0}) AS DATE)",
        "day_start": "CAST(({0}) AS TIMESTAMP)",
        "add_days": "DATE_ADD(CAST(({0}) AS DATE), INTERVAL CAST(({1}) AS INT64) DAY)",
        "add_minutes": "TIMESTAMP_ADD({0}, INTERVAL CAST(({1}) AS INT64) MINUTE)",
        "days_between": "DATE_DIFF({1}, {0}, DAY)",
        "minutes_between": (
            "CAST(TRUNC((UNIX_SECONDS(TIMESTAMP_TRUNC({1}, SECOND))"
            " - UNIX_SECONDS(TIMESTAMP_TRUNC({0}, SECOND))) / 60) AS INT64)"
        ),
        "short_text": "{0}",
        "percent": "(CAST(100 AS FLOAT64) * ({0}) / NULLIF({1}, 0))",
        "utc_today": "CURRENT_DATE()",
        "utc_now": "CURRENT_TIMESTAMP()",
        "from_epoch": "TIMESTAMP_MICROS(CAST(({0}) * 1000000 AS INT64))",
        "holds_text": "(STRPOS(CAST({0} AS STRING), {1}) > 0)",
        "text_position": "STRPOS({0}, {1})",
    }

    def json_text(self, document: str, keys: Sequence[str]) -> str:
        return f"JSON_VALUE({document}, '{json_path(keys)}')"

    def json_listed(self, document: str, key: str, field: str, flag: str) -> str:
        text = self.json_text("one", [field])
        return (
            f"(SELECT STRING_AGG(DISTINCT {text}, ', ' ORDER BY {text})"
            f" FROM UNNEST(JSON_QUERY_ARRAY({document}, '{json_path([key])}')) AS one"
            f" WHERE {self.json_text('one', [flag])} = 'false')"
        )


TARGETS: Mapping[str, Views] = {
    "postgres": PostgresViews(),
    "duckdb": DuckViews(),
    "snowflake": SnowflakeViews(),
    "bigquery": BigQueryViews(),
}
"""Name of the target's type in dbt -> its spelling."""
