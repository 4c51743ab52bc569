"""The receiver under load, killed in the middle: what was answered with 200 is in the store (make test-events)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
import sqlalchemy as sa

from tests.system.airflow_server import free_port, wait_for
from tests.system.events.figures import Load, quantile, write_load
from tests.system.events.senders import ready

SECRET = "a-secret-for-tests-0123456789abcdef"
RATE = 50
SECONDS = float(os.environ.get("CALCOM_EVENTS_SECONDS", "20"))
RESULTS = os.environ.get("CALCOM_EVENTS_RESULTS", "")
LARGEST_MIB = 400
#: Seconds that one in twenty deliveries may be sent too late.
LATEST = 0.5
#: Seconds for which a delivery may be on its way.
ON_ITS_WAY = 1.0


def serve(folder: Path, port: int) -> subprocess.Popen[bytes]:
    store = f"sqlite:///{folder}/events.db"
    command = [sys.executable, "-m", "calcom_provider.cli", "webhooks", "serve", "--store", store]
    command += ["--organization-id", "7", "--port", str(port)]
    return subprocess.Popen(
        command, env=os.environ | {"CALCOM_WEBHOOK_SECRET": SECRET}, stderr=subprocess.DEVNULL
    )


def answers(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/", timeout=2).status_code == 200
    except requests.RequestException:
        return False


def resident(process: subprocess.Popen[bytes]) -> float:
    text = Path(f"/proc/{process.pid}/status").read_text()
    return int(next(line for line in text.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


@pytest.mark.events
@pytest.mark.timeout(600)
def test_what_was_answered_with_200_survives_a_kill(tmp_path: Path) -> None:
    port = free_port()
    process = serve(tmp_path, port)
    try:
        wait_for("the receiver", 120, lambda: answers(port), 0.2)
        with ready(port, SECRET, RATE, SECONDS) as senders:
            began = senders.begin()
            time.sleep(max(0.0, began + SECONDS / 2 - time.time()))
            before = resident(process)
            process.send_signal(signal.SIGKILL)
            process.wait(30)
            down = time.time() - began
            process = serve(tmp_path, port)
            wait_for("the receiver again", 120, lambda: answers(port), 0.05)
            up = time.time() - began
            sent = senders.end(SECONDS + 120)
            after, load = resident(process), os.getloadavg()[0]
    finally:
        process.kill()
        process.wait(30)
    engine = sa.create_engine(f"sqlite:///{tmp_path}/events.db")
    with engine.connect() as connection:
        kept = {row[0] for row in connection.exec_driver_sql("SELECT row_key FROM calcom_events")}
    engine.dispose()
    taken = [one for one in sent if one.status == 200]
    figures = Load(
        rate=RATE, seconds=SECONDS, sent=len(sent), late=quantile([one.late for one in sent], 0.95),
        taken=len(taken), lost=len({one.uid for one in taken} - kept), down=up - down,
        p50=quantile([one.took for one in taken], 0.5), p95=quantile([one.took for one in taken], 0.95),
        memory=max(before, after), load=load,
    )  # fmt: skip
    print(f"\n{figures.line()}")
    # The senders held their rate, whatever became of the receiver.
    assert len(sent) == RATE * SECONDS
    assert figures.late < LATEST
    # Whatever was sent while there was a receiver was taken; of what was on its way when it was killed nobody knows.
    assert {one.status for one in sent} <= {0, 200}
    silent = [one for one in sent if not one.status]
    assert [one for one in silent if not down - ON_ITS_WAY < one.due + one.late < up + ON_ITS_WAY] == []
    assert {one.uid for one in taken} <= kept
    assert figures.memory < LARGEST_MIB
    if RESULTS:
        write_load(Path(RESULTS).with_name("receiver.inc"), figures)
