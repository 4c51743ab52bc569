"""Breaks of what takes events, keeps them and reads their rows again: each loses a change or believes a stranger."""

from __future__ import annotations

from tests.mutants.written_break import Break

EVENT_STORE, RECEIVER, EVENT_SYNC = "events/store/store.py", "events/receiver.py", "sync/events/apply.py"
STORE_TESTS = ("tests/unit/events/test_store.py",)
RECEIVER_TESTS = ("tests/unit/events/test_receiver.py",)
MISSED = "sync/events/missed.py"
COUNTING_TESTS = ("tests/integration/events/test_counting.py",)
EVENT_SYNC_TESTS = ("tests/integration/events/test_event_sync.py",)

EVENT_BREAKS = (
    Break(
        "a store that fails is answered with 200",
        RECEIVER,
        'error)\n            answer = Answer(503, "unavailable")',
        'error)\n            answer = Answer(200, "unavailable")',
        "Cal.com never sends the delivery again",
        RECEIVER_TESTS,
    ),
    Break(
        "a rotated secret is not looked for",
        RECEIVER,
        "return later != at and self._matches(",
        "return False and self._matches(",
        "a minute of deliveries is refused after each rotation",
        RECEIVER_TESTS,
    ),
    Break(
        "the secret of one organisation signs for all",
        "events/secrets.py",
        'f"{organization_id}:{generation}"',
        'f"{generation}"',
        "an admin of one organisation sends events of another",
        RECEIVER_TESTS,
    ),
    Break(
        "a broken event sync keeps its rows",
        EVENT_STORE,
        "sa.or_(c.claimed_until < now, c.claimed_by == owner)",
        "c.claimed_by == owner",
        "what a killed event sync had claimed is merged by nobody",
        STORE_TESTS,
    ),
    Break(
        "rows are acknowledged by who lost them",
        EVENT_STORE,
        "                c.claimed_by == owner,\n                c.digest",
        "                c.digest",
        "a slow event sync acknowledges what another is about to read",
        STORE_TESTS,
    ),
    Break(
        "what is put back is claimed at once",
        EVENT_STORE,
        "sa.and_(c.state == WAITING, c.queued_at <= now)",
        "c.state == WAITING",
        "a booking goes after two answers of one second",
        STORE_TESTS,
    ),
    Break(
        "rows of one organisation are acknowledged by another",
        EVENT_STORE,
        ".where(\n                c.organization_id == organization_id,\n                c.state == CLAIMED,",
        ".where(\n                c.state == CLAIMED,",
        "a change of an organisation is never merged",
        STORE_TESTS,
    ),
    Break(
        "acknowledged before it is merged",
        EVENT_SYNC,
        '        merged = [*rows["read"], *rows["gone"]]\n',
        '        merged = [*rows["read"], *rows["gone"]]\n'
        "        self._queue.acknowledge(self._organization_id, self._owner, merged)\n",
        "a refused event sync loses the changes that it had claimed",
        EVENT_SYNC_TESTS,
    ),
    Break(
        "a refused event sync keeps what it claimed",
        EVENT_SYNC,
        "        if open_rows:\n            queue.put_back",
        "        if False:\n            queue.put_back",
        "rows wait for a quarter of an hour after each failure",
        EVENT_SYNC_TESTS,
    ),
    Break(
        "a booking goes while a sync runs",
        EVENT_SYNC,
        "return row.absences + 1 >= PROOFS and not self._running",
        "return row.absences + 1 >= PROOFS",
        "the sync brings the booking back, and no event names it any more",
        EVENT_SYNC_TESTS,
    ),
    Break(
        "refusals are not held against their sender",
        RECEIVER,
        "            self.senders.refused(address)\n",
        "            pass\n",
        "a flood of wrong signatures is computed to its end",
        RECEIVER_TESTS,
    ),
    Break(
        "what lies behind two pages is taken for merged",
        "sync/events/reread.py",
        "return Listed(rows, False)",
        "return Listed(rows, True)",
        "an absence that was told is called merged and is in no table",
        ("tests/unit/sync/test_reread.py",),
    ),
    Break(
        "events delete without the guard",
        "warehouse/loading/patch.py",
        "self.refusal = self._refusal(gone)",
        'self.refusal = ""',
        "bookings go one by one that a sync would not have let go together",
        EVENT_SYNC_TESTS,
    ),
    Break(
        "what was found is not published with the tables",
        MISSED,
        "self._leave(self._rows.values())",
        "self._leave([])",
        "a sync that is killed before it counts loses what events had missed",
        COUNTING_TESTS,
    ),
    Break(
        "what changed while a sync read is left to nobody",
        MISSED,
        "self._leave([*left, *others])",
        "self._leave([])",
        "a change whose delivery was dropped is never counted",
        COUNTING_TESTS,
    ),
    Break(
        "an event stands for no answer of its own",
        EVENT_SYNC,
        "self._queue.note_rows(self._organization_id, self._owner, told)",
        "pass",
        "an answer that was missed is taken for named by the event of another",
        COUNTING_TESTS,
    ),
)
