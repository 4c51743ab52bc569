"""What is broken, and which tests must notice: the places where a wrong decision loses or invents data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "provider" / "calcom_provider"


@dataclass(frozen=True)
class Area:
    """Name modules and the tests that guard them.

    :param name: what the modules decide.
    :param modules: paths below the package.
    :param tests: what pytest is given, the quickest first: a mutant is caught by the first failure.
    """

    name: str
    modules: tuple[str, ...]
    tests: tuple[str, ...]


ENGINE = (
    "tests/integration/warehouse/test_property.py::test_sqlite_follows_the_model",
    "tests/integration/warehouse/test_engine.py",
)
EVENTS = ("tests/integration/events/test_missed.py", "tests/integration/events/test_event_sync.py")
WAREHOUSE = ("tests/unit/warehouse/loading", *ENGINE, *EVENTS)
#: What the write-back decides is the same on every database; those on servers take most of the time.
LOCAL = ("-k", "not mysql and not postgres and not duckdb")
PLAN, ATTRIBUTES = "tests/unit/hr/plan", "tests/unit/hr/attributes"
LEDGER = (
    "tests/unit/hr/ledger/test_ledger.py",
    "tests/unit/hr/ledger/test_erased_people.py",
    "tests/unit/hr/ledger/test_open_and_superseded.py",
)
OUT_OF_OFFICE = (
    "tests/unit/hr/out_of_office/test_uncertain_days.py",
    "tests/unit/hr/out_of_office/test_unmatched.py",
    "tests/unit/hr/out_of_office/test_past.py",
)
UNDO_TEST = "tests/unit/hr/apply/test_undo.py"
APPLY = ("tests/unit/hr/apply/test_one_person.py", "tests/unit/hr/apply/test_lost_answers.py")

AREAS = (
    Area(
        "guards",
        ("hr/plan/guards.py",),
        (PLAN, "tests/unit/hr/apply/test_quarantine.py", *OUT_OF_OFFICE[:2], *LOCAL),
    ),
    Area(
        "ownership",
        ("hr/plan/ownership.py", "hr/ledger/finished_writes.py"),
        (
            "tests/unit/hr/plan/test_ownership.py",
            *LEDGER,
            ATTRIBUTES,
            *OUT_OF_OFFICE,
            "tests/unit/hr/target/test_people_and_twins.py",
            *LOCAL,
        ),
    ),
    Area(
        "difference",
        ("hr/attributes/diff.py", "hr/attributes/column_diff.py", "hr/out_of_office/diff.py"),
        (
            ATTRIBUTES,
            *OUT_OF_OFFICE,
            PLAN,
            "tests/unit/hr/target/test_people_and_twins.py",
            *LEDGER,
            "tests/unit/hr/out_of_office/test_histories.py",
            *LOCAL,
        ),
    ),
    Area("undo", ("hr/apply/undo.py",), (UNDO_TEST, OUT_OF_OFFICE[2], *LEDGER, *APPLY, *LOCAL)),
    Area("publish", ("warehouse/loading/publish.py",), WAREHOUSE),
    Area("merge", ("warehouse/loading/merge.py",), WAREHOUSE),
    Area(
        "lease",
        ("warehouse/backends/lease.py",),
        ("tests/integration/warehouse/test_lease.py", "tests/unit/test_process_identity.py"),
    ),
    Area("page marks", ("warehouse/bookkeeping/page_marks.py",), ("tests/unit/warehouse", *ENGINE)),
    Area(
        "rate window",
        ("api/rate_limit/window.py",),
        (
            "tests/unit/api/rate_limit/test_window.py",
            "tests/unit/api/rate_limit/test_assumptions.py",
            "tests/unit/api/rate_limit/test_requests_of_others.py",
            "tests/unit/api/rate_limit/test_governor_without_limit.py",
            "tests/unit/api/rate_limit/test_headers.py",
            "tests/unit/api/rate_limit/test_governor_property.py",
        ),
    ),
)
