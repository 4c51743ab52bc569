"""Keep the words HR systems use for states, in the languages and spellings seen."""

from __future__ import annotations

from typing import Final

ABSENCE_STATUSES: Final[dict[str, tuple[str, ...]]] = {
    # A cancellation that nobody has granted yet leaves the person away.
    "approved": (
        "approved",
        "genehmigt",
        "taken",
        "started",
        "successfully completed",
        "pending_cancellation",
        "pending cancellation",
    ),
    "removed": (
        "cancelled",
        "canceled",
        "storniert",
        "withdrawn",
        "zurückgezogen",
        "superseded",
        "superceded",
        "denied",
        "declined",
        "rejected",
        "refused",
        "retracted",
        "abgelehnt",
        "deleted",
        "gelöscht",
        "remote_was_deleted",
    ),
    "pending": (
        "requested",
        "pending",
        "submitted",
        "not submitted",
        "sent back",
        "beantragt",
        "draft",
    ),
}

EMPLOYEE_STATUSES: Final[dict[str, tuple[str, ...]]] = {
    "active": ("active", "aktiv", "employed", "full-time", "part-time"),
    "leave": ("on leave", "leave", "on_leave", "paid leave", "unpaid leave", "in elternzeit"),
    "prehire": ("pre-hire", "prehire", "pre_hire", "pending", "onboarding", "hired", "future"),
    "terminated": (
        "terminated",
        "inactive",
        "inaktiv",
        "offboarded",
        "former",
        "retired",
        "deceased",
        "ausgeschieden",
    ),
}

REASONS: Final = ("unspecified", "vacation", "travel", "sick", "public_holiday")
