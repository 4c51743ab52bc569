"""Tell what lies between the recordings of the second run, and which of them are not counted and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from calcom_provider.sandbox.groups.account.conferencing import add_credential
from calcom_provider.sandbox.world.stores import credentials
from tests.contract.replay_groups_player import Player, Step
from tests.contract.replay_groups_world import RecordedWorld

BOOKINGS, EVENT_TYPES, SCHEDULES, SLOTS = "2024-08-13", "2024-06-14", "2024-06-11", "2024-09-04"
OWNER, TEAMS = "ADMIN_HIGH_LIMIT", "/v2/organizations/1/teams"
PORTAL, FULL = "cmwot5nmp0004si7dd6jm6mep", "cmwot5niw0003si7dbkj6zl9m"
USERS = f"/v2/oauth-clients/{PORTAL}/users"
GRETA = {"name": "Greta Guest", "email": "greta@client.test", "timeZone": "Europe/Berlin", "language": "en"}
HOOK = {
    "subscriberUrl": "https://hooks.example.test/2",
    "active": False,
    "secret": "demo-webhook-secret",
    "triggers": ["BOOKING_CREATED", "BOOKING_CANCELLED", "OOO_CREATED"],
    "payloadTemplate": '{"type":"{{type}}"}',
}

STEPS = [
    # teams
    Step("2-0126", OWNER, "DELETE", f"{TEAMS}/11"),
    Step("2-0132", OWNER, "DELETE", f"{TEAMS}/13"),
    Step(
        "2-0132",
        OWNER,
        "POST",
        TEAMS,
        {
            "name": "Full",
            "slug": "full",
            "logoUrl": "https://img.example.test/l.png",
            "bio": "b",
            "theme": "dark",
            "metadata": {"hrisId": "T-1"},
            "brandColor": "#112233",
            "darkBrandColor": "#445566",
            "bannerUrl": "https://img.example.test/b.png",
            "autoAcceptCreator": False,
        },
        learn=("team", 14),
    ),
    Step("2-0161", OWNER, "DELETE", f"{TEAMS}/14"),
    # schedules
    Step(
        "2-0225",
        "MEMBER2",
        "POST",
        "/v2/schedules",
        {
            "name": "Own",
            "timeZone": "Asia/Tokyo",
            "isDefault": True,
            "overrides": [{"date": "2027-01-02", "startTime": "10:00", "endTime": "11:00"}],
        },
        version=SCHEDULES,
        learn=("schedule", 309),
    ),
    # webhooks
    Step(
        "2-0313",
        "MEMBER",
        "POST",
        "/v2/event-types/2/webhooks",
        HOOK,
        learn="8ca96748-259f-4098-8805-86fe7ab265ec",
    ),
    Step(
        "2-0671",
        "PLATFORM_OWNER",
        "POST",
        f"/v2/oauth-clients/{PORTAL}/webhooks",
        {"subscriberUrl": "https://hooks.example.test/1", "triggers": ["BOOKING_CREATED"], "active": True},
        learn="6beb9fab-b669-4755-8153-aeb2c7e5e5c8",
    ),
    # event types and their links
    Step(
        "2-0364",
        "MEMBER",
        "POST",
        "/v2/event-types",
        {"lengthInMinutes": 30, "title": "Minimal", "slug": "minimal"},
        version=EVENT_TYPES,
        learn=("event_type", 10),
    ),
    Step(
        "2-0378",
        "MEMBER",
        "PATCH",
        "/v2/event-types/10",
        {"lengthInMinutes": 45, "title": "Minimal 2", "hidden": True},
        version=EVENT_TYPES,
    ),
    Step(
        "2-0399",
        "MEMBER",
        "PATCH",
        "/v2/event-types/2/private-links/uEy8bUYbgMpqKymQb47e9T",
        {"maxUsageCount": 7},
    ),
    Step(
        "2-0420",
        OWNER,
        "POST",
        f"{TEAMS}/4/event-types",
        {
            "lengthInMinutes": 30,
            "title": "Coll",
            "slug": "coll",
            "schedulingType": "collective",
            "hosts": [{"userId": 3}, {"userId": 4}],
        },
        learn=("event_type", 13),
    ),
    Step(
        "2-0422",
        OWNER,
        "POST",
        f"{TEAMS}/4/event-types",
        {
            "lengthInMinutes": 30,
            "title": "Managed",
            "slug": "mgd",
            "schedulingType": "managed",
            "hosts": [{"userId": 3}, {"userId": 4}],
        },
    ),
    Step(
        "2-0443",
        OWNER,
        "POST",
        f"{TEAMS}/4/event-types/13/private-links",
        {"maxUsageCount": 2},
        learn="k1GJ2V4GocUYMrWftSCir7",
        take="linkId",
    ),
    # a team of somebody without organisation
    Step("2-0476", "LONER", "POST", "/v2/teams", {"name": "Freelancers"}, learn=("team", 19)),
    Step(
        "2-0476", "LONER", "POST", "/v2/teams", {"name": "Freelancers 2", "slug": "free2"}, learn=("team", 21)
    ),
    Step("2-0477", "LONER", "DELETE", "/v2/teams/21"),
    Step("2-0483", "LONER", "POST", "/v2/teams", {"name": "Freelancers 4", "slug": "free2"}),
    Step("2-0494", "LONER", "POST", "/v2/teams/19/memberships", {"userId": 13}),
    Step("2-0504", "LONER", "DELETE", "/v2/teams/19/memberships/383"),
    Step(
        "2-0510",
        "LONER",
        "POST",
        "/v2/teams/19/event-types",
        {
            "lengthInMinutes": 20,
            "title": "TE",
            "slug": "te",
            "schedulingType": "collective",
            "hosts": [{"userId": 306}],
        },
        learn=("event_type", 20),
    ),
    Step("2-0522", "LONER", "DELETE", "/v2/teams/19/event-types/20"),
    # OAuth clients and managed users
    Step(
        "2-0541",
        "PLATFORM_OWNER",
        "POST",
        "/v2/oauth-clients",
        {"name": "NoPerm", "redirectUris": ["http://localhost:4321"], "permissions": []},
        learn="cmwot55ne0000si7d336djmsd",
        take="clientId",
    ),
    Step(
        "2-0547",
        "PLATFORM_OWNER",
        "POST",
        "/v2/oauth-clients",
        {
            "name": "Full client",
            "redirectUris": ["http://localhost:4321", "http://localhost:4322"],
            "permissions": ["EVENT_TYPE_READ", "BOOKING_READ", "SCHEDULE_READ"],
            "logo": "https://img.example.test/l.png",
            "bookingRedirectUri": "http://localhost:4321/b",
            "bookingCancelRedirectUri": "http://localhost:4321/c",
            "bookingRescheduleRedirectUri": "http://localhost:4321/r",
            "areEmailsEnabled": True,
            "areCalendarEventsEnabled": False,
        },
        learn=FULL,
        take="clientId",
    ),
    Step(
        "2-0547",
        "PLATFORM_OWNER",
        "POST",
        "/v2/oauth-clients",
        {"name": "HRIS portal 2", "redirectUris": ["http://localhost:4321"], "permissions": ["*"]},
        learn=PORTAL,
        take="clientId",
    ),
    Step(
        "2-0581",
        "client secret",
        "POST",
        USERS,
        {"email": "bob@staff.test", "name": "Bob Staff"},
        learn=("user", 313),
        take="user.id",
    ),
    Step(
        "2-0611",
        "client secret",
        "PATCH",
        f"{USERS}/313",
        {
            "name": "Bob S.",
            "bio": "x",
            "timeFormat": 24,
            "weekStart": "Monday",
            "timeZone": "Europe/Berlin",
            "locale": "fr",
            "metadata": {"employeeNo": "E-2"},
        },
    ),
    # bookings and slots
    Step(
        "2-0972",
        None,
        "POST",
        "/v2/slots/reservations",
        {"eventTypeId": 1, "slotStart": "2027-06-07T09:00:00Z"},
        version=SLOTS,
        learn="6cfa44da-c3bd-4821-8de2-ba4ca619ae0d",
        take="reservationUid",
    ),
    Step(
        "2-1021",
        None,
        "POST",
        "/v2/bookings",
        {"start": "2027-06-18T09:00:00Z", "eventTypeId": 5, "attendee": GRETA},
        version=BOOKINGS,
        learn="ab697683-4e11-4a8c-b10d-d063ef516c75",
        take="seatUid",
    ),
    Step("2-1025", OWNER, "POST", "/v2/bookings/2FcUEHfx9Z7efQmjytC4Yy/confirm", version=BOOKINGS),
    Step(
        "2-1033",
        None,
        "POST",
        "/v2/bookings/6BoWqYEnQEaiLSEsAkTncE/reschedule",
        {"start": "2027-06-14T13:00:00Z", "reschedulingReason": "later"},
        version=BOOKINGS,
        learn="qxtTrCs1LZ32nQmuW1sLtc",
        take="uid",
    ),
    Step(
        "2-1036",
        None,
        "POST",
        "/v2/bookings",
        {"start": "2027-06-16T09:00:00Z", "eventTypeId": 6, "attendee": GRETA},
        version=BOOKINGS,
        learn="3E4JGWB5tR8EzhuPKHJywu",
        take="uid",
    ),
    # codes, apps and calendars
    Step(
        "2-1180",
        OWNER,
        "POST",
        "/v2/verified-resources/emails/verification-code/verify",
        {"email": "alert-user@acme.test", "code": "989021"},
    ),
    Step(
        "2-1181",
        OWNER,
        "POST",
        f"{TEAMS}/4/verified-resources/emails/verification-code/request",
        {"email": "new-alert@acme.test"},
    ),
    Step("2-1230", OWNER, "POST", "/v2/conferencing/daily-video/default"),
    Step("2-1333", OWNER, "POST", "/v2/conferencing/google-meet/connect"),
]

STRIPE = "needs Stripe"
SKIPPED = {
    "2-0456": STRIPE,
    "2-0457": STRIPE,
    "2-1265": "needs an installation without the keys of Stripe's app",
    "2-1273": "needs an installation without the keys of Stripe's app",
    "2-1420": "shows the first of many bookings that were changed in bulk between the recordings",
}

LATER_KEYS = {
    "2-0006": "",
    "2-0048": "2-0045",
    "2-0050": "2-0045",
    "2-0054": "2-0051",
    "2-0056": "2-0051",
    "2-0060": "2-0057",
    "2-0062": "2-0057",
    "2-1406": "2-1403",
    **dict.fromkeys(("2-0768", "2-0769", "2-0770", "2-0772", "2-0773", "2-0774", "2-0775"), "2-0731"),
}
"""Which answer gave the API key that a recorded request came with; an empty one for a key that never was."""

BOB, CARL, DORA = f"2-0581 {USERS}", "2-0582", "2-1373"
ACCESS = {
    **dict.fromkeys(("2-0618", "2-0619", "2-0620", "2-0621", "2-0622", "2-0632"), BOB),
    "2-0640": "2-0634",
    **dict.fromkeys(("2-1375", "2-1376", "2-1377", "2-1378", "2-1390", "2-1395"), DORA),
}
"""Which answer gave the access token that a recorded request came with."""

REFRESH = {
    "2-0625": BOB,
    "2-0630": BOB,
    "2-0631": BOB,
    "2-0636": "2-0630",
    "2-0655": CARL,
    "2-0656": "2-0655",
}
"""Which answer gave the refresh token in a recorded body."""

WRONG_SECRET = ("2-0566", "2-0663")


def direct(made: RecordedWorld, player: Player) -> dict[str, Callable[[], None]]:
    """List changes that were made to the database itself between the recordings."""
    world, names = made.world, made.names

    def connect(
        kind: str, app: str, recorded: int, *, user: int | None = None, team: int | None = None
    ) -> None:
        row = add_credential(
            world,
            kind,
            app,
            made.users[user]["id"] if user else None,
            made.teams[team]["id"] if team else None,
            reachable=kind != "google_calendar",
        )
        names.numbers["credential", recorded] = row["id"]

    def fill_feed() -> None:
        row = credentials(world).get(player.answers["2-1347"]["id"])
        assert row is not None
        row["busy"] = [{"start": "2027-06-07T08:00:00.000Z", "end": "2027-06-07T09:30:00.000Z"}]

    return {
        "2-1243": lambda: connect("zoom_video", "zoom", 1, user=1),
        "2-1261": lambda: connect("zoom_video", "zoom", 2, team=4),
        "2-1323": lambda: connect("google_calendar", "google-calendar", 6, user=1),
        "2-1352": fill_feed,
        "2-1361": lambda: connect("google_calendar", "google-calendar", 10, team=4),
    }


class Tokens:
    """Make the credentials of platform clients and managed users, as the answers gave them out."""

    def __init__(self, player: Player, made: RecordedWorld) -> None:
        self.player = player
        self.made = made

    def refresh(self, number: str) -> str:
        held = self.player.answers.get(REFRESH[number], {})
        return str(held.get("refreshToken", ""))

    def headers(self, key: str | None, sent: Mapping[str, str], number: str, path: str) -> dict[str, str]:
        if key == "managed-user access token":
            held = (
                self.player.answers[ACCESS[number]]["accessToken"]
                if number in ACCESS
                else "eyJ.unknown.token"
            )
            origin = {"Origin": "http://evil.example.test"} if number == "2-0620" else {}
            return {"Authorization": f"Bearer {held}", **origin}
        if key in ("client secret", "client secret + client id") or "x-cal-client-id" in sent:
            return self._client(key, sent, number, path)
        return {}

    def _client(self, key: str | None, sent: Mapping[str, str], number: str, path: str) -> dict[str, str]:
        names = self.made.names
        parts = path.split("/")
        recorded = sent.get("x-cal-client-id") or (
            parts[3] if parts[2] in ("oauth-clients", "oauth") else PORTAL
        )
        client = self.made.world.oauth_clients.get(names.text(recorded))
        secret = client["secret"] if client and number not in WRONG_SECRET else "wrong"
        headers = {"x-cal-secret-key": secret} if key else {}
        if "x-cal-client-id" in sent:
            headers["x-cal-client-id"] = names.text(sent["x-cal-client-id"])
        return headers
