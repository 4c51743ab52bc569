"""The view of write-backs names every guard, although it knows none of them."""

from __future__ import annotations

import json
import sqlite3

import sqlalchemy as sa

from calcom_provider.hr.plan import guards
from calcom_provider.hr.plan.model import Verdict
from calcom_provider.reporting.source import Source
from calcom_provider.reporting.views.write_back import RPT_WRITE_BACK
from calcom_provider.warehouse.backends.sqlite import SqliteViews


def test_every_guard_is_named() -> None:
    ledger = {
        f"calcom_writeback_{name}": dict.fromkeys(columns.split(), "text")
        for name, columns in {
            "plans": "organization_id namespace plan_id kind hash status created_at applied_at approved_by"
            " match_rate source_rows report",
            "actions": "plan_id number kind why status user_id attribute_id option_id ooo_id result_id code"
            " request_id attempts sent_at done_at",
        }.items()
    }
    verdicts = [Verdict(one, allowed=False, observed=1.0) for one in guards.GUARDS]
    report = json.dumps({"verdicts": [one.as_dict() for one in verdicts]})
    database = sqlite3.connect(":memory:")
    for name, columns in ledger.items():
        database.execute(f"CREATE TABLE {name} ({', '.join(columns)})")
    database.execute("INSERT INTO calcom_writeback_plans (plan_id, report) VALUES ('p', ?)", [report])
    source = Source({}, views=SqliteViews(), ledger=ledger)
    asked = RPT_WRITE_BACK.select(source).subquery()
    text = source.views.sql_text(sa.select(asked.c.refused_by))
    assert database.execute(text).fetchall() == [(", ".join(sorted(guards.GUARDS)),)]
    database.close()
