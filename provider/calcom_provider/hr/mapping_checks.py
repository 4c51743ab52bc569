"""Check values of a mapping; errors name the place by its path."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from calcom_provider.hr.cells import as_decimal, as_text
from calcom_provider.hr.errors import CellError, HrSettingsError


def as_object(raw: Any, where: str) -> Mapping[Any, Any]:
    if not isinstance(raw, Mapping):
        raise HrSettingsError(f"{where}: expected an object")
    return raw


def check_known(raw: Mapping[Any, Any], allowed: set[str], where: str) -> None:
    if unknown := sorted(str(key) for key in raw if key not in allowed):
        raise HrSettingsError(
            f"{where}: unknown key {', '.join(unknown)}; known: {', '.join(sorted(allowed))}"
        )


def choice_of(raw: Mapping[str, Any], key: str, allowed: tuple[str, ...], default: str, where: str) -> str:
    value = raw.get(key, default)
    if value not in allowed:
        raise HrSettingsError(f"{where}.{key}: {value!r} is none of {', '.join(allowed)}")
    return str(value)


def as_texts(raw: Any, where: str) -> list[str]:
    if not isinstance(raw, list | tuple):
        raise HrSettingsError(f"{where}: expected a list")
    return [as_word(one) for one in raw]


def as_word(value: Any) -> str:
    # YAML reads yes, 0 and 2026-01-01 as its own types; words of an HR system are text.
    return as_text(value) or ""


def as_positive(raw: Any, where: str) -> Decimal:
    try:
        value: Decimal | None = as_decimal(raw)
    except CellError:
        value = None
    if value is None or value <= 0:
        raise HrSettingsError(f"{where}: expected a number above 0")
    return value
