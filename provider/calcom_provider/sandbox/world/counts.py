"""Count what a complete read of the groups beside people and teams would see, by the name of the resource."""

from __future__ import annotations

from calcom_provider.sandbox.world import stores
from calcom_provider.sandbox.world.bookings import of_organization
from calcom_provider.sandbox.world.world import World


def counts(world: World, organization_id: int) -> dict[str, int]:
    """Count the rows of an organisation.

    :param organization_id: the organisation; what it manages as a platform is counted too.
    """
    members = {row["userId"] for row in world.profiles.by("organizationId", organization_id)}
    teams = [row["id"] for row in world.teams.by("parentId", organization_id)]
    schedules = [row for row in world.schedules if row["userId"] in members]
    seen = of_organization(world, organization_id)
    booked = [row for row in stores.bookings(world) if seen(row)]
    types = [row for team in teams for row in world.event_types.by("teamId", team)]
    forms = [row for team in teams for row in stores.routing_forms(world).by("teamId", team)]
    flows = [row for team in teams for row in stores.workflows(world).by("teamId", team)]
    apps = [row for team in teams for row in stores.credentials(world).by("teamId", team)]
    roles = stores.roles(world).by("ownerId", organization_id)
    team_roles = [row for team in teams for row in stores.roles(world).by("ownerId", team)]
    clients = world.oauth_clients.by("organizationId", organization_id)
    return {
        "schedules": len(schedules),
        "schedule_availability": sum(len(row["availability"]) for row in schedules),
        "schedule_overrides": sum(len(row["overrides"]) for row in schedules),
        "bookings": len(booked),
        "booking_attendees": sum(len(row["attendees"]) for row in booked),
        "booking_hosts": len(booked),
        "booking_guests": sum(len(row["guests"] or ()) for row in booked),
        "team_event_types": len(types),
        "team_event_type_hosts": sum(len(row["hosts"]) for row in types),
        "roles": len(roles),
        "role_permissions": sum(len(row["permissions"]) for row in roles),
        "team_roles": len(team_roles),
        "team_role_permissions": sum(len(row["permissions"]) for row in team_roles),
        "routing_forms": len(forms),
        "routing_form_responses": sum(
            len(stores.form_responses(world).by("formId", row["id"])) for row in forms
        ),
        "webhooks": len(stores.webhooks(world).by("teamId", organization_id)),
        "team_workflows": sum(row["kind"] == "event-type" for row in flows),
        "team_workflow_steps": sum(len(row["steps"]) for row in flows if row["kind"] == "event-type"),
        "team_form_workflows": sum(row["kind"] == "routing-form" for row in flows),
        "team_form_workflow_steps": sum(len(row["steps"]) for row in flows if row["kind"] == "routing-form"),
        "team_verified_emails": sum(len(stores.verified_emails(world).by("teamId", team)) for team in teams),
        "team_verified_phones": sum(len(stores.verified_phones(world).by("teamId", team)) for team in teams),
        "team_conferencing_apps": sum(row["type"].endswith("_video") for row in apps),
        "team_event_type_private_links": sum(
            len(stores.private_links(world).by("eventTypeId", row["id"])) for row in types
        ),
        "oauth_clients": len(clients),
        "managed_users": sum(user["clientId"] in {row["id"] for row in clients} for user in world.users),
        "oauth_client_webhooks": sum(
            len(stores.webhooks(world).by("oAuthClientId", row["id"])) for row in clients
        ),
        "managed_organizations": len(stores.managed_organizations(world).by("managerId", organization_id)),
    }
