"""A process that syncs again and again, two runs at a time, as a worker does: nothing in it grows."""

from __future__ import annotations

import gc
import locale
import logging
import os
import signal
import socket
import sys
import threading
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.api.http.auth import ApiKey
from calcom_provider.sandbox import Sandbox
from calcom_provider.sync import sync
from calcom_provider.warehouse import Warehouse
from tests.plugins.api import client_for

#: Objects that a sync may leave behind on average: caches fill slowly.
OBJECTS = 25
#: Memory that it may leave behind on average, in bytes, once the allocator has found its size.
BYTES = 20_000


def settings() -> dict[str, Any]:
    """Give what a process has set, and a library must leave as it is."""
    mask = os.umask(0o022)
    os.umask(mask)
    return {
        "collector": (gc.get_threshold(), gc.isenabled(), gc.get_freeze_count()),
        "switch interval": sys.getswitchinterval(),
        "signals": {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)},
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "umask": mask,
        "locale": locale.setlocale(locale.LC_ALL),
        "socket timeout": socket.getdefaulttimeout(),
        "recursion": sys.getrecursionlimit(),
        "warnings": len(warnings.filters),
        "hooks": (sys.excepthook, threading.excepthook, sys.unraisablehook),
        "log handlers": list(logging.getLogger().handlers),
    }


def in_use() -> dict[str, int]:
    """Count what a process holds of its machine."""
    gc.collect()
    return {
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
        "threads": threading.active_count(),
        "children": len(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()),
    }


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def run_again_and_again(warehouses: list[Callable[[], Warehouse]], syncs: int) -> tuple[float, float]:
    """Sync an organisation into each warehouse in turn, and check; give objects and bytes that a sync left behind."""
    with Sandbox(users=12, teams=2, limit=None) as sandbox:

        def one(place: int) -> None:
            for number in range(place, syncs, len(warehouses)):
                warehouse = warehouses[place]()
                client = client_for(sandbox.url, auth=ApiKey(sandbox.keys["admin"]), organization_id=None)
                try:
                    found = sync(client, warehouse, resources="users,memberships,teams")
                    assert not number >= len(warehouses) or not found.rows_changed
                finally:
                    client.close()
                    warehouse.close()

        def both(count: int) -> None:
            nonlocal syncs
            syncs = count
            with ThreadPoolExecutor(len(warehouses)) as pool:
                for each in [pool.submit(one, place) for place in range(len(warehouses))]:
                    each.result()

        whole = syncs
        both(10)  # what is made once: caches, pools, modules
        before, held = settings(), in_use()
        objects, memory = len(gc.get_objects()), resident()
        both(whole)
        assert settings() == before
        assert in_use() == held
        return (len(gc.get_objects()) - objects) / whole, (resident() - memory) / whole


def test_forty_syncs_two_at_a_time_leave_nothing(postgres_url: str, duckdb_url: str) -> None:
    objects, _ = run_again_and_again([lambda: Warehouse(postgres_url), lambda: Warehouse(duckdb_url)], 30)
    assert objects < OBJECTS


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_five_hundred_syncs_two_at_a_time_leave_nothing(warehouse_url: str, tmp_path: Path) -> None:
    beside = f"sqlite:///{tmp_path / 'beside.sqlite'}"
    objects, memory = run_again_and_again([lambda: Warehouse(warehouse_url), lambda: Warehouse(beside)], 500)
    assert objects < OBJECTS / 10
    assert memory < BYTES
