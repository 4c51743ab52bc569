"""Sync a sandbox organisation in a process of its own, which may be told to die while it publishes."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from calcom_provider.api.client import CalComClient
from calcom_provider.api.http.auth import ApiKey
from calcom_provider.api.rate_limit.governor import Governor
from calcom_provider.sync import sync
from calcom_provider.warehouse import Warehouse
from calcom_provider.warehouse.backends.sql_session import SqlSession


def die_after(statements: int) -> None:
    """Make the process kill itself after so many statements of the first transaction that it opens."""
    left: list[int] = []
    begin, run = SqlSession.begin, SqlSession._run

    def counted_begin(self: SqlSession) -> None:
        begin(self)
        left.append(statements)

    def counted_run(self: SqlSession, *args: Any, **more: Any) -> Any:
        if left:
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)
            left[0] -= 1
        return run(self, *args, **more)

    SqlSession.begin, SqlSession._run = counted_begin, counted_run  # type: ignore[method-assign]


def main(api: str, key: str, target: str, dies_after: str) -> None:
    if dies_after:
        die_after(int(dies_after))
    with CalComClient(auth=ApiKey(key), base_url=api, governor=Governor.unlimited("child")) as client:
        print(sync(client, Warehouse(target)).rows_changed)


if __name__ == "__main__":
    main(*sys.argv[1:])
