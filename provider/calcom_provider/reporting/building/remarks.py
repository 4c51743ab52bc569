"""Write the comments of views and tables where the database keeps them, and only those that are other ones."""

from __future__ import annotations

from collections.abc import Iterable

from calcom_provider.reporting.building import catalog
from calcom_provider.reporting.model import View
from calcom_provider.warehouse.backends.base import Session
from calcom_provider.warehouse.loading.layout import (
    CURRENT_SUFFIX,
    DELETED_AT,
    IS_CURRENT,
    ROW_HASH,
    RUN_ID,
    SYNCED_AT,
    VALID_FROM,
    VALID_TO,
)
from calcom_provider.warehouse.schema import Table

_OF_THE_ENGINE = (VALID_FROM, VALID_TO, IS_CURRENT, RUN_ID, SYNCED_AT, ROW_HASH, DELETED_AT)


def remark_view(session: Session, name: str, view: View) -> bool:
    """Comment on a reporting view from its declaration; the caller holds the transaction.

    :param name: full name.
    :param view: its declaration; columns that the view does not have are passed over.
    :returns: whether any comment was another one.
    """
    there = catalog.columns(session, name)
    columns = {column: said for column, said in view.columns.items() if column in there}
    return catalog.views_of(session.backend).remark(session, name, "view", view.comment, columns)


def remark_tables(session: Session, prefix: str, tables: Iterable[Table]) -> None:
    """Comment on tables that are there and on the views of their current versions, outside of a transaction.

    A release may have made them before it wrote comments, or may have declared other ones.

    :param prefix: what the names of the tables begin with.
    :param tables: declarations, without prefix.
    """
    views, held = catalog.views_of(session.backend), session.backend.reflect(session, prefix)
    session.begin()
    for table in tables:
        there = held.get(prefix + table.name, {})
        columns = {
            one.name: one.comment
            for one in (*table.columns, *_OF_THE_ENGINE)
            if one.comment and one.name in there
        }
        if not there:
            continue
        views.remark(session, prefix + table.name, "table", table.comment, columns)
        current = prefix + table.name + CURRENT_SUFFIX
        if IS_CURRENT.name in there and catalog.relation(session, current) == "view":
            shown = {name: columns[name] for name in catalog.columns(session, current) if name in columns}
            text = f"{table.comment} Versions that hold now."
            views.remark(session, current, "view", text, shown)
    session.commit()
