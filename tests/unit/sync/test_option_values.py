"""Options as people write them: the same words for the command line, the operators and the DAGs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.sync import SyncOptions
from calcom_provider.sync.option_values import chosen_options, duration
from calcom_provider.warehouse import DeleteGuard
from calcom_provider.warehouse.errors import WarehouseUsageError


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("7d", timedelta(days=7)),
        ("1h30m", timedelta(minutes=90)),
        ("1h 30m", timedelta(minutes=90)),
        ("2w", timedelta(days=14)),
        ("0.5h", timedelta(minutes=30)),
        ("90", timedelta(seconds=90)),
        (90, timedelta(seconds=90)),
        ("0", timedelta(0)),
        (timedelta(hours=1), timedelta(hours=1)),
        ("", None),
        (None, None),
        ("None", None),
    ],
)
def test_a_duration(written: Any, meant: timedelta | None) -> None:
    assert duration(written, "wait") == meant


@pytest.mark.parametrize("written", ["soon", "7 dogs", "d", "-1", "nan", "1e400", "inf", "5x", "1h!"])
def test_what_is_no_duration_is_refused_by_the_name_of_the_option(written: str) -> None:
    with pytest.raises(ConfigurationError, match="overlap is a duration"):
        chosen_options(overlap=written)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("share=0.5", DeleteGuard(share=0.5)),
        ("share=off, absolute=1000", DeleteGuard(share=None, absolute=1000)),
        ({"minimum": 200, "share": None}, DeleteGuard(share=None, minimum=200)),
        ("off", DeleteGuard.off()),
        (DeleteGuard(share=0.1), DeleteGuard(share=0.1)),
    ],
)
def test_a_guard(written: Any, meant: DeleteGuard) -> None:
    assert chosen_options(delete_guard=written) == {"delete_guard": meant, "confirm_deletes": {}}


@pytest.mark.parametrize("nothing", [None, "", "None", "{}", {}])
def test_nothing_leaves_the_default(nothing: Any) -> None:
    given = chosen_options(delete_guard=nothing, confirm_deletes=nothing)
    assert SyncOptions(**given) == SyncOptions()


@pytest.mark.parametrize(
    "given",
    [
        {"delete_guard": "shares=0.5"},
        {"delete_guard": "half"},
        {"delete_guard": {"share": "half"}},
        {"delete_guard": {"minimum": None}},
        {"confirm_deletes": {"users": -1}},
        {"confirm_deletes": "users=all"},
        {"confirm_deletes": {"user": 3}},
        {"reread_days": "two"},
        {"wait": -1},
    ],
)
def test_what_cannot_be_meant_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        SyncOptions(**chosen_options(**given))


@pytest.mark.parametrize("bounds", [{"share": 1.5}, {"share": -0.1}, {"absolute": -1}, {"minimum": -5}])
def test_bounds_out_of_range_are_refused(bounds: dict[str, Any]) -> None:
    with pytest.raises(WarehouseUsageError):
        DeleteGuard(**bounds)
