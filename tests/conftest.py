"""Load the fixtures that every test folder shares."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

# The same examples each time, so that a change alone decides whether the tests pass; new ones where they are asked for.
# How long an example takes says something about the machine, and fails nothing.
UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("same", UNTIMED, derandomize=True)
settings.register_profile("new", UNTIMED, derandomize=False)
# For `make mutants`, which asks whether anything fails and not what the smallest example is.
settings.register_profile("first", UNTIMED, derandomize=True, phases=(Phase.explicit, Phase.generate))
settings.load_profile(os.environ.get("CALCOM_TEST_EXAMPLES", "same"))

pytest_plugins = (
    "tests.plugins.airflow_env",
    "tests.plugins.api",
    "tests.plugins.bench",
    "tests.plugins.bigqueries",
    "tests.plugins.browser",
    "tests.plugins.lakehouses",
    "tests.plugins.templates",
    "tests.plugins.servers",
    "tests.plugins.shared",
    "tests.plugins.snowflakes",
)
