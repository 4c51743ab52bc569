"""The retry policy: no retry where it cannot help, the server's wait where there is one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from airflow.sdk import DAG
from airflow.sdk.definitions.retry_policy import RetryAction, RetryPolicy

from calcom_provider.api.errors import (
    AuthenticationError,
    CalComError,
    ConfigurationError,
    NotCalComError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
)
from calcom_provider.operators.calcom import CalComOperator
from calcom_provider.operators.retry import CalComRetryPolicy, with_retry_policy
from calcom_provider.transfers.calcom_to_sql import CalComToSqlOperator
from calcom_provider.warehouse.errors import GuardExceededError, LoadInProgressError


def decide(error: BaseException) -> tuple[RetryAction, timedelta | None]:
    decision = CalComRetryPolicy().evaluate(error, 1, 3)
    return decision.action, decision.retry_delay


@pytest.mark.parametrize(
    "kind",
    [AuthenticationError, PermissionDeniedError, ConfigurationError, NotCalComError, GuardExceededError],
)
def test_what_a_retry_cannot_help_fails_at_once(kind: type[Exception]) -> None:
    assert decide(kind("no"))[0] is RetryAction.FAIL


@pytest.mark.parametrize("kind", [ServerError, CalComError, LoadInProgressError, KeyError])
def test_the_rest_is_retried_as_the_dag_says(kind: type[Exception]) -> None:
    assert decide(kind("perhaps"))[0] is RetryAction.DEFAULT


def test_a_rate_limit_is_waited_for() -> None:
    assert decide(RateLimitError("slow down", retry_after=41.0)) == (
        RetryAction.RETRY,
        timedelta(seconds=42),
    )
    assert decide(RateLimitError("slow down"))[0] is RetryAction.DEFAULT


def test_operators_have_it_mapped_or_not() -> None:
    with DAG("d", schedule=None):
        plain = CalComOperator(task_id="plain", operation="me.get")
        mapped = CalComToSqlOperator.partial(task_id="mapped", sql_conn_id="w").expand(organization_id=[1])
    assert isinstance(plain.retry_policy, CalComRetryPolicy)
    assert isinstance(mapped.unmap({"organization_id": 1}).retry_policy, CalComRetryPolicy)


def test_a_policy_of_the_dag_wins() -> None:
    class Own(RetryPolicy):
        def evaluate(self, exception, try_number, max_tries, context=None):  # type: ignore[no-untyped-def]
            raise NotImplementedError

    own = Own()
    assert CalComOperator(task_id="t", operation="me.get", retry_policy=own).retry_policy is own
    assert isinstance(with_retry_policy({"retry_policy": None})["retry_policy"], CalComRetryPolicy)
