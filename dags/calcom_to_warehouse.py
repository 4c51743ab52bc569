"""Keep warehouse tables in step with Cal.com: one organisation, one task, one transaction.

What is read and where it goes are parameters of the DAG; the connections are ``calcom_default`` and
``warehouse_default`` unless named otherwise. For several organisations there is ``calcom_fleet``. The task runs
in the pool that the environment variable ``CALCOM_POOL`` names. Make one pool for each Cal.com credential, with
as many slots as syncs may run side by side on it:

    airflow pools set calcom 1 "One sync at a time on this Cal.com key"

Without the variable it runs in Airflow's own default pool, so that the DAG works unprepared.
"""

from __future__ import annotations

import os
from datetime import timedelta

from airflow.sdk import DAG, AssetAlias, Param

from calcom_provider.transfers import CalComToSqlOperator

# [START howto_dag_calcom_to_warehouse]
with DAG(
    dag_id="calcom_to_warehouse",
    description="A Cal.com organisation into warehouse tables",
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
        "organization_id": Param(
            None, type=["null", "integer"], description="Organization; empty: the one of the connection"
        ),
        "calcom_conn_id": Param("calcom_default", type="string"),
        "sql_conn_id": Param("warehouse_default", type="string"),
        "schema": Param(None, type=["null", "string"], description="Database schema of the tables"),
        "mode": Param("auto", enum=["auto", "merge", "replace", "history"]),
        "deletes": Param("auto", enum=["auto", "ignore", "mark", "remove"]),
        "full": Param(False, type="boolean", description="Read incremental resources in full"),
        "full_every": Param("7d", type="string", description="... when that was last done longer ago"),
        "overlap": Param("10m", type="string", description="How far before the watermark such a read begins"),
        "reread_days": Param(
            None, type=["null", "integer"], description="Days for which ended bookings are read again"
        ),
        "delete_guard": Param(
            {}, type="object", description="What a run may delete: share, absolute, minimum; empty: 20 %"
        ),
        "confirm_deletes": Param(
            {}, type="object", description="Table -> rows that this run may delete all the same"
        ),
        "wait": Param("1h", type="string", description="How long to wait for another run on these tables"),
        "events_conn_id": Param(
            None, type=["null", "string"], description="Store of events, to count what these had missed"
        ),
        "preview": Param(False, type="boolean", description="Report what would change, change nothing"),
    },
    render_template_as_native_obj=True,
    tags=["cal.com", "warehouse"],
    doc_md=__doc__,
) as dag:
    CalComToSqlOperator(
        task_id="sync",
        organization_id="{{ params.organization_id }}",
        calcom_conn_id="{{ params.calcom_conn_id }}",
        sql_conn_id="{{ params.sql_conn_id }}",
        resource_names="{{ params.resources }}",
        schema="{{ params.schema }}",
        mode="{{ params.mode }}",
        deletes="{{ params.deletes }}",
        full="{{ params.full }}",
        full_every="{{ params.full_every }}",
        overlap="{{ params.overlap }}",
        reread_days="{{ params.reread_days }}",
        delete_guard="{{ params.delete_guard }}",
        confirm_deletes="{{ params.confirm_deletes }}",
        wait="{{ params.wait }}",
        events_conn_id="{{ params.events_conn_id }}",
        preview="{{ params.preview }}",
        outlets=[AssetAlias("calcom_warehouse")],
        execution_timeout=timedelta(hours=6),
    )
# [END howto_dag_calcom_to_warehouse]
