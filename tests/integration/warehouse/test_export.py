"""Tables go into files with all their rows and values."""

from __future__ import annotations

import csv
import stat
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from calcom_provider.cli.app import run
from calcom_provider.warehouse import Warehouse, WarehouseUsageError
from calcom_provider.warehouse import export as module
from calcom_provider.warehouse.export import export
from tests.integration.warehouse.model import ITEMS, load_pages

PAGES = [tuple((key, f"v,{key};é") for key in range(25))]


def test_a_table_is_written_whole_whatever_its_size(
    warehouse_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ROWS", 10)
    warehouse = Warehouse(warehouse_url)
    load_pages(warehouse, PAGES)
    path = tmp_path / "items.parquet"
    assert export(warehouse, "calcom_items", path, key=ITEMS.key) == 25
    rows = pq.read_table(path).to_pylist()
    assert {row["Order"]: row["näme"] for row in rows} == dict(PAGES[0])
    assert {f"{row['at']:%Y-%m-%dT%H:%M:%S.%f%z}" for row in rows} == {"2026-03-16T08:00:00.123000+0000"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    assert export(warehouse, "calcom_items", path, key=ITEMS.key) == 25
    assert stat.S_IMODE(path.stat().st_mode) == 0o644, "a file that was there keeps its mode"
    text = tmp_path / "items.csv"
    assert export(warehouse, "calcom_items", text, kind="csv", key=()) == 25
    with text.open(encoding="utf-8", newline="") as file:
        found = {int(row["Order"]): (row["näme"], row["at"]) for row in csv.DictReader(file)}
    assert found == {key: (value, "2026-03-16T08:00:00.123Z") for key, value in PAGES[0]}
    with pytest.raises(WarehouseUsageError, match="no table calcom_nothing"):
        export(warehouse, "calcom_nothing", path, key=())
    assert sorted(one.name for one in tmp_path.glob("*items*")) == ["items.csv", "items.parquet"]
    warehouse.close()


def test_the_command_names_files_and_counts(
    sqlite_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    warehouse = Warehouse(sqlite_url)
    load_pages(warehouse, PAGES)
    warehouse.close()
    out = tmp_path / "files" / "today"
    assert run(["export", "items", "--to", sqlite_url, "--format", "csv", "--out", str(out)]) == 0
    assert "items.csv: 25 rows" in capsys.readouterr().out
    assert stat.S_IMODE(out.stat().st_mode) == 0o700
    assert run(["maintain", "--to", sqlite_url]) != 0
    assert "tends its tables itself" in capsys.readouterr().err
