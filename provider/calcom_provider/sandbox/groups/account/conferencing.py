"""Serve conferencing apps and Stripe, of the caller and of teams.

The providers are not imitated: a consent page's address is made, and a code that comes back connects the app
without asking anybody.
"""

from __future__ import annotations

from typing import Any

from calcom_provider.sandbox.core import app_redirects
from calcom_provider.sandbox.core.context import Context, Reply
from calcom_provider.sandbox.core.errors import ApiError, bad_request, not_found
from calcom_provider.sandbox.core.routing import handles
from calcom_provider.sandbox.world.stores import credentials
from calcom_provider.sandbox.world.tables import Row
from calcom_provider.sandbox.world.world import World

KINDS = {"google-meet": "google_video", "zoom": "zoom_video", "msteams": "office365_video"}
_CONSENT = {
    "zoom": "https://zoom.us/oauth/authorize",
    "msteams": "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
}
_STRIPE = "https://connect.stripe.com/oauth/authorize"


def add_credential(
    world: World, kind: str, app: str, user_id: int | None = None, team_id: int | None = None, **fields: Any
) -> Row:
    """Connect an app.

    :param kind: such as ``google_calendar``.
    :param app: slug of the app.
    :param fields: ``reachable`` whether the provider answers, ``calendars`` of a calendar app.
    """
    row = {
        "type": kind,
        "userId": user_id,
        "teamId": team_id,
        "appId": app,
        "invalid": False,
        "reachable": True,
        "calendars": [],
        **fields,
    }
    return credentials(world).insert(row)


def app_view(row: Row) -> dict[str, Any]:
    """Show a connected app as the API does."""
    names = ("id", "type", "userId", "teamId", "appId")
    return {
        **{name: row[name] for name in names},
        "subscriptionId": None,
        "paymentStatus": None,
        "billingCycleStart": None,
        "invalid": row["invalid"],
        "delegationCredentialId": None,
    }


def _owner(context: Context) -> tuple[str, int]:
    if "teamId" in context.values:
        return "teamId", int(context.team["id"])
    return "userId", int(context.caller.user["id"])


def _held(context: Context, kind: str) -> Row | None:
    rows = credentials(context.world).by(*_owner(context))
    return next((row for row in rows if row["type"] == kind), None)


def _not_one_of(text: str, apps: str) -> ApiError:
    # The names are in the details, where the kind of error should be
    details = {"message": text, "error": apps, "statusCode": 400}
    return ApiError(400, text, "BadRequestException", details)


def _kind(context: Context) -> str:
    app = context.values["app"]
    if app not in KINDS and app != "daily-video":
        raise _not_one_of("Invalid app, available apps are: ", ", ".join(KINDS))
    return KINDS.get(app, "daily_video")


def _list(context: Context) -> list[dict[str, Any]]:
    rows = credentials(context.world).ordered(*_owner(context))
    return [app_view(row) for row in rows if row["type"].endswith("_video")]


def _connect(context: Context) -> dict[str, Any]:
    if context.values["app"] != "google-meet":
        raise bad_request("Invalid conferencing app. Available apps: GOOGLE_MEET.")
    name, owner = _owner(context)
    if _held(context, "google_calendar") is None:
        raise bad_request("Google Meet requires a Google Calendar connection.")
    if _held(context, "google_video"):
        raise bad_request(f"Google Meet is already connected for this {name.removesuffix('Id')}.")
    numbers = {"user_id": owner} if name == "userId" else {"team_id": owner}
    view = app_view(add_credential(context.world, "google_video", "google-meet", **numbers))
    return {**view, "key": {}}


def _defaults(context: Context) -> Any:
    return context.world.table("default_apps", key="uuid")


def _get_default(context: Context) -> Reply:
    row = _defaults(context).get(_owner(context))
    # Without one there is no data at all
    return Reply({"status": "success", "data": {"appSlug": row["app"]}} if row else {"status": "success"})


def _set_default(context: Context) -> Reply:
    kind, app = _kind(context), context.values["app"]
    if app != "daily-video" and _held(context, kind) is None:
        raise bad_request(f"{app} not connected.")
    table, owner = _defaults(context), _owner(context)
    if owner in table:
        table.update(table.get(owner), app=app)
    else:
        table.insert({"id": owner, "app": app})
    return Reply({"status": "success"})


