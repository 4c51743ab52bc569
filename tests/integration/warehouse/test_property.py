"""Random changes, page shifts and crashes, in every mode, against a model."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calcom_provider.warehouse import Warehouse
from calcom_provider.warehouse.backends.duckdb import DuckSession
from calcom_provider.warehouse.backends.generic import GenericSession
from calcom_provider.warehouse.backends.postgresql import PostgresSession
from calcom_provider.warehouse.backends.sql_session import SqlSession
from tests.integration.warehouse.model import Model, Page, Reader, load_pages

MODES = [
    ("merge", "remove"),
    ("merge", "mark"),
    ("merge", "ignore"),
    ("replace", "remove"),
    ("history", "remove"),
    ("history", "ignore"),
]
KEYS = st.integers(min_value=1, max_value=12)
VALUES = st.sampled_from(["a", "b", "c", "ä😀", "o'k"])


@st.composite
def snapshots(draw: st.DrawFn) -> list[Page]:
    """Draw what a source holds, cut into pages; now and then a row stands on two pages, with two values."""
    rows = sorted(draw(st.dictionaries(KEYS, VALUES, max_size=12)).items())
    size = draw(st.integers(min_value=1, max_value=4))
    pages = [tuple(rows[start : start + size]) for start in range(0, len(rows), size)] or [()]
    if rows and draw(st.integers(0, 3)) == 0:
        place = draw(st.integers(0, len(pages) - 1))
        again = (draw(st.sampled_from(rows))[0], draw(VALUES))
        pages[place] = (*pages[place], again)
    return pages


@st.composite
def steps(draw: st.DrawFn) -> list[tuple[list[Page], bool, bool, int | None]]:
    """Draw runs: what is read, whether completely, whether pages may be kept, and where the run crashes."""
    found = draw(st.lists(snapshots(), min_size=1, max_size=3))
    runs = []
    for _ in range(draw(st.integers(2, 5))):
        pages = draw(st.sampled_from(found)) if draw(st.booleans()) else draw(snapshots())
        crash = draw(st.none() | st.integers(0, 30))
        runs.append((pages, draw(st.integers(0, 5)) > 0, draw(st.integers(0, 4)) > 0, crash))
    return runs


class CrashError(Exception):
    """The process is gone, as far as the database can tell."""


@contextmanager
def crash_at(number: int | None) -> Iterator[list[int]]:
    """Let the statement with this number fail; statements are counted from the begin of the load."""
    fired: list[int] = []
    if number is None:
        yield fired
        return
    counter = itertools.count()
    classes = {SqlSession, PostgresSession, DuckSession, GenericSession}
    patch = pytest.MonkeyPatch()
    for owner in classes:
        if "_run" in vars(owner):
            patch.setattr(owner, "_run", _failing(vars(owner)["_run"], counter, number, fired))
    try:
        yield fired
    finally:
        patch.undo()


def _failing(run, counter, number, fired):  # type: ignore[no-untyped-def]
    def wrapped(self, *arguments):  # type: ignore[no-untyped-def]
        if not fired and next(counter) == number:
            fired.append(number)
            raise CrashError
        return run(self, *arguments)

    return wrapped


def follow(url: str, mode: str, deletes: str, runs, generic: bool = False) -> None:  # type: ignore[no-untyped-def]
    warehouse = Warehouse(url, generic=generic)
    model, reader = Model(mode, deletes), Reader(url, mode, deletes)
    published = False
    for pages, complete, use_marks, crash in runs:
        complete = complete or mode == "replace"
        crashed = False
        try:
            with crash_at(crash) as fired:
                load_pages(
                    warehouse, pages, mode=mode, deletes=deletes, complete=complete, use_marks=use_marks
                )
        except Exception:
            assert fired
            crashed = True
        if not crashed:
            # A crash that came after the commit was none to the data.
            published = True
            model.publish(pages, complete)
        if published:
            assert reader.state() == (model.live, model.marked, sorted(model.closed))
    warehouse.close()


@pytest.mark.parametrize(("mode", "deletes"), MODES)
@pytest.mark.timeout(280)
def test_sqlite_follows_the_model(mode: str, deletes: str, tmp_path: Path) -> None:
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(steps())
    def check(runs) -> None:  # type: ignore[no-untyped-def]
        follow(f"sqlite:///{tmp_path}/{uuid.uuid4().hex}.sqlite", mode, deletes, runs)

    check()


@pytest.mark.parametrize(("mode", "deletes"), MODES)
@pytest.mark.timeout(280)
def test_postgresql_follows_the_model(mode: str, deletes: str, postgres_url: str) -> None:
    _on_server(postgres_url, mode, deletes, 20)


@pytest.mark.parametrize(("mode", "deletes"), MODES)
@pytest.mark.timeout(280)
def test_mysql_follows_the_model(mode: str, deletes: str, mysql_url: str) -> None:
    _on_server(mysql_url, mode, deletes, 8)


@pytest.mark.parametrize(("mode", "deletes"), MODES)
@pytest.mark.timeout(280)
def test_duckdb_follows_the_model(mode: str, deletes: str, tmp_path: Path) -> None:
    @settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
    @given(steps())
    def check(runs) -> None:  # type: ignore[no-untyped-def]
        follow(f"duckdb:///{tmp_path}/{uuid.uuid4().hex}.duckdb", mode, deletes, runs)

    check()


@pytest.mark.parametrize(("mode", "deletes"), MODES)
@pytest.mark.timeout(280)
def test_generic_path_follows_the_model(mode: str, deletes: str, tmp_path: Path) -> None:
    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(steps())
    def check(runs) -> None:  # type: ignore[no-untyped-def]
        follow(f"sqlite:///{tmp_path}/{uuid.uuid4().hex}.sqlite", mode, deletes, runs, generic=True)

    check()


def _on_server(url: str, mode: str, deletes: str, examples: int) -> None:
    engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(steps())
    def check(runs) -> None:  # type: ignore[no-untyped-def]
        with engine.connect() as connection:
            inspector = sa.inspect(connection)
            preparer = engine.dialect.identifier_preparer
            for view in inspector.get_view_names():
                connection.exec_driver_sql(f"DROP VIEW {preparer.quote(view)}")
            for table in inspector.get_table_names():
                connection.exec_driver_sql(f"DROP TABLE {preparer.quote(table)}")
        follow(url, mode, deletes, runs)

    check()
