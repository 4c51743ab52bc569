"""Call the Cal.com API v2: any operation of the catalogue, with limits, retries and clear errors."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property
from typing import Any, TypeVar

from calcom_provider import __version__
from calcom_provider.api.bounds import Bounds
from calcom_provider.api.catalogue.operations import Operation, resolve
from calcom_provider.api.catalogue.parameters import Bound, bind, check_confirmed
from calcom_provider.api.errors import (
    AuthenticationError,
    CalComError,
    ConfigurationError,
    ParameterError,
    RateLimitError,
    TransportError,
)
from calcom_provider.api.http.auth import Auth, ManagedUser
from calcom_provider.api.http.base_url import CLOUD, exposed_host, normalize_base_url
from calcom_provider.api.http.error_mapping import bad_token, failure
from calcom_provider.api.http.responses import ApiResponse, read_response
from calcom_provider.api.http.retries import RetryPolicy, attempts_for, run
from calcom_provider.api.http.transport import Request, RequestsTransport, Response, Transport
from calcom_provider.api.paging.reader import EarlierRows, KnownPage, PageReader
from calcom_provider.api.rate_limit.governor import Cancel, Governor, fingerprint_at, governor_for
from calcom_provider.api.stats import ClientStats

__all__ = ["ApiResponse", "CalComClient", "ClientStats", "RetryPolicy"]

log = logging.getLogger(__name__)
T = TypeVar("T")
NOT_MODIFIED = 304
LEASE_MARGIN = 30.0


class CalComClient:
    """Call operations of one Cal.com API with one credential, from any number of threads.

    Use it as a context manager, or call :meth:`close`.

    :param auth: the credential.
    :param base_url: address of the API; default Cal.com's cloud. ``/v2`` is added when missing.
    :param organization_id: organisation that calls act on; default the credential's own, asked of ``me.get``.
    :param transport: what carries requests; default a ``requests`` session.
    :param governor: what holds requests back; default one that shares its count with this user's processes.
    :param timeout: seconds to connect, and seconds to wait for each part of an answer; default 10 and 60.
    :param retries: how hard a call is tried.
    :param user_agent_suffix: added to the ``User-Agent``.
    :param verify: check TLS certificates, or the path of a CA bundle; default True.
    :param proxies: proxy addresses by scheme; default the environment's.
    :param concurrency: requests at the same time when lists are read; default 8.
    :param bounds: how much an answer and a list may be; see :class:`~calcom_provider.api.bounds.Bounds`.
    :raises ConfigurationError: if the address cannot be one of an API v2.
    """

    def __init__(
        self,
        *,
        auth: Auth,
        base_url: str = CLOUD,
        organization_id: int | None = None,
        transport: Transport | None = None,
        governor: Governor | None = None,
        timeout: tuple[float, float] = (10.0, 60.0),
        retries: RetryPolicy = RetryPolicy(),
        user_agent_suffix: str | None = None,
        verify: bool | str = True,
        proxies: Mapping[str, str] | None = None,
        concurrency: int = 8,
        bounds: Bounds = Bounds(),
    ) -> None:
        self.auth = auth
        self.base_url = normalize_base_url(base_url)
        if host := exposed_host(self.base_url):
            log.warning(
                "The credential and people's data go to %s over http://, where others can read them: use https://.",
                host,
            )
        self.concurrency = max(1, concurrency)
        self.bounds = bounds
        self.governor = governor or governor_for(auth, self.base_url)
        if not self.governor.fingerprint:
            self.governor.fingerprint = fingerprint_at(auth.fingerprint, self.base_url)
        self._own_transport = transport is None
        # Callers on threads of their own come on top of the threads that read ahead.
        self._transport = transport or RequestsTransport(
            pool_size=2 * self.concurrency, verify=verify, proxies=proxies, bounds=bounds
        )
        self._timeout = timeout
        self._retries = retries
        self.organization_given = organization_id is not None
        """Whether the organisation was given, so that nobody has to ask the API for it."""
        self._organization_id = organization_id
        self._asked: Future[dict[str, Any]] | None = None
        self._stats = ClientStats()
        self.page_sizes: dict[str, int] = {}
        """By operationId: the page size that this API turned out to take, where it is less than usual."""
        self._cancel = threading.Event()
        self._lock = threading.Lock()
        agent = f"airflow-provider-calcom/{__version__}"
        self._headers = {
            "User-Agent": f"{agent} {user_agent_suffix}" if user_agent_suffix else agent,
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
        }

    def call(self, operation: str | Operation, /, *, confirm: object = None, **parameters: Any) -> Any:
        """Call an operation and return the ``data`` of its answer.

        :param operation: short name (``org_memberships.create``), operationId or a tool server's spelling of
            it.
        :param confirm: the operation's short name, or True, where something is destroyed.
        :param parameters: as the API names them. ``orgId`` is the client's organisation unless given.
        :raises ParameterError: before anything is sent, for what is unknown, missing, or of the wrong type or
            size.
        :raises ConfirmationRequiredError: if the operation destroys something and nobody confirmed it.
        :raises UnclearOutcomeError: if a write that must not be repeated may have landed.
        :raises CalComError: see :mod:`calcom_provider.api.errors`.
        """
        return self.send(operation, confirm=confirm, **parameters).data

    def send(
        self, operation: str | Operation, /, *, confirm: object = None, **parameters: Any
    ) -> ApiResponse:
        """Call an operation and return the whole answer.

        :param operation: as for :meth:`call`.
        :param confirm: as for :meth:`call`.
        :param parameters: as for :meth:`call`.
        """
        found = self.resolve(operation)
        given = self.with_organization(found, parameters)
        check_confirmed(found, given, confirm)
        return self.exchange(found, bind(found, given), lambda response: read_response(found, response))

    def pages(
        self,
        operation: str | Operation,
        /,
        *,
        known: Mapping[int, KnownPage] | None = None,
        expected: int | None = None,
        earlier: EarlierRows | None = None,
        page_size: int | None = None,
        concurrency: int | None = None,
        **parameters: Any,
    ) -> PageReader:
        """Read a list page by page.

        :param operation: a list operation, as for :meth:`call`.
        :param known: pages of an earlier read by number, so that unchanged ones are neither parsed nor sent
            again.
        :param expected: rows the list had at the last read, to plan requests ahead; default unknown.
        :param earlier: what is stored of the list; if it comes empty although rows are stored, it is asked
            again by other ways before it is believed. Default unknown.
        :param page_size: rows of a page; default the largest that is wise.
        :param concurrency: pages asked for at the same time, 1 for one after the other; default the client's.
        :param parameters: filters, as the API names them.
        :raises ParameterError: as for :meth:`call`, and for the parameters that the reader sets itself.
        """
        found = self.resolve(operation)
        given = self.with_organization(found, parameters)
        if found.paging is not None:
            own = {found.paging.size_name, found.paging.offset_name} & given.keys()
            if own:
                raise ParameterError(
                    f"{sorted(own)[0]} is set by the reader.",
                    operation=found.name,
                    advice="Use page_size for smaller pages.",
                )
        bind(found, given)
        return PageReader(
            self,
            found,
            given,
            known=known or {},
            expected=expected,
            earlier=earlier,
            page_size=page_size,
            max_rows=self.bounds.rows(earlier.count if earlier is not None else 0),
            concurrency=concurrency,
            cancel=self._cancel,
        )

    def rows(self, operation: str | Operation, /, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Read a list row by row, each row once.

        :param operation: a list operation, as for :meth:`call`.
        :param parameters: as for :meth:`pages`.
        :raises IncompleteReadError: at the end, if rows may be missing because the list kept changing.
        """
        reader = self.pages(operation, **parameters)
        return reader.distinct_rows()

    def me(self) -> dict[str, Any]:
        """Return who the credential is (``me.get``), asked once."""
        return self._me

    def ask_ahead(self) -> None:
        """Ask who the credential is in a thread of its own, while the caller prepares what comes next.

        Nothing is asked where the organisation was given. What goes wrong is raised where the answer is needed.
        """
        if self._organization_id is None and self._asked is None and "_me" not in vars(self):
            self._asked = self.pool.submit(self._ask_me)

    @property
    def organization_id(self) -> int | None:
        """Return the organisation that calls act on, None for an account without one."""
        if self._organization_id is None:
            self._organization_id = self._me.get("organizationId")
        return self._organization_id

    @property
    def stats(self) -> ClientStats:
        """Return what this client did so far."""
        self._stats.waited_seconds = self.governor.waited_seconds
        return self._stats

    def close(self) -> None:
        """Give up what is waiting and close connections."""
        self._cancel.set()
        if "pool" in self.__dict__:
            self.pool.shutdown(wait=True, cancel_futures=True)
        if self._own_transport:
            self._transport.close()

    def __enter__(self) -> CalComClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"CalComClient({self.auth!r}, {self.base_url!r}, organization_id={self._organization_id!r})"

    @cached_property
    def pool(self) -> ThreadPoolExecutor:
        """Return the threads that read pages ahead."""
        return ThreadPoolExecutor(self.concurrency, thread_name_prefix="calcom")

    def resolve(self, operation: str | Operation) -> Operation:
        """Find an operation.

        :param operation: as for :meth:`call`.
        :raises UnknownOperationError: naming the nearest.
        """
        return operation if isinstance(operation, Operation) else resolve(operation)

    def with_organization(self, operation: Operation, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return parameters with ``orgId`` filled in where the operation has one.

        :param operation: what is called.
        :param parameters: what was given.
        :raises ConfigurationError: if no organisation is given and the account has none.
        """
        given = dict(parameters)
        if given.get("orgId") is None and operation.organization_scoped:
            if self.organization_id is None:
                raise ConfigurationError(
                    "the account of this credential belongs to no organisation.",
                    operation=operation.name,
                    advice="Use the key of an organisation's admin, or operations without an organisation.",
                )
            given["orgId"] = self.organization_id
        return given

    def exchange(
        self,
        operation: Operation,
        bound: Bound,
        read: Callable[[Response], T],
        *,
        headers: Mapping[str, str] | None = None,
        cancel: Cancel | None = None,
        again_on_500: bool = True,
    ) -> T:
        """Send a laid-out call, repeating it as its retry class allows, and read the answer.

        :param operation: what is called.
        :param bound: the call laid out for the wire.
        :param read: reads a successful answer; a :class:`TransportError` from it counts as a failed attempt.
        :param headers: further headers.
        :param cancel: ends waiting when it is set; default the client's own.
        :param again_on_500: whether HTTP 500 is asked about again, as the retry policy has it; default True.
        """
        waited = 0.0
        by_platform = isinstance(self.auth, ManagedUser) and set(operation.auth) <= {"secret", "platform"}
        more = dict(self._headers) | dict(headers or {})
        if operation.version:
            # Sent only where the operation has one: a wrong version answers 404, none gets the oldest shape.
            more["cal-api-version"] = operation.version
        if bound.body is not None:
            more["Content-Type"] = "application/json"
        url = f"{self.base_url}{bound.path}{f'?{bound.query}' if bound.query else ''}"

        def once() -> T:
            nonlocal waited
            auth = self.auth.platform if by_platform and isinstance(self.auth, ManagedUser) else self.auth
            governor = self._platform_governor if by_platform else self.governor
            permit = governor.acquire(
                operation.throttle or "",
                start=(operation.throttle_limit, 60.0) if operation.throttle_limit else None,
                lease=sum(self._timeout) + LEASE_MARGIN,
                cancel=cancel or self._cancel,
            )
            waited += permit.waited
            try:
                self._stats.add(requests=1)
                response = self._transport.send(
                    Request(operation.method, url, more | dict(auth.headers()), bound.body), self._timeout
                )
            except BaseException as error:
                governor.release(permit)
                if isinstance(error, TransportError):
                    error.operation = error.operation or operation.name
                    self._stats.add(failed=1)
                raise
            wait = governor.report(
                permit,
                response.headers,
                refused=response.status == 429,
                uncounted=response.status in (401, 404),
            )
            self._stats.add(bytes=len(response.body))
            if 200 <= response.status < 300 or response.status in (operation.success, NOT_MODIFIED):
                return read(response)
            refusal = failure(
                operation, response.status, response.headers, response.body, secrets=self.auth.secrets
            )
            if isinstance(refusal, RateLimitError):
                refusal.retry_after = wait
            self._stats.add(**{"throttled" if isinstance(refusal, RateLimitError) else "failed": 1})
            raise refusal

        def attempt() -> T:
            if not isinstance(self.auth, ManagedUser) or by_platform:
                return once()
            token = self.auth.token or self._renew(self.auth, None)
            try:
                return once()
            except AuthenticationError as error:
                if not bad_token(error):
                    raise
                self._renew(self.auth, token)
                return once()

        def on_retry(error: CalComError, seconds: float, attempts: int) -> None:
            self._stats.add(retries=1)
            log.info(
                "%s: %s Trying again in %.0f s (%d of %d).",
                operation.name,
                error.message,
                seconds,
                attempts + 1,
                attempts_for(operation, error, self._retries),
            )

        policy = self._retries if again_on_500 else replace(self._retries, server_error_attempts=1)
        return run(operation, attempt, policy, waited=lambda: waited, on_retry=on_retry)

    @cached_property
    def _me(self) -> dict[str, Any]:
        return self._ask_me() if self._asked is None else self._asked.result()

    def _ask_me(self) -> dict[str, Any]:
        data = self.call("me.get")
        if not isinstance(data, dict) or "id" not in data:
            raise ConfigurationError("the answer names no user.", operation="me.get")
        return data

    @cached_property
    def _platform_governor(self) -> Governor:
        if not isinstance(self.auth, ManagedUser):
            return self.governor
        return self.governor.beside(fingerprint_at(self.auth.platform.fingerprint, self.base_url))

    def _renew(self, auth: ManagedUser, ended: str | None) -> str:
        """Renew the managed user's token unless another thread has done so already."""
        with auth.lock:
            if auth.token and auth.token != ended:
                return auth.token
            log.warning(
                "Renewing the access token of managed user %s, which ends the other tokens of that user.",
                auth.user_id,
            )
            data = self.call(
                "oauth_client_users.force_refresh", confirm=True, clientId=auth.client_id, userId=auth.user_id
            )
            auth.renew(str((data or {}).get("accessToken") or ""))
            return auth.token or ""
