"""Plan a write-back, show it to a person, and apply exactly what was approved.

Nobody answering means no: the approval is rejected by default when its time is up, and the apply task is skipped.
The reviewer sees totals, guards and reasons. A link leads to the plan person by person, for those who may read the
ledger's connection.
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import DAG, Param, task

from calcom_provider.operators import CalComApplyWriteBackOperator, CalComAttributeSyncOperator

#: Sample HR data of the imitated organisation; name your own source and mapping in the parameters.
SAMPLES = Path(__file__).parent / "sample_hr"

# [START howto_dag_calcom_approved_write_back]
with DAG(
    dag_id="calcom_approved_write_back",
    description="HR data into Cal.com attributes, after a person has approved the plan",
    schedule=None,
    catchup=False,
    max_active_runs=1,
    default_args={
        "retries": 2,
        "retry_delay": timedelta(minutes=1),
        "pool": os.environ.get("CALCOM_POOL", "default_pool"),
    },
    params={
        "employees": Param(
            str(SAMPLES / "employees.csv"), type=["string", "object"], description="Path, or sql and conn_id"
        ),
        "mapping": Param(
            str(SAMPLES / "mapping.yaml"),
            type=["string", "object"],
            description="Shipped mapping, file, or the mapping",
        ),
        "columns": Param(
            {"department": "department", "cost_centre": "cost-centre"},
            type="object",
            description="Columns and their attributes (slugs)",
        ),
        "timezone": Param("UTC", type="string", description="Zone of the organisation"),
        "directory_sync": Param(
            False,
            type=["null", "boolean"],
            description="Does a directory (SCIM) write attributes too?",
        ),
        "calcom_conn_id": Param("calcom_default", type="string"),
        "ledger_conn_id": Param("warehouse_default", type="string"),
        "confirm": Param(None, type=["null", "string", "object"], description="Counts by guard"),
    },
    render_template_as_native_obj=True,
    tags=["cal.com", "hr"],
    doc_md=__doc__,
) as dag:
    plan = CalComAttributeSyncOperator(
        task_id="plan",
        employees="{{ params.employees }}",
        mapping="{{ params.mapping }}",
        columns="{{ params.columns }}",  # type: ignore[arg-type]
        timezone="{{ params.timezone }}",
        directory_sync="{{ params.directory_sync }}",
        calcom_conn_id="{{ params.calcom_conn_id }}",
        ledger_conn_id="{{ params.ledger_conn_id }}",
        confirm="{{ params.confirm }}",
        preview=True,
    )

    @task.short_circuit
    def something_to_approve(summary: dict[str, object]) -> bool:
        """Go on when the plan has changes and no guard refuses it."""
        return summary["outcome"] == "changes"

    approval = ApprovalOperator(
        task_id="approve",
        subject="Write HR data into Cal.com?",
        body="{{ ti.xcom_pull(task_ids='plan', key='plan_markdown') }}",
        defaults="Reject",
        # Longer than people need, shorter than plans stay true.
        response_timeout=timedelta(hours=20),
    )

    apply = CalComApplyWriteBackOperator(
        task_id="apply",
        plan_id="{{ ti.xcom_pull(task_ids='plan')['plan_id'] }}",
        plan_hash="{{ ti.xcom_pull(task_ids='plan')['plan_hash'] }}",
        approved_by="{{ (ti.xcom_pull(task_ids='approve')['responded_by_user'] or {}).get('id') }}",
        calcom_conn_id="{{ params.calcom_conn_id }}",
        ledger_conn_id="{{ params.ledger_conn_id }}",
        max_active_tis_per_dag=1,
    )

    something_to_approve(plan.output) >> approval >> apply  # type: ignore[arg-type]
# [END howto_dag_calcom_approved_write_back]
