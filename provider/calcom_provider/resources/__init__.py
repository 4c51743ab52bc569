"""What can be read from Cal.com as tables, declared as data."""

from __future__ import annotations

from calcom_provider.lazy import reexport

__getattr__, __dir__, __all__ = reexport(
    __name__,
    {
        "resources.model": ("Child", "Read", "Resource", "Windows"),
        "resources.registry": ("DEFAULT", "catalogue", "get", "select"),
    },
)
