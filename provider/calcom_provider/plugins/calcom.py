"""Add *Cal.com* to Airflow's UI, with a tab for each page, and an address for webhooks."""

from __future__ import annotations

import importlib
from typing import Any

from airflow.providers.common.compat.sdk import AirflowPlugin

PREFIX = "/calcom"
EVENTS_PREFIX = "/calcom-events"


class LazyApplication:
    """Make an application at its first request.

    Plugins are loaded in every process of Airflow, tasks included; what the applications import is for the API
    server.

    :param module: module with the function ``application``.
    """

    def __init__(self, module: str) -> None:
        self._module = module
        self._application: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request (ASGI)."""
        if self._application is None:
            self._application = importlib.import_module(self._module).application()
        await self._application(scope, receive, send)


class CalComPlugin(AirflowPlugin):
    """Stand under Browse, with a tab for each page, for users who may see plugins."""

    name = "calcom"
    fastapi_apps = [
        {
            "app": LazyApplication("calcom_provider.plugins.application"),
            "url_prefix": PREFIX,
            "name": "Cal.com",
        },
        # Open to callers without a session: deliveries are signed.
        {
            "app": LazyApplication("calcom_provider.plugins.events"),
            "url_prefix": EVENTS_PREFIX,
            "name": "Cal.com webhooks",
        },
    ]
    external_views = [
        {
            "name": "Cal.com",
            # Relative, so that it works behind a path prefix too.
            "href": f"{PREFIX.lstrip('/')}/report",
            "destination": "nav",
            "category": "browse",
            "url_route": "calcom",
        }
    ]
