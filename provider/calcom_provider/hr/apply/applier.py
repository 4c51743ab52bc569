"""Carry out a plan: each write is recorded before and after it is sent, so that a kill can be continued."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from calcom_provider.api.errors import (
    AuthenticationError,
    CalComError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    TransportError,
    UnclearOutcomeError,
)
from calcom_provider.hr.apply.preconditions import stale_actions
from calcom_provider.hr.apply.writes import StaleActionError, landed, send
from calcom_provider.hr.errors import DirectorySyncError, RefusedError
from calcom_provider.hr.ledger.plan_states import BLOCKED, DONE, FAILED, PLANNED, SENT, STALE
from calcom_provider.hr.ledger.record import Ledger, Progress
from calcom_provider.hr.plan.model import Action, Plan, Verdict
from calcom_provider.hr.target.gateway import Gateway
from calcom_provider.hr.target.state import CalState

Judge = Callable[[list[Action]], Iterable[Verdict]]
MAX_STALE = 0.05
STALE_FLOOR = 5
MAX_ATTEMPTS = 3
MAX_BROKEN_IN_A_ROW = 3
OF_ONE_ROW = (NotFoundError, PermissionDeniedError)
"""What the API answers about a person who is not there (any more), and also to a key that lost its role."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Set how long a lost answer is waited for.

    :param wait: seconds before each look, default 35: longer than a request that still runs at the server.
    :param sleep: pauses.
    :param now: tells the time in seconds since 1970.
    """

    wait: float = 35.0
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.time


@dataclass(frozen=True, slots=True)
class ApplyResult:
    """Say how an apply ended.

    :param plan_id: the plan.
    :param plan_hash: its hash.
    :param statuses: number of actions by status.
    :param codes: number of failed actions by code.
    :param failed: failed actions: number, HR keys and code.
    :param quarantine: the quarantine that this apply ended, None without one.
    """

    plan_id: str
    plan_hash: str
    statuses: dict[str, int] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)
    failed: tuple[dict[str, Any], ...] = ()
    quarantine: dict[str, Any] | None = None

    @property
    def failures(self) -> int:
        """Return how many actions failed or were kept back by a failure."""
        return self.statuses.get(FAILED, 0) + self.statuses.get(BLOCKED, 0)

    def summary(self) -> dict[str, Any]:
        """Return what may leave the process: ids, counts and codes."""
        return {
            "plan_id": self.plan_id,
            "plan_hash": self.plan_hash,
            "statuses": self.statuses,
            "codes": self.codes,
            "failed": [dict(one) for one in self.failed[:100]],
        }


class Applier:
    """Apply plans to one organisation.

    :param gateway: the organisation.
    :param ledger: where writes are recorded; None keeps account in memory only.
    :param patience: how long a lost answer is waited for.
    """

    def __init__(self, gateway: Gateway, ledger: Ledger | None, patience: Patience = Patience()) -> None:
        self.gateway = gateway
        self.ledger = ledger
        self.patience = patience

    def resolve_sent(self, plan: Plan) -> None:
        """Find out about writes that were sent and never heard of again, without writing anything.

        What did not land is given back as planned; a new plan decides about it.

        :param plan: an interrupted plan.
        """
        run = _Run(self, plan)
        for action in plan.actions:
            if run.progress[action.number].status == SENT:
                run.resolve(action)
        run.flush()

    def apply(
        self,
        plan: Plan,
        *,
        fresh: CalState | None = None,
        judge: Judge | None = None,
        today: date | None = None,
    ) -> ApplyResult:
        """Carry out what is left of a plan.

        :param plan: the plan.
        :param fresh: what Cal.com holds now, to check preconditions by; None right after planning.
        :param judge: evaluates the guards on what is left.
        :param today: the day that is today for the organisation, for plans about days.
        :raises RefusedError: when more than 5 actions and 5 % of the plan are stale, or a guard refuses what is left.
        :raises DirectorySyncError: when an answer carries the mark of a directory sync.
        :raises CalComError: when the API is not reachable; what was done is recorded.
        """
        run = _Run(self, plan)
        for action in plan.actions:
            if run.progress[action.number].status == SENT:
                run.resolve(action)
        if fresh is not None:
            self._check(run, fresh, judge, today)
        if self.ledger:
            # Not before: a plan that is refused supersedes nothing.
            self.ledger.supersede_older(plan)
        for action in plan.actions:
            run.step(action)
        run.flush()
        return run.result()

    def _check(self, run: _Run, fresh: CalState, judge: Judge | None, today: date | None) -> None:
        plan = run.plan
        stale = stale_actions(plan, run.progress, fresh, today)
        if len(stale) > max(STALE_FLOOR, MAX_STALE * len(plan.actions)):
            run.flush()
            raise RefusedError(
                f"plan {plan.id}: {len(stale)} of {len(plan.actions)} actions no longer hold; nothing was "
                "written",
                verdicts=["stale"],
                advice="Make a new plan.",
            )
        left = [
            one
            for one in plan.actions
            if one.number not in stale
            and run.progress[one.number].status in {PLANNED, FAILED, BLOCKED, STALE}
        ]
        refused = [one.guard for one in (judge(left) if judge else ()) if not one.allowed]
        if refused:
            run.flush()
            raise RefusedError(
                f"plan {plan.id}: refused by {', '.join(sorted(set(refused)))}", verdicts=refused
            )
        for number in stale:
            run.change(number, status=STALE, code="stale")


class _Run:
    """Hold one apply of one plan."""

    def __init__(self, applier: Applier, plan: Plan) -> None:
        self.gateway = applier.gateway
        self.ledger = applier.ledger
        self.patience = applier.patience
        self.plan = plan
        stored = self.ledger.progress(plan.id) if self.ledger else {}
        self.progress = {one.number: stored.get(one.number, Progress()) for one in plan.actions}
        self.pending: dict[int, Progress] = {}
        self.broken = 0

    # -- account ---------------------------------------------------------------------------------------------

    def change(self, number: int, **values: Any) -> None:
        self.progress[number] = self.pending[number] = replace(self.progress[number], **values)

    def flush(self) -> None:
        if self.ledger and self.pending:
            self.ledger.record(self.plan, self.pending)
        self.pending = {}

    def result(self) -> ApplyResult:
        states = [(one, self.progress[one.number]) for one in self.plan.actions]
        failed = [(one, state) for one, state in states if state.status in {FAILED, BLOCKED}]
        return ApplyResult(
            self.plan.id,
            self.plan.hash,
            dict(sorted(Counter(state.status for _, state in states).items())),
            dict(sorted(Counter(state.code or "unknown" for _, state in failed).items())),
            tuple({**one.public(), "code": state.code} for one, state in failed),
        )

    # -- one action ------------------------------------------------------------------------------------------

    def step(self, action: Action) -> None:
        """Make one write unless it is made already, or one it needs was not."""
        if self.progress[action.number].status in {DONE, STALE}:
            return
        if any(self.progress[one].status != DONE for one in action.depends_on):
            self.change(action.number, status=BLOCKED, code="blocked")
            return
        for _ in range(MAX_ATTEMPTS):
            # The answer of the write before and the intent of this one go into one transaction.
            attempts = self.progress[action.number].attempts + 1
            self.change(action.number, status=SENT, sent_at=self.patience.now(), attempts=attempts, code=None)
            self.flush()
            if self._send(action):
                break
            self.resolve(action)
            if self.progress[action.number].status != PLANNED:
                break
        else:
            self.change(action.number, status=FAILED, code="unclear")
        self._watch()

    def _send(self, action: Action) -> bool:
        """Send a write; False when its outcome is unclear."""
        try:
            made = send(self.gateway, action, self.option_of(action))
        except StaleActionError:
            self.change(action.number, status=STALE, code="stale")
        except UnclearOutcomeError:
            return False
        except (ConflictError, *OF_ONE_ROW) as wrong:
            self._answered(action, wrong)
        except (AuthenticationError, RateLimitError):
            self._unsent(action)
            raise
        except (ServerError, TransportError) as wrong:
            if isinstance(wrong, TransportError) and not wrong.sent:
                self._unsent(action)
                raise
            self.broken += 1
            if self.broken >= MAX_BROKEN_IN_A_ROW:
                self.flush()
                raise
            self._answered(action, wrong)
            return True
        except CalComError as wrong:
            self._fail(action, wrong)
        else:
            self.change(action.number, status=DONE, result_id=made, code=None)
        self.broken = 0
        return True

    def _unsent(self, action: Action) -> None:
        """Give a write back that the API has not taken: its key, its limit or the network is at fault."""
        self.change(action.number, status=PLANNED)
        self.flush()

    def _answered(self, action: Action, wrong: CalComError) -> None:
        """Read an answer that may mean "is so already": 409 for what exists, 404 and 403 for what is gone."""
        try:
            found = self._look(action)
        except OF_ONE_ROW as hidden:
            self._fail_alone(action, hidden)
            return
        if found is None:
            if isinstance(wrong, OF_ONE_ROW):
                self._fail_alone(action, wrong)
            else:
                self._fail(action, wrong)
            return
        self.change(
            action.number, status=DONE, result_id=found or None, request_id=wrong.request_id, code=None
        )

    def _fail_alone(self, action: Action, wrong: CalComError) -> None:
        """Fail a row that is refused or not found, if the key may still do what the writes need.

        If it may not, the refusal says nothing about the row: the run ends and its actions stay sent.
        """
        self.flush()
        self.gateway.check_access()
        self._fail(action, wrong)

    def _look(self, action: Action) -> str | None:
        return landed(self.gateway, action, self.option_of(action), self._taken())

    def _fail(self, action: Action, wrong: CalComError) -> None:
        code = f"http_{wrong.status}" if wrong.status else type(wrong).__name__
        self.change(action.number, status=FAILED, code=code, request_id=wrong.request_id)

    def resolve(self, action: Action) -> None:
        """Wait, look, wait, look: a write is done when its effect shows, else it is planned again.

        One that cannot be looked for, because its person has no profile here any more, fails by itself.
        """
        sent_at = self.progress[action.number].sent_at or 0.0
        self.change(action.number, unclear=True)
        self.flush()
        for look in (1, 2):
            due = sent_at + look * self.patience.wait
            self.patience.sleep(max(0.0, due - self.patience.now()))
            try:
                found = self._look(action)
            except OF_ONE_ROW as hidden:
                self._fail_alone(action, hidden)
                return
            if found is not None:
                self.change(action.number, status=DONE, result_id=found or None, code=None)
                return
        self.change(action.number, status=PLANNED)

    def option_of(self, action: Action) -> str | None:
        """Return the option of an action; the last write it depends on may have made it."""
        if action.option_id is not None or not action.depends_on:
            return action.option_id
        return self.progress[action.depends_on[-1]].result_id

    def _taken(self) -> frozenset[str]:
        """Return the ids made by writes of this plan that are accounted for."""
        return frozenset(
            one.result_id for one in self.progress.values() if one.result_id and one.status == DONE
        )

    def _watch(self) -> None:
        if not self.gateway.directory_sync_seen:
            return
        self.flush()
        if self.ledger:
            self.ledger.note_directory_sync(self.plan)
        raise DirectorySyncError(
            f"plan {self.plan.id}: an assignment of this organisation was made by a directory sync; stopped",
            verdicts=["directory_sync"],
            advice="Let the directory write attributes; the two would undo each other's work.",
        )
