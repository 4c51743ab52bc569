"""Read a view, and tell whether it holds exactly what was worked out without it."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pandas as pd

from calcom_provider.reporting.building import catalog
from calcom_provider.warehouse import Warehouse

TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)?")
TOLERANCE = 1e-6
SHOWN = 8


def read_view(url: str, name: str, schema: str | None = None) -> pd.DataFrame:
    """Read a view or a snapshot table, with the plain values of :func:`plain`.

    :param url: the database
    :param name: full name of the view
    :param schema: where it is, by default where the tables are
    """
    warehouse = Warehouse(url, schema=schema)
    session = warehouse.backend.connect()
    try:
        columns = list(catalog.columns(session, name))
        listed = ", ".join(map(warehouse.backend.quote, columns))
        rows = session.fetch(f"SELECT {listed} FROM {warehouse.backend.qualify(name)}")
    finally:
        session.close()
        warehouse.close()
    return frame(columns, [[plain(value) for value in row] for row in rows])


def frame(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> pd.DataFrame:
    """Give a frame whose values stay the Python objects they are: None is None, an integer an integer."""
    data = {name: pd.Series([row[place] for row in rows], dtype=object) for place, name in enumerate(columns)}
    return pd.DataFrame(data, columns=list(columns), dtype=object)


def plain(value: Any) -> Any:
    """Spell times and days alike, whatever type a database gives them in: SQLite gives texts."""
    if value is None or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime):
        moment = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return plain(datetime.fromisoformat(value)) if TIME.fullmatch(value) else value
    return value.item() if hasattr(value, "item") else value


def assert_same(actual: pd.DataFrame, expected: pd.DataFrame, key: Sequence[str]) -> None:
    """Fail unless a view has the columns, the rows and the values that are expected, in any order of rows.

    :param actual: from :func:`read_view`
    :param expected: times as :func:`plain` spells them, or as datetime and date; truth values as bool
    :param key: columns that tell the rows apart
    """
    __tracebackhide__ = True
    assert list(actual.columns) == list(expected.columns), "columns differ"
    wanted, got = _by_key(expected, key, "expected"), _by_key(actual, key, "actual")
    problems = [f"missing: {one}" for one in wanted if one not in got]
    problems += [f"not expected: {one}" for one in got if one not in wanted]
    for one, row in wanted.items():
        for name, value in row.items():
            if one in got and not _equal(got[one][name], value):
                problems.append(f"{one}: {name} is {got[one][name]!r}, expected {value!r}")
    assert not problems, _report(problems, len(wanted), len(got))


def _by_key(rows: pd.DataFrame, key: Sequence[str], whose: str) -> dict[tuple[Any, ...], dict[str, Any]]:
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    names = list(rows.columns)
    for values in rows.itertuples(index=False, name=None):
        row = {name: plain(value) for name, value in zip(names, values, strict=True)}
        one = tuple(row[name] for name in key)
        assert one not in found, f"{whose}: two rows of {dict(zip(key, one, strict=True))}"
        found[one] = row
    return found


def _equal(actual: Any, expected: Any) -> bool:
    if expected is None or actual is None:
        return actual is expected
    if isinstance(expected, bool):
        # SQLite and MySQL give truth values as numbers.
        return isinstance(actual, bool | int) and actual in (0, 1) and bool(actual) is expected
    if isinstance(actual, bool):
        return False
    if isinstance(expected, int | float) and isinstance(actual, int | float):
        return math.isclose(actual, expected, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return bool(actual == expected)


def _report(problems: Sequence[str], expected: int, actual: int) -> str:
    more = f"\n... and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
    listed = "\n".join(problems[:SHOWN])
    return f"{len(problems)} differences ({expected} rows expected, {actual} there):\n{listed}{more}"
