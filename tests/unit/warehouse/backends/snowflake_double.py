"""A stand-in for Snowflake's connector: it records every statement and runs it in DuckDB, as far as the backend goes.

It proves what the backend says and in which order, and what comes out of it; what Snowflake makes of it is tried with
fakesnow (`make test-cloud`).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from calcom_provider.warehouse.backends.snowflake.connecting import SnowflakeTarget

TYPES = {
    "NUMBER(38,0)": "BIGINT",
    "TIMESTAMP_NTZ(3)": "TIMESTAMP",
    "FLOAT": "DOUBLE",
    "VARIANT": "JSON",
    "BINARY": "BLOB",
}
MACROS = (
    "CREATE MACRO parse_json(x) AS CAST(x AS JSON)",
    "CREATE MACRO startswith(x, y) AS starts_with(x, y)",
)
NAMED = (
    "CASE c.data_type WHEN 'BIGINT' THEN 'NUMBER' WHEN 'DOUBLE' THEN 'FLOAT' WHEN 'VARCHAR' THEN 'TEXT'"
    " WHEN 'TIMESTAMP' THEN 'TIMESTAMP_NTZ' WHEN 'JSON' THEN 'VARIANT' WHEN 'BLOB' THEN 'BINARY'"
    " ELSE c.data_type END"
)


class ProgrammingError(Exception):
    """Carry what the connector's errors carry."""

    def __init__(self, text: str, errno: int, sqlstate: str) -> None:
        super().__init__(text)
        self.errno, self.sqlstate = errno, sqlstate


ProgrammingError.__module__ = "snowflake.connector.errors"


class Account:
    """Keep the tables of an account, and what was said to it.

    :ivar said: every statement with its values, in order.
    :ivar trouble: called with each statement before it runs; may raise.
    """

    def __init__(self) -> None:
        self.database = duckdb.connect(":memory:")
        for macro in MACROS:
            self.database.execute(macro)
        self.said: list[tuple[str, list[Any]]] = []
        self.parameters: list[Mapping[str, Any]] = []
        self.trouble: Callable[[str], None] = lambda text: None
        self.files: dict[str, Path] = {}
        self.closed = 0
        self.lock = threading.Lock()

    def target(self, **more: str) -> SnowflakeTarget:
        return SnowflakeTarget(self.connect, **more)

    def connect(self, parameters: Mapping[str, Any]) -> Connection:
        self.parameters.append(parameters)
        return Connection(self)

    def texts(self, *verbs: str) -> list[str]:
        return [text for text, _ in self.said if not verbs or text.startswith(verbs)]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.database.cursor().execute(sql).fetchall()


class Connection:
    """Imitate a connection."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.duck = account.database.cursor()
        self._paramstyle = "pyformat"

    @property
    def is_pyformat(self) -> bool:
        return self._paramstyle == "pyformat"

    def cursor(self) -> Cursor:
        return Cursor(self)

    def close(self) -> None:
        self.account.closed += 1
        self.duck.close()


class Cursor:
    """Imitate a cursor."""

    def __init__(self, connection: Connection) -> None:
        self._account, self._duck = connection.account, connection.duck
        assert not connection.is_pyformat, "values are bound by the server"
        self._rows: list[tuple[Any, ...]] = []
        self.rowcount: int | None = None

    def __enter__(self) -> Cursor:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def execute(self, text: str, values: Sequence[Any] | None = None) -> None:
        self._account.said.append((text, list(values or [])))
        self._account.trouble(text)
        if text.startswith(("CREATE TEMPORARY STAGE", "COMMENT ON", "USE SCHEMA")):
            return
        if text.startswith("PUT "):
            self._put(text)
            return
        spelled = self._copied(text) if text.startswith("COPY ") else _spelled(text)
        try:
            rows = self._duck.execute(spelled, list(values or [])).fetchall()
        except duckdb.TransactionException as error:
            raise ProgrammingError(str(error), 625, "57014") from None
        except duckdb.CatalogException as error:
            raise ProgrammingError(str(error), 2003, "42S02") from None
        self._rows = rows
        counted = text.startswith(("INSERT", "UPDATE", "DELETE", "COPY"))
        self.rowcount = rows[0][0] if counted else len(rows)

    def _put(self, text: str) -> None:
        match = re.match(r"PUT 'file://(.*)' (@\S+) AUTO_COMPRESS", text)
        assert match
        kept = Path(f"{match[1]}.sent")
        kept.write_bytes(Path(match[1]).read_bytes())
        self._account.files[match[2]] = kept

    def _copied(self, text: str) -> str:
        match = re.match(
            r"COPY INTO (\S+) \((.*?)\) FROM \(SELECT (.*) FROM (@\S+)\) FILE_FORMAT = \(TYPE = PARQUET\)",
            text,
        )
        assert match, text
        file = self._account.files.pop(match[4])
        picked = re.sub(r"\$1:(c\d+)", r"\1", match[3])
        return _spelled(f"INSERT INTO {match[1]} ({match[2]}) SELECT {picked} FROM read_parquet('{file}')")

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self._rows

    def close(self) -> None:
        self._rows = []


def _spelled(text: str) -> str:
    for theirs, ours in TYPES.items():
        text = text.replace(theirs, ours)
    text = re.sub(r" COMMENT '(?:[^'\\]|''|\\.)*'", "", text)
    text = re.sub(r" CLUSTER BY \([^)]*\)", "", text)
    text = re.sub(r" FROM VALUES (.*)$", _values, text, flags=re.DOTALL)
    text = text.replace("c.data_type, c.numeric_scale", f"{NAMED}, coalesce(c.numeric_scale, 0)")
    return text.replace(" COPY GRANTS", "")


def _values(match: re.Match[str]) -> str:
    width = match[1].partition(")")[0].count("?")
    names = ", ".join(f"column{place}" for place in range(1, width + 1))
    return f" FROM (VALUES {match[1]}) v({names})"
