"""Write approved absences into Cal.com out-of-office entries, every morning and noon.

Only days travel: neither the type of an absence nor a comment on it reaches Cal.com, a log or an XCom. "Today" is
the day in the organisation's zone when the task runs, so runs that come late or twice do no harm.
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

from airflow.sdk import DAG, Param

from calcom_provider.operators import CalComOutOfOfficeSyncOperator

#: Sample HR data of the imitated organisation; name your own source and mapping in the parameters.
SAMPLES = Path(__file__).parent / "sample_hr"

# [START howto_dag_hris_out_of_office_sync]
with DAG(
    dag_id="hris_out_of_office_sync",
    description="Approved absences into Cal.com out-of-office entries",
    schedule="0 5,12 * * *",
    catchup=False,
    max_active_runs=1,
    default_args={
        "retries": 2,
        "retry_delay": timedelta(minutes=5),
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
    CalComOutOfOfficeSyncOperator(
        task_id="write_out_of_office",
        absences="{{ params.absences }}",
        employees="{{ params.employees }}",
        mapping="{{ params.mapping }}",
        timezone="{{ params.timezone }}",
        as_of="{{ params.as_of }}",
        calcom_conn_id="{{ params.calcom_conn_id }}",
        ledger_conn_id="{{ params.ledger_conn_id }}",
        confirm="{{ params.confirm }}",
        preview="{{ params.preview }}",
        max_active_tis_per_dag=1,
        execution_timeout=timedelta(hours=6),
    )
# [END howto_dag_hris_out_of_office_sync]
