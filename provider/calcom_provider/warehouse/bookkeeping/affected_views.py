"""Views of a database's owner that name what a migration gave another name or shape."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection

from calcom_provider.warehouse.backends.base import Session

logger = logging.getLogger(__name__)


def views_using(session: Session, tables: Collection[str]) -> list[str]:
    """Return the views that name one of some tables.

    :param session: connection to the warehouse.
    :param tables: full names.
    """
    if not tables:
        return []
    named = re.compile(rf"(?<!\w)({'|'.join(map(re.escape, sorted(tables)))})(?!\w)")
    return [name for name, text in session.backend.view_texts(session).items() if named.search(text or "")]


def report_views(session: Session, views: Collection[str]) -> None:
    """Tell which views have to be made anew, and which ones follow what they named, after a migration.

    :param session: connection to the warehouse, with no transaction open.
    :param views: names of the views that named tables which changed.
    """
    broken = [name for name in views if not _readable(session, name)]
    following = sorted(set(views) - set(broken))
    if broken:
        logger.warning(
            "These views name columns or tables that have other names with this release, and cannot be read: %s."
            " `calcom reports create` makes those of this package anew; make your own anew.",
            ", ".join(broken),
        )
    if following:
        logger.warning(
            "These views use tables that changed with this release, and can still be read: %s. Look whether they"
            " say what they should; the page on upgrading lists the names.",
            ", ".join(following),
        )


def _readable(session: Session, name: str) -> bool:
    try:
        session.fetch(f"SELECT * FROM {session.backend.qualify(name)} WHERE 1 = 0")
    except Exception:
        return False
    return True
