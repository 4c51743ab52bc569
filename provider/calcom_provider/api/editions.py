"""Tell a Cal.com with organisations from one without.

Hosted Cal.com and licensed installations have organisations. A Cal.diy, and releases of the public code since April
2026, have none: their API answers every route of one as an unknown route, ``404 Cannot GET ...``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcom_provider.api.errors import CalComError, NotFoundError

if TYPE_CHECKING:
    from calcom_provider.api.client import CalComClient

NO_ORGANIZATIONS = "this Cal.com has no routes of organisations: a Cal.diy, or a release without them"
ADVICE = "Organisations need hosted Cal.com or a licensed installation; here the group account can be read."


def lacks_organizations(client: CalComClient) -> bool:
    """Ask for the members of an organisation that need not exist, and return whether even the route is missing.

    Costs one request (``org_memberships.list``). A refusal, of rights for example, shows that the route is there.

    :param client: an open client.
    """
    try:
        client.send("org_memberships.list", orgId=1, take=1)
    except CalComError as error:
        return is_missing_route(error)
    return False


def is_missing_route(error: CalComError) -> bool:
    """Tell whether an error says that the server has no such route, rather than no such object.

    :param error: what a call raised.
    """
    return isinstance(error, NotFoundError) and (error.reason or "").startswith("Cannot ")
