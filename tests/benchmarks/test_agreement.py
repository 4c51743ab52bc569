"""The copies that the benchmarks use do what the reference pipelines and server do, within a tenth."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.benchmarks.measure import ROOT, StandIn

ROWS = 2_000
TENTH = 0.1
LISTS = ("users", "memberships", "ooo", "attributes")

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def own() -> Iterator[StandIn]:
    standin = StandIn(ROWS)
    yield standin
    standin.close()


@pytest.fixture
def reference(shared_dir: Path) -> Iterator[StandIn]:
    standin = StandIn(ROWS, shared_dir / "bench" / "server.py")
    yield standin
    standin.close()


def size(standin: StandIn, path: str) -> tuple[int, int]:
    request = urllib.request.Request(
        f"{standin.base}/organizations/4242/{path}", headers={"Authorization": "Bearer x"}
    )
    with urllib.request.urlopen(request) as answer:
        body = answer.read()
    return len(json.loads(body)["data"]), len(body)


@pytest.mark.parametrize("name", LISTS)
def test_pages_are_as_large_as_the_reference_ones(own: StandIn, reference: StandIn, name: str) -> None:
    path = f"{name}?take=250&skip=0"
    rows, made = size(own, path)
    reference_rows, wanted = size(reference, path)
    assert rows == reference_rows
    assert abs(made - wanted) <= TENTH * wanted


def test_pandas_asks_as_often_and_takes_as_much(own: StandIn, shared_dir: Path, tmp_path: Path) -> None:
    ours = [sys.executable, "-m", "tests.benchmarks.pipelines.with_pandas"]
    ours += ["--base", own.base, "--url", f"sqlite:///{tmp_path}/own.sqlite"]
    theirs = [sys.executable, str(shared_dir / "bench" / "pandas_pipe.py"), "--dest", "sqlite"]
    compare(own, ours, theirs, tmp_path)


if importlib.util.find_spec("dlt"):  # installed by `make bench` alone

    def test_dlt_asks_as_often_and_takes_as_much(own: StandIn, shared_dir: Path, tmp_path: Path) -> None:
        ours = [sys.executable, "-m", "tests.benchmarks.pipelines.with_dlt", "--base", own.base]
        ours += ["--to", "duckdb", "--folder", str(tmp_path / "own"), "--loader", "parquet"]
        theirs = [
            sys.executable,
            str(shared_dir / "bench" / "dlt_pipe.py"),
            "--dest",
            "duckdb",
            "--loader",
            "parquet",
        ]
        compare(own, ours, theirs, tmp_path)


def compare(own: StandIn, ours: list[str], theirs: list[str], work: Path) -> None:
    counted = []
    environment = {**os.environ, "CAL_BASE": own.base.removesuffix("/v2"), "BENCH_WORK": str(work)}
    for command in (ours, theirs):
        own.control("reset")
        subprocess.run(command, check=True, env=environment, cwd=ROOT, capture_output=True)
        counted.append(own.control("stats"))
    mine, reference = counted
    for figure in ("requests", "bytes"):
        assert abs(mine[figure] - reference[figure]) <= TENTH * reference[figure]
