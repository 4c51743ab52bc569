"""SQL functions that each database spells in its own way, as SQLAlchemy constructs.

Times are UTC and days are civil days, in the column types of the warehouse: SQLite keeps both as text. A
select made of them is turned into the text of one database by :func:`sql_text`, literals included, since a
view takes no parameters.
"""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class DuckDialect(PGDialect):
    """Spell what DuckDB shares with PostgreSQL; its functions are spelled below."""

    name = "duckdb"
    supports_statement_cache = True
    """Whether compiled statements may be kept."""


DIALECTS = {
    "sqlite": sqlite.dialect,
    "postgresql": postgresql.dialect,
    "mysql": mysql.dialect,
    "duckdb": DuckDialect,
}


_SAME_ORGANIZATION = re.compile(r"(\w+\.organization_id) = (\w+\.organization_id)")


def sql_text(statement: sa.ClauseElement, backend: str) -> str:
    """Spell a statement for one database, with its values in the text.

    :param statement: Select or expression.
    :param backend: Name of a backend, as in its capabilities.
    :raises KeyError: for a database that the views are not made for.
    """
    # Named parameters keep the percent sign single.
    dialect = DIALECTS[backend](paramstyle="named")
    # A backslash in a text is taken as it is: the sessions of the warehouse set MySQL to that.
    dialect._backslash_escapes = False
    text = str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    # Every key begins with the organisation, of which there is often one: SQLite, which knows no better, would look
    # up all its rows again and again. A plus hides the column from that key, and it makes an index of its own.
    return _SAME_ORGANIZATION.sub(r"+\1 = +\2", text) if backend == "sqlite" else text


class utc_date(FunctionElement[Any]):  # noqa: N801 - reads as a function of SQL
    """Give the day of a time in UTC: ``utc_date(time)``."""

    type, inherit_cache = sa.Date(), True


class day_start(FunctionElement[Any]):  # noqa: N801
    """Give the first moment of a day in UTC, to compare times with: ``day_start(day)``."""

    type, inherit_cache = sa.DateTime(), True


class add_days(FunctionElement[Any]):  # noqa: N801
    """Move a day: ``add_days(day, number)``."""

    type, inherit_cache = sa.Date(), True


class add_minutes(FunctionElement[Any]):  # noqa: N801
    """Move a time: ``add_minutes(time, number)``."""

    type, inherit_cache = sa.DateTime(), True


class days_between(FunctionElement[Any]):  # noqa: N801
    """Count the days from one day to another: ``days_between(first, last)``."""

    type, inherit_cache = sa.BigInteger(), True


class minutes_between(FunctionElement[Any]):  # noqa: N801
    """Count the full minutes from one time to another, cut towards zero, parts of seconds left out."""

    type, inherit_cache = sa.BigInteger(), True


class json_text(FunctionElement[Any]):  # noqa: N801
    """Give a scalar of a JSON document as text: ``json_text(document, "key", "key")``.

    Null for JSON null and for a path that is not there; ``true`` and ``false`` for truth values.
    """

    type, inherit_cache = sa.Text(), True

    def __init__(self, document: Any, *path: str) -> None:
        super().__init__(document, *(sa.literal(part, sa.Text()) for part in path))


class short_text(FunctionElement[Any]):  # noqa: N801
    """Give a text of at most 255 characters as one that a database can make an index of: ``short_text(text)``."""

    type, inherit_cache = sa.Text(), True


class percent(FunctionElement[Any]):  # noqa: N801
    """Give a part of a whole in percent, as a float; null of nothing: ``percent(part, whole)``."""

    type, inherit_cache = sa.Double(), True


class utc_today(FunctionElement[Any]):  # noqa: N801
    """Give the present day in UTC: ``utc_today()``."""

    type, inherit_cache = sa.Date(), True


class utc_now(FunctionElement[Any]):  # noqa: N801
    """Give the present time in UTC, to compare times with: ``utc_now()``."""

    type, inherit_cache = sa.DateTime(), True


