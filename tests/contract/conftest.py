"""Print what the replays counted at the end of the tests."""

from __future__ import annotations

import pytest

PROPERTY = "replay"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    # Properties of a report come through from the workers of xdist; a stash would not.
    lines = [
        str(value)
        for outcome in ("passed", "failed")
        for report in terminalreporter.getreports(outcome)
        for name, value in getattr(report, "user_properties", ())
        if name == PROPERTY
    ]
    if lines:
        terminalreporter.section("replay of recorded calls")
        for line in dict.fromkeys(lines):
            terminalreporter.write_line(line)
