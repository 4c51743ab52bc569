"""Copy tables of a lakehouse into Parquet files by DuckDB's own readers of both formats, without this package.

Run by the Python of an environment that holds DuckDB with these extensions as wheels (``make test-cloud``).

    python duckdb_reader.py delta|iceberg OUT NAME=LOCATION...
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

NEEDED = {"delta": ("delta",), "iceberg": ("avro", "iceberg")}


def main(kind: str, out: str, *tables: str) -> None:
    connection = duckdb.connect(config={"allow_unsigned_extensions": True})
    folder = Path(duckdb.__file__).parents[1] / "duckdb_ext" / "extensions"
    for name in NEEDED[kind]:
        (path,) = folder.rglob(f"{name}.duckdb_extension")
        connection.execute(f"LOAD '{path}'")
    connection.execute("SET TimeZone = 'UTC'")
    for table in tables:
        name, _, location = table.partition("=")
        connection.execute(f"COPY (SELECT * FROM {kind}_scan('{location}')) TO '{out}/{name}.parquet'")


if __name__ == "__main__":
    main(*sys.argv[1:])
