"""Staged rows: their file is PUT into the session's stage, and copied from there into a temporary table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from calcom_provider.warehouse.backends.remote.stage import MARKS, FileStage
from calcom_provider.warehouse.backends.snowflake.naming import quote
from calcom_provider.warehouse.schema import Column

if TYPE_CHECKING:
    from pathlib import Path

    from calcom_provider.warehouse.backends.snowflake.session import SnowflakeSession


class SnowflakeStage(FileStage):
    """Gather rows in a file; flushing sends and copies it.

    :param session: session of the load.
    :param name: quoted name of the temporary table.
    :param columns: columns of the rows.
    :param types: column type -> type of Snowflake.
    :param refuses: escapes that JSON text cannot hold.
    """

    def __init__(
        self,
        session: SnowflakeSession,
        name: str,
        columns: Sequence[Column],
        types: Callable[[Column], str],
        refuses: frozenset[str],
    ) -> None:
        self._session = session
        self._type_of = types
        super().__init__(session, name, columns, refuses)

    def fields(self, columns: Sequence[Column]) -> list[tuple[str, Any]]:
        import pyarrow as pa

        kinds = {"integer": pa.int64(), "float": pa.float64(), "boolean": pa.bool_()}
        return [(f"c{place}", kinds.get(column.type, pa.string())) for place, column in enumerate(columns)]

    def shape(self, columns: Sequence[Column]) -> None:
        super().shape(columns)
        held = [*columns, *MARKS]
        names = ", ".join(quote(column.name) for column in held)
        picked = ", ".join(self._picked(place, column) for place, column in enumerate(held))
        # The place of the file comes in between; each file has one of its own, so that none is copied twice.
        self._copy = (
            f"COPY INTO {self.name} ({names}) FROM (SELECT {picked} FROM ",
            ") FILE_FORMAT = (TYPE = PARQUET) PURGE = TRUE",
        )

    def _picked(self, place: int, column: Column) -> str:
        if column.type == "json":
            return f"PARSE_JSON($1:c{place}::VARCHAR)"
        return f"$1:c{place}::{self._type_of(column)}"

    def send(self, file: Path) -> None:
        place = self._session.upload(file)
        head, tail = self._copy
        self._session.run(f"{head}{place}{tail}")
