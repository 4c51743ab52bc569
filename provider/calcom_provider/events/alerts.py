"""Remember whether something is well, so that people are told of a change once and of nothing in between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from calcom_provider.events.store.database import Database
from calcom_provider.events.store.tables import ALERTS

OK, WARNING, CRITICAL = "ok", "warning", "critical"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Say from when on something is bad.

    :param warning_failures: failures in a row.
    :param critical_failures: failures in a row.
    :param warning_missed: rows that events had missed.
    :param critical_missed: rows that events had missed.
    """

    warning_failures: int = 1
    critical_failures: int = 3
    warning_missed: int = 1
    critical_missed: int = 100

    def of_failures(self, failures: int, before: str) -> str:
        """Return the state after failures in a row; fewer than a threshold leave it as it was.

        :param failures: how many.
        :param before: state before them.
        """
        if failures >= self.critical_failures:
            return CRITICAL
        return WARNING if failures >= self.warning_failures and before == OK else before

    def of_missed(self, missed: int) -> str:
        """Return the state that a count of missed rows stands for.

        :param missed: rows.
        """
        if missed >= self.critical_missed:
            return CRITICAL
        return WARNING if missed >= self.warning_missed else OK


class AlertStates:
    """Keep the state of each subject; several processes may ask at once, and one of them is told of a change.

    :param database: database of the store of events.
    :param clock: seconds since 1970.
    """

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def failed(self, subject: str, thresholds: Thresholds) -> tuple[str, str] | None:
        """Note a failure; return the state before and after it, None when it stays.

        :param subject: what failed, such as a DAG and task.
        :param thresholds: from when on it is bad.
        """
        return self._move(
            subject, lambda before, failures: (thresholds.of_failures(failures + 1, before), failures + 1)
        )

    def succeeded(self, subject: str, state: str) -> tuple[str, str] | None:
        """Note a success; return the state before and after it, None when it stays.

        :param subject: what succeeded.
        :param state: what it amounts to.
        """
        return self._move(subject, lambda before, failures: (state, 0))

    def _move(self, subject: str, decide: Callable[[str, int], tuple[str, int]]) -> tuple[str, str] | None:
        c = ALERTS.c
        query = sa.select(c.state, c.failures).where(c.subject == subject)

        def work(connection: sa.Connection) -> tuple[bool, str, str]:
            row = connection.execute(query).first()
            before, failed = (row[0], int(row[1])) if row else (OK, 0)
            after, failures = decide(before, failed)
            values = {"state": after, "failures": failures, "since": self._clock()}
            if row is None:
                connection.execute(sa.insert(ALERTS).values(subject=subject, **values))
                return True, before, after
            # Another process may have moved it meanwhile.
            same = sa.and_(c.subject == subject, c.state == before, c.failures == failed)
            return (
                connection.execute(sa.update(ALERTS).where(same).values(**values)).rowcount == 1,
                before,
                after,
            )

        while True:
            try:
                done, before, after = self._database.run(work)
            except sa.exc.IntegrityError:
                continue
            if done:
                return None if before == after else (before, after)
