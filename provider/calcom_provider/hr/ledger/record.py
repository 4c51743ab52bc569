"""Keep account of every write: what was planned, sent and done, and what we own because of it."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from calcom_provider.hr.errors import LedgerError
from calcom_provider.hr.ledger.confirmations import add_confirmation, confirmations_of
from calcom_provider.hr.ledger.database import Database
from calcom_provider.hr.ledger.erasure import OpenWork, digest_key, erase_person, open_work
from calcom_provider.hr.ledger.finished_writes import take_over
from calcom_provider.hr.ledger.lease import WriterLease
from calcom_provider.hr.ledger.migrations import PREFIX, migrate, require_current
from calcom_provider.hr.ledger.plan_rows import action_row, facts_of, plan_from, plan_row
from calcom_provider.hr.ledger.plan_states import (
    APPLIED,
    DONE,
    PLANNED,
    StoredSummary,
    forget_values,
    newest_plans,
    open_plans,
    supersede_older,
)
from calcom_provider.hr.ledger.quarantines import (
    Quarantine,
    end_quarantine,
    note_verdicts,
    quarantines_of,
)
from calcom_provider.hr.ledger.tables import ACTIONS, ASSIGNMENTS, ENTRIES, ERASED, OPTIONS, PLANS, REQUESTS
from calcom_provider.hr.plan.model import Plan, Verdict
from calcom_provider.hr.plan.ownership import Erased, Owned, OwnedPairs, owned_from


@dataclass(frozen=True, slots=True)
class Progress:
    """Say how far an action came.

    :param status: planned, sent, done, failed, stale or blocked.
    :param result_id: id of what it made.
    :param sent_at: when it was last sent, seconds since 1970.
    :param attempts: how often it was sent.
    :param unclear: whether an answer was ever lost.
    :param code: what went wrong.
    :param request_id: request id of the last answer.
    """

    status: str = PLANNED
    result_id: str | None = None
    sent_at: float | None = None
    attempts: int = 0
    unclear: bool = False
    code: str | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class StoredPlan:
    """Hold a plan as the ledger has it.

    :param plan: the plan.
    :param status: its status.
    :param made_at: when it was stored.
    :param forgotten: whether its values were removed after their retention.
    """

    plan: Plan
    status: str
    made_at: datetime
    forgotten: bool


class Ledger:
    """Open the ledger in a database; its tables are made, or brought forward from an older release.

    :param target: SQLAlchemy engine or URL; ``duckdb:///path`` for a DuckDB file.
    :param look_only: whether it is opened to look at, so that its tables are neither made nor changed.
    :raises LedgerError: when a newer release made the tables; with ``look_only`` also when there are none, or an
        older release made them.
    """

    def __init__(self, target: sa.Engine | sa.URL | str, *, look_only: bool = False) -> None:
        self._database = Database(target, must_exist=look_only)
        try:
            if look_only:
                require_current(self._database)
            else:
                migrate(self._database)
        except BaseException:
            self._database.close()
            raise
        self._lease: WriterLease | None = None

    def close(self) -> None:
        """Close what was opened."""
        self._database.close()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def lease(self, organization_id: int) -> Iterator[None]:
        """Hold the right to write to an organisation; inside itself it is held already.

        :param organization_id: the organisation.
        :raises WriterBusyError: when another run holds it.
        """
        if self._lease is not None:
            yield
            return
        lease = WriterLease(self._database, organization_id)
        lease.take()
        self._lease = lease
        try:
            yield
        finally:
            self._lease = None
            lease.release()

    # -- plans -----------------------------------------------------------------------------------------------

    def save_plan(self, plan: Plan) -> None:
        """Store a plan and its actions.

        :param plan: the plan.
        """
        with self._database.transaction() as run:
            run(sa.insert(PLANS), [plan_row(plan)])
            if plan.actions:
                run(sa.insert(ACTIONS), [action_row(plan.id, one) for one in plan.actions])

    def load_plan(self, plan_id: str) -> Plan:
        """Load a stored plan.

        :param plan_id: its id.
        :raises LedgerError: when there is none, or its values were removed already.
        """
        return plan_from(*self._rows_of(plan_id))

    def stored_plan(self, plan_id: str) -> StoredPlan:
        """Load a plan to look at, with what the ledger knows about it; values may have been removed.

        :param plan_id: its id.
        :raises LedgerError: when there is none.
        """
        head, rows = self._rows_of(plan_id)
        made_at = datetime.fromtimestamp(head["created_at"], UTC)
        forgotten = any(row["content"] is None for row in rows)
        return StoredPlan(plan_from(head, rows, partly=True), str(head["status"]), made_at, forgotten)

    def load_open_plan(self, plan_id: str) -> Plan:
        """Load a plan of which writes were sent and never heard of again, to find out about those.

        Actions whose values were removed come as ids and codes; one that was sent has its values.

        :param plan_id: its id.
        :raises LedgerError: when there is none.
        """
        return plan_from(*self._rows_of(plan_id), partly=True)

    def _rows_of(self, plan_id: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        with self._database.transaction() as run:
            heads = run(sa.select(PLANS).where(PLANS.c.plan_id == plan_id))
            rows = run(sa.select(ACTIONS).where(ACTIONS.c.plan_id == plan_id).order_by(ACTIONS.c.number))
        if not heads:
            raise LedgerError(f"the ledger has no plan {plan_id!r}")
        return heads[0], rows

    def plan_status(self, plan_id: str) -> str:
        """Return a plan's status: planned, refused, applying, applied, failed or superseded.

        :param plan_id: its id.
        :raises LedgerError: when there is none.
        """
        with self._database.transaction() as run:
            heads = run(sa.select(PLANS.c.status).where(PLANS.c.plan_id == plan_id))
        if not heads:
            raise LedgerError(f"the ledger has no plan {plan_id!r}")
        return str(heads[0]["status"])

    def set_status(self, plan: Plan, status: str, *, approved_by: str | None = None) -> None:
        """Record how far a plan came.

        :param plan: the plan.
        :param status: its status.
        :param approved_by: who approved it.
        """
        values: dict[str, Any] = {"status": status}
        if status == APPLIED:
            values["applied_at"] = time.time()
        if approved_by:
            values["approved_by"] = approved_by[:200]
        with self._database.transaction() as run:
            run(sa.update(PLANS).where(PLANS.c.plan_id == plan.id).values(**values))

    def record_confirmation(self, plan_id: str, by: str, verdicts: Iterable[Verdict]) -> None:
        """Record who overrides which refusals of a plan, now.

        :param plan_id: the plan.
        :param by: who overrides them.
        :param verdicts: the refusals lifted.
        """
        with self._database.transaction() as run:
            add_confirmation(run, plan_id, by, verdicts)

    def confirmations(self, plan_id: str) -> list[dict[str, Any]]:
        """Return who overrode guards of a plan: ``by``, ``at`` (seconds since 1970) and the ``guards``.

        :param plan_id: the plan.
        """
        with self._database.transaction() as run:
            return confirmations_of(run, plan_id)

    def note_directory_sync(self, plan: Plan) -> None:
        """Record that an answer carried the mark of a directory sync; every later plan refuses.

        :param plan: the plan that met it.
        """
        with self._database.transaction() as run:
            run(sa.update(PLANS).where(PLANS.c.plan_id == plan.id).values(directory_sync=True))

    def supersede_older(self, plan: Plan) -> None:
        """End the older plans of a plan's namespace and kind that somebody might still apply.

        :param plan: a plan whose writes begin.
        """
        with self._database.transaction() as run:
            supersede_older(run, plan)

    def open_plans(self, organization_id: int) -> list[str]:
        """Return the plans of which a write was sent and never heard of again, oldest first.

        :param organization_id: the organisation; the plans are those of all its namespaces.
        """
        with self._database.transaction() as run:
            return open_plans(run, organization_id)

    def plans(self, most: int = 20) -> list[StoredSummary]:
        """Return what became of the newest plans of all organisations, the newest first.

        :param most: how many, 20 by default.
        """
        with self._database.transaction() as run:
            return newest_plans(run, most)

    def forget_values(self, organization_id: int, older_than_days: float) -> int:
        """Empty the values of actions of old plans; ids, codes and times stay. Return how many.

        A plan of which a write was sent and never heard of again keeps its values: they are needed to find out.

        :param organization_id: the organisation.
        :param older_than_days: age of the plans in days.
        """
        with self._database.transaction() as run:
            return forget_values(run, organization_id, older_than_days)

    # -- quarantine ------------------------------------------------------------------------------------------

    def note_quarantine(self, plan: Plan, by: str) -> dict[str, Any] | None:
        """Begin, continue or end the quarantine of a plan's namespace and kind by what the guards said.

        :param plan: the plan as it was judged.
        :param by: who overrode guards.
        """
        with self._database.transaction() as run:
            return note_verdicts(run, plan, by)

    def end_quarantine(self, quarantine: Quarantine, plan: Plan, by: str) -> Quarantine:
        """End a quarantine by a plan of it that passes now.

        :param quarantine: the quarantine.
        :param plan: the plan as it was judged.
        :param by: who overrode guards.
        """
        with self._database.transaction() as run:
            return end_quarantine(run, quarantine, plan, by)

    def quarantines(
        self, organization_id: int | None = None, namespace: str | None = None, *, ended: bool = False
    ) -> list[Quarantine]:
        """Return the quarantines, oldest first.

        :param organization_id: only of this organisation; default all.
        :param namespace: only of this namespace; default all.
        :param ended: whether to return those too that have ended, default no.
        """
        with self._database.transaction() as run:
            return quarantines_of(run, organization_id, namespace, ended=ended)

    # -- actions ---------------------------------------------------------------------------------------------

    def progress(self, plan_id: str) -> dict[int, Progress]:
        """Return how far each action of a plan came, by number.

        :param plan_id: the plan.
        """
        names = ("status", "result_id", "sent_at", "attempts", "unclear", "code", "request_id")
        query = sa.select(ACTIONS.c.number, *(ACTIONS.c[name] for name in names)).where(
            ACTIONS.c.plan_id == plan_id
        )
        with self._database.transaction() as run:
            rows = run(query)
        return {row["number"]: Progress(**{name: row[name] for name in names}) for row in rows}

    def record(self, plan: Plan, changes: Mapping[int, Progress]) -> None:
        """Record how far actions came, and what is owned from now on, in one transaction.

        :param plan: the plan.
        :param changes: the new state of actions by number.
        :raises WriterBusyError: when another run has taken over the right to write.
        """
        if self._lease is not None:
            self._lease.renew()
        with self._database.transaction() as run:
            for number, state in changes.items():
                values = asdict(state) | ({"done_at": time.time()} if state.status == DONE else {})
                change = sa.update(ACTIONS).where(ACTIONS.c.plan_id == plan.id, ACTIONS.c.number == number)
                run(change.values(**values))
                if state.status == DONE:
                    take_over(run, plan, plan.actions[number - 1], state)

    # -- what is owned ---------------------------------------------------------------------------------------

    def owned(self, organization_id: int, namespace: str, kind: str) -> Owned:
        """Return all that is owned, and what the last successful run of a kind knew.

        :param organization_id: the organisation.
        :param namespace: whose write-back.
        :param kind: ``attributes`` or ``out_of_office``.
        """
        mine = (organization_id, namespace)
        with self._database.transaction() as run:
            pairs = run(_scoped(sa.select(ASSIGNMENTS), ASSIGNMENTS, mine))
            options = run(_scoped(sa.select(OPTIONS), OPTIONS, mine))
            entries = run(_scoped(sa.select(ENTRIES), ENTRIES, mine))
            requests = run(_scoped(sa.select(REQUESTS), REQUESTS, mine))
            gone = run(_scoped(sa.select(ERASED), ERASED, mine))
            erased = Erased(digest_key(run) if gone else "", _entries_by_digest(gone))
            applied = _scoped(sa.select(PLANS), PLANS, mine).where(
                PLANS.c.kind == kind, PLANS.c.status == APPLIED
            )
            last = run(applied.order_by(PLANS.c.applied_at.desc()).limit(1))
            synced = run(
                sa.select(PLANS.c.plan_id)
                .where(PLANS.c.organization_id == organization_id, PLANS.c.directory_sync.is_(True))
                .limit(1)
            )
        behind: dict[int, list[Any]] = defaultdict(list)
        for row in requests:
            behind[int(row["ooo_id"])].append(row)
        facts = facts_of(last[0]) if last else None
        return Owned(
            has_ledger=True,
            pairs=OwnedPairs(
                {(int(row["user_id"]), row["option_id"]): bool(row["unclear"]) for row in pairs}, erased
            ),
            options={row["option_id"]: (row["attribute_id"], bool(row["unclear"])) for row in options},
            entries={int(row["ooo_id"]): owned_from(row, behind[int(row["ooo_id"])]) for row in entries},
            source_rows=last[0]["source_rows"] if last else None,
            match_rate=last[0]["match_rate"] if last else None,
            absence_match_rate=facts.absence_match_rate if facts else None,
            first_run=not last,
            directory_sync_seen=bool(synced),
            told_until=date.fromisoformat(facts.told_until) if facts and facts.told_until else None,
            erased=erased,
        )

    # -- people ----------------------------------------------------------------------------------------------

    def open_work(self, users: Collection[int], today: date) -> OpenWork:
        """Count what the write-back still has to do with a person.

        :param users: user ids of the person.
        :param today: the day from which on entries are not over.
        """
        with self._database.transaction() as run:
            return open_work(run, users, today)

    def erase_person(self, users: Collection[int], emails: Collection[str]) -> dict[str, int]:
        """Erase a person; ownership stays as keyed digests, and what is still open is closed as ``erased``.

        :param users: user ids of the person.
        :param emails: addresses of the person.
        :returns: rows by full name of the table.
        :raises WriterBusyError: when a run is writing.
        """
        with self._database.transaction() as run:
            organizations = {
                int(row["organization_id"]) for row in run(sa.select(PLANS.c.organization_id).distinct())
            }
        with ExitStack() as held:
            for organization_id in sorted(organizations):
                lease = WriterLease(self._database, organization_id)
                lease.take()
                held.callback(lease.release)
            with self._database.transaction() as run:
                done = erase_person(run, users, emails)
        return {PREFIX + table: count for table, count in done.items()}


def _entries_by_digest(rows: Iterable[Mapping[str, Any]]) -> dict[str, frozenset[int]]:
    found: dict[str, frozenset[int]] = {}
    for row in rows:
        found[row["digest"]] = found.get(row["digest"], frozenset()) | {int(row["ooo_id"])}
    return found


def _scoped(query: Any, table: sa.Table, mine: tuple[int, str]) -> Any:
    return query.where(table.c.organization_id == mine[0], table.c.namespace == mine[1])
