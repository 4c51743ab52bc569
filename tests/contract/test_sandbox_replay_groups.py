"""Play the second recorded run against the sandbox: event types, bookings, schedules, forms, platforms, calendars."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.sandbox.app import Application
from calcom_provider.sandbox.groups.verified_resources import verification_code

from tests.contract.recordings import Recording, find_route, load
from tests.contract.replay import Outcome, Player, report, tally
from tests.contract.replay_groups_steps import LATER_KEYS, SKIPPED, STEPS, Tokens
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
        self.tokens = Tokens(self.player)
        self.recordings = recordings

    def headers(self, key: str | None, sent: Mapping[str, str], number: str, path: str) -> dict[str, str]:
        if key in self.made.keys:
            return {"Authorization": f"Bearer {self.made.keys[key]}"}
        if number in LATER_KEYS:
            where = LATER_KEYS[number]
            held = self.player.answers[where]["apiKey"] if where else "cal_" + "0" * 32
            return {"Authorization": f"Bearer {held}"}
        return self.tokens.headers(key, sent, number, path, self.made)

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


@pytest.fixture(scope="module")
def recordings(shared_dir: Path) -> list[Recording]:
    return [one for one in load(shared_dir) if one.number.startswith("2-")]


@pytest.mark.parametrize(
    ("seed", "first_id"), [(1, 0), (77, None)], ids=["same numbers", "other numbers and seed"]
)
def test_the_sandbox_answers_as_recorded(
    recordings: list[Recording], seed: int, first_id: int | None, capsys: pytest.CaptureFixture[str]
) -> None:
    outcomes = Replay(recordings, seed, first_id).run()
    with capsys.disabled():
        print("\n" + report(f"Replay of the second run, seed {seed}", outcomes))
    counted = [outcome for outcome in outcomes if not outcome.skipped]
    classes = Counter(outcome.recording.status // 100 for outcome in counted)
    good = Counter(outcome.recording.status // 100 for outcome in counted if outcome.good)
    assert good.total() >= 0.95 * classes.total()
    for status_class, total in classes.items():
        assert good[status_class] >= 0.90 * total, f"{status_class}xx: {good[status_class]} of {total}"
    assert tally(outcomes)
