"""Play recorded requests against the sandbox, keys translated, and compare what it answers.

The recordings of two runs are played one after the other, each against an organisation of its own. Some
requests of those runs are not among the recordings; what they had changed is made up for by :func:`before`,
a change of the state right before a recording, never an answer.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from calcom_provider.sandbox.app import Application
from calcom_provider.sandbox.core.wire import Incoming
from tests.contract.acme import Acme
from tests.contract.recordings import Recording, find_route
from tests.contract.shapes import differences

Arrangement = Callable[["Player"], None]
_arrangements: dict[str, list[Arrangement]] = {}

KINDS = {
    "orgId": "team", "teamId": "team", "userId": "user", "toUserId": "user", "membershipId": "membership",
    "oooId": "ooo", "attributeId": "attribute", "optionId": "option", "attributeOptionId": "option",
    "credentialId": "credential", "teamIds": "team", "userIds": "user", "assignedOptionIds": "option",
    "managedOrganizationId": "team", "organizationId": "team", "ownerId": "user", "memberId": "membership",
}  # fmt: skip
"""Which kind of key a name of a path, query, body or answer holds; other names are their own kind."""

CREATES = {
    "org_users": "user", "org_memberships": "membership", "org_team_memberships": "membership",
    "team_memberships": "membership", "org_attributes": "attribute", "org_attribute_options": "option",
    "org_user_ooo": "ooo", "org_teams": "team", "teams": "team", "org_delegation_credentials": "credential",
    "managed_organizations": "team", "oauth_client_users": "user",
}  # fmt: skip
"""Which kind of key ``id`` is in what a group's operations answer; other groups' ids are of the group's own
kind."""


def before(number: str) -> Callable[[Arrangement], Arrangement]:
    """Declare a change of the state right before a recording.

    :param number: of the recording, for example ``1-110``.
    """

    def declare(function: Arrangement) -> Arrangement:
        _arrangements.setdefault(number, []).append(function)
        return function

    return declare


@dataclass
class Outcome:
    """Hold what came of one recording."""

    recording: Recording
    status: int
    differences: list[str]
    text_differs: bool

    @property
    def matches(self) -> bool:
        return self.status == self.recording.status and not self.differences


@dataclass
class Score:
    """Count outcomes; ``left_out`` maps recordings that are not counted to the reason."""

    name: str = ""
    outcomes: list[Outcome] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)

    def share(self, status_class: int | None = None) -> float:
        counted = [one for one in self.outcomes if status_class in (None, one.recording.status // 100)]
        return sum(one.matches for one in counted) / len(counted) if counted else 1.0

    def classes(self) -> list[int]:
        return sorted({one.recording.status // 100 for one in self.outcomes})

    def lines(self, name: str) -> list[str]:
        matched = sum(one.matches for one in self.outcomes)
        said = sum(not one.text_differs for one in self.outcomes)
        reasons = Counter(self.left_out.values())
        found = [
            f"{name}: {matched} of {len(self.outcomes)} recordings match "
            f"in status and shape ({self.share():.1%}); "
            + ", ".join(f"{number}xx {self.share(number):.1%}" for number in self.classes())
            + f"; code and text of errors {said / max(1, len(self.outcomes)):.1%}"
        ]
        return found + [f"  not counted, {count}: {reason}" for reason, count in reasons.most_common()]

    def misses(self) -> list[str]:
        return [
            f"{one.recording}: {one.status} instead of {one.recording.status} {one.differences[:4]}"
            for one in self.outcomes
            if not one.matches
        ]


class Player:
    """Play recordings against one organisation.

    :param acme: the organisation.
    """

    def __init__(self, acme: Acme) -> None:
        self.acme = acme
        self.time = 0.0
        self.app = Application(acme.world, clock=lambda: self.time)
        self.last: dict[str, Any] = {}
        self.secrets: dict[str, str] = {}
        """Tokens and secrets by what the recordings call their holder."""

    def play(self, recordings: Iterable[Recording], leave_out: Callable[[Recording], str | None]) -> Score:
        """Play recordings in their order.

        :param leave_out: gives the reason why a recording is not counted, None to count it.
        """
        score = Score()
        for recording in recordings:
            for arrange in _arrangements.get(recording.number, ()):
                arrange(self)
            reason = leave_out(recording)
            if reason:
                score.left_out[recording.number] = reason
                continue
            score.outcomes.append(self.compare(recording))
        return score

    def compare(self, recording: Recording) -> Outcome:
        # Apart from what a throttle is probed with, requests came less than a second after one another
        self.time += 0.01
        request = self.request(recording)
        answer = self.app.answer(request)
        ours = json.loads(answer.body) if answer.body and answer.status != 431 else ""
        self.learn(recording, ours)
        recorded = recording.answer
        if isinstance(recorded, str) and recorded.startswith("("):
            # The body was too large to be kept
            return Outcome(recording, answer.status, [], False)
        found = differences(recorded or "", ours or "")
        return Outcome(recording, answer.status, found, _text(recorded) != _text(ours))

    # -- requests ----------------

    def request(self, recording: Recording) -> Incoming:
        headers = {name.lower(): value for name, value in recording.headers.items()}
        headers |= self.credentials(recording)
        body = b""
        if isinstance(recording.body, dict) and "__raw__" in recording.body:
            body = recording.body["__raw__"].encode()
        elif recording.body is not None:
            body = json.dumps(self.here(recording.body)).encode()
            headers.setdefault("content-type", "application/json")
        if recording.label == "if-none-match":
            headers["if-none-match"] = self.last["tag"]
        return Incoming(
            recording.method,
            self.path(recording),
            urlencode(self.query(recording)),
            headers,
            body,
            debug=False,
        )

    def credentials(self, recording: Recording) -> dict[str, str]:
        key = recording.key
        if key in self.acme.keys:
            return {"authorization": f"Bearer {self.acme.keys[key]}"}
        special = {
            "auth key without prefix": "Bearer 0123456789abcdef",
            "auth lowercase bearer": f"bearer {self.acme.keys['ADMIN_HIGH_LIMIT']}",
            "auth Basic": "Basic b3duZXI6c2VjcmV0",
            "auth unknown key": f"Bearer cal_{'f' * 32}",
            "auth bad key on unknown route": f"Bearer cal_{'f' * 32}",
            "ratelimit headers on access token": "Bearer abc.def.ghi",
        }
        if recording.label in special:
            return {"authorization": special[recording.label]}
        if key == "custom bearer":
            return {"authorization": f"Bearer {self.acme.custom}"}
        return self.more_credentials(recording)

    def more_credentials(self, recording: Recording) -> dict[str, str]:
        """Give the credentials of the platform: client id and secret, or a managed user's token."""
        if recording.key == "managed-user access token":
            return {"authorization": f"Bearer {self.secrets.get('token', '')}"}
        found = {}
        for name in ("x-cal-client-id", "x-cal-secret-key"):
            sent = next((value for key, value in recording.headers.items() if key.lower() == name), None)
            if sent is not None:
                kind = "oauth_clients" if name == "x-cal-client-id" else "secret"
                found[name] = self.acme.here(kind, sent) if sent != "<redacted>" else self.secret(recording)
        return found

    def secret(self, recording: Recording) -> str:
        client_id = next((v for k, v in recording.headers.items() if k.lower() == "x-cal-client-id"), None)
        client_id = client_id or (re.findall(r"/oauth(?:-clients)?/([^/]+)", recording.path) or [None])[0]
        row = self.acme.world.oauth_clients.get(self.acme.here("oauth_clients", client_id))
        return str(row["secret"]) if row else "unknown"

    def path(self, recording: Recording) -> str:
        prefix = "/api" if recording.path.startswith("/api/") else ""
        route = find_route(recording.method, recording.path.removeprefix("/api").rstrip("/"))
        if route is None:
            return self._loose_path(recording.path)
        operation, values = route
        path = operation.path
        for name, text in values.items():
            path = path.replace(
                f"{{{name}}}", quote(str(self.value(name, text, operation.group)), safe=""), 1
            )
        return f"{prefix}/v2{path}" + ("/" if recording.path.endswith("/") else "")

    def _loose_path(self, path: str) -> str:
        """Translate the keys of a path that is no route: it has to stay no route with keys that exist."""

        def of(name: str) -> Callable[[re.Match[str]], str]:
            return lambda found: f"{found[1]}{self.value(name, found[2], '')}"

        for pattern, name in ((r"(/organizations/)(\d+)", "orgId"), (r"(/teams/)(\d+)", "teamId")):
            path = re.sub(pattern, of(name), path)
        return re.sub(r"(/users/|/options/)(\d+)", of("userId"), path)

    def query(self, recording: Recording) -> list[tuple[str, str]]:
        route = find_route(recording.method, recording.path.removeprefix("/api").rstrip("/"))
        group = route[0].group if route else ""
        return [
            (name, ",".join(str(self.value(name.split("[")[0], part, group)) for part in text.split(",")))
            if name.split("[")[0] in KINDS or name.endswith("Id") or name == "teamsIds"
            else (name, text)
            for name, text in recording.query
        ]

    def here(self, body: Any, name: str = "") -> Any:
        """Translate the keys in a body."""
        if isinstance(body, dict):
            return {key: self.here(value, key) for key, value in body.items()}
        if isinstance(body, list):
            return [self.here(item, name) for item in body]
        return self.value(name, body, "") if name.endswith(("Id", "Ids")) else body

    def value(self, name: str, recorded: Any, group: str) -> Any:
        """Translate one value by its name."""
        kind = KINDS.get(
            name, "team" if name == "teamsIds" else name.removesuffix("Id") if name != "id" else group
        )
        for form in (
            recorded,
            int(recorded) if isinstance(recorded, str) and recorded.isdigit() else recorded,
        ):
            if form in self.acme.ids.get(kind, {}):
                found = self.acme.ids[kind][form]
                return str(found) if isinstance(recorded, str) else found
        return recorded

    # -- answers ----------------

    def learn(self, recording: Recording, ours: Any) -> None:
        """Remember which keys the rows of an answer have here."""
        recorded = recording.answer
        if not isinstance(recorded, dict) or not isinstance(ours, dict):
            return
        route = find_route(recording.method, recording.path)
        if route and "data" in recorded and "data" in ours:
            group = route[0].group
            self._learn(group, recorded["data"], ours["data"], recording.method == "POST")
        if recording.path == "/v2/api-keys/refresh" and recording.status == 200 and "data" in ours:
            self.acme.custom = ours["data"]["apiKey"]

    def _learn(self, group: str, recorded: Any, ours: Any, created: bool) -> None:
        if not created or not isinstance(recorded, dict) or not isinstance(ours, dict):
            return
        if isinstance(recorded.get("user"), dict) and isinstance(ours.get("user"), dict):
            self._learn(
                "org_users" if "accessToken" in recorded else "", recorded["user"], ours["user"], created
            )
        for name, value in recorded.items():
            if name not in ours or isinstance(value, dict | list) or value is None:
                continue
            if name == "id" and "attributeOptionId" not in recorded and group:
                kind = CREATES.get(group, _singular(group))
            elif name.endswith("Id"):
                kind = KINDS.get(name, name.removesuffix("Id"))
            else:
                continue
            self.acme.ids.setdefault(kind, {}).setdefault(value, ours[name])


def _singular(group: str) -> str:
    """Name the kind of a group's keys as its path parameter does: ``event_types`` is ``eventType``."""
    words = re.sub(r"^(org_team_|org_user_|org_|team_|oauth_client_)", "", group).removesuffix("s").split("_")
    return words[0] + "".join(word.title() for word in words[1:])


def _text(body: Any) -> str:
    """Take code and text of an error, without numbers and keys."""
    if not isinstance(body, dict):
        return ""
    error = body.get("error") if isinstance(body.get("error"), dict) else body
    text = f"{error.get('code')} {error.get('message')}" if "message" in error else ""
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "<uuid>", text)
    return re.sub(r"\d+", "<n>", text)
