"""Name warehouse tables as Airflow assets, so that DAGs can be scheduled on them."""

from __future__ import annotations

from urllib.parse import SplitResult

from airflow.providers.common.compat.sdk import Asset

SCHEME = "calcom"
DEFAULT_SCHEMA = "default"


def table_asset(sql_conn_id: str, table: str, schema: str | None = None) -> Asset:
    """Return the asset that stands for one warehouse table; a DAG can be scheduled on it.

    :param sql_conn_id: Airflow connection of the warehouse.
    :param table: name of the table with its prefix, for example ``calcom_users``.
    :param schema: schema of the table, None for the connection's own.
    """
    path = f"{sql_conn_id}/{schema or DEFAULT_SCHEMA}/{table}"
    return Asset(name=path, uri=f"{SCHEME}://{path}")


def sanitize_uri(uri: SplitResult) -> SplitResult:
    """Check the URI of a table; Airflow calls this for every asset with this scheme.

    :param uri: ``calcom://connection/schema/table``.
    :raises ValueError: if a part is missing, so that a misspelt asset is an import error and not a DAG that
        never starts.
    """
    parts = [part for part in uri.path.split("/") if part]
    if not uri.netloc or len(parts) != 2:
        raise ValueError("An asset of Cal.com is calcom://CONNECTION/SCHEMA/TABLE, with SCHEMA or 'default'.")
    return uri._replace(path="/" + "/".join(parts), query="", fragment="")
