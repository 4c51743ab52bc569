"""Declare the handlers of every operation group: each module below this package is one group.

A new group is a new module here; it is found by itself.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import walk_packages

for _module in walk_packages(__path__, f"{__name__}."):
    import_module(_module.name)
