"""Tell a chat how a sync ended."""

from __future__ import annotations

from calcom_provider.lazy import reexport

__getattr__, __dir__, __all__ = reexport(
    __name__,
    {
        "notifications.calcom": ("CalComNotifier",),
        "notifications.state": ("CalComStateNotifier",),
    },
)
