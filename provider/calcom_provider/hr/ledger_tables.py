"""Declare the tables of the ledger. They never hold names, addresses, absence types or comments."""

from __future__ import annotations

import sqlalchemy as sa

METADATA = sa.MetaData()


def _table(name: str, *columns: sa.Column) -> sa.Table:
    return sa.Table(f"calcom_writeback_{name}", METADATA, *columns, implicit_returning=False)


def _key(name: str, kind: sa.types.TypeEngine) -> sa.Column:
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


def _scope() -> tuple[sa.Column, sa.Column]:
    return _key("organization_id", sa.BigInteger()), _key("namespace", sa.String(32))


PLANS = _table(
    "plans",
    _key("plan_id", sa.String(40)),
    sa.Column("organization_id", sa.BigInteger(), nullable=False),
    sa.Column("namespace", sa.String(32), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Column("settings", sa.String(64), nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("created_at", sa.Double(), nullable=False, comment="seconds since 1970"),
    sa.Column("applied_at", sa.Double()),
    sa.Column("approved_by", sa.String(200)),
    sa.Column("source_rows", sa.BigInteger()),
    sa.Column("match_rate", sa.Double()),
    sa.Column("directory_sync", sa.Boolean(), nullable=False),
    sa.Column("report", sa.Text(), nullable=False, comment="verdicts, issues and facts: ids and codes only"),
)

ACTIONS = _table(
    "actions",
    _key("plan_id", sa.String(40)),
    _key("number", sa.Integer()),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("why", sa.String(32), nullable=False),
    sa.Column("user_id", sa.BigInteger()),
    sa.Column("attribute_id", sa.String(64)),
    sa.Column("option_id", sa.String(64)),
    sa.Column("ooo_id", sa.BigInteger()),
    sa.Column("result_id", sa.String(64), comment="id of what the write made"),
    sa.Column("code", sa.String(64), comment="what went wrong"),
    sa.Column("request_id", sa.String(128)),
    sa.Column("attempts", sa.Integer(), nullable=False),
    sa.Column("unclear", sa.Boolean(), nullable=False),
    sa.Column("sent_at", sa.Double()),
    sa.Column("done_at", sa.Double()),
    sa.Column("content", sa.Text(), comment="before, after and precondition; emptied after retention_days"),
)

WRITERS = _table(
    "writers",
    _key("organization_id", sa.BigInteger()),
    sa.Column("holder", sa.String(200), nullable=False, comment="machine, process and run that may write"),
    sa.Column("until", sa.Double(), nullable=False, comment="seconds since 1970"),
)

ENTRIES = _table(
    "entries",
    *_scope(),
    _key("ooo_id", sa.BigInteger()),
    sa.Column("user_id", sa.BigInteger(), nullable=False),
    sa.Column("start_day", sa.String(10), nullable=False),
    sa.Column("end_day", sa.String(10), nullable=False),
    sa.Column("reason", sa.String(16), nullable=False),
    sa.Column("to_user_id", sa.BigInteger()),
    sa.Column("wish", sa.String(64), nullable=False),
    sa.Column("requests", sa.Text(), nullable=False, comment="keyed digests of the requests"),
    sa.Column("unclear", sa.Boolean(), nullable=False),
)

ASSIGNMENTS = _table(
    "assignments",
    *_scope(),
    _key("user_id", sa.BigInteger()),
    _key("option_id", sa.String(64)),
    sa.Column("attribute_id", sa.String(64), nullable=False),
    sa.Column("unclear", sa.Boolean(), nullable=False),
)

OPTIONS = _table(
    "options",
    *_scope(),
    _key("option_id", sa.String(64)),
    sa.Column("attribute_id", sa.String(64), nullable=False),
    sa.Column("unclear", sa.Boolean(), nullable=False),
)
