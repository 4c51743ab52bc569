"""The warehouse: a database and the set of tables in it that one prefix and schema name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcom_provider.warehouse.load import Load
from calcom_provider.warehouse.run import ResourceState, RunInfo, Scope

if TYPE_CHECKING:
    import sqlalchemy as sa


class Warehouse:
    """Open a database as a warehouse.

    :param target: SQLAlchemy engine or URL; ``duckdb:///path`` opens a DuckDB file through its own driver.
    :param schema: Schema of the tables; the connection's default when empty.
    :param prefix: What every table name begins with, ``calcom_`` by default.
    """

    def __init__(
        self, target: sa.Engine | sa.URL | str, *, schema: str | None = None, prefix: str = "calcom_"
    ) -> None:
        self.schema = schema or None
        self.prefix = prefix

    def load(self, run: RunInfo, *, wait: float = 0.0) -> Load:
        """Open a load.

        :param run: The run that the load belongs to.
        :param wait: Seconds to wait for another run on the same tables; 0 refuses at once.
        :raises LoadInProgressError: when another run holds the tables.
        """
        raise NotImplementedError

    def states(self, scope: Scope) -> dict[str, ResourceState]:
        """Read what is known about each resource in a scope; empty before the first run."""
        raise NotImplementedError

    def close(self) -> None:
        """Close the connections that the warehouse itself opened."""
