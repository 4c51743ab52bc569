"""Wait for something in Cal.com, with or without a worker."""

from __future__ import annotations

from calcom_provider.lazy import reexport

__getattr__, __dir__, __all__ = reexport(
    __name__,
    {
        "sensors.calcom": ("CalComBookingSensor", "CalComOutOfOfficeSensor"),
    },
)
