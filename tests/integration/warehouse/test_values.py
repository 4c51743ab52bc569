"""Values survive in every database, exactly; what a database refuses is replaced and counted."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calcom_provider.warehouse import Column, DeleteGuard, RunInfo, Table, Warehouse

TABLE = Table(
    "Odd Values",
    (
        Column("organization_id", "integer", nullable=False),
        Column("Key", "text", nullable=False),
        Column("select", "text"),
        Column("größe:x", "text"),
        Column("Count", "integer"),
        Column("ratio", "float"),
        Column("flag", "boolean"),
        Column("at", "timestamp"),
        Column("day", "date"),
        Column("data", "json"),
    ),
    key=("organization_id", "Key"),
)
BIG = json.dumps({"list": ["x" * 50] * 4000, "n": 2**40, "f": 0.1, "u": "\U0001f600é", "null": None})
ROWS: list[tuple[Any, ...]] = [
    (1, "a", "group", "ünïcödé \U0001f469\U0001f680", 2**62, 0.1, True, "2026-03-16T08:00:00.123Z",
     "2026-02-28", BIG),
    (1, "A", "'quote' \"double\" \\back\\ %s {x} :y", "tab\tline\ncr\r", -(2**62), -1e300, False,
     "2026-03-16T10:00:00.5+02:00", "1999-12-31", '"text"'),
    (1, "á", "", " ", 0, 0.0, None, datetime(2026, 3, 16, 8, 0, 0, 999_000, tzinfo=UTC), None, "12"),
    (1, "\\N", "\\.", "NULL", None, None, None, None, None, None),
    (1, "x;y", "日本語", "z" * 100_000, 1, 1.5, True, "1969-12-31T23:59:59.001Z", "2026-03-16", "[]"),
]  # fmt: skip


def read(url: str, table: str = "calcom_Odd Values") -> list[tuple[Any, ...]]:
    names = [column.name for column in TABLE.columns]
    if url.startswith("duckdb"):
        import duckdb

        with duckdb.connect(url.removeprefix("duckdb:///")) as connection:
            wanted = ", ".join(f'"{name}"' for name in names)
            return connection.execute(f'SELECT {wanted} FROM "{table}"').fetchall()
    if url.startswith(("delta", "iceberg")):
        from tests.plugins.lakehouses import query

        wanted = ", ".join(f'"{name}"' for name in names)
        return query(url, f'SELECT {wanted} FROM "{table}"')
    if url.startswith("snowflake"):
        from calcom_provider.warehouse.backends.snowflake.naming import quote as stored
        from tests.plugins.snowflakes import query as ask

        return ask(url, f"SELECT {', '.join(map(stored, names))} FROM {stored(table)}")
    if url.startswith("bigquery"):
        from tests.plugins.bigqueries import query as seek

        listed = ", ".join(f"`{name}`" for name in names[:-1])
        return seek(url, f"SELECT {listed}, TO_JSON_STRING(`{names[-1]}`) FROM `{table}`")
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    quote = engine.dialect.identifier_preparer.quote_identifier
    with engine.connect() as connection:
        wanted = [quote(name) for name in names]
        if url.startswith("postgresql"):
            wanted[-1] += "::text"
        statement = f"SELECT {', '.join(wanted)} FROM {quote(table)}"
        return [tuple(row) for row in connection.exec_driver_sql(statement)]


def plain(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Give a row in one form, however a driver reads times, booleans and JSON."""
    values = list(row)
    values[6] = None if values[6] is None else bool(values[6])
    values[7] = moment(values[7])
    values[8] = None if values[8] is None else str(values[8])[:10]
    values[9] = None if values[9] is None else json.loads(values[9])
    return tuple(values)


def moment(value: Any) -> datetime | None:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if value is None:
        return None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def load(url: str, rows: list[tuple[Any, ...]], generic: bool = False):  # type: ignore[no-untyped-def]
    warehouse = Warehouse(url, generic=generic)
    with warehouse.load(RunInfo(scope={"organization_id": 1})) as run:
        table = run.table(TABLE, resource="odd", deletes="remove", guard=DeleteGuard.off())
        table.write(rows)
        table.finish(complete=True)
        result = run.publish()[0]
    warehouse.close()
    return result


def by_key(rows: list[tuple[Any, ...]]) -> dict[str, tuple[Any, ...]]:
    return {row[1]: plain(row) for row in rows}


def test_values_survive(warehouse_url: str) -> None:
    result = load(warehouse_url, ROWS)
    assert (result.inserted, result.replaced_characters) == (5, 0)
    found = by_key(read(warehouse_url))
    assert found == {row[1]: plain(row) for row in ROWS}
    assert load(warehouse_url, ROWS).changed == 0


def test_values_survive_on_the_generic_path(sqlite_url: str) -> None:
    load(sqlite_url, ROWS, generic=True)
    assert by_key(read(sqlite_url)) == {row[1]: plain(row) for row in ROWS}
    assert load(sqlite_url, ROWS, generic=True).changed == 0


def test_refused_characters_are_replaced_and_counted(warehouse_url: str) -> None:
    rows = [
        (1, "ok", "fine", None, 1, None, None, None, None, '{"a":"\\u00e9\\\\u0000"}'),
        (1, "nul", "a\0b", None, 1, None, None, None, None, '{"a":"x\\u0000y"}'),
        (1, "lone", "a\ud800b", "\udfff", 1, None, None, None, None, '{"a":"\\ud83d\\ude00 \\ud83dz"}'),
    ]
    result = load(warehouse_url, rows)
    found = by_key(read(warehouse_url))
    assert found["ok"][2] == "fine"
    assert found["ok"][9] == {"a": "é\\u0000"}
    assert found["lone"][2:4] == ("a\ufffdb", "\ufffd")
    if warehouse_url.startswith("postgresql"):
        assert found["nul"][2] == "a\ufffdb"
        assert found["nul"][9] == {"a": "x\ufffdy"}
        assert result.replaced_characters == 5
    elif warehouse_url.startswith(("snowflake", "bigquery")):
        assert found["nul"][2] == "a\0b"
        assert found["nul"][9] == {"a": "x\ufffdy"}
        assert result.replaced_characters == 4
    else:
        assert found["nul"][2] == "a\0b"
        assert found["nul"][9] == {"a": "x\0y"}
        assert result.replaced_characters >= 2
    if not warehouse_url.startswith("sqlite"):
        assert found["lone"][9] == {"a": "\U0001f600 \ufffdz"}
    # The record of the run says so too, and what was replaced does not look changed the next time.
    assert load(warehouse_url, rows).changed == 0


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_any_text_survives(kind: str, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue({"postgresql": "postgres_url"}.get(kind, f"{kind}_url"))
    texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
    json_values = st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
        max_leaves=8,
    )

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.dictionaries(texts, st.tuples(texts, texts, json_values), min_size=1, max_size=8))
    def check(drawn: dict[str, tuple[str, str, Any]]) -> None:
        rows = [(1, k, a, b, None, None, None, None, None, json.dumps(v)) for k, (a, b, v) in drawn.items()]
        load(url, rows)
        found = {row[1]: row for row in read(url)}
        assert {key: row[2:4] for key, row in found.items()} == {k: (a, b) for k, (a, b, _) in drawn.items()}
        for key, (_, _, value) in drawn.items():
            held = found[key][9]
            assert json.loads(held) == value

    check()
