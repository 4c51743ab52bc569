"""The views, in the order in which they are made: by name, tables of facts after those of dimensions.

A view is declared in a module of this folder and found there; nothing else lists it.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module

from calcom_provider.reporting.model import View


def _declared() -> tuple[View, ...]:
    modules = [
        import_module(f"{__name__}.{one.name}") for one in pkgutil.iter_modules(__path__) if not one.ispkg
    ]
    found = {
        value.name: value for module in modules for value in vars(module).values() if isinstance(value, View)
    }
    return tuple(found[name] for name in sorted(found))


VIEWS = _declared()
