"""The tabs of plans and quarantines say first what needs somebody, and lead to the plans."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.hr.plan.model import Action, Facts, Plan, Verdict
from calcom_provider.plugins.frame import tabs
from calcom_provider.plugins.report import Settings
from calcom_provider.plugins.write_backs import plans_page, quarantines_page

pytestmark = pytest.mark.usefixtures("airflow_db")
ROOT = "/air/calcom"


def plan(name: str, namespace: str, *, refused: bool) -> Plan:
    verdicts = (Verdict("vanished", not refused, 9, 5),)
    actions = (
        Action(1, "assign", "new", user_id=4, attribute_id="a", option_id="o", after={"value": "North"}),
    )
    facts = Facts(source_rows=4)
    return Plan(name, "attributes", 9, namespace, "s", () if refused else actions, verdicts, facts=facts)


@pytest.fixture
def ledger(tmp_path: Path, set_connection: Callable[..., str]) -> Ledger:
    set_connection("warehouse_default", conn_type="sqlite", host=str(tmp_path / "ledger.db"))
    return Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")


def shown(page: str) -> str:
    answer = (
        plans_page(Settings(), ROOT, tabs(ROOT, page))
        if page == "plans"
        else quarantines_page(Settings(), ROOT, tabs(ROOT, page))
    )
    assert answer.status == 200
    return answer.html


def said(html: str) -> tuple[str, str, str] | None:
    found = re.search(r'<li class="(\w+)"><span class="number">(\d+)</span><p class="said">([^<]*)</p>', html)
    return found and (found[1], found[2], found[3])


def test_plans_that_were_refused_come_first_as_a_number(ledger: Ledger) -> None:
    with ledger:
        ledger.save_plan(plan("one", "hr", refused=True))
        ledger.save_plan(plan("two", "hr", refused=False))
        html = shown("plans")
        assert said(html) == ("fine", "0", "of 1 write-back stopped at a plan that was refused or failed.")
        ledger.save_plan(plan("three", "badge", refused=True))
        html = shown("plans")
    assert said(html) == ("act", "1", "of 2 write-backs stopped at a plan that was refused or failed.")
    assert html.count('<td class="bad" role="cell" data-head="State"><bdi>refused</bdi></td>') == 2
    assert '<a href="/air/calcom/plan/three/warehouse_default"><bdi>three</bdi></a>' in html
    assert '<th scope="col" class="n">Writes</th>' in html
    assert '<th scope="col">Plan</th>' in html


def test_quarantines_that_last_are_counted_and_lead_to_their_plans(ledger: Ledger) -> None:
    with ledger:
        ledger.save_plan(plan("one", "hr", refused=False))
        assert said(shown("quarantines")) is None
        assert "No write-back was ever stopped." in shown("quarantines")
        for name, namespace in (("two", "hr"), ("three", "badge")):
            stopped = plan(name, namespace, refused=True)
            ledger.save_plan(stopped)
            ledger.note_quarantine(stopped, "")
        html = shown("quarantines")
    assert said(html) == ("act", "2", "write-backs are stopped until somebody confirms.")
    assert html.count('<td class="bad" role="cell" data-head="Ended (UTC)"><bdi>lasts</bdi></td>') == 2
    assert '<a href="/air/calcom/plan/two/warehouse_default"><bdi>two</bdi></a>' in html
