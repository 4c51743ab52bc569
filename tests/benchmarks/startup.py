"""Measure how long the command takes until its first request arrives, and how much processor time until then.

make bench-startup
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil

from tests.benchmarks.measure import ROOT
from tests.plugins.servers import postgres_server

RUNS = 15


class Arrival:
    """Hold when the first request of a process came.

    :param process: the process.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.came = threading.Event()
        self.at = 0.0
        self.cpu = 0.0

    def note(self) -> None:
        if not self.came.is_set():
            self.at = time.perf_counter()
            times = psutil.Process(self.process.pid).cpu_times()
            self.cpu = times.user + times.system
            self.came.set()


def once(target: str, folder: str) -> tuple[float, float]:
    """Return seconds and processor seconds of one start."""
    arrivals: list[Arrival] = []
    ready = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            ready.wait(10)
            arrivals[0].note()
            self.send_response(401)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings = {
            "CALCOM_BASE_URL": f"http://127.0.0.1:{server.server_address[1]}/v2",
            "CALCOM_API_KEY": "cal_bench",
            "CALCOM_STATE_DIR": folder,
        }
        began = time.perf_counter()
        process = subprocess.Popen(
            [Path(sys.executable).with_name("calcom"), "sync", "--to", target],
            env=os.environ | settings,
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        arrival = Arrival(process)
        arrivals.append(arrival)
        ready.set()
        assert arrival.came.wait(60), "no request came"
        process.wait(60)
        server.shutdown()
    return arrival.at - began, arrival.cpu


def main(targets: Sequence[str] = ()) -> int:
    """Print the medians and the best for SQLite and PostgreSQL."""
    with tempfile.TemporaryDirectory() as folder:
        for target in targets or (f"sqlite:///{folder}/w.db", postgres_server()):
            taken = sorted(once(str(target), folder) for _ in range(RUNS))
            median, best = taken[RUNS // 2], taken[0]
            print(
                f"{str(target).partition(':')[0]:12} first request after {median[0]:.3f} s (best {best[0]:.3f}),"
                f" {sorted(cpu for _, cpu in taken)[RUNS // 2]:.2f} s of processor time"
            )
    print("start-up measured")
    return 0


if __name__ == "__main__":
    sys.exit(main())
