"""Lists of the API that become no table, each with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_PER_BOOKING = "one request a booking"


#: Short name of the list operation -> why it is no resource.
EXCLUDED: Mapping[str, str] = MappingProxyType(
    {
        "booking_attendees.list": f"{_PER_BOOKING}; bookings carry their attendees",
        "bookings.list_calendar_links": f"{_PER_BOOKING}; links made for the asker, no data of their own",
        "bookings.list_conferencing_sessions": f"{_PER_BOOKING}; rooms of Cal Video, gone after some days",
        "bookings.list_recordings": f"{_PER_BOOKING}; download links that expire",
        "bookings.list_references": f"{_PER_BOOKING}; ids in foreign calendars, shown for own bookings only",
        "bookings.list_transcripts": f"{_PER_BOOKING}; links that expire within an hour",
        "calendars.list_busy_times": "asked for a window and calendars, not a list of things",
        "event_type_private_links.list": "links that let anybody book; one request an event type",
        "event_types.list_crm_sync_errors": "undocumented; one request an event type",
        "event_types.list_history": "undocumented; one request an event type",
        "me_ooo.list": "rows of ooo_entries, for the asker alone",
        "org_attribute_assignments.list_history": "one request a person, newer than the contract",
        "org_attribute_options.list_assigned_by_slug": "rows of attribute_assignments",
        "org_attribute_options.list_for_user": "rows of attribute_assignments; one request a person",
        "org_role_permissions.list": "rows of role_permissions; one request a role",
        "org_team_bookings.list": "rows of bookings; a team without event types answers all of them",
        "org_team_bookings.list_references": f"{_PER_BOOKING}; ids in foreign calendars",
        "org_team_role_permissions.list": "rows of team_role_permissions; one request a role",
        "org_team_routing_form_responses.list": "rows of routing_form_responses",
        "org_team_routing_forms.list": "rows of routing_forms",
        "org_team_schedules.list": "rows of schedules",
        "org_team_user_schedules.list": "rows of schedules",
        "org_teams.list_mine": "rows of teams, with the asker's own role",
        "org_user_bookings.list": "rows of bookings: what one person may see",
        "org_user_ooo.list": "rows of ooo_entries; one request a person",
        "org_user_schedules.list": "rows of schedules; one request a person",
        "team_bookings.list": "rows of account_bookings; newer than some installations",
        "team_schedules.list": "schedules of other people, readable by themselves or their organisation",
        "team_verified_emails.list": "rows of account_verified_emails, where the account added them",
        "team_verified_phones.list": "rows of account_verified_phones, where the account added them",
        "timezones.list": "a list of cities, the same for everybody",
    }
)
