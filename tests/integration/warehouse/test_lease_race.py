"""Many that want one lease at once: never two have it, and it is never lost for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.hr.ledger.tables import WRITERS
from calcom_provider.warehouse.backends import lease, waiting
from calcom_provider.warehouse.backends.base import Session
from calcom_provider.warehouse.backends.lease import Lease
from calcom_provider.warehouse.backends.registry import open_backend

RUNS, TURNS = 8, 12


def of_tables(number: int) -> Lease:
    return lease.on_tables("calcom_", f"run {number}")


def of_the_ledger(number: int) -> Lease:
    return Lease(
        WRITERS.name, 901, f"elsewhere#{number}", key="organization_id", holder="holder", ends="until"
    )


@pytest.mark.parametrize("warehouse_url", ["sqlite", "postgresql", "duckdb", "mysql"], indirect=True)
@pytest.mark.parametrize("named", [of_tables, of_the_ledger])
def test_never_two_hold_a_lease_and_each_gets_it_in_the_end(
    warehouse_url: str, named: Callable[[int], Lease]
) -> None:
    with Ledger(warehouse_url):
        pass
    backend = open_backend(warehouse_url)
    first = backend.connect()
    lease.prepare(first, "calcom_")
    holding, most, guard = 0, 0, threading.Lock()

    def run(number: int) -> int:
        nonlocal holding, most
        mine, session = named(number), backend.connect()
        for turn in range(TURNS):
            assert waiting.polled(lambda: mine.take(session), 250.0) is None
            with guard:
                holding += 1
                most = max(most, holding)
            assert mine.held(session)
            with guard:
                holding -= 1
            # Every other time it runs out instead.
            waiting.polled(lambda: end(mine, session) if turn % 2 else mine.release(session), 60.0)
        session.close()
        return TURNS

    def end(mine: Lease, session: Session) -> None:
        table = backend.qualify(mine.table)
        session.execute(
            f"UPDATE {table} SET {mine.ends} = 0 WHERE {mine.key} = :about", {"about": mine.about}
        )

    with ThreadPoolExecutor(RUNS) as pool:
        assert sum(pool.map(run, range(RUNS))) == RUNS * TURNS
    assert most == 1
    assert named(RUNS).known(first) is None
    first.close()
    backend.close()
