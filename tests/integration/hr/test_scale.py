"""Hundreds of people, five attributes: writes equal differences, reads stay few; two thousand in `make test-faults`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.hr.apply.applier import Patience
from calcom_provider.hr.attributes.columns import load_columns
from calcom_provider.hr.attributes.job import AttributeJob, AttributeSettings
from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.hr.out_of_office.job import OutOfOfficeJob, OutOfOfficeSettings
from calcom_provider.hr.sources.rows import Rows, from_records
from calcom_provider.hr.target.gateway import Gateway, read_state
from calcom_provider.sandbox import Sandbox
from tests.integration.hr.conftest import connect
from tests.unit.hr.jobs import common

#: More than two pages of memberships; two thousand are ten thousand writes.
PEOPLE = (320, pytest.param(2000, marks=pytest.mark.exhaustive))
COLUMNS = {
    "team": {"attribute": "hr-team"},
    "skills": {"attribute": "hr-skills"},
    "centre": {"attribute": "hr-centre"},
    "badge": {"attribute": "hr-badge"},
    "level": {"attribute": "hr-level"},
}


def make_attributes(gateway: Gateway) -> None:
    def options(*values: str) -> list[dict[str, str]]:
        return [{"value": value, "slug": value.lower()} for value in values]

    for slug, kind, choices in (
        ("team", "SINGLE_SELECT", options(*(f"T{n}" for n in range(20)))),
        ("skills", "MULTI_SELECT", options(*(f"S{n}" for n in range(30)))),
        ("centre", "TEXT", []),
        ("badge", "TEXT", []),
        ("level", "NUMBER", []),
    ):
        gateway.client.call(
            "org_attributes.create", name=f"HR {slug}", slug=f"hr-{slug}", type=kind, options=choices
        )


def rows(users: list[Any], changed: int = 0) -> Rows:
    """HR data of everybody; of the first ``changed`` people every value is another one."""
    return from_records(
        [
            {
                "id": f"E{one.id}",
                "email": one.email,
                "team": f"T{(place + (place < changed)) % 20}",
                "skills": f"S{(place + (place < changed)) % 30}",
                "centre": f"C{(place + (place < changed)) % 50}",
                "badge": f"B{one.id}" + ("x" if place < changed else ""),
                "level": str((place + (place < changed)) % 9),
            }
            for place, one in enumerate(users)
        ]
    )


def allowed_reads(users: int, memberships: int, attributes: int, entries: int) -> int:
    """The promised number of reads: the cheapest route, and two requests more a list."""
    lists = 3 + 2 * attributes if entries == 0 else 3
    cheapest = attributes + math.ceil(users / 1000) + math.ceil(memberships / 250) + math.ceil(entries / 250)
    return cheapest + 2 * lists


@pytest.mark.parametrize("people", PEOPLE)
def test_writes_equal_differences(tmp_path: Path, people: int) -> None:
    with Sandbox(users=people, limit=(1_000_000, 60.0, 60.0)) as sandbox, connect(sandbox) as client:
        gateway = Gateway(client)
        make_attributes(gateway)
        state = read_state(gateway)
        users = sorted((one for one in state.users.values() if one.accepted), key=lambda one: one.id)
        with Ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
            job = AttributeJob(
                gateway, AttributeSettings(common(), load_columns(COLUMNS), False), ledger, Patience(wait=0)
            )
            first = job.plan(rows(users))
            assert len(first.actions) == 5 * len(users)
            assert first.requests_read <= allowed_reads(people, len(state.users), 5, 0)
            assert job.apply(first, reread=False).statuses == {"done": 5 * len(users)}

            before = client.stats.requests
            second = job.plan(rows(users))
            assert second.actions == ()
            assert client.stats.requests - before <= allowed_reads(people, len(state.users), 5, 0)

            share = len(users) // 100
            third = job.plan(rows(users, changed=share))
            # A select takes one assign and one unassign, as does a text that many share; a text of one person is
            # edited in place, after one look whether somebody else holds it by now.
            assert third.counts() == {"assign": 4 * share, "option_update": share, "unassign": 4 * share}
            before = client.stats.requests
            job.apply(third, reread=False)
            assert client.stats.requests - before == 10 * share
            assert job.plan(rows(users, changed=share)).actions == ()


def test_absences_are_read_by_the_cheapest_route(tmp_path: Path) -> None:
    with Sandbox(users=600, limit=(1_000_000, 60.0, 60.0)) as sandbox, connect(sandbox) as client:
        gateway = Gateway(client)
        state = read_state(gateway, entries=True)
        users = [one for one in state.users.values() if one.accepted and one.has_profile]
        source = from_records(
            [
                {
                    "key": f"R{one.id}",
                    "email": one.email,
                    "status": "approved",
                    "start": "2026-05-04",
                    "end": "2026-05-08",
                }
                for one in users
            ]
        )
        with Ledger("sqlite://") as ledger:
            job = OutOfOfficeJob(gateway, OutOfOfficeSettings(common()), ledger, Patience(wait=0))
            plan = job.plan(source)
            # People away by an entry of their own get none, nor do those to whom somebody else's redirects.
            told = [one.code for one in plan.issues]
            assert set(told) == {"covered", "covers_for_someone"}
            assert len(plan.actions) == len(users) - len(told)
            job.apply(plan, reread=False)
            before = client.stats.requests
            assert job.plan(source).actions == ()
            entries = len(gateway.read_entries())
            assert entries > 500
            reads = allowed_reads(600, len(state.users), 0, entries)
            assert job.plan(source).requests_read <= reads
            assert client.stats.requests > before
