"""Bookings with their attendees, hosts and guests."""

from __future__ import annotations

from dataclasses import replace

from calcom_provider.resources.data_subjects import Subject
from calcom_provider.resources.declarations.event_types import EVENT_TYPE_COLUMNS, EVENT_TYPE_OWNER_SUBJECT
from calcom_provider.resources.model import (
    LEFT,
    NO_PROFILE,
    ORGANIZATION,
    Child,
    Lookup,
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

_PER_BOOKING = "one request a booking"
OF_ONE_USER = "event types of single users are in user_event_types, or in no table; dim_event_type has all"

BOOKING_COLUMNS: tuple[Column, ...] = (
    integer("id", nullable=False),
    text("uid"),
    personal_text("title"),
    text("description", data_class="sensitive", comment="free text"),
    text("status", comment="accepted, pending, cancelled or rejected"),
    timestamp("start_at", "start"),
    timestamp("end_at", "end"),
    integer("duration", comment="minutes"),
    integer("event_type_id", refers="team_event_types.id", dangling=OF_ONE_USER),
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

BOOKING_SUBJECT = Subject(
    clear_email=("cancelled_by_email", "rescheduled_by_email"),
    clear_shared=(
        "title",
        "description",
        "location",
        "meeting_url",
        "metadata",
        "cancellation_reason",
        "rescheduling_reason",
        "booking_fields_responses",
    ),
)


def booking_children(prefix: str, scope: tuple[Column, ...]) -> tuple[Child, ...]:
    """Return the attendee, host and guest tables of a bookings table.

    :param prefix: what the table names begin with, empty or ``account_``.
    :param scope: first key columns.
    """
    names = tuple(column.name for column in scope)
    owner = integer("booking_id", "^id", nullable=False, refers=f"{prefix}bookings.id")
    place = integer("position", "#", nullable=False, comment="place in the booking's list, from 0")
    key = (*names, "booking_id", "position")
    parent = Parent(f"{prefix}bookings", (*names, "booking_id"))

    def child(name: str, items: str, comment: str, subject: Subject, *columns: Column) -> Child:
        made = Table(
            f"{prefix}{name}", (*scope, owner, place, *columns), key=key, comment=comment, parent=parent
        )
        return Child(made, items=items, subject=subject)

    return (
        child(
            "booking_attendees",
            "attendees",
            "Attendees of the bookings.",
            Subject(email=("email", "display_email")),
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
            Subject(user=("user_id",), email=("email",)),
            integer(
                "user_id",
                "id",
                refers="users.id",
                comment="null where the host no longer exists",
                dangling=LEFT,
            ),
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
            Subject(email=("email",)),
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
    subject=BOOKING_SUBJECT,
    ignored={"eventType.id": "equals eventTypeId"},
    notes="Incremental by the time of the last change; see the page on bookings for what that cannot see.",
    unread={
        "booking_attendees.list": f"{_PER_BOOKING}; bookings carry their attendees",
        "bookings.list_calendar_links": f"{_PER_BOOKING}; links made for the asker, no data of their own",
        "bookings.list_conferencing_sessions": f"{_PER_BOOKING}; rooms of Cal Video, gone after some days",
        "bookings.list_recordings": f"{_PER_BOOKING}; download links that expire",
        "bookings.list_references": f"{_PER_BOOKING}; ids in foreign calendars, shown for own bookings only",
        "bookings.list_transcripts": f"{_PER_BOOKING}; links that expire within an hour",
        "org_team_bookings.list": "rows of bookings; a team without event types answers all of them",
        "org_team_bookings.list_references": f"{_PER_BOOKING}; ids in foreign calendars",
        "org_user_bookings.list": "rows of bookings: what one person may see",
    },
)

USER_EVENT_TYPES = Resource(
    name="user_event_types",
    group="bookings",
    read=Read(
        "event_types.list",
        over="bookings",
        arguments={"username": "username"},
        empty_on=(404,),
        refused_on=(403,),
        lookup=Lookup("eventTypeId", "hosts", ("team_event_types", "user_event_types")),
    ),
    table=Table(
        "user_event_types",
        (ORGANIZATION, *EVENT_TYPE_COLUMNS, integer("owner_id", refers="users.id", dangling=NO_PROFILE)),
        key=("organization_id", "id"),
        comment="Event types of single users that bookings name; one that is gone keeps its row and its last title.",
    ),
    subject=EVENT_TYPE_OWNER_SUBJECT,
    ignored={"users": "the owner", "bookingUrl": "made of the owner's name and slug"},
    named_only="one request for each host with a booking of an event type that no table holds",
    notes="Loads bookings and team_event_types too. Hidden ones are not listed. No row is ever deleted: an event "
    "type that is gone keeps the title that it had last.",
)

ACCOUNT_WINDOWS = replace(BOOKING_WINDOWS, tie_breakers=("eventTypeId",))

RESOURCES: tuple[Resource, ...] = (BOOKINGS, USER_EVENT_TYPES)
