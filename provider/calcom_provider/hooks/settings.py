"""Read an Airflow connection of type ``calcom`` into the settings of an API client."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow.providers.common.compat.sdk import mask_secret

from calcom_provider.api.bounds import MIB, Bounds
from calcom_provider.api.errors import ConfigurationError
from calcom_provider.api.http.auth import AccessToken, ApiKey, Auth, ManagedUser, PlatformClient
from calcom_provider.api.http.base_url import normalize_base_url, web_app

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Connection

DEFAULT_PORTS = {("https", 443), ("http", 80)}
TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off"}


@dataclass(frozen=True, slots=True)
class Settings:
    """What a connection says, checked and with its defaults filled in."""

    auth: Auth
    base_url: str
    organization_id: int | None
    timeout: tuple[float, float]
    bounds: Bounds
    verify: bool | str
    proxies: dict[str, str] | None = field(repr=False)
    state_store: str | None = field(repr=False)
    web_url: str
    webhook_secret: str = field(repr=False)

    @classmethod
    def of(cls, connection: Connection) -> Settings:
        """Read a connection.

        :param connection: an Airflow connection, as stored.
        :raises ConfigurationError: naming the field of the connection form that is missing or wrong.
        """
        extra = _Extra(connection)
        proxy = extra.text("proxy")
        address = base_url(connection)
        return cls(
            auth=_auth(connection, extra),
            base_url=address,
            organization_id=extra.integer("organization_id"),
            timeout=(extra.seconds("connect_timeout", 10.0), extra.seconds("read_timeout", 60.0)),
            bounds=_bounds(extra),
            verify=_verify(extra),
            proxies={"http": proxy, "https": proxy} if proxy else None,
            state_store=extra.text("state_store"),
            web_url=(extra.text("web_url") or web_app(address)).rstrip("/"),
            webhook_secret=extra.text("webhook_secret") or "",
        )


class MaskedManagedUser(ManagedUser):
    """A managed user whose renewed tokens are masked in logs, as Airflow masks what connections hold."""

    def renew(self, token: str) -> None:
        """Take a new access token into use.

        :param token: the token that a force-refresh returned.
        """
        mask_secret(token)
        super().renew(token)


class _Extra:
    """The connection's extra fields; the form stores an empty field as null or as an empty text."""

    def __init__(self, connection: Connection) -> None:
        self.conn_id = connection.conn_id
        try:
            self.fields: dict[str, Any] = connection.extra_dejson
        except ValueError:
            raise ConfigurationError(
                f"Connection {self.conn_id!r}: the field Extra is no JSON object.",
                advice="Write it as JSON, for example {}.",
            ) from None

    def wrong(self, name: str, must: str) -> ConfigurationError:
        # The value stays out of the message: somebody may have put the key into the wrong field.
        return ConfigurationError(
            f"Connection {self.conn_id!r}: the field {name} {must}.", advice="Correct the connection."
        )

    def text(self, name: str) -> str | None:
        value = self.fields.get(name)
        return str(value).strip() or None if value is not None else None

    def integer(self, name: str) -> int | None:
        text = self.text(name)
        if text is None:
            return None
        if not text.isdecimal() or int(text) < 1:
            raise self.wrong(name, "must be a whole number above 0")
        return int(text)

    def seconds(self, name: str, default: float) -> float:
        text = self.text(name)
        if text is None:
            return default
        try:
            value = float(text)
        except ValueError:
            value = 0.0
        if not 0 < value < 86_400:
            raise self.wrong(name, "must be a number of seconds above 0")
        return value

    def flag(self, name: str, default: bool) -> bool:
        text = (self.text(name) or str(default)).lower()
        if text not in TRUE | FALSE:
            raise self.wrong(name, "must be true or false")
        return text in TRUE

    def required(self, name: str, mode: str) -> str:
        text = self.text(name)
        if text is None:
            raise self.wrong(name, f"is needed by auth mode {mode}")
        return text


def _auth(connection: Connection, extra: _Extra) -> Auth:
    mode = extra.text("auth_mode") or "api_key"
    if mode == "api_key":
        key = (connection.password or "").strip()
        if not key:
            raise extra.wrong("API key (password)", "is empty")
        return ApiKey(key)
    if mode == "platform":
        return PlatformClient(extra.required("client_id", mode), extra.required("client_secret", mode))
    if mode == "managed_user":
        extra.required("managed_user_id", mode)
        return MaskedManagedUser(
            extra.required("client_id", mode),
            extra.required("client_secret", mode),
            extra.integer("managed_user_id") or 0,
            access_token=extra.text("access_token"),
        )
    if mode == "access_token":
        # The field of the form that holds the key takes the token too: there it is encrypted and masked.
        return AccessToken((connection.password or "").strip() or extra.required("access_token", mode))
    raise extra.wrong("auth_mode", "must be api_key, platform, managed_user or access_token")


def _bounds(extra: _Extra) -> Bounds:
    usual = Bounds()
    return Bounds(
        answer_bytes=(extra.integer("answer_mib") or usual.answer_bytes // MIB) * MIB,
        answer_seconds=extra.seconds("answer_seconds", usual.answer_seconds),
        row_growth=extra.integer("row_growth") or usual.row_growth,
        row_margin=extra.integer("row_margin") or usual.row_margin,
        first_rows=extra.integer("first_rows") or usual.first_rows,
    )


def _verify(extra: _Extra) -> bool | str:
    if not extra.flag("verify_tls", True):
        return False
    return extra.text("ca_bundle") or True


def base_url(connection: Connection) -> str:
    """Return the API's base URL: the field Host, completed.

    :param connection: the connection. An address without a port takes the field Port, and a bare host name
        the field Schema as its path, which is what the URI form of a connection fills. Empty is Cal.com's
        cloud.
    :raises ConfigurationError: if the field is no address.
    """
    host = (connection.host or "").strip()
    bare = "://" not in host
    if host and bare and connection.schema and "/" not in host:
        host += f"/{connection.schema.strip('/')}"
    url = normalize_base_url(host)
    parts = urlsplit(url)
    if not connection.port or parts.port or (parts.scheme, connection.port) in DEFAULT_PORTS:
        return url
    return url.replace(parts.netloc, f"{parts.netloc}:{connection.port}", 1)
