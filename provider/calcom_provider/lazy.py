"""Re-export the names of a package's face without importing what stands behind them.

``import calcom_provider.api`` costs next to nothing; ``calcom_provider.api.CalComClient`` imports the client.
A stub (``__init__.pyi``) beside each face tells type checkers and editors the same names.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def reexport(
    package: str, modules: Mapping[str, tuple[str, ...]]
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Return ``__getattr__``, ``__dir__`` and ``__all__`` of a package that re-exports names lazily.

    :param package: the package's ``__name__``.
    :param modules: by module, relative to ``calcom_provider``, the names that it gives to the face.
    """
    origin = {name: module for module, names in modules.items() for name in names}
    exported = sorted(origin)

    def getattr_(name: str) -> Any:
        if name not in origin:
            # Also how Python asks whether a submodule is still to be imported.
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f"calcom_provider.{origin[name]}"), name)
        setattr(sys.modules[package], name, value)
        return value

    def dir_() -> list[str]:
        return sorted({*vars(sys.modules[package]), *exported})

    return getattr_, dir_, exported
