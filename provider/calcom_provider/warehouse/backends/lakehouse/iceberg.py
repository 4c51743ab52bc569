"""Apache Iceberg by pyiceberg: tables of one namespace of any catalog that it knows."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from calcom_provider.warehouse.backends.lakehouse.columns import with_statistics
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
    from pyiceberg.catalog import Catalog
    from pyiceberg.expressions import BooleanExpression
    from pyiceberg.table import Table, Transaction

SETTINGS = {
    "format-version": "2",
    # A commit that lost is tried again by us, who look first whether our own rows were changed.
    "commit.retry.num-retries": "0",
    "write.metadata.metrics.default": "none",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "20",
    # Many small commits would otherwise leave a manifest each, and all are read by every scan.
    "commit.manifest-merge.enabled": "true",
    "commit.manifest.min-count-to-merge": "10",
}

TRIES = 20
"""How often opening a catalog is tried that others open, and make, at this moment."""


class IcebergTable(LakeTable):
    """Read and write one Iceberg table.

    :param catalog: catalog that holds it.
    :param table: the table, as it was loaded.
    """

    def __init__(self, catalog: Catalog, table: Table) -> None:
        self._catalog = catalog
        self._table = table
        spec, schema = table.spec(), table.schema()
        names = [schema.find_column_name(field.source_id) for field in spec.fields]
        super().__init__(table.properties.get(KEY, "[]"), names[0] if names else None)

    @property
    def version(self) -> str:
        snapshot = self._table.current_snapshot()
        return str(snapshot.snapshot_id) if snapshot else ""

    def schema(self) -> pa.Schema:
        return self._table.schema().as_arrow()

    def read(self, columns: Sequence[str], values: Values | None = None) -> pa.Table:
        scan = self._table.scan(row_filter=self._filter(values), selected_fields=tuple(columns))
        return scan.to_arrow().select(list(columns))

    def files(self, values: Values | None = None) -> frozenset[str]:
        scan = self._table.scan(row_filter=self._filter(values))
        return frozenset(task.file.file_path for task in scan.plan_files())

    def refresh(self) -> None:
        self._table = self._catalog.load_table(self._table.name())

    def append(self, rows: pa.Table) -> None:
        with self._commit() as transaction:
            transaction.append(self._shaped(rows, transaction))

    def replace(self, rows: pa.Table, values: Values | None) -> None:
        with self._commit() as transaction:
            self._put(transaction, rows, self._filter(values))

    def add_columns(self, columns: Sequence[Column]) -> None:
        with self._commit() as transaction:
            with transaction.update_schema() as update:
                for column in columns:
                    update.add_column(column.name, _type_of(column.type))

    def reshape(self, rows: pa.Table) -> None:
        from calcom_provider.warehouse.backends.lakehouse.columns import type_of

        held = {field.name: type_of(field.type) for field in self.schema()}
        wanted = {field.name: type_of(field.type) for field in rows.schema}
        with self._commit() as transaction:
            # A column that is dropped and added again is another one: what older files hold for it is not read.
            with transaction.update_schema(allow_incompatible_changes=True) as update:
                for name, kind in held.items():
                    if wanted.get(name) != kind:
                        update.delete_column(name)
            with transaction.update_schema() as update:
                for name, kind in wanted.items():
                    if kind != held.get(name):
                        update.add_column(name, _type_of(kind))
            self._put(transaction, rows, self._filter(None))

    def small_files(self, below: int) -> Mapping[int | str | None, int]:
        found: Counter[int | str | None] = Counter()
        for task in self._table.scan().plan_files():
            if task.file.file_size_in_bytes < below:
                found[task.file.partition[0] if self.partition else None] += 1
        return found

    def expire(self, hours: float) -> int:
        before = len(self._table.metadata.snapshots)
        oldest = datetime.now(UTC) - timedelta(hours=hours)
        if before > 1:
            with _conflicts():
                self._table.maintenance.expire_snapshots().older_than(oldest).commit()
            self.refresh()
        return before - len(self._table.metadata.snapshots)

    def remove_files(self, hours: float) -> int:
        from pyarrow import fs

        named = self._named()
        files, path = self._place()
        youngest = time.time() - hours * 3600
        found = files.get_file_info(fs.FileSelector(path, recursive=True, allow_not_found=True))
        old = [
            one.path
            for one in found
            if one.type == fs.FileType.File and one.path not in named and one.mtime.timestamp() <= youngest
        ]
        for name in old:
            files.delete_file(name)
        return len(old)

    def _named(self) -> set[str]:
        """Name every file that a readable snapshot needs, and the metadata themselves."""
        table = self._table
        paths = {table.metadata_location, *(one.metadata_file for one in table.metadata.metadata_log)}
        for snapshot in table.metadata.snapshots:
            paths.add(snapshot.manifest_list)
            for manifest in snapshot.manifests(table.io):
                paths.add(manifest.manifest_path)
                entries = manifest.fetch_manifest_entry(table.io, discard_deleted=True)
                paths |= {entry.data_file.file_path for entry in entries}
        return {_path(one) for one in paths}

    def _place(self) -> tuple[Any, str]:
        """Give the file system of the table, and its folder there."""
        from pyiceberg.io.pyarrow import PyArrowFileIO

        io = self._table.io
        if not isinstance(io, PyArrowFileIO):
            io = PyArrowFileIO(dict(io.properties))
        scheme, netloc, path = PyArrowFileIO.parse_location(self._table.location())
        return io.fs_by_scheme(scheme, netloc), path

    def _filter(self, values: Values | None) -> BooleanExpression:
        from pyiceberg.expressions import AlwaysTrue, In

        # The library's models take positions too, which type checkers do not see.
        among: Any = In
        return AlwaysTrue() if values is None else among(self.partition, list(values))

    def _put(self, transaction: Transaction, rows: pa.Table, which: BooleanExpression) -> None:
        if rows.num_rows:
            transaction.overwrite(self._shaped(rows, transaction), overwrite_filter=which)
        else:
            transaction.delete(which)

    def _shaped(self, rows: pa.Table, transaction: Transaction) -> pa.Table:
        """Give the rows with all columns in the table's order; what they lack is null."""
        import pyarrow as pa

        wanted = transaction.table_metadata.schema().as_arrow()
        wanted = pa.schema([field.with_metadata({}) for field in wanted])
        columns = [
            rows.column(field.name).cast(field.type)
            if field.name in rows.schema.names
            else pa.nulls(rows.num_rows, field.type)
            for field in wanted
        ]
        return pa.table(columns, schema=wanted)

    @contextmanager
    def _commit(self) -> Iterator[Transaction]:
        with _conflicts(), self._table.transaction() as transaction:
            yield transaction


