"""How a sync run is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.resources import registry
from calcom_provider.resources.events import EventLog
from calcom_provider.resources.model import Resource
from calcom_provider.resources.policy import ColumnPolicy
from calcom_provider.warehouse import DeleteGuard, Table

Mode = Literal["auto", "merge", "replace", "history"]
Deletes = Literal["auto", "ignore", "mark", "remove"]


@dataclass(frozen=True, slots=True)
class TableOptions:
    """Override how one resource or table is published.

    :param mode: ``auto`` takes the run's.
    :param deletes: ``auto`` takes the run's.
    """

    mode: Mode = "auto"
    deletes: Deletes = "auto"


@dataclass(frozen=True, slots=True)
class Backfill:
    """Name the window of an incremental resource that is read again in full.

    :param start: rows that start at or after this instant (UTC).
    :param end: rows that end at or before this instant (UTC).
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None or self.start >= self.end:
            raise ConfigurationError("A backfill needs a start before its end, both with a time zone")


@dataclass(frozen=True, slots=True)
class SyncOptions:
    """Hold the choices of a run that are not the two ends of it.

    :param mode: ``auto`` keeps history for memberships, attribute assignments and out-of-office entries and
        merges the rest; ``merge``, ``replace`` and ``history`` hold for every table.
    :param deletes: what happens to stored rows that a read proven complete no longer shows: ``remove``
        (default) lets the tables say what Cal.com holds, ``mark`` sets ``_calcom_deleted_at``, ``ignore``
        keeps them; in history tables the current version is closed.
    :param overrides: resource or table name -> :class:`TableOptions`.
    :param policy: which columns are stored and how.
    :param delete_guard: how many rows a run may delete from a table, None for the default: 20 % of a table with 50
        rows or more.
    :param confirm_deletes: table, without prefix -> rows that this run may delete although the guard would
        refuse it; more than these are refused as before.
    :param full: read incremental resources in full.
    :param full_every: an incremental resource is read in full when the last full read is older than this.
    :param overlap: an incremental read starts this much before the watermark.
    :param reread_days: days for which ended bookings are read again, None for the resource's own (14).
    :param backfill: window of the incremental resources to read again.
    :param expected_pages: use stored page counts and digests to plan and to skip unchanged pages.
    :param wait: seconds to wait for another run on the same tables, 0 fails at once.
    :param context: labels of the run record, for example the DAG run id.
    :param events: what events have named, to count what they had missed; None where none are taken.
    """

    mode: Mode = "auto"
    deletes: Deletes = "auto"
    overrides: Mapping[str, TableOptions] = field(default_factory=dict)
    policy: ColumnPolicy = field(default_factory=ColumnPolicy)
    delete_guard: DeleteGuard | None = None
    confirm_deletes: Mapping[str, int] = field(default_factory=dict)
    full: bool = False
    full_every: timedelta = timedelta(days=7)
    overlap: timedelta = timedelta(minutes=10)
    reread_days: int | None = None
    backfill: Backfill | None = None
    expected_pages: bool = True
    wait: float = 0.0
    context: Mapping[str, str] = field(default_factory=dict)
    events: EventLog | None = None

    def publication(self, resource: Resource) -> Callable[[Table], dict[str, Any]]:
        """Return a function that gives the mode, deletes and guard of a table of the resource.

        :param resource: the resource.
        """

        def choose(table: Table) -> dict[str, Any]:
            asked = self.overrides.get(table.name) or self.overrides.get(resource.name) or TableOptions()
            mode = asked.mode if asked.mode != "auto" else self.mode
            if mode == "replace" and resource.read.lookup is not None:
                # It is never read whole.
                mode = "merge"
            deletes = asked.deletes if asked.deletes != "auto" else self.deletes
            chosen = {
                "mode": mode if mode != "auto" else "history" if table.history else "merge",
                "deletes": deletes if deletes != "auto" else "remove",
            }
            guard = self.delete_guard or DeleteGuard()
            return {**chosen, "guard": replace(guard, confirmed=self.confirm_deletes.get(table.name, 0))}

        return choose

    def __post_init__(self) -> None:
        if self.mode not in ("auto", "merge", "replace", "history"):
            raise ConfigurationError(f"mode is auto, merge, replace or history, not {self.mode!r}")
        if self.deletes not in ("auto", "ignore", "mark", "remove"):
            raise ConfigurationError(f"deletes is auto, ignore, mark or remove, not {self.deletes!r}")
        strange = sorted(set(self.confirm_deletes) - set(registry.tables()))
        if strange:
            raise ConfigurationError(
                f"confirm_deletes names tables that there are not: {', '.join(strange)}",
                advice="Write them without the prefix, as the refusal does.",
            )
        if self.reread_days is not None and self.reread_days < 0:
            raise ConfigurationError(f"reread_days is a number of days, not {self.reread_days}")
