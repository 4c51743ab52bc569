"""The page on events says what the code says."""

from __future__ import annotations

import inspect
import re
from datetime import timedelta
from pathlib import Path

from calcom_provider.events import asgi
from calcom_provider.events.rate import KNOWN_FOR, REFUSALS, REFUSALS_A_SECOND
from calcom_provider.events.receiver import LARGEST_BODY, Limits
from calcom_provider.events.secrets import OVERLAP
from calcom_provider.events.store.store import CLAIM
from calcom_provider.hooks.events import REMEMBERED
from calcom_provider.resources.changes import CHECKS, LOOK_EVERY, SHORTEST_LOOK_EVERY
from calcom_provider.resources.events import (
    APART,
    DEBOUNCE,
    LONGEST_DEBOUNCE,
    RESPONSES,
    SHORTEST_DEBOUNCE,
    TABLES,
)
from calcom_provider.sync.events import reread
from calcom_provider.sync.events.apply import (
    AGAIN_ABSENT,
    AGAIN_LEFT,
    BATCH,
    PROOFS,
    RESERVE,
    sync_events,
)
from calcom_provider.sync.events.looks import TAIL, WHOLE_PAGES
from calcom_provider.sync.events.missed import ON_ITS_WAY
from calcom_provider.triggers.events import POLL, POLL_FAILED

PAGE = (Path(__file__).parents[3] / "docs" / "events.rst").read_text()
WORDS = " ".join(PAGE.split())


def test_the_table_of_latencies_names_every_trigger_at_its_table() -> None:
    rows = [row for row in re.split(r"\n   \* - ", PAGE) if row.startswith("``")]
    for table in TABLES.values():
        (row,) = [row for row in rows if row.startswith(f"``{table.resource}``")]
        named = re.findall(r"``([A-Z_]+)``", row.split("\n     - ")[1].partition("; ``org_")[0])
        full = {f"BOOKING{name}" if name.startswith("_") else name for name in named}
        assert full == set(table.triggers)


def test_the_table_of_latencies_names_the_list_that_tells_of_each_table() -> None:
    rows = [row for row in re.split(r"\n   \* - ", PAGE) if row.startswith("``")]
    for check in CHECKS:
        for part in check.parts:
            (row,) = [row for row in rows if row.startswith(f"``{part.resources[0]}``")]
            assert f"``{check.operation}``" in row
            assert all(f"``{resource}``" in row for resource in part.resources)
            assert f"1 for {check.page:,}" in row or "none beside the memberships" in row


def test_the_table_of_times_says_what_holds() -> None:
    rows = re.findall(r"\n   \* - (.+)\n     - (.+)\n     -", PAGE.partition("Times and bounds")[2])
    told = {what: [float(number.rstrip(" s")) for number in value.split(", ")] for what, value in rows[1:]}
    most = inspect.signature(sync_events).parameters["most"].default
    assert list(told.values()) == [
        [DEBOUNCE],
        [POLL, POLL_FAILED],
        [LOOK_EVERY],
        [WHOLE_PAGES, TAIL],
        [most, BATCH],
        [reread.AT_ONCE],
        [reread.PAGES, reread.PAGE],
        [CLAIM],
        [AGAIN_LEFT, AGAIN_ABSENT],
        [APART],
        [Limits().tolerance],
        [Limits().rate, Limits().burst],
        [asgi.AT_ONCE, asgi.PATIENCE],
        [REFUSALS, REFUSALS_A_SECOND],
        [KNOWN_FOR],
        [REMEMBERED],
        [OVERLAP],
    ]
    assert f"({SHORTEST_DEBOUNCE:g} to {LONGEST_DEBOUNCE:g})" in PAGE
    assert f"({SHORTEST_LOOK_EVERY:g} at least)" in PAGE


def test_the_numbers_are_those_of_the_code() -> None:
    assert "above 256 KiB" in WORDS
    assert "Of a list two pages are read, 500 rows" in WORDS
    assert (reread.PAGES, reread.PAGES * reread.PAGE) == (2, 500)
    assert "all of the two hours before" in WORDS
    assert TABLES[RESPONSES].margin == timedelta(hours=2)
    assert "after 60, and then one a second" in WORDS
    assert (REFUSALS, REFUSALS_A_SECOND) == (60, 1)
    assert "no delivery was taken within the last hour" in WORDS
    assert KNOWN_FOR == 3600
    assert LARGEST_BODY == 256 * 1024
    assert "more than 15 minutes off" in WORDS
    assert Limits().tolerance == 15 * 60
    assert "both are valid for ten minutes" in WORDS
    assert OVERLAP == 600
    assert "half of the request budget is left to it" in WORDS
    assert RESERVE == 0.5
    assert "answered 404 twice, half a minute apart" in WORDS
    assert (PROOFS, AGAIN_ABSENT) == (2, 30)
    assert "a change of the last five seconds" in WORDS
    assert ON_ITS_WAY == 5
    assert "a list of more than four pages" in WORDS
    assert "so five requests for an organisation of up to 250 people" in WORDS
    assert (WHOLE_PAGES, len(CHECKS)) == (4, 5)
    assert "Less than half of the request budget left means no look" in WORDS
