"""Reach the Cal.com API v2 with the credential of an Airflow connection."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from airflow.providers.common.compat.sdk import BaseHook, mask_secret

from calcom_provider.api.client import CalComClient
from calcom_provider.api.errors import CalComError
from calcom_provider.api.http.retries import RetryPolicy
from calcom_provider.api.rate_limit.governor import governor_for
from calcom_provider.hooks.check import check
from calcom_provider.hooks.error_mapping import one_line
from calcom_provider.hooks.settings import Settings
from calcom_provider.hooks.typed import TypedMethods

if TYPE_CHECKING:
    import pandas as pd
    from airflow.providers.common.compat.sdk import Connection

    from calcom_provider.api.client import ApiResponse
    from calcom_provider.api.doctor import Diagnosis
    from calcom_provider.api.http.transport import Transport
    from calcom_provider.api.paging.reader import PageReader

QUICK = RetryPolicy(attempts=2, server_error_attempts=2, deadline=20.0, longest_wait=1.0)
"""How hard a connection test tries: somebody is waiting for it."""


class CalComHook(TypedMethods, BaseHook):
    """Call the Cal.com API v2.

    The connection is looked up at the first use, not when the hook is made. All requests of a credential
    share one request budget, with other hooks, tasks and processes too (see the connection's field
    *Rate-limit state*).

    .. seealso:: :ref:`howto/connection:calcom`

    :param calcom_conn_id: id of the Airflow connection.
    :param organization_id: organisation to act on, instead of the connection's; without both, the one that
        ``/me`` names.
    :param transport: what carries requests, for tests and special networks; default a ``requests`` session.
    """

    conn_name_attr = "calcom_conn_id"
    default_conn_name = "calcom_default"
    conn_type = "calcom"
    hook_name = "Cal.com"
    retries = RetryPolicy()

    def __init__(
        self,
        calcom_conn_id: str = default_conn_name,
        *,
        organization_id: int | None = None,
        transport: Transport | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.calcom_conn_id = calcom_conn_id
        self._organization_id = organization_id
        self._transport = transport

    @classmethod
    def of(cls, connection: Connection, *, organization_id: int | None = None) -> CalComHook:
        """Return a hook on a connection that has been looked up already, as triggers do it.

        :param connection: the connection.
        :param organization_id: as for the class.
        """
        hook = cls(connection.conn_id, organization_id=organization_id)
        hook.__dict__["connection"] = connection
        return hook

    @cached_property
    def connection(self) -> Connection:
        """Return the Airflow connection, looked up once."""
        return self.get_connection(self.calcom_conn_id)

    @cached_property
    def settings(self) -> Settings:
        """Return what the connection says.

        :raises ConfigurationError: naming the field that is missing or wrong.
        """
        settings = Settings.of(self.connection)
        for url in (settings.state_store, *(settings.proxies or {}).values()):
            _mask_password(url)
        return settings

    def get_conn(self) -> CalComClient:
        """Return the API client of this connection, the same one at each call."""
        return self.client

    @cached_property
    def client(self) -> CalComClient:
        """Return the API client of this connection."""
        return self._new_client()

    def _new_client(self, **overrides: Any) -> CalComClient:
        settings = self.settings
        arguments: dict[str, Any] = {
            "auth": settings.auth,
            "base_url": settings.base_url,
            "organization_id": self._organization_id or settings.organization_id,
            "transport": self._transport,
            "governor": governor_for(settings.auth, settings.base_url, settings.state_store),
            "timeout": settings.timeout,
            "bounds": settings.bounds,
            "retries": self.retries,
            "verify": settings.verify,
            "proxies": settings.proxies,
            "user_agent_suffix": "airflow",
        }
        return CalComClient(**(arguments | overrides))

    @property
    def organization_id(self) -> int | None:
        """Return the id of the organisation that calls act on, None for an account without one."""
        return self.client.organization_id

    @property
    def organization_url(self) -> str:
        """Return the address of the organisation's settings in Cal.com's web app."""
        return f"{self.settings.web_url}/settings/organizations/profile"

    def call(self, operation: str, /, *, confirm: object = None, **parameters: Any) -> Any:
        """Call one operation and return the ``data`` of its answer.

        :param operation: short name (``org_memberships.create``), operationId or a tool server's spelling
            of it.
        :param confirm: the operation's short name, or True, where something is destroyed.
        :param parameters: the operation's parameters under the names of the API. ``orgId`` is the
            connection's organisation unless given.
        :raises CalComError: see :mod:`calcom_provider.api.errors`. Unknown, missing and wrong parameters
            are refused before a request is sent, because the API ignores what it does not know.
        """
        return self.client.call(operation, confirm=confirm, **parameters)

    def send(self, operation: str, /, *, confirm: object = None, **parameters: Any) -> ApiResponse:
        """Call one operation and return the whole answer: status, headers, pagination, request id.

        :param operation: as for :meth:`call`.
        :param confirm: as for :meth:`call`.
        :param parameters: as for :meth:`call`.
        """
        return self.client.send(operation, confirm=confirm, **parameters)

    def pages(self, operation: str, /, **parameters: Any) -> PageReader:
        """Read a list page by page; the reader says at the end whether the list was read completely.

        :param operation: a list operation, as for :meth:`call`.
        :param parameters: filters, under the names of the API.
        """
        return self.client.pages(operation, **parameters)

    def rows(self, operation: str, /, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Read a list row by row, each row once.

        :param operation: a list operation, as for :meth:`call`.
        :param parameters: filters, under the names of the API.
        :raises IncompleteReadError: at the end, if the list changed so fast that rows may be missing.
        """
        return self.client.rows(operation, **parameters)

    def get_df(self, operation: str, /, **parameters: Any) -> pd.DataFrame:
        """Read a list into a pandas DataFrame, one row each, nested fields as dotted columns.

        :param operation: a list operation, as for :meth:`call`.
        :param parameters: filters, under the names of the API.
        """
        import pandas as pd

        return pd.json_normalize(list(self.rows(operation, **parameters)))

    def test_connection(self) -> tuple[bool, str]:
        """Try the connection and explain in one line what it can do, or what refused it and what helps.

        Asks ``me.get`` who the credential is; then, for an organisation, one row of ``org_memberships.list``,
        which passes every guard of the organisation routes.
        """
        try:
            with self._new_client(retries=QUICK) as client:
                return True, check(client, self._organization_id or self.settings.organization_id)
        except CalComError as error:
            return False, one_line(error)
        except Exception as error:
            # A test button shows what is returned; an exception here would show nothing of use, or too much.
            return False, f"The test failed unexpectedly ({type(error).__name__}); the log has the details."

    def diagnose(self) -> Diagnosis:
        """Look at the API as it answers now: rights, limits, page sizes, fields, routes; at most 15 requests.

        Its text form (:func:`calcom_provider.api.doctor.render`) holds nothing about people.
        """
        from calcom_provider.api.doctor import diagnose
        from calcom_provider.resources.declared import declared_fields

        with self._new_client(retries=QUICK) as client:
            return diagnose(client, declared_fields())

    def close(self) -> None:
        """Close the client's connections, if it was used."""
        if "client" in self.__dict__:
            self.client.close()


def _mask_password(url: str | None) -> None:
    try:
        password = urlsplit(url or "").password
    except ValueError:
        password = None
    if password:
        mask_secret(password)
        mask_secret(unquote(password))
