"""Breaks of undo, order, ownership and of who holds a lease; of lakehouses, fleets, erasure and shaping."""

from __future__ import annotations

from tests.mutants.areas import ATTRIBUTES, LOCAL, OUT_OF_OFFICE, PLAN, UNDO_TEST
from tests.mutants.written_break import Break

UNDO, ORDER, COLUMN = "hr/apply/undo.py", "hr/out_of_office/order.py", "hr/attributes/column_diff.py"
GUARDS, PROCESS = "hr/plan/guards.py", "process_identity.py"
UNDO_TESTS = (UNDO_TEST, OUT_OF_OFFICE[2], *LOCAL)
OWN_TESTS = (ATTRIBUTES, PLAN, "tests/unit/hr/target/test_people_and_twins.py", *LOCAL)
LAKE, PLANNER = "warehouse/backends/lakehouse/publishing.py", "sync/fleet/planner.py"
LEDGER_ERASURE, PRIVACY, SHAPING = "hr/ledger/erasure.py", "sync/privacy.py", "resources/shaping/tuples.py"
LAKE_TESTS = ("tests/unit/warehouse/backends/test_lake_publishing.py",)
FLEET_TESTS = ("tests/unit/sync/test_fleet_results.py", "tests/unit/sync/test_fleet_planner.py")
SHAPING_TESTS = ("tests/unit/resources/shaping/test_tuples.py",)
INNER, INNER_TESTS = "resources/shaping/inner_check.py", ("tests/unit/resources/shaping/test_inner_check.py",)
ERASURE_TESTS = ("tests/unit/hr/ledger/test_erased_people.py", *LOCAL)
PRIVACY_TESTS = ("tests/integration/test_sync_privacy.py", "-k", "sqlite")
LEASE_TESTS = ("tests/unit/test_process_identity.py", "tests/integration/warehouse/test_lease.py")

