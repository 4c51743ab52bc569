"""Who is erased is in no byte of the lakehouse any more, and old files go when their time is over."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from calcom_provider.resources.policy import ColumnPolicy
from calcom_provider.sandbox import Sandbox
from calcom_provider.sync import SyncOptions, sync
from calcom_provider.sync.privacy import erase
from calcom_provider.warehouse import UnsupportedTargetError, Warehouse
from calcom_provider.warehouse.backends.lakehouse.maintenance import maintain
from tests.integration.warehouse.model import load_pages
from tests.plugins.bench import open_client
from tests.plugins.lakehouses import query

pytestmark = pytest.mark.cloud


def bytes_of(folder: Path) -> dict[str, str]:
    """Give all that the files of a folder say: their bytes, and what is packed in them."""
    import polars as pl

    found = {}
    for path in folder.rglob("*"):
        if path.is_file():
            text = path.read_bytes().decode("latin-1")
            if path.suffix == ".parquet":
                table = pq.read_table(path, partitioning=None)
                text += repr(table.to_pylist()) + repr(pq.read_metadata(path).to_dict())
            elif path.suffix == ".avro":
                text += repr(pl.read_avro(path).rows())
            found[str(path.relative_to(folder))] = text.encode("latin-1", "replace").decode("latin-1")
    return found


def naming(found: dict[str, str], words: list[str]) -> list[str]:
    return [name for name, text in found.items() if any(word in text for word in words)]


def test_an_erased_person_is_in_no_byte_of_any_file(lakehouse_url: str, tmp_path: Path) -> None:
    """docs/lakehouse.rst: "An erasure removes the person from every file"."""
    with Sandbox(users=6, limit=None) as sandbox, open_client(sandbox, "admin") as client:
        warehouse = Warehouse(lakehouse_url)
        options = SyncOptions(policy=ColumnPolicy(sensitive=True))
        resources = "users,memberships"
        sync(client, warehouse, resources=resources, options=options)
        person, email, username = query(
            lakehouse_url,
            "SELECT id, email, username FROM calcom_users ORDER BY id LIMIT 1",
        )[0]
        with sandbox.paused() as world:
            world.users.update(world.users.get(person), bio="Somebody else now")
        sync(client, warehouse, resources=resources, options=options)
    words = [email, username]
    before = naming(bytes_of(tmp_path / "lakehouse"), words)
    assert before
    # The person is in rows alone: no log, manifest or statistic tells of anybody.
    assert {Path(name).suffix for name in before} == {".parquet"}
    others = query(lakehouse_url, f"SELECT count(*) FROM calcom_users WHERE id <> {person}")
    assert erase(warehouse, person).tables["users"] == 1
    assert naming(bytes_of(tmp_path / "lakehouse"), words) == []
    assert query(lakehouse_url, f"SELECT count(*) FROM calcom_users WHERE id <> {person}") == others
    warehouse.close()


def test_small_files_are_written_together_and_old_ones_deleted(lakehouse_url: str, tmp_path: Path) -> None:
    warehouse = Warehouse(lakehouse_url)
    for number in range(4):
        load_pages(warehouse, [tuple((key, "v") for key in range(number * 10 + 10))], deletes="ignore")
    held = query(lakehouse_url, 'SELECT * FROM calcom_items ORDER BY "Order"')
    files = len(list((tmp_path / "lakehouse").rglob("*.parquet")))
    done = maintain(warehouse.backend, "calcom_", retention_hours=0, many=3)
    assert done["calcom_items"].compacted == 1
    assert sum(one.removed for one in done.values()) > 0
    assert len(list((tmp_path / "lakehouse").rglob("*.parquet"))) < files
    assert query(lakehouse_url, 'SELECT * FROM calcom_items ORDER BY "Order"') == held
    assert load_pages(warehouse, [tuple((key, "v") for key in range(40))]).changed == 0
    again = maintain(warehouse.backend, "calcom_", many=1000)
    assert sum(one.compacted + one.expired + one.removed for one in again.values()) == 0
    warehouse.close()


def test_only_a_lakehouse_is_maintained(sqlite_url: str) -> None:
    with pytest.raises(UnsupportedTargetError, match="tends its tables itself"):
        maintain(Warehouse(sqlite_url).backend, "calcom_")
