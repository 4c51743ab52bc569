"""A database that a release had synced into: what was in it, and the same answers of the API once more."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from calcom_provider.resources.policy import ColumnPolicy
from calcom_provider.resources.registry import get
from calcom_provider.resources.shaping.tuples import TableShaper
from calcom_provider.warehouse import RunInfo, TableResult, Warehouse
from tests.integration.released import FOLDER, restore
from tests.integration.warehouse.model import Reader

RELEASE = "0.1.0"
ORGANIZATION = 8177
OWN = ("schema_version", "sync_lease", "sync_pages", "sync_runs", "sync_state")
RENAMED = {"start": "start_at", "end": "end_at", "contains": "contained_option_ids"}
TABLES = (
    "attribute_options",
    "booking_attendees",
    "booking_guests",
    "booking_hosts",
    "bookings",
    "ooo_entries",
)
Rows = dict[str, list[tuple[Any, ...]]]


def fill(url: str) -> tuple[Reader, Rows]:
    """Restore what the release left; give a reader, and the rows of every table."""
    restore(RELEASE, url, "synced.")
    reader = Reader(url, "merge", "remove")
    return reader, {
        name: rows_of(reader, name) for name in (*TABLES, "sync_runs", "sync_state", "sync_pages")
    }


def rows_of(reader: Reader, table: str) -> list[tuple[Any, ...]]:
    """Give all rows with every column, in an order that does not depend on where they lie."""
    return sorted(reader.rows(f"SELECT * FROM calcom_{table}"), key=repr)


def answers() -> Mapping[str, Any]:
    """Give what the API answered at the last sync, by operation."""
    found: Mapping[str, Any] = json.loads((FOLDER / RELEASE / "synced.answers.json").read_text("utf-8"))
    return found


def load_again(warehouse: Warehouse, policy: ColumnPolicy = ColumnPolicy()) -> dict[str, TableResult]:
    """Publish the same answers as one complete run, as a sync of this release would."""
    scope = {"organization_id": ORGANIZATION}
    lists = answers()
    options = lists["org_attribute_options.list"]
    with warehouse.load(RunInfo(scope=scope)) as load:
        for name, pages in (
            ("ooo_entries", [(lists["org_ooo.list"], {})]),
            ("bookings", [(lists["org_bookings.list"], {})]),
            ("attribute_options", [(rows, {"attributeId": one}) for one, rows in options.items()]),
        ):
            resource = get(name)
            assert resource.table is not None
            for child in (None, *resource.children):
                table = resource.table if child is None else child.table
                stored = policy.apply(table, main=child is None)
                opened = load.table(
                    stored.table,
                    resource=name,
                    mode="history" if table.history else "merge",
                    deletes="remove",
                    columns=policy.records(table, main=child is None),
                )
                shaper = TableShaper(resource, child, stored, policy)
                for rows, arguments in pages:
                    opened.write(shaper.page(rows, ORGANIZATION, arguments))
                opened.finish(complete=True)
        return {result.table: result for result in load.publish()}


def main(url: str, statement: int) -> None:
    """Migrate in a process of its own, which says where it is and waits there to be killed."""
    warehouse = Warehouse(url)
    session = warehouse.backend.connect()
    kind, left = type(session), [statement]
    execute = kind.execute

    def counted(self: Any, sql: str, params: Any = None) -> int:
        done = execute(self, sql, params)
        left[0] -= 1
        if not left[0]:
            print("here", flush=True)
            sys.stdin.read()
        return done

    kind.execute = counted  # type: ignore[method-assign]
    warehouse.bring_forward(session, "test")
    print("ended", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
