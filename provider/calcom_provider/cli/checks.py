"""What ``calcom doctor`` looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcom_provider.api.doctor import Diagnosis, diagnose
from calcom_provider.cli.error_mapping import explain
from calcom_provider.resources.declared import declared_fields

if TYPE_CHECKING:
    from calcom_provider.api.client import CalComClient

WAREHOUSE = "warehouse"


def check_api(client: CalComClient) -> Diagnosis:
    """Look at the API as it answers now.

    :param client: open client.
    """
    return diagnose(client, declared_fields())


def check_warehouse(diagnosis: Diagnosis, target: str, schema: str | None, prefix: str) -> None:
    """Add whether the database can be reached, and what it holds.

    :param diagnosis: takes the finding.
    :param target: SQLAlchemy URL.
    :param schema: schema of the tables.
    :param prefix: what their names begin with.
    """
    from calcom_provider.warehouse import Warehouse

    try:
        warehouse = Warehouse(target, schema=schema, prefix=prefix)
        if not warehouse.exists:
            diagnosis.add("ok", WAREHOUSE, "there is no file yet; the first sync makes it")
            return
        try:
            states = warehouse.states({})
        finally:
            warehouse.close()
    except Exception as error:
        diagnosis.add("problem", WAREHOUSE, explain(error)[0])
        return
    diagnosis.add("ok", WAREHOUSE, f"reachable{f', {len(states)} resources known' if states else ''}")
