"""Delta Lake by delta-rs: a folder a table, in a folder or bucket."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from calcom_provider.warehouse.backends.lakehouse.columns import arrow_schema, with_statistics
from calcom_provider.warehouse.backends.lakehouse.formats import (
    KEY,
    ConflictError,
    LakeFormat,
    LakeTable,
    Layout,
    Values,
)
from calcom_provider.warehouse.schema import Column

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable

#: How often delta-rs itself tries a commit again that lies beside those of others.
RETRIES = 100


class DeltaLakeTable(LakeTable):
    """Read and write one Delta table.

    :param uri: its folder.
    :param options: storage options of delta-rs.
    """

    def __init__(self, uri: str, options: Mapping[str, str]) -> None:
        from deltalake import DeltaTable

        self._table: DeltaTable = DeltaTable(uri, storage_options=dict(options) or None)
        about = self._table.metadata()
        super().__init__(about.configuration.get(KEY, "[]"), next(iter(about.partition_columns), None))

    @property
    def version(self) -> str:
        return str(self._table.version())

    def schema(self) -> pa.Schema:
        import pyarrow as pa

        return pa.schema(self._table.schema().to_arrow())

    def read(self, columns: Sequence[str], values: Values | None = None) -> pa.Table:
        import pyarrow.dataset as ds

        rows = self._table.to_pyarrow_dataset(file_pruning_predicate=self._pruned(values))
        wanted = None if values is None else ds.field(self.partition).isin(list(values))
        return rows.to_table(columns=list(columns), filter=wanted)

    def files(self, values: Values | None = None) -> frozenset[str]:
        return frozenset(self._table.file_uris(file_pruning_predicate=self._pruned(values)))

    def refresh(self) -> None:
        self._table.update_incremental()

    def append(self, rows: pa.Table) -> None:
        from deltalake import write_deltalake

        owners = rows.column(self.partition).unique().to_pylist() if self.partition else [""]
        with _conflicts():
            write_deltalake(self._table, rows, mode="append", commit_properties=_commit(map(str, owners)))

    def replace(self, rows: pa.Table, values: Values | None) -> None:
        from deltalake import write_deltalake

        predicate = None if values is None else self._predicate(values)
        with _conflicts():
            write_deltalake(
                self._table,
                rows,
                mode="overwrite",
                predicate=predicate,
                commit_properties=_commit(map(str, values or ())),
            )

    def add_columns(self, columns: Sequence[Column]) -> None:
        from deltalake import Schema

        fields = Schema.from_arrow(arrow_schema(columns)).fields
        with _conflicts():
            self._table.alter.add_columns(fields, commit_properties=_commit())

    def reshape(self, rows: pa.Table) -> None:
        from deltalake import write_deltalake

        with _conflicts():
            write_deltalake(
                self._table, rows, mode="overwrite", schema_mode="overwrite", commit_properties=_commit()
            )

    def small_files(self, below: int) -> Mapping[int | str | None, int]:
        import pyarrow as pa

        found: Counter[int | str | None] = Counter()
        column = f"partition.{self.partition}"
        for row in pa.table(self._table.get_add_actions(flatten=True)).to_pylist():
            if row["size_bytes"] < below:
                found[row[column] if self.partition else None] += 1
        return found

    def expire(self, hours: float) -> int:
        # A version is readable as long as its files are there; they go with `remove_files`.
        return 0

    def remove_files(self, hours: float) -> int:
        from math import ceil

        removed = self._table.vacuum(
            retention_hours=ceil(hours), dry_run=False, enforce_retention_duration=False, full=True
        )
        return len(removed)

    def _pruned(self, values: Values | None) -> str | None:
        return None if values is None else self._predicate(values)

    def _predicate(self, values: Values) -> str:
        assert self.partition is not None
        name = '"' + self.partition.replace('"', '""') + '"'
        return " OR ".join(f"{name} = {_literal(value)}" for value in values)


class DeltaFormat(LakeFormat):
    """Keep tables as folders under one.

    :param root: URI of the folder or bucket.
    :param options: storage options of delta-rs.
    """

    def __init__(self, root: str, options: Mapping[str, str]) -> None:
        self._root = root.rstrip("/")
        self._options = dict(options)

    def tables(self, prefix: str) -> list[str]:
        from pyarrow import fs

        files = self._files()
        found = files.get_file_info(fs.FileSelector("", allow_not_found=True))
        names = [one.base_name for one in found if one.type == fs.FileType.Directory]
        return sorted(name for name in names if name.startswith(prefix) and self._is_table(name))

    def find(self, name: str) -> DeltaLakeTable | None:
        from deltalake.exceptions import TableNotFoundError

        try:
            return self.open(name)
        except TableNotFoundError:
            return None

    def open(self, name: str) -> DeltaLakeTable:
        return DeltaLakeTable(self._uri(name), self._options)

    def create(self, name: str, layout: Layout, rows: pa.Table | None = None) -> DeltaLakeTable:
        from deltalake import DeltaTable, Schema, write_deltalake
        from deltalake.exceptions import CommitFailedError, DeltaError

        kept = with_statistics(layout.columns, layout.key)
        settings = (
            {"delta.dataSkippingStatsColumns": ",".join(kept)}
            if kept
            else {"delta.dataSkippingNumIndexedCols": "0"}
        )
        settings[KEY] = json.dumps(layout.key)
        schema = arrow_schema(layout.columns, layout.key)
        parted = [layout.partition] if layout.partition else None
        if rows is not None:
            write_deltalake(
                self._uri(name),
                rows.cast(schema),
                mode="error",
                partition_by=parted,
                description=layout.comment or None,
                configuration=settings,
                storage_options=self._options or None,
            )
            return self.open(name)
        try:
            DeltaTable.create(
                self._uri(name),
                Schema.from_arrow(schema),
                partition_by=parted,
                description=layout.comment or None,
                configuration=settings,
                raise_if_key_not_exists=False,
                storage_options=self._options or None,
            )
        except (CommitFailedError, DeltaError):
            if not self._is_table(name):
                raise
        return self.open(name)

    def drop(self, name: str) -> None:
        self._files().delete_dir(name)

    def close(self) -> None:
        """Nothing is kept open."""

    def _uri(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _is_table(self, name: str) -> bool:
        from deltalake import DeltaTable

        return DeltaTable.is_deltatable(self._uri(name), self._options or None)

    def _files(self) -> Any:
        from deltalake.fs import DeltaStorageHandler
        from pyarrow import fs

        return fs.PyFileSystem(DeltaStorageHandler(self._root, self._options or None))


def _literal(value: int | str) -> str:
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


def _commit(owners: Any = ()) -> Any:
    """Give the properties of a commit; one owner's commits never pass each other unseen."""
    from deltalake import CommitProperties, Transaction

    now = time.time_ns() // 1_000_000
    return CommitProperties(
        max_commit_retries=RETRIES,
        app_transactions=[Transaction(f"calcom:{owner}", now, now) for owner in owners] or None,
    )


class _conflicts:  # noqa: N801
    """Turn the library's error of a lost race into ours."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        from deltalake.exceptions import CommitFailedError

        if isinstance(error, CommitFailedError):
            raise ConflictError("another writer committed to the table first") from None
