"""Names that several have are told apart."""

from __future__ import annotations

from calcom_provider.reporting.page.reading.dimensions import told_apart


def test_a_number_behind_a_name_gives_no_name_that_another_has() -> None:
    assert told_apart(["North", "South", "North"]) == ["North (1)", "South", "North (2)"]
    assert told_apart(["North", "North", "North (1)"]) == ["North (2)", "North (3)", "North (1)"]
