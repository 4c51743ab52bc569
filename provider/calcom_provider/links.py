"""Buttons on a task in Airflow's UI that lead to what the task worked on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from airflow.providers.common.compat.sdk import BaseOperatorLink, XCom, conf

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import BaseOperator, Context, TaskInstanceKey


class _StoredLink(BaseOperatorLink):
    """A link whose address the task stores at run time, because only the task knows its connection."""

    key: str

    @property
    def xcom_key(self) -> str:
        """Return the name under which the task stores the address."""
        return self.key

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """Return the stored address, empty when the task has not stored one.

        :param operator: the operator that carries the link.
        :param ti_key: the task instance.
        """
        return XCom.get_value(key=self.key, ti_key=ti_key) or ""

    def store(self, context: Context, url: str) -> None:
        """Store the address; done early in a task, so that the button works while it runs.

        :param context: the task's context.
        :param url: the address.
        """
        instance: Any = context["ti"]
        instance.xcom_push(key=self.key, value=url)


class CalComOrganizationLink(_StoredLink):
    """Lead to the organisation in Cal.com."""

    name = "Cal.com organization"
    key = "calcom_organization_link"


class CalComPlanLink(_StoredLink):
    """Lead to the plan of a write-back: its page, or the task's XCom page with its Markdown when no ledger has it."""

    name = "Write-back plan"
    key = "calcom_plan_link"

    def store_page(self, context: Context, page: str | None) -> None:
        """Store the address of a plan's page, else of the task's XCom page.

        :param context: the task's context.
        :param page: address of the page, None when the plan is in no ledger.
        """
        if page is not None:
            self.store(context, page)
            return
        instance: Any = context["ti"]
        mapped = (
            f"/mapped/{instance.map_index}"
            if instance.map_index is not None and instance.map_index >= 0
            else ""
        )
        run = quote(str(instance.run_id), safe="")
        self.store(context, f"/dags/{instance.dag_id}/runs/{run}/tasks/{instance.task_id}{mapped}/xcom")


def plan_address(ledger_conn_id: str, plan_id: str) -> str:
    """Return the address of a plan's page in Airflow.

    It begins with ``[api] base_url`` of Airflow's configuration where that is set, so that it works in an approval,
    in an e-mail and behind a path prefix.

    :param ledger_conn_id: connection of the ledger; who may read it may open the page.
    :param plan_id: the plan.
    """
    base = (conf.get("api", "base_url", fallback=None) or "").rstrip("/")
    return f"{base}/calcom/plan/{quote(plan_id, safe='')}/{quote(ledger_conn_id, safe='')}"
