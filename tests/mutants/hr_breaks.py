"""Breaks of the write-back: each lets a plan take, rename or forget what it must not."""

from __future__ import annotations

from tests.mutants.written_break import Break

DESIRED = "hr/out_of_office/desired_state.py"
ATTRIBUTES, WRITES = "hr/attributes/diff.py", "hr/apply/writes.py"
GUARDS, REMOVALS = "hr/plan/guards.py", "hr/plan/removals.py"
JOB, APPLIER, QUARANTINES = "hr/apply/job.py", "hr/apply/applier.py", "hr/ledger/quarantines.py"
UNMATCHED = ("tests/unit/hr/out_of_office/test_unmatched.py",)
OF_OTHERS = ("tests/unit/hr/attributes/test_values_of_others.py",)
TAKEN_AWAY = ("tests/unit/hr/plan/test_removals.py",)
GUARD_TESTS = ("tests/unit/hr/plan/test_guards.py",)
STOPPED = ("tests/unit/hr/apply/test_quarantine.py",)

HR_BREAKS = (
    Break(
        "uncertain requests are not protected",
        DESIRED,
        "frozenset(marker.keyed(key) for key in self.uncertain),",
        "frozenset(),",
        "an approved absence is deleted because its row cannot be read or matched today",
        UNMATCHED,
    ),
    Break(
        "days of strangers are not protected",
        DESIRED,
        "            self.unplaced[user_id] |= set(shares)\n",
        "            pass\n",
        "an edited request without its employee file loses the days of the old one",
        UNMATCHED,
    ),
    Break(
        "absences are not part of the match rate",
        GUARDS,
        "    if facts.absence_match_rate is not None:\n",
        "    if False and facts.absence_match_rate is not None:\n",
        "a feed of strangers passes",
        UNMATCHED,
    ),
    Break(
        "a shared option is edited in place",
        ATTRIBUTES,
        "and self.state.holders.get(option_id) == {desired.user_id}",
        "and desired.user_id in self.state.holders.get(option_id, set())",
        "everybody who shares an option gets one person's new value",
        OF_OTHERS,
    ),
    Break(
        "an option of others is edited in place",
        ATTRIBUTES,
        "            and option_id in self.owned.options\n",
        "",
        "an option that somebody else made is renamed",
        OF_OTHERS,
    ),
    Break(
        "no look before an option is edited",
        WRITES,
        "get(edited, set()) - {action.user_id}:",
        "get(edited, set()) - {action.user_id} and False:",
        "an option is renamed although somebody came to hold it while the plan ran",
        OF_OTHERS,
    ),
    Break(
        "removals off by one",
        REMOVALS,
        "return Verdict(guard, observed <= limit,",
        "return Verdict(guard, observed < limit,",
        "what the limits allow is refused",
        TAKEN_AWAY,
    ),
    Break(
        "removals off by one, to the other side",
        REMOVALS,
        "return Verdict(guard, observed <= limit,",
        "return Verdict(guard, observed <= limit + 1,",
        "one more is taken away than the limits allow",
        TAKEN_AWAY,
    ),
    Break(
        "person-days are not counted",
        REMOVALS,
        '"days": (removed.days, days)}',
        '"days": (0, days)}',
        "700 absences are cut to one day each",
        TAKEN_AWAY,
    ),
    Break(
        "only cancellations count",
        REMOVALS,
        'one.kind in {"ooo_update", "ooo_delete"} and one.why != "twin"',
        'one.kind == "ooo_delete" and one.why != "twin"',
        "700 absences are moved by a year",
        TAKEN_AWAY,
    ),
    Break(
        "texts edited in place are not counted",
        REMOVALS,
        'one.kind == "option_update" or ',
        "",
        "everybody's text is replaced unseen",
        TAKEN_AWAY,
    ),
    Break(
        "the hard limit of removals can be overridden",
        GUARDS,
        '"removals_hard", "directory_sync"',
        '"directory_sync"',
        "one confirmation deletes everything",
        TAKEN_AWAY,
    ),
    Break(
        "stale has no floor",
        APPLIER,
        "max(STALE_FLOOR, MAX_STALE * len(plan.actions))",
        "MAX_STALE * len(plan.actions)",
        "one person who edits an entry refuses the plan of everybody",
        GUARD_TESTS,
    ),
    Break(
        "the floor of stale off by one",
        APPLIER,
        "STALE_FLOOR = 5",
        "STALE_FLOOR = 6",
        "a small plan is applied although most of it no longer holds",
        GUARD_TESTS,
    ),
    Break(
        "a whole share is confirmed as one",
        GUARDS,
        "verdict.observed * 100 if verdict.guard in SHARES else",
        "verdict.observed * 100 if verdict.guard in SHARES and verdict.observed < 1 else",
        "who names 100 % is refused",
        GUARD_TESTS,
    ),
    Break(
        "other plans pass a quarantine",
        JOB,
        "if one.kind != plan.kind or plan.id not in {one.plan_id, one.last_plan_id}:",
        "if one.kind != plan.kind:",
        "an older plan is applied although a guard has stopped the namespace",
        STOPPED,
    ),
    Break(
        "undo passes a quarantine",
        JOB,
        "if one.kind != plan.kind or plan.id not in {one.plan_id, one.last_plan_id}:",
        'if plan.kind != "undo" and (\n                one.kind != plan.kind or plan.id not in {one.plan_id, '
        "one.last_plan_id}\n            ):",
        "an applied plan is taken back although a guard has stopped the namespace",
        STOPPED,
    ),
    Break(
        "any kind of plan ends a quarantine",
        QUARANTINES,
        "if one.kind == plan.kind\n",
        "if one.kind\n",
        "attributes within their limits set absences free that were refused",
        STOPPED,
    ),
    Break(
        "every refused run begins a quarantine",
        QUARANTINES,
        "        if current is None:\n",
        "        if True:\n",
        "people are told each night and stop listening",
        STOPPED,
    ),
    Break(
        "a refused run is the measure of the next",
        "hr/ledger/record.py",
        "PLANS.c.kind == kind, PLANS.c.status == APPLIED\n            )\n"
        "            last = run(applied.order_by(PLANS.c.applied_at.desc()).limit(1))",
        "PLANS.c.kind == kind\n            )\n"
        "            last = run(applied.order_by(PLANS.c.created_at.desc()).limit(1))",
        "half a feed passes the second time",
        STOPPED,
    ),
)
