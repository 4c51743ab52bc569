"""Decide what is tried again, how often and after how long.

What may be repeated is a property of the operation (its retry class), because the API has no idempotency
keys: some writes create a second object when they are sent twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import tenacity

from calcom_provider.api.catalogue.operations import Operation
from calcom_provider.api.errors import (
    CalComError,
    RateLimitError,
    ServerError,
    TransportError,
    UnclearOutcomeError,
)

T = TypeVar("T")
# 408 and 52x come from proxies: Cal.com's cloud is served through one.
PASSING = {408, 502, 503, 504, 520, 521, 522, 523, 524}
UNLIKELY_TO_PASS = {"tls", "cancelled"}
# The same request would bring the same flood again.
OUT_OF_BOUNDS = {"too_large", "too_slow"}


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Set how hard a call is tried.

    Waiting for the request limit counts as no attempt's pause and is not part of the deadline.

    :param attempts: attempts at most, the first included; default 8.
    :param server_error_attempts: attempts at most when the API answers 500, or a success that cannot be one;
        default 3.
    :param deadline: seconds after which no further attempt starts; default 900.
    :param first_wait: seconds of pause after the first failure, doubled each time, with jitter; default 0.5.
    :param longest_wait: seconds that a pause has at most; default 30.
    """

    attempts: int = 8
    server_error_attempts: int = 3
    deadline: float = 900.0
    first_wait: float = 0.5
    longest_wait: float = 30.0


def may_have_landed(error: CalComError) -> bool:
    """Tell whether the request that failed so may have taken effect.

    :param error: what an attempt ended with.
    """
    if isinstance(error, TransportError):
        return error.sent
    return isinstance(error, ServerError) or error.status == 408


def attempts_for(operation: Operation, error: CalComError, policy: RetryPolicy) -> int:
    """Return how many attempts this failure allows, the failed ones included; 1 is no repeat.

    :param operation: what was called.
    :param error: what the attempt ended with.
    :param policy: the settings.
    """
    if isinstance(error, RateLimitError):
        return policy.attempts
    if isinstance(error, TransportError) and not error.sent:
        return 1 if error.kind in UNLIKELY_TO_PASS else policy.attempts
    if operation.retry not in ("read", "repeatable"):
        return 1
    if isinstance(error, TransportError):
        if error.kind in OUT_OF_BOUNDS:
            return 1
        # A whole answer that is wrong is more likely to come again than one that was cut.
        return min(
            policy.attempts, policy.server_error_attempts if error.kind == "malformed" else policy.attempts
        )
    if error.status in PASSING:
        return policy.attempts
    if isinstance(error, ServerError) and not operation.deterministic_500:
        return min(policy.attempts, policy.server_error_attempts)
    return 1


def run(
    operation: Operation,
    attempt: Callable[[], T],
    policy: RetryPolicy,
    *,
    waited: Callable[[], float],
    on_retry: Callable[[CalComError, float, int], None],
    sleep: Callable[[float], None] = time.sleep,
) -> T:
    """Make attempts until one succeeds or no further one is allowed.

    :param operation: what is called.
    :param attempt: makes one attempt, raises a :class:`CalComError` when it fails.
    :param policy: the settings.
    :param waited: returns the seconds this call has waited for the request limit, left out of the deadline.
    :param on_retry: told before each repeat: the failure, the seconds until then, the number of attempts so far.
    :param sleep: pauses; default ``time.sleep``.
    :raises UnclearOutcomeError: when a write that must not be repeated may have landed.
    :raises CalComError: the last failure otherwise.
    """
    started = time.monotonic()
    pause = tenacity.wait_exponential(
        multiplier=policy.first_wait, max=policy.longest_wait
    ) + tenacity.wait_random(0, policy.first_wait)
    landed = False

    def again(state: tenacity.RetryCallState) -> bool:
        nonlocal landed
        error = state.outcome.exception() if state.outcome else None
        if not isinstance(error, CalComError):
            return False
        error.repeated = landed
        landed = landed or may_have_landed(error)
        if time.monotonic() - started - waited() >= policy.deadline:
            return False
        return state.attempt_number < attempts_for(operation, error, policy)

    def wait(state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        # The governor holds the next attempt back until the block has ended.
        return 0.0 if isinstance(error, RateLimitError) else pause(state)

    def before(state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, CalComError):
            on_retry(error, state.upcoming_sleep, state.attempt_number)

    retrying = tenacity.Retrying(
        retry=again, wait=wait, stop=tenacity.stop_never, before_sleep=before, sleep=sleep, reraise=True
    )
    try:
        return retrying(attempt)
    except CalComError as error:
        raise unclear(operation, error) from None


def unclear(operation: Operation, error: CalComError) -> CalComError:
    """Return the error to raise: a write that must not be repeated and may have landed is unclear.

    :param operation: what was called.
    :param error: its last failure.
    """
    if (
        operation.retry in ("read", "repeatable")
        or isinstance(error, UnclearOutcomeError)
        or not may_have_landed(error)
        or (error.status == 500 and operation.deterministic_500)
    ):
        return error
    return UnclearOutcomeError(
        f"{error.message} The write may have taken effect all the same.",
        kind=getattr(error, "kind", "reset"),
        operation=operation.name,
        status=error.status,
        reason=error.reason,
        request_id=error.request_id,
        advice="Look whether it is there before writing again; a blind repeat could make a second one.",
    )
