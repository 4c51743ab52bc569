"""fakesnow's server, with what it does otherwise than Snowflake set right where these tests meet it.

A null time reads as 1970 from it, a quote in the comment of a table is an error of the server to it, and so is a
conflict of two transactions, for which Snowflake lets one wait and aborts the 21st that waits.
"""

from __future__ import annotations

import sys
from typing import Any

import duckdb
import fakesnow.arrow
import fakesnow.cursor
import fakesnow.info_schema
import fakesnow.server
import pyarrow as pa
import snowflake.connector.errors
import uvicorn

_time_of = fakesnow.arrow.timestamp_to_sf_struct
_comment_sql = fakesnow.info_schema.insert_table_comment_sql
_execute = fakesnow.cursor.FakeSnowflakeCursor._execute


def _time_or_null(ts: Any) -> pa.Array:
    whole = ts.combine_chunks() if isinstance(ts, pa.ChunkedArray) else ts
    made = _time_of(whole.fill_null(0))
    fields = list(made.type)
    return pa.StructArray.from_arrays(
        [made.field(place) for place in range(len(fields))], fields=fields, mask=whole.is_null()
    )


def _quoted_comment_sql(catalog: str, schema: str, table: str, comment: str | None) -> str:
    return _comment_sql(catalog, schema, table, str(comment).replace("'", "''"))


def _execute_or_conflict(self: Any, transformed: Any, params: Any = None) -> None:
    try:
        _execute(self, transformed, params)
    except duckdb.TransactionException as error:
        raise snowflake.connector.errors.ProgrammingError(
            msg=f"Your statement was aborted because the number of waiters for this lock exceeds the limit ({error})",
            errno=625,
            sqlstate="57014",
        ) from error


def main() -> None:
    fakesnow.arrow.timestamp_to_sf_struct = _time_or_null
    fakesnow.info_schema.insert_table_comment_sql = _quoted_comment_sql
    fakesnow.cursor.FakeSnowflakeCursor._execute = _execute_or_conflict
    config = uvicorn.Config(fakesnow.server.app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error")
    uvicorn.Server(config).run()


if __name__ == "__main__":
    main()
