"""Show the report of the warehouse that Airflow's settings name, read anew once a minute at most.

The settings are in the section ``calcom`` of Airflow's configuration: ``report_conn_id`` (the SQL connection,
``warehouse_default``), ``report_schema`` (the connection's own), ``report_prefix`` (``calcom_``) and
``report_show_people`` (``False``: counts alone, whatever the role of the reader).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from html import escape

from airflow.providers.common.compat.sdk import (
    AirflowConfigException,
    AirflowNotFoundException,
    conf,
    redact,
)

from calcom_provider.api.errors import CalComError
from calcom_provider.hooks.error_mapping import one_line
from calcom_provider.hooks.sql import warehouse_target
from calcom_provider.html_page import Tab
from calcom_provider.plugins.frame import Answer, page, sorry
from calcom_provider.reporting.page.collect import collect
from calcom_provider.reporting.page.render import render
from calcom_provider.warehouse import Warehouse

SECTION = "calcom"
TITLE = "Cal.com report"
#: Seconds that a report is kept, and one that failed: long enough to spare the database, short enough to mend it.
KEPT, KEPT_FAILURE = 60.0, 5.0
#: Seconds that a reader waits for one who came first. Each occupies a thread of the API server meanwhile.
PATIENCE = 10.0

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Settings:
    """Say what is shown.

    :param conn_id: Airflow connection of the warehouse.
    :param schema: schema of the tables, the connection's own by default.
    :param prefix: what table names begin with.
    :param show_people: show names, ids and single write-backs, instead of counts alone.
    """

    conn_id: str = "warehouse_default"
    schema: str | None = None
    prefix: str = "calcom_"
    show_people: bool = False


class UnreadableError(CalComError):
    """Say in a sentence why there is no report, and what to do."""


class KeptReport:
    """Read the report when somebody asks for it, and give the same to all who ask soon after.

    :param clock: seconds that never go back.
    :param patience: seconds to wait for another reader's report.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, patience: float = PATIENCE) -> None:
        self._clock = clock
        self._patience = patience
        self._lock = threading.Lock()
        self._kept: tuple[tuple[Settings, tuple[Tab, ...]], Answer, float] | None = None

    def answer(self, wanted: Settings, shown: tuple[Tab, ...] = ()) -> Answer:
        """Return the page; only one reader at a time makes it.

        :param wanted: what is shown.
        :param shown: its tabs.
        """
        if not self._lock.acquire(timeout=self._patience):
            told = "The report is being read, which takes longer than usual. Load the page again soon."
            return sorry(told, TITLE, shown=shown)
        try:
            if self._kept and self._kept[0] == (wanted, shown) and self._clock() < self._kept[2]:
                return self._kept[1]
            made = make(wanted, shown)
            seconds = KEPT if made.status == 200 else KEPT_FAILURE
            self._kept = ((wanted, shown), made, self._clock() + seconds)
            return made
        finally:
            self._lock.release()


def settings() -> Settings:
    """Return what Airflow's configuration says; people are shown only where it clearly says so."""
    usual = Settings()
    try:
        people = conf.getboolean(SECTION, "report_show_people", fallback=usual.show_people)
    except AirflowConfigException:
        log.warning("[%s] report_show_people is neither true nor false; people are not shown", SECTION)
        people = False
    return Settings(
        conf.get(SECTION, "report_conn_id", fallback=None) or usual.conn_id,
        conf.get(SECTION, "report_schema", fallback=None) or usual.schema,
        conf.get(SECTION, "report_prefix", fallback=usual.prefix),
        people,
    )


def make(wanted: Settings, shown: tuple[Tab, ...] = ()) -> Answer:
    """Return the report, or a page that says what to do first. Nothing secret gets into either.

    :param wanted: what is shown.
    :param shown: its tabs.
    """
    try:
        return Answer(_read(wanted, shown))
    except AirflowNotFoundException:
        told = (
            f"There is no connection {wanted.conn_id!r}. Make one that leads to the warehouse, or name another "
            f"in [{SECTION}] report_conn_id of Airflow's configuration."
        )
    except CalComError as error:
        told = one_line(error)
    except Exception as error:
        # What a driver says may hold a password, so the reader gets the kind of error alone.
        log.error("No report from connection %s: %s", wanted.conn_id, redact(one_line(error)))
        told = (
            f"The warehouse of connection {wanted.conn_id!r} could not be read ({type(error).__name__}). "
            "The log of the API server says why."
        )
    return sorry(told, TITLE, shown=shown)


def _read(wanted: Settings, shown: tuple[Tab, ...]) -> str:
    target = warehouse_target(wanted.conn_id)
    try:
        if not Warehouse(target).exists:
            raise UnreadableError(
                f"The database file of connection {wanted.conn_id!r} is not there. It has to be on the machine "
                "of the API server; the first sync makes it."
            )
        made = collect(target, schema=wanted.schema, prefix=wanted.prefix, show_people=wanted.show_people)
    finally:
        if not isinstance(target, str):
            target.dispose()
    if made.empty:
        return page(TITLE, f'<p class="missing">{escape(_nothing(wanted))}</p>', shown)
    return render(made, shown)


def _nothing(wanted: Settings) -> str:
    place = f" in the schema {wanted.schema}" if wanted.schema else ""
    return (
        f"Nothing was synced into connection {wanted.conn_id!r} yet: it has no tables {wanted.prefix}*{place}. "
        "Run the DAG calcom_to_warehouse first."
    )
