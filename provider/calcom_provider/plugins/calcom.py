"""Add a page to Airflow's UI: which tables were synced when, for which organisation, and what changed."""

from __future__ import annotations

from typing import Any

from airflow.providers.common.compat.sdk import AirflowPlugin

PREFIX = "/calcom"


class LazyPage:
    """Make the page's application at its first request.

    Plugins are loaded in every process of Airflow, tasks included; what the page imports is for the API
    server.
    """

    def __init__(self) -> None:
        self._application: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request (ASGI)."""
        if self._application is None:
            from calcom_provider.plugins.page import application

            self._application = application()
        await self._application(scope, receive, send)


class CalComPlugin(AirflowPlugin):
    """List the latest syncs under Browse, for users who may see plugins."""

    name = "calcom"
    fastapi_apps = [{"app": LazyPage(), "url_prefix": PREFIX, "name": "Cal.com syncs"}]
    external_views = [
        {
            "name": "Cal.com syncs",
            # Relative, so that it works behind a path prefix too.
            "href": f"{PREFIX.lstrip('/')}/syncs",
            "destination": "nav",
            "category": "browse",
            "url_route": "calcom-syncs",
        }
    ]
