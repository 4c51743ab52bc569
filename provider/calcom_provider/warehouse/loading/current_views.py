"""A view of each table with versions that shows those which hold now.

It is made after a run was published, and again whenever the table's columns are others. A role that may not make views
gets a warning and everything else.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from typing import Protocol

from calcom_provider.warehouse.backends.base import Session
from calcom_provider.warehouse.backends.driver_errors import describe
from calcom_provider.warehouse.loading.layout import DELETED_AT, IS_CURRENT, VALID_TO, Layout
from calcom_provider.warehouse.loading.table_load import TableLoad

logger = logging.getLogger(__name__)

_SAME_IN_EACH_ROW = (VALID_TO.name, IS_CURRENT.name, DELETED_AT.name)


class Published(Protocol):
    """Describe what of a load is needed."""

    @property
    def tables(self) -> Sequence[TableLoad]:
        """Give the tables of the run."""

    @property
    def catalog(self) -> Mapping[str, Mapping[str, str]]:
        """Give the columns that the tables had before the run was published."""

    def publishing(self, *, changes_schema: bool) -> AbstractContextManager[None]:
        """Give a transaction beside those of other runs."""


def put_current_views(session: Session, load: Published) -> None:
    """Make the views that are missing, or lack columns; nobody is stopped by one that cannot be made.

    :param session: connection of the load, with no transaction open.
    :param load: the load that was published.
    """
    for table in load.tables:
        layout = table.layout
        if layout.history and not table.error:
            held = load.catalog.get(layout.name, {})
            names = [*held, *(one.name for one in layout.columns if one.name not in held)]
            try:
                _put(session, load, layout, [name for name in names if name not in _SAME_IN_EACH_ROW])
            except Exception as error:
                with suppress(Exception):
                    session.rollback()
                logger.warning("The view %s cannot be made: %s", layout.current_name, describe(error))


def _put(session: Session, load: Published, layout: Layout, names: Sequence[str]) -> None:
    backend = session.backend
    if len(layout.current_name.encode()) > backend.capabilities.longest_name:
        logger.warning("The view %s is not made: its name is too long for the database.", layout.current_name)
        return
    held = backend.view_columns(session, layout.current_name)
    if held == list(names):
        return
    if held and not set(held) <= {*names, *_SAME_IN_EACH_ROW}:
        logger.warning(
            "The view %s has columns that %s does not have, so it was not made here and stays as it is.",
            layout.current_name,
            layout.name,
        )
        return
    columns = ", ".join(map(backend.quote, names))
    current = backend.quote(IS_CURRENT.name)
    with load.publishing(changes_schema=True):
        backend.put_view(
            session, layout.current_name, f"SELECT {columns} FROM {layout.target} WHERE {current} = TRUE"
        )
