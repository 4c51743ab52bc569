"""Serve the plugin's pages to signed-in users."""

from __future__ import annotations

from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
from airflow.api_fastapi.core_api.security import requires_access_view
from fastapi import Depends, FastAPI
from fastapi.responses import HTMLResponse

from calcom_provider.plugins.page import latest, page
from calcom_provider.plugins.report import KeptReport, settings


def application() -> FastAPI:
    """Return the application. Airflow does not authenticate plugins' applications, so it does so itself."""
    app = FastAPI(
        title="Cal.com",
        dependencies=[Depends(requires_access_view(AccessView.PLUGINS))],
        openapi_url=None,
    )
    kept = KeptReport()

    @app.get("/syncs", response_class=HTMLResponse)
    def syncs() -> str:
        return page(latest())

    @app.get("/report", response_class=HTMLResponse)
    def report() -> HTMLResponse:
        answer = kept.answer(settings())
        # No proxy or browser may keep it for somebody who has signed out since.
        return HTMLResponse(answer.html, answer.status, {"Cache-Control": "private, no-store"})

    return app
