"""Changes that no webhook tells of show at a look at a few pages; what a look costs is counted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.api.http.auth import ApiKey
from calcom_provider.api.rate_limit.governor import Governor
from calcom_provider.cli.app import run
from calcom_provider.resources.changes import CHECKED, CHECKS
from calcom_provider.resources.errors import SchemaChangedError
from calcom_provider.sandbox.control.mutations import mutate
from calcom_provider.sandbox.world.world import World as State
from calcom_provider.sync.events import looks
from calcom_provider.sync.events.looks import Looked, _fingerprint, look
from tests.integration.events.world import World, world
from tests.plugins.api import client_for


@pytest.fixture
def w(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


def looked(w: World, *resources: str) -> Looked:
    done = look(w.client, w.store.looks, resources)
    w.store.looks.keep_looks(done.organization_id, done.looks)
    return done


def test_the_first_look_tells_all_and_the_next_nothing_for_one_request_a_list(w: World) -> None:
    first = looked(w)
    assert (tuple(first.changed), first.unchanged, first.left, first.ends) == (CHECKED, [], [], [])
    before = w.client.stats.requests
    second = looked(w)
    assert (second.changed, tuple(second.unchanged)) == ([], CHECKED)
    assert second.requests == w.client.stats.requests - before == len(CHECKS)


def _move_absence(w: World, state: State) -> None:
    row = next(iter(state.ooo.ordered()))
    state.ooo.update(row, end="2027-12-24T23:59:59.999Z")


def _demote(w: World, state: State) -> None:
    row = next(row for row in state.memberships.by("teamId", w.organization_id) if row["role"] == "MEMBER")
    state.memberships.update(row, role="ADMIN")


def _assign(w: World, state: State) -> None:
    attribute = next(row for row in state.attributes.ordered() if row["type"] == "MULTI_SELECT")
    held = {(row["memberId"], row["attributeOptionId"]) for row in state.assignments}
    option = next(iter(state.options.by("attributeId", attribute["id"])))
    member = next(
        row
        for row in state.memberships.by("teamId", w.organization_id)
        if (row["id"], option["id"]) not in held
    )
    state.assign(member, option["id"])


def _rename(table: str, **fields: Any) -> Callable[[World, State], None]:
    def act(w: World, state: State) -> None:
        column = "parentId" if table == "teams" else "teamId"
        rows = getattr(state, table)
        rows.update(next(iter(rows.by(column, w.organization_id))), **fields)

    return act


def _rename_person(w: World, state: State) -> None:
    profile = next(iter(state.profiles.by("organizationId", w.organization_id)))
    state.users.update(state.users.get(profile["userId"]), name="Other Name")


def _mutate(resource: str, what: str) -> Callable[[World, State], None]:
    return lambda w, state: (mutate(state, w.organization_id, resource, what), None)[1]


CHANGES: dict[str, tuple[Callable[[World, State], None], set[str]]] = {
    "absence made": (_mutate("ooo_entries", "insert"), {"ooo_entries"}),
    "absence deleted": (_mutate("ooo_entries", "delete"), {"ooo_entries"}),
    "absence changed": (_move_absence, {"ooo_entries"}),
    "role changed": (_demote, {"memberships"}),
    "option assigned": (_assign, {"attribute_options", "attribute_assignments"}),
    "attribute renamed": (
        _rename("attributes", name="Other"),
        {"attributes", "attribute_options", "attribute_assignments"},
    ),
    "person renamed": (_rename_person, {"users"}),
    "team renamed": (_rename("teams", name="Other"), {"teams"}),
    "team made": (_mutate("teams", "insert"), {"teams"}),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_told_once_and_of_its_tables_alone(w: World, name: str) -> None:
    looked(w)
    act, told = CHANGES[name]
    with w.sandbox.paused() as state:
        act(w, state)
    # Somebody who looks without telling leaves the change to the next.
    look(w.client, w.store.looks)
    assert set(looked(w).changed) == told
    assert looked(w).changed == []


def test_of_a_long_list_the_end_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "WHOLE_PAGES", 1)
    with world(tmp_path, users=620) as w:
        first = looked(w, "memberships")
        with w.sandbox.paused() as state:
            rows = len(state.memberships.by("teamId", w.organization_id))
        seen = w.store.looks.looks(w.organization_id)["memberships"]
        assert (first.ends, seen.rows, seen.skip) == (["memberships"], rows, rows - looks.TAIL)
        quiet = looked(w, "memberships")
        assert (quiet.changed, quiet.requests) == ([], 1)
        with w.sandbox.paused() as state:
            mutate(state, w.organization_id, "memberships", "delete", 5)
        assert looked(w, "memberships").changed == ["memberships"]
        with w.sandbox.paused() as state:
            mutate(state, w.organization_id, "memberships", "insert")
        grown = looked(w, "memberships")
        assert (grown.changed, grown.requests) == (["memberships"], 1)
        assert looked(w, "memberships").changed == []
        # What shrinks by much is measured anew.
        with w.sandbox.paused() as state:
            for _ in range(80):
                mutate(state, w.organization_id, "memberships", "delete")
        assert looked(w, "memberships").changed == ["memberships"]
        assert w.store.looks.looks(w.organization_id)["memberships"].rows == rows - 80
        assert looked(w, "memberships").changed == []


def test_a_look_gives_way_to_those_who_read(w: World) -> None:
    governor = Governor()
    with client_for(
        w.sandbox.url,
        auth=ApiKey(w.sandbox.keys["admin"]),
        organization_id=w.organization_id,
        governor=governor,
    ) as client:
        looked(w)
        w.sandbox.spend("admin", 70)
        client.call("org_teams.list", take=1)
        done = look(client, w.store.looks)
    assert (done.left, done.requests, done.changed) == (list(CHECKED), 0, [])


def test_nothing_of_a_person_is_remembered_or_told(w: World) -> None:
    done = looked(w)
    with w.sandbox.paused() as state:
        people = [row["email"] for row in state.users.ordered()] + [
            row["name"] for row in state.users.ordered() if row["name"]
        ]
    with w.store.database.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM calcom_change_looks").all()
    kept = json.dumps([list(map(str, row)) for row in rows]) + json.dumps(done.to_dict())
    assert len(rows) == 6
    assert not [text for text in people if text in kept]


def test_the_command_prints_what_a_sync_is_to_read(
    w: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CALCOM_BASE_URL", w.sandbox.url)
    monkeypatch.setenv("CALCOM_API_KEY", w.sandbox.keys["admin"])
    monkeypatch.setenv("CALCOM_ORGANIZATION_ID", str(w.organization_id))
    words = ["webhooks", "check", "--store", f"sqlite:///{tmp_path}/events.db", "--resources", "teams,users"]
    assert run(words) == 0
    assert capsys.readouterr().out == "users,teams\n"
    with w.sandbox.paused() as state:
        mutate(state, w.organization_id, "teams", "insert")
    assert run([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["resources"], told["requests"]) == (["teams"], 2)
    assert run(words) == 0
    assert capsys.readouterr().out == "\n"
    assert run([*words[:-1], "bookings"]) == 2


def test_only_what_a_look_tells_of_can_be_asked_for(w: World) -> None:
    with pytest.raises(ConfigurationError, match="team_memberships"):
        looked(w, "team_memberships")


def test_odd_texts_are_compared_and_what_is_too_deep_is_said_so() -> None:
    part = CHECKS[0].parts[0]
    names = part.only or ("name",)
    odd, other = (dict.fromkeys(names, text) for text in ("a\ud800", "b\ud800"))
    assert _fingerprint(part, [odd]) == _fingerprint(part, [dict(odd)])
    assert _fingerprint(part, [odd]) != _fingerprint(part, [other])
    deep: Any = "end"
    for _ in range(5_000):
        deep = [deep]
    with pytest.raises(SchemaChangedError, match="nested too deeply to be compared"):
        _fingerprint(part, [dict.fromkeys(names, deep)])
