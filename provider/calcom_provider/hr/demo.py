"""Plan a small invented HR export against whoever answers, write nothing, and show the plan as a table."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from calcom_provider.hr.config import out_of_office_settings
from calcom_provider.hr.out_of_office.job import OutOfOfficeJob
from calcom_provider.hr.plan.model import Plan
from calcom_provider.hr.plan.rendering import table
from calcom_provider.hr.sources.rows import Rows, from_records
from calcom_provider.hr.target.gateway import Client, Gateway

AS_OF = "2026-03-16"


def preview(client: Client) -> Plan:
    """Plan the sample absences for the first people of an organisation.

    The sample names no one: its people are filled in from the organisation, in the order of their ids, so
    that the plan matches somebody whichever organisation it is run against.

    :param client: the API client.
    """
    gateway = Gateway(client)
    users = [one for one in gateway.read_users().values() if one.accepted and one.has_profile]
    addresses = [one.email for one in sorted(users, key=lambda one: one.id)]
    settings = out_of_office_settings(
        {"timezone": "Europe/Berlin", "mapping": _mapping(), "as_of": AS_OF, "namespace": "demo"}
    )
    return OutOfOfficeJob(gateway, settings).plan(_absences(addresses))


def show(client: Client, console: Any) -> Plan:
    """Print the plan of :func:`preview` as a table and return it.

    :param client: the API client.
    :param console: a ``rich.console.Console``.
    """
    plan = preview(client)
    console.print(table(plan, limit=12))
    told = ", ".join(
        f"{count} {code}" for codes in plan.summary()["issues"].values() for code, count in codes.items()
    )
    console.print(f"  not written: {told or 'nothing'}; a preview, nothing was sent")
    return plan


def _sample() -> dict[str, Any]:
    place = resources.files("calcom_provider.hr.sources").joinpath("samples", "absences.json")
    return json.loads(place.read_text("utf-8"))


def _mapping() -> dict[str, Any]:
    return {"name": "demo", "absences": _sample()["mapping"]}


def _absences(addresses: list[str]) -> Rows:
    rows = [dict(row) for row in _sample()["rows"]]
    for row in rows:
        place = row.pop("person")
        row["email"] = addresses[place % len(addresses)] if place is not None else "nobody@example.com"
    return from_records(rows)
