"""What a view is made from: the tables that are there, with the columns that they have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from calcom_provider.reporting import functions as fn
from calcom_provider.reporting.stored_names import Held, Renamed, as_declared
from calcom_provider.warehouse.backends.views import Views
from calcom_provider.warehouse.loading.layout import DELETED_AT, IS_CURRENT, VALID_FROM, VALID_TO

Condition = sa.ColumnElement[bool]
LEDGER = "calcom_writeback_"
TYPES: dict[str, sa.types.TypeEngine[Any]] = {
    "integer": sa.BigInteger(),
    "float": sa.Double(),
    "text": sa.Text(),
    "boolean": sa.Boolean(),
    "timestamp": sa.DateTime(),
    "date": sa.Date(),
}


@dataclass(frozen=True)
class Options:
    """Say what a warehouse's owner chooses about the views.

    :param host_attributes: column of ``rpt_host_week`` -> slug of the attribute whose value it shows.
    :param routing_attribute: slug of the attribute that ``rpt_routing_outcome`` shows of the host.
    :param answers: column of ``rpt_routing_outcome`` -> identifier of a question of the routing forms; needs the
        sensitive column ``response``.
    """

    host_attributes: Mapping[str, str] = field(
        default_factory=lambda: {"department": "department", "region": "region"}
    )
    routing_attribute: str = "department"
    answers: Mapping[str, str] = field(default_factory=dict)


class Source:
    """Give the tables of one warehouse to the definitions of the views.

    :param held: tables that are there, by full name, each with its columns and their types.
    :param views: how the database spells views.
    :param prefix: what the names of the synced tables begin with.
    :param schema: Schema of the synced tables.
    :param ledger: tables of the write-back's ledger, which lie in the default schema of the connection.
    :param options: what the owner chose.
    :param renamed: columns that are stored under other names than the declared ones, by full name of the table.
    """

    def __init__(
        self,
        held: Held,
        *,
        views: Views,
        prefix: str = "calcom_",
        schema: str | None = None,
        ledger: Held | None = None,
        options: Options | None = None,
        renamed: Renamed | None = None,
    ) -> None:
        self.views = views
        self.prefix = prefix
        self.schema = schema
        self.options = options or Options()
        self._renamed = renamed or {}
        self._held = as_declared(held, self._renamed)
        self._ledger = ledger or {}

    def has(self, name: str, *columns: str) -> bool:
        """Tell whether a table is there, with these columns.

        :param name: name without the prefix.
        """
        held = self._held.get(self.prefix + name)
        return held is not None and all(column in held for column in columns)

    def has_ledger(self, *names: str) -> bool:
        """Tell whether these tables of the ledger are there, by their names without ``calcom_writeback_``."""
        return all(LEDGER + name in self._ledger for name in names)

    def table(self, name: str, alias: str) -> sa.FromClause:
        """Give a synced table, or one that the package wrote, under an alias.

        :param name: name without the prefix.
        :raises KeyError: when it is not there.
        """
        full = self.prefix + name
        return _alias(full, self._held[full], self.schema, alias, self._renamed.get(full))

    def lookup(self, name: str, alias: str, *columns: str) -> sa.FromClause:
        """Give a table whose rows are looked up many times by columns that its key does not begin with.

        Most databases make a hash or an index for such a join. Others do so for a subquery with distinct rows alone.

        :param name: name without the prefix.
        :param columns: columns that are used, besides those of versions; texts are ids and the like, no long ones.
        :raises KeyError: when it is not there.
        """
        table = self.table(name, alias)
        if not self.views.repeats_lookups:
            return table
        versions = (one.name for one in (VALID_FROM, VALID_TO, IS_CURRENT, DELETED_AT))
        used = dict.fromkeys(("organization_id", *columns, *versions))
        found = [table.c[one] for one in used if one in table.c]
        shown = [
            fn.short_text(one).label(one.name) if isinstance(one.type, sa.Text) else one for one in found
        ]
        return self.indexed(sa.select(*shown)).subquery(alias)

    def indexed(self, select: sa.Select[Any]) -> sa.Select[Any]:
        """Have a subquery worked out once and looked up by an index, where the database would repeat it for each row.

        :param select: rows of which several alike count as one.
        """
        return select.distinct() if self.views.repeats_lookups else select

    def in_order(self, select: sa.Select[Any]) -> sa.Select[Any]:
        """Have tables joined in the order in which they are named, where the database guesses badly by itself.

        :param select: names few rows first, and every table after one that leads to it by a key.
        """
        return select.prefix_with(self.views.joins_in_order) if self.views.joins_in_order else select

    def ledger(self, name: str, alias: str) -> sa.FromClause:
        """Give a table of the ledger under an alias.

        :param name: name without ``calcom_writeback_``.
        :raises KeyError: when it is not there.
        """
        return _alias(LEDGER + name, self._ledger[LEDGER + name], None, alias)

    def keeps_history(self, name: str) -> bool:
        """Tell whether a table keeps the versions of its rows."""
        return self.has(name, IS_CURRENT.name)

    def history_note(self, *names: str) -> sa.ColumnElement[Any]:
        """Give the text that says which of these tables keep no history; null when all of them do."""
        without = [name for name in names if self.has(name) and not self.keeps_history(name)]
        if not without:
            return sa.null()
        kept = " and ".join(self.prefix + name for name in without)
        return sa.literal(f"{kept} without history: the present state stands for every day", sa.Text())


def column(table: sa.FromClause, name: str, kind: sa.types.TypeEngine[Any] | None = None) -> Any:
    """Give a column of a table, or null where the table does not have it.

    :param kind: type of the null.
    """
    return table.c[name] if name in table.c else sa.cast(sa.null(), kind or sa.Text())


def live(table: sa.FromClause) -> Condition:
    """Tell whether Cal.com has the row now."""
    parts = []
    if IS_CURRENT.name in table.c:
        parts.append(table.c[IS_CURRENT.name].is_(sa.true()))
    if DELETED_AT.name in table.c:
        parts.append(table.c[DELETED_AT.name].is_(None))
    return sa.and_(sa.true(), *parts)


def held_on(table: sa.FromClause, day: Any) -> Condition:
    """Tell whether the row held at the end of a day, in UTC; without history, whether it holds now.

    :param day: civil day, an expression.
    """
    if VALID_FROM.name not in table.c:
        return live(table)
    return sa.and_(table.c[VALID_FROM.name] < fn.day_start(fn.add_days(day, 1)), not_removed_on(table, day))


def not_removed_on(table: sa.FromClause, day: Any) -> Condition:
    """Tell whether the row was not removed by the end of a day, in UTC, however late it was first seen.

    :param day: civil day, an expression.
    """
    end = fn.day_start(fn.add_days(day, 1))
    until = removed_at(table)
    return sa.or_(until.is_(None), until >= end)


def removed_at(table: sa.FromClause) -> Any:
    """Give the time at which the row, or the version, was found gone; null while it is there."""
    versioned, marked = VALID_TO.name in table.c, DELETED_AT.name in table.c
    if versioned and marked:
        return sa.func.coalesce(table.c[VALID_TO.name], table.c[DELETED_AT.name])
    return column(table, VALID_TO.name if versioned else DELETED_AT.name, sa.DateTime())


def _alias(
    name: str,
    columns: Mapping[str, str],
    schema: str | None,
    alias: str,
    renamed: Mapping[str, str] | None = None,
) -> sa.FromClause:
    if not renamed:
        made = [sa.column(one, TYPES.get(kind, sa.Text())) for one, kind in columns.items()]
        return sa.table(name, *made, schema=schema).alias(alias)
    stored = {declared: one for one, declared in renamed.items()}
    typed = [sa.column(stored.get(one, one), TYPES.get(kind, sa.Text())) for one, kind in columns.items()]
    table = sa.table(name, *typed, schema=schema)
    shown = [table.c[stored.get(one, one)].label(one) for one in columns]
    return sa.select(*shown).subquery(alias)
