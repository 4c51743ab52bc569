"""Build an organisation of the make that the recordings were made against.

Organisation 1 has an owner (user 1), an admin (2), 300 members (3-302) and a pending member (303);
organisation 2 is foreign; 3 belongs to the same owner. :class:`Acme` builds it row by row and remembers,
for every key that the recordings name, which key it has here; so the same recordings can be played against
other keys.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from calcom_provider.sandbox.groups.organization.delegation_credentials import add_credential, credentials
from calcom_provider.sandbox.world.tables import Row
from calcom_provider.sandbox.world.world import World

RECORDED_ON = datetime(2026, 11, 20, 9, 33, tzinfo=UTC)
HIGH = [("default", 100_000, 60.0, 60.0)]

SKILLS = {
    "Python": "b02e108c-5331-46b3-a54e-dcbe0e0ed43c",
    "SQL": "47bea982-039c-472e-ac6b-ff113f8014e9",
    "Go": "3f0d0b0e-7515-487e-8153-bea0fbf165d0",
    "French": "a67465d6-d1dd-4209-969e-5f333492995a",
    "German": "99ba90c9-b29c-4df0-afd5-4ab57737e790",
}
REGIONS = {
    "EMEA": "54d160ce-ce04-4d26-bb20-2542a118a590",
    "AMER": "d0d6467b-032e-43ee-8c8c-1405a2f6b500",
    "APAC": "6e6be978-b41d-4f2a-9d58-d584c5054199",
}
ATTRIBUTES = {
    "skills": ("0837a870-a48e-4a07-9984-3f6158b85e0b", "MULTI_SELECT", {"isWeightsEnabled": True}),
    "old-attr": ("1f9ef5a3-ac05-4e7e-8565-186c34ec9b47", "MULTI_SELECT", {"enabled": False}),
    "synced-dept": ("6f229eca-afbc-4354-a1d0-aa127dfa652f", "SINGLE_SELECT", {"isLocked": True}),
    "job-title": ("822cb988-a896-4f42-9526-931415708651", "TEXT", {}),
    "region": ("aba39ab6-08a5-400e-973d-9f477aaa9ec2", "SINGLE_SELECT", {}),
    "level": ("fe6b0ea9-7c42-4cf5-920c-11b6a808b642", "NUMBER", {}),
}


class Acme:
    """Hold the organisation and the translation of recorded keys to the keys here.

    :param seed: seed of the keys.
    :param first_id: number before the first key of every table.
    """

    def __init__(self, seed: int, first_id: int) -> None:
        self.world = World(seed, first_id=first_id, now=RECORDED_ON)
        # The recorded build is older than the weights of assignments
        self.world.absent = {"org_attribute_options.update_assignment"}
        self.ids: dict[str, dict[Any, Any]] = {}
        self.keys: dict[str, str] = {}
        self.custom = f"cal_{'0' * 32}"
        self._organizations()
        self._people()
        self._attributes()
        self._teams()
        self._absences()
        self._credentials()

    # -- keys ----------------

    def know(self, kind: str, recorded: Any, row: Row) -> Row:
        """Remember the key of a row for a recorded key."""
        self.ids.setdefault(kind, {})[recorded] = row["id"]
        return row

    def here(self, kind: str, recorded: Any) -> Any:
        """Translate a recorded key; one that is not known stays."""
        return self.ids.get(kind, {}).get(recorded, recorded)

    def user(self, recorded: int) -> Row:
        return self._row(self.world.users.get(self.here("user", recorded)))

    def membership(self, recorded: int) -> Row:
        return self._row(self.world.memberships.get(self.here("membership", recorded)))

    def of_user(self, recorded: int, team: int = 1) -> Row:
        """Find the membership of a user in a team or organisation."""
        return self._row(self.world.membership(self.user(recorded)["id"], self.here("team", team)))

    @staticmethod
    def _row(row: Row | None) -> Row:
        assert row is not None
        return row

    # -- rows ----------------

    def _organizations(self) -> None:
        world = self.world
        self.know("team", 1, world.add_organization("Acme", "acme"))
        self.know("team", 2, world.add_organization("Globex", "globex"))
        self.know("team", 3, world.add_organization("Third", "third"))

    def _add(
        self, number: int, name: str, email: str, login: str, team: int | None = 1, **fields: Any
    ) -> Row:
        user = self.world.add_user(
            email,
            name=name,
            username=login,
            emailVerified=self.world.now(),
            timeZone="Europe/Zurich",
            **fields,
        )
        if team:
            self.world.add_profile(user, self.here("team", team), login.split("-", maxsplit=1)[0])
        return self.know("user", number, user)

    def _join(self, number: int, user: int, team: int, role: str = "MEMBER", accepted: bool = True) -> None:
        row = self.world.add_membership(self.user(user), self.here("team", team), role, accepted=accepted)
        self.know("membership", number, row)

    def _people(self) -> None:
        self._add(1, "Olive Owner", "owner@acme.test", "owner-acme")
        self._join(1, 1, 1, "OWNER")
        self._add(2, "Ada Admin", "admin@acme.test", "admin-acme")
        self._join(2, 2, 1, "ADMIN")
        for number in range(3, 303):
            place = f"member{number - 2:03d}"
            self._add(number, f"Member {number - 2}", f"{place}@acme.test", f"{place}-acme")
            self._join(number, number, 1)
        # Pending: a membership, no profile
        self._add(303, "Penny Pending", "pending@acme.test", "pending-acme", team=None)
        self._join(303, 303, 1, accepted=False)
        self._add(304, "Gus Globex", "gowner@globex.test", "gowner-globex", team=2)
        self._join(304, 304, 2, "OWNER")
        self._add(305, "Gina Globex", "gmember@globex.test", "gmember-globex", team=2)
        self._join(305, 305, 2)
        self.world.add_profile(self.user(1), self.here("team", 3), "owner")
        self.world.users.update(self.user(1), organizationId=self.here("team", 1))
        self._join(306, 1, 3, "OWNER")
        self._add(306, "Lone R", "loner@nowhere.test", "loner", team=None)
        self.world.users.update(self.user(306), timeZone="Europe/London")

    def option(self, attribute: str, value: str, recorded: str | None = None) -> Row:
        """Add an option to an attribute, by the attribute's recorded key."""
        row = self.world.add_option(self.here("attribute", attribute), value, value.lower().replace(" ", "-"))
        return self.know("option", recorded or row["id"], row)

    def _attributes(self) -> None:
        world, org_id = self.world, self.here("team", 1)
        for slug, (recorded, kind, fields) in ATTRIBUTES.items():
            row = world.add_attribute(org_id, slug.replace("-", " ").title(), slug, kind, **fields)
            self.know("attribute", recorded, row)
        key = {slug: entry[0] for slug, entry in ATTRIBUTES.items()}
        skills = [self.option(key["skills"], value, recorded) for value, recorded in SKILLS.items()]
        regions = [self.option(key["region"], value, recorded) for value, recorded in REGIONS.items()]
        self.option(key["synced-dept"], "Dept", "a2181189-34a1-4e67-bd92-30ea980dd1ec")
        self.option(key["old-attr"], "Old", "e78896bb-5b02-4b4c-a409-07ffdfefb3b7")
        for place in range(120):
            member = self.of_user(place + 3)
            world.assign(member, regions[place % 3]["id"])
            if place < 60:
                world.assign(member, skills[place % 5]["id"])
            if place < 20:
                world.assign(member, skills[(place + 1) % 5]["id"])
            if place < 10:
                world.assign(member, self.option(key["job-title"], f"Title {place % 4}")["id"])
                world.assign(member, self.option(key["level"], str(place))["id"])
        foreign = world.add_attribute(self.here("team", 2), "Region", "region", "SINGLE_SELECT")
        self.know("attribute", "63598d94-a38f-4baa-8ca4-d9ea313f722f", foreign)
        self.option("63598d94-a38f-4baa-8ca4-d9ea313f722f", "Foreign", "e8b9f4cb-15a5-454e-910f-a91d90d53a4d")

    def _teams(self) -> None:
        for number, name in ((4, "Sales"), (5, "Support"), (6, "Empty")):
            team = self.world.add_team(name, name.lower(), self.here("team", 1), metadata={})
            self.know("team", number, team)
        for place in range(40):
            self._join(307 + place, 3 + place, 4, "MEMBER" if place else "ADMIN")
        for place in range(20):
            self._join(347 + place, 43 + place, 5)

    def _absences(self) -> None:
        reasons = ("unspecified", "vacation", "travel", "sick", "public_holiday", "unspecified")
        for place, reason in enumerate(reasons):
            start = datetime(2027, 1, 1, tzinfo=UTC) + timedelta(days=7 * place)
            row = {
                "uuid": self.world.ids.uuid(),
                "userId": self.user(3 + place)["id"],
                "toUserId": self.user(13 + place)["id"] if place % 2 else None,
                "start": f"{start:%Y-%m-%d}T00:00:00.000Z",
                "end": f"{start + timedelta(days=4):%Y-%m-%d}T23:59:59.999Z",
                "notes": f"note {place}" if place else None,
                "reason": reason,
            }
            self.know("ooo", place + 1, self.world.ooo.insert(row))

    def _credentials(self) -> None:
        world = self.world
        for digit, team, platform, domain in (
            ("1", 1, "google", "acme.test"),
            ("2", 2, "office365", "globex.test"),
        ):
            recorded = "-".join((digit * 8, digit * 4, f"4{digit * 3}", f"8{digit * 3}", digit * 12))
            row = add_credential(world, self.here("team", team), platform, domain)
            self.know("credential", recorded, row)
        assert len(credentials(world)) == 2
        owner, org_id = self.user(1), self.here("team", 1)
        for name, user, bound, limits in (
            ("ADMIN_HIGH_LIMIT", 1, None, HIGH),
            ("ADMIN_DEFAULT_LIMIT", 1, None, None),
            ("RL_PROBE", 1, None, None),
            ("ADMIN_FAST_WINDOW", 1, None, [("default", 20, 5.0, 5.0)]),
            ("ADMIN_TWO_LIMITS", 1, None, [("short", 3, 3.0, 3.0), ("long", 8, 30.0, 10.0)]),
            ("ORG_OWNER_TEAMKEY", 1, org_id, HIGH),
            ("ORG_ADMIN", 2, None, HIGH),
            ("MEMBER", 3, None, HIGH),
            ("TEAM_ADMIN_SALES", 3, None, HIGH),
            ("MEMBER2", 4, None, HIGH),
            ("OUTSIDER_OWNER", 304, None, HIGH),
            ("LONER", 306, None, HIGH),
            ("DISPOSABLE", 8, org_id, HIGH),
            ("DISP_OWNER_TEAM", 1, org_id, HIGH),
            ("DISP_OWNER_PERSONAL", 1, None, HIGH),
            ("DISP_MEMBER_PERSONAL", 10, None, HIGH),
        ):
            self.keys[name] = world.add_api_key(self.user(user), bound, limits=limits)
        self.keys["EXPIRED"] = world.add_api_key(owner, expires=world.today - timedelta(days=3))
