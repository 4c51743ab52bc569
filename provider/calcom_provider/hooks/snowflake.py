"""Open connections to Snowflake as the hook of Airflow's Snowflake provider makes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowException

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.warehouse.backends.snowflake.connecting import SnowflakeTarget

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Connection


def snowflake_target(connection: Connection) -> SnowflakeTarget:
    """Return the account that a connection of the type ``snowflake`` names.

    The hook reads the connection, so that all that it knows works: password, key pair, OAuth, role, warehouse.

    :param connection: Airflow connection.
    :raises ConfigurationError: when Airflow's Snowflake provider is missing.
    """
    try:
        connection.get_hook()
    except (AirflowException, ImportError):
        raise ConfigurationError(
            f"Connection {connection.conn_id!r} is one of Snowflake, whose packages are not installed.",
            advice="pip install 'airflow-provider-calcom[snowflake]'",
        ) from None

    def connect(parameters: Mapping[str, Any]) -> Any:
        own = connection.extra_dejson.get("session_parameters") or {}
        hook: Any = connection.get_hook(hook_params={"session_parameters": {**parameters, **own}})
        return hook.get_conn()

    return SnowflakeTarget(
        connect, _field(connection, "account"), _field(connection, "database"), connection.schema or ""
    )


def place_of(connection: Connection) -> str:
    """Return where a connection leads, nothing secret.

    :param connection: Airflow connection of the type ``snowflake``.
    """
    parts = [_field(connection, "account"), _field(connection, "database"), connection.schema or ""]
    return "snowflake://" + "/".join(part for part in parts if part)


def _field(connection: Connection, name: str) -> str:
    """Read an extra, which earlier releases of the provider named otherwise."""
    extra = connection.extra_dejson
    return str(extra.get(name) or extra.get(f"extra__snowflake__{name}") or "")
