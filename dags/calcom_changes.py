"""Read tables again that no webhook tells of, when a cheap look at their lists shows that they have changed.

Changed and deleted absences, memberships, attributes and who holds them, people, teams. A look once a minute costs one
request for a page of 250 rows, and at most four for a list; what has changed is then read as the scheduled sync
(``calcom_to_warehouse``) reads it. Connections are ``calcom_default``, ``warehouse_default`` and ``events``, unless the
environment variables ``CALCOM_CONN_ID``, ``CALCOM_SQL_CONN_ID`` and ``CALCOM_EVENTS_CONN_ID`` name others.
"""

from __future__ import annotations

import os
from datetime import timedelta

from airflow.sdk import DAG, AssetAlias

from calcom_provider.assets import changed_resources, changes_asset
from calcom_provider.transfers import CalComToSqlOperator

CALCOM = os.environ.get("CALCOM_CONN_ID", "calcom_default")
EVENTS = os.environ.get("CALCOM_EVENTS_CONN_ID", "events")

# [START howto_dag_calcom_changes]
with DAG(
    dag_id="calcom_changes",
    description="Tables without webhooks, read again when their lists look different",
    schedule=[changes_asset(CALCOM, EVENTS, every=60)],
    catchup=False,
    max_active_runs=1,
    default_args={
        "retries": 2,
        "retry_delay": timedelta(seconds=30),
        "pool": os.environ.get("CALCOM_POOL", "default_pool"),
    },
    user_defined_macros={"changed_resources": changed_resources},
    tags=["cal.com", "warehouse"],
    doc_md=__doc__,
) as dag:
    CalComToSqlOperator(
        task_id="sync",
        calcom_conn_id=CALCOM,
        sql_conn_id=os.environ.get("CALCOM_SQL_CONN_ID", "warehouse_default"),
        events_conn_id=EVENTS,
        resource_names="{{ changed_resources(triggering_asset_events) }}",
        outlets=[AssetAlias("calcom_warehouse")],
        execution_timeout=timedelta(hours=1),
    )
# [END howto_dag_calcom_changes]
