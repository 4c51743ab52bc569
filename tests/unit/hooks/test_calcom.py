"""The hook: lazy, delegating, and a connection test that says what is wrong and what helps."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.api.errors import ConfigurationError, NotFoundError
from calcom_provider.hooks.calcom import CalComHook
from calcom_provider.hooks.check import describe_limits
from tests.plugins.api import Reply, ScriptedServer, success

SetConnection = Callable[..., str]


def test_nothing_is_looked_up_before_it_is_needed() -> None:
    hook = CalComHook("no_such_connection")
    assert hook.calcom_conn_id == "no_such_connection"


def test_get_hook_of_a_connection_makes_it(calcom_default: str) -> None:
    from airflow.sdk import Connection

    hook = Connection.get(calcom_default).get_hook()
    assert isinstance(hook, CalComHook)
    assert hook.test_connection()[0]


def test_calls_are_passed_on(sandbox: Any, calcom_default: str) -> None:
    hook = CalComHook()
    assert hook.get_conn() is hook.get_conn()
    assert hook.organization_id == sandbox.organization_id
    assert hook.call("me.get")["organizationId"] == sandbox.organization_id
    assert hook.send("me.get").status == 200
    assert len(list(hook.rows("org_memberships.list"))) == sandbox.rows()["memberships"]
    assert sum(page.count for page in hook.pages("org_users.list")) >= sandbox.rows()["users"]
    hook.close()


def test_data_frame(sandbox: Any, calcom_default: str) -> None:
    frame = CalComHook().get_df("org_users.list")
    assert len(frame) == sandbox.rows()["users"]
    assert {"id", "email", "profile.id"} <= set(frame.columns)


def test_an_organization_of_the_hook_wins(sandbox: Any, calcom_default: str) -> None:
    assert CalComHook(organization_id=5).organization_id == 5


def test_a_looked_up_connection_is_used_as_it_is(sandbox: Any, calcom_default: str) -> None:
    from airflow.sdk import Connection

    connection = Connection.get(calcom_default)
    os.environ.pop("AIRFLOW_CONN_CALCOM_DEFAULT")
    assert CalComHook.of(connection).organization_id == sandbox.organization_id


def test_passwords_inside_addresses_are_masked(
    set_connection: SetConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    masked: list[str] = []
    monkeypatch.setattr("calcom_provider.hooks.calcom.mask_secret", masked.append)
    set_connection(
        "c",
        conn_type="calcom",
        password="cal_1234567890",
        extra={"proxy": "http://u:pr%40xy@h:1", "state_store": "redis://:st0re@h/0"},
    )
    assert CalComHook("c").settings
    assert {"pr@xy", "st0re"} <= set(masked)


def test_renewed_tokens_are_masked(
    sandbox: Any, set_connection: SetConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    masked: list[str] = []
    monkeypatch.setattr("calcom_provider.hooks.settings.mask_secret", masked.append)
    keys = sandbox.keys
    extra = {
        "auth_mode": "managed_user",
        "client_id": keys["client_id"],
        "client_secret": keys["client_secret"],
        "managed_user_id": keys["managed_user_id"],
    }
    set_connection("c", conn_type="calcom", host=sandbox.url, extra=extra)
    hook = CalComHook("c")
    assert str(hook.call("me.get")["id"]) == keys["managed_user_id"]
    assert masked == [hook.client.auth.token]


def test_an_access_token_is_a_credential_of_its_own(sandbox: Any, set_connection: SetConnection) -> None:
    keys = sandbox.keys
    extra = {name: keys[name] for name in ("client_id", "client_secret", "managed_user_id")}
    set_connection("m", conn_type="calcom", host=sandbox.url, extra=extra | {"auth_mode": "managed_user"})
    renewed = CalComHook("m")
    renewed.call("me.get")
    set_connection(
        "t",
        conn_type="calcom",
        host=sandbox.url,
        password=renewed.client.auth.token,
        extra={"auth_mode": "access_token"},
    )
    hook = CalComHook("t")
    assert str(hook.call("me.get")["id"]) == keys["managed_user_id"]
    good, message = hook.test_connection()
    assert good, message
    assert message.startswith(f"User {keys['managed_user_id']} of organization ")


# -- what the connection test says ----------------------------------------------------------------------


def test_success_names_organization_role_and_limit(sandbox: Any, calcom_default: str) -> None:
    good, message = CalComHook().test_connection()
    assert good
    assert f"organization {sandbox.organization_id}" in message
    assert "administrator" in message
    assert "120 (default)" in message


def wrongs(sandbox: Any) -> dict[str, tuple[dict[str, Any], str]]:
    """Return connections that are wrong, each with what its message has to say."""
    admin, keys = sandbox.keys["admin"], sandbox.keys
    extra = {"organization_id": sandbox.organization_id}
    return {
        "wrong key": ({"password": keys["unknown"]}, "does not know the key"),
        "expired key": ({"password": keys["expired"]}, "expired: create a new one"),
        "unknown organisation": ({"extra": {"organization_id": 999999}}, "no organisation with this id"),
        "foreign organisation": ({"password": keys["outsider"], "extra": extra}, "no member"),
        "no administrator": ({"password": keys["member"]}, "use the key of an admin"),
        "refused": ({"host": "http://127.0.0.1:1/v2"}, "is refused"),
        "no such host": ({"host": "http://no-such-host.invalid/v2"}, "cannot be found"),
        "wrong path": (
            {"host": sandbox.url.replace("/v2", "/elsewhere")},
            "no Cal.com API v2 at this base URL",
        ),
        "path goes on": ({"host": f"{sandbox.url}/me"}, "goes on after /v2"),
        "no address": ({"host": "ftp://x/v2"}, "http"),
        "no key": ({"password": ""}, "API key"),
        "broken extra": ({"password": admin, "extra": {"organization_id": "abc"}}, "organization_id"),
        "wrong secret": (
            {
                "extra": {
                    "auth_mode": "platform",
                    "client_id": keys["client_id"],
                    "client_secret": "wr0ng-s3cret",
                }
            },
            "secret",
        ),
    }


WRONGS = (
    "wrong key", "expired key", "unknown organisation", "foreign organisation", "no administrator", "refused",
    "no such host", "wrong path", "path goes on", "no address", "no key", "broken extra", "wrong secret",
)  # fmt: skip


@pytest.mark.parametrize("case", WRONGS)
def test_what_is_wrong_is_explained_in_one_line(
    case: str, sandbox: Any, set_connection: SetConnection
) -> None:
    changes, said = wrongs(sandbox)[case]
    fields = {"host": sandbox.url, "password": sandbox.keys["admin"]} | changes
    set_connection("c", conn_type="calcom", **fields)
    good, message = CalComHook("c").test_connection()
    assert not good
    assert said in message
    assert "\n" not in message
    assert "Traceback" not in message
    for secret in (*(key for key in sandbox.keys.values() if len(key) > 12), "wr0ng-s3cret"):
        assert secret not in message


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, b"<html><title>Welcome</title>", {"Content-Type": "text/html"}),
        Reply(200, {"status": "success", "data": "hello"}),
        Reply(200, []),
        Reply(404, b"<html>not found</html>", {"Content-Type": "text/html"}),
        Reply(302, b"", {"location": "https://login.example.com/"}),
    ],
    ids=["a web page", "another API", "a list", "a missing page", "a login"],
)
def test_a_site_that_is_no_calcom_is_told(
    reply: Reply, http_server: ScriptedServer, set_connection: SetConnection
) -> None:
    http_server.answer = lambda _: reply
    set_connection("c", conn_type="calcom", host=http_server.url, password="cal_abcdefghijkl")
    good, message = CalComHook("c").test_connection()
    assert not good
    assert "Cal.com" in message
    assert "base URL" in message
    assert "\n" not in message


def test_an_account_without_organization_passes_and_says_so(
    sandbox: Any, set_connection: SetConnection
) -> None:
    set_connection("c", conn_type="calcom", host=sandbox.url, password=sandbox.keys["loner"])
    good, message = CalComHook("c").test_connection()
    assert good
    assert "no organization" in message


def test_platform_credentials_and_managed_users_pass(sandbox: Any, set_connection: SetConnection) -> None:
    keys = sandbox.keys
    extra = {"auth_mode": "platform", "client_id": keys["client_id"], "client_secret": keys["client_secret"]}
    set_connection("c", conn_type="calcom", host=sandbox.url, extra=extra)
    assert CalComHook("c").test_connection()[0]
    extra |= {"auth_mode": "managed_user", "managed_user_id": keys["managed_user_id"]}
    set_connection("d", conn_type="calcom", host=sandbox.url, extra=extra)
    good, message = CalComHook("d").test_connection()
    assert good
    assert "Managed user" in message


def test_a_test_never_raises(set_connection: SetConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    set_connection("c", conn_type="calcom", host="http://127.0.0.1:1", password="cal_abcdefghijkl")

    def broken(*_: Any) -> str:
        raise KeyError("cal_abcdefghijkl")

    monkeypatch.setattr("calcom_provider.hooks.calcom.check", broken)
    good, message = CalComHook("c").test_connection()
    assert not good
    assert "cal_abcdefghijkl" not in message


def test_a_missing_connection_is_told_too() -> None:
    good, message = CalComHook("there_is_no_such_connection").test_connection()
    assert not good
    assert message


def test_limits_are_read_from_any_spelling_of_headers() -> None:
    headers = {"X-RateLimit-Limit-Default": "120", "x-ratelimit-limit-burst": "20", "X-RateLimit-Reset": "3"}
    assert describe_limits(headers) == " Requests per window: 20 (burst), 120 (default)."
    assert describe_limits({}) == ""


@pytest.mark.parametrize(("case", "status"), [("good", 0), ("expired key", 1), ("refused", 1)])
def test_on_the_command_line(
    case: str, status: int, sandbox: Any, airflow_db: Path, set_connection: SetConnection
) -> None:
    changes, said = ({}, "success") if case == "good" else wrongs(sandbox)[case]
    fields = {"conn_type": "calcom", "host": sandbox.url, "password": sandbox.keys["admin"]} | changes
    done = subprocess.run(
        [str(Path(sys.executable).parent / "airflow"), "connections", "test", "c"],
        env=os.environ | {"AIRFLOW_CONN_C": json.dumps(fields), "COLUMNS": "500"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == status
    assert said in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert fields["password"] not in done.stdout + done.stderr


# -- errors ---------------------------------------------------------------------------------------------


def test_errors_come_through_as_they_are(sandbox: Any, calcom_default: str) -> None:
    hook = CalComHook()
    with pytest.raises(ConfigurationError, match="org_memberships"):
        hook.call("org_memberships.lists")
    with pytest.raises(NotFoundError):
        hook.call("org_memberships.get", membershipId=1)


def test_requests_name_the_provider(http_server: ScriptedServer, set_connection: SetConnection) -> None:
    http_server.answer = lambda _: success({"id": 1, "organizationId": None})
    set_connection("c", conn_type="calcom", host=http_server.url, password="cal_abcdefghijkl")
    CalComHook("c").call("me.get")
    assert http_server.seen[0].headers["user-agent"].startswith("airflow-provider-calcom/")
    assert "airflow" in http_server.seen[0].headers["user-agent"]
    assert "origin" not in http_server.seen[0].headers
