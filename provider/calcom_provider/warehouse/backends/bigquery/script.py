"""A transaction of BigQuery: what it writes is kept back, and sent at its end as one script.

A transaction that is open between two jobs holds its tables until somebody ends it, which a process that was killed
does not: for hours, nobody else could write. A script is done as a whole or not at all, whatever becomes of its
sender.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from calcom_provider.warehouse.backends.bigquery.statements import GRAMMAR, Parameters, Statement, bound

#: What a script ends with that found something otherwise than when it was written.
CHANGED = "calcom: what this transaction was decided by has changed"
#: What a script ends with whose run lost its lease.
LOST = "calcom: the lease of this run is lost"


@dataclass(frozen=True)
class _Look:
    """Hold a query whose answer decided what is written, and that answer."""

    query: Statement
    found: str


@dataclass(frozen=True)
class _Need:
    """Hold a query that must give a row, and what to end with else."""

    query: Statement
    otherwise: str


@dataclass
class Script:
    """Gather what a transaction writes.

    :ivar tables: quoted names of the tables that it writes.
    """

    tables: set[str] = field(default_factory=set)
    _parts: list[Statement | _Look] = field(default_factory=list)
    _needs: list[_Need] = field(default_factory=list)

    @property
    def writes(self) -> bool:
        """Tell whether there is anything to send."""
        return bool(self.tables)

    def add(self, statement: Statement) -> None:
        """Write something."""
        table = GRAMMAR.written(statement.sql)
        assert table, "a transaction is made of INSERT, UPDATE and DELETE"
        self.tables.add(table)
        self._parts.append(statement)

    def need(self, query: Statement, otherwise: str) -> None:
        """Publish only while a query gives a row.

        :param query: query.
        :param otherwise: what the script ends with else.
        """
        self._needs.append(_Need(query, otherwise))

    def touches(self, sql: str) -> bool:
        """Tell whether a query reads a table that was written.

        :param sql: query.
        """
        return any(table in sql for table in self.tables)

    def look(self, query: Statement) -> tuple[str, Parameters]:
        """Return the script whose one value is what a query gives after all that was written; it changes nothing.

        :param query: query.
        """
        params = Parameters()
        parts = ["DECLARE found STRING", "BEGIN TRANSACTION", *self._spelled(params)]
        parts += [f"SET found = {_answer(query, params)}", "ROLLBACK TRANSACTION", "SELECT found"]
        return ";\n".join(parts), params

    def looked(self, query: Statement, found: str | None) -> list[tuple[Any, ...]]:
        """Take note of what a query gave, which must be the same when all is written; return its rows.

        :param query: query.
        :param found: what the script gave.
        """
        self._parts.append(_Look(query, found or ""))
        return [_row(line) for line in found.split("\n")] if found else []

    def whole(self) -> tuple[str, Parameters]:
        """Return the script that does it all."""
        params = Parameters()
        parts = ["BEGIN TRANSACTION"]
        for need in self._needs:
            query = bound(need.query.sql, need.query.params, params)
            parts.append(f"IF NOT EXISTS ({query}) THEN RAISE USING MESSAGE = '{need.otherwise}'; END IF")
        parts += [*self._spelled(params), "COMMIT TRANSACTION"]
        return ";\n".join(parts), params

    def _spelled(self, params: Parameters) -> list[str]:
        spelled = []
        for part in self._parts:
            if isinstance(part, Statement):
                spelled.append(bound(part.sql, part.params, params))
                continue
            answer = f"IFNULL({_answer(part.query, params)}, '')"
            spelled.append(
                f"IF {answer} <> {params.add(part.found)} THEN RAISE USING MESSAGE = '{CHANGED}'; END IF"
            )
        return spelled


def _answer(query: Statement, params: Parameters) -> str:
    """Spell what a query gives as one text, a line a row, in an order that does not depend on the database's mood."""
    text = bound(query.sql, query.params, params)
    lines = f"SELECT TO_JSON_STRING(one) AS line FROM ({text}) one"
    return rf"(SELECT STRING_AGG(line, '\n' ORDER BY line) FROM ({lines}))"


class _Pairs(list[tuple[str, Any]]):
    """Hold a JSON object by its places: columns without names have the same one."""


def _row(line: str) -> tuple[Any, ...]:
    pairs = json.loads(line, object_pairs_hook=_Pairs)
    return tuple(_plain(value) for _, value in pairs)


def _plain(value: Any) -> Any:
    if isinstance(value, _Pairs):
        return {name: _plain(inner) for name, inner in value}
    return [_plain(one) for one in value] if isinstance(value, list) else value


def spelled(statement: Statement) -> tuple[str, Parameters]:
    """Return a statement and its values as a job of its own takes them.

    :param statement: the statement.
    """
    params = Parameters()
    return bound(statement.sql, statement.params, params), params


__all__: Sequence[str] = ("CHANGED", "LOST", "Script", "spelled")
