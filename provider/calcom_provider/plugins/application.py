"""Serve the plugin's pages to signed-in users."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import AccessView, ConnectionDetails
from airflow.api_fastapi.core_api.security import (
    GetUserDep,
    requires_access_connection,
    requires_access_view,
)
from airflow.models import Connection
from airflow.providers.common.compat.sdk import conf
from fastapi import Depends, FastAPI, Request
from fastapi.responses import HTMLResponse, Response

from calcom_provider.hr.review.render import content_policy as plan_policy
from calcom_provider.html_page import Tab
from calcom_provider.plugins.frame import sorry, tabs
from calcom_provider.plugins.plan import plan_page
from calcom_provider.plugins.report import KeptReport, settings
from calcom_provider.plugins.syncs import latest, syncs_page, tasks
from calcom_provider.plugins.write_backs import plans_page, quarantines_page
from calcom_provider.reporting.page.render import content_policy


def headers(policy: str) -> dict[str, str]:
    """Return what every answer carries: nothing foreign runs in it, nobody else frames or keeps it.

    :param policy: content security policy of the page.
    """
    return {
        # Airflow shows the pages in a frame of its own.
        "Content-Security-Policy": f"{policy}; frame-ancestors 'self'",
        "X-Frame-Options": "SAMEORIGIN",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        # No proxy or browser may keep it for somebody who has signed out since.
        "Cache-Control": "private, no-store",
    }


def application() -> FastAPI:
    """Return the application. Airflow does not authenticate plugins' applications, so it does so itself."""
    app = FastAPI(
        title="Cal.com",
        dependencies=[Depends(requires_access_view(AccessView.PLUGINS))],
        openapi_url=None,
    )
    kept = KeptReport()
    # The report's policy allows what the plain pages run, too.
    always, of_plans = headers(content_policy()), headers(plan_policy())

    @app.middleware("http")
    async def guarded(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await answer(request)
        shows_plan = "/plan/" in request.url.path and response.status_code == 200
        response.headers.update(of_plans if shows_plan else always)
        return response

    # To see plugins is not enough: a plan holds what HR says about people, so who opens it must be allowed to read
    # the connection of the ledger that it is in.
    @app.get(
        "/plan/{plan_id}/{connection_id:path}",
        response_class=HTMLResponse,
        dependencies=[Depends(requires_access_connection("GET"))],
    )
    def plan(plan_id: str, connection_id: str, request: Request, user: GetUserDep) -> HTMLResponse:
        def may_read(conn_id: str) -> bool:
            return _may_read(user, conn_id)

        answer = plan_page(connection_id, plan_id, may_read, tabs(_root(request), "plans"))
        return HTMLResponse(answer.html, answer.status)

    @app.get("/syncs", response_class=HTMLResponse)
    def syncs(request: Request, user: GetUserDep) -> str:
        dags = get_auth_manager().get_authorized_dag_ids(user=user)
        root = _root(request)
        return syncs_page(tasks(dags), latest(dags), root.rpartition("/")[0], tabs(root, "syncs"))

    @app.get("/plans", response_class=HTMLResponse)
    def plans(request: Request, user: GetUserDep) -> HTMLResponse:
        shown = tabs(_root(request), "plans")
        if not _may_read(user, settings().conn_id):
            return _refused("Write-back plans", shown)
        answer = plans_page(settings(), _root(request), shown)
        return HTMLResponse(answer.html, answer.status)

    @app.get("/quarantines", response_class=HTMLResponse)
    def quarantines(request: Request, user: GetUserDep) -> HTMLResponse:
        shown = tabs(_root(request), "quarantines")
        if not _may_read(user, settings().conn_id):
            return _refused("Quarantines", shown)
        answer = quarantines_page(settings(), _root(request), shown)
        return HTMLResponse(answer.html, answer.status)

    @app.get("/report", response_class=HTMLResponse)
    def report(request: Request) -> HTMLResponse:
        answer = kept.answer(settings(), tabs(_root(request), "report"))
        return HTMLResponse(answer.html, answer.status)

    return app


def _root(request: Request) -> str:
    """Return the path of the plugin, behind whatever prefix Airflow has."""
    return str(request.scope.get("root_path", "")).rstrip("/")


def _refused(title: str, shown: tuple[Tab, ...]) -> HTMLResponse:
    told = f"Your role may not read the connection {settings().conn_id!r}, in which the ledger is."
    answer = sorry(told, title, 403, shown)
    return HTMLResponse(answer.html, answer.status)


def _may_read(user: BaseUser, conn_id: str) -> bool:
    """Say whether a user may read a connection, whichever team it belongs to."""
    team = (
        Connection.get_team_name(conn_id) if conf.getboolean("core", "multi_team", fallback=False) else None
    )
    return get_auth_manager().is_authorized_connection(
        method="GET", details=ConnectionDetails(conn_id=conn_id, team_name=team), user=user
    )
