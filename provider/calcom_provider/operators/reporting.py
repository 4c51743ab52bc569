"""Make the reporting views from a DAG, keep their days, write the report as a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from airflow.providers.common.compat.sdk import BaseOperator

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.hooks.error_mapping import explained
from calcom_provider.hooks.sql import warehouse_target
from calcom_provider.operators import arguments
from calcom_provider.operators.retry import with_retry_policy

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from calcom_provider.reporting.building.results import ViewResult
    from calcom_provider.reporting.source import Options

Pairs = Mapping[str, str] | str | None


class CalComReportingOperator(BaseOperator):
    """Make the reporting views or upgrade them, keep the newest days of some as tables, write the page.

    A view whose tables were not synced is skipped, and the log says why. Mappings are given as such or as one text,
    ``name=value`` separated by commas. They are not remembered: with other ones the views are made anew.

    .. seealso:: :ref:`howto/operator:CalComReportingOperator`

    :param sql_conn_id: Airflow connection of the warehouse (templated).
    :param schema: schema of the tables and views, default the connection's own (templated).
    :param table_prefix: what table names begin with (templated).
    :param view_prefix: what the names of the views begin with, by default nothing (templated).
    :param keep: daily or weekly views to keep as tables: a list or one text separated by commas (templated).
    :param keep_days_back: days before today from which on snapshot tables are written anew; earlier days stay as they
        were (templated).
    :param days_back: days before today that daily and weekly views reach (templated).
    :param days_ahead: days after today that they reach (templated).
    :param minimums: team id to the members who should be available; 0 removes a team's minimum, teams that are not
        named keep theirs (templated).
    :param host_attributes: column of ``rpt_host_week`` to the slug of the attribute that it shows, default
        ``department`` and ``region`` (templated).
    :param routing_attribute: slug of the attribute of the host that ``rpt_routing_outcome`` shows, default
        ``department`` (templated).
    :param answers: column of ``rpt_routing_outcome`` to the identifier of the question whose answer it shows; needs
        the sensitive column ``response`` (templated).
    :param page_path: where to write the report as one HTML file: a path, or any object storage that
        ``ObjectStoragePath`` knows; default: it is not written (templated).
    :param show_people: whether the page shows single people instead of counts alone (templated).
    :param wait: seconds to wait for a sync that holds the tables.
    """

    template_fields: Sequence[str] = (
        "sql_conn_id",
        "schema",
        "table_prefix",
        "view_prefix",
        "keep",
        "keep_days_back",
        "days_back",
        "days_ahead",
        "minimums",
        "host_attributes",
        "routing_attribute",
        "answers",
        "page_path",
        "show_people",
    )
    template_fields_renderers = {"minimums": "json", "host_attributes": "json", "answers": "json"}
    ui_color = "#e8e8e8"
    ui_fgcolor = "#111827"

    def __init__(
        self,
        *,
        sql_conn_id: str,
        schema: str | None = None,
        table_prefix: str = "calcom_",
        view_prefix: str | None = None,
        keep: str | Sequence[str] | None = None,
        keep_days_back: int | str = 7,
        days_back: int | str = 730,
        days_ahead: int | str = 366,
        minimums: Mapping[int, int] | Pairs = None,
        host_attributes: Pairs = None,
        routing_attribute: str | None = None,
        answers: Pairs = None,
        page_path: str | None = None,
        show_people: bool | str = False,
        wait: float = 600,
        **kwargs: Any,
    ) -> None:
        super().__init__(**with_retry_policy(kwargs))
        self.sql_conn_id = sql_conn_id
        self.schema = schema
        self.table_prefix = table_prefix
        self.view_prefix = view_prefix
        self.keep = keep
        self.keep_days_back = keep_days_back
        self.days_back = days_back
        self.days_ahead = days_ahead
        self.minimums = minimums
        self.host_attributes = host_attributes
        self.routing_attribute = routing_attribute
        self.answers = answers
        self.page_path = page_path
        self.show_people = show_people
        self.wait = wait

    def execute(self, context: Context) -> dict[str, Any]:
        """Make the views and the page, and return how many views there are by what was done.

        :param context: the task's context.
        :raises AirflowFailException: when an argument is wrong, or something else has the name of a view.
        """
        with explained(self.log):
            people = arguments.flag(self.show_people, "show_people")
            views, snapshots = self._views()
            page = arguments.text(self.page_path)
            if page:
                self._write_page(page, people)
        # Imported here for the same reason as below.
        from calcom_provider.reporting.building.results import summary

        return {"views": summary(views), "snapshots": {one.name: one.rows for one in snapshots}, "page": page}

    def _views(self) -> tuple[list[ViewResult], list[ViewResult]]:
        # Imported here: parsing a DAG file must not cost what the engine costs to load.
        from calcom_provider.reporting.building.build import Reports

        first = datetime.now(UTC).date() - timedelta(days=_days(self.keep_days_back, "keep_days_back"))
        minimums = _minimums(self.minimums)
        back, ahead = _days(self.days_back, "days_back"), _days(self.days_ahead, "days_ahead")
        with Reports(
            warehouse_target(self.sql_conn_id),
            schema=arguments.text(self.schema),
            prefix=self.table_prefix,
            view_prefix=arguments.text(self.view_prefix) or "",
            options=self._options(),
            wait=self.wait,
        ) as reports:
            views = reports.create(days_back=back, days_ahead=ahead, minimums=minimums)
            self._tell(views)
            snapshots = reports.refresh(arguments.names(self.keep) or (), first=first)
            self._tell(snapshots)
        return views, snapshots

    def _options(self) -> Options:
        from calcom_provider.reporting.source import Options

        usual = Options()
        return Options(
            host_attributes=_pairs(self.host_attributes, "host_attributes") or usual.host_attributes,
            routing_attribute=arguments.text(self.routing_attribute) or usual.routing_attribute,
            answers=_pairs(self.answers, "answers"),
        )

    def _tell(self, made: Sequence[ViewResult]) -> None:
        for one in made:
            rows = "" if one.rows is None else f", {one.rows} rows"
            self.log.info("%s: %s%s%s", one.name, one.status, rows, f" ({one.note})" if one.note else "")

    def _write_page(self, path: str, people: bool) -> None:
        from airflow.sdk import ObjectStoragePath

        from calcom_provider.reporting.page.collect import collect
        from calcom_provider.reporting.page.render import render, write_page

        page = collect(
            warehouse_target(self.sql_conn_id),
            schema=arguments.text(self.schema),
            prefix=self.table_prefix,
            show_people=people,
        )
        if "://" in path and not path.startswith("file://"):
            ObjectStoragePath(path).write_text(render(page), encoding="utf-8")
        else:
            file = Path(unquote(urlsplit(path).path) if "://" in path else path)
            file.parent.mkdir(parents=True, exist_ok=True)
            write_page(file, render(page), people=people)
        self.log.info("Wrote the page %s", path)


def _days(value: int | str, name: str) -> int:
    word = str(value).strip()
    if not word.isdecimal():
        raise ConfigurationError(f"{name} is a number of days, zero or more, not {value!r}.")
    return int(word)


def _pairs(value: Any, name: str) -> dict[str, str]:
    if isinstance(value, Mapping):
        return {str(key): str(one) for key, one in value.items()}
    pairs = {}
    for part in arguments.names(value) or ():
        key, _, one = part.partition("=")
        if not key.strip() or not one.strip():
            raise ConfigurationError(
                f"{name} is a mapping, or name=value separated by commas, not {value!r}."
            )
        pairs[key.strip()] = one.strip()
    return pairs


def _minimums(value: Any) -> dict[int, int]:
    pairs = _pairs(value, "minimums")
    try:
        return {int(team): int(number) for team, number in pairs.items()}
    except ValueError:
        raise ConfigurationError(f"minimums is team ids with whole numbers, not {value!r}.") from None
