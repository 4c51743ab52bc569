"""What a single account reads: its own teams, event types, schedules, bookings and webhooks."""

from __future__ import annotations

from calcom_provider.resources.data_subjects import Subject
from calcom_provider.resources.declarations.bookings import (
    ACCOUNT_WINDOWS,
    BOOKING_COLUMNS,
    BOOKING_SUBJECT,
    booking_children,
)
from calcom_provider.resources.declarations.event_types import (
    EVENT_TYPE_COLUMNS,
    TEAM_EVENT_TYPE_COLUMNS,
    TEAM_EVENT_TYPE_SUBJECT,
)
from calcom_provider.resources.declarations.scheduling import (
    SCHEDULE_COLUMNS,
    SCHEDULE_SUBJECT,
    WEBHOOK_COLUMNS,
    schedule_children,
)
from calcom_provider.resources.declarations.team_parts import CONFERENCING_COLUMNS, event_type_hosts
from calcom_provider.resources.declarations.teams import (
    TEAM_COLUMNS,
    TEAM_MEMBERSHIP_COLUMNS,
    TEAM_MEMBERSHIP_SUBJECT,
)
from calcom_provider.resources.model import (
    ACCOUNT,
    ORGANIZATION,
    Child,
    Read,
    Resource,
    boolean,
    integer,
    json,
    personal_text,
    text,
)
from calcom_provider.warehouse.schema import Column, Table

SCOPE: tuple[Column, ...] = (ORGANIZATION, ACCOUNT)
NAMES = ("organization_id", "account_id")
IN_TEAM = {"teamId": "id"}


def _resource(
    name: str,
    read: Read,
    columns: tuple[Column, ...],
    comment: str,
    *,
    key: tuple[str, ...] = ("id",),
    children: tuple[Child, ...] = (),
    subject: Subject | None = None,
    unread: dict[str, str] | None = None,
    ignored: dict[str, str] | None = None,
    named_only: str = "",
    notes: str = "",
) -> Resource:
    table = Table(f"account_{name}", (*SCOPE, *columns), key=(*NAMES, *key), comment=comment)
    return Resource(
        name=f"account_{name}",
        group="account",
        read=read,
        table=table,
        children=children,
        subject=subject,
        unread=unread or {},
        ignored=ignored or {},
        scope=NAMES,
        named_only=named_only,
        notes=notes,
    )


PROFILE = _resource(
    "profile",
    Read("me.get", single=True),
    (
        integer("id", nullable=False),
        personal_text("username"),
        personal_text("email"),
        personal_text("name"),
        personal_text("bio"),
        personal_text("avatar_url"),
        text("time_zone"),
        text("week_start"),
        integer("time_format"),
        integer("default_schedule_id"),
        boolean("organization_is_platform", "organization.isPlatform"),
    ),
    "The user whose credential is used.",
    subject=Subject(user=("id",), email=("email",), directory=True),
    ignored={"organizationId": "equals organization_id", "organization.id": "equals organization_id"},
    notes="Name, bio and picture are documented and never sent by older versions.",
)

TEAMS = _resource(
    "teams", Read("teams.list"), TEAM_COLUMNS, "Teams of the account, open invitations included."
)

TEAM_MEMBERSHIPS = _resource(
    "team_memberships",
    Read(
        "team_memberships.list",
        over="account_teams",
        arguments=IN_TEAM,
        where={"isOrganization": False},
        refused_on=(403,),
    ),
    TEAM_MEMBERSHIP_COLUMNS,
    "Memberships of the account's teams.",
    subject=TEAM_MEMBERSHIP_SUBJECT,
    ignored={"teamId": "equals the team asked for"},
    notes="Refused for a team whose invitation the account has not accepted.",
)

TEAM_EVENT_TYPES = _resource(
    "team_event_types",
    Read("team_event_types.list", over="account_teams", arguments=IN_TEAM, where={"isOrganization": False}),
    TEAM_EVENT_TYPE_COLUMNS,
    "Event types of the account's teams.",
    subject=TEAM_EVENT_TYPE_SUBJECT,
    children=(event_type_hosts("account_", SCOPE),),
    ignored={
        "team": "in account_teams",
        "users": "in account_team_event_type_hosts",
        "bookingUrl": "from slug",
    },
)

TEAM_EVENT_TYPE_WEBHOOKS = _resource(
    "team_event_type_webhooks",
    Read(
        "team_event_type_webhooks.list",
        over="account_team_event_types",
        arguments={"teamId": "teamId", "eventTypeId": "id"},
        unavailable_on=(404,),
        refused_on=(403,),
    ),
    (*WEBHOOK_COLUMNS, integer("event_type_id", refers="account_team_event_types.id")),
    "Webhooks of the event types of the account's teams.",
    named_only="one request an event type",
)