class IcebergFormat(LakeFormat):
    """Keep tables in one namespace of a catalog.

    :param name: name of the catalog.
    :param namespace: namespace, made when it is missing.
    :param options: properties of the catalog and of its files, as pyiceberg names them.
    """

    def __init__(self, name: str, namespace: str, options: Mapping[str, Any]) -> None:
        self._name = name
        self._namespace = namespace
        self._options = dict(options)
        self._opened: Catalog | None = None

    @property
    def catalog(self) -> Catalog:
        """Give the catalog, opened when it is first needed."""
        if self._opened is None:
            self._opened = self._open()
        return self._opened

    def tables(self, prefix: str) -> list[str]:
        names = [identifier[-1] for identifier in self.catalog.list_tables(self._namespace)]
        return sorted(name for name in names if name.startswith(prefix))

    def find(self, name: str) -> IcebergTable | None:
        from pyiceberg.exceptions import NoSuchTableError

        try:
            return self.open(name)
        except NoSuchTableError:
            return None

    def open(self, name: str) -> IcebergTable:
        return IcebergTable(self.catalog, self.catalog.load_table((self._namespace, name)))

    def create(self, name: str, layout: Layout, rows: pa.Table | None = None) -> IcebergTable:
        from pyiceberg.exceptions import TableAlreadyExistsError
        from pyiceberg.partitioning import PartitionField, PartitionSpec
        from pyiceberg.schema import Schema
        from pyiceberg.transforms import IdentityTransform
        from pyiceberg.types import NestedField

        fields = [
            NestedField(
                number,
                column.name,
                _type_of(column.type),
                required=not column.nullable or column.name in layout.key,
                doc=column.comment or None,
            )
            for number, column in enumerate(layout.columns, start=1)
        ]
        places = {column.name: number for number, column in enumerate(layout.columns, start=1)}
        parted = [
            PartitionField(places[one], 1000, IdentityTransform(), one) for one in [layout.partition] if one
        ]
        settings = SETTINGS | {KEY: json.dumps(layout.key)}
        if layout.comment:
            settings["comment"] = layout.comment
        for column in with_statistics(layout.columns, layout.key):
            settings[f"write.metadata.metrics.column.{column}"] = "full"
        schema, parts = Schema(*fields), PartitionSpec(*parted)
        if rows is not None:
            with self.catalog.create_table_transaction(
                (self._namespace, name), schema, partition_spec=parts, properties=settings
            ) as making:
                making.append(rows.cast(making.table_metadata.schema().as_arrow()))
            return self.open(name)
        try:
            made = self.catalog.create_table(
                (self._namespace, name), schema, partition_spec=parts, properties=settings
            )
        except TableAlreadyExistsError:
            return self.open(name)
        return IcebergTable(self.catalog, made)

    def drop(self, name: str) -> None:
        table = self.catalog.load_table((self._namespace, name))
        files, path = IcebergTable(self.catalog, table)._place()
        self.catalog.drop_table((self._namespace, name))
        files.delete_dir(path)

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def _open(self) -> Catalog:
        from pyiceberg.catalog import load_catalog
        from pyiceberg.exceptions import NamespaceAlreadyExistsError

        for attempt in range(TRIES):
            try:
                catalog = load_catalog(self._name, **self._options)
                if not catalog.namespace_exists(self._namespace):
                    catalog.create_namespace(self._namespace)
                return catalog
            except NamespaceAlreadyExistsError:
                return catalog
            except Exception as error:
                # A catalog in a database makes its tables when it is opened, and so does another one at this moment.
                if attempt == TRIES - 1 or not _is_busy(error):
                    raise
                time.sleep(0.05 * (attempt + 1))
        raise AssertionError("unreachable")


