"""The page of a plan in Airflow: for those who may read the ledger's connection, with the names that they may see."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.links import plan_address
from calcom_provider.plugins.plan import plan_page
from tests.unit.hr.review.plans import attributes
from tests.unit.hr.review.test_page import make_tables


@pytest.fixture
def stored(tmp_path: Path, set_connection: Callable[..., str]) -> str:
    """Store a plan in the ledger of the connection ``ledger``, and names in that of ``warehouse_default``."""
    for name in ("ledger", "warehouse_default"):
        set_connection(name, conn_type="sqlite", host=str(tmp_path / f"{name}.db"))
    with Ledger(f"sqlite:///{tmp_path / 'warehouse_default.db'}") as other:
        make_tables(other)
    with Ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        return attributes(ledger)[1].id


def client(role: str) -> Any:
    from airflow.api_fastapi.app import create_app, get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from fastapi.testclient import TestClient

    made = TestClient(create_app(apps="all"))
    token = get_auth_manager().generate_jwt(SimpleAuthManagerUser(username="a", role=role))
    made.headers["Authorization"] = f"Bearer {token}"
    return made


@pytest.mark.usefixtures("airflow_db")
@pytest.mark.parametrize(("role", "status"), [("VIEWER", 403), ("USER", 403), ("OP", 200), ("ADMIN", 200)])
def test_the_right_to_read_the_connection_is_needed_not_merely_to_view_plugins(
    role: str, status: int, stored: str
) -> None:
    """A link to the plan as a page for those who have the right to read the ledger's connection."""
    opened = client(role)
    assert opened.get("/calcom/syncs").status_code == 200
    answer = opened.get(plan_address("ledger", stored))
    assert answer.status_code == status
    assert ("Ada Moreau" in answer.text) == (status == 200)
    if status == 200:
        assert answer.headers["cache-control"] == "private, no-store"
        # A browser obeys the page's own policy and the answer's at once: the page's script is named in both.
        own = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', answer.text)
        script = re.search(r"script-src ('sha256-[^']+')", own[1] if own else "")
        assert script
        assert script[1] in answer.headers["content-security-policy"]


@pytest.mark.usefixtures("airflow_db")
def test_a_connection_whose_name_has_a_slash_is_asked_about_whole(
    stored: str, tmp_path: Path, set_connection: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager

    asked: list[str] = []

    def note(self: Any, *, method: str, user: Any, details: Any = None) -> bool:
        asked.append(details.conn_id)
        return False

    monkeypatch.setattr(SimpleAuthManager, "is_authorized_connection", note)
    assert client("ADMIN").get(plan_address("team/ledger", stored)).status_code == 403
    assert asked == ["team/ledger"]


@pytest.mark.usefixtures("airflow_db")
def test_names_are_shown_to_those_who_may_read_them(stored: str) -> None:
    asked: list[str] = []

    def may_not(conn_id: str) -> bool:
        asked.append(conn_id)
        return False

    answer = plan_page("ledger", stored, may_not)
    assert answer.status == 200
    assert asked == ["warehouse_default"]
    assert "Ada Moreau" not in answer.html
    assert "User 1" in answer.html
    assert "Ada Moreau" in plan_page("ledger", stored, lambda _: True).html


@pytest.mark.usefixtures("airflow_db")
def test_what_is_not_there_is_said_and_not_made(
    stored: str, tmp_path: Path, set_connection: Callable[..., str]
) -> None:
    assert plan_page("nowhere", stored, lambda _: True).status == 404
    missing = plan_page("ledger", "no-plan", lambda _: True)
    assert missing.status == 503
    assert "the ledger has no plan" in missing.html
    for conn_type in ("sqlite", "duckdb"):
        file = tmp_path / f"empty-{conn_type}.db"
        set_connection("empty", conn_type=conn_type, host=str(file))
        assert "the machine of the API server" in plan_page("empty", stored, lambda _: True).html
        assert not file.exists()


@pytest.mark.usefixtures("airflow_db")
def test_a_driver_s_message_is_not_shown(stored: str, set_connection: Callable[..., str]) -> None:
    set_connection(
        "broken", conn_type="postgres", host="127.0.0.1", port=1, login="u", password="hunter2-secret"
    )
    answer = plan_page("broken", stored, lambda _: True)
    assert answer.status == 503
    assert "hunter2" not in answer.html
    assert "The log of the API server says why" in answer.html


def test_the_address_begins_with_that_of_airflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example/team/")
    assert plan_address("my ledger", "p-1") == "https://airflow.example/team/calcom/plan/p-1/my%20ledger"
    monkeypatch.delenv("AIRFLOW__API__BASE_URL")
    assert plan_address("ledger", "p-1").endswith("/calcom/plan/p-1/ledger")
