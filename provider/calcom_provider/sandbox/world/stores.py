"""Name the tables of the groups beside the core: bookings, webhooks, routing forms and the like."""

from __future__ import annotations

from calcom_provider.sandbox.world.tables import Table
from calcom_provider.sandbox.world.world import World


def bookings(world: World) -> Table:
    """Return the table of bookings."""
    return world.table("bookings", indexes=("uid", "eventTypeId", "userId", "recurringBookingUid"))


def webhooks(world: World) -> Table:
    """Return the table of webhooks."""
    return world.table("webhooks", key="uuid", indexes=("userId", "teamId", "eventTypeId", "oAuthClientId"))


def private_links(world: World) -> Table:
    """Return the table of private links."""
    return world.table("private_links", indexes=("linkId", "eventTypeId"))


def reservations(world: World) -> Table:
    """Return the table of reserved slots."""
    return world.table("slot_reservations", indexes=("uid", "eventTypeId"))


def managed_organizations(world: World) -> Table:
    """Keep which organisation manages which; ``id`` is the managed one."""
    return world.table("managed_organizations", indexes=("managerId",))


def routing_forms(world: World) -> Table:
    """Return the table of routing forms."""
    return world.table("routing_forms", key="cuid", indexes=("teamId",))


def form_responses(world: World) -> Table:
    """Return the table of responses to forms."""
    return world.table("routing_form_responses", indexes=("formId",))


def workflows(world: World) -> Table:
    """Return the table of workflows."""
    return world.table("workflows", indexes=("teamId",))


def verified_emails(world: World) -> Table:
    """Return the table of verified addresses."""
    return world.table("verified_emails", indexes=("userId", "teamId"))


def verified_phones(world: World) -> Table:
    """Return the table of verified phone numbers."""
    return world.table("verified_phones", indexes=("userId", "teamId"))


def credentials(world: World) -> Table:
    """Keep the credentials of connected apps, of users and of teams."""
    return world.table("credentials", indexes=("userId", "teamId"))


def selected_calendars(world: World) -> Table:
    """Return the table of selected calendars."""
    return world.table("selected_calendars", indexes=("userId",))


def destination_calendars(world: World) -> Table:
    """Return the table of destination calendars."""
    return world.table("destination_calendars", indexes=("userId",))


def invites(world: World) -> Table:
    """Return the table of invitations to teams."""
    return world.table("team_invites", indexes=("teamId",))


def roles(world: World) -> Table:
    """Keep the roles of organisations and of teams."""
    return world.table("roles", key="cuid", indexes=("ownerId",))
