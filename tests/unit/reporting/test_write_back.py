"""The view of write-backs knows the guards, although it may not import them."""

from __future__ import annotations

from calcom_provider.hr import guards
from calcom_provider.reporting.views.write_back import GUARDS


def test_every_guard_can_be_named() -> None:
    assert tuple(sorted(guards.GUARDS)) == GUARDS
