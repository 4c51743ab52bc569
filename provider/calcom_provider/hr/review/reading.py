"""Open a plan of the ledger to look at it; nothing is made, changed or brought forward by looking."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

from calcom_provider.hr.ledger.quarantines import LASTS
from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.hr.review.data import Review
from calcom_provider.hr.review.names import Names, Tables, read_names

log = logging.getLogger(__name__)


def read_review(target: Any, plan_id: str, tables: Tables | None) -> Review:
    """Read a plan with all that its page shows beside it.

    :param target: SQLAlchemy engine or URL of the ledger; ``duckdb:///path`` for a DuckDB file.
    :param plan_id: the plan.
    :param tables: the synced tables, for names and departments; None shows ids.
    :raises LedgerError: when there is no ledger, no such plan, or the ledger is one of another release.
    """
    with Ledger(target, look_only=True) as ledger:
        stored = ledger.stored_plan(plan_id)
        progress = ledger.progress(plan_id)
        confirmations = ledger.confirmations(plan_id)
        stopped = ledger.quarantines(stored.plan.organization_id, stored.plan.namespace)
    quarantine = stopped[0].public(LASTS) if stopped else None
    return Review(
        plan=replace(stored.plan, quarantine=quarantine),
        status=stored.status,
        names=_names(tables, stored.plan.organization_id),
        progress=progress,
        confirmations=confirmations,
        made_at=stored.made_at,
        forgotten=stored.forgotten,
    )


def _names(tables: Tables | None, organization_id: int) -> Names:
    """Return names as far as they can be had: a plan can be judged by ids, too."""
    if tables is None:
        return Names()
    try:
        return read_names(tables, organization_id)
    except Exception as error:
        # What a driver says may hold values or a password.
        log.warning("The synced tables could not be read (%s); the plan shows ids", type(error).__name__)
        return Names()
