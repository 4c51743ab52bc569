"""Issue tokens to managed users."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from calcom_provider.sandbox.world.tables import Row
from calcom_provider.sandbox.world.world import World


def new_tokens(world: World, user: Row, client_id: str) -> dict[str, Any]:
    """Make a pair of tokens: an hour cut to the minute, a year cut to the day."""
    access = (world.today + timedelta(minutes=60)).replace(second=0, microsecond=0)
    refresh = (world.today + timedelta(days=365)).replace(hour=0, minute=0, second=0, microsecond=0)
    row = world.access_tokens.insert(
        {
            "token": f"eyJ{world.ids.token(60)}",
            "refreshToken": f"eyJ{world.ids.token(60)}",
            "userId": user["id"],
            "clientId": client_id,
            "expires": access,
        }
    )
    return {
        "accessToken": row["token"],
        "accessTokenExpiresAt": int(access.timestamp() * 1000),
        "refreshToken": row["refreshToken"],
        "refreshTokenExpiresAt": int(refresh.timestamp() * 1000),
    }
