"""Check what a warehouse's owner chose about the views, before anything is changed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.reporting.building.snapshots import NEW, SUFFIX
from calcom_provider.reporting.model import View
from calcom_provider.reporting.source import Options

_COLUMN = re.compile(r"[a-z][a-z0-9_]{0,59}")


def check_names(views: Sequence[View], view_prefix: str, limit: int) -> None:
    """Refuse a prefix with which names become too long.

    :param limit: bytes of a name in the database.

    :raises ConfigurationError: when one does.
    """
    longest = max((f"{view_prefix}{view.name}{SUFFIX}{NEW}" for view in views), key=len, default="")
    if len(longest.encode()) > limit:
        raise ConfigurationError(
            f"The prefix of the views is too long: {longest} has more than {limit} characters"
        )


def check_options(views: Sequence[View], options: Options) -> None:
    """Refuse columns that a view has already, or that need no name of this kind.

    :raises ConfigurationError: for the first of them.
    """
    for view_name, wanted in (
        ("rpt_host_week", options.host_attributes),
        ("rpt_routing_outcome", options.answers),
    ):
        view = next((one for one in views if one.name == view_name), None)
        for column in wanted:
            if not _COLUMN.fullmatch(column):
                raise ConfigurationError(
                    f"{column!r} is no name of a column of {view_name}: small letters, digits, underscores"
                )
            if view and column in set(view.columns) - set(Options().host_attributes):
                raise ConfigurationError(f"{view_name} has a column {column} already: choose another name")
