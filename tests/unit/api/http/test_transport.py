"""A request is carried as it is, and what breaks on the way is told in one line without its path."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import urllib3
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from calcom_provider.api.client import CalComClient
from calcom_provider.api.errors import TransportError, UnclearOutcomeError
from calcom_provider.api.http.auth import ApiKey
from calcom_provider.api.http.transport import Request, RequestsTransport, Response
from calcom_provider.api.rate_limit.governor import Governor
from calcom_provider.api.rate_limit.state import MemoryStateStore
from tests.plugins.api import Reply, success

QUICK = (1.0, 0.5)


def send(url: str, **settings: Any) -> Response:
    transport = RequestsTransport(**settings)
    try:
        return transport.send(Request("GET", url, {"Authorization": "Bearer hush"}), QUICK)
    finally:
        transport.close()


def failing(url: str, **settings: Any) -> TransportError:
    with pytest.raises(TransportError) as caught:
        send(url, **settings)
    text = str(caught.value)
    assert "\n" not in text
    assert "hush" not in text
    assert "/v2" not in text
    assert "@" not in text
    return caught.value


def test_headers_come_in_lower_case(http_server: Any) -> None:
    http_server.replies = [Reply(200, {"a": 1}, {"X-Request-ID": "r"})]
    response = send(f"{http_server.url}/me")
    assert response.headers["x-request-id"] == "r"
    assert response.body == b'{"a": 1}'
    assert "hush" not in repr(Request("GET", "x", {"Authorization": "Bearer hush"}))
    assert "a" not in repr(Response(200, {}, b"a")).removeprefix("Response(status=200")


def test_connections_are_kept(http_server: Any) -> None:
    http_server.answer = lambda seen: success([])
    transport = RequestsTransport(pool_size=2)
    for _ in range(5):
        transport.send(Request("GET", f"{http_server.url}/me"), QUICK)
    assert len({seen.peer for seen in http_server.seen}) == 1
    transport.close()


def test_cookies_are_not_kept_and_redirects_not_followed(http_server: Any) -> None:
    http_server.replies = [Reply(302, b"", {"Location": "/v2/else", "Set-Cookie": "a=b"}), success([])]
    transport = RequestsTransport()
    assert transport.send(Request("GET", f"{http_server.url}/me"), QUICK).status == 302
    transport.send(Request("GET", f"{http_server.url}/me"), QUICK)
    assert "cookie" not in http_server.seen[1].headers
    transport.close()


def test_a_netrc_file_does_not_replace_the_credential(
    http_server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password other\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    http_server.replies = [success([])]
    send(f"{http_server.url}/me")
    assert http_server.seen[0].headers["authorization"] == "Bearer hush"


def test_proxies_are_used(http_server: Any) -> None:
    http_server.replies = [success([])]
    proxy = http_server.url.removesuffix("/v2")
    assert send("http://calcom.invalid/v2/me", proxies={"http": proxy}).status == 200
    assert http_server.seen[0].headers["host"] == "calcom.invalid"


def test_the_proxy_of_the_environment_is_used(http_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    http_server.replies = [success([])]
    monkeypatch.setenv("HTTP_PROXY", http_server.url.removesuffix("/v2"))
    monkeypatch.setenv("http_proxy", http_server.url.removesuffix("/v2"))
    assert send("http://calcom.invalid/v2/me").status == 200


def test_a_proxy_that_is_not_there() -> None:
    error = failing("http://calcom.invalid/v2/me", proxies={"http": "http://user:hush@127.0.0.1:9"})
    assert (error.kind, error.sent) == ("proxy", False)


def test_a_refused_connection() -> None:
    error = failing("http://127.0.0.1:9/v2/me?key=hush")
    assert (error.kind, error.sent) == ("refused", False)
    assert "127.0.0.1:9" in str(error)


def test_a_name_that_does_not_exist() -> None:
    error = failing("http://calcom.invalid/v2/me", proxies={})
    assert (error.kind, error.sent) == ("dns", False)


def test_silence_after_the_request() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        error = failing(f"http://127.0.0.1:{server.getsockname()[1]}/v2/me")
    assert (error.kind, error.sent) == ("read_timeout", True)


def test_a_reset_and_a_short_body(http_server: Any) -> None:
    http_server.replies = [Reply(reset=True), Reply(200, {"a": 1}, cut=3)]
    reset = failing(f"{http_server.url}/me")
    assert (reset.kind, reset.sent) == ("reset", True)
    cut = failing(f"{http_server.url}/me")
    assert (cut.kind, cut.sent) == ("truncated", True)


def test_a_body_that_cannot_be_unpacked(http_server: Any) -> None:
    http_server.replies = [Reply(200, b"no gzip", {"Content-Encoding": "gzip"})]
    error = failing(f"{http_server.url}/me")
    assert (error.kind, error.sent) == ("truncated", True)


def test_plain_http_where_tls_is_expected(http_server: Any) -> None:
    error = failing(http_server.url.replace("http:", "https:") + "/me")
    assert (error.kind, error.sent) == ("tls", False)
    assert "CA bundle" in str(error)


def test_a_handshake_that_is_broken_off() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def close_first() -> None:
            connection, _ = server.accept()
            connection.recv(100)
            connection.close()

        thread = threading.Thread(target=close_first, daemon=True)
        thread.start()
        error = failing(f"https://127.0.0.1:{server.getsockname()[1]}/v2/me")
        thread.join()
    assert error.kind in {"tls", "reset"}
    assert error.sent is False


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of our own for 127.0.0.1, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(made.public_bytes(Encoding.PEM) + plain)
    return path


@contextmanager
def tls_server(certificate: Path, then: Callable[[ssl.SSLSocket], None]) -> Iterator[str]:
    """Shake hands, read one request, and then do something else than answer."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with suppress(OSError), context.wrap_socket(connection, server_side=True) as secured:
                secured.recv(65536)
                then(secured)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"https://127.0.0.1:{server.getsockname()[1]}/v2"
        thread.join(5)


