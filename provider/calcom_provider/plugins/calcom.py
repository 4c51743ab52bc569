"""Add two pages to Airflow's UI: which tables were synced when, and the report that the warehouse gives."""

from __future__ import annotations

from typing import Any

from airflow.providers.common.compat.sdk import AirflowPlugin

PREFIX = "/calcom"


class LazyPages:
    """Make the pages' application at its first request.

    Plugins are loaded in every process of Airflow, tasks included; what the pages import is for the API
    server.
    """

    def __init__(self) -> None:
        self._application: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request (ASGI)."""
        if self._application is None:
            from calcom_provider.plugins.application import application

            self._application = application()
        await self._application(scope, receive, send)


def _view(name: str, page: str) -> dict[str, str]:
    return {
        "name": name,
        # Relative, so that it works behind a path prefix too.
        "href": f"{PREFIX.lstrip('/')}/{page}",
        "destination": "nav",
        "category": "browse",
        "url_route": f"calcom-{page}",
    }


class CalComPlugin(AirflowPlugin):
    """List the latest syncs and the report under Browse, for users who may see plugins."""

    name = "calcom"
    fastapi_apps = [{"app": LazyPages(), "url_prefix": PREFIX, "name": "Cal.com"}]
    external_views = [_view("Cal.com syncs", "syncs"), _view("Cal.com report", "report")]
