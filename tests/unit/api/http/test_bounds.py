"""No server fills memory or a day: docs/limits.rst, "What no server can do"."""

from __future__ import annotations

import gzip
import json
import socket
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from calcom_provider.api.bounds import MIB, Bounds
from calcom_provider.api.client import CalComClient
from calcom_provider.api.errors import ConfigurationError, IncompleteReadError, TransportError
from calcom_provider.api.paging.emptiness import EarlierRows
from tests.plugins.api import Reply, client_for, success

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
NARROW = Bounds(answer_bytes=2 * MIB, answer_seconds=1.0, row_growth=4, row_margin=100, first_rows=900)


class Endless:
    """Send the same bytes again and again, with a pause between."""

    def __init__(self, piece: bytes, pause: float) -> None:
        self.connections = 0
        self._piece, self._pause = piece, pause
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/v2"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                self.connections += 1
                threading.Thread(target=self._send, args=(connection,), daemon=True).start()

    def _send(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            connection.recv(65536)
            connection.sendall(HEAD)
            while True:
                connection.sendall(b"%x\r\n%s\r\n" % (len(self._piece), self._piece))
                time.sleep(self._pause)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def endless() -> Iterator[Callable[[bytes, float], Endless]]:
    made: list[Endless] = []

    def make(piece: bytes, pause: float) -> Endless:
        made.append(Endless(piece, pause))
        return made[-1]

    yield make
    for server in made:
        server.close()


def test_a_body_without_end_is_given_up(endless: Any) -> None:
    server = endless(b" " * 65536, 0.0)
    with client_for(server.url, bounds=NARROW) as client:
        with pytest.raises(TransportError, match="larger than 2 MiB unpacked") as caught:
            client.call("org_teams.list")
    assert (caught.value.kind, caught.value.sent) == ("too_large", True)
    assert server.connections == 1


def test_a_byte_at_a_time_is_given_up(endless: Any) -> None:
    server = endless(b" ", 0.05)
    began = time.monotonic()
    with client_for(server.url, bounds=NARROW) as client:
        with pytest.raises(TransportError, match="did not come to its end within 1 seconds") as caught:
            client.call("org_teams.list")
    assert caught.value.kind == "too_slow"
    assert time.monotonic() - began >= 1.0
    assert server.connections == 1


BOMB = """
import resource, sys
from pathlib import Path
from concurrent.futures import ThreadPoolExecutor
from calcom_provider.api.errors import TransportError
from tests.plugins.api import client_for

def read(_):
    try:
        client.call("org_teams.list")
    except TransportError as error:
        return error.kind

with client_for(sys.argv[1], timeout=(60.0, 200.0)) as client, ThreadPoolExecutor(4) as pool:
    kinds = list(pool.map(read, range(4)))

status = Path("/proc/self/status")
# What getrusage tells begins with what the process had that started this one.
lines = status.read_text().splitlines() if status.exists() else []
peaks = [line.split()[1] for line in lines if line.startswith("VmHWM")]
print(*kinds, int(peaks[0] if peaks else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) // 1024)
"""


def test_a_bomb_stays_under_400_mb(http_server: Any) -> None:
    """A megabyte that swells to 3.2 GB, four times at once."""
    part = gzip.compress(bytes(64 * MIB), 1)
    http_server.answer = lambda seen: Reply(200, part * 50, {"Content-Encoding": "gzip"})
    done = subprocess.run(
        [sys.executable, "-c", BOMB, http_server.url], capture_output=True, text=True, timeout=240, check=True
    )
    *kinds, resident = done.stdout.split()
    assert kinds == ["too_large"] * 4
    assert int(resident) < 400


def test_ten_rows_with_ten_megabytes_of_text_pass(http_server: Any, make_client: Any) -> None:
    text = "ä" * (5 * MIB)
    body = json.dumps(
        {"status": "success", "data": [{"id": number, "bio": text} for number in range(10)]},
        ensure_ascii=False,
    ).encode()
    http_server.answer = lambda seen: Reply(200, gzip.compress(body, 1), {"Content-Encoding": "gzip"})
    rows = list(make_client(timeout=(5.0, 30.0)).rows("org_teams.list"))
    assert [len(row["bio"]) for row in rows] == [len(text)] * 10


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_packed_bodies_are_unpacked_and_cut_ones_noticed(
    http_server: Any, make_client: Any, pack: Callable[[bytes], bytes]
) -> None:
    body = pack(json.dumps({"status": "success", "data": [{"id": 1}]}).encode())
    name = "gzip" if pack is gzip.compress else "deflate"
    http_server.replies = [Reply(200, body, {"Content-Encoding": name})]
    assert make_client().call("org_teams.list") == [{"id": 1}]
    for broken in (body[: len(body) // 2], b"\x1f\x8b" + body[::-1]):
        http_server.answer = lambda seen, sent=broken: Reply(200, sent, {"Content-Encoding": name})
        with pytest.raises(TransportError) as caught:
            make_client().call("org_teams.list")
        assert caught.value.kind == "truncated"


def test_an_unasked_packing_is_named(http_server: Any, make_client: Any) -> None:
    http_server.answer = lambda seen: Reply(200, b"xyz", {"Content-Encoding": "br"})
    with pytest.raises(TransportError, match="packed in a way that was not asked for"):
        make_client().call("org_teams.list")


def _invented(seen: Any) -> Reply:
    query = dict(seen.query)
    skip, take = int(query.get("skip", 0)), int(query["take"])
    return success([{"id": skip + place} for place in range(take)])


@pytest.mark.parametrize(("stored", "most"), [(0, 900), (300, 1300)])
def test_ids_without_end_are_given_up(
    http_server: Any, make_client: Callable[..., CalComClient], stored: int, most: int
) -> None:
    http_server.answer = _invented
    client = make_client(bounds=NARROW)
    reader = client.pages("org_memberships.list", earlier=EarlierRows(stored))
    with pytest.raises(IncompleteReadError, match=f"more than {most:,} rows"):
        for _ in reader:
            pass
    assert reader.requests <= most // 250 + 12


def test_a_list_may_grow_fourfold(http_server: Any, make_client: Callable[..., CalComClient]) -> None:
    rows = [{"id": number} for number in range(1290)]

    def answer(seen: Any) -> Reply:
        query = dict(seen.query)
        skip, take = int(query.get("skip", 0)), int(query["take"])
        return success(rows[skip : skip + take])

    http_server.answer = answer
    reader = make_client(bounds=NARROW).pages("org_memberships.list", earlier=EarlierRows(300))
    assert len(list(reader.distinct_rows())) == 1290


def test_the_usual_bounds() -> None:
    """docs/limits.rst: "256 MiB unpacked and for 300 seconds [...] 20 million at its first read"."""
    usual = Bounds()
    assert (usual.answer_bytes, usual.answer_seconds) == (256 * MIB, 300.0)
    assert (usual.rows(0), usual.rows(1_000_000)) == (20_000_000, 4_100_000)


def test_bounds_are_read_from_a_text() -> None:
    found = Bounds.parse("answer_mib=512, row_growth=8")
    assert found == Bounds(answer_bytes=512 * MIB, row_growth=8.0)
    assert Bounds.parse("") == Bounds()


@pytest.mark.parametrize(
    "text", ["answer_mb=1", "answer_mib", "answer_mib=0", "row_growth=many", "row_margin=inf"]
)
def test_bounds_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="bounds take answer_mib"):
        Bounds.parse(text)
