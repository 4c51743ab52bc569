"""Check the warehouse from a DAG: keys, references, freshness, the HR match rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException, BaseOperator

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.hooks.error_mapping import explained
from calcom_provider.hooks.sql import warehouse_target
from calcom_provider.operators import arguments
from calcom_provider.operators.retry import with_retry_policy

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from calcom_provider.reporting.checks.results import CheckResult


class CalComWarehouseCheckOperator(BaseOperator):
    """Check warehouse tables, and fail with the keys of the rows that are wrong.

    The error, the log and the result carry ids and codes, never what a row tells about a person. A failed
    check fails the task at once: the same rows would fail again.

    .. seealso:: :ref:`howto/operator:CalComWarehouseCheckOperator`

    :param sql_conn_id: Airflow connection of the warehouse (templated).
    :param schema: schema of the tables, default the connection's own (templated).
    :param table_prefix: what table names begin with (templated).
    :param checks: which of ``keys``, ``references``, ``freshness`` and ``match_rate``: a list or one text
        separated by commas (templated). Default: all.
    :param resource_names: resources that must be fresh, default all that were ever read (templated).
    :param max_age_hours: age in hours of the newest successful read that is still fresh (templated).
    :param min_match_rate: lowest share, 0 to 1, of HR's people that the newest plan must have matched
        (templated).
    :param ledger_conn_id: Airflow connection of the write-back's ledger, default the warehouse's (templated).
    :param allowed: subject of a check, such as ``attribute_assignments.user_id -> memberships.user_id``, to
        the number of rows that may fail.
    """

    template_fields: Sequence[str] = (
        "sql_conn_id",
        "schema",
        "table_prefix",
        "checks",
        "resource_names",
        "max_age_hours",
        "min_match_rate",
        "ledger_conn_id",
    )
    ui_color = "#e8e8e8"
    ui_fgcolor = "#111827"

    def __init__(
        self,
        *,
        sql_conn_id: str,
        schema: str | None = None,
        table_prefix: str = "calcom_",
        checks: str | Sequence[str] | None = None,
        resource_names: str | Sequence[str] | None = None,
        max_age_hours: float | str = 24,
        min_match_rate: float | str = 0.9,
        ledger_conn_id: str | None = None,
        allowed: Mapping[str, int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**with_retry_policy(kwargs))
        self.sql_conn_id = sql_conn_id
        self.schema = schema
        self.table_prefix = table_prefix
        self.checks = checks
        self.resource_names = resource_names
        self.max_age_hours = max_age_hours
        self.min_match_rate = min_match_rate
        self.ledger_conn_id = ledger_conn_id
        self.allowed = allowed

    def execute(self, context: Context) -> dict[str, Any]:
        """Run the checks and return how many there were.

        :param context: the task's context.
        :raises AirflowFailException: when a check fails, or an argument is wrong.
        """
        with explained(self.log):
            results = self._run()
        for one in results:
            (self.log.error if one.failed else self.log.info)("%s", one.line())
        failed = [one for one in results if one.failed]
        context["ti"].xcom_push(key="failed_checks", value=[one.as_dict() for one in failed])
        if failed:
            # Imported here for the same reason as below.
            from calcom_provider.reporting.checks.results import ChecksFailedError

            raise AirflowFailException(str(ChecksFailedError(failed)))
        checked = sum(one.checked for one in results)
        return {"checked": checked, "not_checked": len(results) - checked, "failed": 0}

    def _run(self) -> list[CheckResult]:
        # Imported here: parsing a DAG file must not cost what the engine costs to load.
        from calcom_provider.reporting.checks.checks import CHECKS, Checks

        ledger = arguments.text(self.ledger_conn_id)
        with Checks(
            warehouse_target(self.sql_conn_id),
            schema=arguments.text(self.schema),
            prefix=self.table_prefix,
            ledger=warehouse_target(ledger) if ledger else None,
        ) as checks:
            return checks.run(
                arguments.names(self.checks) or CHECKS,
                max_age=timedelta(hours=_decimal(self.max_age_hours, "max_age_hours")),
                resources=arguments.names(self.resource_names),
                min_match_rate=_decimal(self.min_match_rate, "min_match_rate"),
                allowed=self.allowed,
            )


def _decimal(value: float | str, name: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise ConfigurationError(f"{name} is a number, not {value!r}.") from None
