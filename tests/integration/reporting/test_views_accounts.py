"""Sync health and write-backs come out of every database as what was done says."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa

from calcom_provider.hr.errors import RefusedError
from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.hr.ledger.tables import PLANS
from calcom_provider.hr.plan.guards import GuardLimits
from calcom_provider.hr.plan.model import Plan
from calcom_provider.hr.sources.rows import from_records
from calcom_provider.reporting.building.build import Reports
from calcom_provider.reporting.views import VIEWS
from calcom_provider.warehouse import (
    Column,
    DeleteGuard,
    GuardExceededError,
    PageMark,
    RunInfo,
    Table,
    TableLoad,
    Warehouse,
)
from calcom_provider.warehouse.run import Scope
from tests.integration.reporting import compare
from tests.integration.reporting.expected.accounts import Record, rpt_sync_health, rpt_write_back
from tests.integration.reporting.loading import write_ledger
from tests.integration.reporting.world import ORGANIZATION, make_world
from tests.unit.hr.fake_calcom import FakeCalcom
from tests.unit.hr.jobs import absence, attribute_job, confirmed, employees, ooo_job

KEYS = {view.name: view.key for view in VIEWS}
AGE = "hours_since_success"
ORG, ACCOUNT_ID = Column("organization_id", "integer"), Column("account_id", "integer")
ID, VALUE = Column("id", "integer"), Column("value", "integer")
PEOPLE = Table("people", (ORG, ID, VALUE), key=("organization_id", "id"))
MEETINGS = Table("meetings", (ORG, ID, VALUE), key=("organization_id", "id"))
# Read with the meetings and declared after them, but before them by name.
GUESTS = Table("guests", (ORG, ID, VALUE), key=("organization_id", "id"))
OWN = Table("own", (ORG, ACCOUNT_ID, ID, VALUE), key=("organization_id", "account_id", "id"))
ZONES = Table("zones", (ID, VALUE), key=("id",))
RESOURCES = {"people": "people", "meetings": "meetings", "guests": "meetings", "own": "own", "zones": "zones"}
NINE: Scope = {"organization_id": 9}
TEN: Scope = {"organization_id": 10}
ACCOUNT: Scope = {"organization_id": 9, "account_id": 4}
Costs = Mapping[str, Mapping[str, float]]


class BrokenError(Exception):
    """The process dies here."""


@dataclass(frozen=True)
class Read:
    """Say what is read into one table, and how the read goes."""

    table: Table
    rows: Mapping[int, int] = field(default_factory=dict)
    complete: bool = True
    pages: int = 1
    keeps: bool = False
    error: str = ""

    @property
    def resource(self) -> str:
        return RESOURCES[self.table.name]

    def stage(self, opened: TableLoad, scope: Scope, known: Mapping[str, PageMark]) -> None:
        rows = [(*scope.values(), key, value) for key, value in self.rows.items()]
        size = -(-len(rows) // self.pages)
        if self.error:
            opened.write(rows)
            opened.fail(self.error)
            return
        assert len(known) == (self.pages if self.keeps else 0)
        for mark in known.values():
            opened.keep(mark)
        for number in range(0 if self.keeps else self.pages):
            page = PageMark(f"#{number}", digest=number + 1, count=size)
            opened.write(rows[number * size : (number + 1) * size], page)
        opened.finish(complete=self.complete, reason="" if self.complete else "the list moved")


class Diary:
    """Load a warehouse, and note from what was handed over what each run must have done."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.records: list[Record] = []
        self._held: dict[tuple[str, str], dict[int, int]] = {}

    def run(
        self,
        began: str,
        *reads: Read,
        scope: Scope = NINE,
        costs: Costs | None = None,
        dies: bool = False,
        guard: DeleteGuard | None = None,
    ) -> None:
        """Make one run of several reads; it may die before it publishes, or be refused by a guard."""
        info = RunInfo(scope=scope, started_at=datetime.fromisoformat(began).replace(tzinfo=UTC))
        error = BrokenError if dies else GuardExceededError if guard else None
        ending = pytest.raises(error) if error else contextlib.nullcontext()
        with contextlib.closing(Warehouse(self.url)) as warehouse, ending, warehouse.load(info) as run:
            for read in reads:
                refuses = guard or DeleteGuard.off()
                opened = run.table(read.table, resource=read.resource, deletes="remove", guard=refuses)
                read.stage(opened, scope, run.known_pages(read.resource) if read.keeps else {})
            for resource, counted in (costs or {}).items():
                run.count(resource, **counted)
            if dies:
                raise BrokenError
            run.publish()
        if not reads:
            self._note(info, "*", "", status="failed", complete=False)
        for read in reads:
            self._note_read(info, read, (costs or {}).get(read.resource, {}), error is not None)

    def _note(self, info: RunInfo, resource: str, table: str, **done: Any) -> None:
        scope = ",".join(f"{name}={value}" for name, value in info.scope.items())
        organization: Any = info.scope.get("organization_id")
        self.records.append(
            Record(info.run_id, organization, scope, info.started_at, resource, table, **done)
        )

    def _note_read(self, info: RunInfo, read: Read, costs: Mapping[str, float], failed: bool) -> None:
        held = self._held.setdefault((str(info.scope), read.table.name), {})
        done: dict[str, Any] = {
            "status": "failed" if failed or read.error else "unchanged" if read.keeps else "published",
            "complete": read.complete and not read.error,
            "rows_read": 0 if read.keeps else len(read.rows),
            "pages": 0 if read.error else read.pages,
            **costs,
        }
        if done["status"] != "failed":
            new, known = set(read.rows) - set(held), set(read.rows) & set(held)
            gone = set(held) - set(read.rows) if read.complete else set()
            changed = {key for key in known if held[key] != read.rows[key]}
            held |= read.rows
            for key in gone:
                del held[key]
            done |= {"rows_inserted": len(new), "rows_updated": len(changed), "rows_after": len(held)}
            done |= {"rows_unchanged": len(known) - len(changed), "rows_deleted": len(gone)}
        self._note(info, read.resource, read.table.name, **done)


