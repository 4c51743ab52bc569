"""Let a caller pass or not, in the order and with the words of Cal.com's guards.

The order is: organisation exists, role, team lies in it, plan, admin API, user has a profile. A role that
was found sufficient is remembered for five minutes, so that a lost role works a little longer.
"""

from __future__ import annotations

from calcom_provider.sandbox.core.context import Context
from calcom_provider.sandbox.core.errors import forbidden, not_found
from calcom_provider.sandbox.core.permissions import check_permissions

REMEMBERED_SECONDS = 300.0

_RANK = {"MEMBER": 0, "ADMIN": 1, "OWNER": 2}


class Guards:
    """Check the guards of a route; keeps what the role check remembers."""

    def __init__(self) -> None:
        self._passed: dict[tuple[int, int | None, int | None, str], float] = {}

    def clear(self) -> None:
        """Forget what passed."""
        self._passed.clear()

    def check(self, context: Context, now: float) -> None:
        """Refuse what the caller may not do.

        :param now: seconds of the throttle's clock.
        :raises ApiError: 403, 404 or, for an id that is no number, 500.
        """
        route = context.route
        in_organization = "orgId" in context.values
        check_permissions(context)
        if in_organization:
            _is_organization(context)
        if route.role:
            self._role(context, now)
        if in_organization and "teamId" in context.values:
            _team_in_organization(context)
        if in_organization:
            _platform_plan(context)
            _admin_api(context)
        if route.user_in_org:
            _user_in_organization(context)

    def _role(self, context: Context, now: float) -> None:
        role = context.route.role
        assert role is not None
        org_id = context.organization.get("id")
        team_id = context.number("teamId") if "teamId" in context.values else None
        key = (context.caller.user["id"], org_id, team_id, role)
        if self._passed.get(key, 0.0) > now:
            return
        check_role(context, role, org_id, team_id)
        self._passed[key] = now + REMEMBERED_SECONDS


def check_role(context: Context, role: str, org_id: int | None, team_id: int | None) -> None:
    """Check the caller's role in an organisation, a team of it, or a team on its own."""
    world, user_id = context.world, context.caller.user["id"]
    level, minimum = role.split("_")
    needed = _RANK[minimum]
    in_org = world.membership(user_id, org_id) if org_id is not None else None
    if org_id is not None and in_org is None:
        member_word = "part" if team_id is not None else "a member"
        raise forbidden(f"RolesGuard - User is not {member_word} of the organization with id={org_id}.")
    if in_org and (_RANK[in_org["role"]] >= (needed if level == "ORG" else _RANK["ADMIN"])):
        return
    where = f"organization with id={org_id}" if org_id is not None else ""
    if team_id is not None:
        in_team = world.membership(user_id, team_id)
        if org_id is None and in_team is None:
            raise forbidden(f"RolesGuard - User is not a member of the team with id={team_id}.")
        if level == "TEAM" and in_team and _RANK[in_team["role"]] >= needed:
            return
        where = f"{where} team with id={team_id}".strip()
    raise forbidden(
        f"RolesGuard - user with id={user_id} does not have the minimum required role={role} within {where}."
    )


def _is_organization(context: Context) -> None:
    org_id = context.number("orgId")
    organization = context.world.organization(org_id)
    if organization is None:
        # 403, not 404
        text = f"IsOrgGuard - provided organization id={org_id} does not represent any existing organization."
        raise forbidden(text)
    context.organization = organization


def _team_in_organization(context: Context) -> None:
    team_id = context.number("teamId")
    team = context.world.teams.get(team_id)
    if team is None or team["parentId"] != context.org_id:
        raise not_found(f"IsTeamInOrg - Team ({team_id}) not found.")
    context.team = team


def _platform_plan(context: Context) -> None:
    organization, needed = context.organization, context.route.plan
    if not needed or not organization.get("isPlatform"):
        return
    org_id, plan = organization["id"], organization.get("plan")
    if plan is None:
        text = f"PlatformPlanGuard - No platform subscription found for organization with id={org_id}."
        raise forbidden(text)
    if needed == "SCALE" and plan == "ESSENTIALS":
        raise forbidden(
            f"PlatformPlanGuard - organization with id={org_id} does not have required plan for this "
            f"operation. Minimum plan is {needed} while the organization has {plan}."
        )


def _admin_api(context: Context) -> None:
    # The row of settings is asked for, not the flag in it
    if not context.organization.get("adminApi", True):
        text = (
            f"IsAdminAPIEnabledGuard - Organization with id={context.org_id} does not have Admin API access."
        )
        raise forbidden(text)


def _user_in_organization(context: Context) -> None:
    user_id = context.number("userId")
    if context.world.profile(user_id, context.org_id) is None:
        raise forbidden(
            f"IsUserInOrg - user with id={user_id} is not part of the organization with id={context.org_id}."
        )
