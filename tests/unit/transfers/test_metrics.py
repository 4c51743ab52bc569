"""What Airflow's StatsD client really sends for a sync."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import Stats
from airflow.sdk._shared.observability.metrics.base_stats_logger import NoStatsLogger
from airflow.sdk.observability.metrics import stats_utils
from airflow.sdk.observability.metrics.statsd_logger import get_statsd_logger

from calcom_provider.transfers.calcom_to_sql import CalComToSqlOperator


class Listener:
    """Collect the packets that arrive at a UDP port of this machine."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.2)
        self.port = self._socket.getsockname()[1]

    def sums(self) -> dict[str, float]:
        """Return the sum of each counter that was sent."""
        found: dict[str, float] = {}
        while True:
            try:
                packet = self._socket.recv(65_536).decode()
            except TimeoutError:
                return found
            for line in packet.split("\n"):
                name, _, rest = line.partition(":")
                found[name] = found.get(name, 0.0) + float(rest.partition("|")[0])

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def statsd(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    listener = Listener()
    for name, value in {"ON": "True", "HOST": "127.0.0.1", "PORT": str(listener.port)}.items():
        monkeypatch.setenv(f"AIRFLOW__METRICS__STATSD_{name}", value)
    assert stats_utils.get_stats_factory() is get_statsd_logger
    Stats.initialize(factory=stats_utils.get_stats_factory(), export_legacy_names=True)
    yield listener
    Stats.initialize(factory=NoStatsLogger, export_legacy_names=True)
    listener.close()


def sync(**arguments: Any) -> CalComToSqlOperator:
    return CalComToSqlOperator(task_id="sync", sql_conn_id="warehouse_default", **arguments)


def test_counters_say_what_the_run_did(
    sandbox: Any, calcom_default: str, warehouse_default: Path, task_context: Any, statsd: Listener
) -> None:
    done = sync().execute(task_context)
    sent = statsd.sums()
    assert sent["airflow.calcom.sync.runs"] == 1
    assert sent["airflow.calcom.sync.requests"] == done["requests"]
    assert sent["airflow.calcom.sync.throttled"] == 0
    assert sent["airflow.calcom.sync.rows_changed"] == done["rows_changed"] > 0
    read = sum(table["rows_read"] for table in done["tables"].values())
    assert sent["airflow.calcom.sync.table.rows_read"] == read
    assert sent["airflow.calcom.sync.duration"] > 0


def test_a_failed_sync_is_counted(
    sandbox: Any, calcom_default: str, warehouse_default: Path, task_context: Any, statsd: Listener
) -> None:
    with pytest.raises(Exception, match="no choice"):
        sync(columns={"nonsense": 1}).execute(task_context)
    assert statsd.sums() == {"airflow.calcom.sync.runs": 1.0}
