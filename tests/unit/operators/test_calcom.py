"""The generic operator: any operation, checked names, nothing large, secret or personal in the result."""

from __future__ import annotations

import inspect
import json
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from calcom_provider.api.catalogue.operations import catalogue, resolve
from calcom_provider.operators.calcom import (
    LARGEST_RESULT,
    SHOWN_ONCE,
    CalComManagedOrganizationsOperator,
    CalComOperator,
    ResponseCheckError,
    without_secrets,
)
from tests.plugins.api import ScriptedServer, success


def run(context: dict[str, Any], **arguments: Any) -> Any:
    return CalComOperator(task_id="call", **arguments).execute(context)


def test_result_is_an_account_and_not_the_answer(
    sandbox: Any, calcom_default: str, task_context: Any
) -> None:
    result = run(task_context, operation="org_users.list", parameters={"take": 5})
    assert result["rows"] == 5
    assert result["operation"] == "org_users.list"
    assert result["request_id"]
    assert "@" not in json.dumps(result)


@pytest.mark.parametrize(
    "name", ["me.get", "MeController_getMe", "cal_platform_me_controller_get_me"], ids=["short", "id", "tool"]
)
def test_any_spelling_of_an_operation(
    name: str, sandbox: Any, calcom_default: str, task_context: Any
) -> None:
    result = run(task_context, operation=name)
    assert result["status"] == 200
    assert isinstance(result["id"], int)


def test_all_rows_and_a_filter(sandbox: Any, calcom_default: str, task_context: Any) -> None:
    ids = run(
        task_context,
        operation="org_memberships.list",
        all_rows=True,
        response_filter=lambda rows: sorted(row["userId"] for row in rows),
    )
    assert len(ids) == sandbox.rows()["memberships"]
    account = run(task_context, operation="org_memberships.list", all_rows=True)
    assert account == {"operation": "org_memberships.list", "rows": len(ids)}


def test_writes_reach_the_organisation(sandbox: Any, calcom_default: str, task_context: Any) -> None:
    result = run(
        task_context,
        operation="org_attributes.create",
        parameters={"name": "Badge", "slug": "badge-number", "type": "TEXT", "options": []},
    )
    assert result["status"] == 201
    assert sandbox.state.attributes.get(result["id"])["name"] == "Badge"


def test_response_check_decides(sandbox: Any, calcom_default: str, task_context: Any) -> None:
    assert run(task_context, operation="me.get", response_check=lambda me: me["organizationId"])
    with pytest.raises(ResponseCheckError, match="me.get"):
        run(task_context, operation="me.get", response_check=lambda me: False)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"operation": "org_users.lst"}, "org_users.list"),
        ({"operation": "org_users.list", "parameters": {"email": "a@b.example"}}, "emails"),
        ({"operation": "org_users.list", "parameters": {"take": "many"}}, "take"),
        ({"operation": "org_memberships.create", "parameters": {"userId": 1}}, "accepted|role"),
        ({"operation": "org_users.delete", "parameters": {"userId": 1}}, "confirm"),
        ({"operation": "org_users.list", "response_filter": lambda rows: {1, 2}}, "JSON"),
        ({"operation": "org_users.list", "response_filter": lambda rows: "x" * LARGEST_RESULT}, "bytes"),
        ({"operation": "me.get", "organization_id": "mine"}, "organization_id"),
    ],
)
def test_what_is_wrong_is_named_and_not_tried_again(
    arguments: dict[str, Any], said: str, sandbox: Any, calcom_default: str, task_context: Any
) -> None:
    with pytest.raises(AirflowFailException, match=said):
        run(task_context, **arguments)


def test_confirmation_lets_it_happen(sandbox: Any, calcom_default: str, task_context: Any) -> None:
    attribute = next(iter(sandbox.state.attributes.by("teamId", sandbox.organization_id)))
    arguments = {"operation": "org_attributes.delete", "parameters": {"attributeId": attribute["id"]}}
    run(task_context, confirm="org_attributes.delete", **arguments)
    assert sandbox.state.attributes.get(attribute["id"]) is None


# -- secrets --------------------------------------------------------------------------------------------


def test_secrets_are_replaced_before_a_filter_sees_them(
    sandbox: Any, calcom_default: str, task_context: Any
) -> None:
    made = run(
        task_context,
        operation="org_webhooks.create",
        parameters={
            "subscriberUrl": "https://hooks.example.com/1",
            "active": True,
            "triggers": ["BOOKING_CREATED"],
            "secret": "s3cret-of-mine",
        },
        response_filter=lambda data: data,
    )
    assert made["secret"] == "***"
    rows = run(task_context, operation="org_webhooks.list", response_filter=lambda rows: rows)
    assert "s3cret-of-mine" not in json.dumps(rows)
    assert made["id"] in {row["id"] for row in rows}


