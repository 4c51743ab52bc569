"""Say in words what the code of a row that is not written means, and how to mend it."""

from __future__ import annotations

from collections.abc import Mapping

_DAY = "Write days like 2026-03-16 in the HR export, or declare the format in the mapping."
_CLASH = "Two people claim the same user: correct the e-mail in HR, or name the right user under aliases."

REMEDIES: Mapping[str, tuple[str, str]] = {
    # -- reading a row
    "ragged_row": (
        "The row has more or fewer cells than the head",
        "Export the file again; quote cells that hold separators.",
    ),
    "float_id": (
        "An id became a number with a decimal point",
        "Export ids as text; a spreadsheet has rounded this one.",
    ),
    "float_value": ("A text looks like a number that a spreadsheet damaged", "Export the column as text."),
    "not_text": ("A cell holds a nested value", "Name a dotted path to the value in the mapping."),
    "bad_date": ("A date cannot be read", _DAY),
    "bad_number": ("A number cannot be read", "Declare decimal and grouping of the column."),
    "bad_flag": ("Neither yes nor no", "Use true or false in the HR export."),
    "bad_list": ("A list cannot be read", "Use the declared separator, or a JSON list."),
    "missing_key": ("The request has no id", "Map the field key to the column with the request's id."),
    "missing_status": (
        "The row has no status",
        "Map the field status; nothing is taken for approved by guessing.",
    ),
    "missing_start": ("The absence has no first day", _DAY),
    "missing_end": ("The absence has no last day", "Enter it in HR, or set open_ended to roll."),
    "missing_date": ("The row has no day", _DAY),
    "missing_day": ("The row has no day", _DAY),
    "missing_days": ("The request names no days", _DAY),
    "missing_amount": ("The row does not say how much of the day", "Export the amount, and map it."),
    "missing_unit": ("The amount has no unit", "Map the unit, or declare hours or days in the mapping."),
    "end_before_start": ("The last day lies before the first", "Correct the absence in HR."),
    "unknown_status": (
        "The status is no known word",
        "Name the word under statuses in the mapping, as approved, waiting or removed.",
    ),
    "unknown_kind": ("The kind of row is no known word", "Name the word in the mapping."),
    "unknown_unit": ("The unit is no known word", "Name the word under units in the mapping."),
    "unknown_reason": ("The reason is none that Cal.com knows", "Correct the mapping's reasons."),
    "unknown_key": ("The row has a key that is not known", "Correct the row's keys."),
    "conflicting_versions": (
        "Two rows both claim to be the current version",
        "Export the time of the last change, or one row a request.",
    ),
    "duplicate_row": ("The same row twice", "Nothing to mend: it counts once."),
    "older_version": (
        "An older version of a request that is there again",
        "Nothing to mend: the newer one counts.",
    ),
    # -- calendar feeds
    "bad_recurrence": (
        "The rule of a series cannot be read",
        "Correct the series in the calendar, or export its days one by one.",
    ),
    "too_many_occurrences": (
        "A series has more days than are read",
        "Give the series an end in the calendar.",
    ),
    "unknown_person": (
        "Nobody among the employees has this name or address",
        "Correct the name in the calendar or in HR, or adapt the pattern.",
    ),
    "ambiguous_person": (
        "Several employees have this name",
        "Add the person's address to the event: a name alone is never guessed.",
    ),
    # -- finding the person
    "unmatched": (
        "Nobody in Cal.com has this e-mail or id",
        "Invite the person, correct the e-mail, or name the user under aliases.",
    ),
    "ambiguous": ("Several users fit", _CLASH),
    "terminated": ("The person has left", "Nothing to mend: the directory takes care of who left."),
    "pending": ("The person has no profile in the organisation yet", "Let the person accept the invitation."),
    "cal_only": (
        "HR does not name this member of the organisation",
        "Nothing to mend, unless the export lacks somebody.",
    ),
    "out_of_scope": (
        "The person is not in the employee source",
        "Nothing to mend, unless the export lacks somebody.",
    ),
    # -- attributes
    "several_values": (
        "Several values for an attribute that holds one",
        "Leave one in HR, or make it a multi select.",
    ),
    "missing_option": (
        "Cal.com has no option of this name",
        "Make the option in Cal.com, map the word under value_map, or set missing_option to create.",
    ),
    "ambiguous_option": ("Several options have this name", "Rename one of them in Cal.com."),
    "foreign_value": (
        "Somebody else's value is there",
        "Remove it in Cal.com, or declare the column authoritative and confirm.",
    ),
    "extra_value": ("The person holds more than one value", "Remove the others in Cal.com."),
    "weight_loss": (
        "Taking it back would lose a weight",
        "Set allow_weight_loss, if the weight is not needed.",
    ),
    "unknown_lock_or_weight": (
        "Cal.com does not say whether the attribute is locked or weighted",
        "Nothing is taken back from it unless allow_weight_loss is set.",
    ),
    "locked_attribute": (
        "The attribute is locked by a directory",
        "Leave it to the directory, and remove the column.",
    ),
    # -- absences
    "partial_day": ("Only part of a day", "Set partial_days to round_up or block, if it shall count."),
    "net_zero": ("Its corrections cancel each other out", "Nothing to mend: no day is left of it."),
    "past": ("Its days are over", "Nothing to mend: the past is never changed."),
    "after_horizon": (
        "Lies further ahead than horizon_days",
        "Nothing to mend: it is written when it comes closer.",
    ),
    "beyond_termination": ("Days after the person left", "Correct the absence or the leaving date in HR."),
    "type_excluded": (
        "The mapping leaves this type of absence out",
        "Remove it from excluded_types, if it shall be written.",
    ),
    "covered": ("Somebody's own entry has these days already", "Nothing to mend."),
    "covers_for_someone": (
        "Another entry redirects to the person in that time",
        "Name another cover there; Cal.com refuses a plain entry.",
    ),
    "cover_unavailable": (
        "The cover is away, left, or is the person",
        "Name another cover in HR; the absence is written without one.",
    ),
    "cover_self": ("The person is named as their own cover", "Name another cover in HR."),
    "drift_kept": ("Somebody edited the entry by hand", "Nothing, or set on_drift to overwrite."),
    "deleted_by_hand": ("Somebody deleted the entry by hand", "Nothing, or set on_missing to recreate."),
    "kept_uncertain": (
        "An entry stays, because a row about it is uncertain",
        "Mend the uncertain row, or wait for the decision.",
    ),
    "outside_window": ("Lies outside of what the source speaks of", "Nothing to mend."),
    "exists": ("Is there already", "Nothing to mend."),
}


def remedy(code: str) -> tuple[str, str]:
    """Return what a code means and how to mend it.

    :param code: code of an issue.
    """
    word, _, status = code.partition(":")
    if word == "status":
        return (f"HR says {status}", "Nothing to mend: only what is approved is written.")
    usual = (code.replace("_", " ").capitalize(), "Look at the row in the HR system.")
    return REMEDIES.get(code, usual)
