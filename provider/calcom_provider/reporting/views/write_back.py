"""What did the write-back plan, and what became of it?"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from calcom_provider.reporting import functions as fn
from calcom_provider.reporting.model import View
from calcom_provider.reporting.source import Source

OOO_KINDS = ("ooo_create", "ooo_update", "ooo_delete")


def _write_back(source: Source) -> sa.Select[Any]:
    p, a, r = source.ledger("plans", "p"), source.ledger("actions", "a"), _refusals(source)
    return sa.select(
        p.c.organization_id,
        p.c.namespace,
        p.c.plan_id,
        p.c.kind.label("plan_kind"),
        p.c.hash.label("plan_hash"),
        p.c.status.label("plan_status"),
        fn.from_epoch(p.c.created_at).label("created_at"),
        fn.from_epoch(p.c.applied_at).label("applied_at"),
        p.c.approved_by.is_not(None).label("approved"),
        p.c.match_rate,
        p.c.source_rows,
        r.c.refused_by,
        a.c.number,
        a.c.kind.label("action"),
        *(a.c[name] for name in ("why", "status", "user_id", "attribute_id", "option_id", "ooo_id")),
        *(a.c[name] for name in ("result_id", "code", "request_id", "attempts")),
        fn.from_epoch(a.c.sent_at).label("sent_at"),
        fn.from_epoch(a.c.done_at).label("done_at"),
        _hr_requests(source, p, a).label("hr_requests"),
    ).select_from(p.join(r, r.c.plan_id == p.c.plan_id).outerjoin(a, a.c.plan_id == p.c.plan_id))


def _refusals(source: Source) -> sa.Subquery:
    """Give each plan with the guards that refused it.

    The report is read once for a plan, and not for each of its writes: it tells of every row that had an issue.
    """
    p = source.ledger("plans", "rp")
    names = fn.json_listed(p.c.report, "verdicts", "guard", "allowed")
    return (
        sa.select(p.c.plan_id, sa.func.max(names).label("refused_by"))
        .group_by(p.c.plan_id)
        .subquery("refusal")
    )


def _hr_requests(source: Source, p: sa.FromClause, a: sa.FromClause) -> Any:
    if not source.has_ledger("entries"):
        return sa.cast(sa.null(), sa.Text())
    e = source.ledger("entries", "e")
    # Only the results of these writes are numbers.
    made = sa.case((a.c.kind.in_(OOO_KINDS), sa.cast(a.c.result_id, sa.BigInteger())))
    same = [e.c.organization_id == p.c.organization_id, e.c.namespace == p.c.namespace]
    return (
        sa.select(e.c.requests)
        .where(*same, e.c.ooo_id == sa.func.coalesce(a.c.ooo_id, made))
        .scalar_subquery()
    )


RPT_WRITE_BACK = View(
    "rpt_write_back",
    "A write of a plan, or a plan without writes: what it meant to change and what became of it",
    {
        "organization_id": "organisation",
        "namespace": "whose write-back",
        "plan_id": "plan",
        "plan_kind": "attributes, out_of_office or undo",
        "plan_hash": "digest of what the plan does",
        "plan_status": "planned, refused, applying, applied, failed or superseded",
        "created_at": "when the plan was made",
        "applied_at": "when it was applied to the end; null before",
        "approved": "whether somebody approved it",
        "match_rate": "share of HR's people with a user",
        "source_rows": "rows of the HR source",
        "refused_by": "guards that refused the plan, by name; null when none did",
        "number": "place of the write in the plan; null for a plan without writes",
        "action": "what is written",
        "why": "code of the reason",
        "status": "planned, sent, done, failed, stale or blocked",
        "user_id": "user concerned",
        "attribute_id": "attribute concerned",
        "option_id": "option concerned",
        "ooo_id": "out-of-office entry concerned",
        "result_id": "id of what the write made",
        "code": "what went wrong",
        "request_id": "request id of the last answer",
        "attempts": "how often it was sent",
        "sent_at": "when it was last sent",
        "done_at": "when it was done",
        "hr_requests": "keyed digests of HR's requests behind the entry; null for other writes and entries gone",
    },
    key=("organization_id", "plan_id", "number"),
    needs={},
    ledger=("plans", "actions"),
    resources=(),
    select=_write_back,
)
