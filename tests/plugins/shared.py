"""Find the reference material that lies beside the repository, when it does.

Tests marked ``shared`` compare the package with recorded answers of the real API. They are extra: without the
folder they are not collected, and one line says so.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

SHARED = Path(__file__).resolve().parents[3] / "shared"


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    return SHARED


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if SHARED.is_dir():
        return
    dropped = [item for item in items if item.get_closest_marker("shared")]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = [item for item in items if item not in dropped]
        config.stash.setdefault(NOTES, []).append(
            f"{len(dropped)} tests need the reference material: not collected"
        )


NOTES: pytest.StashKey[list[str]] = pytest.StashKey()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for note in config.stash.get(NOTES, []):
        terminalreporter.write_line(f"note: {note}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    # Under xdist the workers collect; what they noted has to be carried to the one that prints.
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["notes"] = session.config.stash.get(NOTES, [])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    notes = node.config.stash.setdefault(NOTES, [])
    notes += [note for note in getattr(node, "workeroutput", {}).get("notes", ()) if note not in notes]
