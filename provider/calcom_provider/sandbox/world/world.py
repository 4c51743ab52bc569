"""Hold the state of the imitated Cal.com: its clock, its tables and the rules that several tables share."""

from __future__ import annotations

import pickle
import threading
from collections import deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from calcom_provider.sandbox.world.tables import Ids, Row, Table

DAY_ONE = datetime(2026, 3, 16, 9, 0, tzinfo=UTC)
"""The day that the sandbox lives in, unless told otherwise."""

ROLES = ("MEMBER", "ADMIN", "OWNER")


WORKSPACE_PLATFORMS = ("google", "office365")
"""Slugs of the platforms that delegation credentials know."""


def iso(moment: datetime) -> str:
    """Write a moment as Cal.com does: UTC, milliseconds, ``Z``."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


class World:
    """Keep every table of the imitation.

    A module of an operation group makes its own tables with :meth:`table`; the tables that several groups
    share are attributes. The clock is logical: it starts at a fixed day and goes on by a millisecond at
    each reading, so that the same requests give the same rows.

    :param seed: seed of keys and of all else that is random.
    :param first_id: number before the first numeric key of every table; None for another one each.
    :param now: the moment that the clock starts at.

    ``live`` lets the clock follow that of the machine, never backwards, for what other programs compare with theirs.
    ``absent`` names operations that this build does not have, answered with 404 as unknown routes are;
    ``broken`` those that it has and that always end in an internal error. ``workspace_platforms`` names those
    that delegation credentials can be of.
    """

    def __init__(self, seed: int = 20260316, first_id: int | None = None, now: datetime = DAY_ONE) -> None:
        self.seed = seed
        self.live = False
        #: Deliveries to webhooks that wait to be sent.
        self.outbox: deque[Any] = deque()
        self.ids = Ids(seed, first_id)
        self.lock = threading.RLock()
        self._now = now
        self.shuffled = False
        self.absent: set[str] = set()
        self.broken: set[str] = set()
        self.workspace_platforms: set[str] = set(WORKSPACE_PLATFORMS)
        self._memo: dict[Any, Any] = {}
        self._memo_version = -1
        self._ties = Random(seed)
        self._tables: dict[str, Table] = {}
        self.users = self.table("users", indexes=("email", "username"))
        self.profiles = self.table("profiles", indexes=("organizationId", "userId"))
        self.teams = self.table("teams", indexes=("parentId",))
        self.memberships = self.table("memberships", indexes=("teamId", "userId"))
        self.attributes = self.table("attributes", key="uuid", indexes=("teamId",))
        self.options = self.table("attribute_options", key="uuid", indexes=("attributeId",))
        self.assignments = self.table(
            "attribute_assignments", key="uuid", indexes=("memberId", "attributeOptionId")
        )
        self.ooo = self.table("ooo", indexes=("userId", "toUserId"))
        self.api_keys = self.table("api_keys", key="uuid", indexes=("key", "userId"))
        self.oauth_clients = self.table("oauth_clients", key="cuid", indexes=("organizationId",))
        self.access_tokens = self.table("access_tokens", indexes=("token", "userId"))
        self.schedules = self.table("schedules", indexes=("userId",))
        self.event_types = self.table("event_types", indexes=("userId", "teamId"))

    def table(
        self, name: str, key: str = "number", indexes: Iterable[str] = (), sequence: str | None = None
    ) -> Table:
        """Return the table of that name, made at the first call.

        :param name: name of the table.
        :param key: kind of its ``id``: ``number``, ``uuid`` or ``cuid``.
        :param indexes: columns that rows are looked up by.
        :param sequence: name of a number sequence shared with another table.
        """
        if name not in self._tables:
            self._tables[name] = Table(self.ids, name, key, indexes, sequence)
        return self._tables[name]

    @property
    def tables(self) -> dict[str, Table]:
        """Return all tables by name."""
        return self._tables

    @property
    def version(self) -> int:
        """Count of all changes so far; an answer may be kept while it stands still."""
        return sum(table.version for table in self._tables.values())

    def memo(self, name: Any, compute: Callable[[], Any]) -> Any:
        """Return what was computed under that name, until the state changes.

        :param name: hashable name of the result.
        :param compute: makes it; do not change what is returned.
        """
        if self._memo_version != self.version:
            self._memo.clear()
            self._memo_version = self.version
        if name not in self._memo:
            self._memo[name] = compute()
        return self._memo[name]

    @property
    def today(self) -> datetime:
        """Return the moment that the world's clock shows."""
        if self.live:
            self._now = max(self._now, datetime.now(UTC))
        return self._now

    def now(self) -> str:
        """Return the next moment of the clock, as text."""
        self._now = self.today + timedelta(milliseconds=1)
        return iso(self._now)

    def advance(self, seconds: float) -> None:
        """Move the world's clock."""
        self._now += timedelta(seconds=seconds)

    # -- order and copies ----------------

    def set_order(self, *, physical: bool, shuffled: bool, seed: int) -> None:
        """Choose the order of lists.

        :param physical: whether lists without an order come as the rows lie, where an update moves a row.
        :param shuffled: whether rows with equal sort values come in a random order.
        :param seed: of that order.
        """
        self.shuffled = shuffled
        self._ties = Random(seed)
        for table in self._tables.values():
            table.physical = physical

    def sort(self, rows: list[Row], column: str, reverse: bool = False) -> None:
        """Sort rows by one column in place; ties are not broken."""
        if self.shuffled:
            self._ties.shuffle(rows)
        rows.sort(key=lambda row: row[column], reverse=reverse)

    def copy(self) -> World:
        """Copy the whole state."""
        return pickle.loads(pickle.dumps(self))  # type: ignore[no-any-return]  # noqa: S301

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "lock"} | {"_memo": {}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.lock = threading.RLock()

    # -- people ----------------

    def add_user(self, email: str, **fields: Any) -> Row:
        """Add an account, with the defaults that Cal.com gives it."""
        row = {
            "username": None,
            "name": None,
            "email": email,
            "emailVerified": None,
            "bio": None,
            "avatarUrl": None,
            "timeZone": "Europe/London",
            "weekStart": "Sunday",
            "appTheme": None,
            "theme": None,
            "defaultScheduleId": None,
            "locale": None,
            "timeFormat": 12,
            "hideBranding": False,
            "brandColor": None,
            "darkBrandColor": None,
            "allowDynamicBooking": True,
            "createdDate": None,
            "verified": False,
            "invitedTo": None,
            "metadata": None,
            "organizationId": None,
            "clientId": None,
        }
        row.update(fields)
        row["createdDate"] = row["createdDate"] or self.now()
        return self.users.insert(row)

    def add_profile(self, user: Row, organization_id: int, username: str | None = None) -> Row:
        """Make an account visible in an organisation: ``/users`` lists profiles, not memberships."""
        row = {
            "organizationId": organization_id,
            "userId": user["id"],
            "username": username or user["username"],
        }
        self.users.update(user, organizationId=organization_id)
        return self.profiles.insert(row)

    def add_membership(self, user: Row, team_id: int, role: str = "MEMBER", **fields: Any) -> Row:
        """Add a membership of a team or an organisation."""
        moment = fields.pop("createdAt", None) or self.now()
        row = {
            "teamId": team_id,
            "userId": user["id"],
            "accepted": True,
            "role": role,
            "disableImpersonation": False,
            "createdAt": moment,
            "updatedAt": moment,
        }
        row.update(fields)
        return self.memberships.insert(row)

    def membership(self, user_id: int, team_id: int) -> Row | None:
        """Return a user's membership of a team."""
        for row in self.memberships.by("userId", user_id):
            if row["teamId"] == team_id:
                return row
        return None

    def profile(self, user_id: int, organization_id: int) -> Row | None:
        """Return a user's profile in an organisation."""
        for row in self.profiles.by("userId", user_id):
            if row["organizationId"] == organization_id:
                return row
        return None

    # -- organisations and teams ----------------

    def add_team(
        self, name: str, slug: str | None = None, parent_id: int | None = None, **fields: Any
    ) -> Row:
        """Add a team, or an organisation, which is one without a parent."""
        row = {
            "parentId": parent_id,
            "name": name,
            "slug": slug,
            "logoUrl": None,
            "calVideoLogo": None,
            "appLogo": None,
            "appIconLogo": None,
            "bio": None,
            "hideBranding": False,
            "isOrganization": False,
            "isPrivate": False,
            "hideBookATeamMember": False,
            "metadata": None,
            "theme": None,
            "brandColor": None,
            "darkBrandColor": None,
            "bannerUrl": None,
            "timeFormat": None,
            "timeZone": "Europe/London",
            "weekStart": "Sunday",
        }
        row.update(fields)
        return self.teams.insert(row)

    def add_organization(
        self,
        name: str,
        slug: str,
        *,
        platform: bool = False,
        plan: str | None = None,
        admin_api: bool = True,
        **fields: Any,
    ) -> Row:
        """Add an organisation: a team row of its own kind.

        :param platform: whether it is a platform organisation; those need a ``plan``.
        :param plan: ``ESSENTIALS`` or ``SCALE`` for a platform organisation, None without a subscription.
        :param admin_api: whether the row of settings exists that the admin API asks for.
        """
        return self.add_team(
            name, slug, isOrganization=True, isPlatform=platform, plan=plan, adminApi=admin_api, **fields
        )

    def organization(self, organization_id: int) -> Row | None:
        """Return an organisation by its id."""
        row = self.teams.get(organization_id)
        return row if row and row["isOrganization"] else None

    # -- credentials ----------------

    def add_api_key(
        self,
        user: Row,
        organization_id: int | None = None,
        *,
        expires: datetime | None = None,
        limits: list[tuple[str, int, float, float]] | None = None,
        key: str | None = None,
    ) -> str:
        """Add an API key and return it.

        :param user: its owner.
        :param organization_id: the team it is bound to, if any.
        :param expires: day of expiry; the key works through that day.
        :param limits: own limits as ``(name, requests, window s, block s)``; None for the default limit.
        """
        key = key or f"cal_{self.ids.token()}"
        self.api_keys.insert(
            {
                "key": key,
                "userId": user["id"],
                "teamId": organization_id,
                "expires": expires,
                "limits": limits,
            }
        )
        return key

    # -- attributes ----------------

    def add_attribute(self, organization_id: int, name: str, slug: str, kind: str, **fields: Any) -> Row:
        """Add an attribute of an organisation."""
        moment = self.now()
        row = {
            "teamId": organization_id,
            "type": kind,
            "name": name,
            "slug": slug,
            "enabled": True,
            "usersCanEditRelation": False,
            "createdAt": moment,
            "updatedAt": moment,
            "isWeightsEnabled": False,
            "isLocked": False,
        }
        row.update(fields)
        return self.attributes.insert(row)

    def add_option(self, attribute_id: str, value: str, slug: str) -> Row:
        """Add an option of an attribute."""
        return self.options.insert(
            {"attributeId": attribute_id, "value": value, "slug": slug, "isGroup": False, "contains": []}
        )

    def assign(
        self, membership: Row, option_id: str, weight: int | None = None, moment: str | None = None
    ) -> Row:
        """Give an option to a member; what is empty in every row is added where a row is shown."""
        return self.assignments.insert(
            {
                "memberId": membership["id"],
                "attributeOptionId": option_id,
                "weight": weight,
                "createdAt": moment or self.now(),
            }
        )

    def drop_option(self, option: Row) -> None:
        """Delete an option with its assignments."""
        for row in self.assignments.by("attributeOptionId", option["id"]):
            self.assignments.delete(row)
        self.options.delete(option)

    def drop_membership(self, membership: Row) -> None:
        """Delete a membership row with the assignments that hang on it."""
        for row in self.assignments.by("memberId", membership["id"]):
            self.assignments.delete(row)
        self.memberships.delete(membership)

    def drop_user(self, user: Row) -> None:
        """Delete an account with all that hangs on it."""
        for membership in self.memberships.by("userId", user["id"]):
            self.drop_membership(membership)
        for table in self._tables.values():
            for row in table.by("userId", user["id"]) if table.indexed("userId") else ():
                table.delete(row)
        for row in self.ooo.by("toUserId", user["id"]):
            self.ooo.update(row, toUserId=None)
        self.users.delete(user)