@pytest.fixture
def diary(warehouse_url: str) -> Diary:
    """Keep runs of three days: several scopes and endings, and a resource of two tables."""
    made = Diary(warehouse_url)
    both = (Read(MEETINGS, {1: 1, 2: 2, 3: 3}, pages=3), Read(GUESTS, {1: 1, 2: 2}, pages=3))
    dear: Costs = {"meetings": {"requests": 3, "waited_seconds": 1.5, "throttled": 2, "bytes": 900}}
    few: Costs = {"people": {"requests": 2, "bytes": 50}}
    made.run("2026-11-10 06:00", Read(PEOPLE, {1: 1, 2: 2, 3: 3}, pages=2), *both, costs={**dear, **few})
    made.run("2026-11-10 07:00", Read(PEOPLE, {1: 1, 2: 9, 4: 4}), costs=few)
    made.run("2026-11-10 08:00", Read(PEOPLE, {7: 7, 8: 8}), scope=TEN, costs={"people": {"requests": 7}})
    made.run("2026-11-10 23:59:59.999", Read(MEETINGS, {1: 1}, complete=False), costs=dear)
    made.run("2026-11-11 00:00", Read(PEOPLE, {1: 5}), dies=True, costs=few)
    made.run("2026-11-11 06:00", Read(PEOPLE, {1: 5}), Read(MEETINGS, {1: 1}, error="403"), costs=few)
    made.run("2026-11-11 07:00", Read(ZONES, {1: 1, 2: 2}), scope={}, costs={"zones": {"requests": 1}})
    made.run("2026-11-11 08:00", Read(OWN, {1: 1}), scope=ACCOUNT)
    made.run("2026-11-12 06:00", Read(PEOPLE, {1: 5}, keeps=True), costs={"people": {"requests": 1}})
    made.run("2026-11-12 07:00", Read(PEOPLE, {1: 1}), scope=TEN, dies=True)
    made.run("2026-11-12 07:30", Read(OWN, {1: 2}), scope={**TEN, "account_id": 4}, dies=True)
    made.run("2026-11-12 08:00", Read(PEOPLE, {1: 6}), costs=few)
    return made


