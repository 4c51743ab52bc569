"""Serve verified mail addresses and phone numbers, of the caller and of teams.

No mail is sent: the code of an address follows from the address, see :func:`verification_code`. Codes for
phones would come from a provider that is not imitated; asking for one fails as it does where the provider is
not set up.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from zlib import crc32

from calcom_provider.sandbox.core import validation as v
from calcom_provider.sandbox.core.context import Context, Reply
from calcom_provider.sandbox.core.errors import inner_call, plain
from calcom_provider.sandbox.core.routing import handles
from calcom_provider.sandbox.world.stores import verified_emails, verified_phones
from calcom_provider.sandbox.world.tables import Row, Table
from calcom_provider.sandbox.world.world import World

_phone = v.rule(
    "isPhoneNumber",
    "{} must be a valid phone number",
    lambda value: isinstance(value, str) and bool(re.fullmatch(r"\+\d{8,15}", value)),
)
_CODE = v.Field("code", v.string, required=True)


def verification_code(email: str) -> str:
    """Return the code that proves an address here."""
    return f"{crc32(email.encode()) % 1_000_000:06d}"


class Group:
    """Serve one kind of resource of one kind of owner.

    :param table: where it is kept.
    :param column: what is verified, ``email`` or ``phoneNumber``.
    :param of_team: whether it belongs to the team of the path.
    """

    def __init__(self, table: Callable[[World], Table], column: str, of_team: bool) -> None:
        self.table = table
        self.column = column
        self.of_team = of_team

    def owner(self, context: Context) -> tuple[str, int]:
        """Return the column and the id of whose resources these are."""
        if self.of_team:
            return "teamId", context.number("teamId")
        # The caller's own list shows what the caller verified for teams too
        return "userId", int(context.caller.user["id"])

    def view(self, row: Row) -> dict[str, Any]:
        """Show a verified address or number as the API does."""
        return {name: row[name] for name in ("id", "userId", "teamId", self.column)}

    def list(self, context: Context) -> list[dict[str, Any]]:
        """List what the owner verified."""
        rows = self.table(context.world).ordered(*self.owner(context))
        return [self.view(row) for row in context.page(rows)]

    def get(self, context: Context) -> dict[str, Any] | None:
        """Show one that the owner verified, or null."""
        name, value = self.owner(context)
        row = self.table(context.world).get(context.number("id"))
        # Unknown or foreign is no error but null
        return self.view(row) if row and row[name] == value else None

    def add(self, context: Context, value: str) -> dict[str, Any]:
        """Store what was verified, once."""
        name, owner = self.owner(context)
        rows = self.table(context.world).by(name, owner)
        for row in rows:
            if row[self.column] == value:
                return self.view(row)
        team_id = owner if self.of_team else None
        row = {"userId": context.caller.user["id"], "teamId": team_id, self.column: value}
        return self.view(self.table(context.world).insert(row))

    def request_email(self, context: Context) -> Reply:
        """Pretend to send a code."""
        context.body(v.Field("email", v.email, required=True))
        return Reply({"status": "success"})

    def verify_email(self, context: Context) -> dict[str, Any]:
        """Store an address if the code is right."""
        body = context.body(v.Field("email", v.email, required=True), _CODE)
        if body["code"] != verification_code(body["email"]):
            raise inner_call(400)
        return self.add(context, body["email"])

    def request_phone(self, context: Context) -> Reply:
        """Refuse: a sandbox sends no text messages."""
        context.body(v.Field("phone", _phone, required=True))
        raise inner_call(400)

    def verify_phone(self, context: Context) -> dict[str, Any]:
        """Fail as an API without a provider of text messages does."""
        context.body(v.Field("phone", _phone, required=True), _CODE)
        raise plain()


_SCOPES: tuple[tuple[str, str, int, bool, dict[str, Any]], ...] = (
    # prefix of the names, of the throttle, mails a minute, whether checking a mail code is throttled too
    ("org_team_", "org_teams", 3, False, {"role": "TEAM_ADMIN", "plan": "ESSENTIALS"}),
    ("team_", "teams", 5, False, {"role": "TEAM_ADMIN"}),
    ("", "users", 5, True, {}),
)
for _prefix, _bucket, _mails, _checked, _options in _SCOPES:
    _emails = Group(verified_emails, "email", bool(_prefix))
    _phones = Group(verified_phones, "phoneNumber", bool(_prefix))
    for _verb in ("list", "get"):
        handles(f"{_prefix}verified_emails.{_verb}", **_options)(getattr(_emails, _verb))
        handles(f"{_prefix}verified_phones.{_verb}", **_options)(getattr(_phones, _verb))
    _name = f"{_bucket}_verified_resources"
    _check = {"throttle": (f"{_name}_phones_verify", 3)}
    handles(
        f"{_prefix}verified_emails.request_code", throttle=(f"{_name}_emails_requests", _mails), **_options
    )(_emails.request_email)
    handles(f"{_prefix}verified_emails.verify", **(_check if _checked else {}), **_options)(
        _emails.verify_email
    )
    handles(f"{_prefix}verified_phones.request_code", throttle=(f"{_name}_phones_requests", 3), **_options)(
        _phones.request_phone
    )
    handles(f"{_prefix}verified_phones.verify", **({} if _checked else _check), **_options)(
        _phones.verify_phone
    )
