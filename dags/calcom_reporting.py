"""Make the reporting views and check the warehouse tables after each sync that changed them.

The DAG runs when a sync attached tables to the asset alias ``calcom_warehouse``, as the DAG
``calcom_to_warehouse`` does. The views come first, and with them the report as a page, if it has a path: a check
that fails fails the run and names the keys of the rows, but takes no report away.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, AssetAlias, Param

from calcom_provider.operators import CalComReportingOperator, CalComWarehouseCheckOperator

# [START howto_dag_calcom_reporting]
with DAG(
    dag_id="calcom_reporting",
    description="Views, report and checks of the Cal.com tables, after each sync",
    # The tables are known when a sync has attached them; until then nothing starts this DAG.
    schedule=AssetAlias("calcom_warehouse"),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=2)},
    params={
        "sql_conn_id": Param("warehouse_default", type="string"),
        "ledger_conn_id": Param(
            None, type=["null", "string"], description="Ledger of the write-back; empty: the warehouse"
        ),
        "schema": Param(None, type=["null", "string"], description="Database schema of the tables"),
        "keep": Param(
            None,
            type=["null", "string"],
            description="Daily or weekly views to keep as tables, such as rpt_team_coverage_day,rpt_host_week",
        ),
        "page_path": Param(
            None, type=["null", "string"], description="Where to write the report, a path or s3://...; or not"
        ),
        "max_age_hours": Param(24, type="number", description="Age in hours of data that are still fresh"),
        "min_match_rate": Param(
            0.9, type="number", minimum=0, maximum=1, description="Share of HR's people with a user"
        ),
    },
    render_template_as_native_obj=True,
    tags=["cal.com", "warehouse"],
    doc_md=__doc__,
) as dag:
    make_views = CalComReportingOperator(
        task_id="make_views",
        sql_conn_id="{{ params.sql_conn_id }}",
        schema="{{ params.schema }}",
        keep="{{ params.keep }}",
        page_path="{{ params.page_path }}",
        execution_timeout=timedelta(hours=1),
    )
    check = CalComWarehouseCheckOperator(
        task_id="check",
        sql_conn_id="{{ params.sql_conn_id }}",
        ledger_conn_id="{{ params.ledger_conn_id }}",
        schema="{{ params.schema }}",
        max_age_hours="{{ params.max_age_hours }}",
        min_match_rate="{{ params.min_match_rate }}",
        execution_timeout=timedelta(hours=1),
    )
    # One after the other: DuckDB opens a file in one process at a time.
    make_views >> check
# [END howto_dag_calcom_reporting]