def _type_of(kind: str) -> Any:
    from pyiceberg import types

    return {
        "integer": types.LongType(),
        "float": types.DoubleType(),
        "text": types.StringType(),
        "boolean": types.BooleanType(),
        "timestamp": types.TimestamptzType(),
        "date": types.DateType(),
        "json": types.StringType(),
        "blob": types.BinaryType(),
    }[kind]


def _path(location: str) -> str:
    from pyiceberg.io.pyarrow import PyArrowFileIO

    return str(PyArrowFileIO.parse_location(location)[2])


def _is_busy(error: BaseException) -> bool:
    """Tell whether the database of a catalog refused because of another one's work."""
    import sqlalchemy as sa

    return isinstance(error, sa.exc.OperationalError | sa.exc.IntegrityError | sa.exc.ProgrammingError)


@contextmanager
def _conflicts() -> Iterator[None]:
    """Turn the library's error of a lost race into ours."""
    from pyiceberg.exceptions import CommitFailedException, ValidationException

    try:
        yield
    except (CommitFailedException, ValidationException):
        # The second is what it says of files that were to be replaced, and that the winner has replaced.
        raise ConflictError("another writer committed to the table first") from None
    except Exception as error:
        if _is_busy(error):
            raise ConflictError("the catalog's database was busy") from None
        raise
