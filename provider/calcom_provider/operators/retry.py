"""Say when a failed task is tried again, on Airflow versions that ask (3.3 and newer)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from calcom_provider.api.errors import RateLimitError
from calcom_provider.hooks.error_mapping import HOPELESS, one_line

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

try:
    from airflow.sdk.definitions.retry_policy import RetryDecision, RetryPolicy
except ImportError:  # Airflow 3.2 has no retry policies; its plain retries stay in force
    RetryPolicy = None  # type: ignore[assignment,misc]

if RetryPolicy is not None:

    class CalComRetryPolicy(RetryPolicy):
        """Fail at once where a retry cannot help; wait for a rate-limit block to end.

        Usable on any task, also on functions that use the hook:
        ``@task(retry_policy=CalComRetryPolicy())``.
        """

        def evaluate(
            self,
            exception: BaseException,
            try_number: int,
            max_tries: int,
            context: Context | None = None,
        ) -> RetryDecision:
            """Decide what follows a failure.

            :param exception: what the task raised.
            :param try_number: number of the try that failed, from 1.
            :param max_tries: number of tries that the task has.
            :param context: the task's context.
            """
            if isinstance(exception, HOPELESS):
                return RetryDecision.fail(one_line(exception))
            seconds = getattr(exception, "retry_after", None)
            if isinstance(exception, RateLimitError) and seconds is not None:
                return RetryDecision.retry(timedelta(seconds=float(seconds) + 1), "Cal.com's rate limit")
            return RetryDecision.default()


def with_retry_policy(kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return an operator's keyword arguments with this provider's retry policy, unless the DAG names one.

    :param kwargs: keyword arguments on their way to ``BaseOperator``.
    """
    if RetryPolicy is None:
        return kwargs
    # setdefault would not do: a mapped operator passes an explicit None.
    return kwargs | {"retry_policy": kwargs.get("retry_policy") or CalComRetryPolicy()}
