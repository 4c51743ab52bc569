"""What belongs to one team: event types, roles, workflows, verified addresses, conferencing."""

from __future__ import annotations

from calcom_provider.resources.data_subjects import Subject
from calcom_provider.resources.declarations.event_types import (
    TEAM_EVENT_TYPE_COLUMNS,
    TEAM_EVENT_TYPE_SUBJECT,
)
from calcom_provider.resources.declarations.scheduling import ROLE_COLUMNS
from calcom_provider.resources.model import (
    NO_PROFILE,
    ORGANIZATION,
    Child,
    Read,
    Resource,
    boolean,
    integer,
    json,
    personal_text,
    text,
    timestamp,
)
from calcom_provider.warehouse.schema import Column, Parent, Table

TEAM = integer("team_id", "$teamId", nullable=False, refers="teams.id")
IN_TEAM = {"teamId": "id"}


def event_type_hosts(prefix: str, scope: tuple[Column, ...], items: str = "hosts") -> Child:
    """Return the table of the hosts of team event types.

    :param prefix: what the table names begin with, empty or ``account_``.
    :param scope: first key columns.
    :param items: field that lists the hosts.
    """
    names = tuple(column.name for column in scope)
    return Child(
        Table(
            f"{prefix}team_event_type_hosts",
            (
                *scope,
                integer("event_type_id", "^id", nullable=False, refers=f"{prefix}team_event_types.id"),
                integer("user_id", nullable=False, refers="users.id", dangling=NO_PROFILE),
                personal_text("name"),
                personal_text("username"),
                boolean("mandatory"),
                text("priority"),
            ),
            key=(*names, "event_type_id", "user_id"),
            comment="Hosts of the team event types.",
            parent=Parent(f"{prefix}team_event_types", (*names, "event_type_id")),
        ),
        items=items,
        subject=Subject(user=("user_id",)),
    )


TEAM_EVENT_TYPES = Resource(
    name="team_event_types",
    group="teams",
    read=Read(
        "org_team_event_types.list_all",
        fallback=Read("org_team_event_types.list", over="teams", arguments=IN_TEAM),
    ),
    table=Table(
        "team_event_types",
        (ORGANIZATION, *TEAM_EVENT_TYPE_COLUMNS),
        key=("organization_id", "id"),
        comment="Event types of the organisation's teams.",
    ),
    children=(event_type_hosts("", (ORGANIZATION,)),),
    subject=TEAM_EVENT_TYPE_SUBJECT,
    ignored={"team": "in teams", "users": "in team_event_type_hosts", "bookingUrl": "made of team and slug"},
    notes="Some versions answer the list for all teams with 500; it is then read team by team.",
)

TEAM_ROLES = Resource(
    name="team_roles",
    group="teams",
    read=Read("org_team_roles.list", over="teams", arguments=IN_TEAM, unavailable_on=(403, 404)),
    table=Table(
        "team_roles",
        (ORGANIZATION, TEAM, *ROLE_COLUMNS),
        key=("organization_id", "team_id", "id"),
        comment="Roles of the teams; a role of the system is listed by every team.",
    ),
    children=(
        Child(
            Table(
                "team_role_permissions",
                (
                    ORGANIZATION,
                    TEAM,
                    text("role_id", "^id", nullable=False, refers="team_roles.id"),
                    text("permission", ".", nullable=False, comment="resource.action"),
                ),
                key=("organization_id", "team_id", "role_id", "permission"),
                comment="Permissions of the teams' roles.",
                parent=Parent("team_roles", ("organization_id", "team_id", "role_id")),
            ),
            items="permissions",
        ),
    ),
    ignored={"teamId": "equals team_id, null for roles of the system"},
    unread={"org_team_role_permissions.list": "rows of team_role_permissions; one request a role"},
)


def _workflows(name: str, operation: str, comment: str) -> Resource:
    return Resource(
        name=name,
        group="teams",
        read=Read(operation, over="teams", arguments=IN_TEAM, unavailable_on=(403, 404, 500)),
        table=Table(
            name,
            (
                ORGANIZATION,
                TEAM,
                integer("id", nullable=False),
                text("name"),
                text("type"),
                integer("user_id"),
                json("activation"),
                text("trigger_type", "trigger.type"),
                integer("trigger_offset_value", "trigger.offset.value"),
                text("trigger_offset_unit", "trigger.offset.unit"),
                timestamp("created_at"),
                timestamp("updated_at"),
            ),
            key=("organization_id", "id"),
            comment=comment,
        ),
        children=(
            Child(
                Table(
                    f"{name[:-1]}_steps",
                    (
                        ORGANIZATION,
                        integer("workflow_id", "^id", nullable=False, refers=f"{name}.id"),
                        integer("id", nullable=False),
                        integer("step_number"),
                        text("action"),
                        text("recipient"),
                        personal_text("email"),
                        text("phone", data_class="sensitive"),
                        boolean("phone_required"),
                        text("template"),
                        boolean("include_calendar_event"),
                        text("sender"),
                        json("message", data_class="sensitive", comment="text sent to people"),
                    ),
                    key=("organization_id", "workflow_id", "id"),
                    comment="Steps of the workflows.",
                    parent=Parent(name, ("organization_id", "workflow_id")),
                ),
                items="steps",
                subject=Subject(clear_email=("email",)),
            ),
        ),
        subject=Subject(clear_user=("user_id",)),
        ignored={"teamId": "equals team_id"},
        notes="Needs a plan with workflows.",
    )


