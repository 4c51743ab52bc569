"""No secret and no person's address survives in a text that may be logged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calcom_provider.api.scrub import LONGEST, scrub

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl-_"
PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0\n-----END PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("for token " + JWT, JWT),
        ("key cal_live_0123456789abcdef is bad", "cal_live_0123456789abcdef"),
        ("Bearer abc.def", "abc.def"),
        ("mail to anna.o'neill+x@corp.example.com now", "corp.example.com"),
        ("/v2/users?emails=anna%40corp.example.com&take=1", "corp.example.com"),
        ("path /users/anna%40corp.example.com/x", "anna"),
        (f"key {PEM} end", "MIIEvQIBADANBg"),
        ("https://user:hunter2@host/x", "hunter2"),
        ("client_secret=hunter2&x=1", "hunter2"),
        ('{"apiKey": "hunter2"}', "hunter2"),
        ("state=abcdef&code=ghijkl", "ghijkl"),
        ("hash 0123456789abcdef0123456789abcdef", "0123456789abcdef"),
    ],
)
def test_taken_out(text: str, secret: str) -> None:
    assert secret not in scrub(text)


@pytest.mark.parametrize(
    "text",
    [
        "user with id=3 does not have the minimum required role=ORG_ADMIN within organization with id=1.",
        "request 9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d",
        "IsTeamInOrg - Team (2) not found.",
        "take must not be greater than 250",
    ],
)
def test_left_alone(text: str) -> None:
    assert scrub(text) == text


def test_the_credential_itself_is_taken_out_wherever_it_stands() -> None:
    assert scrub("xhunter2x", ["hunter2"]) == "x[secret]x"


@given(st.text(max_size=2000))
def test_one_short_line(text: str) -> None:
    line = scrub(text)
    assert "\n" not in line
    assert "\r" not in line
    assert len(line) <= LONGEST + 1
