"""One run: read what was asked for, stage it, publish all of it in one transaction or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from calcom_provider.sync.options import SyncOptions
from calcom_provider.sync.result import Progress, SyncResult

if TYPE_CHECKING:
    from calcom_provider.api.client import CalComClient
    from calcom_provider.warehouse import Warehouse


def sync(
    client: CalComClient,
    warehouse: Warehouse,
    *,
    resources: Iterable[str] | str | None = None,
    options: SyncOptions | None = None,
    progress: Callable[[Progress], None] | None = None,
    dry_run: bool = False,
) -> SyncResult:
    """Read resources of Cal.com into the tables of a warehouse.

    Everything that the run read becomes visible at once, with its run record, or not at all: a failed or
    incomplete read leaves the tables as they were.

    :param client: open client of the API.
    :param warehouse: target of the tables.
    :param resources: names, ``group:NAME``, ``default`` or ``all``, as a list or separated by commas; None
        for ``default``, the people of the organisation and their teams.
    :param options: mode, deletes, column policy and the like.
    :param progress: called with every step, from the calling thread.
    :param dry_run: read and stage, then report what would change without publishing.
    :raises IncompleteReadError: when a list could not be proven complete.
    :raises ConfigurationError: when the account has no organisation and a resource needs one.
    """
    from calcom_provider.sync.execution import Execution

    return Execution(client, warehouse, options or SyncOptions(), progress, dry_run).run(resources)
