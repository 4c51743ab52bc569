"""The small parts: keys of pages, guards, declarations, results."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calcom_provider.warehouse import (
    Column,
    DeleteGuard,
    Parent,
    RunInfo,
    Table,
    UnsupportedTargetError,
    Warehouse,
)
from calcom_provider.warehouse.bookkeeping.page_marks import pack_keys, unpack_keys
from calcom_provider.warehouse.run import TableResult

KEYS = (
    st.integers(-(2**70), 2**70) | st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.none()
)
ID = Column("id", "integer", nullable=False)


@given(st.integers(1, 3).flatmap(lambda n: st.lists(st.tuples(*[KEYS] * n), min_size=1, max_size=30)))
def test_keys_of_a_page_come_back(rows: list[tuple[object, ...]]) -> None:
    small = [tuple(str(v) if isinstance(v, int) and abs(v) >= 2**63 else v for v in row) for row in rows]
    assert unpack_keys(pack_keys(list(zip(*small, strict=True)))) == small


def test_keys_of_assigned_options_take_few_bytes() -> None:
    users = list(range(20_000))
    options = [f"{n % 50:08d}-7f3e-4d2a-b6c4-{n % 50:012d}" for n in users]
    assert len(pack_keys([users, options])) < 60_000
    assert unpack_keys(pack_keys([[], []])) == []


@pytest.mark.parametrize(
    ("guard", "live", "missing", "refused"),
    [
        (DeleteGuard(), 100, 20, False),
        (DeleteGuard(), 100, 21, True),
        (DeleteGuard(), 49, 49, False),
        (DeleteGuard(minimum=0), 1, 1, True),
        (DeleteGuard(share=None, absolute=5), 10**6, 6, True),
        (DeleteGuard(share=None, absolute=5), 10**6, 5, False),
        (DeleteGuard(share=0.5, absolute=1000), 10_000, 1001, True),
        (DeleteGuard(share=0.0), 100, 1, True),
        (DeleteGuard.off(), 100, 100, False),
    ],
)
def test_guards(guard: DeleteGuard, live: int, missing: int, refused: bool) -> None:
    assert bool(guard.refusal(live, missing)) is refused


@pytest.mark.parametrize(
    ("columns", "key", "message"),
    [
        ((ID, ID), ("id",), "declared twice"),
        ((ID,), (), "a key is needed"),
        ((ID,), ("name",), "key columns are not declared: name"),
        ((ID, Column("_calcom_x", "text")), ("id",), "kept for the engine"),
        ((ID, Column("is_current", "boolean")), ("id",), "kept for the engine"),
    ],
)
def test_declarations_that_cannot_be(columns: tuple[Column, ...], key: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Table("t", columns, key)


def test_a_parent_is_named_by_declared_columns() -> None:
    with pytest.raises(ValueError, match="parent columns"):
        Table("t", (ID,), ("id",), parent=Parent("p", ("owner",)))
    with pytest.raises(ValueError, match="unknown type"):
        Column("x", "varchar")  # type: ignore[arg-type]


def test_extra_is_the_last_column_once() -> None:
    table = Table("t", (ID,), ("id",)).with_extra().with_extra()
    assert table.names == ("id", "_extra")


def test_run_ids_sort_by_time_and_differ() -> None:
    assert len({RunInfo().run_id for _ in range(50)}) == 50
    assert TableResult("r", "t", "merge", inserted=1, deleted=2).changed == 3


def test_targets_that_cannot_be_used_say_why(tmp_path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UnsupportedTargetError, match="needs a file"):
        Warehouse("duckdb://")
    with pytest.raises(UnsupportedTargetError, match="no schemas"):
        Warehouse(f"sqlite:///{tmp_path}/x.sqlite", schema="cal")
