"""Declare the tables of the ledger as this release knows them.

They hold ids, days, HR keys and the values of attributes, but no columns for names, addresses, absence types or
comments; an HR key is what HR made it. Migrations make them
(:mod:`~calcom_provider.hr.ledger.migrations`), each new table and column included.
"""

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
    sa.Column("created_at", sa.Double(), nullable=False),
    sa.Column("applied_at", sa.Double()),
    sa.Column("approved_by", sa.String(200)),
    sa.Column("source_rows", sa.BigInteger()),
    sa.Column("match_rate", sa.Double()),
    sa.Column("directory_sync", sa.Boolean(), nullable=False),
    sa.Column("report", sa.Text(), nullable=False),
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
    sa.Column("result_id", sa.String(64)),
    sa.Column("code", sa.String(64)),
    sa.Column("request_id", sa.String(128)),
    sa.Column("attempts", sa.Integer(), nullable=False),
    sa.Column("unclear", sa.Boolean(), nullable=False),
    sa.Column("sent_at", sa.Double()),
    sa.Column("done_at", sa.Double()),
    sa.Column("content", sa.Text()),
)

WRITERS = _table(
    "writers",
    _key("organization_id", sa.BigInteger()),
    sa.Column("holder", sa.String(200), nullable=False),
    sa.Column("until", sa.Double(), nullable=False),
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
    sa.Column("requests", sa.Text(), nullable=False),
    sa.Column("unclear", sa.Boolean(), nullable=False),
)

REQUESTS = _table(
    "requests",
    *_scope(),
    _key("ooo_id", sa.BigInteger()),
    _key("request", sa.String(32)),
    sa.Column("days", sa.Text(), nullable=False),
    sa.Column("statement", sa.String(64), nullable=False),
    sa.Column("told", sa.Text(), nullable=False),
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

QUARANTINES = _table(
    "quarantines",
    _key("plan_id", sa.String(40)),
    sa.Column("last_plan_id", sa.String(40), nullable=False),
    sa.Column("organization_id", sa.BigInteger(), nullable=False),
    sa.Column("namespace", sa.String(32), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("guards", sa.Text(), nullable=False),
    sa.Column("began_at", sa.Double(), nullable=False),
    sa.Column("ended_at", sa.Double()),
    sa.Column("ended_as", sa.String(16)),
    sa.Column("ended_plan_id", sa.String(40)),
    sa.Column("ended_by", sa.String(200)),
    sa.Column("confirmed", sa.Text()),
)

ERASED = _table(
    "erased",
    *_scope(),
    _key("digest", sa.String(64)),
    _key("ooo_id", sa.BigInteger()),
    sa.Column("unclear", sa.Boolean(), nullable=False),
)

KEYS = _table(
    "keys",
    _key("name", sa.String(40)),
    sa.Column("value", sa.String(64), nullable=False),
)