def _disconnect(context: Context) -> Reply:
    kind, app = _kind(context), context.values["app"]
    row = _held(context, kind)
    if row is None:
        raise bad_request(f"{app} not connected.")
    credentials(context.world).delete(row)
    table, owner = _defaults(context), _owner(context)
    held = table.get(owner)
    if held and held["app"] == app:
        table.delete(held)
    return Reply({"status": "success"})


def _auth_url(context: Context) -> dict[str, Any]:
    app = context.values["app"]
    if app not in _CONSENT:
        raise _not_one_of("Invalid conferencing app, available apps are: ", ", ".join(_CONSENT))
    back = {name: value for name in ("returnTo", "onErrorReturnTo") if (value := context.text(name))}
    page = {
        "response_type": "code",
        "client_id": "sandbox",
        "redirect_uri": f"http://127.0.0.1/v2/conferencing/{app}/oauth/callback",
        "state": app_redirects.state(context, **back),
    }
    return {"url": app_redirects.address(_CONSENT[app], page)}


def _callback(context: Context) -> Reply:
    held = app_redirects.read_state(context)
    if context.text("error"):
        return app_redirects.redirect(held.get("onErrorReturnTo"))
    app, world = context.values["app"], context.world
    if "teamId" in context.values:
        key = world.api_keys.first("key", held.get("accessToken"))
        if key is None:
            return app_redirects.redirect(held.get("onErrorReturnTo"))
        add_credential(world, KINDS.get(app, app), app, team_id=int(context.values["teamId"]))
    else:
        add_credential(world, KINDS.get(app, app), app, user_id=app_redirects.user_of(context, held)["id"])
    return app_redirects.redirect(held.get("returnTo"))


# -- Stripe ----------------


def _stripe_url(context: Context) -> dict[str, Any]:
    user = context.caller.user
    back = {
        name: value
        for name in ("returnTo", "onErrorReturnTo", "redir", "errorRedir")
        if (value := context.text(name))
    }
    page = {
        "client_id": "ca_sandbox",
        "scope": "read_write",
        "response_type": "code",
        "stripe_user[email]": user["email"],
        "redirect_uri": "http://127.0.0.1/v2/stripe/save",
        "state": app_redirects.state(context, **back),
    }
    return {"authUrl": app_redirects.address(_STRIPE, page)}


def _stripe_check(context: Context) -> Reply:
    if _held(context, "stripe_payment") is None:
        raise not_found("Credentials for stripe not found.")
    return Reply({"status": "success"})


def _stripe_save(context: Context) -> Reply:
    held = app_redirects.read_state(context)
    key = context.world.api_keys.first("key", held.get("accessToken"))
    if context.text("error") or key is None:
        return app_redirects.redirect(held.get("onErrorReturnTo"))
    team_id = int(held["teamId"]) if held.get("teamId") else None
    user_id = None if team_id else key["userId"]
    add_credential(context.world, "stripe_payment", "stripe", user_id, team_id)
    return app_redirects.redirect(held.get("returnTo"))


_TEAM = {"role": "TEAM_ADMIN", "plan": "ESSENTIALS"}
for _prefix, _options in (("", {}), ("org_team_", _TEAM)):
    for _verb, _function in (
        ("list", _list),
        ("connect", _connect),
        ("get_default", _get_default),
        ("set_default", _set_default),
        ("disconnect", _disconnect),
        ("get_auth_url", _auth_url),
    ):
        handles(f"{_prefix}conferencing.{_verb}", **_options)(_function)
    handles(f"{_prefix}stripe.get_auth_url", **_options)(_stripe_url)
    handles(f"{_prefix}stripe.check", **_options)(_stripe_check)
handles("conferencing.save", auth="none")(_callback)
handles("org_team_conferencing.save", **_TEAM)(_callback)
handles("stripe.save", auth="none")(_stripe_save)
handles("org_team_stripe.save", **_TEAM)(_stripe_save)
