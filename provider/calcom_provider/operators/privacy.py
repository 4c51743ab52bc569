"""Erase a person, delete what is older than allowed, give up old snapshots of a lakehouse, as tasks with a receipt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException, BaseHook, BaseOperator
from airflow.sdk.log import mask_secret

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.hooks.error_mapping import explained, one_line
from calcom_provider.hooks.sql import warehouse_target
from calcom_provider.operators import arguments
from calcom_provider.operators.retry import with_retry_policy

if TYPE_CHECKING:
    import jinja2
    from airflow.providers.common.compat.sdk import Context

    from calcom_provider.sync.receipt import Receipt
    from calcom_provider.warehouse import Warehouse


class _WarehouseOperator(BaseOperator):
    """Open the warehouse, and tell what was removed from it."""

    sql_conn_id: str
    schema: str | None
    table_prefix: str

    def _open(self) -> Warehouse:
        # Imported here: parsing a DAG file must not cost what the engine costs to load.
        from calcom_provider.warehouse import Warehouse

        return Warehouse(
            warehouse_target(self.sql_conn_id),
            schema=arguments.text(self.schema),
            prefix=self.table_prefix,
            must_exist=True,
        )

    def _tell(self, receipt: Receipt, verb: str) -> dict[str, Any]:
        for table, count in receipt.tables.items():
            self.log.info("%s: %d rows %s", table, count, verb)
        for one in receipt.unreached:
            self.log.warning("%s: not reached: %s", one.table, one.reason)
        return receipt.as_dict()


class CalComErasePersonOperator(_WarehouseOperator):
    """Erase a person from the tables, their history, snapshot days of views and the write-back's ledgers.

    Delete the person in Cal.com and in the HR source first: whoever is still there comes back. The task returns a
    receipt: tables with counts of rows, and what could not be reached and why; it names nobody. It fails when nobody is
    found, when the write-back still has something to do with the person, and when something stays that another call
    could reach.

    .. seealso:: :ref:`howto/operator:CalComErasePersonOperator`

    :param user: user id, or e-mail address in any case, which is masked in logs and rendered templates (templated).
    :param sql_conn_id: Airflow connection of the warehouse (templated).
    :param schema: schema of the tables, default the connection's own (templated).
    :param table_prefix: what table names begin with (templated).
    :param ledger_conn_ids: Airflow connections of ledgers in other databases: a list, or one text separated by commas
        (templated).
    :param columns: how tables were stored of which no run recorded it: choices as for the sync (templated).
    :param hash_conn_id: Airflow connection whose password is the key of hashed columns (templated).
    :param force: close what the write-back still has to do with the person, as ``erased`` (templated).
    """

    template_fields: Sequence[str] = (
        "user",
        "sql_conn_id",
        "schema",
        "table_prefix",
        "ledger_conn_ids",
        "columns",
        "hash_conn_id",
        "force",
    )
    template_fields_renderers = {"columns": "json"}
    ui_color = "#e8e8e8"
    ui_fgcolor = "#111827"

    def __init__(
        self,
        *,
        user: str | int,
        sql_conn_id: str,
        schema: str | None = None,
        table_prefix: str = "calcom_",
        ledger_conn_ids: str | Sequence[str] | None = None,
        columns: Mapping[str, Any] | None = None,
        hash_conn_id: str | None = None,
        force: bool | str = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**with_retry_policy(kwargs))
        self.user = user
        self.sql_conn_id = sql_conn_id
        self.schema = schema
        self.table_prefix = table_prefix
        self.ledger_conn_ids = ledger_conn_ids
        self.columns = columns
        self.hash_conn_id = hash_conn_id
        self.force = force

    def render_template_fields(self, context: Context, jinja_env: jinja2.Environment | None = None) -> None:
        """Render the arguments, and mask an address before Airflow stores what was rendered.

        :param context: the task's context.
        :param jinja_env: Jinja's environment, by default the DAG's own.
        """
        super().render_template_fields(context, jinja_env)
        if "@" in str(self.user):
            mask_secret(str(self.user))

    def execute(self, context: Context) -> dict[str, Any]:
        """Erase the person and return the receipt.

        :param context: the task's context.
        :raises AirflowFailException: when nobody is found, something is open or stays, or an argument is wrong.
        """
        from calcom_provider.sync.receipt import ErasureError

        with explained(self.log):
            try:
                receipt = self._erase()
            except ErasureError as error:
                raise AirflowFailException(one_line(error)) from None
        told = self._tell(receipt, "erased or cleared")
        left = [one.table for one in receipt.unreached if one.mendable]
        if left:
            context["ti"].xcom_push(key="receipt", value=told)
            raise AirflowFailException(
                f"{receipt.rows} rows were erased; without the key of hashed columns not reached: {', '.join(left)}"
            )
        return told

    def _erase(self) -> Receipt:
        from calcom_provider.erasure import erase_person
        from calcom_provider.resources.policy import ColumnPolicy

        hash_conn_id = arguments.text(self.hash_conn_id)
        key = (BaseHook.get_connection(hash_conn_id).password or "").encode() if hash_conn_id else b""
        warehouse = self._open()
        try:
            return erase_person(
                warehouse,
                self.user,
                ledgers=[warehouse_target(one) for one in arguments.names(self.ledger_conn_ids) or ()],
                policy=ColumnPolicy.of(self.columns, key) if self.columns else None,
                hash_key=key,
                force=arguments.flag(self.force, "force"),
            )
        finally:
            warehouse.close()


class CalComRetentionOperator(_WarehouseOperator):
    """Delete closed versions, rows marked as deleted, run records and snapshot days that are older than allowed.

    Live rows stay: they say what Cal.com holds. The task returns a receipt: tables with counts of rows.

    .. seealso:: :ref:`howto/operator:CalComRetentionOperator`

    :param sql_conn_id: Airflow connection of the warehouse (templated).
    :param days: days to keep in all tables, None to keep what ``tables`` does not name (templated).
    :param tables: days to keep by table, or by the table of a view's snapshots (templated).
    :param schema: schema of the tables, default the connection's own (templated).
    :param table_prefix: what table names begin with (templated).
    """

    template_fields: Sequence[str] = ("sql_conn_id", "days", "tables", "schema", "table_prefix")
    template_fields_renderers = {"tables": "json"}
    ui_color = "#e8e8e8"
    ui_fgcolor = "#111827"

    def __init__(
        self,
        *,
        sql_conn_id: str,
        days: int | str | None = None,
        tables: Mapping[str, int | str] | None = None,
        schema: str | None = None,
        table_prefix: str = "calcom_",
        **kwargs: Any,
    ) -> None:
        super().__init__(**with_retry_policy(kwargs))
        self.sql_conn_id = sql_conn_id
        self.days = days
        self.tables = tables
        self.schema = schema
        self.table_prefix = table_prefix

    def execute(self, context: Context) -> dict[str, Any]:
        """Delete what is too old and return the receipt.

        :param context: the task's context.
        :raises AirflowFailException: when an argument is wrong.
        """
        from calcom_provider.erasure import forget_past

        with explained(self.log):
            default = None if arguments.text(self.days) is None else _days(self.days, "days")
            limits = {name: _days(value, name) for name, value in (self.tables or {}).items()}
            if default is None and not limits:
                raise ConfigurationError("Say how long: days, tables or both.")
            warehouse = self._open()
            try:
                receipt = forget_past(warehouse, limits, default=default)
            finally:
                warehouse.close()
        return self._tell(receipt, "deleted")


class CalComLakehouseMaintenanceOperator(_WarehouseOperator):
    """Tend a lakehouse: write small files together, give up old snapshots, delete the files that nothing names.

    Syncs may go on meanwhile. Each sync leaves some small files, so a lakehouse wants this once a day. A file that two
    write at this moment is left to the next time. The task returns what was done, by table.

    .. seealso:: :ref:`howto/operator:CalComLakehouseMaintenanceOperator`

    :param sql_conn_id: Airflow connection of the lakehouse (templated).
    :param retention_hours: hours for which old snapshots stay readable and files that nothing names stay; no sync may
        last longer (templated).
    :param schema: folder or namespace of the tables, default the connection's own (templated).
    :param table_prefix: what table names begin with (templated).
    """

    template_fields: Sequence[str] = ("sql_conn_id", "retention_hours", "schema", "table_prefix")
    ui_color = "#e8e8e8"
    ui_fgcolor = "#111827"

    def __init__(
        self,
        *,
        sql_conn_id: str,
        retention_hours: float | str = 168,
        schema: str | None = None,
        table_prefix: str = "calcom_",
        **kwargs: Any,
    ) -> None:
        super().__init__(**with_retry_policy(kwargs))
        self.sql_conn_id = sql_conn_id
        self.retention_hours = retention_hours
        self.schema = schema
        self.table_prefix = table_prefix

    def execute(self, context: Context) -> dict[str, dict[str, int]]:
        """Tend the tables and return what was done: partitions compacted, snapshots expired, files removed.

        :param context: the task's context.
        :raises AirflowFailException: when an argument is wrong, or the connection names no lakehouse.
        """
        from dataclasses import asdict

        from calcom_provider.warehouse.backends.lakehouse.maintenance import maintain

        with explained(self.log):
            hours = _hours(self.retention_hours)
            warehouse = self._open()
            try:
                done = maintain(warehouse.backend, self.table_prefix, retention_hours=hours)
            finally:
                warehouse.close()
        for name, one in done.items():
            self.log.info(
                "%s: %d partitions compacted, %d snapshots expired, %d files removed",
                name,
                one.compacted,
                one.expired,
                one.removed,
            )
        return {name: asdict(one) for name, one in done.items()}


def _days(value: Any, name: str) -> int:
    word = str(value).strip()
    if not word.isdecimal():
        raise ConfigurationError(f"{name} is a number of days, zero or more, not {value!r}.")
    return int(word)


def _hours(value: Any) -> float:
    try:
        hours = float(str(value))
    except ValueError:
        hours = -1.0
    if not 0 <= hours < float("inf"):
        raise ConfigurationError(f"retention_hours is a number of hours, zero or more, not {value!r}.")
    return hours
