"""A lakehouse in a bucket of a pretended S3, written by two at once."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.warehouse import DeleteGuard, RunInfo, Warehouse
from calcom_provider.warehouse.backends.lakehouse.backend import LakeBackend
from calcom_provider.warehouse.backends.lakehouse.formats import LakeTarget
from tests.integration.warehouse.model import ITEMS, as_tuple

pytestmark = pytest.mark.cloud


SERVER = """
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
print("http://%s:%s" % server.get_host_and_port(), flush=True)
input()
"""


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """Give the address of a server in a process of its own: a library may hold Python's lock while it asks."""
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert server.stdout is not None
    yield next(line.strip() for line in server.stdout if line.startswith("http"))
    server.kill()
    server.wait()


@pytest.fixture(params=["delta", "iceberg"])
def target(request: pytest.FixtureRequest, endpoint: str, tmp_path: Path) -> LakeTarget:
    import boto3

    bucket = f"lake-{request.param}"
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
    )
    client.create_bucket(Bucket=bucket)
    if request.param == "delta":
        return LakeTarget(
            f"delta+s3://{bucket}/path",
            {
                "AWS_ACCESS_KEY_ID": "a",
                "AWS_SECRET_ACCESS_KEY": "b",
                "AWS_REGION": "us-east-1",
                "AWS_ENDPOINT_URL": endpoint,
                "AWS_ALLOW_HTTP": "true",
            },
        )
    return LakeTarget(
        f"iceberg+sqlite:///{tmp_path}/catalog.db?warehouse=s3://{bucket}/path",
        {
            "client.access-key-id": "a",
            "client.secret-access-key": "b",
            "client.region": "us-east-1",
            "s3.endpoint": endpoint,
        },
    )


def load(target: Any, number: int, value: str) -> int:
    warehouse = Warehouse(target)
    with warehouse.load(RunInfo(scope={"organization_id": number})) as run:
        table = run.table(ITEMS, resource="items", deletes="remove", guard=DeleteGuard.off())
        table.write([as_tuple((key, value), number) for key in range(20)])
        table.finish(complete=True)
        changed = run.publish()[0].changed
    warehouse.close()
    return changed


def test_two_writers_at_once_lose_nothing_in_a_bucket(
    target: LakeTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(target, 1, "first")
    for method, answer in (("lock", None), ("unlock", None), ("still_locked", True)):
        monkeypatch.setattr(LakeBackend, method, lambda *_, answer=answer, **__: answer)
    told: list[BaseException] = []
    start = threading.Barrier(2)

    def run(number: int) -> None:
        start.wait()
        try:
            load(target, number, "second")
        except BaseException as error:
            told.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == []
    table = Warehouse(target).backend.format.open("calcom_items")  # type: ignore[attr-defined]
    rows = table.read(["organization_id", "Order", "näme"]).to_pylist()
    assert len(rows) == len({(row["organization_id"], row["Order"]) for row in rows}) == 40
    assert {row["näme"] for row in rows} == {"second"}
    assert load(target, 2, "second") == 0
