"""A plain model of what the engine must do, and the means to look at what it did."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from xxhash import xxh3_64_intdigest

from calcom_provider.warehouse import Column, DeleteGuard, PageMark, RunInfo, Table, Warehouse

ORGANIZATION = 7
ITEMS = Table(
    "items",
    (
        Column("organization_id", "integer", nullable=False),
        Column("Order", "integer", nullable=False),
        Column("näme", "text"),
        Column("at", "timestamp"),
        Column("meta", "json"),
    ),
    key=("organization_id", "Order"),
)
SCOPE = {"organization_id": ORGANIZATION}

Row = tuple[int, str]
Page = tuple[Row, ...]


def as_tuple(row: Row, organization: int = ORGANIZATION) -> tuple[Any, ...]:
    key, value = row
    return (organization, key, value, "2026-03-16T08:00:00.123Z", '{"v":"' + value + '"}')


def mark(number: int, page: Page) -> PageMark:
    return PageMark(str(number), xxh3_64_intdigest(repr(page).encode()), len(page))


def load_pages(
    warehouse: Warehouse,
    pages: Iterable[Page],
    *,
    mode: str = "merge",
    deletes: str = "remove",
    complete: bool = True,
    use_marks: bool = True,
    guard: DeleteGuard = DeleteGuard.off(),
):
    """Run a load the way a reader does: pages that are known are kept, others are written."""
    with warehouse.load(RunInfo(scope=SCOPE)) as load:
        table = load.table(ITEMS, resource="items", mode=mode, deletes=deletes, guard=guard)
        known = load.known_pages("items") if use_marks else {}
        for number, page in enumerate(pages):
            made = mark(number, page)
            seen = known.get(made.key)
            if seen is not None and seen.digest == made.digest:
                table.keep(made)
            else:
                table.write([as_tuple(row) for row in page], made if use_marks else None)
        table.finish(complete)
        return load.publish()[0]


@dataclass
class Model:
    """Say what the table must hold: live rows, rows marked as deleted, and closed versions."""

    mode: str
    deletes: str
    live: dict[int, str] = field(default_factory=dict)
    marked: dict[int, str] = field(default_factory=dict)
    closed: list[Row] = field(default_factory=list)

    def publish(self, pages: Iterable[Page], complete: bool) -> None:
        fresh = {key: value for page in pages for key, value in page}
        for key, value in fresh.items():
            if self.mode == "history" and key in self.live and self.live[key] != value:
                self.closed.append((key, self.live[key]))
            self.marked.pop(key, None)
            self.live[key] = value
        if self.mode == "replace":
            self.live, self.marked = fresh, {}
        elif complete and self.deletes != "ignore":
            for key in [key for key in self.live if key not in fresh]:
                value = self.live.pop(key)
                if self.mode == "history":
                    self.closed.append((key, value))
                elif self.deletes == "mark":
                    self.marked[key] = value


class Reader:
    """Read the table as a user would, on a connection of its own."""

    def __init__(self, url: str, mode: str, deletes: str) -> None:
        self.url, self.mode, self.deletes = url, mode, deletes

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        if self.url.startswith("duckdb"):
            import duckdb

            with duckdb.connect(self.url.removeprefix("duckdb:///")) as connection:
                return connection.execute(sql).fetchall()
        if self.url.startswith(("delta", "iceberg")):
            from tests.plugins.lakehouses import query

            return query(self.url, sql)
        if self.url.startswith("snowflake"):
            from tests.plugins.snowflakes import query as ask

            return ask(self.url, sql)
        if self.url.startswith("bigquery"):
            from tests.plugins.bigqueries import query as seek

            return seek(self.url, sql)
        engine = sa.create_engine(self.url, poolclass=sa.NullPool)
        with engine.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(sql)]

    def quote(self, name: str) -> str:
        return f"`{name}`" if self.url.startswith(("mysql", "bigquery")) else f'"{name}"'

    def state(self) -> tuple[dict[int, str], dict[int, str], list[Row]]:
        """Give the live rows, the marked ones and the closed versions."""
        key, value = self.quote("Order"), self.quote("näme")
        what = f"SELECT {key}, {value} FROM calcom_items WHERE organization_id = {ORGANIZATION}"
        if self.mode == "history":
            live = self.rows(f"{what} AND is_current AND valid_to IS NULL")
            closed = self.rows(
                f"{what} AND NOT is_current AND valid_to IS NOT NULL AND valid_to > valid_from"
            )
            (total,) = self.rows("SELECT count(*) FROM calcom_items")[0]
            assert total == len(live) + len(closed)
            return unique(live), {}, sorted(closed)
        if self.deletes == "mark":
            live = self.rows(f"{what} AND _calcom_deleted_at IS NULL")
            marked = self.rows(f"{what} AND _calcom_deleted_at IS NOT NULL")
            return unique(live), unique(marked), []
        return unique(self.rows(what)), {}, []


def unique(rows: list[tuple[Any, ...]]) -> dict[int, str]:
    found = dict(rows)
    assert len(found) == len(rows), "a key is held twice"
    return found
