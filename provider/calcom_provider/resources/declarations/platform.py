"""What only a platform customer has: OAuth clients, managed users, managed organisations."""

from __future__ import annotations

from calcom_provider.resources.data_subjects import Subject
from calcom_provider.resources.declarations.scheduling import WEBHOOK_COLUMNS
from calcom_provider.resources.model import (
    ORGANIZATION,
    Read,
    Resource,
    boolean,
    integer,
    json,
    personal_text,
    text,
    timestamp,
)
from calcom_provider.warehouse.schema import Table

CLIENT = text("client_id", "$clientId", nullable=False, refers="oauth_clients.id")
OF_CLIENT = {"clientId": "id"}

OAUTH_CLIENTS = Resource(
    name="oauth_clients",
    group="platform",
    platform=True,
    read=Read("oauth_clients.list"),
    table=Table(
        "oauth_clients",
        (
            ORGANIZATION,
            text("id", nullable=False),
            text("name"),
            text("secret", data_class="secret", comment="shown in clear by the API"),
            json("permissions"),
            text("logo"),
            json("redirect_uris"),
            timestamp("created_at"),
            boolean("are_emails_enabled"),
            boolean("are_default_event_types_enabled"),
            boolean("are_calendar_events_enabled"),
            text("booking_redirect_uri"),
            text("booking_cancel_redirect_uri"),
            text("booking_reschedule_redirect_uri"),
        ),
        key=("organization_id", "id"),
        comment="OAuth clients of the platform organisation.",
    ),
    ignored={"organizationId": "equals organization_id"},
)

MANAGED_USERS = Resource(
    name="managed_users",
    group="platform",
    platform=True,
    read=Read("oauth_client_users.list", over="oauth_clients", arguments=OF_CLIENT, by_email=True),
    table=Table(
        "managed_users",
        (
            ORGANIZATION,
            CLIENT,
            integer("id", nullable=False),
            personal_text("username"),
            personal_text("name"),
            personal_text("email", comment="with the client's id after a plus sign"),
            personal_text("bio"),
            personal_text("avatar_url"),
            text("time_zone"),
            text("week_start"),
            integer("time_format"),
            text("locale"),
            integer("default_schedule_id"),
            timestamp("created_date"),
            json("metadata", data_class="personal"),
        ),
        key=("organization_id", "client_id", "id"),
        comment="Users that the OAuth clients manage.",
    ),
    subject=Subject(user=("id",), email=("email",), directory=True),
    notes="Pages reach 500 rows; the rest is found by the addresses of the organisation's users.",
)

OAUTH_CLIENT_WEBHOOKS = Resource(
    name="oauth_client_webhooks",
    group="platform",
    platform=True,
    read=Read("oauth_client_webhooks.list", over="oauth_clients", arguments=OF_CLIENT),
    table=Table(
        "oauth_client_webhooks",
        (ORGANIZATION, CLIENT, *WEBHOOK_COLUMNS),
        key=("organization_id", "id"),
        comment="Webhooks of the OAuth clients.",
    ),
    ignored={"oAuthClientId": "equals client_id"},
)

MANAGED_ORGANIZATIONS = Resource(
    name="managed_organizations",
    group="platform",
    platform=True,
    read=Read("managed_organizations.list", unavailable_on=(403,)),
    table=Table(
        "managed_organizations",
        (ORGANIZATION, integer("id", nullable=False), text("name"), text("slug"), json("metadata")),
        key=("organization_id", "id"),
        comment="Organisations that the platform organisation manages.",
    ),
)

RESOURCES: tuple[Resource, ...] = (OAUTH_CLIENTS, MANAGED_USERS, OAUTH_CLIENT_WEBHOOKS, MANAGED_ORGANIZATIONS)
