"""Load a snapshot in a process of its own, which says where it is so that it can be killed there."""

from __future__ import annotations

import sys
import time

from calcom_provider.warehouse import DeleteGuard, RunInfo, Warehouse
from calcom_provider.warehouse.loading.publish import Publication
from tests.integration.warehouse.model import ITEMS, ORGANIZATION, as_tuple, mark


def main(url: str, moment: str, value: str, rows: int, organization: int = ORGANIZATION) -> None:
    def here(name: str) -> None:
        if name == moment:
            print("here", flush=True)
            time.sleep(60)

    write = Publication._write
    account = Publication._record_run
    Publication._write = lambda self, work: (write(self, work), here("written"))[0]  # type: ignore[method-assign]
    Publication._record_run = lambda self, works: (account(self, works), here("accounted"))[0]  # type: ignore[method-assign]
    with Warehouse(url).load(RunInfo(scope={"organization_id": organization})) as load:
        here("opened")
        table = load.table(ITEMS, resource="items", deletes="remove", guard=DeleteGuard.off())
        for start in range(0, rows, 100):
            page = tuple((key, value) for key in range(start, start + 100))
            table.write([as_tuple(row, organization) for row in page], mark(start, page))
            if start >= rows // 2:
                here("staging")
        table.finish(complete=True)
        here("staged")
        load.publish()
        here("published")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], *map(int, sys.argv[4:]))
