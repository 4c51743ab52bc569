"""Apply a stored plan in a process of its own, which kills itself with SIGKILL at one request.

``python -m tests.faults.hr.killed_apply URL KEY LEDGER PLAN NUMBER WHEN``
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from calcom_provider.api.client import CalComClient
from calcom_provider.api.http.auth import ApiKey
from calcom_provider.api.http.transport import RequestsTransport
from calcom_provider.api.rate_limit.governor import Governor, MemoryStateStore
from calcom_provider.hr.apply.applier import Patience
from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.hr.target.gateway import Gateway
from tests.faults.hr.sandbox_scene import job_for


class DeadlyTransport(RequestsTransport):
    """Kill the process before a write reaches the API, or after it has taken effect."""

    def __init__(self, number: int, when: str) -> None:
        super().__init__()
        self.left = number
        self.when = when

    def send(self, request: Any, timeout: Any) -> Any:
        if request.method == "GET":
            return super().send(request, timeout)
        self.left -= 1
        if self.left == 0 and self.when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        response = super().send(request, timeout)
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return response


def main(url: str, key: str, ledger_url: str, plan_id: str, number: str, when: str) -> None:
    client = CalComClient(
        auth=ApiKey(key),
        base_url=url,
        transport=DeadlyTransport(int(number), when),
        governor=Governor(MemoryStateStore(), ""),
    )
    with client, Ledger(ledger_url) as ledger:
        plan = ledger.load_plan(plan_id)
        job_for(plan.kind, Gateway(client), ledger, Patience(wait=0.0)).apply(plan, reread=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
