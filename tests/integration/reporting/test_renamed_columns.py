"""Views and checks find columns that a policy stored under other names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.api.http.auth import ApiKey
from calcom_provider.reporting.building import build
from calcom_provider.reporting.building.build import Reports
from calcom_provider.reporting.checks.checks import Checks
from calcom_provider.reporting.fixed_tables import time_zones
from calcom_provider.resources.policy import ColumnPolicy
from calcom_provider.sandbox import Sandbox
from calcom_provider.sync import SyncOptions, sync
from calcom_provider.warehouse import Warehouse
from tests.plugins.api import client_for

RENAMED = {
    "user_id": "person_id",
    "users.time_zone": "zone",
    "team_id": "group_id",
    "ooo_entries.id": "entry_id",
}
#: Columns that say when something was made or read, which differs between two syncs.
TIMES = ("valid_from", "first_seen", "synced", "as_of", "read_at", "made_at")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(users=20, limit=None, bookings=30) as running:
        yield running


def shown(sandbox: Sandbox, url: str, **policy: Any) -> tuple[dict[str, Any], dict[str, bool]]:
    """Sync, make the views, and return what they show and what was checked."""
    warehouse = Warehouse(url)
    with client_for(sandbox.url, auth=ApiKey(sandbox.keys["admin"]), organization_id=None) as client:
        sync(client, warehouse, resources="all", options=SyncOptions(policy=ColumnPolicy(**policy)))
    with Reports(url) as reports:
        made = reports.create(days_back=5, days_ahead=5)
    session = warehouse.backend.connect()
    rows = {}
    for one in made:
        if one.status != "skipped":
            names = list(warehouse.backend.reflect(session, one.name).get(one.name, {}))
            kept = [name for name in names if not any(time in name for time in TIMES)] or ["*"]
            columns = ", ".join(kept)
            rows[one.name] = sorted(map(repr, session.fetch(f"SELECT {columns} FROM {one.name}")))
        else:
            rows[one.name] = "skipped"
    session.close()
    warehouse.close()
    with Checks(url) as checks:
        checked = {f"{one.check} {one.subject}": one.checked for one in checks.run(["keys", "references"])}
    return rows, checked


def test_views_and_checks_read_renamed_columns(
    sandbox: Sandbox, tmp_path: Path, warehouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reporting views and checks find renamed columns."""
    zones = tuple(row for row in time_zones.offset_rows() if row[0] in ("UTC", "Europe/Berlin"))
    for module in (build, time_zones):
        monkeypatch.setattr(module, "offset_rows", lambda *_: zones)
    rows, checked = shown(sandbox, f"sqlite:///{tmp_path / 'plain.db'}")
    found, also_checked = shown(sandbox, warehouse_url, rename=RENAMED)
    assert also_checked == checked
    assert sum(checked.values()) > 10
    assert {name: value == "skipped" for name, value in found.items()} == {
        name: value == "skipped" for name, value in rows.items()
    }
    assert {name: len(value) for name, value in found.items()} == {
        name: len(value) for name, value in rows.items()
    }
    assert sum(map(len, rows.values())) > 100
