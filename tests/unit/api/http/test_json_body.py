"""A body that is no JSON is told in its own words, and a lone surrogate is no reason to lose a list."""

from __future__ import annotations

from typing import Any

import pytest

from calcom_provider.api.errors import NotCalComError, TransportError
from tests.plugins.api import Reply

BODIES = {
    "has no body": b"",
    "begins with a byte order mark": b'\xef\xbb\xbf{"status":"success","data":[]}',
    "is encoded in UTF-16": '{"status":"success","data":[]}'.encode("utf-16"),
    "holds NaN": b'{"status":"success","data":[{"id":NaN}]}',
    "holds -Infinity": b'{"status":"success","data":[{"id":-Infinity}]}',
    "is a web page": b"\n<!DOCTYPE html><html><body>Sign in</body></html>",
    "is plain text": b"OK",
    "holds bytes that are no UTF-8": b'{"status":"success","data":[{"id":1,"name":"\xe9t\xe9"}]}',
    "holds a control character": b'{"status":"success","data":[{"id":1,"name":"a\nb"}]}',
    "goes on after the end": b'{"status":"success","data":[]}{"status":"success","data":[]}',
    "is nested too deeply": b'{"status":"success","data":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    "is no JSON at character": b"{'status':'success','data':[]}",
    "was cut short: its JSON": b'{"status":"success","data":[{"id":1},{"id":',
    "was cut short in the midst": '{"status":"success","data":[{"name":"é'.encode()[:-1],
    "is a success without a list": b'{"status":"success"}',
    "is a list with something in it that is no object": b'{"status":"success","data":[{"id":1},null]}',
}


@pytest.mark.parametrize("words", BODIES)
@pytest.mark.parametrize("how", ["call", "rows"])
def test_each_bad_body_has_its_own_words(http_server: Any, make_client: Any, words: str, how: str) -> None:
    http_server.answer = lambda seen: Reply(200, BODIES[words])
    client = make_client()
    with pytest.raises(TransportError, match=f"HTTP 200, but the answer {words}") as caught:
        client.call("org_teams.list") if how == "call" else list(client.rows("org_teams.list"))
    assert caught.value.kind == ("truncated" if "cut short" in words else "malformed")
    others = [other for other in BODIES if other != words and other in str(caught.value)]
    assert others == []
    # What was cut is likely to come whole; what is whole and wrong is asked for three times in all.
    assert len(http_server.seen) == (8 if "cut short" in words else 3)


def test_a_list_answered_with_204_is_no_empty_list(http_server: Any, make_client: Any) -> None:
    http_server.answer = lambda seen: Reply(204)
    with pytest.raises(TransportError, match="HTTP 204, but the answer has no body"):
        make_client().call("org_teams.list")


def test_a_page_that_says_what_it_is_is_another_server(http_server: Any, make_client: Any) -> None:
    http_server.answer = lambda seen: Reply(200, b"<html></html>", {"Content-Type": "text/html"})
    with pytest.raises(NotCalComError, match="the answer is not JSON"):
        make_client().call("org_teams.list")


@pytest.mark.parametrize("raw", [b"half \\ud83d of it", b"half \xed\xa0\xbd of it", b"\\udc00\\ud83d\\ude00"])
def test_a_lone_surrogate_makes_no_list_unreadable(http_server: Any, make_client: Any, raw: bytes) -> None:
    body = b'{"status":"success","data":[{"id":1,"name":"' + raw + b'"},{"id":2,"name":"\\ud83d\\ude00"}]}'
    http_server.answer = lambda seen: Reply(200, body)
    rows = list(make_client().rows("org_teams.list"))
    assert [row["id"] for row in rows] == [1, 2]
    assert rows[1]["name"] == "\N{GRINNING FACE}"
    # It comes as it was sent; databases get U+FFFD in its place.
    with pytest.raises(UnicodeEncodeError):
        rows[0]["name"].encode()
