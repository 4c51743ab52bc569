"""Load the fixtures that every test folder shares."""

from __future__ import annotations

import os

from hypothesis import settings

# The same examples each time, so that a change alone decides whether the tests pass; new ones where they are asked for.
settings.register_profile("same", derandomize=True)
settings.register_profile("new", derandomize=False)
settings.load_profile(os.environ.get("CALCOM_TEST_EXAMPLES", "same"))

pytest_plugins = (
    "tests.plugins.airflow_env",
    "tests.plugins.api",
    "tests.plugins.servers",
    "tests.plugins.shared",
)
