"""Readers that know nothing of this package see the rows that it wrote: polars, and DuckDB's own scans."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from calcom_provider.sandbox import Sandbox
from calcom_provider.sync import SyncOptions, sync
from calcom_provider.warehouse import Warehouse
from tests.plugins.bench import open_client
from tests.plugins.lakehouses import LAKEHOUSES, locations, tables

pytestmark = [pytest.mark.cloud, pytest.mark.timeout(900)]

READERS = Path(__file__).parents[3] / ".venv-readers" / "bin" / "python"
RESOURCES = (
    "users,memberships,attributes,attribute_options,attribute_assignments,ooo_entries,bookings,schedules"
)


@pytest.fixture(scope="module", params=LAKEHOUSES)
def lake(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give a lakehouse into which two syncs went, with changed and removed rows between them."""
    url = f"{request.param}+file://{tmp_path_factory.mktemp('readers') / 'lakehouse'}"
    with Sandbox(users=12, limit=None, bookings=15, schedules=6) as sandbox:
        with open_client(sandbox, "admin") as client:
            warehouse = Warehouse(url)
            options = SyncOptions(mode="merge")
            sync(client, warehouse, resources=RESOURCES, options=options)
            with sandbox.paused() as world:
                world.users.update(next(iter(world.users)), name="Somebody Else")
            sync(client, warehouse, resources=RESOURCES, options=options)
            warehouse.close()
    return url


def rows(table: pa.Table) -> list[str]:
    """Give the rows in one order; times as they are in UTC, whatever a reader makes of their zone."""
    names = sorted(table.schema.names)
    found = [[plain(row[name]) for name in names] for row in table.to_pylist()]
    return sorted(map(repr, found))


def plain(value: Any) -> Any:
    return value.replace(tzinfo=None) if hasattr(value, "tzinfo") else value


def test_polars_sees_the_rows(lake: str) -> None:
    """docs/lakehouse.rst: "see the same rows as these libraries"."""
    import polars as pl

    expected = tables(lake)
    scan: Any = pl.scan_delta if lake.startswith("delta") else pl.scan_iceberg
    assert expected["calcom_users"].num_rows >= 12
    for name, location in locations(lake).items():
        assert rows(scan(location).collect().to_arrow()) == rows(expected[name]), name


def test_duckdb_scans_see_the_rows(lake: str, tmp_path: Path) -> None:
    """docs/lakehouse.rst: "see the same rows as these libraries"."""
    assert READERS.exists(), "make test-cloud makes the environment of these readers"
    kind = lake.partition("+")[0]
    places = [f"{name}={location}" for name, location in locations(lake).items()]
    script = Path(__file__).with_name("duckdb_reader.py")
    done = subprocess.run(
        [str(READERS), str(script), kind, str(tmp_path), *places], capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stderr
    expected = tables(lake)
    for name in expected:
        assert rows(pq.read_table(tmp_path / f"{name}.parquet")) == rows(expected[name]), name
