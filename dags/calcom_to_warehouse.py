"""Keep warehouse tables in step with Cal.com: one task an organisation, one transaction.

What is read and where it goes are parameters of the DAG; the connections are ``calcom_default`` and
``warehouse_default`` unless named otherwise. Tasks run in the pool that the environment variable
``CALCOM_POOL`` names. Make one pool for each Cal.com credential, with as many slots as syncs may run side
by side on it:

    airflow pools set calcom 1 "One sync at a time on this Cal.com key"

Without the variable they run in Airflow's own default pool, so that the DAG works unprepared.
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, AssetAlias, Param, task

from calcom_provider.transfers.calcom_to_sql import CalComToSqlOperator

# [START howto_dag_calcom_to_warehouse]
with DAG(
    dag_id="calcom_to_warehouse",
    description="Cal.com organisations into warehouse tables",
    schedule="@hourly",
    catchup=False,
    # Two runs at once would read the same lists twice out of one request budget.
    max_active_runs=1,
    default_args={
        "retries": 3,
        "retry_delay": timedelta(minutes=2),
        "retry_exponential_backoff": 2.0,
        "pool": os.environ.get("CALCOM_POOL", "default_pool"),
    },
    params={
        "resources": Param("default", type="string", description="Resources, separated by commas"),
        "organizations": Param(
            [],
            type="array",
            items={"type": "integer"},
            description="Organization ids; empty: the one of the connection",
        ),
        "calcom_conn_id": Param("calcom_default", type="string"),
        "sql_conn_id": Param("warehouse_default", type="string"),
        "schema": Param(None, type=["null", "string"], description="Database schema of the tables"),
        "mode": Param("auto", enum=["auto", "merge", "replace", "history"]),
        "deletes": Param("auto", enum=["auto", "ignore", "mark", "remove"]),
        "preview": Param(False, type="boolean", description="Report what would change, change nothing"),
    },
    render_template_as_native_obj=True,
    tags=["cal.com", "warehouse"],
    doc_md=__doc__,
) as dag:

    @task
    def organizations(params: dict[str, Any]) -> list[int | None]:
        """Return the organisations to sync; None stands for the connection's own."""
        return params["organizations"] or [None]

    CalComToSqlOperator.partial(
        task_id="sync",
        calcom_conn_id="{{ params.calcom_conn_id }}",
        sql_conn_id="{{ params.sql_conn_id }}",
        resource_names="{{ params.resources }}",
        schema="{{ params.schema }}",
        mode="{{ params.mode }}",
        deletes="{{ params.deletes }}",
        preview="{{ params.preview }}",
        outlets=[AssetAlias("calcom_warehouse")],
        map_index_template="organization {{ task.organization_id or '(of the connection)' }}",
        execution_timeout=timedelta(hours=6),
    ).expand(organization_id=organizations())
# [END howto_dag_calcom_to_warehouse]
