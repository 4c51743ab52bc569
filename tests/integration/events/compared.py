"""Compare the tables that events write to with the imitated Cal.com's own state."""

from __future__ import annotations

from calcom_provider.sandbox import Sandbox
from tests.chaos import looking
from tests.chaos.truth import forms, truth
from tests.chaos.verdict import differences

#: All tables of the resources that have triggers.
COMPARED = (
    "bookings",
    "booking_attendees",
    "booking_hosts",
    "booking_guests",
    "ooo_entries",
    "routing_form_responses",
)


def table_differences(sandbox: Sandbox, url: str) -> list[str]:
    """Name how the tables of a warehouse differ from the sandbox's own state; nothing where they do not.

    :param sandbox: the imitated Cal.com.
    :param url: the warehouse.
    """
    with sandbox.paused() as state:
        everything = truth(state, sandbox.organization_id) | forms(state, sandbox.organization_id)
    wanted = {table: everything[table] for table in COMPARED}
    assert all(wanted[table] for table in COMPARED if table != "booking_guests")
    with looking.snapshot(url) as fetch:
        found, wrong = looking.held(url, {}, wanted, fetch)
    return [*differences(found, wanted), *wrong]
