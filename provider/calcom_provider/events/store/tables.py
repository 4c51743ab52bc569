"""Declare the tables of the receiver. No name, no address and no text of anybody ever gets into one."""

from __future__ import annotations

import sqlalchemy as sa

METADATA = sa.MetaData()

WAITING, CLAIMED, DONE, DEFERRED = "waiting", "claimed", "done", "deferred"


def _table(name: str, *parts: sa.schema.SchemaItem) -> sa.Table:
    return sa.Table(f"calcom_{name}", METADATA, *parts, implicit_returning=False)


def _key(name: str, kind: sa.types.TypeEngine) -> sa.Column:
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


EVENTS = _table(
    "events",
    _key("organization_id", sa.BigInteger()),
    # Cal.com gives its deliveries no id: what tells that one came again is its whole body.
    _key("digest", sa.String(64)),
    _key("place", sa.Integer()),
    sa.Column("kind", sa.String(48), nullable=False),
    sa.Column("resource", sa.String(48), nullable=False),
    sa.Column("row_key", sa.String(64), nullable=False),
    sa.Column("row_number", sa.BigInteger()),
    sa.Column("occurred_at", sa.Double(), nullable=False),
    sa.Column("received_at", sa.Double(), nullable=False),
    sa.Column("queued_at", sa.Double(), nullable=False),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("claimed_by", sa.String(64)),
    sa.Column("claimed_until", sa.Double()),
    sa.Column("absences", sa.Integer(), nullable=False),
    sa.Column("done_at", sa.Double()),
    sa.Index("calcom_events_waiting", "organization_id", "state", "queued_at"),
    sa.Index("calcom_events_rows", "organization_id", "resource", "row_number"),
)

COUNTS = _table(
    "event_counts",
    _key("organization_id", sa.BigInteger()),
    _key("day", sa.String(10)),
    _key("outcome", sa.String(16)),
    sa.Column("deliveries", sa.BigInteger(), nullable=False),
)

SUBSCRIPTIONS = _table(
    "event_subscriptions",
    _key("organization_id", sa.BigInteger()),
    sa.Column("webhook_id", sa.String(64)),
    sa.Column("generation", sa.Integer(), nullable=False),
    sa.Column("pending", sa.Integer()),
    sa.Column("rotated_at", sa.Double(), nullable=False),
    sa.Column("registered_at", sa.Double(), nullable=False),
)

LOOKS = _table(
    "change_looks",
    _key("organization_id", sa.BigInteger()),
    _key("resource", sa.String(48)),
    sa.Column("list_rows", sa.BigInteger(), nullable=False),
    sa.Column("skipped", sa.BigInteger(), nullable=False),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("looked_at", sa.Double(), nullable=False),
)

ALERTS = _table(
    "alert_states",
    _key("subject", sa.String(200)),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("failures", sa.Integer(), nullable=False),
    sa.Column("since", sa.Double(), nullable=False),
)
