"""A run that is killed leaves the tables whole, and the next one finds them free."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from calcom_provider.warehouse import Warehouse
from tests.integration.warehouse.model import ITEMS, Reader, load_pages

ROOT = Path(__file__).resolve().parents[3]
CHILD = "tests.integration.warehouse.killed_load"
ROWS = 600
MOMENTS = ["opened", "staging", "staged", "written", "accounted", "published"]


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_run_changes_nothing_or_everything(warehouse_url: str, moment: str) -> None:
    before = [tuple((key, "old") for key in range(-100, 500))]
    warehouse = Warehouse(warehouse_url)
    load_pages(warehouse, before)
    child = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.integration.warehouse.killed_load",
            warehouse_url,
            moment,
            "new",
            str(ROWS),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline().strip() == "here"
    child.kill()
    child.wait()

    reader = Reader(warehouse_url, "merge", "remove")
    new = dict.fromkeys(range(ROWS), "new")
    assert reader.state()[0] == (new if moment == "published" else dict(before[0]))

    after = [tuple((key, "new") for key in range(start, start + 100)) for start in range(0, ROWS, 100)]
    result = load_pages(warehouse, after)
    assert result.rows_after == ROWS
    assert reader.state()[0] == new
    assert not [name for (name,) in tables(reader) if "stage_" in name]
    statuses = reader.rows("SELECT status FROM calcom_sync_runs ORDER BY started_at")
    expected = "success" if moment == "published" else "lost"
    assert [status for (status,) in statuses] == ["success", expected, "success"]
    assert ITEMS.name == result.table
    warehouse.close()


def tables(reader: Reader) -> list[tuple[str]]:
    if reader.url.startswith("sqlite"):
        return reader.rows("SELECT name FROM sqlite_master WHERE type = 'table'")
    if reader.url.startswith("bigquery"):
        catalogue = f"`{sa.make_url(reader.url).database}`.INFORMATION_SCHEMA.TABLES"
        return reader.rows(f"SELECT table_name FROM {catalogue} WHERE table_name LIKE 'calcom%'")
    # MySQL lists the tables of other tests' databases as well.
    here = " AND table_schema = DATABASE()" if reader.url.startswith("mysql") else ""
    return reader.rows(
        f"SELECT table_name FROM information_schema.tables WHERE table_name LIKE 'calcom%%'{here}"
    )
