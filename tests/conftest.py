"""Load the fixtures that every test folder shares."""

from __future__ import annotations

pytest_plugins = (
    "tests.plugins.airflow_env",
    "tests.plugins.api",
    "tests.plugins.servers",
    "tests.plugins.shared",
)
