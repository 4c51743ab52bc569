"""Write HR data into Cal.com attributes once a day, after the guards have agreed.

Sources, mapping and columns are parameters of the DAG; the ledger is any SQL database. Make a pool of one slot for
each Cal.com credential, so that no two jobs write through it at the same time:

    airflow pools set calcom 1 "One job at a time on this Cal.com key"
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

from airflow.sdk import DAG, Param

from calcom_provider.operators import CalComAttributeSyncOperator

#: Sample HR data of the imitated organisation; name your own source and mapping in the parameters.
SAMPLES = Path(__file__).parent / "sample_hr"

# [START howto_dag_hris_attribute_sync]
with DAG(
    dag_id="hris_attribute_sync",
    description="HR data into Cal.com attributes",
    schedule="0 5 * * *",
    catchup=False,
    max_active_runs=1,
    default_args={
        "retries": 2,
        "retry_delay": timedelta(minutes=5),
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
        "confirm": Param(
            None, type=["null", "string", "object"], description="Plan hash, or counts by guard"
        ),
        "preview": Param(False, type="boolean", description="Plan, and write nothing"),
    },
    render_template_as_native_obj=True,
    tags=["cal.com", "hr"],
    doc_md=__doc__,
) as dag:
    CalComAttributeSyncOperator(
        task_id="write_attributes",
        employees="{{ params.employees }}",
        mapping="{{ params.mapping }}",
        columns="{{ params.columns }}",  # type: ignore[arg-type]
        timezone="{{ params.timezone }}",
        directory_sync="{{ params.directory_sync }}",
        calcom_conn_id="{{ params.calcom_conn_id }}",
        ledger_conn_id="{{ params.ledger_conn_id }}",
        confirm="{{ params.confirm }}",
        preview="{{ params.preview }}",
        max_active_tis_per_dag=1,
        execution_timeout=timedelta(hours=6),
    )
# [END howto_dag_hris_attribute_sync]
