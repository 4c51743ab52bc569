"""Carry requests and answers between the server and the application."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Incoming:
    """Hold one request as it came over the wire.

    ``headers`` have lower-case names; ``address`` is the caller's; ``debug`` lets unforeseen errors
    through, for tests of handlers.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    address: str = "127.0.0.1"
    head_size: int = 0
    debug: bool = False

    @property
    def target(self) -> str:
        """Return path and query, as they stood in the request line."""
        return f"{self.path}?{self.query}" if self.query else self.path


@dataclass(slots=True)
class Response:
    """Hold one answer before it goes over the wire."""

    status: int
    body: bytes
    headers: dict[str, str]
