"""Tell what lies between the recordings of the second run, and which of them are not counted and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.contract.replay import Player, Step

STEPS: list[Step] = []
SKIPPED: dict[str, str] = {}
LATER_KEYS: dict[str, str] = {}


class Tokens:
    """Keep the tokens of managed users, as the answers give them out."""

    def __init__(self, player: Player) -> None:
        self.player = player

    def refresh(self, number: str) -> str:
        return ""

    def headers(
        self, key: str | None, sent: Mapping[str, str], number: str, path: str, made: Any
    ) -> dict[str, str]:
        return {}
