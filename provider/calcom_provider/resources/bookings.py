"""Bookings with their attendees, hosts and guests."""

from __future__ import annotations

from dataclasses import replace

from calcom_provider.resources.model import (
    ORGANIZATION,
    Child,
    Read,
    Resource,
    Windows,
    boolean,
    integer,
    json,
    personal_text,
    text,
    timestamp,
)
from calcom_provider.warehouse.schema import Column, Parent, Table

BOOKING_COLUMNS: tuple[Column, ...] = (
    integer("id", nullable=False),
    text("uid"),
    personal_text("title"),
    text("description", data_class="sensitive", comment="free text"),
    text("status", comment="accepted, pending, cancelled or rejected"),
    timestamp("start"),
    timestamp("end"),
    integer("duration", comment="minutes"),
    integer("event_type_id", comment="team_event_types.id or an event type of one user"),
    text("event_type_slug", "eventType.slug"),
    text("location", data_class="sensitive", comment="may be a join link or a phone number"),
    text("meeting_url", data_class="sensitive", comment="join link"),
    boolean("absent_host"),
    timestamp("created_at"),
    timestamp("updated_at", comment="null until the first change; not moved by changes of attendees"),
    json("metadata", data_class="personal"),
    integer("rating"),
    text("ics_uid"),
    text("cancellation_reason", data_class="sensitive", comment="free text"),
    personal_text("cancelled_by_email"),
    text("rescheduling_reason", data_class="sensitive", comment="free text"),
    personal_text("rescheduled_by_email"),
    text("rescheduled_from_uid"),
    text("rescheduled_to_uid"),
    text("recurring_booking_uid", comment="common to the bookings of a series"),
    json("booking_fields_responses", data_class="sensitive", comment="answers of the booker"),
)


def booking_children(prefix: str, scope: tuple[Column, ...]) -> tuple[Child, ...]:
    """Return the attendee, host and guest tables of a bookings table.

    :param prefix: what the table names begin with, empty or ``account_``
    :param scope: first key columns
    """
    names = tuple(column.name for column in scope)
    owner = integer("booking_id", "^id", nullable=False, comment=f"{prefix}bookings.id")
    place = integer("position", "#", nullable=False, comment="place in the booking's list, from 0")
    key = (*names, "booking_id", "position")
    parent = Parent(f"{prefix}bookings", (*names, "booking_id"))

    def child(name: str, items: str, comment: str, *columns: Column) -> Child:
        made = Table(
            f"{prefix}{name}", (*scope, owner, place, *columns), key=key, comment=comment, parent=parent
        )
        return Child(made, items=items)

    return (
        child(
            "booking_attendees",
            "attendees",
            "Attendees of the bookings.",
            personal_text("name"),
            personal_text("email"),
            personal_text("display_email"),
            text("time_zone"),
            text("language"),
            boolean("absent"),
            text("phone_number", data_class="sensitive"),
            text("seat_uid", data_class="sensitive", comment="lets its holder change the seat"),
            json("booking_fields_responses", data_class="sensitive", comment="answers of the attendee"),
            json("metadata", data_class="personal"),
        ),
        child(
            "booking_hosts",
            "hosts",
            "Hosts of the bookings.",
            integer("user_id", "id", comment="users.id; null where the host no longer exists"),
            personal_text("name"),
            personal_text("email"),
            personal_text("display_email"),
            personal_text("username"),
            text("time_zone"),
        ),
        child(
            "booking_guests",
            "guests",
            "Addresses that bookers added as guests.",
            text("email", ".", data_class="personal"),
        ),
    )


BOOKING_WINDOWS = Windows(
    updated="updatedAt",
    created="createdAt",
    after="afterUpdatedAt",
    created_after="afterCreatedAt",
    sort="sortUpdatedAt",
    start="start",
    end="end",
    start_after="afterStart",
    end_before="beforeEnd",
    reread_days=14,
    tie_breakers=("eventTypeId", "userIds"),
)

BOOKINGS = Resource(
    name="bookings",
    group="bookings",
    read=Read("org_bookings.list", windows=BOOKING_WINDOWS),
    table=Table(
        "bookings",
        (ORGANIZATION, *BOOKING_COLUMNS),
        key=("organization_id", "id"),
        comment="Bookings that members of the organisation host or attend.",
    ),
    children=booking_children("", (ORGANIZATION,)),
    ignored={"eventType.id": "equals eventTypeId"},
    notes="Incremental by the time of the last change; see the page on bookings for what that cannot see.",
)

ACCOUNT_WINDOWS = replace(BOOKING_WINDOWS, tie_breakers=("eventTypeId",))

RESOURCES: tuple[Resource, ...] = (BOOKINGS,)
