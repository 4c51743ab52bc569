"""Keep account of every write: what was planned, sent and done, and what we own because of it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from calcom_provider.hr.database import Database
from calcom_provider.hr.errors import Issue, LedgerError
from calcom_provider.hr.lease import Lease
from calcom_provider.hr.ledger_own import take_over
from calcom_provider.hr.ledger_tables import ACTIONS, ASSIGNMENTS, ENTRIES, METADATA, OPTIONS, PLANS
from calcom_provider.hr.owned import Owned, owned_from
from calcom_provider.hr.plan import Action, Facts, Plan, Verdict

DONE, FAILED, PLANNED, SENT, STALE, BLOCKED = "done", "failed", "planned", "sent", "stale", "blocked"


@dataclass(frozen=True, slots=True)
class Progress:
    """Say how far an action came.

    :param status: planned, sent, done, failed, stale or blocked
    :param result_id: id of what it made
    :param sent_at: when it was last sent, seconds since 1970
    :param attempts: how often it was sent
    :param unclear: whether an answer was ever lost
    :param code: what went wrong
    :param request_id: request id of the last answer
    """

    status: str = PLANNED
    result_id: str | None = None
    sent_at: float | None = None
    attempts: int = 0
    unclear: bool = False
    code: str | None = None
    request_id: str | None = None


class Ledger:
    """Open the ledger in a database; its tables are created when they are missing.

    :param target: SQLAlchemy engine or URL; ``duckdb:///path`` for a DuckDB file
    """

    def __init__(self, target: sa.Engine | sa.URL | str) -> None:
        self._database = Database(target)
        self._database.create(METADATA)
        self._lease: Lease | None = None

    def close(self) -> None:
        """Close what was opened."""
        self._database.close()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def writing(self, organization_id: int) -> Iterator[None]:
        """Hold the right to write to an organisation; inside itself it is held already.

        :param organization_id: the organisation
        :raises WriterBusyError: when another run holds it
        """
        if self._lease is not None:
            yield
            return
        lease = Lease(self._database, organization_id)
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

        :param plan: the plan
        """
        report = {
            "verdicts": [one.as_dict() for one in plan.verdicts],
            "issues": [one.as_dict() for one in plan.issues],
            "facts": asdict(plan.facts),
            "requests_read": plan.requests_read,
        }
        head = {
            "plan_id": plan.id,
            "organization_id": plan.organization_id,
            "namespace": plan.namespace,
            "kind": plan.kind,
            "hash": plan.hash,
            "settings": plan.settings,
            "status": plan.outcome if plan.outcome == "refused" else PLANNED,
            "created_at": time.time(),
            "source_rows": plan.facts.source_rows,
            "match_rate": plan.facts.match_rate,
            "directory_sync": False,
            "report": json.dumps(report),
        }
        with self._database.transaction() as run:
            run(sa.insert(PLANS), [head])
            if plan.actions:
                run(sa.insert(ACTIONS), [_action_row(plan.id, one) for one in plan.actions])

    def load_plan(self, plan_id: str) -> Plan:
        """Load a stored plan.

        :param plan_id: its id
        :raises LedgerError: when there is none, or its values were removed already
        """
        with self._database.transaction() as run:
            heads = run(sa.select(PLANS).where(PLANS.c.plan_id == plan_id))
            rows = run(sa.select(ACTIONS).where(ACTIONS.c.plan_id == plan_id).order_by(ACTIONS.c.number))
        if not heads:
            raise LedgerError(f"the ledger has no plan {plan_id!r}")
        if any(row["content"] is None for row in rows):
            raise LedgerError(
                f"the values of plan {plan_id!r} were removed after its retention; make a new plan"
            )
        head, report = heads[0], json.loads(heads[0]["report"])
        return Plan(
            id=plan_id,
            kind=head["kind"],
            organization_id=int(head["organization_id"]),
            namespace=head["namespace"],
            settings=head["settings"],
            actions=tuple(Action.from_content(json.loads(row["content"])) for row in rows),
            verdicts=tuple(Verdict(**one) for one in report["verdicts"]),
            issues=tuple(Issue(**{**one, "days": tuple(one.get("days", ()))}) for one in report["issues"]),
            facts=Facts(**report["facts"]),
            requests_read=int(report["requests_read"]),
        )

    def plan_status(self, plan_id: str) -> str:
        """Return a plan's status: planned, refused, applying, applied, failed or superseded.

        :param plan_id: its id
        :raises LedgerError: when there is none
        """
        with self._database.transaction() as run:
            heads = run(sa.select(PLANS.c.status).where(PLANS.c.plan_id == plan_id))
        if not heads:
            raise LedgerError(f"the ledger has no plan {plan_id!r}")
        return str(heads[0]["status"])

    def set_status(self, plan: Plan, status: str, *, approved_by: str | None = None) -> None:
        """Record how far a plan came.

        :param plan: the plan
        :param status: its status
        :param approved_by: who approved it
        """
        values: dict[str, Any] = {"status": status}
        if status == "applied":
            values["applied_at"] = time.time()
        if approved_by:
            values["approved_by"] = approved_by[:200]
        with self._database.transaction() as run:
            run(sa.update(PLANS).where(PLANS.c.plan_id == plan.id).values(**values))

    def note_directory_sync(self, plan: Plan) -> None:
        """Record that an answer carried the mark of a directory sync; every later plan refuses.

        :param plan: the plan that met it
        """
        with self._database.transaction() as run:
            run(sa.update(PLANS).where(PLANS.c.plan_id == plan.id).values(directory_sync=True))

    def unfinished(self, organization_id: int, namespace: str) -> list[str]:
        """Return the plans of which a write was sent and never heard of again, oldest first.

        :param organization_id: the organisation
        :param namespace: whose write-back
        """
        query = (
            sa.select(PLANS.c.plan_id, PLANS.c.created_at)
            .join(ACTIONS, ACTIONS.c.plan_id == PLANS.c.plan_id)
            .where(
                PLANS.c.organization_id == organization_id,
                PLANS.c.namespace == namespace,
                ACTIONS.c.status == SENT,
            )
            .distinct()
            .order_by(PLANS.c.created_at)
        )
        with self._database.transaction() as run:
            return [str(row["plan_id"]) for row in run(query)]

    def forget_values(self, organization_id: int, older_than_days: float) -> int:
        """Empty the values of actions of old plans; ids, codes and times stay. Return how many.

        :param organization_id: the organisation
        :param older_than_days: age of the plans in days
        """
        old = sa.select(PLANS.c.plan_id).where(
            PLANS.c.organization_id == organization_id,
            PLANS.c.created_at < time.time() - older_than_days * 86400,
        )
        change = (
            sa.update(ACTIONS)
            .where(ACTIONS.c.content.is_not(None), ACTIONS.c.status != SENT, ACTIONS.c.plan_id.in_(old))
            .values(content=None)
        )
        with self._database.transaction() as run:
            return int(run(change))

    # -- actions ---------------------------------------------------------------------------------------------

    def progress(self, plan_id: str) -> dict[int, Progress]:
        """Return how far each action of a plan came, by number.

        :param plan_id: the plan
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

        :param plan: the plan
        :param changes: the new state of actions by number
        :raises WriterBusyError: when another run has taken over the right to write
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

        :param organization_id: the organisation
        :param namespace: whose write-back
        :param kind: ``attributes`` or ``out_of_office``
        """
        mine = (organization_id, namespace)
        with self._database.transaction() as run:
            pairs = run(_scoped(sa.select(ASSIGNMENTS), ASSIGNMENTS, mine))
            options = run(_scoped(sa.select(OPTIONS), OPTIONS, mine))
            entries = run(_scoped(sa.select(ENTRIES), ENTRIES, mine))
            applied = _scoped(sa.select(PLANS), PLANS, mine).where(
                PLANS.c.kind == kind, PLANS.c.status == "applied"
            )
            last = run(applied.order_by(PLANS.c.applied_at.desc()).limit(1))
            synced = run(
                sa.select(PLANS.c.plan_id)
                .where(PLANS.c.organization_id == organization_id, PLANS.c.directory_sync.is_(True))
                .limit(1)
            )
        return Owned(
            has_ledger=True,
            pairs={(int(row["user_id"]), row["option_id"]): bool(row["unclear"]) for row in pairs},
            options={row["option_id"]: (row["attribute_id"], bool(row["unclear"])) for row in options},
            entries={int(row["ooo_id"]): owned_from(row) for row in entries},
            source_rows=last[0]["source_rows"] if last else None,
            match_rate=last[0]["match_rate"] if last else None,
            first_run=not last,
            directory_sync_seen=bool(synced),
        )


def _scoped(query: Any, table: sa.Table, mine: tuple[int, str]) -> Any:
    return query.where(table.c.organization_id == mine[0], table.c.namespace == mine[1])


def _action_row(plan_id: str, action: Action) -> dict[str, Any]:
    return {
        "plan_id": plan_id,
        "number": action.number,
        "status": PLANNED,
        "kind": action.kind,
        "why": action.why,
        "user_id": action.user_id,
        "attribute_id": action.attribute_id,
        "option_id": action.option_id,
        "ooo_id": action.ooo_id,
        "attempts": 0,
        "unclear": False,
        "content": json.dumps(action.content(), ensure_ascii=False),
    }