MORE_BREAKS = (
    Break(
        "undo of past days",
        UNDO,
        "if min(days) < self.today.isoformat():",
        "if False:",
        "undo changes days that have been",
        UNDO_TESTS,
    ),
    Break(
        "undo of an entry that somebody changed",
        UNDO,
        "if entry is None or entry.shape() != expected:",
        "if entry is None:",
        "undo overwrites what a person did since",
        UNDO_TESTS,
    ),
    Break(
        "undo of what was never done",
        UNDO,
        "if known.status != DONE or",
        "if",
        "undo takes away what another made",
        UNDO_TESTS,
    ),
    Break(
        "removals before creations",
        ORDER,
        "return 0 if redirects_to is not None and redirects_to in going_away else 4",
        "return 0",
        "a person is bookable between the removal and the new entry",
        (OUT_OF_OFFICE[0], *LOCAL),
    ),
    Break(
        "managed mode takes what is not ours",
        COLUMN,
        "return [one for one in options if (desired.user_id, one) in self.owned.pairs]",
        "return list(options)",
        "values that somebody else assigned are taken back",
        OWN_TESTS,
    ),
    Break(
        "foreign values not marked as such",
        COLUMN,
        'foreign = (desired.user_id, option_id) not in self.owned.pairs and why != "twin"',
        "foreign = False",
        "the guard on foreign values counts none",
        OWN_TESTS,
    ),
    Break(
        "a confirmation of any count",
        GUARDS,
        "return named is not None and named == count_to_name(verdict)",
        "return named is not None",
        "yesterday's confirmation lets a larger plan pass today",
        OWN_TESTS,
    ),
    Break(
        "the hash of another plan confirms",
        GUARDS,
        "return self.plan_hash == plan_hash",
        "return True",
        "a plan that nobody looked at passes",
        OWN_TESTS,
    ),
    Break(
        "a re-used pid taken for alive",
        PROCESS,
        'return state in ("Z", "X") or started not in ("", self.started)',
        'return state in ("Z", "X")',
        "a table set stays locked because a stranger got the process id of a killed run",
        LEASE_TESTS,
    ),
    Break(
        "a process of another namespace taken for gone",
        PROCESS,
        "if (self.host, self.boot, self.namespace) != (here.host, here.boot, here.namespace):",
        "if (self.host, self.boot) != (here.host, here.boot):",
        "two containers take each other's lease while it is held",
        LEASE_TESTS,
    ),
    Break(
        "another writer's rows are written over",
        LAKE,
        "                self._check(working, target, rows, values)\n",
        "                pass\n",
        "a run that lost its lease replaces the rows of the one that has it",
        LAKE_TESTS,
    ),
    Break(
        "a row added by two",
        LAKE,
        "if target.partition is None and not replaces:",
        "if False:",
        "two runs hold one lease of a lakehouse",
        LAKE_TESTS,
    ),
    Break(
        "a table made by another is not looked at",
        LAKE,
        "        self._check(working, made, rows, None)\n",
        "",
        "a first run doubles the rows of another first run",
        LAKE_TESTS,
    ),
    Break(
        "a round spends its budget twice",
        PLANNER,
        "left = within * rate - sum(jobs[place].requests for place in must)",
        "left = within * rate",
        "what is promised waits for what is not",
        FLEET_TESTS,
    ),
    Break(
        "what falls due in the next round waits for it",
        PLANNER,
        "job.age + 2 * within > promised",
        "job.age + within > promised",
        "promises are broken that could be kept",
        FLEET_TESTS,
    ),
    Break(
        "a batch reads what another promise names",
        "sync/fleet/batches.py",
        "places[one.job.promise])",
        "0)",
        "what is promised within an hour is read nightly",
        FLEET_TESTS,
    ),
    Break(
        "an earlier success hides a failure",
        "sync/fleet/results.py",
        "        and other.started_at >= run.started_at\n",
        "",
        "a fleet run is green although organisations failed",
        FLEET_TESTS,
    ),
    Break(
        "an approved plan outlives an erasure",
        LEDGER_ERASURE,
        "        run(plan.values(status=SUPERSEDED))\n",
        "",
        "what is left of a plan is applied although nobody approved that",
        ERASURE_TESTS,
    ),
    Break(
        "contents of an erased person stay",
        LEDGER_ERASURE,
        "values(user_id=None, content=None)",
        "values(user_id=None)",
        "HR keys and days of an erased person are kept in the ledger",
        ERASURE_TESTS,
    ),
    Break(
        "runs that read before an erasure publish",
        PRIVACY,
        "            work.revoke_runs()\n",
        "",
        "an erased person comes back",
        PRIVACY_TESTS,
    ),
    Break(
        "child rows of an erased person's rows stay",
        PRIVACY,
        "            self._owned(table, person),\n",
        "",
        "hours and answers of an erased person are kept without their owner",
        PRIVACY_TESTS,
    ),
    Break(
        "hashed columns in clear",
        SHAPING,
        "for index in self.stored.hashed:",
        "for index in ():",
        "addresses are stored although the policy hashes them",
        SHAPING_TESTS,
    ),
    Break(
        "of child rows only the first is kept",
        SHAPING,
        'for position, item in enumerate(items)"',
        'for position, item in enumerate(items[:1])"',
        "all attendees but the first are deleted from the table",
        SHAPING_TESTS,
    ),
    Break(
        "inner lists are not checked",
        SHAPING,
        'lines.append("            _check_items(items)")',
        'lines.append("            pass")',
        "letters of a text become attendees",
        INNER_TESTS,
    ),
    Break(
        "items without a known field become rows",
        INNER,
        "if names and any(map(names.isdisjoint, items)):",
        "if False:",
        "a table of empty rows counts as complete",
        INNER_TESTS,
    ),
    Break(
        "an object of another shape is taken for an empty one",
        SHAPING,
        'f"elif type({name}) is not dict or (',
        'f"elif False and (',
        "columns are emptied by a change of the API that nobody notices",
        INNER_TESTS,
    ),
)
