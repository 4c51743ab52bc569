"""Keep a lakehouse small: write small files together, give up old snapshots, delete files that nothing names."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from calcom_provider.warehouse.backends.base import Backend
from calcom_provider.warehouse.backends.lakehouse.backend import LakeBackend
from calcom_provider.warehouse.backends.lakehouse.formats import Cleaned, ConflictError, LakeTable
from calcom_provider.warehouse.errors import UnsupportedTargetError

logger = logging.getLogger(__name__)

SMALL = 16 * 1024 * 1024
"""Bytes below which a file is small."""

MANY = 8
"""Small files of one partition that are written together."""

RETENTION_HOURS = 168.0
"""Hours for which snapshots stay readable, and files that belong to none stay: a writer may be about to name them."""


def maintain(
    backend: Backend, prefix: str, *, retention_hours: float = RETENTION_HOURS, many: int = MANY
) -> Mapping[str, Cleaned]:
    """Tend the tables of a lakehouse; runs may write to them meanwhile.

    :param backend: the lakehouse.
    :param prefix: what the names of its tables begin with.
    :param retention_hours: hours for which snapshots stay readable; no run may last longer.
    :param many: small files of one partition from which on they are written together.
    :returns: what was done, by table.
    :raises UnsupportedTargetError: when the target is no lakehouse.
    """
    if not isinstance(backend, LakeBackend):
        raise UnsupportedTargetError(f"{backend.title} tends its tables itself: only a lakehouse needs this")
    done = {}
    for name in backend.format.tables(prefix):
        table = backend.format.open(name)
        compacted = _compact(name, table, many)
        table.refresh()
        done[name] = Cleaned(compacted, table.expire(retention_hours), table.remove_files(retention_hours))
    return done


def _compact(name: str, table: LakeTable, many: int) -> int:
    done = 0
    for value, count in table.small_files(SMALL).items():
        if count < many:
            continue
        values = None if value is None else [value]
        try:
            table.replace(table.read(table.schema().names, values), values)
            done += 1
        except ConflictError:
            logger.info("Table %s is being written to; its small files are left to the next time", name)
            break
        table.refresh()
    return done
