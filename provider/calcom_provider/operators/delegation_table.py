"""Declare the table that keeps delegation credentials, which Cal.com lists nowhere."""

from __future__ import annotations

from calcom_provider.warehouse import Column, Table

DELEGATION_CREDENTIALS = Table(
    "delegation_credentials",
    (
        Column("organization_id", "integer", nullable=False),
        Column("domain", "text", nullable=False, comment="mail domain of the workspace"),
        Column("platform", "text", comment="google or office365"),
        Column("id", "text", comment="id in Cal.com, shown once when it was created"),
        Column("enabled", "boolean", comment="as this provider left it"),
        Column("changed_at", "timestamp", comment="when this provider last changed it"),
    ),
    key=("organization_id", "domain"),
    comment="Delegation credentials that this provider made; no operation of the API reads them.",
)
