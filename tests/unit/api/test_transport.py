"""A request is carried as it is, and what breaks on the way is told in one line without its path."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.api.errors import TransportError
from calcom_provider.api.transport import Request, RequestsTransport, Response
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
