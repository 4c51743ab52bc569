"""Worked tasks: what people ask for, and the operator that does it."""

from __future__ import annotations

from airflow.sdk import DAG, Param

from calcom_provider.notifications import CalComNotifier
from calcom_provider.operators import (
    CalComAttributeSyncOperator,
    CalComOutOfOfficeSyncOperator,
    CalComUndoWriteBackOperator,
)
from calcom_provider.sensors import CalComBookingSensor, CalComOutOfOfficeSensor
from calcom_provider.transfers import CalComToSqlOperator

with DAG(
    "calcom_tasks",
    schedule=None,
    catchup=False,
    params={
        "plan": Param("", type="string", description="Id of an applied plan"),
        "person": Param(0, type="integer", description="User id"),
        "booking": Param("", type="string", description="Uid of a booking"),
    },
    render_template_as_native_obj=True,
    tags=["cal.com", "example"],
    doc_md=__doc__,
):
    # [START history]
    CalComToSqlOperator(
        task_id="history",
        sql_conn_id="warehouse_default",
        resource_names=["users", "attributes", "attribute_options", "attribute_assignments"],
        mode="history",
    )
    # [END history]

    # [START hashed]
    CalComToSqlOperator(
        task_id="hashed",
        sql_conn_id="warehouse_default",
        resource_names=["users", "memberships"],
        columns={
            "hash": ["users.email", "memberships.user_email"],
            "drop": ["users.bio", "memberships.user_bio"],
        },
        hash_conn_id="hash_key",
    )
    # [END hashed]

    # [START several]
    CalComToSqlOperator.partial(
        task_id="several",
        sql_conn_id="warehouse_default",
        map_index_template="organization {{ task.organization_id }}",
    ).expand(organization_id=[17, 18])
    # [END several]

    # [START backfill]
    CalComToSqlOperator(
        task_id="backfill",
        sql_conn_id="warehouse_default",
        resource_names="bookings",
        backfill_start="2026-01-01T00:00:00Z",
        backfill_end="2026-02-01T00:00:00Z",
    )
    # [END backfill]

    # [START own_columns]
    CalComAttributeSyncOperator(
        task_id="own_columns",
        employees="/data/hr/people.csv",
        mapping={
            "name": "people",
            "employees": {
                "format": "csv",
                "separator": ";",
                "date_formats": ["%d.%m.%Y"],
                "statuses": {"active": ["aktiv"], "terminated": ["ausgeschieden"]},
                "fields": {
                    "id": "Personalnummer",
                    "email": "E-Mail",
                    "status": "Status",
                    "terminated_on": {"column": "Austritt", "optional": True},
                },
            },
        },
        columns={"Abteilung": "department"},
        timezone="Europe/Berlin",
        directory_sync=False,
        ledger_conn_id="warehouse_default",
    )
    # [END own_columns]

    # [START bamboohr]
    CalComOutOfOfficeSyncOperator(
        task_id="bamboohr",
        absences="/data/hr/time_off_requests.json",
        employees="/data/hr/directory.json",
        mapping="bamboohr",
        timezone="America/New_York",
        ledger_conn_id="warehouse_default",
        # [START refused]
        on_failure_callback=CalComNotifier(http_conn_id="chat", title="HR absences"),
        # [END refused]
    )
    # [END bamboohr]

    # [START ical]
    CalComOutOfOfficeSyncOperator(
        task_id="ical",
        absences={"feed_conn_id": "hr_calendar"},
        mapping="ical",
        timezone="Europe/Berlin",
        ledger_conn_id="warehouse_default",
    )
    # [END ical]

    # [START undo]
    CalComUndoWriteBackOperator(
        task_id="undo", plan_id="{{ params.plan }}", ledger_conn_id="warehouse_default"
    )
    # [END undo]

    # [START sensors]
    CalComOutOfOfficeSensor(
        task_id="until_back", user_id="{{ params.person }}", away=False, poke_interval=1800, deferrable=True
    )
    CalComBookingSensor(
        task_id="until_booked", booking_uid="{{ params.booking }}", states=["accepted"], deferrable=True
    )
    # [END sensors]
