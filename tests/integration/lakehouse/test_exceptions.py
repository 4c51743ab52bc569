"""What a lakehouse cannot do is refused by an error that says so, before anything is written."""

from __future__ import annotations

import pytest

from calcom_provider.warehouse import (
    Column,
    DeleteGuard,
    PatchRefusedError,
    RunInfo,
    SchemaConflictError,
    Table,
    Warehouse,
)
from tests.integration.warehouse.model import ITEMS, SCOPE, load_pages
from tests.plugins.lakehouses import query, snapshots

pytestmark = pytest.mark.cloud

PAGES = [tuple((key, "old") for key in range(5))]


def test_single_rows_are_refused(lakehouse_url: str) -> None:
    """docs/lakehouse.rst: "An event sync ... is refused"."""
    warehouse = Warehouse(lakehouse_url)
    load_pages(warehouse, PAGES)
    before = snapshots(lakehouse_url)
    with pytest.raises(PatchRefusedError, match="Lakehouse tables take no single rows; sync them more often"):
        warehouse.patch(RunInfo(scope=SCOPE))
    assert snapshots(lakehouse_url) == before
    warehouse.close()


def test_a_wider_type_is_refused_before_rows_are_written(lakehouse_url: str) -> None:
    """docs/lakehouse.rst: "A column's type is not widened"."""
    warehouse = Warehouse(lakehouse_url)
    load_pages(warehouse, PAGES)
    held = query(lakehouse_url, 'SELECT * FROM calcom_items ORDER BY "Order"')
    wider = tuple(Column(one.name, "text") if one.name == "at" else one for one in ITEMS.columns)
    told = "at is timestamp in the database and text by its declaration"
    with pytest.raises(SchemaConflictError, match=told):
        load(warehouse, Table(ITEMS.name, wider, ITEMS.key))
    assert query(lakehouse_url, 'SELECT * FROM calcom_items ORDER BY "Order"') == held
    warehouse.close()


def load(warehouse: Warehouse, declared: Table) -> None:
    with warehouse.load(RunInfo(scope=SCOPE)) as run:
        table = run.table(declared, resource="items", deletes="ignore", guard=DeleteGuard.off())
        table.write([(7, 99, "new", "2026-03-16", None)])
        table.finish(complete=True)
        run.publish()
