"""The base of every error that this package raises: catch it, and nothing of ours passes by.

It stands below all rooms, because the rooms of the API and of the warehouse do not know each other.
"""

from __future__ import annotations

import re

_BLANKS = re.compile(r"[\s\x00-\x1f\x7f]+")


class CalComError(Exception):
    """Report a failure in one line.

    :param message: what failed, a sentence.
    :param operation: short name of the operation.
    :param status: HTTP status of the answer, None when there was none.
    :param reason: what the API said, scrubbed.
    :param request_id: the answer's ``X-Request-Id``, which Cal.com's support asks for.
    :param advice: what the user can do, a sentence.
    :param repeated: whether an earlier attempt of the same call may have landed, so that a conflict or a
        missing object may be its own doing.
    """

    def __init__(
        self,
        message: str = "",
        *,
        operation: str | None = None,
        status: int | None = None,
        reason: str | None = None,
        request_id: str | None = None,
        advice: str | None = None,
        repeated: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.operation = operation
        self.status = status
        self.reason = reason
        self.request_id = request_id
        self.advice = advice
        self.repeated = repeated

    def __str__(self) -> str:
        parts = [f"{self.operation}: {self.message}" if self.operation else self.message]
        if self.advice:
            parts.append(self.advice)
        if self.request_id:
            parts.append(f"[request id {self.request_id}]")
        return one_line(" ".join(part for part in parts if part))


def one_line(text: str) -> str:
    """Return a text on one line, runs of blanks and control characters as one space.

    :param text: any text.
    """
    return _BLANKS.sub(" ", text).strip()


def at_line(error: Exception) -> str:
    """Say at which line a YAML file is wrong, ``", line 3"``; empty when its parser does not tell.

    :param error: what the parser raised.
    """
    mark = getattr(error, "problem_mark", None)
    return f", line {mark.line + 1}" if mark else ""