def create(url: str) -> None:
    with Reports(url) as reports:
        reports.create(days_back=1, days_ahead=1)


def check_health(diary: Diary) -> None:
    create(diary.url)
    actual = compare.read_view(diary.url, "rpt_sync_health")
    expected = rpt_sync_health(diary.records, datetime.now(UTC))
    assert list(actual.columns) == list(expected.columns)
    # The clock goes on between the two, and the view counts whole minutes.
    assert ages(actual) == pytest.approx(ages(expected), abs=0.05)
    compare.assert_same(actual.drop(columns=AGE), expected.drop(columns=AGE), KEYS["rpt_sync_health"])


def ages(rows: pd.DataFrame) -> dict[Any, Any]:
    """Give the hours since the last success, by key."""
    listed = rows[[*KEYS["rpt_sync_health"], AGE]].itertuples(index=False)
    return {tuple(map(compare.plain, key)): compare.plain(age) for *key, age in listed}


def test_health_is_what_the_runs_did(diary: Diary) -> None:
    check_health(diary)


def test_a_run_that_is_dated_after_a_clock_ahead_tells_its_age_by_its_end(diary: Diary) -> None:
    ahead = datetime.now(UTC).replace(tzinfo=None) + timedelta(days=3)
    diary.run(ahead.isoformat(), Read(PEOPLE, {1: 7}))
    diary.run(datetime.now(UTC).replace(tzinfo=None).isoformat(), Read(PEOPLE, {1: 8}))
    create(diary.url)
    rows = compare.read_view(diary.url, "rpt_sync_health")
    mine = rows[(rows["table_name"] == PEOPLE.name) & (rows["organization_id"] == 9)]
    assert pd.to_datetime(mine["last_started_at"], utc=True).max() <= pd.Timestamp.now(tz="UTC")
    assert 0 <= float(mine[AGE].max()) < 1


def test_a_refused_run_changed_nothing(diary: Diary) -> None:
    guard, costs = DeleteGuard(absolute=0), {"people": {"requests": 4}}
    diary.run("2026-11-13 06:00", Read(PEOPLE, {9: 9}), guard=guard, costs=costs)
    check_health(diary)


def test_a_run_that_came_to_no_table_is_told(diary: Diary) -> None:
    diary.run("2026-11-13 06:00", dies=True)
    check_health(diary)


# -- write-back ----------------------------------------------------------------------------------------------


def test_write_backs_are_what_the_ledger_says(warehouse_url: str) -> None:
    worlds = [make_world(), make_world(seed=7, organization_id=ORGANIZATION + 10)]
    write_ledger(warehouse_url, worlds)
    create(warehouse_url)
    expected = pd.concat(map(rpt_write_back, worlds), ignore_index=True)
    actual = compare.read_view(warehouse_url, "rpt_write_back")
    compare.assert_same(actual, expected, KEYS["rpt_write_back"])


@pytest.fixture
def ledger(warehouse_url: str) -> Iterator[Ledger]:
    with Ledger(warehouse_url) as opened:
        yield opened


def told(url: str, plan: Plan) -> dict[str, Any]:
    """Give what the view says of a plan, from its first row; it says the same in each."""
    create(url)
    rows = compare.read_view(url, "rpt_write_back")
    rows = rows[rows["plan_id"] == plan.id]
    assert len(rows) == max(len(plan.actions), 1)
    of_plan = rows[["plan_status", "plan_hash", "plan_kind", "source_rows", "match_rate", "refused_by"]]
    assert len(of_plan.drop_duplicates()) == 1
    return dict(of_plan.iloc[0])


