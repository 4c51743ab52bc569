"""Go once around: read Cal.com into the warehouse, write HR data into Cal.com, read what changed.

The first sync shows what was there, the last one what the write-back made of it; both are in the warehouse's
history. The write-back plans first and applies exactly that plan.
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

from airflow.sdk import DAG, Param

from calcom_provider.operators import CalComApplyWriteBackOperator, CalComOutOfOfficeSyncOperator
from calcom_provider.transfers import CalComToSqlOperator

#: Sample HR data of the imitated organisation; name your own source and mapping in the parameters.
SAMPLES = Path(__file__).parent / "sample_hr"

# [START howto_dag_calcom_round_trip]
with DAG(
    dag_id="calcom_round_trip",
    description="Cal.com into the warehouse, HR data into Cal.com, and what changed into the warehouse",
    schedule=None,
    catchup=False,
    max_active_runs=1,
    default_args={
        "retries": 2,
        "retry_delay": timedelta(minutes=2),
        "pool": os.environ.get("CALCOM_POOL", "default_pool"),
    },
    params={
        "absences": Param(
            str(SAMPLES / "absences.csv"), type=["string", "object"], description="Path, or sql and conn_id"
        ),
        "employees": Param(
            str(SAMPLES / "employees.csv"),
            type=["null", "string", "object"],
            description="As for absences; needed for HR ids",
        ),
        "mapping": Param(
            str(SAMPLES / "mapping.yaml"),
            type=["string", "object"],
            description="Shipped mapping, file, or the mapping",
        ),
        "timezone": Param("UTC", type="string", description="Zone of the organisation"),
        "as_of": Param(None, type=["null", "string"], description="Day to plan for; empty: today"),
        "calcom_conn_id": Param("calcom_default", type="string"),
        "sql_conn_id": Param("warehouse_default", type="string"),
        "ledger_conn_id": Param("warehouse_default", type="string"),
    },
    render_template_as_native_obj=True,
    tags=["cal.com", "hr", "warehouse"],
    doc_md=__doc__,
) as dag:
    connections = {
        "calcom_conn_id": "{{ params.calcom_conn_id }}",
        "ledger_conn_id": "{{ params.ledger_conn_id }}",
    }

    def sync(task_id: str) -> CalComToSqlOperator:
        """Return a task that reads people and their absences."""
        return CalComToSqlOperator(
            task_id=task_id,
            calcom_conn_id="{{ params.calcom_conn_id }}",
            sql_conn_id="{{ params.sql_conn_id }}",
            resource_names="users,memberships,ooo_entries",
        )

    plan = CalComOutOfOfficeSyncOperator(
        task_id="plan",
        absences="{{ params.absences }}",
        employees="{{ params.employees }}",
        mapping="{{ params.mapping }}",
        timezone="{{ params.timezone }}",
        as_of="{{ params.as_of }}",
        preview=True,
        **connections,
    )
    write_back = CalComApplyWriteBackOperator(
        task_id="write_back",
        plan_id="{{ ti.xcom_pull(task_ids='plan')['plan_id'] }}",
        plan_hash="{{ ti.xcom_pull(task_ids='plan')['plan_hash'] }}",
        max_active_tis_per_dag=1,
        **connections,
    )
    sync("read_before") >> plan >> write_back >> sync("read_after")
# [END howto_dag_calcom_round_trip]
