"""How reporting views are spelled, made and looked up in Snowflake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from calcom_provider.warehouse.backends.protocols import SessionLike
from calcom_provider.warehouse.backends.snowflake.naming import stored
from calcom_provider.warehouse.backends.views import Views

if TYPE_CHECKING:
    import sqlalchemy as sa


class SnowflakeViews(Views):
    """Spell, make and look up views; times are ``TIMESTAMP_NTZ`` in UTC."""

    functions: ClassVar[Mapping[str, str]] = {
        "utc_date": "CAST(({0}) AS DATE)",
        "day_start": "CAST(({0}) AS TIMESTAMP_NTZ)",
        "add_days": "DATEADD(day, {1}, CAST(({0}) AS DATE))",
        "add_minutes": "DATEADD(minute, {1}, {0})",
        "days_between": "DATEDIFF(day, {0}, {1})",
        # The difference in seconds counts the seconds that begin in between, whatever the parts of a second.
        "minutes_between": "CAST(TRUNC(DATEDIFF(second, {0}, {1}) / 60) AS BIGINT)",
        "short_text": "{0}",
        "percent": "(CAST(100 AS DOUBLE) * ({0}) / NULLIF({1}, 0))",
        "utc_today": "CAST(SYSDATE() AS DATE)",
        "utc_now": "SYSDATE()",
        "from_epoch": "DATEADD(microsecond, CAST(({0}) * 1000000 AS BIGINT), CAST('1970-01-01' AS TIMESTAMP_NTZ))",
        "holds_text": "CONTAINS(CAST({0} AS VARCHAR), {1})",
        "text_position": "POSITION({1}, {0})",
    }
    relation_query = (
        "SELECT 'view' FROM information_schema.views WHERE table_name = :name AND table_schema = {schema}"
        " UNION ALL SELECT 'table' FROM information_schema.tables"
        " WHERE table_name = :name AND table_schema = {schema} AND table_type <> 'VIEW'"
    )
    columns_query = (
        "SELECT column_name, data_type FROM information_schema.columns"
        " WHERE table_name = :name AND table_schema = {schema} ORDER BY ordinal_position"
    )
    schema_query = "SELECT 1 FROM information_schema.schemata WHERE schema_name = {schema}"
    here = "CURRENT_SCHEMA()"
    casts = True

    def dialect(self) -> sa.Dialect:
        from calcom_provider.warehouse.backends.snowflake.dialect import SnowflakeDialect

        return SnowflakeDialect(paramstyle="named")

    def stored(self, name: str) -> str:
        return stored(name)

    def put(self, session: SessionLike, name: str, text: str) -> bool:
        session.execute(f"CREATE OR REPLACE VIEW {session.backend.qualify(name)} COPY GRANTS AS {text}")
        return False

    def json_text(self, document: str, keys: Sequence[str]) -> str:
        path = "".join(f'["{key}"]' for key in keys)
        return f"CAST(GET_PATH({document}, '{path}') AS VARCHAR)"

    def json_listed(self, document: str, key: str, field: str, flag: str) -> str:
        refusing = f"FILTER(CAST(GET_PATH(PARSE_JSON({document}), '[\"{key}\"]') AS ARRAY),"
        refusing += f" one -> NOT CAST(GET_PATH(one, '[\"{flag}\"]') AS BOOLEAN))"
        named = f"TRANSFORM({refusing}, one -> CAST(GET_PATH(one, '[\"{field}\"]') AS VARCHAR))"
        return f"NULLIF(ARRAY_TO_STRING(ARRAY_SORT(ARRAY_DISTINCT({named})), ', '), '')"
