"""Print the seed with the offsets of the time zones.

A process of its own, so that it can be told to look into the package tzdata alone: what this machine knows of time
zones is not what another one does, and a process remembers what it has looked up.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from calcom_provider.reporting.fixed_tables.time_zones import TZ_OFFSETS, offset_rows


def _texts(row: Iterable[Any]) -> list[str]:
    return [f"{one:%Y-%m-%d %H:%M:%S}" if isinstance(one, datetime) else str(one) for one in row]


if __name__ == "__main__":
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(TZ_OFFSETS.names)
    writer.writerows(_texts(row) for row in offset_rows())
