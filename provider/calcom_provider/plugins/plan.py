"""Show a plan of a write-back person by person, read from the ledger when somebody opens it.

Names and departments come from the synced tables that the report uses (``report_conn_id``, ``report_schema`` and
``report_prefix`` in the section ``calcom`` of Airflow's configuration), for readers who may read that connection too;
others see ids. ``plan_department`` names the attribute by which people are grouped (``department``).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from airflow.providers.common.compat.sdk import AirflowNotFoundException, conf, redact

from calcom_provider.api.errors import CalComError
from calcom_provider.hooks.error_mapping import one_line
from calcom_provider.hooks.sql import warehouse_target
from calcom_provider.hr.review.names import DEPARTMENT, Tables
from calcom_provider.hr.review.reading import read_review
from calcom_provider.hr.review.render import render
from calcom_provider.html_page import Tab
from calcom_provider.plugins.frame import Answer, sorry
from calcom_provider.plugins.report import SECTION, UnreadableError, settings
from calcom_provider.warehouse.engine import Warehouse

TITLE = "Write-back plan"

log = logging.getLogger(__name__)


def plan_page(
    conn_id: str, plan_id: str, may_read: Callable[[str], bool], shown: tuple[Tab, ...] = ()
) -> Answer:
    """Return the page of a plan, or one that says why there is none. Nothing secret gets into either.

    :param conn_id: connection of the ledger, which the reader may read.
    :param plan_id: the plan.
    :param may_read: says whether the reader may read a connection.
    :param shown: the tabs above it.
    """
    with ExitStack() as stack:
        try:
            ledger = _open(stack, conn_id, "the first write-back makes it")
            review = read_review(ledger, plan_id, _tables(stack, conn_id, ledger, may_read))
            return Answer(render(review, shown))
        except AirflowNotFoundException:
            return sorry(f"There is no connection {conn_id!r}.", TITLE, 404, shown)
        except (UnreadableError, CalComError) as error:
            return sorry(one_line(error), TITLE, shown=shown)
        except Exception as error:
            # What a driver says may hold a password, so the reader gets the kind of error alone.
            log.error("No plan from connection %s: %s", conn_id, redact(one_line(error)))
            return sorry(
                f"The ledger of connection {conn_id!r} could not be read ({type(error).__name__}). The log of the "
                "API server says why.",
                TITLE,
                shown=shown,
            )


def _tables(stack: ExitStack, conn_id: str, ledger: Any, may_read: Callable[[str], bool]) -> Tables | None:
    """Return where names are, if the reader may see them and they can be reached."""
    wanted = settings()
    department = conf.get(SECTION, "plan_department", fallback=None) or DEPARTMENT
    if wanted.conn_id == conn_id:
        return Tables(ledger, wanted.schema, wanted.prefix, department)
    try:
        if not may_read(wanted.conn_id):
            return None
        target = _open(stack, wanted.conn_id, "the first sync makes it")
    except (AirflowNotFoundException, UnreadableError, CalComError) as error:
        log.warning("The plan shows ids: %s", one_line(error))
        return None
    return Tables(target, wanted.schema, wanted.prefix, department)


def _open(stack: ExitStack, conn_id: str, maker: str) -> Any:
    target = warehouse_target(conn_id)
    if not isinstance(target, str):
        stack.callback(target.dispose)
    if not Warehouse(target).exists:
        raise UnreadableError(
            f"The database file of connection {conn_id!r} is not there. It has to be on the machine of the API "
            f"server; {maker}."
        )
    return target