def garbage(secured: ssl.SSLSocket) -> None:
    """Send what is no TLS record, as a broken middlebox does."""
    with socket.socket(fileno=secured.detach()) as bare:
        bare.sendall(b"no record of this connection")


def test_a_tls_fault_after_the_request_says_that_it_may_have_arrived(certificate: Path) -> None:
    with tls_server(certificate, garbage) as url:
        error = failing(f"{url}/me", verify=str(certificate))
    assert (error.kind, error.sent) == ("reset", True)


def test_a_write_that_met_a_tls_fault_after_sending_is_unclear(certificate: Path) -> None:
    auth = ApiKey("cal_live_hush")
    with (
        tls_server(certificate, garbage) as url,
        CalComClient(
            auth=auth,
            base_url=url,
            organization_id=1,
            verify=str(certificate),
            governor=Governor(MemoryStateStore()),
        ) as client,
        pytest.raises(UnclearOutcomeError),
    ):
        client.call(
            "org_user_ooo.create",
            userId=1,
            start="2027-05-01T00:00:00.000Z",
            end="2027-05-02T23:59:59.999Z",
        )


def test_an_unknown_certificate_is_met_before_anything_is_sent(certificate: Path) -> None:
    with tls_server(certificate, garbage) as url:
        error = failing(f"{url}/me")
    assert (error.kind, error.sent) == ("tls", False)


def test_debug_logs_hold_no_addresses_of_people(
    http_server: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    http_server.answer = lambda seen: success([])
    caplog.set_level(logging.DEBUG)
    url = f"{http_server.url}/organizations/1/users?emails=anna@corp.example&take=2"
    send(url)
    send(f"{http_server.url}/calendars/anna%40corp.example")
    with pytest.raises(TransportError):
        send(url.replace(http_server.url, "http://127.0.0.1:1/v2"))
    shown = [record.getMessage() for record in caplog.records if record.name.startswith("urllib3")]
    assert any("GET /v2/organizations/1/users HTTP" in line for line in shown), (
        "urllib3 says what it asks for"
    )
    assert any("127.0.0.1:1" in line for line in shown)
    assert "corp.example" not in caplog.text
    assert "take=2" not in caplog.text


def test_others_who_use_the_library_keep_their_logs(
    http_server: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    http_server.answer = lambda seen: success([])
    send(f"{http_server.url}/me")
    caplog.set_level(logging.DEBUG)
    pool = urllib3.PoolManager()
    pool.request("GET", f"{http_server.url}/me?take=2")
    pool.clear()
    assert "take=2" in caplog.text
