"""Facts of the catalogue that came from observing the real API, held one by one."""

from __future__ import annotations

import pytest

from calcom_provider.api.catalogue.operations import catalogue, resolve

OPERATIONS = list(catalogue().values())


@pytest.mark.parametrize(
    ("name", "size", "maximum", "order"),
    [
        ("org_users.list", 1000, 1000, "number"),
        ("org_memberships.list", 250, 250, "number"),
        ("org_ooo.list", 250, 250, "number"),
        ("org_attributes.list", 250, 250, "uuid"),
        ("org_webhooks.list", 250, 250, "uuid"),
        ("org_routing_forms.list", 250, None, "cuid"),
        ("org_attribute_options.list_assigned", 5000, None, "uuid"),
        ("oauth_client_users.list", 250, 250, "number"),
        ("org_bookings.list", 250, 250, "time"),
    ],
)
def test_page_sizes(name: str, size: int, maximum: int | None, order: str) -> None:
    paging = resolve(name).paging
    assert paging is not None
    assert (paging.size, paging.maximum, paging.order) == (size, maximum, order)


def test_only_five_lists_carry_a_pagination_block() -> None:
    carrying = {o.name for o in OPERATIONS if o.paging and o.paging.pagination_block}
    assert carrying == {
        "bookings.list",
        "managed_organizations.list",
        "org_bookings.list",
        "org_team_bookings.list",
        "org_user_bookings.list",
        "team_bookings.list",
    }


@pytest.mark.parametrize(
    ("prefix", "version"),
    [
        ("/bookings", "2024-08-13"),
        ("/schedules", "2024-06-11"),
        ("/slots", "2024-09-04"),
        ("/organizations", None),
        ("/teams", None),
        ("/me", None),
        ("/webhooks", None),
        ("/verified-resources", None),
    ],
)
def test_version_header_follows_the_path(prefix: str, version: str | None) -> None:
    found = {o.version for o in OPERATIONS if o.path == prefix or o.path.startswith(f"{prefix}/")}
    assert found == {version}


def test_event_types_have_a_version_but_not_their_webhooks_and_links() -> None:
    for operation in OPERATIONS:
        if operation.path.startswith("/event-types"):
            old = "/webhooks" in operation.path or "/private-links" in operation.path
            assert operation.version == (None if old else "2024-06-14"), operation.name


@pytest.mark.parametrize(
    ("name", "retry"),
    [
        ("org_memberships.list", "read"),
        ("org_memberships.create", "repeatable"),
        ("org_team_memberships.create", "repeatable"),
        ("org_webhooks.create", "repeatable"),
        ("org_attributes.create", "repeatable"),
        ("org_user_ooo.delete", "repeatable"),
        ("org_user_ooo.create", "look_first"),
        ("event_type_webhooks.create", "look_first"),
        ("team_event_type_webhooks.create", "look_first"),
        ("org_attribute_options.create", "look_first"),
        ("org_attribute_options.assign", "look_first"),
        ("org_user_schedules.create", "look_first"),
        ("org_users.create", "look_first"),
        ("bookings.create", "look_first"),
        ("api_keys.refresh", "never"),
        ("oauth.refresh", "never"),
        ("org_delegation_credentials.create", "never"),
        ("calendars.save", "never"),
    ],
)
def test_retry_classes(name: str, retry: str) -> None:
    assert resolve(name).retry == retry


def test_what_destroys_asks_for_confirmation() -> None:
    always = {o.name for o in OPERATIONS if o.confirm and not o.confirm_when}
    assert always == {
        "api_keys.refresh",
        "managed_organizations.delete",
        "oauth_client_users.delete",
        "oauth_client_users.force_refresh",
        "oauth_clients.delete",
        "org_attribute_options.delete",
        "org_attributes.delete",
        "org_memberships.delete",
        "org_team_memberships.delete",
        "org_teams.delete",
        "org_users.delete",
        "team_memberships.delete",
        "teams.delete",
    }


