"""Where the tables tell of a person, so that what is stored about somebody can be erased."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Subject:
    """Say how a table tells of a person.

    :param user: columns with the person's user id; rows with it are deleted
    :param email: columns with the person's address; rows with it are deleted
    :param parent: column that names a row of `of`; rows of deleted parents go too
    :param of: table that `parent` names
    :param clear_user: columns with the user id of somebody else's row, set to null
    :param clear_email: the same for addresses
    """

    user: tuple[str, ...] = ()
    email: tuple[str, ...] = ()
    parent: str = ""
    of: str = ""
    clear_user: tuple[str, ...] = ()
    clear_email: tuple[str, ...] = ()


#: What is set to null in bookings that the person hosted or attended: texts that name them.
BOOKING_TEXTS = (
    "title",
    "description",
    "location",
    "meeting_url",
    "metadata",
    "cancellation_reason",
    "rescheduling_reason",
    "booking_fields_responses",
)


def _bookings(prefix: str) -> dict[str, Subject]:
    return {
        f"{prefix}bookings": Subject(clear_email=("cancelled_by_email", "rescheduled_by_email")),
        f"{prefix}booking_attendees": Subject(email=("email", "display_email")),
        f"{prefix}booking_hosts": Subject(user=("user_id",), email=("email",)),
        f"{prefix}booking_guests": Subject(email=("email",)),
    }


def _schedules(prefix: str) -> dict[str, Subject]:
    # Children before their parents: they are found by rows that are still there.
    children = {
        f"{prefix}{name}": Subject(parent="schedule_id", of=f"{prefix}schedules")
        for name in ("schedule_availability", "schedule_overrides")
    }
    return {**children, f"{prefix}schedules": Subject(user=("owner_id",))}


SUBJECTS: Mapping[str, Subject] = MappingProxyType(
    {
        **_bookings(""),
        **_bookings("account_"),
        **_schedules(""),
        **_schedules("account_"),
        "attribute_assignments": Subject(user=("user_id",)),
        "ooo_entries": Subject(user=("user_id",), clear_user=("to_user_id",)),
        "team_memberships": Subject(user=("user_id",), email=("user_email",)),
        "account_team_memberships": Subject(user=("user_id",), email=("user_email",)),
        "team_event_type_hosts": Subject(user=("user_id",)),
        "account_team_event_type_hosts": Subject(user=("user_id",)),
        "team_event_types": Subject(clear_user=("owner_id",)),
        "account_team_event_types": Subject(clear_user=("owner_id",)),
        "account_event_types": Subject(user=("owner_id",)),
        "account_webhooks": Subject(user=("user_id",)),
        "routing_forms": Subject(clear_user=("user_id", "updated_by_id")),
        "team_workflows": Subject(clear_user=("user_id",)),
        "team_form_workflows": Subject(clear_user=("user_id",)),
        "team_workflow_steps": Subject(clear_email=("email",)),
        "team_form_workflow_steps": Subject(clear_email=("email",)),
        "team_verified_emails": Subject(email=("email",), clear_user=("user_id",)),
        "team_verified_phones": Subject(user=("user_id",)),
        "account_verified_emails": Subject(user=("user_id",), email=("email",)),
        "account_verified_phones": Subject(user=("user_id",)),
        "team_conferencing_apps": Subject(clear_user=("user_id",)),
        "account_conferencing_apps": Subject(user=("user_id",)),
        "managed_users": Subject(user=("id",), email=("email",)),
        "account_profile": Subject(user=("id",), email=("email",)),
        "memberships": Subject(user=("user_id",), email=("user_email",)),
        "users": Subject(user=("id",), email=("email",)),
    }
)

#: Tables that tell user ids and addresses apart: where a person is looked up.
DIRECTORY: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "users": ("id", "email"),
        "memberships": ("user_id", "user_email"),
        "managed_users": ("id", "email"),
        "account_profile": ("id", "email"),
    }
)
