"""A connection says where a lakehouse is, and each library gets its own words for how it is entered."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import Connection

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.hooks.lakehouse import lake_target, place_of


def connection(kind: str, login: str = "", password: str = "", **extra: Any) -> Connection:
    return Connection(
        conn_id="lake",
        conn_type=kind,
        login=login or None,
        password=password or None,
        extra=json.dumps(extra),
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            connection(
                "aws",
                "key",
                "word",
                lakehouse="delta+s3://bucket/path",
                region_name="eu-west-1",
                endpoint_url="http://127.0.0.1:9",
            ),
            {
                "AWS_ACCESS_KEY_ID": "key",
                "AWS_SECRET_ACCESS_KEY": "word",
                "AWS_REGION": "eu-west-1",
                "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
                "AWS_ALLOW_HTTP": "true",
            },
        ),
        (
            connection("aws", "key", "word", lakehouse="iceberg+glue://", aws_session_token="t"),
            {
                "client.access-key-id": "key",
                "client.secret-access-key": "word",
                "client.session-token": "t",
            },
        ),
        (
            connection("google_cloud_platform", lakehouse="delta+gs://bucket", keyfile_dict={"a": 1}),
            {"GOOGLE_SERVICE_ACCOUNT_KEY": '{"a": 1}'},
        ),
        (
            connection("wasb", "account", "word", lakehouse="delta+abfss://c@account.dfs.core.windows.net/p"),
            {"AZURE_STORAGE_ACCOUNT_NAME": "account", "AZURE_STORAGE_ACCOUNT_KEY": "word"},
        ),
        (connection("generic", "who", "word", lakehouse="delta+file:///folder"), {}),
    ],
    ids=["delta on S3", "Glue", "Google", "Azure", "none"],
)
def test_each_library_gets_its_own_words(given: Connection, expected: dict[str, str]) -> None:
    found = lake_target(given)
    assert found is not None
    assert found.options == expected
    assert "word" not in repr(found)


def test_a_connection_without_a_lakehouse_is_none() -> None:
    assert lake_target(connection("aws", "key", "word")) is None


def test_what_cannot_be_passed_on_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="role"):
        lake_target(connection("aws", lakehouse="delta+s3://b", role_arn="arn:aws:iam::1:role/x"))


def test_the_place_tells_nothing_secret() -> None:
    found = lake_target(
        connection("generic", lakehouse="iceberg+postgresql://u:word@host/db?warehouse=s3://b")
    )
    assert found is not None
    assert place_of(found) == "iceberg+postgresql://host/db"
