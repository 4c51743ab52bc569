"""BigQuery through its own client library."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calcom_provider.warehouse.backends.bigquery.connecting import (
    LOOKS,
    PAUSE,
    Answer,
    BigQueryTarget,
    Connection,
    UnheardError,
    library,
    query_parameters,
    stage_ends,
)
from calcom_provider.warehouse.backends.bigquery.statements import Parameter
from calcom_provider.warehouse.errors import UnsupportedTargetError

if TYPE_CHECKING:
    import sqlalchemy as sa


#: Options of a URL.
OPTIONS = frozenset({"location", "key_file", "endpoint"})


def target_of(url: sa.URL | str) -> BigQueryTarget:
    """Return the dataset that a URL names.

    Without ``key_file`` the credentials are Google's default ones of this machine. An ``endpoint`` that begins with
    ``http://`` is sent none.

    :param url: ``bigquery://project/dataset?location=EU&key_file=/path``.
    :raises UnsupportedTargetError: when the URL lacks something or has an option that is not known, or the packages are
        missing.
    """
    import sqlalchemy as sa

    made = sa.make_url(url)
    unknown = sorted(set(made.query) - OPTIONS)
    if unknown:
        raise UnsupportedTargetError(
            f"The URL of BigQuery has an option {unknown[0]!r}; known are {', '.join(sorted(OPTIONS))}"
        )
    project, dataset = made.host or "", (made.database or "").strip("/")
    if not project or "/" in dataset or made.username or made.password or made.port:
        raise UnsupportedTargetError(
            "The URL of BigQuery names a project and a dataset, and nothing else before the question mark:"
            " bigquery://project/dataset?location=EU"
        )
    options = {name: str(value) for name, value in made.query.items()}
    library()

    def connect(name: str) -> Connection:
        return ClientConnection(client_of(project, options), project, name)

    return BigQueryTarget(connect, project, dataset)


def client_of(project: str, options: Mapping[str, str]) -> Any:
    """Make a client.

    :param project: project whose jobs it runs.
    :param options: options of a URL.
    """
    bigquery = library()
    more: dict[str, Any] = {}
    endpoint = options.get("endpoint", "")
    if endpoint:
        more["client_options"] = {"api_endpoint": endpoint}
    if endpoint.startswith("http://"):
        from google.auth.credentials import AnonymousCredentials

        more["credentials"] = AnonymousCredentials()
    elif "key_file" in options:
        from google.oauth2.service_account import Credentials

        more["credentials"] = Credentials.from_service_account_file(options["key_file"])
    return bigquery.Client(project=project, location=options.get("location"), **more)


class ClientConnection(Connection):
    """Ask BigQuery by a client.

    :param client: client of the library.
    :param project: project of the dataset.
    :param dataset: dataset of the tables.
    """

    def __init__(self, client: Any, project: str, dataset: str) -> None:
        self._client = client
        self._dataset = f"{project}.{dataset}"
        self._bigquery = library()

    def run(self, text: str, params: Sequence[Parameter], labels: Mapping[str, str]) -> Answer:
        config = self._bigquery.QueryJobConfig(
            default_dataset=self._dataset,
            query_parameters=query_parameters(self._bigquery, params),
            labels=dict(labels),
            use_query_cache=False,
        )
        # A job that failed is repeated by the session, which knows what it was part of.
        job = self._client.query(text, job_config=config, job_retry=None)
        rows = self._heard(job)
        return Answer(rows, job.num_dml_affected_rows or 0, job.total_bytes_billed or 0)

    def _heard(self, job: Any) -> list[tuple[Any, ...]]:
        """Wait for a job, also where the network breaks while it runs."""
        for look in range(LOOKS):
            try:
                return [tuple(row.values()) for row in job.result(job_retry=None)]
            except Exception as error:
                if _said_by_job(error):
                    raise
                if look == LOOKS - 1:
                    raise UnheardError(f"nothing was heard of a job: {type(error).__name__}") from None
            time.sleep(PAUSE)
        raise AssertionError("the last look returns or raises")

    def load(self, file: Path, table: str, labels: Mapping[str, str]) -> None:
        config = self._bigquery.LoadJobConfig(
            source_format="PARQUET", write_disposition="WRITE_APPEND", labels=dict(labels)
        )
        with file.open("rb") as content:
            job = self._client.load_table_from_file(content, f"{self._dataset}.{table}", job_config=config)
        job.result()

    def make_stage(self, name: str, columns: Mapping[str, str]) -> None:
        fields = [self._bigquery.SchemaField(column, kind) for column, kind in columns.items()]
        table = self._bigquery.Table(f"{self._dataset}.{name}", schema=fields)
        table.expires = stage_ends()
        self.drop(name)
        self._client.create_table(table)

    def drop(self, name: str) -> None:
        self._client.delete_table(f"{self._dataset}.{name}", not_found_ok=True)

    def names(self, prefix: str) -> list[str]:
        found = [table.table_id for table in self._client.list_tables(self._dataset)]
        return [name for name in found if name.startswith(prefix)]

    def has_dataset(self) -> bool:
        from google.api_core.exceptions import NotFound

        try:
            self._client.get_dataset(self._dataset)
        except NotFound:
            return False
        return True

    def make_dataset(self) -> None:
        dataset = self._bigquery.Dataset(self._dataset)
        if self._client.location:
            dataset.location = self._client.location
        self._client.create_dataset(dataset, exists_ok=True)

    def close(self) -> None:
        self._client.close()


def _said_by_job(error: Exception) -> bool:
    """Tell whether BigQuery itself said that a job failed; else the network did."""
    # What the network did has no such list.
    return bool(getattr(error, "errors", None))
