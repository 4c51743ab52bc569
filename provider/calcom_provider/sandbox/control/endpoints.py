"""Steer a running sandbox over HTTP: ``/__sandbox/stats``, ``faults``, ``script``, ``mutate`` and the
like."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import orjson

from calcom_provider.sandbox.control.faults import Faults
from calcom_provider.sandbox.control.mutations import mutate
from calcom_provider.sandbox.core.auth import bucket
from calcom_provider.sandbox.core.wire import Incoming, Response
from calcom_provider.sandbox.deliveries.sender import Sender
from calcom_provider.sandbox.world.world import World


class Steered(Protocol):
    """Be steered: what a running sandbox lets control requests see and do."""

    state: World
    keys: dict[str, str]
    organization_id: int

    @property
    def url(self) -> str:
        """Return the base URL."""

    @property
    def faults(self) -> Faults:
        """Return the fault switches."""

    @property
    def deliveries(self) -> Sender:
        """Return what sends webhooks."""

    def stats(self) -> Mapping[str, Any]:
        """Count requests, answers and rows."""

    def reset(self) -> None:
        """Go back to the seeded state."""

    def spend(self, key: str, requests: int) -> None:
        """Spend budget of a key, as another client on it would."""

    def set_limits(self, key: str, limits: list[Any]) -> None:
        """Set the named limits of a key."""


def answer(sandbox: Steered, request: Incoming) -> Response:
    """Carry out a control request; what is wrong with it is answered with 400."""
    word = request.path.removeprefix("/__sandbox/")
    action = CONTROLS.get((request.method, word))
    if action is None:
        known = ", ".join(f"{method} {name}" for method, name in CONTROLS)
        return _json(404, {"error": f"No such control. Known: {known}."})
    try:
        sent = orjson.loads(request.body) if request.body else {}
        return _json(200, action(sandbox, sent))
    except (ValueError, TypeError, KeyError, IndexError) as error:
        return _json(400, {"error": f"{type(error).__name__}: {error}"})


def _json(status: int, body: Any) -> Response:
    return Response(status, orjson.dumps(body), {"Content-Type": "application/json"})


def _stats(sandbox: Steered, sent: Any) -> Any:
    return sandbox.stats()


def _about(sandbox: Steered, sent: Any) -> Any:
    return {"url": sandbox.url, "organization_id": sandbox.organization_id, "keys": sandbox.keys}


def _reset(sandbox: Steered, sent: Any) -> Any:
    sandbox.reset()
    return {"reset": True}


def _set_faults(sandbox: Steered, sent: Any) -> Any:
    sandbox.faults.set(**sent)
    return {"set": sorted(sent)}


def _clear_faults(sandbox: Steered, sent: Any) -> Any:
    happened = dict(sandbox.faults.happened)
    sandbox.faults.clear()
    return {"happened": happened}


def _set_deliveries(sandbox: Steered, sent: Any) -> Any:
    """Let deliveries of webhooks go wrong: ``{"rates": {"drop": 0.1, "double": 0.05}}``."""
    sandbox.deliveries.configure(**sent)
    return {"set": sorted(sent)}


def _deliveries(sandbox: Steered, sent: Any) -> Any:
    sender = sandbox.deliveries
    return {"sent": len(sender.sent), "happened": dict(sender.happened), "dropped": sender.dropped}


def _script(sandbox: Steered, sent: Any) -> Any:
    sandbox.faults.script(sent)
    return {"steps": len(sent)}


def _mutate(sandbox: Steered, sent: Any) -> Any:
    """Change rows: ``{"resource": "users", "do": "delete", "place": 10, "count": 1}``."""
    keys = [
        mutate(sandbox.state, sandbox.organization_id, sent["resource"], sent["do"], sent.get("place", -1))
        for _ in range(sent.get("count", 1))
    ]
    return {"keys": keys}


def _clock(sandbox: Steered, sent: Any) -> Any:
    sandbox.state.advance(sent["advance"])
    return {"now": sandbox.state.now()}


def _spend(sandbox: Steered, sent: Any) -> Any:
    """Spend budget as another client would: ``{"key": "admin", "requests": 30}``."""
    sandbox.spend(sent["key"], sent["requests"])
    return {"spent": sent["requests"]}


def _limits(sandbox: Steered, sent: Any) -> Any:
    """Set the limits of a key: ``{"key": "admin", "limits": [["short", 3, 3, 3], ["long", 8, 10, 10]]}``."""
    sandbox.set_limits(sent["key"], sent["limits"])
    return {"limits": sent["limits"]}


#: What can be asked for: method and last word of the path, and what does it.
CONTROLS: dict[tuple[str, str], Callable[[Steered, Any], Any]] = {
    ("GET", "stats"): _stats,
    ("GET", "about"): _about,
    ("POST", "reset"): _reset,
    ("POST", "faults"): _set_faults,
    ("DELETE", "faults"): _clear_faults,
    ("POST", "script"): _script,
    ("GET", "deliveries"): _deliveries,
    ("POST", "deliveries"): _set_deliveries,
    ("POST", "mutate"): _mutate,
    ("POST", "clock"): _clock,
    ("POST", "spend"): _spend,
    ("POST", "limits"): _limits,
}


def bucket_of(sandbox: Steered, key: str) -> Any:
    """Find the budget of a key."""
    return bucket(sandbox.state, {"authorization": f"Bearer {key}"}, "127.0.0.1", set())
