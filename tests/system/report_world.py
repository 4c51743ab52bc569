"""Make a warehouse of the demo's organisation, as ``make demo`` does, for tests of the report."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from calcom_provider.cli.app import run
from calcom_provider.reporting.building.build import Reports
from calcom_provider.sandbox import Sandbox


def make_warehouse(path: Path, users: int = 300) -> list[str]:
    """Sync the organisation into a SQLite file, make its views, and return what must never be shown of people.

    :param path: the file.
    :param users: how many people it has.
    """
    url = f"sqlite:///{path}"
    today = datetime.now(UTC).date()
    with Sandbox(users=users, limit=None, today=today) as sandbox, pytest.MonkeyPatch.context() as patch:
        private = [text for user in sandbox.state.users for text in (user["email"], user["name"]) if text]
        patch.setenv("CALCOM_BASE_URL", sandbox.url)
        patch.setenv("CALCOM_API_KEY", sandbox.keys["admin"])
        patch.setenv("CALCOM_STATE_DIR", str(path.parent / "state"))
        assert run(["sync", "--to", url]) == 0
    with Reports(url) as reports:
        reports.create()
    return private
