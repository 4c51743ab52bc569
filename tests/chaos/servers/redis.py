"""A Redis server of our own, where the machine has one to start."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.chaos.servers.process import Server, free_port


def is_here() -> bool:
    """Tell whether the machine has a Redis to start."""
    return shutil.which("redis-server") is not None


class Redis:
    """Run a server that keeps nothing on disk."""

    def __init__(self, folder: Path) -> None:
        import redis

        port = free_port()
        self.url = f"redis://127.0.0.1:{port}/0"
        self.client = redis.Redis.from_url(self.url, socket_connect_timeout=3)
        self.server = Server(
            [
                shutil.which("redis-server") or "redis-server",
                "--bind",
                "127.0.0.1",
                "--port",
                str(port),
                "--save",
                "",
            ],
            self.client.ping,
            user=None,
            log=folder / "redis.log",
        )
        self.server.start()

    def stop(self) -> None:
        self.client.close()
        self.server.kill()
