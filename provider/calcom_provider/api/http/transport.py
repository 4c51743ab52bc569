"""Carry one request over the network and bring back one whole answer."""

from __future__ import annotations

import http.client
import os
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies, select_proxy
from urllib3.util.ssl_match_hostname import CertificateError

from calcom_provider.api.bounds import Bounds
from calcom_provider.api.errors import TransportError
from calcom_provider.api.http.body import BodyReader
from calcom_provider.api.http.quiet_logs import scrubbed_logs

Timeout = tuple[float, float]
_CHECK_URL = "Check the base URL and the network."


@dataclass(frozen=True, slots=True)
class Request:
    """Hold what goes onto the wire."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Response:
    """Hold what came back: the status, the headers under lower-case names, the whole body decompressed."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Transport(Protocol):
    """Describe what carries requests; swap it to test without a network or to add one of your own."""

    def send(self, request: Request, timeout: Timeout) -> Response:
        """Send a request and return its answer, whatever the status.

        :param request: what to send.
        :param timeout: seconds to connect, and seconds to wait for each part of the answer.
        :raises TransportError: if no whole answer came.
        """

    def close(self) -> None:
        """Let go of open connections."""


class RequestsTransport:
    """Carry requests over a ``requests`` session: kept-alive connections, usable from several threads.

    Environment proxies and CA bundles are honoured; a ``.netrc`` is not, since it would replace the
    credential. Cookies are neither kept nor sent and redirects not followed: both would change who asks whom.

    :param pool_size: connections kept open, as many as there are threads; default 8.
    :param verify: check TLS certificates, or the path of a CA bundle to check against; default True.
    :param proxies: proxy addresses by scheme (``{"https": "http://proxy:3128"}``); default the environment's.
    :param bounds: how large and how slow an answer may be.
    """

    def __init__(
        self,
        *,
        pool_size: int = 8,
        verify: bool | str = True,
        proxies: Mapping[str, str] | None = None,
        bounds: Bounds = Bounds(),
    ) -> None:
        self._bodies = BodyReader(bounds)
        session = requests.Session()
        session.trust_env = False
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        adapter = _Adapter(pool_connections=4, pool_maxsize=max(1, pool_size), pool_block=False)
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        session.headers.clear()
        self._session = session
        self._verify = verify
        self._proxies = dict(proxies) if proxies is not None else None
        self._settings: dict[str, tuple[dict[str, str], bool | str]] = {}
        self._lock = threading.Lock()

    def send(self, request: Request, timeout: Timeout) -> Response:
        """Send a request and return its answer; see :meth:`Transport.send`."""
        proxies, verify = self._settings_for(request.url)
        prepared = self._session.prepare_request(
            requests.Request(request.method, request.url, headers=dict(request.headers), data=request.body)
        )
        began = time.monotonic()
        try:
            with scrubbed_logs():
                answer = self._session.send(
                    prepared,
                    stream=True,
                    timeout=timeout,
                    allow_redirects=False,
                    proxies=proxies,
                    verify=verify,
                )
            try:
                body = self._bodies.read(answer.raw, began)
            except BaseException:
                answer.close()
                raise
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise describe(error, request.url) from None
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Response(answer.status_code, headers, body)

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    def _settings_for(self, url: str) -> tuple[dict[str, str], bool | str]:
        """Look the environment up once a host: requests does it at each call, which is slow."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        found = self._settings.get(origin)
        if found is None:
            with self._lock:
                proxies = self._proxies if self._proxies is not None else get_environ_proxies(origin)
                verify: Any = self._verify
                if verify is True:
                    verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
                proxy = select_proxy(origin, proxies)
                found = ({parts.scheme: proxy} if proxy else {}, verify)
                self._settings[origin] = found
        return found


class _TlsConnection(urllib3.connection.HTTPSConnection):
    """Tell faults of the handshake, before which nothing is sent, from TLS faults of an open connection."""

    def connect(self) -> None:
        try:
            super().connect()
        except (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
            raise TransportError(
                f"The connection to {self._asked} broke before the request was sent.",
                kind="reset",
                sent=False,
                advice=_CHECK_URL,
            ) from None
        except (ssl.SSLError, urllib3.exceptions.SSLError, CertificateError):
            raise TransportError(
                f"No trusted TLS connection to {self._asked}: its certificate could not be verified or the "
                "handshake failed.",
                kind="tls",
                sent=False,
                advice="Name the CA bundle of your own certificate authority (ca_bundle of the connection, "
                "--ca-file in a shell), or check the base URL.",
            ) from None

    @property
    def _asked(self) -> str:
        return f"{self._tunnel_host or self.host}:{self._tunnel_port or self.port}"


class _TlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager


_POOLS = {"http": urllib3.HTTPConnectionPool, "https": _TlsPool}


def describe(error: BaseException, url: str) -> TransportError:
    """Turn a library's exception into ours: one line, the host, and whether the request may have arrived.

    :param error: what requests, urllib3 or the socket raised.
    :param url: where the request went; only its host is shown.
    """
    host = urlsplit(url).netloc.rpartition("@")[2]
    causes = _causes(error)
    for kinds, kind, sent, message, advice in _KINDS:
        if any(isinstance(cause, kinds) for cause in causes):
            return TransportError(message.format(host=host), kind=kind, sent=sent, advice=advice)
    return TransportError(f"The connection to {host} broke before the answer was complete.", kind="reset")


def _causes(error: BaseException) -> list[BaseException]:
    """List an exception with everything it wraps; the libraries nest in several ways."""
    found: list[BaseException] = []
    todo: list[Any] = [error]
    while todo:
        one = todo.pop(0)
        if not isinstance(one, BaseException) or one in found:
            continue
        found.append(one)
        todo += [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]
    return found


_u = urllib3.exceptions
_KINDS: tuple[tuple[tuple[type[BaseException], ...], str, bool, str, str | None], ...] = (
    (
        (requests.exceptions.ProxyError, _u.ProxyError),
        "proxy",
        False,
        "The proxy on the way to {host} refused or cannot be reached.",
        "Check the proxy setting.",
    ),
    ((_u.NameResolutionError,), "dns", False, "The host {host} cannot be found (no such name).", _CHECK_URL),
    # A NewConnectionError is a ConnectTimeoutError too, so it is asked for first.
    (
        (_u.NewConnectionError, ConnectionRefusedError),
        "refused",
        False,
        "No connection to {host}: it is refused or there is no route.",
        _CHECK_URL,
    ),
    (
        (requests.exceptions.ConnectTimeout, _u.ConnectTimeoutError),
        "connect_timeout",
        False,
        "No connection to {host} within the connect timeout.",
        _CHECK_URL,
    ),
    (
        (requests.exceptions.ReadTimeout, _u.ReadTimeoutError, TimeoutError),
        "read_timeout",
        True,
        "{host} did not answer within the read timeout.",
        None,
    ),
    (
        (
            _u.IncompleteRead,
            http.client.IncompleteRead,
            _u.DecodeError,
            requests.exceptions.ContentDecodingError,
        ),
        "truncated",
        True,
        "The answer of {host} was cut short.",
        None,
    ),
)