def strangers() -> tuple[FakeCalcom, Any]:
    """Make three people of whom two are known to HR, next to two whom Cal.com does not know."""
    fake = FakeCalcom()
    for number in (1, 2, 3):
        fake.add_user(number)
    fake.add_attribute("Skills", "MULTI_SELECT", ["Go", "Rust"])
    fake.hold(1, "o-Rust")
    known = [{**one} for one in employees(fake, skills={1: "Go", 2: None, 3: None}).records]
    unknown = [{**known[0], "id": f"X{n}", "email": f"x{n}@lumen.example"} for n in (1, 2)]
    return fake, from_records([*known, *unknown])


def test_guards_that_refused_a_plan_are_named(warehouse_url: str, ledger: Ledger) -> None:
    fake, rows = strangers()
    columns = {"skills": {"attribute": "Skills", "mode": "authoritative"}}
    job = attribute_job(fake, ledger, columns, limits=GuardLimits())
    refused = job.plan(rows)
    with pytest.raises(RefusedError):
        job.apply(refused, reread=False)
    assert set(refused.refusals) == {"foreign_unassigns", "match_rate"}
    seen = told(warehouse_url, refused)
    assert seen["refused_by"] == "foreign_unassigns, match_rate"
    assert (seen["plan_status"], seen["plan_kind"]) == ("refused", "attributes")
    assert (seen["source_rows"], seen["match_rate"]) == (5, 0.6)
    # Somebody named the plan's hash: the same guards refuse nothing.
    agreed = confirmed(job, refused).plan(rows)
    job.apply(agreed, reread=False)
    seen = told(warehouse_url, agreed)
    assert (seen["refused_by"], seen["plan_status"]) == (None, "applied")
    assert seen["plan_hash"] == refused.hash


def test_a_verdict_may_have_its_fields_in_any_order(warehouse_url: str, ledger: Ledger) -> None:
    fake, rows = strangers()
    columns = {"skills": {"attribute": "Skills", "mode": "authoritative"}}
    refused = attribute_job(fake, ledger, columns, limits=GuardLimits()).plan(rows)
    report = told_report(ledger, refused)
    for turn in (sorted, lambda fields: sorted(fields, reverse=True)):
        verdicts = [{name: one[name] for name in turn(one)} for one in report["verdicts"]]
        with ledger._database.transaction() as run:
            changed = sa.update(PLANS).where(PLANS.c.plan_id == refused.id)
            run(changed.values(report=json.dumps({**report, "verdicts": verdicts})))
        assert told(warehouse_url, refused)["refused_by"] == "foreign_unassigns, match_rate"


def told_report(ledger: Ledger, plan: Plan) -> dict[str, Any]:
    """Give what the ledger holds of a plan's guards."""
    with ledger._database.transaction() as run:
        rows = run(sa.select(PLANS.c.report).where(PLANS.c.plan_id == plan.id))
    return dict(json.loads(rows[0]["report"]))


def test_written_entries_name_the_requests_behind_them(warehouse_url: str, ledger: Ledger) -> None:
    fake = FakeCalcom()
    for number in (1, 2):
        fake.add_user(number)
    job = ooo_job(fake, ledger)
    rows = [absence(f"R{n}", n, "2026-05-04", f"2026-05-0{n + 4}") for n in (1, 2)]
    made = job.plan(from_records(rows))
    job.apply(made, reread=False)
    changed = job.plan(from_records([rows[0] | {"end": "2026-05-11"}, rows[1] | {"status": "cancelled"}]))
    job.apply(changed, reread=False)
    assert told(warehouse_url, changed)["plan_status"] == "applied"
    behind = " ".join(sorted(made.actions[0].own["behind"]))
    assert behind
    view = compare.read_view(warehouse_url, "rpt_write_back")
    found = {(one.plan_id, one.action, one.user_id): one.hr_requests for one in view.itertuples()}
    assert found == {
        (made.id, "ooo_create", 1): behind,
        # The entry is gone, and with it what the ledger knew of it.
        (made.id, "ooo_create", 2): None,
        (changed.id, "ooo_update", 1): behind,
        (changed.id, "ooo_delete", 2): None,
    }
