"""Read from an Airflow connection where a lakehouse is, and how its storage is entered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.warehouse.backends.lakehouse.formats import LakeTarget

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Connection

EXTRA = "lakehouse"
"""Extra of a connection that holds the URL of a lakehouse."""

#: What a connection says -> how delta-rs and pyiceberg name it.
AWS = {
    "key": ("AWS_ACCESS_KEY_ID", "client.access-key-id"),
    "secret": ("AWS_SECRET_ACCESS_KEY", "client.secret-access-key"),
    "token": ("AWS_SESSION_TOKEN", "client.session-token"),
    "region": ("AWS_REGION", "client.region"),
    "endpoint": ("AWS_ENDPOINT_URL", "s3.endpoint"),
    "plain": ("AWS_ALLOW_HTTP", ""),
}
GOOGLE = {
    "key_path": ("GOOGLE_SERVICE_ACCOUNT", ""),
    "key": ("GOOGLE_SERVICE_ACCOUNT_KEY", ""),
    "project": ("", "gcs.project-id"),
    "token": ("", "gcs.oauth2.token"),
}
AZURE = {
    "account": ("AZURE_STORAGE_ACCOUNT_NAME", "adls.account-name"),
    "key": ("AZURE_STORAGE_ACCOUNT_KEY", "adls.account-key"),
    "sas": ("AZURE_STORAGE_SAS_TOKEN", "adls.sas-token"),
    "text": ("", "adls.connection-string"),
}


def lake_target(connection: Connection) -> LakeTarget | None:
    """Return the lakehouse that a connection names in its extra ``lakehouse``; None when it names none.

    Connections of the types ``aws``, ``google_cloud_platform`` and ``wasb`` also give the credentials of the storage;
    with any other type, the libraries find them where they look by themselves.

    :param connection: Airflow connection.
    :raises ConfigurationError: when the connection asks for what can't be passed on.
    """
    extra = connection.extra_dejson
    url = extra.get(EXTRA)
    if not url:
        return None
    read = {"aws": _aws, "google_cloud_platform": _google, "wasb": _azure}.get(connection.conn_type or "")
    if read is None:
        return LakeTarget(str(url))
    names, said = read(connection, extra)
    place = 0 if str(url).startswith("delta") else 1
    return LakeTarget(
        str(url), {names[name][place]: value for name, value in said.items() if value and names[name][place]}
    )


def place_of(target: LakeTarget) -> str:
    """Return where a lakehouse is, nothing secret.

    :param target: the lakehouse.
    """
    parts = urlsplit(target.url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


Said = tuple[Mapping[str, tuple[str, str]], dict[str, str]]


def _aws(connection: Connection, extra: Mapping[str, Any]) -> Said:
    if extra.get("role_arn") or extra.get("profile_name"):
        raise ConfigurationError(
            f"Connection {connection.conn_id!r} names a role or a profile, which the libraries of table formats do not"
            " take from it.",
            advice="Give the role to the machine, or its keys to the connection.",
        )
    service = (extra.get("service_config") or {}).get("s3") or {}
    endpoint = str(service.get("endpoint_url") or extra.get("endpoint_url") or "")
    return AWS, {
        "key": connection.login or str(extra.get("aws_access_key_id") or ""),
        "secret": connection.password or str(extra.get("aws_secret_access_key") or ""),
        "token": str(extra.get("aws_session_token") or ""),
        "region": str(extra.get("region_name") or ""),
        "endpoint": endpoint,
        "plain": "true" if endpoint.startswith("http://") else "",
    }


def _google(connection: Connection, extra: Mapping[str, Any]) -> Said:
    key = extra.get("keyfile_dict") or ""
    return GOOGLE, {
        "key_path": str(extra.get("key_path") or ""),
        "key": key if isinstance(key, str) else json.dumps(key),
        "project": str(extra.get("project") or extra.get("project_id") or ""),
        "token": str(extra.get("token") or ""),
    }


def _azure(connection: Connection, extra: Mapping[str, Any]) -> Said:
    return AZURE, {
        "account": connection.login or "",
        "key": connection.password or "",
        "sas": str(extra.get("sas_token") or ""),
        "text": str(extra.get("connection_string") or ""),
    }
