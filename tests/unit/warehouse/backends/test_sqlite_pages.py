"""A page may hold more values than one statement of SQLite takes."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from calcom_provider.warehouse import Column, RunInfo, Table, Warehouse

WIDE = Table(
    "wide",
    (Column("id", "integer"), *(Column(f"c{place}", "text") for place in range(40))),
    ("id",),
)


@pytest.mark.parametrize("rows", [761, 762, 2_000], ids=lambda rows: f"{rows} rows")
def test_every_row_of_a_large_page_arrives(tmp_path: Path, rows: int) -> None:
    path = tmp_path / "w.sqlite"
    warehouse = Warehouse(f"sqlite:///{path}")
    with warehouse.load(RunInfo(scope={})) as load:
        table = load.table(WIDE, resource="wide", mode="merge", deletes="ignore")
        table.write([(number, *(f"{number}-{place}" for place in range(40))) for number in range(rows)])
        table.finish(complete=True)
        load.publish()
    warehouse.close()
    held = sqlite3.connect(path).execute("SELECT id, c0, c39 FROM calcom_wide ORDER BY id").fetchall()
    assert held == [(number, f"{number}-0", f"{number}-39") for number in range(rows)]
