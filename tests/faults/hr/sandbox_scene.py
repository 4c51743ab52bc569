"""A write-back of fifty actions against the sandbox."""

from __future__ import annotations

from typing import Any

from calcom_provider.hr.apply.applier import Patience
from calcom_provider.hr.attributes.columns import load_columns
from calcom_provider.hr.attributes.job import AttributeJob, AttributeSettings
from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.hr.out_of_office.job import OutOfOfficeJob, OutOfOfficeSettings
from calcom_provider.hr.sources.rows import from_records
from calcom_provider.hr.target.gateway import Gateway, read_state
from tests.unit.hr.jobs import common

COLUMNS = {"centre": {"attribute": "hr-centre"}, "size": {"attribute": "hr-size", "missing_option": "create"}}
PEOPLE = 25


def job_for(kind: str, gateway: Gateway, ledger: Ledger, patience: Patience) -> Any:
    if kind == "attributes":
        settings = AttributeSettings(common(), load_columns(COLUMNS), False)
        return AttributeJob(gateway, settings, ledger, patience)
    return OutOfOfficeJob(gateway, OutOfOfficeSettings(common()), ledger, patience)


def prepare(gateway: Gateway) -> None:
    """Make the attributes that are written."""
    create = gateway.client.call
    create("org_attributes.create", name="HR centre", slug="hr-centre", type="TEXT", options=[])
    sizes = [{"value": "M", "slug": "m"}]
    create("org_attributes.create", name="HR size", slug="hr-size", type="SINGLE_SELECT", options=sizes)


def source(kind: str, gateway: Gateway) -> Any:
    """Rows for some people: lone texts, shared texts, options old and new; or absences."""
    state = read_state(gateway)
    users = [one for one in state.users.values() if one.accepted and one.has_profile]
    chosen = sorted(users, key=lambda one: one.id)[:PEOPLE]
    if kind == "attributes":
        sizes = ("M", "Huge", "Tiny")
        return from_records(
            [
                {"id": str(one.id), "email": one.email, "centre": f"K{place % 10}", "size": sizes[place % 3]}
                for place, one in enumerate(chosen)
            ]
        )
    return from_records(
        [
            {
                "key": f"R{one.id}-{month}",
                "email": one.email,
                "status": "approved",
                "start": start,
                "end": start,
            }
            for one in chosen
            for month in (5, 6)
            for start in [f"2026-{month:02d}-{one.id % 20 + 1:02d}"]
        ]
    )


def picture(gateway: Gateway) -> Any:
    """Everything the write-back is about, without the ids that a run gives."""
    state = read_state(gateway, attributes=["hr-centre", "hr-size"], entries=True)
    held = sorted(
        (one.attribute.slug, one.options[option].value, tuple(sorted(users)))
        for one in state.attributes.values()
        for option, users in one.holders.items()
    )
    options = sorted(
        (one.attribute.slug, o.value) for one in state.attributes.values() for o in one.options.values()
    )
    entries = sorted((one.user_id, *map(str, one.shape()), one.notes or "") for one in state.entries.values())
    return held, options, entries
