"""Small set-ups of jobs on the Cal.com in memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from calcom_provider.hr.apply.applier import Patience
from calcom_provider.hr.attributes.columns import load_columns
from calcom_provider.hr.attributes.job import AttributeJob, AttributeSettings
from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.hr.out_of_office.days import DayPolicy
from calcom_provider.hr.out_of_office.job import OutOfOfficeJob, OutOfOfficeSettings
from calcom_provider.hr.plan.guards import Confirmation, GuardLimits
from calcom_provider.hr.plan.settings import Common
from calcom_provider.hr.sources.mapping import load_mapping
from calcom_provider.hr.sources.rows import Rows, from_records
from tests.unit.hr.fake_calcom import FakeCalcom

TODAY = date(2026, 3, 16)
HASTE = Patience(wait=0.0, sleep=lambda _: None, now=lambda: 0.0)
OPEN = GuardLimits(
    source_drop=1.0,
    match_rate=0.0,
    match_rate_drop=1.0,
    vanished=1.0,
    removals=1.0,
    removals_days_floor=10**6,
    unassigns=1.0,
    unassigns_floor=10**6,
    persons_changed=1.0,
    same_day=1.0,
    segment_days=10**4,
    new_options=1000,
)
MAPPING = {
    "employees": {
        "fields": {
            "id": "id",
            "email": "email",
            "status": {"column": "status", "optional": True},
            "terminated_on": {"column": "left", "optional": True},
        }
    },
    "absences": {
        "fields": {
            "key": "key",
            "employee_id": {"column": "person", "optional": True},
            "email": {"column": "email", "optional": True},
            "status": "status",
            "type": {"column": "type", "optional": True},
            "start": "start",
            "end": "end",
            "cover": {"column": "cover", "optional": True},
        }
    },
}


def common(**more: Any) -> Common:
    return Common(
        **{"timezone": "Europe/Berlin", "mapping": load_mapping(MAPPING), "as_of": TODAY, "limits": OPEN}
        | more
    )


def employees(fake: FakeCalcom, **cells: dict[int, Any]) -> Rows:
    """One active record a user, with the cells given by column and user."""
    records = [
        {
            "id": f"E{user.id}",
            "email": user.email,
            "status": "active",
            **{name: values.get(user.id) for name, values in cells.items()},
        }
        for user in fake.users.values()
    ]
    return from_records(records)


def attribute_job(
    fake: FakeCalcom, ledger: Ledger | None, columns: dict[str, Any], **more: Any
) -> AttributeJob:
    settings = {name: more.pop(name) for name in ("allow_weight_loss", "clear_terminated") if name in more}
    return AttributeJob(
        fake,  # type: ignore[arg-type]
        AttributeSettings(common(**more), load_columns(columns), False, **settings),
        ledger,
        HASTE,
    )


def ooo_job(fake: FakeCalcom, ledger: Ledger | None, **more: Any) -> OutOfOfficeJob:
    names = {"days", "window", "on_drift", "on_missing", "note"}
    settings = {name: more.pop(name) for name in names if name in more}
    settings = {"days": DayPolicy(horizon_days=366)} | settings
    return OutOfOfficeJob(fake, OutOfOfficeSettings(common(**more), **settings), ledger, HASTE)  # type: ignore[arg-type]


def absence(
    key: str, user: int, start: str, end: str, status: str = "approved", **more: Any
) -> dict[str, Any]:
    return {
        "key": key,
        "email": f"user{user}@example.com",
        "status": status,
        "start": start,
        "end": end,
        **more,
    }


def confirmed(job: Any, plan: Any) -> Any:
    """The same job with the plan's hash as its override."""
    agreed = replace(job.settings.common, confirm=Confirmation(plan_hash=plan.hash))
    job.settings = replace(job.settings, common=agreed)
    return job
