"""Play recorded requests against the sandbox, in order, and compare what it answers with what was recorded.

The sandbox has an organisation of the same make as the recorded one, with keys of its own. So every id of a
recorded request is put in terms of the sandbox first: what the organisation was built with is registered,
what a recorded write made is learnt from the two answers. Compared are the status and the shape of the body:
its keys, and the types of what they hold.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from calcom_provider.sandbox.app import Application
from calcom_provider.sandbox.core.wire import Incoming
from tests.contract.recordings import Recording, find_route
from tests.contract.shapes import differences

KINDS = {
    "orgId": "team",
    "teamId": "team",
    "managedOrganizationId": "team",
    "userId": "user",
    "toUserId": "user",
    "ownerId": "user",
    "membershipId": "membership",
    "oooId": "ooo",
    "eventTypeId": "event_type",
    "parentEventTypeId": "event_type",
    "scheduleId": "schedule",
    "defaultScheduleId": "schedule",
    "workflowId": "workflow",
    "responseId": "form_response",
    "credentialId": "credential",
    "verifiedEmailId": "verified_email",
    "verifiedPhoneId": "verified_phone",
    "eventTypeIds": "event_type",
    "activeOnEventTypeIds": "event_type",
    "teamIds": "team",
    "teamsIds": "team",
    "userIds": "user",
    "organizationId": "team",
    "memberId": "membership",
}
"""What a number under that name is the key of."""

NESTED = {
    "user": "user",
    "users": "user",
    "hosts": "user",
    "eventType": "event_type",
    "team": "team",
    "organization": "team",
    "reassignedTo": "user",
    "profile": "profile",
}
"""What the ``id`` of an object under that name is the key of."""

OWN = {
    "me": "user",
    "org_users": "user",
    "oauth_client_users": "user",
    "org_teams": "team",
    "teams": "team",
    "managed_organizations": "team",
    "org_memberships": "membership",
    "org_team_memberships": "membership",
    "team_memberships": "membership",
    "org_user_ooo": "ooo",
    "org_ooo": "ooo",
    "event_types": "event_type",
    "org_team_event_types": "event_type",
    "team_event_types": "event_type",
    "schedules": "schedule",
    "org_user_schedules": "schedule",
    "org_team_workflows": "workflow",
    "bookings": "booking",
    "org_routing_form_responses": "form_response",
    "org_team_routing_form_responses": "form_response",
    "org_team_verified_emails": "verified_email",
    "team_verified_emails": "verified_email",
    "verified_emails": "verified_email",
    "org_team_verified_phones": "verified_phone",
    "team_verified_phones": "verified_phone",
    "verified_phones": "verified_phone",
    "calendars": "credential",
    "conferencing": "credential",
    "org_team_conferencing": "credential",
    "selected_calendars": "credential",
}
"""What the ``id`` in an answer of that group is the key of."""

_TOKEN = re.compile(r"[\w-]{10,}")
# A client's id is part of the names of its users
_INNER = re.compile(r"cm[a-z0-9]{23}")


@dataclass
class Names:
    """Hold which id of the sandbox stands for which recorded one."""

    numbers: dict[tuple[str, int], int] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    patterns: list[tuple[re.Pattern[str], Callable[[re.Match[str]], str]]] = field(default_factory=list)

    def number(self, kind: str, recorded: Any) -> Any:
        return self.numbers.get((kind, recorded), recorded)

    def text(self, recorded: str) -> str:
        for pattern, there in self.patterns:
            recorded = pattern.sub(there, recorded)
        recorded = _TOKEN.sub(lambda found: self.texts.get(found[0], found[0]), recorded)
        return _INNER.sub(lambda found: self.texts.get(found[0], found[0]), recorded)

    def value(self, name: str, recorded: Any, kind: str | None = None) -> Any:
        """Put a value of a request in terms of the sandbox, by the name that it stands under."""
        kind = kind or KINDS.get(name)
        if isinstance(recorded, dict):
            return {key: self.value(key, item) for key, item in recorded.items()}
        if isinstance(recorded, list):
            return [self.value(name, item, kind) for item in recorded]
        if isinstance(recorded, bool) or recorded is None:
            return recorded
        if kind and isinstance(recorded, int):
            return self.number(kind, recorded)
        if kind and isinstance(recorded, str) and re.fullmatch(r"\d+(,\d+)*", recorded):
            return ",".join(str(self.number(kind, int(part))) for part in recorded.split(","))
        return self.text(recorded) if isinstance(recorded, str) else recorded

    def learn(self, group: str, recorded: Any, answered: Any, name: str = "") -> None:
        """Learn the ids of two answers that say the same; lists may be in another order and are left."""
        if isinstance(recorded, dict) and isinstance(answered, dict):
            for key in recorded.keys() & answered.keys():
                self._learn_one(group, key, recorded[key], answered[key], name)

    def _learn_one(self, group: str, key: str, recorded: Any, answered: Any, name: str) -> None:
        if isinstance(recorded, dict):
            self.learn(group, recorded, answered, key)
        elif isinstance(recorded, int) and isinstance(answered, int) and not isinstance(recorded, bool):
            kind = (NESTED.get(name) if name else OWN.get(group)) if key == "id" else KINDS.get(key)
            if kind:
                self.numbers[kind, recorded] = answered
        elif isinstance(recorded, str) and isinstance(answered, str) and _is_key(key, recorded):
            self.texts[recorded] = answered


def _is_key(key: str, text: str) -> bool:
    named = key in ("id", "uuid", "uid") or key.endswith(("Id", "Uid", "linkId", "recurringBookingUid"))
    return named and bool(_TOKEN.fullmatch(text)) and "redacted" not in text


def cut(recording: Recording, answer: Any) -> Any:
    """Cut a long list as the recorded one was cut, to the first six rows and the last two."""
    rows = answer.get("data") if isinstance(answer, dict) else None
    if recording.rows_kept and isinstance(rows, list) and len(rows) > 8:
        return {**answer, "data": [*rows[:6], *rows[-2:]]}
    return answer


# -- requests ----------------


@dataclass
class Outcome:
    """Say how the sandbox answered one recording; ``skipped`` is the reason why it was not counted."""

    recording: Recording
    status: int = 0
    found: tuple[str, ...] = ()
    skipped: str = ""
    same_text: bool = True

    @property
    def good(self) -> bool:
        return not self.found


@dataclass(frozen=True)
class Step:
    """Describe a request that was made but not kept among the recordings, so that its effect is there.

    :param before: number of the recording that it comes before.
    :param learn: kind and recorded number of what it makes, or the recorded text of its id.
    """

    before: str
    key: str | None
    method: str
    path: str
    body: Any = None
    query: Mapping[str, Any] = field(default_factory=dict)
    version: str | None = None
    learn: tuple[str, int] | str | None = None
    take: str = "id"


class Player:
    """Play recordings against an application.

    :param app: the sandbox.
    :param names: ids of the organisation that it was built with.
    :param headers: makes the credentials of a recording or step: key name, recorded headers and number.
    :param steps: requests between the recorded ones.
    :param change: puts more of a request in terms of the sandbox than ids: gets the number and the body.
    """

    def __init__(
        self,
        app: Application,
        names: Names,
        headers: Callable[[str | None, Mapping[str, str], str, str], dict[str, str]],
        steps: list[Step],
        change: Callable[[str, Any], Any] = lambda number, body: body,
    ) -> None:
        self.app = app
        self.names = names
        self.headers = headers
        self.change = change
        self.direct: Mapping[str, Callable[[], None]] = {}
        self.answers: dict[str, Any] = {}
        self._steps: dict[str, list[Step]] = defaultdict(list)
        for step in steps:
            self._steps[step.before].append(step)

    def play(self, recording: Recording) -> Outcome:
        if recording.number in self.direct:
            self.direct[recording.number]()
        for step in self._steps[recording.number]:
            self._step(step)
        headers = self.headers(recording.key, recording.headers, recording.number, recording.path)
        body = recording.body
        raw = body["__raw__"].encode() if isinstance(body, dict) and "__raw__" in body else None
        if raw is None and body is not None:
            raw = self._body(recording.number, recording.path, recording.method, body)
        query = self._query(recording.query)
        path = self._path(recording.method, recording.path)
        status, answer = self._send(recording.method, path, query, {**recording.headers, **headers}, raw)
        self.answers[recording.number] = answer.get("data") if isinstance(answer, dict) else answer
        found = (
            [] if status == recording.status else [f"status {recording.status} recorded, {status} answered"]
        )
        if not found:
            found = differences(recording.answer or "", cut(recording, answer) or "")
            if status < 300:
                self._learn(recording, answer)
        same = said(recording.answer) == said(answer)
        return Outcome(recording, status, tuple(found), same_text=same)

    def _learn(self, recording: Recording, answer: Any) -> None:
        route = find_route(recording.method, recording.path)
        if route is None or not isinstance(recording.answer, dict) or not isinstance(answer, dict):
            return
        recorded, answered = recording.answer.get("data"), answer.get("data")
        group = route[0].group
        if isinstance(recorded, list) and isinstance(answered, list):
            if recording.method == "POST":
                for one, other in zip(recorded, answered, strict=False):
                    self.names.learn(group, one, other)
        else:
            self.names.learn(group, recorded, answered)

    def _step(self, step: Step) -> None:
        headers = {"cal-api-version": step.version} if step.version else {}
        headers |= self.headers(step.key, {}, step.before, step.path)
        raw = None
        if step.body is not None:
            headers["Content-Type"] = "application/json"
            raw = self._body("", step.path, step.method, step.body)
        pairs = [(name, str(value)) for name, value in step.query.items()]
        path = self._path(step.method, step.path)
        status, answer = self._send(step.method, path, self._query(pairs), headers, raw)
        assert status < 300, f"before {step.before}: {step.method} {step.path} answered {status} {answer}"
        data = answer.get("data") if isinstance(answer, dict) else None
        self.answers[f"{step.before} {step.path}"] = data
        if step.learn is not None:
            made = data[0] if isinstance(data, list) else data
            for part in step.take.split("."):
                made = made[part]
            if isinstance(step.learn, tuple):
                self.names.numbers[step.learn] = made
            else:
                self.names.texts[step.learn] = made

    def _body(self, number: str, path: str, method: str, body: Any) -> bytes:
        route = find_route(method, path)
        own = OWN.get(route[0].group) if route else None
        changed = self.change(number, body)
        if isinstance(changed, dict):
            changed = {
                name: self.names.value(name, value, own if name == "id" else None)
                for name, value in changed.items()
            }
        return json.dumps(changed).encode()

    def _query(self, pairs: list[tuple[str, str]]) -> str:
        shown = []
        for name, value in pairs:
            inner = re.search(r"\[(\w+)\]$", name)
            shown.append((name, str(self.names.value(inner[1] if inner else name, value))))
        return urlencode(shown, safe="[]")

    def _path(self, method: str, path: str) -> str:
        route = find_route(method, path)
        parts = path.split("/")
        if route is None:
            found = re.match(r"/v2/organizations/(\d+)", path)
            if found:
                parts[3] = str(self.names.number("team", int(found[1])))
            return quote("/".join(parts), safe="/:")
        template = ["", "v2", *route[0].path.split("/")[1:]]
        for place, part in enumerate(template):
            if part.startswith("{"):
                name = part[1:-1]
                kind = KINDS.get(name) or (OWN.get(route[0].group) if name == "id" else None)
                parts[place] = quote(str(self.names.value(name, parts[place], kind)), safe="")
        return "/".join(parts)

    def _send(
        self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes | None
    ) -> tuple[int, Any]:
        lower = {name.lower(): value for name, value in headers.items()}
        size = len(path) + len(query) + sum(len(name) + len(value) + 4 for name, value in lower.items())
        request = Incoming(method, path, query, lower, body or b"", head_size=size)
        answer = self.app.answer(request)
        text = answer.body.decode()
        try:
            return answer.status, json.loads(text) if text else None
        except ValueError:
            return answer.status, text


# -- counting ----------------


def said(answer: Any) -> str:
    """Return code and text of an error without what differs from one organisation to another."""
    if not isinstance(answer, dict):
        return ""
    error = answer.get("error")
    found = error if isinstance(error, dict) else answer if "statusCode" in answer else {}
    text = f"{found.get('code')} {found.get('message')}" if found else ""
    return re.sub(
        r"\d+", "<n>", re.sub(r"[\w-]{12,}", lambda m: "<key>" if re.search(r"\d", m[0]) else m[0], text)
    )


def tally(outcomes: list[Outcome]) -> dict[str, tuple[int, int]]:
    """Count the good ones and all: overall, of each class of statuses, and how many errors say the same."""
    good: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for outcome in outcomes:
        names = ["all", f"{outcome.recording.status // 100}xx"]
        for name in names:
            total[name] += 1
            good[name] += outcome.good
        if outcome.recording.status >= 400:
            total["text"] += 1
            good["text"] += outcome.same_text
    return {name: (good[name], total[name]) for name in sorted(total)}


def lines(name: str, outcomes: list[Outcome]) -> list[str]:
    """Write the numbers, and how many are not counted for which reason."""
    counted = [outcome for outcome in outcomes if not outcome.skipped]
    shares = {key: f"{good} of {total} ({good / total:.1%})" for key, (good, total) in tally(counted).items()}
    classes = ", ".join(f"{key} {share}" for key, share in shares.items() if key.endswith("xx"))
    reasons = Counter(outcome.skipped for outcome in outcomes if outcome.skipped)
    return [
        f"{name}: {shares['all']} match in status and shape; {classes}; same error text {shares['text']}",
        *(f"  not counted, {count}: {reason}" for reason, count in reasons.most_common()),
    ]


def misses(outcomes: list[Outcome]) -> str:
    """List what does not match."""
    return "\n".join(
        f"{outcome.recording}: {'; '.join(outcome.found[:4])}"
        for outcome in outcomes
        if not outcome.skipped and not outcome.good
    )
