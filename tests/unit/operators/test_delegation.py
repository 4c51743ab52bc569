"""Delegation credentials: created once, keyed and switched as wanted, recovered from half a success."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from calcom_provider.api.errors import CalComError, ServerError
from calcom_provider.api.http.retries import RetryPolicy
from calcom_provider.hooks.calcom import CalComHook
from calcom_provider.operators.delegation import CalComDelegationCredentialOperator
from tests.plugins.api import Reply, ScriptedServer, Seen, error, success

PRIVATE = (
    "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ\n"
    "-----END PRIVATE KEY-----\n"
)
GOOGLE = {"type": "service_account", "client_email": "a@b.example", "client_id": "1", "private_key": PRIVATE}


class Workspace:
    """Answer as Cal.com does; a new key always switches the credential off before it is tried."""

    def __init__(self, server: ScriptedServer) -> None:
        self.works = True
        self.taken = False
        self.credential: dict[str, Any] | None = None
        self.key: Any = None
        self.server = server
        server.answer = self.answer

    @property
    def writes(self) -> list[tuple[str, dict[str, Any]]]:
        return [(seen.method, seen.json) for seen in self.server.seen if seen.method != "GET"]

    def answer(self, seen: Seen) -> Reply:
        if seen.path.endswith("/me"):
            return success({"id": 1, "organizationId": 4242})
        if seen.method == "POST":
            if self.taken:
                return error(400, "TRPCError", "Bad request")
            self.key = seen.json["serviceAccountKey"]
            self.credential = {"id": "c-1", "enabled": False, "domain": seen.json["domain"]}
            return Reply(201, {"status": "success", "data": self.credential})
        assert self.credential is not None
        if "serviceAccountKey" in seen.json:
            self.key = seen.json["serviceAccountKey"]
            self.credential["enabled"] = False
        if seen.json.get("enabled"):
            if not self.works:
                return Reply(500, {"statusCode": 500, "message": "Internal server error"})
            self.credential["enabled"] = True
        elif "enabled" in seen.json:
            self.credential["enabled"] = False
        return success(self.credential)


@pytest.fixture
def workspace(
    http_server: ScriptedServer,
    set_connection: Callable[..., str],
    warehouse_default: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Workspace:
    monkeypatch.setattr(CalComHook, "retries", RetryPolicy(first_wait=0.001, longest_wait=0.002))
    set_connection("calcom_default", conn_type="calcom", host=http_server.url, password="cal_abcdefghij")
    set_connection("account", conn_type="google_cloud_platform", extra={"keyfile_dict": json.dumps(GOOGLE)})
    return Workspace(http_server)


def run(context: dict[str, Any], **arguments: Any) -> dict[str, Any]:
    defaults: dict[str, Any] = {
        "platform": "google",
        "domain": "@Acme.example",
        "sql_conn_id": "warehouse_default",
        "key_conn_id": "account",
    }
    return CalComDelegationCredentialOperator(task_id="t", **(defaults | arguments)).execute(context)


def test_created_switched_on_and_then_left_alone(workspace: Workspace, task_context: Any) -> None:
    assert run(task_context) == {"id": "c-1", "enabled": True, "done": ["created", "enabled"]}
    assert workspace.credential == {"id": "c-1", "enabled": True, "domain": "acme.example"}
    assert workspace.key == {name: GOOGLE[name] for name in ("client_email", "client_id", "private_key")}
    sent = len(workspace.writes)
    assert run(task_context)["done"] == []
    assert len(workspace.writes) == sent


def test_a_new_key_is_sent_and_switched_on_in_one_call(
    workspace: Workspace, task_context: Any, set_connection: Callable[..., str]
) -> None:
    run(task_context)
    fresh = GOOGLE | {"private_key": PRIVATE.replace("MII", "MIJ")}
    set_connection("account", conn_type="generic", extra=fresh)
    assert run(task_context)["done"] == ["key changed"]
    method, body = workspace.writes[-1]
    assert (method, body["enabled"]) == ("PATCH", True)
    assert workspace.key["private_key"] == fresh["private_key"]
    assert workspace.credential is not None
    assert workspace.credential["enabled"] is True


def test_switched_off_and_on_without_the_key(workspace: Workspace, task_context: Any) -> None:
    run(task_context)
    assert run(task_context, enabled="false", key_conn_id=None)["done"] == ["disabled"]
    assert workspace.writes[-1] == ("PATCH", {"enabled": False})
    assert run(task_context, key_conn_id="{{ None }}".strip("{ }"))["done"] == ["enabled"]


def test_half_a_success_is_explained_and_recovered_from(
    workspace: Workspace, task_context: Any, set_connection: Callable[..., str]
) -> None:
    run(task_context)
    workspace.works = False
    set_connection(
        "account", conn_type="generic", extra=GOOGLE | {"private_key": PRIVATE.replace("MII", "MIJ")}
    )
    with pytest.raises(ServerError, match="new key is stored, but the credential is off") as caught:
        run(task_context)
    assert "domain-wide delegation" in str(caught.value)
    assert workspace.credential is not None
    assert workspace.credential["enabled"] is False
    workspace.works = True
    assert run(task_context)["done"] == ["enabled"]
    assert workspace.writes[-1] == ("PATCH", {"enabled": True})


def test_a_failed_switch_after_creation_keeps_the_id(workspace: Workspace, task_context: Any) -> None:
    workspace.works = False
    with pytest.raises(CalComError):
        run(task_context)
    workspace.works = True
    assert run(task_context) == {"id": "c-1", "enabled": True, "done": ["enabled"]}
    assert [method for method, _ in workspace.writes].count("POST") == 1


def test_an_existing_credential_needs_its_id(workspace: Workspace, task_context: Any) -> None:
    workspace.taken = True
    with pytest.raises(AirflowFailException, match="credential_id"):
        run(task_context)
    workspace.credential = {"id": "c-9", "enabled": False, "domain": "acme.example"}
    assert run(task_context, credential_id="c-9")["id"] == "c-9"
    assert run(task_context)["done"] == []


def test_against_the_sandbox(sandbox: Any, calcom_default: str, warehouse_default: Path, task_context: Any,
                             set_connection: Callable[..., str]) -> None:  # fmt: skip
    set_connection("account", conn_type="generic", extra=GOOGLE)
    result = run(task_context, enabled=False)
    assert sandbox.state.tables["delegation_credentials"].get(result["id"])["domain"] == "acme.example"
    assert run(task_context, enabled=False)["done"] == []


@pytest.mark.parametrize(
    "fields",
    [
        {"conn_type": "azure", "login": "app", "password": PRIVATE, "extra": {"tenantId": "t"}},
        {"conn_type": "generic", "extra": {"tenant_id": "t", "client_id": "app", "private_key": PRIVATE}},
    ],
)
def test_microsoft_keys(
    fields: dict[str, Any], workspace: Workspace, task_context: Any, set_connection: Callable[..., str]
) -> None:
    set_connection("account", **fields)
    run(task_context, platform="office365")
    assert workspace.key == {"tenant_id": "t", "client_id": "app", "private_key": PRIVATE}


def test_a_key_file_is_read(
    workspace: Workspace, task_context: Any, set_connection: Callable[..., str], tmp_path: Path
) -> None:
    path = tmp_path / "key.json"
    path.write_text(json.dumps(GOOGLE))
    set_connection("account", conn_type="google_cloud_platform", extra={"key_path": str(path)})
    assert run(task_context)["id"] == "c-1"


def test_the_key_shows_up_nowhere(
    workspace: Workspace, task_context: Any, capsys: Any, warehouse_default: Path
) -> None:
    workspace.works = False
    with pytest.raises(CalComError) as caught:
        run(task_context)
    workspace.works = True
    result = run(task_context)
    shown = capsys.readouterr()
    everything = str(caught.value) + json.dumps(result) + shown.out + shown.err
    assert "MIIEvQIBADAN" not in everything
    assert b"MIIEvQIBADAN" not in warehouse_default.read_bytes()
    assert "MIIEvQIBADAN" not in json.dumps(task_context["ti"].pushed)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"platform": "exchange"}, "platform"),
        ({"domain": " @"}, "domain"),
        ({"key_conn_id": None}, "key_conn_id"),
        ({"key_conn_id": "empty"}, "private_key"),
        ({"enabled": "sometimes"}, "enabled"),
    ],
)
def test_wrong_arguments_are_named(
    arguments: dict[str, Any],
    said: str,
    workspace: Workspace,
    task_context: Any,
    set_connection: Callable[..., str],
) -> None:
    set_connection("empty", conn_type="google_cloud_platform")
    with pytest.raises(AirflowFailException, match=said):
        run(task_context, **arguments)
    assert workspace.writes == []
