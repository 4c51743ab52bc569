"""The sandbox answers recorded requests of the real API with the same status and the same shape.

Played twice: with the keys of the recordings, and with other keys and another seed, so that no play-back
could pass.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.contract import arrange_organization  # noqa: F401  (declares its changes)
from tests.contract.acme import Acme
from tests.contract.organization_replay import Player, Score
from tests.contract.recordings import Recording, find_route, load

GROUPS = {
    "me", "api_keys", "org_users", "org_memberships", "org_attributes", "org_attribute_options", "org_ooo",
    "org_user_ooo", "org_teams", "org_team_memberships", "org_delegation_credentials",
}  # fmt: skip
"""Groups whose recordings are played and counted."""

ROLES = {"org_roles", "org_role_permissions", "org_team_roles", "org_team_role_permissions"}
PLATFORM_KEYS = {
    "PLATFORM_OWNER", "PLATFORM_MEMBER", "PLATFORM_ADMIN", "PLATFORM_OWNER_NOTEAM", "ESSENTIALS_OWNER",
    "NOBILLING_OWNER", "client secret + client id", "client secret", "managed-user access token",
}  # fmt: skip


def leave_out(recording: Recording) -> str | None:
    """Say why a recording is not counted."""
    route = find_route(recording.method, recording.path.removeprefix("/api").rstrip("/"))
    group = route[0].group if route else ""
    if group in ROLES or group == "oauth2":
        return "the recorded build has no such route; the sandbox serves the contract"
    if group and group not in GROUPS:
        return "the group is played by its own test"
    if route is None and recording.path.startswith(
        ("/v2/slots", "/v2/gcal", "/v2/timezones", "/v2/provider")
    ):
        return "the group is played by its own test"
    if recording.key in PLATFORM_KEYS or "managed org" in recording.label:
        return "made with credentials of a platform, played with the platform's groups"
    return None


@pytest.fixture(
    scope="module", params=[("keys of the recordings", 1, 0), ("other keys", 77, 40_000)], ids=lambda p: p[0]
)
def score(request: pytest.FixtureRequest, shared_recordings: list[Recording]) -> Score:
    name, seed, first_id = request.param
    total = Score()
    for run in ("1", "2"):
        player = Player(Acme(seed, first_id))
        played = player.play([one for one in shared_recordings if one.number[0] == run], leave_out)
        total.outcomes += played.outcomes
        total.left_out |= played.left_out
    total.name = f"sandbox, organisation routes, {name}"
    return total


@pytest.fixture(scope="module")
def shared_recordings(shared_dir: Path) -> list[Recording]:
    return load(shared_dir)


@pytest.mark.shared
def test_replay_matches_overall(score: Score, record_property: Callable[[str, object], None]) -> None:
    for line in score.lines(score.name):
        record_property("replay", line)
    assert len(score.outcomes) > 400
    assert score.share() >= 0.95, "\n".join(score.misses())


@pytest.mark.shared
def test_replay_matches_in_each_status_class(score: Score) -> None:
    shares = {number: score.share(number) for number in score.classes()}
    assert min(shares.values()) >= 0.9, f"{shares}\n" + "\n".join(score.misses())


@pytest.mark.shared
def test_errors_say_the_same(score: Score) -> None:
    different = [str(one.recording) for one in score.outcomes if one.matches and one.text_differs]
    assert len(different) <= 0.02 * len(score.outcomes), different
