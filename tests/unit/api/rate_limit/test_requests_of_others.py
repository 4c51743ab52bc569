"""Requests of processes that died are given up; those of processes elsewhere are waited for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from calcom_provider.api.rate_limit import governor as module
from calcom_provider.api.rate_limit.governor import Governor, Permit
from calcom_provider.api.rate_limit.state import MemoryStateStore
from calcom_provider.api.rate_limit.window import Wait
from calcom_provider.process_identity import ProcessIdentity, this_process
from tests.unit.ended_process import ended_process


def asks_after(
    monkeypatch: pytest.MonkeyPatch, first: ProcessIdentity, lease: float = 120.0
) -> Permit | Wait:
    """Let another process open the window and not answer, then ask."""
    store = MemoryStateStore()
    with monkeypatch.context() as other:
        other.setattr(module, "this_process", lambda: first)
        assert isinstance(Governor(store, "key").ask(lease=lease), Permit)
    Governor(store, "key").snapshot()
    return Governor(store, "key").ask()


def test_a_request_of_a_dead_process_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(asks_after(monkeypatch, ended_process()), Permit)
    assert isinstance(asks_after(monkeypatch, replace(this_process(), started="1")), Permit)


@pytest.mark.parametrize("other", [{"namespace": "1"}, {"boot": "another"}])
def test_a_request_of_another_container_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, other: dict[str, str]
) -> None:
    answer = asks_after(monkeypatch, replace(ended_process(), **other))
    assert isinstance(answer, Wait)
    assert answer.reason == "opening"


def test_a_request_with_a_long_timeout_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lease of more than ten minutes was cut by the next process that looked, with a shorter one."""
    answer = asks_after(monkeypatch, this_process(), lease=1800.0)
    assert isinstance(answer, Wait)
    assert answer.reason == "opening"
