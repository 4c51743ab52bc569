"""The connection's fields become the client's settings, with defaults, or an error that names the field."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from airflow.sdk import Connection

from calcom_provider.api.bounds import Bounds
from calcom_provider.api.errors import ConfigurationError
from calcom_provider.api.http.auth import AccessToken, ApiKey, ManagedUser, PlatformClient
from calcom_provider.hooks.settings import Settings, base_url

SECRET = "cal_secretsecretsecret"


def connection(password: str | None = SECRET, extra: Any = None, **fields: Any) -> Connection:
    return Connection(
        conn_id="mine",
        conn_type="calcom",
        password=password,
        extra=extra if isinstance(extra, str) or extra is None else json.dumps(extra),
        **fields,
    )


def test_a_key_is_all_that_is_needed() -> None:
    settings = Settings.of(connection())
    assert isinstance(settings.auth, ApiKey)
    assert settings.base_url == "https://api.cal.com/v2"
    assert settings.organization_id is None
    assert settings.timeout == (10.0, 60.0)
    assert settings.bounds == Bounds()
    assert settings.verify is True
    assert settings.proxies is None
    assert settings.state_store is None
    assert settings.web_url == "https://app.cal.com"


def test_every_field_is_read() -> None:
    settings = Settings.of(
        connection(
            host="https://cal.example.com/api/v2",
            extra={
                "organization_id": 7,
                "connect_timeout": 1.5,
                "read_timeout": "30",
                "answer_mib": 64,
                "answer_seconds": 20,
                "row_growth": 2,
                "row_margin": 50,
                "first_rows": 1000,
                "ca_bundle": "/etc/ca.pem",
                "proxy": "http://proxy:3128",
                "state_store": "redis://localhost/1",
                "web_url": "https://cal.example.com/",
            },
        )
    )
    assert settings.base_url == "https://cal.example.com/api/v2"
    assert settings.organization_id == 7
    assert settings.timeout == (1.5, 30.0)
    assert settings.bounds == Bounds(64 * 1024 * 1024, 20.0, 2, 50, 1000)
    assert settings.verify == "/etc/ca.pem"
    assert settings.proxies == {"http": "http://proxy:3128", "https": "http://proxy:3128"}
    assert settings.state_store == "redis://localhost/1"
    assert settings.web_url == "https://cal.example.com"


def test_empty_fields_of_the_form_are_defaults() -> None:
    empty = dict.fromkeys(
        ("auth_mode", "organization_id", "connect_timeout", "verify_tls", "ca_bundle", "proxy"), ""
    )
    plain = Settings.of(connection())
    for extra in (empty, dict.fromkeys(empty)):
        found = Settings.of(connection(extra=extra))
        assert dataclasses.replace(found, auth=plain.auth) == plain
        assert isinstance(found.auth, ApiKey)


@pytest.mark.parametrize(
    ("extra", "kind"),
    [
        ({"auth_mode": "platform", "client_id": "c", "client_secret": "s"}, PlatformClient),
        (
            {"auth_mode": "managed_user", "client_id": "c", "client_secret": "s", "managed_user_id": "12"},
            ManagedUser,
        ),
        ({"auth_mode": "access_token", "access_token": "eyJhbGciOi"}, AccessToken),
    ],
)
def test_other_auth_modes(extra: dict[str, Any], kind: type) -> None:
    assert isinstance(Settings.of(connection(password=None, extra=extra)).auth, kind)


def test_an_access_token_is_taken_from_the_password_first() -> None:
    extra = {"auth_mode": "access_token", "access_token": "other"}
    assert Settings.of(connection(password="Bearer eyJhbGciOi", extra=extra)).auth.secrets == ("eyJhbGciOi",)


@pytest.mark.parametrize("value", [False, "false", "no", 0, "0", "off"])
def test_tls_verification_can_be_switched_off(value: Any) -> None:
    assert Settings.of(connection(extra={"verify_tls": value, "ca_bundle": "/etc/ca.pem"})).verify is False


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({"password": ""}, "API key"),
        ({"password": None}, "API key"),
        ({"extra": {"auth_mode": "oauth"}}, "auth_mode"),
        ({"extra": {"auth_mode": "platform", "client_id": "c"}}, "client_secret"),
        ({"extra": {"auth_mode": "platform", "client_secret": "c"}}, "client_id"),
        (
            {"extra": {"auth_mode": "managed_user", "client_id": "c", "client_secret": "s"}},
            "managed_user_id",
        ),
        ({"password": "", "extra": {"auth_mode": "access_token"}}, "access_token"),
        ({"extra": {"organization_id": SECRET}}, "organization_id"),
        ({"extra": {"organization_id": -4}}, "organization_id"),
        ({"extra": {"connect_timeout": SECRET}}, "connect_timeout"),
        ({"extra": {"read_timeout": 0}}, "read_timeout"),
        ({"extra": {"verify_tls": SECRET}}, "verify_tls"),
    ],
)
def test_a_wrong_field_is_named_and_its_value_kept_back(fields: dict[str, Any], names: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Settings.of(connection(**fields))
    assert names in str(caught.value)
    assert "mine" in str(caught.value)
    assert SECRET not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "url"),
    [
        ({}, "https://api.cal.com/v2"),
        ({"host": "  "}, "https://api.cal.com/v2"),
        ({"host": "https://api.cal.com"}, "https://api.cal.com/v2"),
        ({"host": "https://api.cal.com/v2/"}, "https://api.cal.com/v2"),
        ({"host": "cal.example.com"}, "https://cal.example.com/v2"),
        (
            {"host": "cal.example.com", "port": 8443, "schema": "api/v2"},
            "https://cal.example.com:8443/api/v2",
        ),
        ({"host": "http://127.0.0.1:5555", "port": 80}, "http://127.0.0.1:5555/v2"),
        ({"host": "http://127.0.0.1", "port": 5555}, "http://127.0.0.1:5555/v2"),
        ({"host": "https://api.cal.com/v2", "port": 443}, "https://api.cal.com/v2"),
        ({"host": "https://api.cal.com/v2", "port": 0}, "https://api.cal.com/v2"),
        ({"host": "", "port": 443}, "https://api.cal.com/v2"),
        ({"host": "https://[::1]/v2", "port": 8443}, "https://[::1]:8443/v2"),
    ],
)
def test_base_url(fields: dict[str, Any], url: str) -> None:
    assert base_url(connection(**fields)) == url


def test_the_uri_form_of_a_connection_works() -> None:
    found = Connection.from_uri("calcom://:cal_abc@cal.example.com:8443/v2?organization_id=9", conn_id="mine")
    settings = Settings.of(found)
    assert settings.base_url == "https://cal.example.com:8443/v2"
    assert settings.organization_id == 9


def test_settings_show_no_secret() -> None:
    assert SECRET not in repr(Settings.of(connection()))


@pytest.mark.parametrize(
    ("host", "web"),
    [
        ("", "https://app.cal.com"),
        ("https://cal.example.com/api/v2", "https://cal.example.com"),
        ("https://api.example.com/v2", "https://app.example.com"),
        ("https://api.example.com/api/v2", "https://api.example.com"),
        ("http://127.0.0.1:5555/v2", "http://127.0.0.1:5555"),
    ],
)
def test_links_lead_to_the_web_app_that_belongs_to_the_api(host: str, web: str) -> None:
    assert Settings.of(connection(host=host)).web_url == web
