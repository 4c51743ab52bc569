"""Wait in Airflow's triggerer."""

from __future__ import annotations

from calcom_provider.lazy import reexport

__getattr__, __dir__, __all__ = reexport(
    __name__,
    {
        "triggers.calcom": ("CalComConditionTrigger",),
        "triggers.changes": ("CalComChangeTrigger",),
        "triggers.events": ("CalComEventTrigger",),
    },
)
