"""The text of an approval holds all of a plan that is no person's data, and nothing else."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import get_args

from calcom_provider.hr.plan.model import Kind, Verdict
from calcom_provider.hr.review.approval import markdown
from calcom_provider.hr.review.names import names_of
from calcom_provider.hr.review.words import KINDS
from tests.unit.hr.review.plans import PRIVATE, absences, attributes


def cells(text: str) -> list[list[str]]:
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"
    ]


def test_it_tells_totals_by_attribute_and_option_and_no_value_of_anybody() -> None:
    job, plan = attributes()
    text = markdown(plan, names_of(job.attributes))
    rows = cells(text)
    assert ["Team", "Blue", "2", "1", "0"] in rows
    assert ["Team", "Red", "1", "0", "0"] in rows
    # A text may be one person's own: it is counted, and not told.
    assert ["Centre", "(values)", "2", "1", "0"] in rows
    assert [word for word in PRIVATE if re.search(rf"\b{re.escape(word)}\b", text)] == []


def test_it_tells_absences_by_reason_in_days() -> None:
    _, plan = absences()
    text = markdown(plan)
    rows = cells(text)
    assert ["days changed", "1", "1", "2", "0"] in rows
    assert ["cancelled in HR", "1", "1", "0", "2"] in rows
    assert ["new in HR", "1", "1", "2", "0"] in rows
    assert [word for word in PRIVATE if re.search(rf"\b{re.escape(word)}\b", text)] == []


def test_it_tells_every_guard_with_its_limit() -> None:
    job, plan = attributes()
    rows = {row[0].split("`")[1]: row[1:] for row in cells(markdown(plan)) if "`" in row[0]}
    assert rows["persons_changed"] == ["3", "1", "**refused**"]
    assert rows["match_rate"] == ["100 %", "80 %", "passes"]
    assert rows["new_options"] == ["0", "10", "passes"]
    assert {one.guard for one in plan.verdicts} == set(rows)
    lifted = replace(plan, verdicts=(Verdict("vanished", True, 7, 5, True),))
    assert "| 7 | 5 | overridden |" in markdown(lifted)


def test_it_tells_rows_that_are_not_written_with_their_reason_and_how_to_mend_them() -> None:
    _, plan = absences()
    rows = {row[1]: row for row in cells(markdown(plan)) if len(row) == 5 and row[0] in {"error", "warning"}}
    assert rows["bad_date"] == [
        "error", "bad_date", "1", "A date cannot be read",
        "Write days like 2026-03-16 in the HR export, or declare the format in the mapping.",
    ]  # fmt: skip
    assert rows["unmatched"][2] == "1"


def test_it_leads_to_the_page_where_there_is_one() -> None:
    _, plan = absences()
    assert "](https://airflow.example/calcom/plan/x/y)" in markdown(
        plan, link="https://airflow.example/calcom/plan/x/y"
    )
    assert "person by person" not in markdown(plan)


def test_names_stay_inside_their_cells() -> None:
    job, plan = attributes()
    named = names_of(job.attributes)
    wild = replace(named, attributes={"a-Team": "Team | [x](http://evil)\n| a |"})
    text = markdown(plan, wild)
    assert "Team \\| \\[x\\](http://evil) \\| a \\|" in text


def test_a_plan_without_writes_says_so() -> None:
    _, plan = absences()
    assert "3 writes for 3 people, about" in markdown(plan)
    assert "1 write for 1 person, about" in markdown(replace(plan, actions=plan.actions[:1]))
    assert "Nothing to write: Cal.com is as HR says." in markdown(replace(plan, actions=()))


def test_every_kind_of_write_is_told_also_one_that_only_the_ledger_sees() -> None:
    assert set(KINDS) == set(get_args(Kind))
    _, plan = absences()
    noted = [replace(one, kind="ooo_own", why="owned") for one in plan.actions]
    text = markdown(replace(plan, actions=noted))
    assert "| take note of entry | written before, and unknown to this ledger |" in text
