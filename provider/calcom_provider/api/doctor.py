"""Look at a Cal.com API as it answers now, and say where it differs from what this provider was built on.

The hosted API is newer than any public description of it. A diagnosis tells a user what is wrong with a
connection, and tells us what has changed. It only reads, costs at most 15 requests, and holds nothing about
people: no names, no addresses, no ids of theirs, no values, so that it can be pasted into a public issue.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from calcom_provider import __version__
from calcom_provider.api.catalogue.operations import resolve
from calcom_provider.api.client import CalComClient
from calcom_provider.api.editions import ADVICE, NO_ORGANIZATIONS, is_missing_route, lacks_organizations
from calcom_provider.api.errors import (
    AuthenticationError,
    CalComError,
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
)
from calcom_provider.api.http.base_url import exposed_host
from calcom_provider.api.http.responses import ApiResponse
from calcom_provider.api.paging.fetcher import key_of, rising

MOST = 15
Level = Literal["ok", "note", "problem"]
MARKS: Mapping[Level, str] = {"ok": "ok      ", "note": "note    ", "problem": "PROBLEM "}


@dataclass(frozen=True, slots=True)
class Finding:
    """Say one thing that was seen: its weight, what was looked at, what it is, and how to fix it."""

    level: Level
    subject: str
    text: str
    fix: str | None = None


@dataclass(slots=True)
class Diagnosis:
    """Hold all findings; ``healthy`` is False as soon as one is a problem."""

    findings: list[Finding] = field(default_factory=list)
    requests: int = 0

    @property
    def healthy(self) -> bool:
        """Tell whether a sync of the default tables can be expected to work."""
        return all(finding.level != "problem" for finding in self.findings)

    def add(self, level: Level, subject: str, text: str, fix: str | None = None) -> None:
        """Note a finding.

        :param level: its weight.
        :param subject: what was looked at.
        :param text: what was seen.
        :param fix: what helps.
        """
        self.findings.append(Finding(level, subject, text, fix))

    def to_dict(self) -> dict[str, Any]:
        """Return the diagnosis as plain values."""
        return {
            "healthy": self.healthy,
            "requests": self.requests,
            "findings": [
                {"level": one.level, "subject": one.subject, "text": one.text, "fix": one.fix}
                for one in self.findings
            ],
        }


def diagnose(client: CalComClient, declared: Mapping[str, Collection[str]] | None = None) -> Diagnosis:
    """Look at the API with a client's credential.

    :param client: an open client; give it a short retry policy.
    :param declared: by short name of a list operation, the top-level fields of its rows that are stored; the
        answered fields are compared with them. Default none.
    """
    return _Doctor(client, declared or {}).look()


def render(diagnosis: Diagnosis) -> str:
    """Return a diagnosis as text, one finding a line, safe to paste.

    :param diagnosis: what :func:`diagnose` returned.
    """
    width = max((len(finding.subject) for finding in diagnosis.findings), default=0)
    lines = [
        f"{MARKS[finding.level]}{finding.subject:<{width}}  {finding.text}"
        + (f" -> {finding.fix}" if finding.fix else "")
        for finding in diagnosis.findings
    ]
    verdict = "no problem found" if diagnosis.healthy else "see the problems above"
    return "\n".join([*lines, f"{diagnosis.requests} requests; {verdict}"])


class _Doctor:
    def __init__(self, client: CalComClient, declared: Mapping[str, Collection[str]]) -> None:
        self._client = client
        self._declared = declared
        self._found = Diagnosis()
        self._before = client.stats.requests

    def look(self) -> Diagnosis:
        self._found.add("ok", "provider", f"airflow-provider-calcom {__version__}")
        self._found.add("ok", "base url", self._client.base_url)
        if exposed_host(self._client.base_url):
            self._found.add(
                "note",
                "encryption",
                "the credential and people's data go over http://, readable on the way",
                "use https://",
            )
        self._found.add("ok", "auth mode", self._client.auth.mode.replace("_", " "))
        if self._identity():
            self._lists()
            self._routes()
        self._limits()
        self._found.requests = self._client.stats.requests - self._before
        return self._found

    def _identity(self) -> bool:
        try:
            me = self._client.me()
            organization = self._client.organization_id
        except CalComError as error:
            self._problem("credential", error)
            return False
        self._found.add("ok", "credential", "accepted")
        if organization is None:
            if self._may_ask("organisation") and lacks_organizations(self._client):
                self._found.add("note", "edition", NO_ORGANIZATIONS, ADVICE)
                return False
            self._found.add(
                "note",
                "organisation",
                "the account belongs to none",
                "the group account can be read; for an organisation use the key of one of its admins",
            )
            return False
        own = me.get("organizationId")
        platform = isinstance(me.get("organization"), Mapping) and me["organization"].get("isPlatform")
        text = f"{organization}{', a platform' if platform else ''}"
        if own is not None and own != organization:
            self._found.add(
                "note",
                "organisation",
                f"{text}, while the credential's own is {own}",
                "right only where a platform's key reads an organisation that it manages; else name "
                f"{own}, or none, in the connection",
            )
        else:
            self._found.add("ok", "organisation", text)
        answer = self._ask("org_memberships.list", "role")
        if answer is None:
            return False
        self._found.add("ok", "role", "admin or owner: lists of the organisation can be read")
        self._rows("org_memberships.list", answer)
        return True

    def _lists(self) -> None:
        for operation in ("org_users.list", "org_ooo.list"):
            self._read(operation)
        attributes = self._read("org_attributes.list")
        if attributes:
            self._read("org_attribute_options.list", attributeId=attributes[0].get("id"))
            self._read("org_attribute_options.list_assigned", attributeId=attributes[0].get("id"))
        teams = self._read("org_teams.list")
        if teams:
            self._read("org_team_memberships.list", teamId=teams[0].get("id"))

    def _routes(self) -> None:
        me = self._client.me()
        probes: tuple[tuple[str, Mapping[str, Any]], ...] = (
            ("me_ooo.list", {"take": 1}),
            ("org_attribute_assignments.list_history", {"userId": me.get("id"), "limit": 1}),
            ("org_roles.list", {"take": 1}),
            ("org_team_event_types.list_all", {"take": 1}),
        )
        for operation, parameters in probes:
            known = {p.name for p in resolve(operation).parameters}
            self._probe(operation, {name: value for name, value in parameters.items() if name in known})

    def _probe(self, operation: str, parameters: Mapping[str, Any]) -> None:
        subject = f"route {operation}"
        if not self._may_ask(subject):
            return
        try:
            self._client.send(operation, **parameters)
        except NotFoundError as error:
            missing = is_missing_route(error)
            self._found.add(
                "note", subject, "is not there" if missing else "is there (HTTP 404 for this object)"
            )
        except PermissionDeniedError:
            self._found.add("note", subject, "is there, but not for this credential (HTTP 403)")
        except CalComError as error:
            self._found.add("note", subject, f"HTTP {error.status}" if error.status else "no answer")
        else:
            self._found.add("ok", subject, "is there")

    def _read(self, operation: str, **parameters: Any) -> list[dict[str, Any]]:
        answer = self._ask(operation, operation, **parameters)
        return self._rows(operation, answer) if answer is not None else []

    def _ask(self, operation: str, subject: str, **parameters: Any) -> ApiResponse | None:
        """Ask for the largest page, or where that is refused for the size that every list takes."""
        paging = resolve(operation).paging
        sizes = [paging.size, 250] if paging and paging.size > 250 else [paging.size if paging else 0]
        for size in sizes:
            if not self._may_ask(subject):
                return None
            place = {paging.size_name: size} if paging and size else {}
            try:
                answer = self._client.send(operation, **parameters, **place)
            except InvalidRequestError as error:
                if size == sizes[-1] or error.status != 400:
                    self._problem(subject, error)
                    return None
                self._found.add(
                    "note", operation, f"pages of {size} rows are refused here", "smaller ones are used"
                )
            except CalComError as error:
                self._problem(subject, error)
                return None
            else:
                return answer
        return None

    def _rows(self, operation: str, answer: ApiResponse) -> list[dict[str, Any]]:
        rows = [row for row in answer.data or [] if isinstance(row, dict)]
        paging = resolve(operation).paging
        seen = [
            f"{'at least ' if paging and paging.size and len(rows) >= paging.size else ''}{len(rows)} rows"
        ]
        level: Level = "ok"
        if paging and len(rows) > 1:
            seen.append(_order(rows, paging.key, paging.order))
            if paging.order == "number" and seen[-1] != "keys rise":
                level = "note"
        self._found.add(level, operation, ", ".join(seen))
        if rows and operation in self._declared:
            self._fields(operation, rows)
        return rows

    def _fields(self, operation: str, rows: list[dict[str, Any]]) -> None:
        answered = {name for row in rows for name in row}
        declared = set(self._declared[operation])
        new, gone = sorted(answered - declared), sorted(declared - answered)
        if new:
            self._found.add(
                "note",
                f"{operation} fields",
                f"not stored: {', '.join(new)}",
                "please report them; schema_evolution can store them",
            )
        if gone:
            self._found.add("note", f"{operation} fields", f"in no row seen: {', '.join(gone)}")

    def _limits(self) -> None:
        snapshot = self._client.governor.snapshot()
        if not self._client.governor.store_works:
            # Its own words may hold a host or a user's name; the log has them.
            self._found.add(
                "note",
                "rate-limit state",
                f"{_kind(str(self._client.governor.store))} cannot be used; this process counts alone",
                "correct the connection's Rate-limit state, CALCOM_STATE_STORE or CALCOM_STATE_DIR",
            )
        if snapshot.silent:
            kept = "none is assumed" if snapshot.limit is None else f"{snapshot.limit} are assumed"
            self._found.add(
                "note",
                "limit",
                f"answers state none; {kept}",
                "--assumed-limit sets what is assumed, 0 for none",
            )
            return
        if snapshot.assumed:
            # No answer at all, as of a closed port, says nothing of limits
            seen = "too few answers to tell" if self._client.stats.bytes else "nothing was answered"
            self._found.add("note", "limit", f"not known: {seen}")
            return
        names = ", ".join(f"{name or 'unnamed'} {size}" for name, size in snapshot.names.items())
        self._found.add(
            "ok",
            "limit",
            f"{names}; {snapshot.remaining} left for {snapshot.window_ends_in:.0f} s; "
            f"counted in {_kind(snapshot.source)}",
        )
        if self._client.stats.throttled:
            self._found.add(
                "note", "limit", "a request was refused (429)", "something else uses the same credential"
            )

    def _may_ask(self, subject: str) -> bool:
        if self._client.stats.requests - self._before < MOST:
            return True
        self._found.add("note", subject, f"not looked at: {MOST} requests are spent")
        return False

    def _problem(self, subject: str, error: CalComError) -> None:
        if subject == "role" and is_missing_route(error):
            self._found.add("problem", "edition", NO_ORGANIZATIONS, ADVICE)
            return
        # The API's own words may name people; the class, the status and our advice do not.
        status = f"HTTP {error.status}" if error.status else error.message
        words = {
            AuthenticationError: "the credential is not accepted",
            PermissionDeniedError: "the credential may not read this",
        }.get(type(error), type(error).__name__)
        text = f"{status}: {words}" if error.status else status
        if error.request_id:
            text += f" [request id {error.request_id}]"
        self._found.add("problem", subject, text, error.advice)


def _order(rows: list[dict[str, Any]], names: tuple[str, ...], order: str) -> str:
    key = key_of(names)
    keys = [key(row) for row in rows] if key else []
    if keys and rising(keys):
        return "keys rise"
    return "keys do not rise" if order in ("number", "uuid", "cuid") else "in no order of keys"


def _kind(source: str) -> str:
    # A folder's path may contain a user's name.
    return "files" if source.startswith("files ") else source.partition(" at ")[0].partition(",")[0]
