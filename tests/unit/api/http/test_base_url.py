"""Any way of writing the address of an API v2 is understood, anything else refused in one clear line."""

from __future__ import annotations

import pytest

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.api.http.base_url import normalize_base_url


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, "https://api.cal.com/v2"),
        ("  ", "https://api.cal.com/v2"),
        ("https://api.cal.com", "https://api.cal.com/v2"),
        ("https://api.cal.com/", "https://api.cal.com/v2"),
        ("https://api.cal.com/v2/", "https://api.cal.com/v2"),
        ("api.cal.com", "https://api.cal.com/v2"),
        ("HTTPS://API.Cal.com/v2", "https://api.cal.com/v2"),
        ("https://cal.example.com/api/v2", "https://cal.example.com/api/v2"),
        ("https://cal.example.com/api", "https://cal.example.com/api/v2"),
        ("https://cal.example.com/some/prefix", "https://cal.example.com/some/prefix/v2"),
        ("https://app.cal.com/api/v2", "https://app.cal.com/api/v2"),
        ("http://localhost:5555", "http://localhost:5555/v2"),
        ("localhost:5555/v2", "http://localhost:5555/v2"),
        ("127.0.0.1:5555", "http://127.0.0.1:5555/v2"),
        ("http://[::1]:5555/v2", "http://[::1]:5555/v2"),
        ("[::1]:5555", "http://[::1]:5555/v2"),
    ],
)
def test_understood(given: str | None, expected: str) -> None:
    assert normalize_base_url(given) == expected


@pytest.mark.parametrize(
    "given",
    [
        "ftp://api.cal.com",
        "https://",
        "https:///v2",
        "https://api.cal.com:port/v2",
        "https://api.cal.com:0/v2",
        "https://user:secret@api.cal.com/v2",
        "https://api.cal.com/v2?key=secret",
        "https://api.cal.com/v2#x",
        "https://api.cal.com/v1",
        "https://api.cal.com/v2/organizations/4",
        "https://cal.com",
        "https://app.cal.com/",
        "https://api .cal.com/v2",
        "https://[bad/v2",
    ],
)
def test_refused(given: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        normalize_base_url(given)
    text = str(caught.value)
    assert "\n" not in text
    assert "secret" not in text
    assert "https://api.cal.com/v2" in text
