"""The run record counts every request that lists were asked with, those of lists that failed among them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from calcom_provider.api.errors import CalComError
from calcom_provider.sandbox.core.wire import Response
from tests.plugins.bench import Bench


def recorded(bench: Bench) -> int:
    """Return the requests of the only run, summed over its resources."""
    found = bench.query("SELECT coalesce(sum(requests), 0) FROM calcom_sync_runs")
    return int(found[0][0])


def test_requests_of_lists_that_are_refused_count(make_bench: Callable[..., Any], sqlite_url: str) -> None:
    bench = make_bench(sqlite_url, users=10)

    def refuse(request: Any, response: Response) -> Response | None:
        if "/roles" not in request.path:
            return None
        return Response(403, b'{"status": "error", "error": {"message": "no"}}', response.headers)

    bench.sandbox.before_answer(refuse)
    bench.sync("all")
    assert bench.client.stats.failed >= 2, "of the organisation and of teams"
    seen = bench.sandbox.stats()["operations"]
    assert min(seen["org_roles.list"], seen["org_team_roles.list"]) >= 1
    # Looking again whether a team is there belongs to no list of the run.
    assert recorded(bench) == sum(seen.values()) - seen["me.get"] - (seen["org_teams.list"] - 1)


def test_requests_of_a_run_that_fails_count(make_bench: Callable[..., Any], sqlite_url: str) -> None:
    bench = make_bench(sqlite_url, users=10)
    bench.sandbox.faults.script([{"do": "400", "operation": "org_memberships.list", "times": 99}])
    with pytest.raises(CalComError):
        bench.sync("memberships")
    assert recorded(bench) == bench.client.stats.requests - 1 > 0, "all but the one that asks whose key it is"
