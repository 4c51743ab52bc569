"""Let a test quote the sentence of the documentation that it holds the code to."""

from __future__ import annotations

from functools import cache
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "write-back.rst"


@cache
def _words() -> str:
    return " ".join(PAGE.read_text("utf-8").replace("*", "").split())


def promised(sentence: str) -> None:
    """Fail when the page on the write-back does not say this sentence (any more)."""
    assert " ".join(sentence.split()) in _words(), f"docs/write-back.rst does not say: {sentence}"
