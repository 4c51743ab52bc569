"""Reach Cal.com and the warehouse with the credentials of Airflow's connections."""

from __future__ import annotations

from calcom_provider.lazy import reexport

__getattr__, __dir__, __all__ = reexport(
    __name__,
    {
        "hooks.calcom": ("CalComHook",),
    },
)
