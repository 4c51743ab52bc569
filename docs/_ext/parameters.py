"""Write a table of parameters for each operator, sensor and notifier, from its docstrings and its signature."""

from __future__ import annotations

import inspect
import re
from typing import Any

from calcom_provider import notifications, operators, sensors, transfers

FACES = (transfers, operators, sensors, notifications)
PARAMETER = re.compile(r":param (\w+): (.+?)(?=\n:\w|\n\n|\Z)", re.DOTALL)


def documented() -> dict[str, type]:
    """Return what users put into DAGs, by class name: all that takes parameters."""
    found = {name: getattr(face, name) for face in FACES for name in face.__all__}
    return {name: one for name, one in found.items() if name.endswith(("Operator", "Sensor", "Notifier"))}


def parameters_of(declared: type) -> dict[str, tuple[str, str]]:
    """Return the parameters of a class, those of its own bases included: name to default and meaning.

    :param declared: the class.
    """
    meanings: dict[str, str] = {}
    defaults: dict[str, Any] = {}
    for base in declared.__mro__:
        if not base.__module__.startswith("calcom_provider."):
            continue
        for name, text in PARAMETER.findall(inspect.cleandoc(base.__dict__.get("__doc__") or "")):
            meanings.setdefault(name, " ".join(text.split()))
        if "__init__" in base.__dict__:
            for name, one in inspect.signature(inspect.unwrap(base.__init__)).parameters.items():
                defaults.setdefault(name, one.default)
    return {name: (_shown(defaults.get(name, inspect.Parameter.empty)), meanings[name]) for name in meanings}


def table(declared: type) -> list[str]:
    """Return the table as lines of a page.

    :param declared: the class.
    """
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: 24 16 60", ""]
    lines += ["   * - parameter", "     - default", "     - meaning"]
    for name, (default, meaning) in parameters_of(declared).items():
        lines += [f"   * - ``{name}``", f"     - {default}", f"     - {meaning}"]
    return lines


def _shown(default: Any) -> str:
    if default is inspect.Parameter.empty:
        return "required"
    return (
        ""
        if default is None or not isinstance(default, str | int | float | bool | dict | tuple)
        else f"``{default!r}``"
    )
