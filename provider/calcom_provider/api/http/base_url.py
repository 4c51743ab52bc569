"""Bring the address of a Cal.com API v2 into one form."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from calcom_provider.api.errors import ConfigurationError

CLOUD = "https://api.cal.com/v2"
WEB_APP = "https://app.cal.com"
WEB_APP_HOSTS = {"cal.com", "www.cal.com", "app.cal.com"}
LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1"}


def normalize_base_url(url: str | None) -> str:
    """Return the address that operation paths are appended to: scheme, host and path up to ``/v2``.

    A missing scheme is https (http on this machine), a missing ``/v2`` is added, ``/api`` and ``/api/v2`` are
    kept, since a self-hosted Cal.com serves the API under either.

    :param url: what the user wrote; empty is Cal.com's cloud.
    :raises ConfigurationError: if it cannot be the address of an API v2.
    """
    text = (url or "").strip()
    if not text:
        return CLOUD
    if "://" not in text:
        host = text.split("/")[0].rsplit(":", 1)[0] if not text.startswith("[") else "::1"
        text = f"{'http' if host in LOCAL_HOSTS else 'https'}://{text}"
    try:
        parts = urlsplit(text)
        name, port = parts.hostname, parts.port
    except ValueError:
        raise _refused("is no valid address") from None
    if parts.scheme.lower() not in ("http", "https"):
        raise _refused("must start with https:// or http://")
    if not name or port == 0 or any(c.isspace() for c in text):
        raise _refused("names no host")
    if parts.username or parts.password:
        raise _refused("contains a user name or password; credentials have their own fields")
    if parts.query or parts.fragment:
        raise _refused("contains a query or fragment")
    segments = [segment for segment in parts.path.split("/") if segment]
    if "v1" in segments:
        raise _refused("points to the API v1, which is another API")
    if "v2" in segments[:-1]:
        raise _refused("goes on after /v2; the path of an operation is no part of it")
    if name in WEB_APP_HOSTS and not segments:
        raise _refused("is Cal.com's web site, not its API")
    if not segments or segments[-1] != "v2":
        segments.append("v2")
    return f"{parts.scheme.lower()}://{parts.netloc.lower()}/{'/'.join(segments)}"


def web_app(base_url: str) -> str:
    """Return the address of the web app that belongs to an API: for links, so a guess is enough.

    A Cal.com of one's own serves its API below ``/api`` of the web app, or on a host ``api.`` beside ``app.``.

    :param base_url: address of the API, normalised.
    """
    if base_url == CLOUD:
        return WEB_APP
    parts = urlsplit(base_url)
    host = parts.netloc
    if host.startswith("api.") and not parts.path.startswith("/api/"):
        host = f"app.{host.removeprefix('api.')}"
    return f"{parts.scheme}://{host}"


def exposed_host(base_url: str) -> str | None:
    """Return the host that a credential is sent to unencrypted, None for https and for this machine.

    :param base_url: address of the API.
    """
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    if parts.scheme != "http" or host in LOCAL_HOSTS or host.endswith(".localhost"):
        return None
    try:
        return None if ip_address(host).is_loopback else host
    except ValueError:
        return host


def _refused(why: str) -> ConfigurationError:
    return ConfigurationError(
        f"The base URL {why}.",
        advice=f"Use {CLOUD}, or the address of your own Cal.com that ends in /v2 or /api/v2.",
    )
