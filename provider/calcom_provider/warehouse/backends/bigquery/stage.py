"""Staged rows: a load job, which costs nothing, brings their file into a table of the run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from calcom_provider.warehouse.backends.bigquery.statements import unquoted
from calcom_provider.warehouse.backends.remote.stage import FileStage
from calcom_provider.warehouse.schema import Column

if TYPE_CHECKING:
    from pathlib import Path

    from calcom_provider.warehouse.backends.bigquery.session import BigQuerySession


class BigQueryStage(FileStage):
    """Gather rows in a file; flushing loads it.

    :param session: session of the load.
    :param name: quoted name of the staging table.
    :param columns: columns of the rows.
    :param refuses: escapes that JSON text cannot hold.
    """

    def __init__(
        self, session: BigQuerySession, name: str, columns: Sequence[Column], refuses: frozenset[str]
    ) -> None:
        self._session = session
        super().__init__(session, name, columns, refuses)

    def fields(self, columns: Sequence[Column]) -> list[tuple[str, Any]]:
        import pyarrow as pa

        kinds = {
            "integer": pa.int64(),
            "float": pa.float64(),
            "boolean": pa.bool_(),
            "timestamp": pa.timestamp("us", "UTC"),
            "date": pa.date32(),
        }
        return [(column.name, kinds.get(column.type, pa.string())) for column in columns]

    def array(self, values: Sequence[Any], kind: Any) -> Any:
        import pyarrow as pa

        # Times and dates are read faster together than one by one.
        if pa.types.is_timestamp(kind):
            return pa.array(values, pa.string()).cast(pa.timestamp("us")).cast(kind)
        if pa.types.is_date(kind):
            return pa.array(values, pa.string()).cast(kind)
        return super().array(values, kind)

    def send(self, file: Path) -> None:
        self._session.load(file, unquoted(self.name))
