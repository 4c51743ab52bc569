"""Whatever an answer says about the limit is read, and nonsense is not taken for a limit."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest

from calcom_provider.api.rate_limit.headers import LONGEST, Figure, figures, retry_after


def stated(suffix: str, limit: object, left: object, reset: object) -> dict[str, str]:
    pairs = {"limit": limit, "remaining": left, "reset": reset}
    return {f"x-ratelimit-{name}{suffix}": str(value) for name, value in pairs.items()}


def test_named_limits() -> None:
    headers = stated("-default", 120, 119, 60) | {"content-type": "x"}
    assert figures(headers) == {"default": Figure(120, 119, 60.0)}
    two = stated("-short", 3, 0, 3) | stated("-long", 8, 4, 30)
    assert figures(two) == {"short": Figure(3, 0, 3.0), "long": Figure(8, 4, 30.0)}


def test_without_a_suffix_only_when_there_is_no_other() -> None:
    plain, named = stated("", 100, 50, 9), stated("-default", 120, 119, 60)
    assert set(figures(plain)) == {""}
    assert set(figures(plain | named)) == {"default"}


def test_a_large_reset_is_an_epoch() -> None:
    soon = time.time() + 42
    for value in (int(soon), int(soon * 1000)):
        reset = figures(stated("-default", 1, 0, value))["default"].reset
        assert reset is not None
        assert soon - time.time() - 1 <= reset <= 43
    assert figures(stated("-default", 1, 0, 1_000_000_001))["default"].reset == 0.0


@pytest.mark.parametrize("reset", ["-5", "0"])
def test_the_past_is_now(reset: str) -> None:
    assert figures(stated("-default", 1, 0, reset))["default"].reset == 0.0


def test_nonsense() -> None:
    assert figures(stated("-default", "many", 1, 1)) == {}
    assert figures(stated("-default", 0, 0, 1)) == {}
    assert figures(stated("-default", "nan", 0, 1)) == {}
    assert figures(stated("-default", 5, "x", "inf")) == {"default": Figure(5, None, None)}
    assert figures(stated("-default", 5, -3, 999_999)) == {"default": Figure(5, 0, LONGEST)}
    assert figures({}) == {}


def test_retry_after() -> None:
    assert retry_after({}) is None
    assert retry_after({"retry-after": "7"}) == 7
    assert retry_after({"retry-after": "0"}) == 1
    assert retry_after({"retry-after": "soon"}) is None
    assert retry_after({"retry-after": "1e9"}) == LONGEST
    asked = time.time()
    found = retry_after({"retry-after": formatdate(asked + 30, usegmt=True)})
    assert found is not None
    assert asked - time.time() + 29 - 1 <= found <= 31
