"""Open clients of BigQuery with the credentials that the hook of Airflow's Google provider gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowException

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.warehouse.backends.bigquery.connecting import BigQueryTarget, library
from calcom_provider.warehouse.errors import UnsupportedTargetError

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Connection

    from calcom_provider.warehouse.backends.bigquery.connecting import Connection as BigQueryConnection

TYPES = frozenset({"google_cloud_platform", "gcpbigquery"})
"""Connection types of Airflow's Google provider that lead to BigQuery."""


def bigquery_target(connection: Connection) -> BigQueryTarget:
    """Return the dataset that a connection of the Google provider names.

    The hook reads the connection, so that all that it knows works: a key, a key file, impersonation, the default
    credentials of the machine. The extra ``dataset`` names the dataset, ``location`` where it is.

    :param connection: Airflow connection.
    :raises ConfigurationError: when Airflow's Google provider or BigQuery's client is missing, or the project.
    """
    try:
        hook: Any = connection.get_hook()
        bigquery = library()
    except (AirflowException, ImportError, UnsupportedTargetError):
        raise ConfigurationError(
            f"Connection {connection.conn_id!r} is one of Google, whose packages are not installed.",
            advice="pip install 'airflow-provider-calcom[bigquery]' apache-airflow-providers-google",
        ) from None
    project = _field(connection, "project")

    def connect(dataset: str) -> BigQueryConnection:
        from calcom_provider.warehouse.backends.bigquery.client import ClientConnection

        credentials, default = hook.get_credentials_and_project_id()
        if not (project or default):
            raise ConfigurationError(
                f"Connection {connection.conn_id!r} names no project, and neither do its credentials.",
                advice="Fill in the field Project Id.",
            )
        client = bigquery.Client(
            project=project or default,
            credentials=credentials,
            location=_field(connection, "location") or None,
        )
        return ClientConnection(client, project or default, dataset)

    return BigQueryTarget(connect, project, _field(connection, "dataset") or connection.schema or "")


def place_of(connection: Connection) -> str:
    """Return where a connection leads, nothing secret.

    :param connection: Airflow connection of the Google provider.
    """
    dataset = _field(connection, "dataset") or connection.schema or ""
    return "bigquery://" + "/".join(part for part in (_field(connection, "project"), dataset) if part)


def _field(connection: Connection, name: str) -> str:
    """Read an extra, which earlier releases of the provider named otherwise."""
    extra = connection.extra_dejson
    return str(extra.get(name) or extra.get(f"extra__google_cloud_platform__{name}") or "")
