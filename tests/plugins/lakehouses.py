"""Lakehouses for tests, and how somebody else reads them: by the libraries of their formats, without this package."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import pyarrow as pa

LAKEHOUSES = ("delta", "iceberg")

EARLIER = "no release before this one wrote lakehouses"
EXCEPTIONS = {
    "test_tables_of_an_earlier_release_keep_their_owner": EARLIER,
    "test_nothing_is_written_and_the_next_sync_finds_everything_unchanged": EARLIER,
    "test_a_killed_run_is_gone_on_with": EARLIER,
    "test_views_that_name_old_columns_stop_nothing_and_are_named": EARLIER,
    "test_a_released_ledger_is_brought_forward": EARLIER,
    "test_a_released_database_is_brought_forward": EARLIER,
}
"""Tests of the warehouse suite that are not run on lakehouses, and why; docs/lakehouse.rst lists them."""


@pytest.fixture
def delta_url(tmp_path: Path) -> str:
    """Give the URL of a folder of Delta tables that does not exist yet."""
    return f"delta+file://{tmp_path / 'lakehouse'}"


@pytest.fixture
def iceberg_url(tmp_path: Path) -> str:
    """Give the URL of a folder of Iceberg tables, and of their catalog, that does not exist yet."""
    return f"iceberg+file://{tmp_path / 'lakehouse'}"


@pytest.fixture(params=LAKEHOUSES)
def lakehouse_url(request: pytest.FixtureRequest) -> str:
    """Give the URL of an empty lakehouse, of each format in turn."""
    return str(request.getfixturevalue(f"{request.param}_url"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = [item for item in items if _is_exception(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        gone = set(map(id, left_out))
        items[:] = [item for item in items if id(item) not in gone]


def _is_exception(item: pytest.Item) -> bool:
    callspec = getattr(item, "callspec", None)
    on_lakehouse = callspec is not None and callspec.params.get("warehouse_url") in LAKEHOUSES
    return on_lakehouse and getattr(item, "originalname", "") in EXCEPTIONS


def tables(url: str) -> dict[str, pa.Table]:
    """Read every table, times without their zone."""
    read = _delta if url.startswith("delta") else _iceberg
    return {name: _plain(table) for name, table, _ in read(url)}


def snapshots(url: str) -> dict[str, int]:
    """Count the snapshots of every table."""
    read = _delta if url.startswith("delta") else _iceberg
    return {name: count for name, _, count in read(url)}


def locations(url: str) -> dict[str, str]:
    """Say where other readers find each table: the folder of a Delta table, the newest metadata of an Iceberg one."""
    if url.startswith("delta"):
        return {folder.name: str(folder) for folder in _delta_folders(url)}
    return {name: str(table.metadata_location) for name, table in _iceberg_tables(url)}


def query(url: str, sql: str) -> list[tuple[Any, ...]]:
    """Run a query over the tables as they stand now."""
    import duckdb

    with duckdb.connect() as connection:
        for name, table in tables(url).items():
            connection.register(name, table)
        return connection.execute(sql).fetchall()


def _delta(url: str) -> Iterator[tuple[str, pa.Table, int]]:
    from deltalake import DeltaTable

    for folder in _delta_folders(url):
        table = DeltaTable(str(folder))
        yield folder.name, table.to_pyarrow_table(), table.version() + 1


def _delta_folders(url: str) -> list[Path]:
    """Find the tables; of one that was dropped empty folders may be left on a disk."""
    root = Path(url.removeprefix("delta+file://"))
    return sorted({first.parents[1] for first in root.glob("*/_delta_log/*.json")})


def _iceberg(url: str) -> Iterator[tuple[str, pa.Table, int]]:
    for name, table in _iceberg_tables(url):
        yield name, table.scan().to_arrow(), len(table.snapshots())


def _iceberg_tables(url: str) -> Iterator[tuple[str, Any]]:
    from pyiceberg.catalog.sql import SqlCatalog

    root = url.removeprefix("iceberg+file://")
    catalog = SqlCatalog("calcom", uri=f"sqlite:///{root}/catalog.db", warehouse=f"file://{root}")
    try:
        for name in catalog.list_tables("calcom"):
            yield name[-1], catalog.load_table(name)
    finally:
        catalog.close()


def _plain(table: pa.Table) -> pa.Table:
    import pyarrow as pa

    fields = [
        one.with_type(pa.timestamp("us")) if pa.types.is_timestamp(one.type) else one for one in table.schema
    ]
    return table.cast(pa.schema(fields))
