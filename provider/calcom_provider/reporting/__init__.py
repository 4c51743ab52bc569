"""Views over the warehouse tables, checks of them, and the page."""

from __future__ import annotations

from calcom_provider.lazy import reexport

__getattr__, __dir__, __all__ = reexport(
    __name__,
    {
        "reporting.building.build": ("Reports",),
        "reporting.checks.checks": ("Checks", "raise_failed"),
        "reporting.checks.results": ("CheckResult", "ChecksFailedError"),
        "reporting.model": ("View",),
        "reporting.source": ("Options", "Source"),
        "reporting.views": ("VIEWS",),
    },
)