TEAM_WORKFLOWS = _workflows(
    "team_workflows", "org_team_workflows.list", "Workflows of the teams' event types."
)
TEAM_FORM_WORKFLOWS = _workflows(
    "team_form_workflows", "org_team_routing_form_workflows.list", "Workflows of the teams' routing forms."
)

TEAM_VERIFIED_EMAILS = Resource(
    name="team_verified_emails",
    group="teams",
    read=Read("org_team_verified_emails.list", over="teams", arguments=IN_TEAM, unavailable_on=(403,)),
    table=Table(
        "team_verified_emails",
        (ORGANIZATION, TEAM, integer("id", nullable=False), personal_text("email"), integer("user_id")),
        key=("organization_id", "id"),
        comment="Addresses that the teams proved to own.",
    ),
    subject=Subject(email=("email",), clear_user=("user_id",)),
    ignored={"teamId": "equals team_id"},
)

TEAM_VERIFIED_PHONES = Resource(
    name="team_verified_phones",
    group="teams",
    read=Read("org_team_verified_phones.list", over="teams", arguments=IN_TEAM, unavailable_on=(403,)),
    table=Table(
        "team_verified_phones",
        (
            ORGANIZATION,
            TEAM,
            integer("id", nullable=False),
            text("phone_number", data_class="sensitive"),
            integer("user_id"),
        ),
        key=("organization_id", "id"),
        comment="Phone numbers that the teams proved to own.",
    ),
    subject=Subject(user=("user_id",)),
    ignored={"teamId": "equals team_id"},
)

CONFERENCING_COLUMNS: tuple[Column, ...] = (
    integer("id", nullable=False),
    text("app_id", comment="undocumented field"),
    text("type"),
    integer("user_id"),
    boolean("invalid"),
    text("payment_status", comment="undocumented field"),
    integer("billing_cycle_start", comment="undocumented field"),
    text("delegation_credential_id", comment="undocumented field"),
)

TEAM_CONFERENCING_APPS = Resource(
    name="team_conferencing_apps",
    group="teams",
    read=Read("org_team_conferencing.list", over="teams", arguments=IN_TEAM, unavailable_on=(403,)),
    table=Table(
        "team_conferencing_apps",
        (ORGANIZATION, TEAM, *CONFERENCING_COLUMNS),
        key=("organization_id", "id"),
        comment="Conferencing apps that the teams installed.",
    ),
    subject=Subject(clear_user=("user_id",)),
    ignored={"teamId": "equals team_id", "subscriptionId": "names a payment", "key": "the app's own secret"},
)

TEAM_EVENT_TYPE_PRIVATE_LINKS = Resource(
    name="team_event_type_private_links",
    group="teams",
    read=Read(
        "org_team_event_type_private_links.list",
        over="team_event_types",
        arguments={"teamId": "teamId", "eventTypeId": "id"},
    ),
    table=Table(
        "team_event_type_private_links",
        (
            ORGANIZATION,
            integer("event_type_id", "eventTypeId", nullable=False, refers="team_event_types.id"),
            text("link_id", data_class="sensitive", nullable=False, comment="part of the link"),
            text("booking_url", data_class="secret"),
            boolean("is_expired"),
            timestamp("expires_at"),
            integer("max_usage_count"),
            integer("usage_count"),
        ),
        key=("organization_id", "event_type_id", "link_id"),
        comment="Private links of the team event types.",
    ),
    named_only="one request an event type, and the links let anybody book",
)

RESOURCES: tuple[Resource, ...] = (
    TEAM_EVENT_TYPES,
    TEAM_ROLES,
    TEAM_WORKFLOWS,
    TEAM_FORM_WORKFLOWS,
    TEAM_VERIFIED_EMAILS,
    TEAM_VERIFIED_PHONES,
    TEAM_CONFERENCING_APPS,
    TEAM_EVENT_TYPE_PRIVATE_LINKS,
)
