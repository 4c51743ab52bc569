"""Describe a served route: where it stands in the API, and what guards it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

VERSIONS = ("2024-04-15", "2024-06-11", "2024-06-14", "2024-08-13", "2024-09-04")


def version_of(headers: Mapping[str, str]) -> str:
    """Read the version header; an unknown text counts as none, and none as the oldest."""
    sent = headers.get("cal-api-version", "")
    return sent if sent in VERSIONS else VERSIONS[0]


@dataclass(frozen=True, slots=True)
class Route:
    """Describe one served route and what guards it.

    ``role`` is ``ORG_MEMBER``, ``ORG_ADMIN``, ``TEAM_MEMBER``, ``TEAM_ADMIN`` or ``TEAM_OWNER``, None
    without a role check; ``plan`` the plan that platform organisations need; ``auth`` is ``required``,
    ``optional`` or ``none``; ``user_in_org`` asks that ``{userId}`` has a profile in the organisation.
    """

    name: str
    method: str
    path: str
    status: int
    role: str | None = None
    plan: str | None = None
    auth: str = "required"
    user_in_org: bool = False
    throttle: tuple[str, int] | None = None
    old: bool = False
    cached: bool = True
