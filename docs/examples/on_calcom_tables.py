"""Run on a table of the warehouse, as a DAG that knows nothing of this package would."""

from __future__ import annotations

from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.sdk import DAG, Asset

# [START on_calcom_tables]
with DAG(
    "on_calcom_tables",
    schedule=[Asset("postgres://db.example.com:5432/dwh/public/calcom_teams")],
    catchup=False,
):
    SQLExecuteQueryOperator(
        task_id="refresh",
        conn_id="warehouse_default",
        sql="REFRESH MATERIALIZED VIEW team_sizes",
        retries=2,
    )
# [END on_calcom_tables]
