"""The organisation's schedules, roles, webhooks and routing forms."""

from __future__ import annotations

from calcom_provider.resources.data_subjects import Subject
from calcom_provider.resources.model import (
    LEFT,
    ORGANIZATION,
    Child,
    Read,
    Resource,
    Windows,
    boolean,
    date,
    integer,
    json,
    text,
    timestamp,
)
from calcom_provider.warehouse.schema import Column, Parent, Table

SCHEDULE_COLUMNS: tuple[Column, ...] = (
    integer("id", nullable=False),
    integer("owner_id", refers="users.id"),
    text("name"),
    text("time_zone", comment="Europe/London where none is set"),
    boolean("is_default"),
)
SCHEDULE_SUBJECT = Subject(user=("owner_id",))


def schedule_children(prefix: str, scope: tuple[Column, ...]) -> tuple[Child, ...]:
    """Return the availability and override tables of a schedules table.

    :param prefix: what the table names begin with, empty or ``account_``.
    :param scope: first key columns.
    """
    names = tuple(column.name for column in scope)
    owner = integer("schedule_id", "^id", nullable=False, refers=f"{prefix}schedules.id")
    place = integer("position", "#", nullable=False, comment="place in the schedule's list, from 0")
    parent = Parent(f"{prefix}schedules", (*names, "schedule_id"))
    key = (*names, "schedule_id", "position")
    return (
        Child(
            Table(
                f"{prefix}schedule_availability",
                (*scope, owner, place, json("days"), text("start_time"), text("end_time")),
                key=key,
                comment="Weekly hours of the schedules, times as HH:MM in the schedule's zone.",
                parent=parent,
            ),
            items="availability",
        ),
        Child(
            Table(
                f"{prefix}schedule_overrides",
                (*scope, owner, place, date("date"), text("start_time"), text("end_time")),
                key=key,
                comment="Dates with other hours; 00:00 to 00:00 is a day off.",
                parent=parent,
            ),
            items="overrides",
        ),
    )


SCHEDULES = Resource(
    name="schedules",
    group="organization",
    read=Read("org_schedules.list"),
    table=Table(
        "schedules",
        (ORGANIZATION, *SCHEDULE_COLUMNS),
        key=("organization_id", "id"),
        comment="Working hours of users with a profile in the organisation.",
    ),
    children=schedule_children("", (ORGANIZATION,)),
    subject=SCHEDULE_SUBJECT,
    unread={
        "org_team_schedules.list": "rows of schedules",
        "org_team_user_schedules.list": "rows of schedules",
        "org_user_schedules.list": "rows of schedules; one request a person",
    },
)

ROLE_COLUMNS: tuple[Column, ...] = (
    text("id", nullable=False),
    text("name"),
    text("color"),
    text("description"),
    text("type", comment="SYSTEM or CUSTOM"),
    timestamp("created_at"),
    timestamp("updated_at"),
)

ROLES = Resource(
    name="roles",
    group="organization",
    read=Read("org_roles.list", unavailable_on=(403, 404)),
    table=Table(
        "roles",
        (ORGANIZATION, *ROLE_COLUMNS),
        key=("organization_id", "id"),
        comment="Roles of the organisation.",
    ),
    children=(
        Child(
            Table(
                "role_permissions",
                (
                    ORGANIZATION,
                    text("role_id", "^id", nullable=False, refers="roles.id"),
                    text("permission", ".", nullable=False, comment="resource.action"),
                ),
                key=("organization_id", "role_id", "permission"),
                comment="Permissions of the organisation's roles.",
                parent=Parent("roles", ("organization_id", "role_id")),
            ),
            items="permissions",
        ),
    ),
    ignored={"organizationId": "equals organization_id"},
    notes="Older installations do not have these routes and answer 404.",
    unread={"org_role_permissions.list": "rows of role_permissions; one request a role"},
)

WEBHOOK_COLUMNS: tuple[Column, ...] = (
    text("id", nullable=False),
    text("subscriber_url", data_class="sensitive", comment="may carry a token of the receiver"),
    boolean("active"),
    json("triggers"),
    text("payload_template"),
    text("secret", data_class="secret", comment="shown in clear by the API"),
)

WEBHOOKS = Resource(
    name="webhooks",
    group="organization",
    read=Read("org_webhooks.list", unavailable_on=(403,)),
    table=Table(
        "webhooks",
        (ORGANIZATION, *WEBHOOK_COLUMNS, integer("team_id", comment="the organisation's own id")),
        key=("organization_id", "id"),
        comment="Webhooks of the organisation.",
    ),
    ignored={"version": "format of the deliveries, not of the webhook"},
)

ROUTING_FORMS = Resource(
    name="routing_forms",
    group="organization",
    read=Read("org_routing_forms.list", unavailable_on=(403,)),
    table=Table(
        "routing_forms",
        (
            ORGANIZATION,
            text("id", nullable=False),
            integer("team_id", refers="teams.id"),
            integer("user_id", refers="users.id", comment="the author", dangling=LEFT),
            integer("updated_by_id", refers="users.id", comment="undocumented field", dangling=LEFT),
            text("name"),
            text("description"),
            integer("position"),
            boolean("disabled"),
            json("fields"),
            json("routes"),
            json("settings"),
            timestamp("created_at"),
            timestamp("updated_at"),
        ),
        key=("organization_id", "id"),
        comment="Routing forms of the organisation's teams.",
    ),
    subject=Subject(clear_user=("user_id", "updated_by_id")),
    notes="Forms of a single user are not listed by any operation.",
    unread={"org_team_routing_forms.list": "rows of routing_forms"},
)

ROUTING_FORM_RESPONSES = Resource(
    name="routing_form_responses",
    group="organization",
    read=Read(
        "org_routing_form_responses.list",
        over="routing_forms",
        arguments={"routingFormId": "id"},
        unavailable_on=(403,),
        windows=Windows(
            created="createdAt",
            created_after="afterCreatedAt",
            after="afterUpdatedAt",
            sort="sortUpdatedAt",
        ),
    ),
    table=Table(
        "routing_form_responses",
        (
            ORGANIZATION,
            integer("id", nullable=False),
            text(
                "form_id",
                "$routingFormId",
                refers="routing_forms.id",
                dangling="responses stay when their form is deleted",
            ),
            text("form_filler_id"),
            text(
                "routed_to_booking_uid",
                refers="bookings.uid",
                dangling="bookings may be read for a window of time only",
            ),
            json("response", data_class="sensitive", comment="answers by field id"),
            timestamp("created_at"),
        ),
        key=("organization_id", "id"),
        comment="What visitors answered in the routing forms.",
    ),
    ignored={"formId": "equals the form asked for"},
    notes="With both bounds of one time column only the upper one counts, so the lower one alone is sent.",
    unread={"org_team_routing_form_responses.list": "rows of routing_form_responses"},
)

RESOURCES: tuple[Resource, ...] = (SCHEDULES, ROLES, WEBHOOKS, ROUTING_FORMS, ROUTING_FORM_RESPONSES)
