"""Fill a world with a believable organisation, and with the neighbours that make mistakes visible.

Everything follows from the seed and the numbers asked for. Beside the organisation there are a foreign one,
one without admin API and a platform with a client and a managed user.
"""

from __future__ import annotations

import random
import re
import unicodedata
from datetime import timedelta
from typing import Any

from calcom_provider.sandbox.seed import people
from calcom_provider.sandbox.world.tables import Row
from calcom_provider.sandbox.world.world import World, iso

DOMAIN = "lumen.example"
REASONS = ("vacation", "vacation", "vacation", "sick", "travel", "public_holiday", "unspecified")
_NUMBER_LEVELS = ("1", "2", "3", "4", "5", "6", "7.5", "8", "9", "10")


class Organization:
    """Build the seeded organisation step by step.

    :param world: where it goes.
    :param users: how many people ``/users`` lists, owner and admin among them.
    :param ooo: how many out-of-office entries; None for a third of the users.
    :param teams: how many teams; None for one per 25 users, 4 to 40.
    :param team_size: most members of one team, 200 by default.
    """

    def __init__(
        self, world: World, users: int, ooo: int | None = None, teams: int | None = None, team_size: int = 200
    ) -> None:
        self.world = world
        self.random = random.Random(world.seed)
        self.first = world.today
        self.size = max(2, users)
        self.ooo_entries = self.size // 3 if ooo is None else ooo
        self.team_count = min(40, max(4, self.size // 25)) if teams is None else teams
        self.team_size = team_size
        self.row = world.add_organization("Lumen Health", "lumen")
        self.id: int = self.row["id"]
        self.members: list[Row] = []
        self.memberships: list[Row] = []

    def build(self) -> Organization:
        """Add people, attributes, teams and absences."""
        self._people()
        self._attributes()
        self._teams()
        self._absences()
        return self

    # -- people ----------------

    def _people(self) -> None:
        self._person(0, "OWNER")
        self._person(1, "ADMIN")
        for number in range(2, self.size):
            self._person(number, "ADMIN" if number % 97 == 0 else "MEMBER")
        for number in range(self.size, self.size + max(1, self.size // 60)):
            self._pending(number)

    def _person(self, number: int, role: str) -> None:
        choose = self.random
        first, last = choose.choice(people.FIRST_NAMES), choose.choice(people.LAST_NAMES)
        name = f"{_plain(first)}.{_plain(last)}.{number}"
        joined = iso(
            self.first - timedelta(days=choose.randrange(1, 2000), milliseconds=choose.randrange(86_400_000))
        )
        user = self.world.add_user(
            f"{name}@{DOMAIN}", username=f"{name}-lumen", name=f"{first} {last}", createdDate=joined,
            emailVerified=joined if number % 11 else None, timeZone=choose.choice(people.TIME_ZONES),
            weekStart="Monday" if number % 3 else "Sunday", timeFormat=24 if number % 2 else 12,
            locale=choose.choice(people.LOCALES), verified=number % 5 == 0,
            bio=None if number % 4 else "Likes tea & “quotes”, writes to <b>nobody</b>",
            avatarUrl=None if number % 6 else f"https://img.{DOMAIN}/{number}.png",
            metadata=_hr_data(number) if number % 5 else None,
        )  # fmt: skip
        self.world.add_profile(user, self.id, name)
        self.members.append(user)
        self.memberships.append(self.world.add_membership(user, self.id, role, createdAt=joined))

    def _pending(self, number: int) -> None:
        """Invite somebody who has not answered: a membership without profile, in no list of users."""
        user = self.world.add_user(f"invited.{number}@{DOMAIN}", username=None, invitedTo=self.id)
        self.world.add_membership(user, self.id, accepted=False)

    # -- attributes ----------------

    def _attributes(self) -> None:
        department = self._choices("Department", "department", "SINGLE_SELECT", people.DEPARTMENTS)
        languages = self._choices("Languages", "languages", "MULTI_SELECT", people.LANGUAGES)
        level = self._choices("Seniority", "seniority", "NUMBER", _NUMBER_LEVELS)
        place = self._choices("Location", "location", "SINGLE_SELECT", people.LOCATIONS, isLocked=True)
        skills = self._choices("Skills", "skills", "MULTI_SELECT", people.SKILLS, isWeightsEnabled=True)
        former = self._choices(
            "Former office", "former-office", "SINGLE_SELECT", ("Basel", "Graz"), enabled=False
        )
        centres = [f"CC-{number:04d}" for number in range(max(3, self.size // 40))]
        cost = self._choices("Cost centre", "cost-centre", "TEXT", centres)
        title = self.world.add_attribute(self.id, "Job title", "job-title", "TEXT", usersCanEditRelation=True)
        # A select attribute that nobody holds, and the same value twice
        self._choices("Shirt size", "shirt-size", "SINGLE_SELECT", ("S", "M", "L", "M"))
        choose, moment = self.random, self.world.now()
        for number, membership in enumerate(self.memberships):
            own = self.world.add_option(title["id"], *self._title(number))
            given = [choose.choice(department), choose.choice(level), choose.choice(place), own["id"]]
            given += choose.sample(languages, k=1 + number % 3)
            if number % 13:
                given.append(choose.choice(cost))
            if number % 29 == 0:
                given.append(choose.choice(former))
            for option in given:
                self.world.assign(membership, option, moment=moment)
            for option in choose.sample(skills, k=number % 4):
                self.world.assign(membership, option, weight=choose.choice((None, 50, 100)), moment=moment)

    def _choices(self, name: str, slug: str, kind: str, values: Any, **fields: Any) -> list[str]:
        attribute = self.world.add_attribute(self.id, name, slug, kind, **fields)
        return [self.world.add_option(attribute["id"], value, _plain(value))["id"] for value in values]

    def _title(self, number: int) -> tuple[str, str]:
        title = self.random.choice(people.TITLES)
        value = title if number % 3 else f"{title}, level {number % 7}"
        return value, _plain(value)

    # -- teams ----------------

    def _teams(self) -> None:
        size = min(self.team_size, max(3, int(1.3 * self.size / max(1, self.team_count))))
        for number in range(self.team_count):
            name = people.TEAMS[number] if number < len(people.TEAMS) else f"Team {number}"
            team = self.world.add_team(
                name,
                _plain(name),
                self.id,
                isPrivate=number % 5 == 0,
                bio=None if number % 3 else f"About {name}",
                metadata={"hrId": f"T-{number:03d}"} if number % 2 else None,
            )
            # Members overlap: some people are in several teams, and some have not accepted yet
            count = self.random.randrange(max(1, size // 3), size + 1)
            for place, user in enumerate(self.random.sample(self.members, k=min(count, len(self.members)))):
                role = "OWNER" if place == 0 else "ADMIN" if place == 1 else "MEMBER"
                self.world.add_membership(user, team["id"], role, accepted=place % 17 != 16)
        self.world.add_team("Empty team", "empty-team", self.id)

    # -- absences ----------------

    def _absences(self) -> None:
        choose = self.random
        for number in range(self.ooo_entries):
            user = self.members[choose.randrange(len(self.members))]
            cover = self.members[choose.randrange(len(self.members))]["id"] if number % 3 == 0 else None
            start = self.first + timedelta(days=choose.randrange(-60, 200))
            end = start + timedelta(days=choose.randrange(0, 21))
            self.world.ooo.insert(
                {
                    "uuid": self.world.ids.uuid(),
                    "userId": user["id"],
                    "toUserId": cover if cover != user["id"] else None,
                    "start": f"{start:%Y-%m-%d}T00:00:00.000Z",
                    "end": f"{end:%Y-%m-%d}T23:59:59.999Z",
                    "notes": choose.choice(people.NOTES),
                    "reason": choose.choice(REASONS),
                }
            )


def _hr_data(number: int) -> dict[str, Any]:
    return {"hrId": f"E-{100_000 + number}", "contract": "permanent" if number % 4 else "fixed term"}


def _plain(text: str) -> str:
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_text.lower()).strip("-") or "x"


def neighbours(world: World) -> dict[str, Row]:
    """Add a foreign organisation, one without admin API, a platform and an account without organisation."""
    foreign = world.add_organization("Globex", "globex")
    outsider = _member(world, foreign, "outsider@globex.example", "OWNER")
    for number in range(3):
        _member(world, foreign, f"colleague{number}@globex.example", "MEMBER")
    attribute = world.add_attribute(foreign["id"], "Department", "department", "SINGLE_SELECT")
    world.add_option(attribute["id"], "Foreign department", "foreign-department")
    closed = world.add_organization("Closed", "closed", admin_api=False)
    platform = world.add_organization("Clinic platform", "clinics", platform=True, plan="SCALE")
    operator = _member(world, platform, "operator@clinics.example", "OWNER")
    client = world.oauth_clients.insert(
        {
            "organizationId": platform["id"],
            "name": "Clinic portal",
            "secret": world.ids.token(64),
            "permissions": ["*"],
            "redirectUris": ["https://portal.clinics.example/callback"],
            "logo": None,
            "bookingRedirectUri": None,
            "bookingCancelRedirectUri": None,
            "bookingRescheduleRedirectUri": None,
            "areEmailsEnabled": False,
            "areDefaultEventTypesEnabled": False,
            "areCalendarEventsEnabled": True,
            "createdAt": world.now(),
        }
    )
    managed = _member(world, platform, f"nurse+{client['id']}@clinics.example", "MEMBER")
    world.users.update(managed, clientId=client["id"])
    token = world.access_tokens.insert(
        {
            "token": f"eyJ{world.ids.token(60)}", "refreshToken": f"eyJ{world.ids.token(60)}",
            "userId": managed["id"], "clientId": client["id"], "expires": world.today + timedelta(minutes=60),
        }
    )  # fmt: skip
    loner = world.add_user("loner@nowhere.example", username="loner")
    return {
        "foreign": foreign,
        "outsider": outsider,
        "closed": closed,
        "platform": platform,
        "operator": operator,
        "client": client,
        "managed": managed,
        "token": token,
        "loner": loner,
    }


def _member(world: World, organization: Row, email: str, role: str) -> Row:
    user = world.add_user(email, username=_plain(email), name=email.partition("@")[0].title())
    world.add_profile(user, organization["id"])
    world.add_membership(user, organization["id"], role)
    return user


def credentials(world: World, organization: Organization, others: dict[str, Row]) -> dict[str, str]:
    """Make the keys that a user of the sandbox is given, by name."""
    owner, admin = organization.members[:2]
    member = (
        next(
            row for row in organization.memberships[2:] or organization.memberships if row["role"] == "MEMBER"
        )
        if len(organization.memberships) > 2
        else None
    )
    closed = others["closed"]
    world.add_membership(admin, closed["id"], "OWNER")
    keys = {
        "admin": world.add_api_key(admin, organization.id),
        "owner": world.add_api_key(owner, organization.id),
        "expired": world.add_api_key(admin, organization.id, expires=world.today - timedelta(days=2)),
        "outsider": world.add_api_key(others["outsider"], others["foreign"]["id"]),
        "operator": world.add_api_key(others["operator"], others["platform"]["id"]),
        "loner": world.add_api_key(others["loner"]),
        "unknown": f"cal_{world.ids.token()}",
        "client_id": others["client"]["id"],
        "client_secret": others["client"]["secret"],
        "managed_user_id": str(others["managed"]["id"]),
        "managed_token": others["token"]["token"],
        "platform_organization_id": str(others["platform"]["id"]),
        "closed_organization_id": str(closed["id"]),
        "foreign_organization_id": str(others["foreign"]["id"]),
    }
    if member:
        user = world.users.get(member["userId"])
        assert user is not None
        keys["member"] = world.add_api_key(user, organization.id)
    return keys
