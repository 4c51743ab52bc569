"""Declare the handlers of every operation group: each module of this package is one group.

A new group is a new module here; it is found by itself.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
