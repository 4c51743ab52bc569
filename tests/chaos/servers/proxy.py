"""A TCP proxy that cuts: after so many bytes, in the middle of a statement or of an answer."""

from __future__ import annotations

import contextlib
import socket
import threading


class Proxy:
    """Pass bytes on between loopback ports until told to cut.

    :param port: where the server listens.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._left: int | None = None
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self.cuts = 0
        self._accepting = threading.Thread(target=self._accept, daemon=True, name="chaos-proxy")
        self._accepting.start()

    def cut_after(self, count: int | None) -> None:
        """Cut every connection once so many more bytes went to the server; None for never."""
        with self._lock:
            self._left = count

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self._target), timeout=10)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            pair = (near, far)
            with self._lock:
                self._pairs.add(pair)
            for source, sink, counted in ((near, far, True), (far, near, False)):
                thread = threading.Thread(
                    target=self._pump, args=(pair, source, sink, counted), daemon=True, name="chaos-proxy"
                )
                self._threads.append(thread)
                thread.start()

    def _pump(
        self,
        pair: tuple[socket.socket, socket.socket],
        source: socket.socket,
        sink: socket.socket,
        counted: bool,
    ) -> None:
        try:
            while data := source.recv(65536):
                part = self._allowed(data) if counted else data
                sink.sendall(part)
                if len(part) < len(data):
                    self.cut()
                    return
        except OSError:
            pass
        finally:
            self._drop(pair)

    def _allowed(self, data: bytes) -> bytes:
        with self._lock:
            if self._left is None:
                return data
            part = data[: max(self._left, 0)]
            self._left -= len(data)
            return part

    def cut(self) -> None:
        """Cut all connections at once."""
        with self._lock:
            pairs = list(self._pairs)
            self.cuts += 1
        for pair in pairs:
            self._drop(pair)

    def _drop(self, pair: tuple[socket.socket, socket.socket]) -> None:
        with self._lock:
            self._pairs.discard(pair)
        for end in pair:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def close(self) -> None:
        # A thread that waits in accept() is not woken by closing the socket alone.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        self._accepting.join(10)
        for thread in self._threads:
            thread.join(10)