@pytest.mark.parametrize(
    ("name", "harmless", "harmful"),
    [
        ("org_attributes.update", {"name": "Site"}, {"type": "TEXT"}),
        ("org_delegation_credentials.update", {"enabled": False}, {"serviceAccountKey": {}}),
    ],
)
def test_some_updates_ask_only_when_they_destroy(
    name: str, harmless: dict[str, object], harmful: dict[str, object]
) -> None:
    operation = resolve(name)
    assert not operation.asks_confirmation(harmless)
    assert operation.asks_confirmation(harmful)


@pytest.mark.parametrize(
    ("name", "paths"),
    [
        ("webhooks.list", ("secret",)),
        ("org_webhooks.update", ("secret",)),
        ("event_type_webhooks.create", ("secret",)),
        ("team_event_type_webhooks.get", ("secret",)),
        ("oauth_client_webhooks.delete", ("secret",)),
        ("oauth_clients.list", ("secret",)),
        ("oauth_clients.create", ("clientSecret",)),
        ("api_keys.refresh", ("apiKey",)),
        ("managed_organizations.create", ("apiKey",)),
        ("oauth_client_users.create", ("accessToken", "refreshToken")),
        ("event_type_private_links.list", ("linkId", "bookingUrl")),
        ("team_invites.create", ("token", "inviteLink")),
        ("stripe.get_auth_url", ("authUrl",)),
        ("conferencing.get_auth_url", ("url",)),
        ("org_memberships.list", ()),
        ("event_type_webhooks.delete_all", ()),
    ],
)
def test_secret_answer_fields(name: str, paths: tuple[str, ...]) -> None:
    assert resolve(name).secrets == paths


@pytest.mark.parametrize(
    ("name", "parameter", "style"),
    [
        ("org_users.list", "emails", "repeat"),
        ("org_users.list", "teamIds", "comma"),
        ("org_users.list", "assignedOptionIds", "comma"),
        ("org_bookings.list", "status", "comma"),
        ("org_bookings.list", "userIds", "comma"),
        ("calendars.list_busy_times", "calendarsToLoad", "indexed"),
    ],
)
def test_lists_in_the_query_are_written_as_the_api_takes_them(name: str, parameter: str, style: str) -> None:
    found = resolve(name).parameter(parameter)
    assert found is not None
    assert (found.type, found.array_style) == ("array", style)


def test_known_errors_of_the_contract_are_corrected() -> None:
    key = resolve("org_delegation_credentials.create").parameter("serviceAccountKey")
    assert key is not None
    assert (key.type, key.secret) == ("object", True)
    for operation in OPERATIONS:
        hook = operation.parameter("webhookId")
        assert hook is None or hook.type == "string"
    for name in ("weekday", "username", "name"):
        assert resolve("org_users.create").parameter(name) is None
        assert name in resolve("org_users.create").refused
    assert resolve("team_event_types.create_phone_call").parameter("orgId") is None
    assert resolve("org_teams.update").parameter("name").required  # type: ignore[union-attr]
    assert all(o.free_body == ("{routingFormId}" in o.path and o.method == "POST") for o in OPERATIONS)


def test_upserts_name_what_they_reset() -> None:
    assert {o.name: o.resets for o in OPERATIONS if o.upsert} == {
        "event_type_private_links.update": ("expiresAt", "maxUsageCount"),
        "org_memberships.create": ("role", "accepted"),
        "org_team_event_type_private_links.update": ("expiresAt", "maxUsageCount"),
        "org_users.update": ("locale",),
    }


def test_routes_with_a_limit_of_their_own() -> None:
    own = {o.name: o.throttle_limit for o in OPERATIONS if o.throttle}
    assert own["org_team_verified_emails.request_code"] == 3
    assert own["verified_emails.request_code"] == 5
    assert own["verified_emails.verify"] == 3
    assert own["verified_phones.request_code"] == own["team_verified_phones.request_code"] == 3
    assert own.pop("booking_guests.create") == 5
    assert all("_emails." in name or "_phones." in name for name in own)
