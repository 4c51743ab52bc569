"""Check what the warehouse holds: keys, references, freshness, and how well HR data found its people.

Every check reads only; a table that is not there is not checked, and the result says so.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.reporting.checks.references import Reference, references
from calcom_provider.reporting.checks.results import SHOWN, CheckResult, ChecksFailedError
from calcom_provider.reporting.stored_names import as_declared, relation, renamed_columns
from calcom_provider.resources.registry import catalogue
from calcom_provider.warehouse import Warehouse
from calcom_provider.warehouse.bookkeeping.migrations import RUN_RESOURCES, require_current
from calcom_provider.warehouse.bookkeeping.run_store import CLOCKS_DIFFER, begin_of
from calcom_provider.warehouse.loading.layout import DELETED_AT, IS_CURRENT
from calcom_provider.warehouse.rows import as_utc

if TYPE_CHECKING:
    import sqlalchemy as sa

    from calcom_provider.warehouse.schema import Table

CHECKS = ("keys", "references", "freshness", "match_rate")
PLANS = "calcom_writeback_plans"


class Checks:
    """Open a warehouse for checks.

    :param target: SQLAlchemy engine or URL; ``duckdb:///path`` for a DuckDB file.
    :param schema: schema of the tables, the connection's own by default.
    :param prefix: what table names begin with.
    :param ledger: engine or URL of the write-back's ledger, by default the same database, outside of ``schema``.
    """

    def __init__(
        self,
        target: sa.Engine | sa.URL | str,
        *,
        schema: str | None = None,
        prefix: str = "calcom_",
        ledger: sa.Engine | sa.URL | str | None = None,
    ) -> None:
        self.prefix = prefix
        self._warehouse = Warehouse(target, schema=schema, prefix=prefix, must_exist=True)
        self._ledger = Warehouse(ledger or target, must_exist=True) if ledger or schema else self._warehouse
        self._backend = self._warehouse.backend
        self._session = self._backend.connect()
        self._stored = self._backend.reflect(self._session, prefix)
        require_current(self._session, prefix, self._stored)
        self._renamed = renamed_columns(self._session, prefix, self._stored)
        self._held = as_declared(self._stored, self._renamed)

    def close(self) -> None:
        """Close what was opened."""
        self._session.close()
        self._warehouse.close()
        if self._ledger is not self._warehouse:
            self._ledger.close()

    def __enter__(self) -> Checks:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(
        self,
        checks: Collection[str] = CHECKS,
        *,
        max_age: timedelta = timedelta(days=1),
        resources: Collection[str] | None = None,
        min_match_rate: float = 0.9,
        allowed: Mapping[str, int] | None = None,
        now: datetime | None = None,
    ) -> list[CheckResult]:
        """Run checks and return what each found, good and bad.

        :param checks: which of ``keys``, ``references``, ``freshness``, ``match_rate``.
        :param max_age: age of the newest successful read of a resource that is still fresh.
        :param resources: resources that must be fresh, by default all that were ever read.
        :param min_match_rate: lowest share, 0 to 1, of employed people that the newest plan of each write-back
            must have matched with a user.
        :param allowed: subject of a result -> rows that may fail without failing the check.
        :param now: the moment that freshness is judged for, by default the present.
        :raises ConfigurationError: for a check that does not exist.
        """
        if unknown := sorted(set(checks) - set(CHECKS)):
            raise ConfigurationError(f"There is no check {unknown[0]!r}; there are {', '.join(CHECKS)}")
        found: list[CheckResult] = []
        if "keys" in checks:
            found += self.keys()
        if "references" in checks:
            found += self.references()
        if "freshness" in checks:
            found += self.freshness(max_age, resources=resources, now=now)
        if "match_rate" in checks:
            found += self.match_rate(min_match_rate)
        return [_forgiven(one, (allowed or {}).get(one.subject, 0)) for one in found]

    # -- keys ------------------------------------------------------------------------------------------------

    def keys(self) -> list[CheckResult]:
        """Check that each key has one live row, in every table that is there."""
        tables = [
            table for one in catalogue().values() for table in one.tables if self._name(table) in self._held
        ]
        return [self._unique(table) for table in tables]

    def _unique(self, table: Table) -> CheckResult:
        missing = self._missing(table, table.key)
        if missing:
            return CheckResult("keys", table.name, note=missing, checked=False)
        columns = ", ".join(f"t.{self._backend.quote(name)}" for name in table.key)
        nulls = " OR ".join(
            f"max(CASE WHEN t.{self._backend.quote(name)} IS NULL THEN 1 ELSE 0 END) = 1"
            for name in table.key
        )
        query = (
            f"FROM {self._qualified(table)} t WHERE {self._live(table, 't')}"
            f" GROUP BY {columns} HAVING count(*) > 1 OR {nulls}"
        )
        return self._result("keys", table.name, table, query, "the key is missing, or has several live rows")

    # -- references ------------------------------------------------------------------------------------------

    def references(self) -> list[CheckResult]:
        """Check that what the tables refer to is there.

        References that may lead nowhere although nothing is wrong are left out; see
        :attr:`calcom_provider.warehouse.schema.Column.dangling`.
        """
        found = []
        for one in references():
            if not one.dangling and {self._name(one.child), self._name(one.parent)} <= set(self._held):
                found.append(self._present(one))
        return found

    def _present(self, one: Reference) -> CheckResult:
        needed = (*one.child.key, one.column)
        missing = self._missing(one.child, needed) or self._missing(one.parent, (one.target,))
        if missing:
            return CheckResult("references", one.name, note=missing, checked=False)
        quote = self._backend.quote
        joined = [f"p.{quote(one.target)} = t.{quote(one.column)}"]
        joined += [f"p.{quote(name)} = t.{quote(name)}" for name in one.shared]
        parents = f"SELECT 1 FROM {self._qualified(one.parent)} p WHERE {' AND '.join(joined)}"
        query = (
            f"FROM {self._qualified(one.child)} t WHERE {self._live(one.child, 't')}"
            f" AND t.{quote(one.column)} IS NOT NULL"
            f" AND NOT EXISTS ({parents} AND {self._live(one.parent, 'p')})"
        )
        return self._result("references", one.name, one.child, query, "what they refer to is not there")

    # -- freshness -------------------------------------------------------------------------------------------

    def freshness(
        self, max_age: timedelta, *, resources: Collection[str] | None = None, now: datetime | None = None
    ) -> list[CheckResult]:
        """Check, by the run records, that each resource was read lately.

        The data of a run are as old as its begin. One that by its record begins in the future tells nothing: its
        clock stood wrong.

        :param max_age: age that is still fresh.
        :param resources: resources that must be fresh, by default all that were ever read.
        :param now: the moment to judge for, by default the present.
        """
        now = now or datetime.now(UTC)
        read = self._newest_reads(now + CLOCKS_DIFFER)
        oldest = now - max_age
        scopes = sorted({scope for scope, _ in read}) or [""]
        wanted = (
            [(scope, name) for scope in scopes for name in sorted(resources)] if resources else sorted(read)
        )
        late = []
        for scope, name in wanted:
            at = read.get((scope, name))
            if at is None or at < oldest:
                late.append({"scope": scope, "resource": name, "read_at": at.isoformat() if at else None})
        if not wanted:
            late = [{"scope": "", "resource": "*", "read_at": None}]
        note = f"not read since {oldest.isoformat(timespec='seconds')}" if late else ""
        return [CheckResult("freshness", "sync_runs", len(late), tuple(late[:SHOWN]), note)]

    def _newest_reads(self, latest: datetime) -> dict[tuple[str, str], datetime]:
        if self.prefix + RUN_RESOURCES not in self._held:
            return {}
        rows = self._session.fetch(
            f"SELECT scope, resource, max({begin_of()}) FROM {self._backend.qualify(self.prefix + RUN_RESOURCES)}"
            f" WHERE status IN ('published', 'unchanged') AND {begin_of()} <= :latest GROUP BY scope, resource",
            {"latest": self._backend.time(latest)},
        )
        return {(scope, name): at for scope, name, value in rows if (at := as_utc(value)) is not None}

    # -- match rate ------------------------------------------------------------------------------------------

    def match_rate(self, minimum: float) -> list[CheckResult]:
        """Check that the newest plan of each write-back found a user for most of HR's people.

        :param minimum: lowest share, 0 to 1.
        """
        session = self._ledger.backend.connect()
        try:
            if PLANS not in self._ledger.backend.reflect(session, "calcom_writeback_"):
                return [CheckResult("match_rate", PLANS, note="there is no ledger", checked=False)]
            table = self._ledger.backend.qualify(PLANS)
            rows = session.fetch(
                f"SELECT p.organization_id, p.namespace, p.kind, p.plan_id, p.match_rate FROM {table} p"
                " WHERE p.match_rate IS NOT NULL AND p.created_at = (SELECT max(q.created_at)"
                f" FROM {table} q WHERE q.organization_id = p.organization_id AND q.namespace = p.namespace"
                " AND q.kind = p.kind AND q.match_rate IS NOT NULL) ORDER BY 1, 2, 3, 4"
            )
        finally:
            session.close()
        names = ("organization_id", "namespace", "kind", "plan_id", "match_rate")
        low = [dict(zip(names, row, strict=True)) for row in rows if float(row[4]) < minimum]
        note = f"fewer than {minimum:.0%} of HR's people were matched" if low else ""
        return [CheckResult("match_rate", PLANS, len(low), tuple(low[:SHOWN]), note)]

    # -- parts -----------------------------------------------------------------------------------------------

    def _result(self, check: str, subject: str, table: Table, query: str, wrong: str) -> CheckResult:
        shown = [name for name in table.key if table.column(name).data_class == "public"]
        columns = ", ".join(f"t.{self._backend.quote(name)}" for name in shown)
        failed = int(self._session.value(f"SELECT count(*) FROM (SELECT 1 AS one {query}) failing"))
        if not failed:
            return CheckResult(check, subject)
        rows = self._session.fetch(f"SELECT {columns} {query} ORDER BY {columns} LIMIT {SHOWN}")
        keys = tuple(dict(zip(shown, row, strict=True)) for row in rows)
        return CheckResult(check, subject, failed, keys, wrong)

    def _missing(self, table: Table, columns: Sequence[str]) -> str:
        held = self._held[self._name(table)]
        absent = [name for name in columns if name not in held]
        return f"{table.name} is stored without {', '.join(absent)}" if absent else ""

    def _live(self, table: Table, alias: str) -> str:
        """Spell that a row is what Cal.com has now: no older version, not marked as deleted."""
        held = self._held[self._name(table)]
        dot = f"{alias}." + "{}"
        parts = []
        if IS_CURRENT.name in held:
            parts.append(dot.format(self._backend.quote(IS_CURRENT.name)))
        if DELETED_AT.name in held:
            parts.append(dot.format(self._backend.quote(DELETED_AT.name)) + " IS NULL")
        return " AND ".join(parts) or "1 = 1"

    def _name(self, table: Table) -> str:
        return self.prefix + table.name

    def _qualified(self, table: Table) -> str:
        return relation(self._backend, self._name(table), self._stored, self._renamed)


def raise_failed(results: Collection[CheckResult]) -> None:
    """Raise when a check failed.

    :param results: what :meth:`Checks.run` returned.
    :raises ChecksFailedError: with the keys of the rows that failed.
    """
    failed = [one for one in results if one.failed]
    if failed:
        raise ChecksFailedError(failed)


def _forgiven(one: CheckResult, allowed: int) -> CheckResult:
    if not one.failed or one.failed > allowed:
        return one
    return CheckResult(one.check, one.subject, note=f"{one.failed} of {allowed} allowed rows failed")
