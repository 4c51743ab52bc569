"""Send signed deliveries at a steady rate from processes of their own, and note what became of each.

Run as a program it signs its part beforehand, says ``ready``, waits for a line with the time to begin at, sends, and
prints what it saw. It is no client of ours: a raw connection that is kept, and a new one where that broke.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

PROCESSES = 2
#: Connections of a process; each waits for an answer before it sends again. All together the receiver reads at once.
CONNECTIONS = 30
PATIENCE = 20.0


@dataclass(frozen=True, slots=True)
class Sent:
    """Hold one delivery.

    :param uid: the booking that it named.
    :param due: when it was to be sent, in seconds since the beginning.
    :param late: seconds that it was sent after that.
    :param status: status of the answer, 0 without one.
    :param took: seconds to the answer.
    """

    uid: str
    due: float
    late: float
    status: int
    took: float


def request(port: int, secret: str, uid: str, number: int) -> bytes:
    """Return a whole signed request."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    payload: dict[str, Any] = {"uid": uid, "bookingId": number + 1, "title": "x" * 1500}
    body = json.dumps({"triggerEvent": "BOOKING_CREATED", "createdAt": now, "payload": payload}).encode()
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    head = (
        f"POST /7 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"X-Cal-Signature-256: {signature}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Connection:
    """Keep a connection, and open another where it broke."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None

    def send(self, whole: bytes) -> int:
        """Send a request; return the status of its answer, 0 without one."""
        try:
            if self._socket is None:
                self._socket = socket.create_connection(("127.0.0.1", self._port), PATIENCE)
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket.sendall(whole)
            return self._answer(self._socket)
        except OSError:
            self.close()
            return 0

    def _answer(self, opened: socket.socket) -> int:
        held = b""
        while b"\r\n\r\n" not in held:
            held += self._part(opened)
        head, _, rest = held.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").lower().split("\r\n")
        length = next(int(line.split(":")[1]) for line in lines if line.startswith("content-length:"))
        while len(rest) < length:
            rest += self._part(opened)
        if "connection: close" in lines:
            self.close()
        return int(lines[0].split()[1])

    @staticmethod
    def _part(opened: socket.socket) -> bytes:
        part = opened.recv(65_536)
        if not part:
            raise ConnectionResetError
        return part

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


@contextmanager
def ready(port: int, secret: str, rate: float, seconds: float) -> Iterator[Senders]:
    """Start processes that have signed all they will send."""
    count = round(rate * seconds)
    words = [sys.executable, "-m", "tests.system.events.senders", str(port), str(rate), str(count)]
    processes = [
        subprocess.Popen(
            [*words, str(place)], env=os.environ | {"SENDERS_SECRET": secret},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for place in range(PROCESSES)
    ]  # fmt: skip
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline().strip() == "ready"
        yield Senders(processes)
    finally:
        for process in processes:
            process.kill()
            process.communicate()


class Senders:
    """Hold processes that are ready to send."""

    def __init__(self, processes: Sequence[subprocess.Popen[str]]) -> None:
        self._processes = processes

    def begin(self) -> float:
        """Let them send, from a moment on that is returned, in seconds since 1970."""
        at = time.time() + 0.5
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.write(f"{at}\n")
            process.stdin.flush()
        return at

    def end(self, patience: float) -> list[Sent]:
        """Wait until all was sent; return it in the order in which it was due."""
        found = [
            Sent(*one)
            for process in self._processes
            for one in json.loads(process.communicate(timeout=patience)[0])
        ]
        return sorted(found, key=lambda one: one.due)


def main(port: int, rate: float, count: int, place: int) -> None:
    secret = os.environ["SENDERS_SECRET"]
    mine = range(place, count, PROCESSES)
    signed = [(number, request(port, secret, f"booking-{number}", number)) for number in mine]
    print("ready", flush=True)
    begin = float(sys.stdin.readline())
    sent: list[Sent] = []

    def work(lane: int) -> None:
        connection = Connection(port)
        for number, whole in signed[lane::CONNECTIONS]:
            due = begin + number / rate
            time.sleep(max(0.0, due - time.time()))
            at = time.time()
            status = connection.send(whole)
            took = time.time() - at
            sent.append(Sent(f"booking-{number}", due - begin, at - due, status, took))
        connection.close()

    lanes = [threading.Thread(target=work, args=(lane,)) for lane in range(CONNECTIONS)]
    for lane in lanes:
        lane.start()
    for lane in lanes:
        lane.join()
    print(json.dumps([[one.uid, one.due, one.late, one.status, one.took] for one in sent]))


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
