"""Steer a running sandbox over HTTP: ``/__sandbox/stats``, ``faults``, ``script``, ``mutate`` and the
like."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson

from calcom_provider.sandbox.auth import bucket
from calcom_provider.sandbox.mutations import mutate
from calcom_provider.sandbox.wire import Answer, Incoming

if TYPE_CHECKING:
    from calcom_provider.sandbox.server import Sandbox


def answer(sandbox: Sandbox, request: Incoming) -> Answer:
    """Carry out a control request; what is wrong with it is answered with 400."""
    word = request.path.removeprefix("/__sandbox/")
    action = _ACTIONS.get((request.method, word))
    if action is None:
        known = ", ".join(f"{method} {name}" for method, name in _ACTIONS)
        return _json(404, {"error": f"No such control. Known: {known}."})
    try:
        sent = orjson.loads(request.body) if request.body else {}
        return _json(200, action(sandbox, sent))
    except (ValueError, TypeError, KeyError, IndexError) as error:
        return _json(400, {"error": f"{type(error).__name__}: {error}"})


def _json(status: int, body: Any) -> Answer:
    return Answer(status, orjson.dumps(body), {"Content-Type": "application/json"})


def _stats(sandbox: Sandbox, sent: Any) -> Any:
    return sandbox.stats()


def _about(sandbox: Sandbox, sent: Any) -> Any:
    return {"url": sandbox.url, "organization_id": sandbox.organization_id, "keys": sandbox.keys}


def _reset(sandbox: Sandbox, sent: Any) -> Any:
    sandbox.reset()
    return {"reset": True}


def _set_faults(sandbox: Sandbox, sent: Any) -> Any:
    sandbox.faults.set(**sent)
    return {"set": sorted(sent)}


def _clear_faults(sandbox: Sandbox, sent: Any) -> Any:
    happened = dict(sandbox.faults.happened)
    sandbox.faults.clear()
    return {"happened": happened}


def _script(sandbox: Sandbox, sent: Any) -> Any:
    sandbox.faults.script(sent)
    return {"steps": len(sent)}


def _mutate(sandbox: Sandbox, sent: Any) -> Any:
    """Change rows: ``{"resource": "users", "do": "delete", "place": 10, "count": 1}``."""
    keys = [
        mutate(sandbox.state, sandbox.organization_id, sent["resource"], sent["do"], sent.get("place", -1))
        for _ in range(sent.get("count", 1))
    ]
    return {"keys": keys}


def _clock(sandbox: Sandbox, sent: Any) -> Any:
    sandbox.state.advance(sent["advance"])
    return {"now": sandbox.state.now()}


def _spend(sandbox: Sandbox, sent: Any) -> Any:
    """Spend budget as another client would: ``{"key": "admin", "requests": 30}``."""
    sandbox.spend(sent["key"], sent["requests"])
    return {"spent": sent["requests"]}


def _limits(sandbox: Sandbox, sent: Any) -> Any:
    """Set the limits of a key: ``{"key": "admin", "limits": [["short", 3, 3, 3], ["long", 8, 10, 10]]}``."""
    sandbox.set_limits(sent["key"], sent["limits"])
    return {"limits": sent["limits"]}


_ACTIONS: dict[tuple[str, str], Callable[[Sandbox, Any], Any]] = {
    ("GET", "stats"): _stats,
    ("GET", "about"): _about,
    ("POST", "reset"): _reset,
    ("POST", "faults"): _set_faults,
    ("DELETE", "faults"): _clear_faults,
    ("POST", "script"): _script,
    ("POST", "mutate"): _mutate,
    ("POST", "clock"): _clock,
    ("POST", "spend"): _spend,
    ("POST", "limits"): _limits,
}


def bucket_of(sandbox: Sandbox, key: str) -> Any:
    """Find the budget of a key."""
    return bucket(sandbox.state, {"authorization": f"Bearer {key}"}, "127.0.0.1", set())
