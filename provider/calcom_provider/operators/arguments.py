"""Read an operator's arguments, which templates and DAG parameters may have turned into text."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from calcom_provider.api.errors import ConfigurationError

EMPTY = {"", "none", "null"}


def text(value: Any) -> str | None:
    """Return a text, or None for nothing: ``None``, an empty text or a template that rendered to ``None``."""
    return None if value is None or str(value).strip().lower() in EMPTY else str(value).strip()


def flag(value: Any, name: str) -> bool:
    """Return true or false.

    :param value: a truth value or its text.
    :param name: the argument's name, for the error.
    :raises ConfigurationError: if it is neither.
    """
    word = str(value).strip().lower()
    if word not in EMPTY | {"true", "false", "1", "0"}:
        raise ConfigurationError(f"{name} is true or false, not {value!r}.")
    return word in {"true", "1"}


def number(value: Any, name: str) -> int | None:
    """Return a whole number above 0, or None for nothing.

    :param value: a number or its text.
    :param name: the argument's name, for the error.
    :raises ConfigurationError: if it is neither.
    """
    word = text(value)
    if word is None:
        return None
    if not word.isdecimal() or int(word) < 1:
        raise ConfigurationError(f"{name} is a whole number above 0, not {value!r}.")
    return int(word)


def instant(value: Any, name: str) -> datetime:
    """Return an instant; one without an offset is UTC.

    :param value: ISO 8601 text.
    :param name: the argument's name, for the error.
    :raises ConfigurationError: if it is none.
    """
    try:
        parsed = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        raise ConfigurationError(f"{name} is an ISO 8601 date and time, not {value!r}.") from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def names(value: str | Iterable[str] | None) -> list[str] | None:
    """Return a list of names, from a list or from one text separated by commas; None for nothing."""
    parts = value.split(",") if isinstance(value, str) else list(value or ())
    return [part.strip() for part in parts if text(part)] or None
