"""The same lists by dlt's REST source, with the settings that its own documentation recommends for speed."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

arguments = argparse.ArgumentParser(description=__doc__)
arguments.add_argument("--base", required=True, help="address of the API with /v2")
arguments.add_argument(
    "--to", choices=("postgres", "duckdb", "sqlite", "delta", "iceberg"), default="postgres"
)
arguments.add_argument("--url", default="", help="database URL for PostgreSQL")
arguments.add_argument("--folder", required=True, help="where dlt keeps its files")
arguments.add_argument(
    "--loader", default="csv", help="file format between dlt's steps, empty for its default"
)
arguments.add_argument("--rows", default="merge", help="write disposition")
chosen = arguments.parse_args()
LAKEHOUSE = chosen.to in ("delta", "iceberg")
# dlt merges tables of open formats by this strategy alone.
disposition = {"disposition": "merge", "strategy": "upsert"} if chosen.rows == "upsert" else chosen.rows

os.environ |= {
    "DLT_DATA_DIR": chosen.folder,
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "ERROR",
    "NORMALIZE__WORKERS": "2",
    "EXTRACT__DATA_WRITER__FILE_MAX_ITEMS": "25000",
    "NORMALIZE__DATA_WRITER__FILE_MAX_ITEMS": "100000",
    "NORMALIZE__DATA_WRITER__DISABLE_COMPRESSION": "true",
    "LOAD__DELETE_COMPLETED_JOBS": "true",
}

import dlt  # noqa: E402 - reads the settings above when it is imported
from dlt.sources.rest_api import rest_api_source  # noqa: E402


def listed(name: str, path: str, take: int = 0) -> dict[str, object]:
    paginator: object = "single_page"
    if take:
        paginator = {
            "type": "offset",
            "limit": take,
            "limit_param": "take",
            "offset_param": "skip",
            "total_path": None,
        }
    endpoint = {"path": path, "data_selector": "data", "paginator": paginator}
    return {"name": name, "endpoint": endpoint, "parallelized": True}


source = rest_api_source(
    {
        "client": {
            "base_url": f"{chosen.base}/organizations/4242/",
            "auth": {"type": "bearer", "token": "cal_bench"},
        },
        "resource_defaults": {"primary_key": "id", "write_disposition": disposition}
        | ({"table_format": chosen.to} if LAKEHOUSE else {}),
        "resources": [
            listed("users", "users", 1000),
            listed("memberships", "memberships", 250),
            listed("ooo_entries", "ooo", 250),
            listed("attributes", "attributes", 250),
            listed("attribute_options", "attributes/{resources.attributes.id}/options"),
            listed("assigned_options", "attributes/{resources.attributes.id}/options/assigned", 250),
        ],
    },
    name="calcom",
)
targets = {
    "postgres": lambda: dlt.destinations.postgres(chosen.url),
    "duckdb": lambda: dlt.destinations.duckdb(str(Path(chosen.folder) / "dlt.duckdb")),
    "delta": lambda: dlt.destinations.filesystem((Path(chosen.folder) / "lakehouse").as_uri()),
    "iceberg": lambda: dlt.destinations.filesystem((Path(chosen.folder) / "lakehouse").as_uri()),
    "sqlite": lambda: dlt.destinations.sqlalchemy(f"sqlite:///{Path(chosen.folder) / 'dlt.sqlite'}"),
}
pipeline = dlt.pipeline(
    "calcom_bench",
    destination=targets[chosen.to](),
    dataset_name="main" if chosen.to == "sqlite" else "dlt_bench",
)
print(pipeline.run(source, **({"loader_file_format": chosen.loader} if chosen.loader else {})))
