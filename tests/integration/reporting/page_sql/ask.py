"""Run the SQL of this folder on each database.

Databases differ in a few functions only, which :data:`SPELLINGS` holds. A file of steps makes tables; a file of answers
holds queries, each below its name in a comment.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tests.plugins import lakehouses

Rows = list[tuple[Any, ...]]
FOLDER = Path(__file__).parent
STEPS = ("calendar", "people", "working_time", "bookings", "groups")
ANSWERS = ("queries", "operator")
EPOCH = date(1970, 1, 1)
CALL = re.compile(r"\b(seconds|day|div|share|clock|number|text|join|at|on)\(")

#: A part in percent of the whole, half a tenth rounded up.
_SHARE = "CASE WHEN {{1}} > 0 THEN ((2000 * {{0}} + {{1}}) {divided} (2 * {{1}})) / 10.0 END"
_CLOCK = "(number(SUBSTR({0}, 1, 2)) * 60 + number(SUBSTR({0}, 4, 2)))"
_ALIKE = {"clock": _CLOCK, "number": "CAST({0} AS INTEGER)", "join": "({0} || {1} || {2})"}
SPELLINGS: dict[str, dict[str, str]] = {
    "sqlite": {
        **_ALIKE,
        "seconds": "CAST(strftime('%s', {0}) AS INTEGER)",
        "day": "(CAST(strftime('%s', {0}) AS INTEGER) / 86400)",
        "div": "(({0}) / ({1}))",
        "share": _SHARE.format(divided="/"),
        "text": "CAST({0} AS TEXT)",
    },
    "postgresql": {
        **_ALIKE,
        "seconds": "CAST(FLOOR(EXTRACT(EPOCH FROM {0})) AS BIGINT)",
        "day": "({0} - DATE '1970-01-01')",
        "div": "(({0}) / ({1}))",
        # Sums of sums are no integers there.
        "share": "CASE WHEN {1} > 0 THEN DIV(2000 * {0} + {1}, 2 * {1}) / 10.0 END",
        "text": "CAST({0} AS TEXT)",
    },
    "duckdb": {
        **_ALIKE,
        "seconds": "(epoch_us({0}) // 1000000)",
        "day": "({0} - DATE '1970-01-01')",
        "div": "(({0}) // ({1}))",
        "share": _SHARE.format(divided="//"),
        "text": "CAST({0} AS TEXT)",
    },
    "mysql": {
        "clock": _CLOCK,
        "number": "CAST({0} AS SIGNED)",
        "join": "CONCAT({0}, {1}, {2})",
        "seconds": "TIMESTAMPDIFF(SECOND, '1970-01-01', {0})",
        "day": "DATEDIFF({0}, '1970-01-01')",
        "div": "(({0}) DIV ({1}))",
        "share": _SHARE.format(divided="DIV"),
        "text": "CAST({0} AS CHAR)",
    },
}


def number(day: date) -> int:
    """Give a day as the SQL counts it."""
    return (day - EPOCH).days


def day_of(number: int) -> date:
    """Give the day that the SQL counts so."""
    return EPOCH + timedelta(days=number)


class Truth:
    """Answer from a database in which all steps were taken.

    :param run: runs one statement and gives its rows
    :param kind: whose SQL it speaks
    :param values: what stands for words behind a colon
    """

    def __init__(self, run: Callable[[str], Rows], kind: str, values: Mapping[str, int]) -> None:
        self._run, self._kind, self._values = run, kind, values
        self._queries = {name: sql for file in ANSWERS for name, sql in _queries(file)}
        self._known: dict[str, Rows] = {}
        for file in STEPS:
            self.take(file)

    def __getitem__(self, name: str) -> Rows:
        if name not in self._known:
            self._known[name] = self.ask(self._queries[name])
        return self._known[name]

    def ask(self, sql: str) -> Rows:
        """Run a query; sums are plain numbers, whatever the database makes of them."""
        return [tuple(map(_plain, row)) for row in self._run(spell(sql, self._kind, self._values))]

    def take(self, file: str) -> None:
        """Take the steps of a file."""
        for sql in _statements((FOLDER / f"{file}.sql").read_text()):
            self._run(spell(sql, self._kind, self._values))


@contextmanager
def connected(url: str) -> Iterator[tuple[Callable[[str], Rows], str]]:
    """Give what runs a statement in a database, and whose SQL it takes; copies of the tables stand for a lakehouse."""
    if "+file://" in url or url.startswith("duckdb"):
        import duckdb

        lakehouse = "+file://" in url
        with duckdb.connect(":memory:" if lakehouse else url.partition(":///")[2]) as file:
            for name, table in lakehouses.tables(url).items() if lakehouse else ():
                file.register(name, table)
            yield lambda sql: file.execute(sql).fetchall(), "duckdb"
        return
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with closing(engine.raw_connection()) as connection:
        cursor = connection.cursor()
        if engine.dialect.name == "postgresql":
            cursor.execute("SET TIME ZONE 'UTC'")

        def run(sql: str) -> Rows:
            cursor.execute(sql)
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else []

        yield run, engine.dialect.name
        connection.commit()


def run_file(url: str, file: str) -> None:
    """Run the statements of a file."""
    with connected(url) as (run, kind):
        for sql in _statements((FOLDER / f"{file}.sql").read_text()):
            run(spell(sql, kind, {}))


def spell(sql: str, kind: str, values: Mapping[str, int]) -> str:
    """Write a statement as a database takes it."""
    found = CALL.search(sql)
    if found is None:
        return re.sub(r":([a-z]+)", lambda word: str(values[word[1]]), sql)
    inside, rest = _arguments(sql[found.end() :])
    before = spell(sql[: found.start()], kind, values)
    if found[1] == "at":
        made = str(int(datetime.fromisoformat(inside[0]).replace(tzinfo=UTC).timestamp()))
    elif found[1] == "on":
        made = str(number(date.fromisoformat(inside[0])))
    else:
        made = spell(SPELLINGS[kind][found[1]].format(*inside), kind, values)
    return before + made + spell(rest, kind, values)


def _arguments(text: str) -> tuple[list[str], str]:
    """Take the arguments off what follows an opening bracket."""
    arguments, depth, begin = [], 0, 0
    for place, letter in enumerate(text):
        if depth == 0 and letter in ",)":
            arguments.append(text[begin:place].strip())
            begin = place + 1
            if letter == ")":
                return arguments, text[begin:]
        depth += (letter == "(") - (letter == ")")
    raise ValueError(f"no end: {text}")


def _statements(text: str) -> list[str]:
    return [sql for sql in re.sub(r"--.*", "", text).split(";") if sql.strip()]


def _queries(file: str) -> Iterator[tuple[str, str]]:
    for part in re.split(r"^-- ", (FOLDER / f"{file}.sql").read_text(), flags=re.MULTILINE)[1:]:
        name, _, sql = part.partition("\n")
        (statement,) = _statements(sql)
        yield name, statement


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == int(value) else float(value)
    return value
