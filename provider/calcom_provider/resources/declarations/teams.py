"""The organisation's teams and what belongs to them."""

from __future__ import annotations

from calcom_provider.resources.data_subjects import Subject
from calcom_provider.resources.model import (
    ORGANIZATION,
    Read,
    Resource,
    boolean,
    integer,
    json,
    personal_text,
    text,
)
from calcom_provider.warehouse.schema import Column, Table

TEAM_COLUMNS: tuple[Column, ...] = (
    integer("id", nullable=False),
    integer("parent_id", comment="the organisation's id, null for a team of its own"),
    text("name"),
    text("slug"),
    text("logo_url"),
    text("cal_video_logo"),
    text("app_logo"),
    text("app_icon_logo"),
    text("bio"),
    boolean("hide_branding"),
    boolean("is_organization"),
    boolean("is_private"),
    boolean("hide_book_a_team_member"),
    json("metadata"),
    text("theme"),
    text("brand_color"),
    text("dark_brand_color"),
    text("banner_url"),
    integer("time_format"),
    text("time_zone"),
    text("week_start"),
)

TEAM_MEMBERSHIP_COLUMNS: tuple[Column, ...] = (
    integer("id", nullable=False),
    integer("team_id", "$teamId", refers="teams.id"),
    integer("user_id", refers="memberships.user_id"),
    text("role", comment="MEMBER, ADMIN or OWNER"),
    boolean("accepted"),
    boolean("disable_impersonation"),
    personal_text("user_username", "user.username"),
    personal_text("user_name", "user.name"),
    personal_text("user_email", "user.email"),
    personal_text("user_avatar_url", "user.avatarUrl"),
    personal_text("user_bio", "user.bio"),
    json("user_metadata", "user.metadata", data_class="personal"),
)
TEAM_MEMBERSHIP_SUBJECT = Subject(user=("user_id",), email=("user_email",))

TEAMS = Resource(
    name="teams",
    group="teams",
    read=Read("org_teams.list"),
    table=Table(
        "teams",
        (ORGANIZATION, *TEAM_COLUMNS),
        key=("organization_id", "id"),
        comment="Teams of the organisation.",
    ),
    unread={"org_teams.list_mine": "rows of teams, with the asker's own role"},
)

TEAM_MEMBERSHIPS = Resource(
    name="team_memberships",
    group="teams",
    read=Read("org_team_memberships.list", over="teams", arguments={"teamId": "id"}),
    table=Table(
        "team_memberships",
        (ORGANIZATION, *TEAM_MEMBERSHIP_COLUMNS),
        key=("organization_id", "id"),
        comment="Memberships of the organisation's teams, pending ones included.",
    ),
    subject=TEAM_MEMBERSHIP_SUBJECT,
    ignored={"teamId": "equals the team asked for"},
)

RESOURCES: tuple[Resource, ...] = (TEAMS, TEAM_MEMBERSHIPS)
