"""No secret of any recorded answer reaches a table, a log or a task's result."""

from __future__ import annotations

import logging
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.api.catalogue.operations import Operation
from calcom_provider.operators.calcom import without_secrets
from calcom_provider.resources import registry
from calcom_provider.resources.errors import SchemaChangedError
from calcom_provider.resources.policy import ColumnPolicy
from calcom_provider.sync.options import SyncOptions
from calcom_provider.sync.reading.incremental import Part
from calcom_provider.sync.reading.staging import ResourceSink, open_sinks
from calcom_provider.warehouse import RunInfo, Warehouse
from tests.contract.conftest import PROPERTY
from tests.contract.recordings import Call, Recording, as_call, load

pytestmark = pytest.mark.shared

#: What stands in the recordings where a secret stood, and the secrets that were made up for them.
SECRET = re.compile(
    r"cal_\w{8,}|eyJ[\w.-]{10,}|<redacted[^>]*>|-----BEGIN[^-]*-----|demo-webhook-secret|FICTITIOUS|demo-demo-demo-demo"
)
ORGANIZATION = 4242


class Anything(dict[str, Any]):
    """Stand for what a list was asked for, which a recording does not tell."""

    def __missing__(self, name: str) -> int:
        return 1


@pytest.fixture(scope="module")
def successes(shared_dir: Path) -> list[tuple[Recording, Operation]]:
    found = []
    for recording in load(shared_dir):
        if recording.status < 300 and not recording.answer_left_out:
            call = as_call(recording)
            if isinstance(call, Call):
                found.append((recording, call.operation))
    return found


def strings(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, Mapping):
        for value in node.values():
            yield from strings(value)
    elif isinstance(node, list):
        for value in node:
            yield from strings(value)


def secrets(node: Any) -> set[str]:
    return {found for text in strings(node) for found in SECRET.findall(text)}


def test_no_secret_in_a_table_or_log(
    successes: list[tuple[Recording, Operation]],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    record_property: Callable[[str, object], None],
) -> None:
    caplog.set_level(logging.DEBUG)
    answers: dict[str, list[Any]] = defaultdict(list)
    for recording, operation in successes:
        data = recording.answer.get("data") if isinstance(recording.answer, Mapping) else recording.answer
        rows = data if isinstance(data, list) else [data]
        if all(isinstance(row, Mapping) for row in rows):
            answers[operation.name].append(rows)
    policy = ColumnPolicy(sensitive=True)  # everything but secrets
    path, stored, looked_for = tmp_path / "w.sqlite", 0, set()
    warehouse = Warehouse(f"sqlite:///{path}")
    scope = {"organization_id": ORGANIZATION, "account_id": 7}
    for resource in registry.catalogue().values():
        with warehouse.load(RunInfo(scope={"organization_id": ORGANIZATION})) as load:
            choose = SyncOptions().publication(resource)
            sinks = open_sinks(load, resource, policy, choose, scope)
            sink = ResourceSink(resource, sinks, ORGANIZATION, {}, {})
            for rows in answers.get(resource.read.operation, ()):
                try:
                    sink.take(Part(rows), "", Anything(account=7))  # type: ignore[arg-type]
                except SchemaChangedError:
                    continue
                looked_for |= secrets(rows)
            sink.finish(True, "", True)
            stored += sum(table.rows_after for table in load.publish())
    warehouse.close()
    held = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert stored > 300
    assert looked_for
    assert [text for text in looked_for if text.encode() in held] == []
    assert SECRET.findall(caplog.text) == []
    record_property(
        PROPERTY, f"tables: {stored} recorded rows stored, {len(looked_for)} kinds of secret in them, 0 found"
    )


def test_no_secret_in_a_result(
    successes: list[tuple[Recording, Operation]], record_property: Callable[[str, object], None]
) -> None:
    with_secret, leaks = 0, []
    for recording, operation in successes:
        answer = recording.answer
        data = answer.get("data") if operation.envelope and isinstance(answer, Mapping) else answer
        if secrets(data):
            with_secret += 1
            if secrets(without_secrets(data, operation)):
                leaks.append(f"{recording} ({operation.name})")
    assert leaks == []
    assert with_secret > 20
    record_property(PROPERTY, f"results: {with_secret} recorded answers with a secret, 0 left")


def test_the_search_finds_what_it_looks_for() -> None:
    assert secrets({"a": ["x cal_12345678", {"b": "<redacted-jwt>"}]}) == {"cal_12345678", "<redacted-jwt>"}
    assert secrets({"a": "nothing"}) == set()
