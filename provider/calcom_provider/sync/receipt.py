"""Tell what was removed, and what could not be reached: counts and names of tables, nothing about anybody."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from calcom_provider.api.errors import CalComError


class ErasureError(CalComError):
    """Refuse to erase somebody; nothing was erased anywhere."""


class NobodyFoundError(ErasureError):
    """Say that nothing is stored about the person who was to be erased."""


@dataclass(frozen=True, slots=True)
class Unreached:
    """Name what was left as it was, and why.

    :param table: name of the table, or of a ledger.
    :param reason: why it could not be reached.
    :param mendable: whether another call could reach it, with the key of hashed columns for example.
    """

    table: str
    reason: str
    mendable: bool = False


@dataclass(slots=True)
class Receipt:
    """Hold what was removed.

    :param sought: what was looked for, in words that name nobody.
    :param tables: rows that were deleted or changed, by table.
    :param unreached: what was not reached.
    """

    sought: str = ""
    tables: dict[str, int] = field(default_factory=dict)
    unreached: list[Unreached] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """Count the rows of all tables."""
        return sum(self.tables.values())

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, fit for XCom."""
        return {
            "sought": self.sought,
            "rows": self.rows,
            "tables": dict(self.tables),
            "unreached": [{"table": one.table, "reason": one.reason} for one in self.unreached],
        }