@pytest.mark.parametrize("name", sorted(o.name for o in catalogue().values() if o.secrets))
def test_secrets_of_every_operation_are_replaced(name: str) -> None:
    operation = resolve(name)
    for path in operation.secrets:
        value: Any = "s3cret"
        for part in reversed(path.split(".")):
            value = {part: value} if part != "*" else value
        for data in (value, [value, value], {**value, "id": 7} if isinstance(value, dict) else value):
            assert "s3cret" not in json.dumps(without_secrets(data, operation))


SHOWING_ONCE = sorted(
    operation.name
    for operation in catalogue().values()
    if operation.method == "POST" and SHOWN_ONCE & {path.rpartition(".")[2] for path in operation.secrets}
)


@pytest.mark.parametrize("name", SHOWING_ONCE)
def test_an_operation_that_shows_a_secret_once_is_not_called(
    name: str, http_server: ScriptedServer, set_connection: Any, task_context: Any
) -> None:
    set_connection("calcom_default", conn_type="calcom", host=http_server.url, password="cal_abcdefghij")
    with pytest.raises(AirflowFailException, match="cannot be read again"):
        run(task_context, operation=name, confirm=True)
    assert http_server.seen == []


def test_unless_losing_it_is_meant(
    http_server: ScriptedServer, set_connection: Any, task_context: Any
) -> None:
    http_server.answer = lambda _: success({"apiKey": "cal_new"})
    set_connection("calcom_default", conn_type="calcom", host=http_server.url, password="cal_abcdefghij")
    result = run(
        task_context,
        operation="api_keys.refresh",
        confirm="api_keys.refresh",
        discard_secrets=True,
        response_filter=lambda data: data,
    )
    assert result == {"apiKey": "***"}
    assert "api_keys.refresh" in SHOWING_ONCE


# -- as an operator -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [CalComOperator, CalComManagedOrganizationsOperator])
def test_connection_ids_and_values_are_templated(kind: Any) -> None:
    own = set(inspect.signature(kind.__init__).parameters) - {"self", "kwargs"}
    callables_and_switches = {
        "all_rows", "response_filter", "response_check", "discard_secrets", "include_manager"
    }  # fmt: skip
    assert own - callables_and_switches == set(kind.template_fields)


def test_parameters_may_be_templates(sandbox: Any, calcom_default: str, task_context: Any) -> None:
    task = CalComOperator(
        task_id="call", operation="{{ 'org_users.list' }}", parameters={"take": 3, "skip": "{{ 1 + 1 }}"}
    )
    task.render_template_fields({})
    assert task.execute(task_context)["rows"] == 3


def test_the_link_is_stored(sandbox: Any, calcom_default: str, task_context: Any) -> None:
    run(task_context, operation="me.get")
    assert "calcom_organization_link" in task_context["ti"].pushed


def platform(sandbox: Any, set_connection: Any) -> None:
    keys = sandbox.keys
    set_connection(
        "calcom_default",
        conn_type="calcom",
        host=sandbox.url,
        extra={
            "auth_mode": "platform",
            "client_id": keys["client_id"],
            "client_secret": keys["client_secret"],
        },
    )


def test_managed_organisations_are_listed_for_mapping(
    sandbox: Any, set_connection: Any, task_context: Any
) -> None:
    platform(sandbox, set_connection)
    before = CalComManagedOrganizationsOperator(task_id="list").execute(task_context)
    made = [
        run(
            task_context,
            operation="managed_organizations.create",
            parameters={"name": f"Tenant {n}", "slug": f"tenant-{n}", "metadata": {"tier": tier}},
            discard_secrets=True,
        )["id"]
        for n, tier in enumerate(("gold", "tin", "gold"))
    ]
    listed = CalComManagedOrganizationsOperator(task_id="list").execute(task_context)
    assert listed == [*before, *made]
    gold = CalComManagedOrganizationsOperator(task_id="list", metadata={"tier": "gold"})
    assert gold.execute(task_context) == [made[0], made[2]]
    manager = int(sandbox.keys["platform_organization_id"])
    with_manager = CalComManagedOrganizationsOperator(task_id="list", include_manager=True)
    assert with_manager.execute(task_context) == [manager, *before, *made]


def test_a_filter_of_two_keys_is_refused(sandbox: Any, calcom_default: str, task_context: Any) -> None:
    task = CalComManagedOrganizationsOperator(task_id="list", metadata={"a": "1", "b": "2"})
    with pytest.raises(AirflowFailException, match="one key"):
        task.execute(task_context)
