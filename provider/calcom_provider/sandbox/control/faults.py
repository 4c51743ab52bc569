"""Make things go wrong on purpose, the same way for the same seed.

What happens to a request follows from the seed, the request and how often it was sent, not from the order
in which requests arrive; so a run with parallel requests meets the same faults again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from random import Random
from typing import Any

from calcom_provider.sandbox.control.hostile import (
    LISTS,
    fail_on,
    reshape,
    unconditional,
    without_times,
)
from calcom_provider.sandbox.core.wire import Incoming, Response

KINDS = ("500", "502", "503", "504", "html", "reset", "timeout", "truncated", "lost", "late")
"""What can happen: error answers, an HTML page, a cut connection before the effect, silence, half a body, a
cut connection after the effect, and an effect that lands some time after the cut."""

AFTER_EFFECT = {"truncated", "lost"}


@dataclass(slots=True)
class Settings:
    """Set what goes wrong.

    :param seed: seed of all choices.
    :param rates: chance of each of :data:`KINDS` for a request, 0 to 1.
    :param rate: chance that any of them happens, shared evenly; beside ``rates``.
    :param only: short names of operations that faults are limited to; empty for all.
    :param latency: seconds before each answer, or least and most.
    :param timeout_seconds: how long a silent request is held.
    :param late_seconds: when a late effect lands after its lost answer.
    :param in_a_row: most faults that one request meets one after the other; of 500 it is 2 at most.
    :param lag: seconds by which reads are behind writes.
    :param shuffle_ties: whether rows with equal sort values come in another order at each request.
    :param physical_order: whether lists without an order come in physical order, where an update moves a row.
    :param churn: chance per further page that a row is inserted, deleted or moved before it is read, by
        that word.
    :param stranger: another client on the same key: spends ``requests`` each ``every`` requests of ours.
    :param rate_headers: whether answers carry rate limit headers.
    :param hostile: by short name of a list, what becomes of its rows, one of
        :data:`~calcom_provider.sandbox.control.hostile.LISTS`.
    :param bad_rows: by short name of a list, ids of rows that no page can hold: it ends in 500.
    :param without_times: short names of lists whose filters on times are dropped.
    """

    seed: int = 1
    rates: dict[str, float] = field(default_factory=dict)
    rate: float = 0.0
    only: list[str] = field(default_factory=list)
    latency: float | list[float] = 0.0
    timeout_seconds: float = 30.0
    late_seconds: float = 1.0
    in_a_row: int = 4
    lag: float = 0.0
    shuffle_ties: bool = False
    physical_order: bool = False
    churn: dict[str, float] = field(default_factory=dict)
    stranger: dict[str, int] = field(default_factory=dict)
    rate_headers: bool = True
    hostile: dict[str, str] = field(default_factory=dict)
    bad_rows: dict[str, list[Any]] = field(default_factory=dict)
    without_times: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Step:
    """Fault exact requests: those that match, after some are let pass.

    :param do: one of :data:`KINDS`, a status as text, or ``delay``.
    :param operation: short name, None for any.
    :param method: HTTP method, None for any.
    :param after: how many matching requests pass first.
    :param times: how many are hit.
    :param seconds: of ``delay``, ``timeout`` and ``late``.
    """

    do: str
    operation: str | None = None
    method: str | None = None
    after: int = 0
    times: int = 1
    seconds: float | None = None

    def takes(self, operation: str, request: Incoming) -> bool:
        """Tell whether this step is for the request; counts it down."""
        if (self.operation or operation) != operation or (self.method or request.method) != request.method:
            return False
        if self.after > 0:
            self.after -= 1
            return False
        self.times -= 1
        return self.times >= 0


@dataclass(frozen=True, slots=True)
class Fault:
    """Say what happens to one request."""

    kind: str
    seconds: float = 0.0


Callback = Callable[[Incoming, Response], Any]


class Faults:
    """Decide what goes wrong with each request."""

    def __init__(self) -> None:
        self.settings = Settings()
        self.happened: dict[str, int] = {}
        self._steps: list[Step] = []
        self._callbacks: list[Callback] = []
        self._sent: dict[str, int] = {}
        self._row: dict[str, tuple[int, int]] = {}

    def set(self, **settings: Any) -> None:
        """Change settings, as :class:`Settings` names them; the others stay.

        :raises ValueError: for a name or kind that does not exist.
        """
        known = {item.name for item in fields(Settings)}
        wrong = set(settings) - known | set(settings.get("rates", {})) - set(KINDS)
        wrong |= set(settings.get("hostile", {}).values()) - set(LISTS)
        if wrong:
            raise ValueError(f"No such fault: {', '.join(sorted(wrong))}.")
        for name, value in settings.items():
            setattr(self.settings, name, value)

    def clear(self) -> None:
        """Let everything go right again."""
        self.settings = Settings()
        self._steps.clear()
        self._callbacks.clear()
        self._sent.clear()
        self._row.clear()
        self.happened.clear()

    def script(self, steps: Sequence[Step | Mapping[str, Any]]) -> None:
        """Fault exact requests; the first step that takes a request decides.

        :param steps: :class:`Step` or mappings of its fields.
        """
        self._steps = [step if isinstance(step, Step) else Step(**step) for step in steps]

    def before_answer(self, callback: Callback) -> None:
        """Call back after the effect and before the answer goes out.

        :param callback: gets request and answer; returns None to let it pass, an :class:`Response` to send
            instead, or one of :data:`KINDS`. It runs on the server's thread and should be quick.
        """
        self._callbacks.append(callback)

    def asked(self, operation: str, request: Incoming) -> Incoming:
        """Return the request as the application gets to see it."""
        settings = self.settings
        if operation in settings.hostile or operation in settings.bad_rows:
            request = unconditional(request)
        return without_times(request) if operation in settings.without_times else request

    def answered(self, operation: str, request: Incoming, answer: Response) -> Response:
        """Return the answer as it goes out, before callbacks see it."""
        settings = self.settings
        if operation in settings.bad_rows:
            answer = fail_on(settings.bad_rows[operation], answer)
        if operation in settings.hostile:
            answer = reshape(settings.hostile[operation], request, answer)
        return answer

    # -- decisions ----------------

    def decide(self, operation: str, request: Incoming) -> Fault | None:
        """Say what happens to a request, None for nothing."""
        for step in self._steps:
            if step.takes(operation, request):
                return self._note(
                    Fault(step.do, self._seconds(step.do) if step.seconds is None else step.seconds)
                )
        rates = self._rates(operation, request)
        if not rates:
            return None
        key = f"{request.method} {request.target}"
        attempt = self._sent[key] = self._sent.get(key, -1) + 1
        kind = _choose(Random(f"{self.settings.seed} {key} {attempt}"), rates)
        count, of_500 = self._row.get(key, (0, 0))
        if kind is None or count >= self.settings.in_a_row or (kind == "500" and of_500 >= 2):
            self._row[key] = (0, 0)
            return None
        self._row[key] = (count + 1, of_500 + 1 if kind == "500" else 0)
        return self._note(Fault(kind, self._seconds(kind)))

    def _rates(self, operation: str, request: Incoming) -> dict[str, float]:
        settings = self.settings
        if settings.only and operation not in settings.only:
            return {}
        rates = dict(settings.rates)
        if settings.rate:
            for kind in KINDS:
                rates[kind] = rates.get(kind, 0.0) + settings.rate / len(KINDS)
        return rates

    def latency(self, request: Incoming) -> float:
        """Return the seconds to wait before a request is answered."""
        value = self.settings.latency
        if isinstance(value, list):
            return Random(f"{self.settings.seed} latency {request.target} {len(self._sent)}").uniform(*value)
        return value

    def after_answer(self, request: Incoming, answer: Response) -> Any:
        """Ask the callbacks; the first that has something to say decides."""
        for callback in self._callbacks:
            said = callback(request, answer)
            if said is not None:
                return said
        return None

    def _seconds(self, kind: str) -> float:
        return {"timeout": self.settings.timeout_seconds, "late": self.settings.late_seconds}.get(kind, 0.0)

    def _note(self, fault: Fault) -> Fault:
        self.happened[fault.kind] = self.happened.get(fault.kind, 0) + 1
        return fault


def _choose(random: Random, rates: Mapping[str, float]) -> str | None:
    point = random.random()
    for kind, rate in rates.items():
        point -= rate
        if point < 0:
            return kind
    return None


HTML = b"<!DOCTYPE html><html><head><title>%d</title></head><body><h1>Bad gateway</h1></body></html>"


def error_answer(kind: str) -> Response:
    """Write the answer of an error kind: Cal.com's own 500, a page of a proxy for the others."""
    if kind == "500":
        body = b'{"statusCode":500,"message":"Internal server error"}'
        return Response(500, body, {"Content-Type": "application/json; charset=utf-8"})
    status = 502 if kind == "html" else int(kind)
    return Response(status, HTML % status, {"Content-Type": "text/html"})
