"""Keep many organisations in step: planned by age, dealt into batches, read side by side, summed up at the end.

Which organisations there are comes from a list, from a table of the warehouse's database, or, where neither is
given, from the platform account of the connection ``calcom_default``; if that manages none, its own is read.
What may get how old is promised in ``promises``; the first task's log says beforehand how old everything will
get, and what is impossible.

Two environment variables are read when the file is parsed: ``CALCOM_FLEET_PARALLEL``, how many batches run side by
side (default 4), and ``CALCOM_POOL``, the pool in which they run.
"""

from __future__ import annotations

import os
from datetime import timedelta

from airflow.sdk import DAG, AssetAlias, Param

from calcom_provider.transfers import (
    CalComFleetPlanOperator,
    CalComFleetSummaryOperator,
    CalComFleetToSqlOperator,
)

PARALLEL = int(os.environ.get("CALCOM_FLEET_PARALLEL", "4"))

# [START howto_dag_calcom_fleet]
with DAG(
    dag_id="calcom_fleet",
    description="Many Cal.com organisations into one set of warehouse tables",
    schedule="@hourly",
    catchup=False,
    # Two runs at once would spend one budget on the same organisations.
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=2)},
    params={
        "organizations": Param(
            [], type="array", description="Ids, or objects with organization_id, calcom_conn_id, priority"
        ),
        "organizations_table": Param(
            None, type=["null", "string"], description="Table of the warehouse's database with these columns"
        ),
        "resources": Param("default", type="string", description="Resources, separated by commas"),
        "promises": Param(
            {}, type="object", description='How old what may get: {"bookings": "1h", "group:teams": "1d"}'
        ),
        "within": Param(
            "1h", type=["null", "string"], description="Until the next run; empty: read everything"
        ),
        "batch_size": Param(25, type="integer", minimum=1, description="Syncs of one mapped task"),
        "calcom_conn_id": Param("calcom_default", type="string"),
        "sql_conn_id": Param("warehouse_default", type="string"),
        "schema": Param(None, type=["null", "string"], description="Database schema of the tables"),
        "delete_guard": Param(
            {}, type="object", description="What a sync may delete: share, absolute, minimum; empty: 20 %"
        ),
        "confirm_deletes": Param(
            {}, type="object", description="Table -> rows that each sync of this run may delete all the same"
        ),
        "full": Param(False, type="boolean", description="Read incremental resources in full"),
        "full_every": Param("7d", type="string", description="... when that was last done longer ago"),
        "overlap": Param("10m", type="string", description="How far before the watermark such a read begins"),
        "reread_days": Param(
            None, type=["null", "integer"], description="Days for which ended bookings are read again"
        ),
        "wait": Param("1h", type="string", description="How long to wait for another run on these tables"),
    },
    render_template_as_native_obj=True,
    tags=["cal.com", "warehouse"],
    doc_md=__doc__,
) as dag:
    tables = {"sql_conn_id": "{{ params.sql_conn_id }}", "schema": "{{ params.schema }}"}
    chosen = {
        "calcom_conn_id": "{{ params.calcom_conn_id }}",
        "resource_names": "{{ params.resources }}",
        "promises": "{{ params.promises }}",
        **tables,
    }
    plan = CalComFleetPlanOperator(
        task_id="plan",
        organizations="{{ params.organizations }}",
        organizations_table="{{ params.organizations_table }}",
        within="{{ params.within }}",
        batch_size="{{ params.batch_size }}",
        parallel=PARALLEL,
        execution_timeout=timedelta(minutes=30),
        **chosen,
    )
    sync = CalComFleetToSqlOperator.partial(
        task_id="sync",
        full="{{ params.full }}",
        full_every="{{ params.full_every }}",
        overlap="{{ params.overlap }}",
        reread_days="{{ params.reread_days }}",
        delete_guard="{{ params.delete_guard }}",
        confirm_deletes="{{ params.confirm_deletes }}",
        wait="{{ params.wait }}",
        outlets=[AssetAlias("calcom_warehouse")],
        max_active_tis_per_dagrun=PARALLEL,
        map_index_template="organization {{ task.batch['jobs'][0][0] }}"
        "{% if task.batch['jobs'] | length > 1 %} and {{ task.batch['jobs'] | length - 1 }} more{% endif %}",
        pool=os.environ.get("CALCOM_POOL", "default_pool"),
        execution_timeout=timedelta(hours=6),
        **chosen,
    ).expand(batch=plan.output)
    # Whatever became of the batches; it fails when an organisation did, so that the run does.
    sync >> CalComFleetSummaryOperator(task_id="summary", execution_timeout=timedelta(minutes=30), **tables)
# [END howto_dag_calcom_fleet]
