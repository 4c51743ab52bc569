"""Derive the secrets of subscriptions from the one that a connection holds, so that no other place keeps any."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

#: Seconds for which the secret before a rotation is valid too.
OVERLAP = 600.0
#: Least seconds between two looks of a receiver for a rotation.
LOOK_AGAIN = 1.0


def derive(secret: str, organization_id: int, generation: int) -> str:
    """Return the secret of a subscription.

    Cal.com shows the secrets of webhooks to every admin, so it is never given the connection's own; that one can be
    learnt from none of these.

    :param secret: what the connection holds.
    :param organization_id: whose subscription.
    :param generation: how often it was rotated, from 1; 0 for the connection's secret itself, as a webhook has it that
        somebody made by hand.
    """
    if not generation:
        return secret
    return hmac.new(secret.encode(), f"{organization_id}:{generation}".encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Generations:
    """Say which generations of a subscription's secret are in use.

    :param current: what Cal.com signs with.
    :param pending: what it is being told to sign with, None when nobody rotates.
    :param rotated_at: when the current one took the place of the one before, in seconds since 1970.
    """

    current: int = 0
    pending: int | None = None
    rotated_at: float = 0.0

    def valid(self, now: float) -> tuple[int, ...]:
        """Return the generations that a delivery may be signed with.

        :param now: seconds since 1970.
        """
        # The next one too, which nobody knows before Cal.com is told: a receiver may have looked a moment before that.
        found = [self.current, self.current + 1]
        if self.current and now - self.rotated_at < OVERLAP:
            found.append(self.current - 1)
        return tuple(found)
