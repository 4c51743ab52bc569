"""Say which day the imitated organisation lives in."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, time

#: Environment variable that fixes the day, for tests and for demonstrations that are to be repeated.
VARIABLE = "CALCOM_SANDBOX_TODAY"


def moment_of(day: date | None) -> datetime:
    """Return the moment that a world begins with, in UTC.

    :param day: a day, whose midnight it becomes, or a moment; None reads ``CALCOM_SANDBOX_TODAY``, else it is
        the day that it is.
    :raises ValueError: the variable is neither a day nor a moment (ISO 8601).
    """
    if day is None:
        text = os.environ.get(VARIABLE, "")
        try:
            day = datetime.fromisoformat(text) if text else datetime.now(UTC).date()
        except ValueError:
            raise ValueError(
                f"{VARIABLE} is «{text}», which is neither a day nor a moment (ISO 8601)"
            ) from None
    if not isinstance(day, datetime):
        return datetime.combine(day, time(), UTC)
    return day.replace(tzinfo=UTC) if day.tzinfo is None else day.astimezone(UTC)
