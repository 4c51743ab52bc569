"""Columns that event types of teams and of single users share."""

from __future__ import annotations

from calcom_provider.resources.data_subjects import Subject
from calcom_provider.resources.model import (
    DELETED,
    NO_PROFILE,
    boolean,
    integer,
    json,
    number,
    text,
)
from calcom_provider.warehouse.schema import Column

EVENT_TYPE_COLUMNS: tuple[Column, ...] = (
    integer("id", nullable=False),
    text("title"),
    text("slug"),
    text("description"),
    integer("length_in_minutes"),
    json("length_in_minutes_options"),
    text("custom_name"),
    boolean("hidden"),
    integer("schedule_id", refers="schedules.id", dangling=DELETED),
    number("price", comment="in the smallest unit of the currency"),
    text("currency"),
    json("locations", data_class="sensitive", comment="may hold join links and phone numbers"),
    json("booking_fields"),
    json("recurrence"),
    boolean("disable_guests"),
    integer("slot_interval", comment="minutes"),
    integer("minimum_booking_notice", comment="minutes"),
    integer("before_event_buffer", comment="minutes"),
    integer("after_event_buffer", comment="minutes"),
    json("metadata"),
    boolean("lock_time_zone_toggle_on_booking_page"),
    boolean("forward_params_success_redirect"),
    text("success_redirect_url"),
    boolean("is_instant_event"),
    integer("seats_per_time_slot"),
    boolean("seats_show_availability_count"),
    json("seats"),
    json("booking_limits_count"),
    json("booking_limits_duration"),
    json("booker_active_bookings_limit"),
    boolean("only_show_first_available_slot"),
    integer("offset_start", comment="minutes"),
    json("booking_window"),
    json("booker_layouts"),
    json("confirmation_policy"),
    boolean("requires_booker_email_verification"),
    boolean("booking_requires_authentication"),
    boolean("hide_calendar_notes"),
    boolean("hide_calendar_event_details"),
    boolean("hide_organizer_email"),
    boolean("use_destination_calendar_email"),
    json("destination_calendar", data_class="personal"),
    json("cal_video_settings"),
    json("color"),
    json("disable_cancelling"),
    json("disable_rescheduling"),
    text("interface_language"),
    boolean("allow_rescheduling_past_bookings"),
    boolean("allow_rescheduling_cancelled_bookings"),
    boolean("show_optimized_slots"),
)

TEAM_EVENT_TYPE_COLUMNS: tuple[Column, ...] = (
    *EVENT_TYPE_COLUMNS,
    integer("team_id", refers="teams.id", comment="null for the copies that members get of a managed type"),
    integer("owner_id", refers="users.id", dangling=NO_PROFILE),
    integer("parent_event_type_id"),
    text("scheduling_type", comment="roundRobin, collective or managed"),
    boolean("assign_all_team_members"),
    boolean("reschedule_with_same_round_robin_host"),
    json("email_settings"),
)
EVENT_TYPE_OWNER_SUBJECT = Subject(user=("owner_id",))
TEAM_EVENT_TYPE_SUBJECT = Subject(clear_user=("owner_id",), clear_with=("destination_calendar",))
