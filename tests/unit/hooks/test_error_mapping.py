"""A task that fails says why in one line before its traceback, a database's driver included."""

from __future__ import annotations

import logging

import pytest
import sqlalchemy as sa
from airflow.providers.common.compat.sdk import AirflowFailException

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.hooks.error_mapping import explained
from calcom_provider.warehouse.backends import driver_errors
from calcom_provider.warehouse.errors import WarehouseError

log = logging.getLogger(__name__)


def lines(error: Exception, caplog: pytest.LogCaptureFixture, becomes: type[Exception]) -> list[str]:
    with pytest.raises(becomes), explained(log):
        raise error
    return [record.getMessage() for record in caplog.records]


def test_a_driver_is_told_in_words_and_its_error_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    engine = sa.create_engine("postgresql+psycopg://me:hush@127.0.0.1:1/db")
    with pytest.raises(sa.exc.OperationalError) as caught:
        engine.connect()
    assert lines(caught.value, caplog, sa.exc.OperationalError) == [driver_errors.CLOSED]
    assert "hush" not in caplog.text


def test_a_missing_driver_is_told_by_its_extra(caplog: pytest.LogCaptureFixture) -> None:
    error = ModuleNotFoundError("No module named 'pymysql'", name="pymysql")
    (line,) = lines(error, caplog, ModuleNotFoundError)
    assert "pip install 'airflow-provider-calcom[mysql]'" in line


@pytest.mark.parametrize(
    ("error", "becomes"),
    [
        (ConfigurationError("wrong\nsetting"), AirflowFailException),
        (WarehouseError("no\nroom"), WarehouseError),
    ],
)
def test_errors_of_ours_are_one_line(
    error: Exception, becomes: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    assert lines(error, caplog, becomes) == [str(error)]
    assert "\n" not in str(error)


def test_what_is_not_ours_passes_by(caplog: pytest.LogCaptureFixture) -> None:
    assert lines(KeyError("anna"), caplog, KeyError) == []