EVENT_TYPES = _resource(
    "event_types",
    Read("event_types.list", over="account_profile", arguments={"username": "username"}, empty_on=(404,)),
    (*EVENT_TYPE_COLUMNS, integer("owner_id", refers="users.id"), text("booking_url")),
    "Event types of the account itself.",
    subject=Subject(user=("owner_id",)),
    unread={
        "event_type_private_links.list": "links that let anybody book; one request an event type",
        "event_types.list_crm_sync_errors": "undocumented; one request an event type",
        "event_types.list_history": "undocumented; one request an event type",
    },
    ignored={"users": "the account"},
)

EVENT_TYPE_WEBHOOKS = _resource(
    "event_type_webhooks",
    Read("event_type_webhooks.list", over="account_event_types", arguments={"eventTypeId": "id"}),
    (*WEBHOOK_COLUMNS, integer("event_type_id", refers="account_event_types.id")),
    "Webhooks of the account's event types.",
)

SCHEDULES = _resource(
    "schedules",
    Read("schedules.list"),
    SCHEDULE_COLUMNS,
    "Working hours of the account.",
    subject=SCHEDULE_SUBJECT,
    unread={
        "team_schedules.list": "schedules of other people, readable by themselves or their organisation",
        "timezones.list": "a list of cities, the same for everybody",
    },
    children=schedule_children("account_", SCOPE),
)

BOOKINGS = _resource(
    "bookings",
    Read("bookings.list", windows=ACCOUNT_WINDOWS),
    BOOKING_COLUMNS,
    "Bookings that the account may see.",
    subject=BOOKING_SUBJECT,
    unread={"team_bookings.list": "rows of account_bookings; newer than some installations"},
    children=booking_children("account_", SCOPE),
    ignored={"eventType.id": "equals eventTypeId"},
    notes="For an organisation's owner these are all of the organisation's bookings.",
)

WEBHOOKS = _resource(
    "webhooks",
    Read("webhooks.list"),
    (*WEBHOOK_COLUMNS, integer("user_id")),
    "Webhooks of the account.",
    subject=Subject(user=("user_id",)),
)

CONFERENCING_APPS = _resource(
    "conferencing_apps",
    Read("conferencing.list"),
    CONFERENCING_COLUMNS,
    "Conferencing apps that the account installed.",
    subject=Subject(user=("user_id",)),
    ignored={"teamId": "null", "subscriptionId": "names a payment", "key": "the app's own secret"},
)

VERIFIED_EMAILS = _resource(
    "verified_emails",
    Read("verified_emails.list"),
    (integer("id", nullable=False), personal_text("email"), integer("user_id"), integer("team_id")),
    "Addresses that the account proved to own.",
    subject=Subject(user=("user_id",), email=("email",)),
    unread={"team_verified_emails.list": "rows of account_verified_emails, where the account added them"},
)

VERIFIED_PHONES = _resource(
    "verified_phones",
    Read("verified_phones.list"),
    (
        integer("id", nullable=False),
        text("phone_number", data_class="sensitive"),
        integer("user_id"),
        integer("team_id"),
    ),
    "Phone numbers that the account proved to own.",
    subject=Subject(user=("user_id",)),
    unread={"team_verified_phones.list": "rows of account_verified_phones, where the account added them"},
)

CALENDARS = Resource(
    name="account_calendars",
    group="account",
    read=Read("calendars.list", single=True),
    table=None,
    children=(
        Child(
            Table(
                "account_calendars",
                (
                    *SCOPE,
                    integer("credential_id", nullable=False),
                    text("integration_type", "integration.type"),
                    text("integration_slug", "integration.slug"),
                    personal_text("primary_external_id", "primary.externalId"),
                    json("calendars", data_class="personal"),
                    text("error", "error.message", comment="why the calendars cannot be read"),
                ),
                key=(*NAMES, "credential_id"),
                comment="Calendars that the account connected.",
            ),
            items="connectedCalendars",
            subject=Subject(user=("account_id",)),
        ),
    ),
    scope=NAMES,
    named_only="the API may choose default calendars while it is asked",
    unread={"calendars.list_busy_times": "asked for a window and calendars, not a list of things"},
)

RESOURCES: tuple[Resource, ...] = (
    PROFILE,
    TEAMS,
    TEAM_MEMBERSHIPS,
    TEAM_EVENT_TYPES,
    TEAM_EVENT_TYPE_WEBHOOKS,
    EVENT_TYPES,
    EVENT_TYPE_WEBHOOKS,
    SCHEDULES,
    BOOKINGS,
    WEBHOOKS,
    CONFERENCING_APPS,
    VERIFIED_EMAILS,
    VERIFIED_PHONES,
    CALENDARS,
)
