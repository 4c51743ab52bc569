"""The page of a plan: who changes from what to what, joined with names, safe with whatever is in it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from calcom_provider.hr.errors import LedgerError
from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.hr.review.data import Review, page_data
from calcom_provider.hr.review.names import Names, Tables, read_names
from calcom_provider.hr.review.reading import read_review
from calcom_provider.hr.review.render import render
from tests.plugins.snowflakes import query
from tests.unit.hr.review.plans import NAMES, PEOPLE, absences, attributes

NOW = datetime(2026, 3, 16, 7, 30, tzinfo=UTC)


def people(review: Review) -> dict[str, Any]:
    return {one["name"]: one for one in page_data(review)["people"]}


def test_each_person_is_shown_with_before_and_after_and_department() -> None:
    _, plan = attributes()
    found = people(Review(plan, names=NAMES))
    assert list(found) == ["Ada Moreau", "Grace Okafor", "Jean Costa"]
    ada = found["Ada Moreau"]
    assert (ada["id"], ada["dept"], ada["keys"]) == (1, "Sales", ["E1"])
    changes = {one["what"]: one for one in ada["changes"]}
    assert (changes["Team"]["before"], changes["Team"]["after"]) == (["Blue"], ["Red"])
    assert (changes["Cost centre"]["before"], changes["Cost centre"]["after"]) == (["C-777"], ["C-778"])
    assert found["Jean Costa"]["dept"] == ""


def test_ids_stand_where_names_lack() -> None:
    _, plan = attributes()
    found = people(Review(plan))
    assert set(found) == {"User 1", "User 2", "User 4"}
    assert {one["what"] for one in found["User 1"]["changes"]} == {"a-Team", "a-Centre"}
    assert "Ada Moreau" not in render(Review(plan))


def test_days_are_shown_before_and_after_with_cover_and_reason() -> None:
    _, plan = absences()
    found = people(Review(plan, names=NAMES))
    (ada,) = found["Ada Moreau"]["changes"]
    assert (ada["before_days"], ada["after_days"]) == (
        ["2026-05-04", "2026-05-08"],
        ["2026-05-04", "2026-05-10"],
    )
    assert ada["why"] == "days changed"
    (grace,) = found["Grace Okafor"]["changes"]
    assert (grace["before_days"], "after_days" in grace) == (["2026-05-11", "2026-05-12"], False)
    (alan,) = found["Alan Ito"]["changes"]
    assert (alan["after_days"], alan["note"]) == (["2026-06-01", "2026-06-02"], "cover Jean Costa")
    assert page_data(Review(plan))["out"] == {
        "2026-05-09": 1, "2026-05-10": 1, "2026-06-01": 1, "2026-06-02": 1,
    }  # fmt: skip


def test_rows_that_are_not_written_are_listed_with_reasons_and_how_to_mend_them() -> None:
    _, plan = absences()
    issues = {one["code"]: one for one in page_data(Review(plan, names=NAMES))["issues"]}
    assert issues["bad_date"]["mend"].startswith("Write days like")
    assert [(row["key"], row["row"]) for row in issues["bad_date"]["rows"]] == [("R4", 4)]
    assert issues["unmatched"]["rows"][0]["key"] == "R5"


def test_guards_are_gauges_with_their_limits_those_that_refuse_first() -> None:
    _, plan = attributes()
    page = render(Review(plan, "refused", NAMES, made_at=NOW))
    gauges = re.findall(r'<li class="(refused|passes|overridden)">.*?<code>(\w+)</code>', page)
    assert gauges[0] == ("refused", "persons_changed")
    assert {guard for _, guard in gauges} == {one.guard for one in plan.verdicts}
    assert "3 counted, at most 1" in page
    assert "--confirm persons_changed=3" in page


def test_who_confirmed_is_told() -> None:
    _, plan = absences()
    given = [{"by": "ada@host", "at": NOW.timestamp(), "guards": [{"guard": "vanished"}]}]
    page = render(Review(plan, confirmations=given))
    assert "ada@host, 16 March 2026, 07:30 UTC: entries whose request is just missing" in page


def test_it_fetches_nothing_and_nothing_in_the_data_is_taken_for_markup() -> None:
    hostile = "</script><script>window.hit=1</script>"
    _, plan = attributes()
    names = replace(NAMES, people={1: hostile}, attributes={"a-Team": hostile}, options={})
    page = render(Review(plan, hostile, names))
    assert hostile not in page
    assert re.findall(r'(?:src|href)="(?!data:|#)', page) == []
    assert page.count("<script") == 3
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy
    assert "default-src 'none'" in policy[1]
    carried = re.findall(r"<(style|script)>(.*?)</\1>", page, re.DOTALL)
    assert [tag for tag, _ in carried] == ["style", "script", "script"]
    for tag, text in carried:
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        allowed = next(part for part in policy[1].split("; ") if part.startswith(f"{tag}-src "))
        assert f"'sha256-{digest}'" in allowed
        assert "http:" not in text.replace("http://www.w3.org/2000/svg", "")
        assert "https:" not in text
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page)
    assert json.loads(data)["people"][-1]["name"] == hostile or hostile in data.encode().decode(
        "unicode_escape"
    )


def test_a_plan_with_nothing_to_write_has_a_page() -> None:
    _, plan = absences()
    page = render(Review(replace(plan, actions=(), issues=(), verdicts=())))
    assert "Nothing to write: Cal.com is as HR says." in page
    assert "Nobody changes." in page


# -- reading -------------------------------------------------------------------------------------------------


def test_a_plan_is_read_with_how_far_it_came(warehouse_url: str) -> None:
    with Ledger(warehouse_url) as ledger:
        job, plan = absences(ledger)
        job.apply(plan, reread=True)
    review = read_review(warehouse_url, plan.id, None)
    assert review.plan == plan
    assert (review.status, review.forgotten) == ("applied", False)
    assert {change["state"] for one in page_data(review)["people"] for change in one["changes"]} == {"done"}


def test_what_was_forgotten_is_shown_as_ids_and_codes(warehouse_url: str) -> None:
    with Ledger(warehouse_url) as ledger:
        _, plan = absences(ledger)
        ledger.forget_values(901, older_than_days=-1)
    review = read_review(warehouse_url, plan.id, None)
    page = render(review)
    assert review.forgotten
    assert "Its values were removed after their retention" in page
    assert [one["id"] for one in page_data(review)["people"]] == [1, 2, 3]


def test_a_quarantine_of_the_namespace_is_told(warehouse_url: str) -> None:
    with Ledger(warehouse_url) as ledger:
        _, plan = attributes(ledger)
        assert plan.refusals
    review = read_review(warehouse_url, plan.id, None)
    assert f"Quarantine of the namespace hr: lasts, by plan {plan.id}." in render(review)


def test_looking_makes_and_changes_nothing(warehouse_url: str) -> None:
    with pytest.raises(LedgerError, match=r"no ledger in this database\. Name|no such database file\. Look"):
        read_review(warehouse_url, "x", None)
    if warehouse_url.startswith("snowflake"):
        assert query(warehouse_url, "SELECT table_name FROM information_schema.tables") == []
    elif not warehouse_url.startswith("duckdb"):  # a DuckDB file is refused before it is made
        engine = sa.create_engine(warehouse_url)
        assert sa.inspect(engine).get_table_names() == []
        engine.dispose()


def test_names_and_departments_come_from_the_synced_tables(warehouse_url: str) -> None:
    with Ledger(warehouse_url) as ledger:
        _, plan = attributes(ledger)
        make_tables(ledger)
    review = read_review(warehouse_url, plan.id, Tables(warehouse_url))
    assert review.names.people == PEOPLE
    # 2's assignment has ended, 3's is one that the last sync missed, 4's is of another organisation.
    assert review.names.departments == {1: "Sales"}
    assert review.names.attribute("a-Team") == "Team"
    assert people(review)["Ada Moreau"]["dept"] == "Sales"
    assert read_names(Tables(warehouse_url, prefix="other_"), 901) == Names()
    assert read_names(Tables(warehouse_url, department="Team"), 901).departments == {}


def test_tables_that_cannot_be_read_leave_ids(warehouse_url: str) -> None:
    with Ledger(warehouse_url) as ledger:
        _, plan = attributes(ledger)
    review = read_review(warehouse_url, plan.id, Tables("sqlite:////nowhere/at/all.db"))
    assert review.names == Names()


def make_tables(ledger: Ledger) -> None:
    """Make synced tables beside a ledger: merged ones with marks of deletion, assignments with versions."""
    with ledger._database.transaction() as run:
        for name, columns in {
            "users": "organization_id BIGINT, id BIGINT, name VARCHAR(80), email VARCHAR(80)",
            "attributes": "organization_id BIGINT, id VARCHAR(40), name VARCHAR(40), slug VARCHAR(40), "
            "type VARCHAR(40)",
            "attribute_options": "organization_id BIGINT, id VARCHAR(40), value VARCHAR(40)",
            "attribute_assignments": "organization_id BIGINT, attribute_id VARCHAR(40), option_id VARCHAR(40), "
            "user_id BIGINT, is_current BOOLEAN, _calcom_deleted_at TIMESTAMP NULL",
        }.items():
            run(sa.text(f"CREATE TABLE calcom_{name} ({columns})"))
        for number, name in PEOPLE.items():
            run(
                sa.text(
                    f"INSERT INTO calcom_users VALUES (901, {number}, '{name}', 'user{number}@example.com')"
                )
            )
        run(sa.text("INSERT INTO calcom_users VALUES (902, 1, 'Somebody else', 'x@example.com')"))
        for each in (
            "'a-Team', 'Team', 'team', 'SINGLE_SELECT'",
            "'dep', 'Department', 'department', 'TEXT'",
        ):
            run(sa.text(f"INSERT INTO calcom_attributes VALUES (901, {each})"))
        run(sa.text("INSERT INTO calcom_attribute_options VALUES (901, 'd1', 'Sales')"))
        for user, current, gone, organization in (
            (1, "true", "NULL", 901), (2, "false", "NULL", 901), (3, "true", "'2026-03-01 00:00:00'", 901),
            (4, "true", "NULL", 902),
        ):  # fmt: skip
            run(
                sa.text(
                    "INSERT INTO calcom_attribute_assignments "
                    f"VALUES ({organization}, 'dep', 'd1', {user}, {current}, {gone})"
                )
            )