class from_epoch(FunctionElement[Any]):  # noqa: N801
    """Give the time that lies some seconds after the begin of 1970: ``from_epoch(seconds)``."""

    type, inherit_cache = sa.DateTime(), True


class holds_text(FunctionElement[Any]):  # noqa: N801
    """Tell whether a text, or a JSON document as text, holds another: ``holds_text(document, part)``."""

    type, inherit_cache = sa.Boolean(), True


def clock_minutes(text: Any) -> Any:
    """Give the minutes since midnight of a time of the day such as ``09:30``."""
    hours, minutes = (sa.cast(sa.func.substr(text, at, 2), sa.Integer()) for at in (1, 4))
    return hours * 60 + minutes


def local_date(time: Any, offset_minutes: Any) -> utc_date:
    """Give the civil day of a time where clocks differ from UTC by some minutes."""
    return utc_date(add_minutes(time, offset_minutes))


def _parts(element: FunctionElement[Any], compiler: Any, **kw: Any) -> list[str]:
    return [compiler.process(clause.self_group(), **kw) for clause in element.clauses]


def _spell(construct: type[FunctionElement[Any]], **texts: str) -> None:
    """Register the spelling of a construct for each database; ``{0}`` is its first argument."""
    for name, text in texts.items():

        def spelled(element: Any, compiler: Any, text: str = text, **kw: Any) -> str:
            return text.format(*_parts(element, compiler, **kw))

        compiles(construct, name)(spelled)


_spell(
    utc_date,
    sqlite="date({0})",
    postgresql="CAST(({0}) AT TIME ZONE 'UTC' AS date)",
    mysql="DATE({0})",
    duckdb="CAST(({0}) AS DATE)",
)
_spell(
    day_start,
    sqlite="(({0}) || ' 00:00:00.000')",
    postgresql="(CAST(({0}) AS timestamp) AT TIME ZONE 'UTC')",
    mysql="CAST(({0}) AS DATETIME(3))",
    duckdb="CAST(({0}) AS TIMESTAMP)",
)
_spell(
    add_days,
    sqlite="date({0}, ({1}) || ' days')",
    postgresql="(CAST(({0}) AS date) + CAST(({1}) AS integer))",
    mysql="DATE_ADD(CAST(({0}) AS DATE), INTERVAL ({1}) DAY)",
    duckdb="(CAST(({0}) AS DATE) + CAST(({1}) AS INTEGER))",
)
_spell(
    add_minutes,
    sqlite="strftime('%Y-%m-%d %H:%M:%f', {0}, ({1}) || ' minutes')",
    postgresql="(({0}) + make_interval(mins => CAST(({1}) AS integer)))",
    mysql="DATE_ADD({0}, INTERVAL ({1}) MINUTE)",
    duckdb="(({0}) + to_minutes(CAST(({1}) AS BIGINT)))",
)
_spell(
    days_between,
    sqlite="CAST(julianday({1}) - julianday({0}) AS INTEGER)",
    postgresql="(CAST(({1}) AS date) - CAST(({0}) AS date))",
    mysql="DATEDIFF({1}, {0})",
    duckdb="date_diff('day', CAST(({0}) AS DATE), CAST(({1}) AS DATE))",
)
_spell(
    minutes_between,
    sqlite="((CAST(strftime('%s', {1}) AS INTEGER) - CAST(strftime('%s', {0}) AS INTEGER)) / 60)",
    postgresql=(
        "CAST(trunc((floor(extract(epoch FROM {1})) - floor(extract(epoch FROM {0}))) / 60) AS bigint)"
    ),
    # The bounds are cut to seconds one by one, so that parts of seconds count nowhere.
    mysql="(TIMESTAMPDIFF(SECOND, '1970-01-01', {1}) - TIMESTAMPDIFF(SECOND, '1970-01-01', {0})) DIV 60",
    duckdb="CAST(trunc((floor(epoch({1})) - floor(epoch({0}))) / 60) AS BIGINT)",
)
_spell(
    short_text,
    sqlite="{0}",
    postgresql="{0}",
    mysql="CAST({0} AS CHAR(255)) COLLATE utf8mb4_bin",
    duckdb="{0}",
)
_spell(
    percent,
    sqlite="(100.0 * ({0}) / nullif({1}, 0))",
    postgresql="(CAST(100 AS double precision) * ({0}) / nullif({1}, 0))",
    mysql="(1e2 * ({0}) / nullif({1}, 0))",  # with an exponent a literal is a float there
    duckdb="(CAST(100 AS DOUBLE) * ({0}) / nullif({1}, 0))",
)
_spell(
    utc_today,
    sqlite="date('now')",
    postgresql="CAST((now() AT TIME ZONE 'UTC') AS date)",
    mysql="UTC_DATE()",
    duckdb="CAST(make_timestamp(epoch_us(now())) AS DATE)",
)
_spell(
    utc_now,
    sqlite="strftime('%Y-%m-%d %H:%M:%f', 'now')",
    postgresql="now()",
    mysql="UTC_TIMESTAMP(3)",
    duckdb="make_timestamp(epoch_us(now()))",
)
_spell(
    from_epoch,
    sqlite="strftime('%Y-%m-%d %H:%M:%f', {0}, 'unixepoch')",
    postgresql="to_timestamp({0})",
    # Not FROM_UNIXTIME: that gives the time of the session's zone.
    mysql="DATE_ADD(CAST('1970-01-01' AS DATETIME(3)), INTERVAL ({0}) * 1000000 MICROSECOND)",
    duckdb="make_timestamp(CAST(({0}) * 1000000 AS BIGINT))",
)
_spell(
    holds_text,
    sqlite="(instr(CAST({0} AS TEXT), {1}) > 0)",
    postgresql="(strpos(CAST({0} AS text), {1}) > 0)",
    mysql="(INSTR(CAST({0} AS CHAR) COLLATE utf8mb4_bin, {1}) > 0)",
    duckdb="contains(CAST({0} AS VARCHAR), {1})",
)


