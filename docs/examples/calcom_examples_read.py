"""Read from Cal.com, wait for it, and keep the warehouse in order: one example an operator."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, Param

from calcom_provider.notifications import CalComNotifier, CalComStateNotifier
from calcom_provider.operators import (
    CalComErasePersonOperator,
    CalComLakehouseMaintenanceOperator,
    CalComManagedOrganizationsOperator,
    CalComOperator,
    CalComReportingOperator,
    CalComRetentionOperator,
    CalComWarehouseCheckOperator,
    CalComWebhooksOperator,
)
from calcom_provider.sensors import CalComBookingSensor, CalComOutOfOfficeSensor
from calcom_provider.transfers import (
    CalComEventSyncOperator,
    CalComFleetPlanOperator,
    CalComFleetSummaryOperator,
    CalComFleetToSqlOperator,
    CalComToSqlOperator,
)

with DAG(
    "calcom_examples_read",
    schedule=None,
    catchup=False,
    params={
        "booking": Param("", type="string", description="Uid of a booking"),
        "person": Param("0", type="string", description="User id of a person to erase"),
    },
    tags=["cal.com", "example"],
    doc_md=__doc__,
):
    # [START CalComEventSyncOperator]
    events = CalComEventSyncOperator(
        task_id="events",
        sql_conn_id="warehouse_default",
        events_conn_id="events",
        mode="history",
        columns={"drop": ["users.bio"]},
    )
    # [END CalComEventSyncOperator]

    # [START CalComWebhooksOperator]
    rotate = CalComWebhooksOperator(task_id="rotate", action="rotate", events_conn_id="events")
    # [END CalComWebhooksOperator]

    # [START CalComStateNotifier]
    state = CalComStateNotifier(events_conn_id="events", http_conn_id="chat", critical_failures=3)
    counted = CalComToSqlOperator(
        task_id="counted",
        sql_conn_id="warehouse_default",
        resource_names="bookings",
        events_conn_id="events",
        on_success_callback=state,
        on_failure_callback=state,
    )
    # [END CalComStateNotifier]

    # [START CalComToSqlOperator]
    sync = CalComToSqlOperator(
        task_id="sync",
        sql_conn_id="warehouse_default",
        resource_names=["users", "memberships", "teams", "bookings"],
        mode="history",
        columns={"drop": ["users.bio"], "hash": ["users.email"]},
        hash_conn_id="hash_key",
    )
    # [END CalComToSqlOperator]

    # [START CalComOperator]
    teams = CalComOperator(
        task_id="teams",
        operation="org_teams.list",
        all_rows=True,
        response_filter=lambda rows: [row["id"] for row in rows],
        response_check=lambda rows: len(rows) > 0,
    )
    # [END CalComOperator]

    # [START CalComFleetPlanOperator]
    plan = CalComFleetPlanOperator(
        task_id="plan",
        organizations_table="tenants",
        resource_names="default",
        promises={"bookings": "1h", "group:teams": "1d"},
        within="1h",
        calcom_conn_id="calcom_platform",
        sql_conn_id="warehouse_default",
    )
    # [END CalComFleetPlanOperator]

    # [START CalComFleetToSqlOperator]
    fleet = CalComFleetToSqlOperator.partial(
        task_id="sync_batch",
        resource_names="default",
        promises={"bookings": "1h", "group:teams": "1d"},
        calcom_conn_id="calcom_platform",
        sql_conn_id="warehouse_default",
        max_active_tis_per_dagrun=4,
    ).expand(batch=plan.output)
    # [END CalComFleetToSqlOperator]

    # [START CalComFleetSummaryOperator]
    fleet >> CalComFleetSummaryOperator(
        task_id="summary", sql_conn_id="warehouse_default", sync_task_id="sync_batch"
    )
    # [END CalComFleetSummaryOperator]

    # [START CalComManagedOrganizationsOperator]
    organizations = CalComManagedOrganizationsOperator(
        task_id="organizations", calcom_conn_id="calcom_platform", include_manager=True
    )
    CalComToSqlOperator.partial(
        task_id="sync_each",
        calcom_conn_id="calcom_platform",
        sql_conn_id="warehouse_default",
        resource_names="users",
    ).expand(organization_id=organizations.output)
    # [END CalComManagedOrganizationsOperator]

    # [START CalComBookingSensor]
    booked = CalComBookingSensor(
        task_id="booked",
        booking_uid="{{ params.booking }}",
        states=["accepted"],
        poke_interval=60,
        timeout=timedelta(hours=6).total_seconds(),
        deferrable=True,
    )
    # [END CalComBookingSensor]

    # [START CalComOutOfOfficeSensor]
    back = CalComOutOfOfficeSensor(
        task_id="back", user_id=71, away=False, mode="reschedule", poke_interval=3600
    )
    # [END CalComOutOfOfficeSensor]

    # [START CalComWarehouseCheckOperator]
    check = CalComWarehouseCheckOperator(
        task_id="check",
        sql_conn_id="warehouse_default",
        checks=["keys", "references", "freshness"],
        max_age_hours=3,
        # [START CalComNotifier]
        on_failure_callback=CalComNotifier(http_conn_id="chat", title="Cal.com tables"),
        # [END CalComNotifier]
    )
    # [END CalComWarehouseCheckOperator]

    # [START CalComReportingOperator]
    report = CalComReportingOperator(
        task_id="report",
        sql_conn_id="warehouse_default",
        keep="rpt_team_coverage_day,rpt_host_week",
        minimums={"71": 3},
        page_path="/tmp/calcom-report.html",
    )
    # [END CalComReportingOperator]

    # [START CalComErasePersonOperator]
    erase = CalComErasePersonOperator(
        task_id="erase",
        user="{{ params.person }}",
        sql_conn_id="warehouse_default",
        ledger_conn_ids=["hr_ledger"],
    )
    # [END CalComErasePersonOperator]

    # [START CalComRetentionOperator]
    forget = CalComRetentionOperator(
        task_id="forget", sql_conn_id="warehouse_default", days=365, tables={"rpt_host_week_kept": 800}
    )
    # [END CalComRetentionOperator]

    # [START CalComLakehouseMaintenanceOperator]
    tend = CalComLakehouseMaintenanceOperator(task_id="tend", sql_conn_id="lakehouse", retention_hours=168)
    # [END CalComLakehouseMaintenanceOperator]
