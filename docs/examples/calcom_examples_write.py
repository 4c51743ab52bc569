"""Write into Cal.com: one example an operator."""

from __future__ import annotations

from airflow.sdk import DAG, Param

from calcom_provider.operators import (
    CalComApplyWriteBackOperator,
    CalComAssignAttributesOperator,
    CalComAttributeSyncOperator,
    CalComCreateOutOfOfficeOperator,
    CalComDelegationCredentialOperator,
    CalComOperator,
    CalComOutOfOfficeSyncOperator,
    CalComUndoWriteBackOperator,
)

with DAG(
    "calcom_examples_write",
    schedule=None,
    catchup=False,
    params={
        "plan": Param("", type="string", description="Id of an applied plan"),
        "people": Param([], type="array", description="Addresses"),
    },
    render_template_as_native_obj=True,
    tags=["cal.com", "example"],
    doc_md=__doc__,
):
    # [START CalComAttributeSyncOperator]
    plan = CalComAttributeSyncOperator(
        task_id="plan",
        employees={"sql": "SELECT id, work_email, department FROM hr.employees", "conn_id": "hr_database"},
        mapping={
            "name": "own",
            "employees": {"format": "csv", "fields": {"id": "id", "email": "work_email"}},
        },
        columns={"department": "department"},
        timezone="Europe/Berlin",
        directory_sync=False,
        ledger_conn_id="warehouse_default",
        preview=True,
    )
    # [END CalComAttributeSyncOperator]

    # [START CalComApplyWriteBackOperator]
    apply = CalComApplyWriteBackOperator(
        task_id="apply",
        plan_id="{{ ti.xcom_pull(task_ids='plan')['plan_id'] }}",
        plan_hash="{{ ti.xcom_pull(task_ids='plan')['plan_hash'] }}",
        ledger_conn_id="warehouse_default",
    )
    # [END CalComApplyWriteBackOperator]
    plan >> apply

    # [START CalComOutOfOfficeSyncOperator]
    absences = CalComOutOfOfficeSyncOperator(
        task_id="absences",
        absences={"path": "s3://hr/absences.json", "conn_id": "hr_bucket"},
        employees={"path": "s3://hr/employees.json", "conn_id": "hr_bucket"},
        mapping="personio",
        timezone="Europe/Berlin",
        ledger_conn_id="warehouse_default",
    )
    # [END CalComOutOfOfficeSyncOperator]

    # [START CalComUndoWriteBackOperator]
    undo = CalComUndoWriteBackOperator(
        task_id="undo", plan_id="{{ params.plan }}", ledger_conn_id="warehouse_default"
    )
    # [END CalComUndoWriteBackOperator]

    # [START CalComAssignAttributesOperator]
    assign = CalComAssignAttributesOperator(
        task_id="assign",
        rows=[{"user": "gabriel.dubois.2@lumen.example", "attribute": "department", "value": "Product"}],
        missing_option="skip",
    )
    # [END CalComAssignAttributesOperator]

    # [START CalComCreateOutOfOfficeOperator]
    away = CalComCreateOutOfOfficeOperator(
        task_id="away",
        rows=[{"user": "gabriel.dubois.2@lumen.example", "start": "2031-08-04", "end": "2031-08-15"}],
    )
    # [END CalComCreateOutOfOfficeOperator]

    # [START CalComDelegationCredentialOperator]
    delegation = CalComDelegationCredentialOperator(
        task_id="delegation",
        platform="google",
        domain="lumen.example",
        key_conn_id="workspace_key",
        sql_conn_id="warehouse_default",
    )
    # [END CalComDelegationCredentialOperator]

    # [START toolkit]
    invite = CalComOperator.partial(
        task_id="invite", operation="org_memberships.create", max_active_tis_per_dag=1
    ).expand(parameters=[{"userId": 71, "role": "MEMBER", "accepted": True}])
    # [END toolkit]
