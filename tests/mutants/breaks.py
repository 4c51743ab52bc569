"""Breaks that somebody thought of: each is a way in which data was, or could be, lost, invented or touched."""

from __future__ import annotations

from tests.mutants.areas import WAREHOUSE
from tests.mutants.event_breaks import EVENT_BREAKS
from tests.mutants.hr_breaks import HR_BREAKS
from tests.mutants.more_breaks import MORE_BREAKS
from tests.mutants.written_break import Break

PUBLISH, MERGE = "warehouse/loading/publish.py", "warehouse/loading/merge.py"
PREPARING, RUNNING = "warehouse/loading/preparing.py", "warehouse/bookkeeping/running.py"
BASE = "warehouse/backends/base.py"
SIDE_BY_SIDE = ("tests/integration/warehouse/test_side_by_side.py",)
LEASE, POSTGRESQL = "warehouse/backends/lease.py", "warehouse/backends/postgresql.py"
RUN, WINDOW = "warehouse/run.py", "api/rate_limit/window.py"
LIMITS = ("tests/unit/api/rate_limit",)


WAREHOUSE_BREAKS = (
    Break(
        "null hashes equal",
        MERGE,
        'parts = [f"{held} IS NULL", f"{held} <> {lay.column(ROW_HASH.name, \'s\')}"]',
        "parts = [f\"{held} <> {lay.column(ROW_HASH.name, 's')}\"]",
        "a row whose hash somebody took away keeps whatever it holds for ever",
        WAREHOUSE,
    ),
    Break(
        "page marks kept after a partial run",
        PUBLISH,
        "if not result.complete or result.partial or work.too_many_conflicts:",
        "if not result.complete or work.too_many_conflicts:",
        "a page is skipped although its rows have changed in the table",
        WAREHOUSE,
    ),
    Break(
        "page marks kept after an incomplete run",
        PUBLISH,
        "if result.changed or work.too_many_conflicts:",
        "if work.too_many_conflicts:",
        "a page is skipped although its rows have changed in the table",
        WAREHOUSE,
    ),
    Break(
        "pages in conflict stay known",
        PUBLISH,
        "if work.conflicts.isdisjoint(unpack_keys(p.keys))",
        "if True",
        "two pages that disagree about a row are both believed in the next run",
        WAREHOUSE,
    ),
    Break(
        "doubled key across pages",
        PREPARING,
        "if staged and not load.distinct:",
        "if False:",
        "a row that two pages hold is stored twice, or stops the run",
        WAREHOUSE,
    ),
    Break(
        "first instead of last of a doubled key",
        PREPARING,
        "(SELECT max({order}) AS last",
        "(SELECT min({order}) AS last",
        "what was read first wins over what was read later",
        WAREHOUSE,
    ),
    Break(
        "deletion guard off by one",
        RUN,
        "live >= self.minimum and missing > self.share * live",
        "live >= self.minimum and missing > self.share * live + 1",
        "one row more than allowed is deleted",
        WAREHOUSE,
    ),
    Break(
        "deletion guard asked after writing",
        PUBLISH,
        "        self._ask_guards(works)\n",
        "",
        "a mass deletion passes",
        WAREHOUSE,
    ),
    Break(
        "replacement not guarded",
        PUBLISH,
        "missing = max(counts.live - counts.staged, 0)",
        "missing = 0",
        "a short list empties a replaced table",
        WAREHOUSE,
    ),
    Break(
        "asynchronous commit in publishing",
        POSTGRESQL,
        "SET LOCAL synchronous_commit = on",
        "SET LOCAL synchronous_commit = off",
        "a published run is gone after a crash of the server",
        WAREHOUSE,
    ),
    Break(
        "replace by an incomplete read",
        PREPARING,
        "not (load.result.complete and not load.result.partial)",
        "load.result.partial",
        "rows that were not read are deleted",
        WAREHOUSE,
    ),
    Break(
        "replace by a partial read",
        PREPARING,
        "not (load.result.complete and not load.result.partial)",
        "not load.result.complete",
        "rows that were not asked for are deleted",
        WAREHOUSE,
    ),
    Break(
        "deletions by an incomplete read",
        PUBLISH,
        "find_missing = result.complete and not result.partial and",
        "find_missing = not result.partial and",
        "rows that were not read are deleted",
        WAREHOUSE,
    ),
    Break(
        "deletions outside the scope",
        MERGE,
        "parts = [lay.in_scope(), lay.is_live(), self._not_in(self.stage)]",
        "parts = [lay.is_live(), self._not_in(self.stage)]",
        "one organisation's sync deletes another's rows",
        WAREHOUSE,
    ),
    Break(
        "replacement outside the scope",
        MERGE,
        'f"DELETE FROM {lay.target} WHERE {lay.in_scope()}"',
        'f"DELETE FROM {lay.target}"',
        "one organisation's sync deletes another's rows",
        WAREHOUSE,
    ),
    Break(
        "rows of kept pages are missing",
        MERGE,
        "            parts.append(self._not_in(self.keys))\n",
        "            pass\n",
        "unchanged pages lose their rows",
        WAREHOUSE,
    ),
    Break(
        "a lost lease publishes",
        PUBLISH,
        "if not self._backend.still_locked(",
        "if False and not self._backend.still_locked(",
        "two runs write into one table set",
        WAREHOUSE,
    ),
    Break(
        "a failed run is published without rollback",
        BASE,
        "            self.rollback()\n        except Exception:",
        "            self.commit()\n        except Exception:",
        "half a run is seen",
        SIDE_BY_SIDE,
    ),
    Break(
        "the staging tables of runs under way are dropped",
        RUNNING,
        "backend.is_free(self._session, self._prefix, theirs)",
        "True",
        "one organisation's run takes the rows of another's",
        SIDE_BY_SIDE,
    ),
    Break(
        "what was read before an erasure is published",
        PUBLISH,
        "        load.running.check()\n",
        "",
        "an erased person comes back",
        SIDE_BY_SIDE,
    ),
)

LIMIT_BREAKS = (
    Break(
        "one request too many in a window",
        WINDOW,
        "any(limit.spent(self.in_flight(limit)) < limit.limit for limit in current)",
        "any(limit.spent(self.in_flight(limit)) <= limit.limit for limit in current)",
        "the API refuses a request and blocks the key",
        LIMITS,
    ),
    Break(
        "requests without an answer not counted",
        WINDOW,
        "return sum(flight[0] >= limit.opened for flight in self.flights.values())",
        "return sum(flight[0] >= limit.opened and not flight[3] for flight in self.flights.values())",
        "requests that time out but arrive exceed the limit",
        LIMITS,
    ),
    Break(
        "a block ends too early",
        WINDOW,
        'return Wait(self.blocked_until - now + self.slack, "block")',
        'return Wait(max(self.blocked_until - now - 1.0, 0.001), "block")',
        "a request within a block prolongs it",
        LIMITS,
    ),
    Break(
        "two openers of one window",
        WINDOW,
        '            if self.opening:\n                return Wait(SOON, "opening")\n',
        "",
        "a window that nobody knows yet is filled by guesses",
        LIMITS,
    ),
)

BREAKS = (*WAREHOUSE_BREAKS, *LIMIT_BREAKS, *HR_BREAKS, *MORE_BREAKS, *EVENT_BREAKS)
