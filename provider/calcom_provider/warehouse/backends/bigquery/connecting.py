"""What names a dataset of BigQuery, and what is asked of its client library."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from calcom_provider.warehouse.backends.bigquery.statements import Parameter, Rows, Values
from calcom_provider.warehouse.errors import UnsupportedTargetError, WarehouseError

#: Every job carries it, so that jobs, and what they cost, are found by it.
LABELS: Mapping[str, str] = {"application": "calcom"}

#: After so long BigQuery drops a staging table by itself whose run was killed.
STAGE_LASTS = timedelta(days=2)

#: Seconds between two looks at a job of which nothing was heard.
PAUSE = 2.0
#: How often it is looked at.
LOOKS = 5


@dataclass(frozen=True)
class Answer:
    """Hold what a job gave.

    :param rows: rows of its last query.
    :param changed: rows that a statement touched; 0 for a script, which does not say.
    :param billed: bytes for which it is billed.
    """

    rows: list[tuple[Any, ...]]
    changed: int = 0
    billed: int = 0


class Connection(Protocol):
    """Describe what a session asks of BigQuery.

    What ends in an error has done nothing, unless it is :class:`UnheardError`.
    """

    def run(self, text: str, params: Sequence[Parameter], labels: Mapping[str, str]) -> Answer:
        """Run a statement or a script as a job."""

    def load(self, file: Path, table: str, labels: Mapping[str, str]) -> None:
        """Append the rows of a Parquet file to a table."""

    def make_stage(self, name: str, columns: Mapping[str, str]) -> None:
        """Make a table that goes by itself after some days, in place of one that is there."""

    def drop(self, name: str) -> None:
        """Drop a table, if it is there."""

    def names(self, prefix: str) -> list[str]:
        """Give the names of the tables and views that begin with a prefix."""

    def has_dataset(self) -> bool:
        """Tell whether the dataset is there."""

    def make_dataset(self) -> None:
        """Make the dataset unless it is there."""

    def close(self) -> None:
        """Let go of the network."""


class UnheardError(WarehouseError):
    """Say that nothing was heard of a job, which may have been done."""


@dataclass(frozen=True)
class BigQueryTarget:
    """Name a dataset whose clients somebody else makes, such as the hook of an Airflow provider.

    :param connect: makes what a session asks, for the name of a dataset.
    :param project: project of the dataset; empty where it is not known.
    :param dataset: the dataset; empty where it is named elsewhere.
    """

    connect: Callable[[str], Connection]
    project: str = ""
    dataset: str = ""

    def get_backend_name(self) -> str:
        """Give the name by which its backend is found."""
        return "bigquery"


def library() -> Any:
    """Return BigQuery's client library.

    :raises UnsupportedTargetError: when it is missing.
    """
    try:
        import pyarrow  # noqa: F401
        from google.cloud import bigquery
    except ImportError:
        raise UnsupportedTargetError(
            "BigQuery needs its packages: pip install 'airflow-provider-calcom[bigquery]'"
        ) from None
    return bigquery


def stage_ends() -> datetime:
    """Give the time at which a staging table that is made now goes by itself."""
    return datetime.now(UTC) + STAGE_LASTS


def query_parameters(bigquery: Any, params: Iterable[Parameter]) -> list[Any]:
    """Return values as the client library takes them.

    :param bigquery: the library.
    :param params: the values.
    """
    return [_query_parameter(bigquery, one) for one in params]


def _query_parameter(bigquery: Any, param: Parameter) -> Any:
    if isinstance(param.value, Values):
        return bigquery.ArrayQueryParameter(param.name, param.value.type, list(param.value.values))
    if isinstance(param.value, Rows):
        kinds = param.value.types
        rows = [
            bigquery.StructQueryParameter(
                None,
                *(
                    bigquery.ScalarQueryParameter(f"c{place}", kind, value)
                    for place, (kind, value) in enumerate(zip(kinds, row, strict=True))
                ),
            )
            for row in param.value.rows
        ]
        return bigquery.ArrayQueryParameter(param.name, "STRUCT", rows)
    return bigquery.ScalarQueryParameter(param.name, param.type, param.value)
