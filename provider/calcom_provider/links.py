"""Buttons on a task in Airflow's UI that lead to what the task worked on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from airflow.providers.common.compat.sdk import BaseOperatorLink, XCom

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
    """Lead to the plan of a write-back: the task's XCom page, where its Markdown is."""

    name = "Write-back plan"
    key = "calcom_plan_link"

    def store_page(self, context: Context) -> None:
        """Store the address of the task's XCom page, below whatever address Airflow's UI has.

        :param context: the task's context.
        """
        instance: Any = context["ti"]
        mapped = (
            f"/mapped/{instance.map_index}"
            if instance.map_index is not None and instance.map_index >= 0
            else ""
        )
        run = quote(str(instance.run_id), safe="")
        self.store(context, f"/dags/{instance.dag_id}/runs/{run}/tasks/{instance.task_id}{mapped}/xcom")
