"""A stand-in for BigQuery: it records every job and runs it in DuckDB, as far as the backend goes.

It proves what the backend says and in which order, and what comes out of it; what BigQuery makes of it is tried with
bqemulator (`make test-cloud`).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC
from pathlib import Path
from typing import Any

import duckdb

from calcom_provider.warehouse.backends.bigquery.connecting import Answer, BigQueryTarget
from calcom_provider.warehouse.backends.bigquery.statements import Parameter, Rows, Values

TYPES = {
    "INT64": "BIGINT",
    "FLOAT64": "DOUBLE",
    "STRING": "VARCHAR",
    "BOOL": "BOOLEAN",
    "TIMESTAMP": "TIMESTAMPTZ",
    "BYTES": "BLOB",
}
NAMED = " ".join(f"WHEN '{theirs}' THEN '{ours}'" for ours, theirs in TYPES.items())
CATALOGUE = (
    "CREATE SCHEMA information",
    "CREATE VIEW information.columns AS SELECT table_name, column_name, ordinal_position, CASE data_type"
    f" {NAMED} WHEN 'TIMESTAMP WITH TIME ZONE' THEN 'TIMESTAMP' ELSE data_type END AS data_type"
    " FROM information_schema.columns WHERE table_schema = 'dwh'",
    "CREATE VIEW information.tables AS SELECT table_name, table_type FROM information_schema.tables"
    " WHERE table_schema = 'dwh'",
    "CREATE MACRO to_json_string(x) AS CAST(to_json(x) AS VARCHAR)",
)
BILLED = 10_000_000


class BadRequest(Exception):  # noqa: N818
    """Carry what the client's errors carry."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(text)
        self.errors = [{"reason": reason, "message": text}]


BadRequest.__module__ = "google.api_core.exceptions"


class Project:
    """Keep the tables of a dataset, and what was said to it.

    :ivar said: text, values and labels of every job, in order.
    :ivar calls: what else was asked.
    :ivar trouble: called with each text before it runs; may raise.
    """

    def __init__(self) -> None:
        self.database = duckdb.connect(":memory:")
        self.database.execute("SET TimeZone = 'UTC'")
        for statement in CATALOGUE:
            self.database.execute(statement)
        self.said: list[tuple[str, dict[str, Any], Mapping[str, str]]] = []
        self.calls: list[tuple[str, ...]] = []
        self.trouble: Callable[[str], None] = lambda text: None
        self.closed = self.opened = 0
        self.there = False
        self.lock = threading.RLock()

    def target(self, project: str = "prod", dataset: str = "dwh") -> BigQueryTarget:
        return BigQueryTarget(self.connect, project, dataset)

    def connect(self, dataset: str) -> Asked:
        self.opened += 1
        return Asked(self, dataset)

    def texts(self, *verbs: str) -> list[str]:
        return [text for text, _, _ in self.said if not verbs or text.startswith(verbs)]

    def scripts(self) -> list[list[str]]:
        """Give the statements of each transaction that was sent."""
        return [text.split(";\n") for text in self.texts("BEGIN TRANSACTION")]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self.lock:
            cursor = self.database.cursor()
            cursor.execute("USE dwh")
            return asked(cursor, sql.replace("`", '"'))


