"""Use the governor in a process of its own: ``governor_child MODE STATE_DIR [URL KEY COUNT]``."""

from __future__ import annotations

import sys
import time

from calcom_provider.api.client import CalComClient
from calcom_provider.api.http.auth import ApiKey
from calcom_provider.api.rate_limit.governor import Governor, governor_for
from calcom_provider.api.rate_limit.state import FileStateStore


def main(mode: str, directory: str, *rest: str) -> None:
    """Do one job, then say so or hang until killed."""
    store = FileStateStore(directory)
    if mode == "hold":
        with store.transaction("record"):
            print("holding", flush=True)
            time.sleep(60)
    elif mode == "open":
        Governor(store, "key").acquire()
        print("opening", flush=True)
        time.sleep(60)
    elif mode == "fly":
        governor = Governor(store, "key")
        first = governor.acquire()
        governor.report(first, headers(10, 9))
        for _ in range(8):
            governor.acquire()
        print("flying", flush=True)
        time.sleep(60)
    else:
        url, key, count = rest
        auth = ApiKey(key)
        with CalComClient(auth=auth, base_url=url, governor=governor_for(auth, url, store)) as client:
            print("ready", flush=True)
            sys.stdin.readline()
            for _ in range(int(count)):
                client.call("me.get")
            print(client.stats.throttled, flush=True)


def headers(limit: int, left: int, reset: int = 60) -> dict[str, str]:
    """Return what an answer states of the limit."""
    return {
        "x-ratelimit-limit-default": str(limit),
        "x-ratelimit-remaining-default": str(left),
        "x-ratelimit-reset-default": str(reset),
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
