"""The write-back operators: their words, and what they leave to Airflow."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from airflow.exceptions import AirflowProviderDeprecationWarning
from airflow.sdk import BaseOperator

from calcom_provider.operators.hr_attributes import CalComAttributeSyncOperator
from calcom_provider.operators.hr_base import WriteBackOperator
from calcom_provider.operators.hr_out_of_office import CalComOutOfOfficeSyncOperator

SETTINGS: dict[str, Any] = {"task_id": "t", "timezone": "UTC", "mapping": "merge"}
MAKERS = {
    "attributes": lambda **more: CalComAttributeSyncOperator(
        **SETTINGS, employees="e.json", columns={"a": "A"}, directory_sync=False, **more
    ),
    "out_of_office": lambda **more: CalComOutOfOfficeSyncOperator(**SETTINGS, absences="a.json", **more),
}


@pytest.mark.parametrize("kind", sorted(MAKERS))
def test_preview_is_the_word_and_airflows_dry_run_stays(kind: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", AirflowProviderDeprecationWarning)
        task = MAKERS[kind](preview=True)
        assert MAKERS[kind]().preview is False
    assert task.preview is True
    assert type(task).dry_run is BaseOperator.dry_run
    assert "dry_run" not in vars(task)
    assert "preview" in task.template_fields
    assert "dry_run" not in task.template_fields


@pytest.mark.parametrize("kind", sorted(MAKERS))
@pytest.mark.parametrize("value", [True, False, "{{ params.look }}"])
def test_the_old_word_is_taken_with_a_warning_that_names_its_end(kind: str, value: bool | str) -> None:
    with pytest.warns(AirflowProviderDeprecationWarning, match=r"preview.*0\.3\.0"):
        task: WriteBackOperator = MAKERS[kind](dry_run=value)
    assert task.preview == value
    assert "dry_run" not in vars(task)
    assert callable(task.dry_run)
