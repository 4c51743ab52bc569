"""The organisation's people and what describes them."""

from __future__ import annotations

from calcom_provider.resources.data_subjects import Subject
from calcom_provider.resources.model import (
    DELETED,
    LEFT,
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
from calcom_provider.warehouse.schema import Table

USERS = Resource(
    name="users",
    group="organization",
    read=Read("org_users.list"),
    table=Table(
        "users",
        (
            ORGANIZATION,
            integer("id", nullable=False),
            personal_text("username"),
            personal_text("name"),
            personal_text("email"),
            timestamp("email_verified"),
            personal_text("bio"),
            personal_text("avatar_url"),
            text("time_zone"),
            text("week_start"),
            text("app_theme"),
            text("theme"),
            integer("default_schedule_id", refers="schedules.id", dangling=DELETED),
            text("locale"),
            integer("time_format", comment="12 or 24"),
            boolean("hide_branding"),
            text("brand_color"),
            text("dark_brand_color"),
            boolean("allow_dynamic_booking"),
            timestamp("created_date"),
            boolean("verified"),
            integer(
                "invited_to",
                refers="teams.id",
                comment="not a user",
                dangling="it may name the organisation itself, or a team that is gone",
            ),
            json("metadata", data_class="personal", comment="own fields of the customer"),
            integer("profile_id", "profile.id"),
            personal_text("profile_username", "profile.username"),
        ),
        key=("organization_id", "id"),
        comment="Users with a profile in the organisation; members without one are only in memberships.",
    ),
    subject=Subject(user=("id",), email=("email",), directory=True),
    ignored={
        "profile.organizationId": "equals organization_id",
        "profile.userId": "equals id",
    },
    notes="A member added by user id has no profile and is not listed by this operation.",
)

MEMBERSHIPS = Resource(
    name="memberships",
    group="organization",
    read=Read("org_memberships.list"),
    table=Table(
        "memberships",
        (
            ORGANIZATION,
            integer("id", nullable=False),
            integer("user_id", refers="users.id", dangling=NO_PROFILE),
            integer("team_id", comment="the organisation's own id"),
            text("role", comment="MEMBER, ADMIN or OWNER"),
            boolean("accepted", comment="false while the invitation is pending"),
            boolean("disable_impersonation"),
            text(
                "custom_role_id",
                refers="roles.id",
                comment="undocumented field",
                dangling="the built-in roles, such as member_role, are not listed",
            ),
            timestamp("created_at", comment="undocumented field"),
            timestamp("updated_at", comment="undocumented field"),
            personal_text("user_username", "user.username"),
            personal_text("user_name", "user.name"),
            personal_text("user_email", "user.email"),
            personal_text("user_avatar_url", "user.avatarUrl"),
            personal_text("user_bio", "user.bio"),
            json("user_metadata", "user.metadata", data_class="personal"),
        ),
        key=("organization_id", "id"),
        comment="Memberships of the organisation, pending ones included, with what describes their user.",
        history=True,
    ),
    subject=Subject(user=("user_id",), email=("user_email",), directory=True),
    ignored={
        "attributes": "shows one value at most of all but multi-select types; see attribute_assignments"
    },
)

ATTRIBUTES = Resource(
    name="attributes",
    group="organization",
    read=Read("org_attributes.list"),
    table=Table(
        "attributes",
        (
            ORGANIZATION,
            text("id", nullable=False),
            integer("team_id", comment="the organisation's own id"),
            text("type", comment="TEXT, NUMBER, SINGLE_SELECT or MULTI_SELECT"),
            text("name"),
            text("slug"),
            boolean("enabled"),
            boolean("users_can_edit_relation"),
            boolean("is_weights_enabled", comment="undocumented field"),
            boolean("is_locked", comment="undocumented field"),
            timestamp("created_at", comment="undocumented field"),
            timestamp("updated_at", comment="undocumented field"),
        ),
        key=("organization_id", "id"),
        comment="Attributes that the organisation describes its members with.",
    ),
)

ATTRIBUTE_OPTIONS = Resource(
    name="attribute_options",
    group="organization",
    read=Read("org_attribute_options.list", over="attributes", arguments={"attributeId": "id"}),
    table=Table(
        "attribute_options",
        (
            ORGANIZATION,
            text("id", nullable=False),
            text("attribute_id", "$attributeId", refers="attributes.id"),
            text("value"),
            text("slug"),
            boolean("is_group", comment="undocumented field"),
            json(
                "contained_option_ids",
                "contains",
                comment="ids of the options in a group; undocumented field",
            ),
        ),
        key=("organization_id", "id"),
        comment="Options of the attributes; values of text and number attributes are options too.",
    ),
    ignored={"attributeId": "equals the attribute asked for"},
    notes="Neither value nor slug is unique; options that nobody holds any more stay.",
)

ATTRIBUTE_ASSIGNMENTS = Resource(
    name="attribute_assignments",
    group="organization",
    # One page names every person of the organisation who holds an option.
    read=Read(
        "org_attribute_options.list_assigned",
        over="attributes",
        arguments={"attributeId": "id"},
        heavy=True,
    ),
    table=None,
    children=(
        Child(
            Table(
                "attribute_assignments",
                (
                    ORGANIZATION,
                    text("attribute_id", "$attributeId", nullable=False, refers="attributes.id"),
                    text("option_id", "^id", nullable=False, refers="attribute_options.id"),
                    integer("user_id", ".", nullable=False, refers="memberships.user_id"),
                ),
                key=("organization_id", "attribute_id", "option_id", "user_id"),
                comment="Which member holds which option, one row for each.",
                history=True,
            ),
            items="assignedUserIds",
            numbers=True,
            subject=Subject(user=("user_id",)),
        ),
    ),
    ignored={
        "attributeId": "equals the attribute asked for",
        "value": "in attribute_options",
        "slug": "in attribute_options",
        "isGroup": "in attribute_options",
        "contains": "in attribute_options",
    },
    notes="Read by attribute, complete and with exact ids; ids, times and weights are not shown by the API.",
    unread={
        "org_attribute_assignments.list_history": "one request a person, newer than the contract",
        "org_attribute_options.list_assigned_by_slug": "rows of attribute_assignments",
        "org_attribute_options.list_for_user": "rows of attribute_assignments; one request a person",
    },
)

OOO_ENTRIES = Resource(
    name="ooo_entries",
    group="organization",
    read=Read("org_ooo.list"),
    table=Table(
        "ooo_entries",
        (
            ORGANIZATION,
            integer("id", nullable=False),
            text("uuid", comment="undocumented field"),
            integer("user_id", refers="users.id"),
            integer("to_user_id", refers="users.id", comment="the person who stands in", dangling=LEFT),
            timestamp("start_at", "start", comment="00:00:00.000 UTC of the first day"),
            timestamp("end_at", "end", comment="23:59:59.999 UTC of the last day"),
            text("reason", data_class="sensitive", comment="may tell of illness"),
            text("notes", data_class="sensitive", comment="free text"),
        ),
        key=("organization_id", "id"),
        comment="Out-of-office entries of users with a profile in the organisation.",
        history=True,
    ),
    subject=Subject(user=("user_id",), clear_user=("to_user_id",)),
    unread={
        "me_ooo.list": "rows of ooo_entries, for the asker alone",
        "org_user_ooo.list": "rows of ooo_entries; one request a person",
    },
)

RESOURCES: tuple[Resource, ...] = (
    USERS,
    MEMBERSHIPS,
    ATTRIBUTES,
    ATTRIBUTE_OPTIONS,
    ATTRIBUTE_ASSIGNMENTS,
    OOO_ENTRIES,
)