class Asked:
    """Imitate a connection; one job after the other, and a script as a whole or not at all."""

    def __init__(self, project: Project, dataset: str) -> None:
        assert dataset == "dwh"
        self.project = project
        self.duck = project.database.cursor()

    def run(self, text: str, params: Sequence[Parameter], labels: Mapping[str, str]) -> Answer:
        with self.project.lock:
            values = {one.name: one.value for one in params}
            self.project.said.append((text, values, labels))
            self.project.trouble(text)
            try:
                if text.startswith(("BEGIN TRANSACTION", "DECLARE found")):
                    return Answer(self._script(text, values), 0, BILLED)
                rows, changed = self._one(text, values)
                return Answer(rows, changed, BILLED)
            except duckdb.Error as error:
                raise BadRequest(str(error), "invalidQuery") from None

    def _script(self, text: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
        found = None
        try:
            for part in re.sub(r"; END IF", " END IF", text).split(";\n"):
                if part.startswith("DECLARE") or part == "SELECT found":
                    continue
                if raised := re.match(r"IF (.*) THEN RAISE USING MESSAGE = '(.*)' END IF$", part, re.DOTALL):
                    if self._one(f"SELECT {raised[1]}", values)[0][0][0]:
                        raise BadRequest(raised[2], "invalidQuery")
                elif part.startswith("SET found = "):
                    found = self._one(f"SELECT {part.removeprefix('SET found = ')}", values)[0][0][0]
                else:
                    assert not part.startswith(("CREATE", "ALTER", "DROP")), "no DDL in a transaction"
                    self._one(part.removesuffix(" TRANSACTION"), values)
        except BaseException:
            self.duck.execute("ROLLBACK")
            raise
        return [(found,)]

    def _one(self, text: str, values: dict[str, Any]) -> tuple[list[tuple[Any, ...]], int]:
        self.duck.execute("USE dwh" if self.project.there else "USE main")
        given = {name: _given(values[name]) for name in dict.fromkeys(re.findall(r"@(p\d+)", text))}
        spelled = _spelled(text, values)
        rows = asked(self.duck, spelled, given)
        changed = text.startswith(("INSERT", "UPDATE", "DELETE"))
        return ([], rows[0][0]) if changed else (rows, 0)

    def load(self, file: Path, table: str, labels: Mapping[str, str]) -> None:
        with self.project.lock:
            self.project.calls.append(("load", table))
            self.project.trouble(f"load {table}")
            self.duck.execute(f"INSERT INTO dwh.\"{table}\" BY NAME SELECT * FROM read_parquet('{file}')")

    def make_stage(self, name: str, columns: Mapping[str, str]) -> None:
        with self.project.lock:
            self.project.calls.append(
                ("make_stage", name, *(f"{one} {kind}" for one, kind in columns.items()))
            )
            parts = ", ".join(f'"{column}" {TYPES.get(kind, kind)}' for column, kind in columns.items())
            self.duck.execute(f'CREATE OR REPLACE TABLE dwh."{name}" ({parts})')

    def drop(self, name: str) -> None:
        with self.project.lock:
            self.project.calls.append(("drop", name))
            self.duck.execute(f'DROP TABLE IF EXISTS dwh."{name}"')

    def names(self, prefix: str) -> list[str]:
        with self.project.lock:
            found = self.duck.execute("SELECT table_name FROM information.tables").fetchall()
        return [name for (name,) in found if name.startswith(prefix)]

    def has_dataset(self) -> bool:
        return self.project.there

    def make_dataset(self) -> None:
        with self.project.lock:
            self.project.calls.append(("make_dataset",))
            self.duck.execute("CREATE SCHEMA IF NOT EXISTS dwh")
            self.project.there = True

    def close(self) -> None:
        self.project.closed += 1


def asked(cursor: Any, text: str, given: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
    """Return the rows of a statement, times with their zone; DuckDB itself needs a package more to give those."""
    cursor.execute(text, given or None)
    kinds = [str(kind) for _, kind, *_ in cursor.description or ()]
    zoned = {place for place, kind in enumerate(kinds) if kind == "TIMESTAMP WITH TIME ZONE"}
    if not zoned:
        return list(cursor.fetchall())
    names = ", ".join(f"c{place}" for place in range(len(kinds)))
    plain = ", ".join(f"c{place}::TIMESTAMP AS c{place}" for place in sorted(zoned))
    cursor.execute(f"SELECT * REPLACE ({plain}) FROM ({text}) AS found({names})", given or None)
    return [
        tuple(
            one.replace(tzinfo=UTC) if place in zoned and one is not None else one
            for place, one in enumerate(row)
        )
        for row in cursor.fetchall()
    ]


def _given(value: Any) -> Any:
    if isinstance(value, Values):
        return list(value.values)
    if isinstance(value, Rows):
        return [{f"c{place}": one for place, one in enumerate(row)} for row in value.rows]
    return value


def _spelled(text: str, values: Mapping[str, Any]) -> str:
    def listed(match: re.Match[str]) -> str:
        value = values[match[1]]
        assert isinstance(value, Rows)
        kinds = ", ".join(f"c{place} {TYPES.get(kind, kind)}" for place, kind in enumerate(value.types))
        return "(SELECT UNNEST(CAST($" + match[1] + f" AS STRUCT({kinds})[])) AS {match[2]}) {match[2]}"

    text = re.sub(r"FROM UNNEST\(@(p\d+)\) (\w)\b", lambda m: "FROM " + listed(m), text)
    text = re.sub(r"\br\.c(\d+)", r"r.r.c\1", text)
    text = re.sub(r"\bl\.c(\d+)", r"l.l.c\1", text)
    text = re.sub(r"IN UNNEST\(@(p\d+)\)", r"IN (SELECT UNNEST($\1))", text)
    text = re.sub(r"@(p\d+)", r"$\1", text)
    text = re.sub(r"PARSE_JSON\((.*?), wide_number_mode=>'round'\)", r"CAST(\1 AS JSON)", text)
    text = re.sub(r" OPTIONS ?\(description='(?:[^'\\]|\\.)*'\)", "", text)
    text = re.sub(r"^ALTER TABLE \S+ SET$", "SELECT 1", text)
    text = re.sub(r" CLUSTER BY `\w+`", "", text)
    text = re.sub(r"`dwh`\.INFORMATION_SCHEMA\.(\w+)", lambda m: f"information.{m[1].lower()}", text)
    if text.startswith(("CREATE TABLE", "ALTER TABLE")):
        for ours, theirs in TYPES.items():
            text = re.sub(rf"\b{ours}\b", theirs, text)
    return text.replace(r"'\n'", "chr(10)").replace("`", '"')
