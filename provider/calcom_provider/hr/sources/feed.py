"""Fetch a calendar feed. Its address is a secret: whoever has it can read the calendar."""

from __future__ import annotations

import requests

from calcom_provider.hr.errors import HrSettingsError, SourceError

#: Seconds to connect, and between two parts of the answer.
TIMEOUT = (10.0, 60.0)
#: Bytes of a feed; one of 10,000 people and a year is about 10 MiB.
LARGEST = 64 * 1024 * 1024
_PART = 256 * 1024


def fetch_feed(address: str, name: str) -> bytes:
    """Return what a feed's address answers with.

    :param address: ``https://`` address; ``webcal://`` is the same.
    :param name: how messages call the feed; the address never appears in one.
    :raises HrSettingsError: when it is no such address.
    :raises SourceError: when nothing or something else than a file comes back.
    """
    place = address.strip()
    if place.lower().startswith("webcal://"):
        place = "https://" + place[len("webcal://") :]
    if not place.lower().startswith(("https://", "http://")):
        raise HrSettingsError(f"{name}: holds no address of a calendar feed (https:// or webcal://)")
    try:
        with requests.get(
            place, timeout=TIMEOUT, stream=True, headers={"Accept": "text/calendar"}
        ) as response:
            if response.status_code != 200:
                raise SourceError(f"{name}: the calendar feed answered with status {response.status_code}")
            return _body(response, name)
    except requests.RequestException as error:
        # Its message quotes the address.
        raise SourceError(f"{name}: the calendar feed cannot be fetched ({type(error).__name__})") from None


def _body(response: requests.Response, name: str) -> bytes:
    parts, size = [], 0
    for part in response.iter_content(_PART):
        size += len(part)
        if size > LARGEST:
            raise SourceError(f"{name}: the calendar feed is larger than {LARGEST // 1024**2} MiB")
        parts.append(part)
    return b"".join(parts)
