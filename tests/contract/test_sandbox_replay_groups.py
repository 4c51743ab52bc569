"""Play the second recorded run against the sandbox: all groups, twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.sandbox.app import Application
from calcom_provider.sandbox.groups.account.verified_resources import verification_code
from tests.contract.recordings import Recording, find_route, load
from tests.contract.replay_groups_player import Outcome, Player, lines, misses, tally
from tests.contract.replay_groups_steps import LATER_KEYS, SKIPPED, STEPS, Tokens, direct
from tests.contract.replay_groups_world import RecordedWorld

pytestmark = pytest.mark.shared

# What the recorded build had and could not answer: another route stood before them
SHADOWED = {"org_team_event_types.list_all", "org_team_routing_form_workflows.list"}


def absent(recording: Recording) -> bool:
    """Tell whether the recorded build did not have a route that the catalogue has."""
    error = recording.answer.get("error", {}) if isinstance(recording.answer, dict) else {}
    text = error.get("message", "") if isinstance(error, dict) else ""
    route = find_route(recording.method, recording.path)
    right = route is not None and recording.version == route[0].version
    return recording.status == 404 and text.startswith("Cannot ") and right


class Replay:
    """Play a run against an organisation made with a seed and numbers of its own."""

    def __init__(self, recordings: list[Recording], seed: int, first_id: int | None) -> None:
        self.made = RecordedWorld(seed, first_id)
        self.absent = {find_route(r.method, r.path)[0].name for r in recordings if absent(r)}  # type: ignore[index]
        self.made.world.absent = self.absent
        self.made.world.broken = set(SHADOWED)
        self.ticks = 0.0
        self.app = Application(self.made.world, clock=lambda: self.ticks)
        self.player = Player(self.app, self.made.names, self.headers, STEPS, self.change)
        self.player.direct = direct(self.made, self.player)
        self.tokens = Tokens(self.player, self.made)
        self.recordings = recordings

    def headers(self, key: str | None, sent: Mapping[str, str], number: str, path: str) -> dict[str, str]:
        if key in self.made.keys:
            return {"Authorization": f"Bearer {self.made.keys[key]}"}
        if number in LATER_KEYS:
            where = LATER_KEYS[number]
            held = self.player.answers[where]["apiKey"] if where else "cal_" + "0" * 32
            return {"Authorization": f"Bearer {held}"}
        return self.tokens.headers(key, sent, number, path)

    def change(self, number: str, body: Any) -> Any:
        if isinstance(body, dict) and "refreshToken" in body:
            return {**body, "refreshToken": self.tokens.refresh(number)}
        if isinstance(body, dict) and body.get("code") not in (None, "000000") and "email" in body:
            return {**body, "code": verification_code(body["email"])}
        return body

    def run(self) -> list[Outcome]:
        outcomes = []
        for recording in self.recordings:
            # The recorded requests came a little less than half a second apart
            self.ticks = int(recording.number.partition("-")[2]) * 0.45
            reason = SKIPPED.get(recording.number, "")
            if absent(recording):
                reason = "the recorded build did not have the route"
            if reason and recording.number in SKIPPED:
                outcomes.append(Outcome(recording, skipped=reason))
                continue
            outcome = self.player.play(recording)
            outcome.skipped = reason
            outcomes.append(outcome)
        return outcomes


RUNS = {"with the keys of the recordings": (1, 0), "with other keys and another seed": (77, None)}


@pytest.fixture(scope="module", params=list(RUNS))
def outcomes(request: pytest.FixtureRequest, shared_dir: Path) -> list[Outcome]:
    recordings = [one for one in load(shared_dir) if one.number.startswith("2-")]
    seed, first_id = RUNS[request.param]
    return Replay(recordings, seed, first_id).run()


def test_the_sandbox_answers_as_recorded(
    outcomes: list[Outcome], request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> None:
    for line in lines(f"sandbox replay, all groups, {request.node.callspec.params['outcomes']}", outcomes):
        record_property("replay", line)
    counted = [outcome for outcome in outcomes if not outcome.skipped]
    assert len(counted) > 850
    for name, (good, total) in tally(counted).items():
        least = 0.95 if name == "all" else 0.90
        assert good >= least * total, f"{name}: {good} of {total}\n{misses(outcomes)}"


def test_what_is_not_counted_has_a_reason(outcomes: list[Outcome]) -> None:
    skipped = [outcome for outcome in outcomes if outcome.skipped]
    assert len(skipped) < 0.05 * len(outcomes)
    assert all(outcome.skipped.strip() for outcome in skipped)


def test_other_keys_are_other_keys(shared_dir: Path) -> None:
    made = [RecordedWorld(*RUNS[name]) for name in RUNS]
    for kind in ("user", "team", "event_type", "schedule"):
        here = [
            {names.numbers[kind, number] for k, number in names.numbers if k == kind}
            for names in (one.names for one in made)
        ]
        assert not here[0] & here[1], kind