def _json_path(element: json_text) -> str:
    keys = [clause.value for clause in list(element.clauses)[1:]]  # type: ignore[attr-defined]
    if any('"' in key or "\\" in key or "'" in key for key in keys):
        raise ValueError("a JSON key with a quote or a backslash cannot be asked for")
    return "$" + "".join(f'."{key}"' for key in keys)


def _document(element: json_text, compiler: Any, **kw: Any) -> str:
    return str(compiler.process(next(iter(element.clauses)).self_group(), **kw))


@compiles(json_text, "sqlite")
def _json_sqlite(element: json_text, compiler: Any, **kw: Any) -> str:
    document, path = _document(element, compiler, **kw), _json_path(element)
    kind = f"json_type({document}, '{path}')"
    # SQLite gives truth values as 1 and 0.
    return (
        f"CASE WHEN {kind} IN ('true', 'false') THEN {kind}"
        f" ELSE CAST(json_extract({document}, '{path}') AS TEXT) END"
    )


@compiles(json_text, "postgresql")
def _json_postgresql(element: json_text, compiler: Any, **kw: Any) -> str:
    keys = _json_path(element).removeprefix("$.").replace('"."', '","')
    return f"({_document(element, compiler, **kw)} #>> '{{{keys}}}')"


@compiles(json_text, "mysql")
def _json_mysql(element: json_text, compiler: Any, **kw: Any) -> str:
    found = f"JSON_EXTRACT({_document(element, compiler, **kw)}, '{_json_path(element)}')"
    # JSON null is no SQL null there.
    return f"CASE WHEN JSON_TYPE({found}) <> 'NULL' THEN JSON_UNQUOTE({found}) END"


@compiles(json_text, "duckdb")
def _json_duckdb(element: json_text, compiler: Any, **kw: Any) -> str:
    return f"json_extract_string({_document(element, compiler, **kw)}, '{_json_path(element)}')"
