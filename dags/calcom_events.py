"""Merge rows within seconds after Cal.com's webhooks named them, beside the scheduled sync.

The scheduled sync (``calcom_to_warehouse``) makes the tables and proves that they are complete; this DAG runs
whenever webhooks have named rows, once for many. Connections are ``calcom_default``, ``warehouse_default`` and
``events``, unless the environment variables ``CALCOM_CONN_ID``, ``CALCOM_SQL_CONN_ID`` and
``CALCOM_EVENTS_CONN_ID`` name others. Subscribe once:

    calcom webhooks register --store URL --url https://airflow.example.com/calcom-events
"""

from __future__ import annotations

import os
from datetime import timedelta

from airflow.sdk import DAG, AssetAlias

from calcom_provider.assets import events_asset
from calcom_provider.transfers import CalComEventSyncOperator

EVENTS = os.environ.get("CALCOM_EVENTS_CONN_ID", "events")

# [START howto_dag_calcom_events]
with DAG(
    dag_id="calcom_events",
    description="Rows that webhooks named, into warehouse tables",
    schedule=[events_asset(EVENTS, debounce=10)],
    catchup=False,
    # Events that come while it runs are told together when it has ended.
    max_active_runs=1,
    default_args={
        "retries": 2,
        "retry_delay": timedelta(seconds=30),
        "pool": os.environ.get("CALCOM_POOL", "default_pool"),
    },
    tags=["cal.com", "warehouse"],
    doc_md=__doc__,
) as dag:
    CalComEventSyncOperator(
        task_id="merge",
        calcom_conn_id=os.environ.get("CALCOM_CONN_ID", "calcom_default"),
        sql_conn_id=os.environ.get("CALCOM_SQL_CONN_ID", "warehouse_default"),
        events_conn_id=EVENTS,
        # Other DAGs run on calcom://warehouse_default/default/calcom_bookings.
        outlets=[AssetAlias("calcom_warehouse")],
        execution_timeout=timedelta(minutes=10),
    )
# [END howto_dag_calcom_events]
