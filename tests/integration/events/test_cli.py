"""The commands around webhooks, against a server: what they do, say and end with, and that no secret is said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from calcom_provider.cli.app import run
from calcom_provider.events.secrets import derive
from calcom_provider.events.store.tables import EVENTS
from tests.integration.events.world import SECRET, World, world
from tests.polling import wait_for

UNKNOWN = {"BOOKING_LOCATION_UPDATED", "BOOKING_REASSIGNED", "ROUTING_FORM_FALLBACK_HIT"}


class Shell:
    """Run commands of one user and keep all that they say."""

    def __init__(self, w: World, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.w = w
        self.folder = folder
        self.said = ""
        self._capsys = capsys

    def __call__(self, *words: str, code: int = 0) -> str:
        found = run(["webhooks", *words])
        out, err = self._capsys.readouterr()
        self.said += out + err
        assert found == code, err
        return out if code == 0 else err

    def hooks(self) -> list[dict[str, object]]:
        return [
            row
            for row in self.w.client.rows("org_webhooks.list")
            if row["subscriberUrl"].startswith(self.w.url)
        ]


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Shell]:
    with world(tmp_path) as w:
        for name, value in {
            "CALCOM_BASE_URL": w.sandbox.url,
            "CALCOM_API_KEY": w.sandbox.keys["admin"],
            "CALCOM_ORGANIZATION_ID": str(w.organization_id),
            "CALCOM_STATE_DIR": str(tmp_path / "state"),
            "CALCOM_EVENTS_URL": f"sqlite:///{tmp_path}/events.db",
            "CALCOM_WEBHOOK_SECRET": SECRET,
        }.items():
            monkeypatch.setenv(name, value)
        made = Shell(w, tmp_path, capsys)
        yield made
        secrets = [SECRET, w.sandbox.keys["admin"]]
        secrets += [derive(SECRET, w.organization_id, generation) for generation in range(1, 6)]
        assert made.said
        assert [secret for secret in secrets if secret in made.said] == []


def kept(w: World) -> int:
    count = sa.select(sa.func.count()).select_from(EVENTS)
    return int(w.store.database.run(lambda connection: connection.execute(count).scalar_one()))


def test_a_subscription_from_its_beginning_to_its_end(shell: Shell) -> None:
    w, address = shell.w, f"{shell.w.url}/calcom-events/{shell.w.organization_id}"
    told = shell("register", "--url", f"{w.url}/calcom-events")
    assert told.startswith("Registered: ")
    assert f" triggers to {address}" in told
    assert set(told.partition("does not know: ")[2].strip().split(", ")) == UNKNOWN
    (held,) = shell.hooks()
    assert not UNKNOWN & set(held["triggers"])  # type: ignore[call-overload]
    # Again it changes nothing, and still names what it left out.
    again = json.loads(shell("register", "--url", f"{w.url}/calcom-events", "--json"))
    assert (again["changed"], set(again["dropped"])) == (False, UNKNOWN)
    assert shell.hooks() == [held]
    assert shell("test") == "The receiver took the delivery.\n"
    # What was changed by hand is brought back.
    w.call("org_webhooks.update", webhookId=held["id"], active=False)
    assert "off" in shell("list")
    assert shell("register", "--url", f"{w.url}/calcom-events").startswith("Registered: ")
    assert shell.hooks() == [held]
    listed = shell("list")
    assert f"{held['id']}  ours  on  {address}" in listed
    assert "refused unread, or of no organisation here: none" in listed
    assert shell("rotate") == "Secret 2 is in use.\n"
    assert shell("rotate") == "Secret 3 is in use.\n"
    (rotated,) = shell.hooks()
    assert (rotated["id"], rotated["secret"] == held["secret"]) == (held["id"], False)
    shell("test")
    assert shell("remove") == "Removed.\n"
    assert shell.hooks() == []
    assert shell("remove") == "There was no subscription.\n"
    assert "Register one first" in shell("test", code=1)
    assert "Register one first" in shell("rotate", code=1)


def test_rows_that_were_named_are_merged_once(shell: Shell) -> None:
    w, tables = shell.w, f"sqlite:///{shell.folder}/warehouse.db"
    shell("register", "--url", w.url)
    first, second, third = (booking["uid"] for booking in w.bookings()[:3])
    w.cancel(first)
    w.drain()
    # No sync has made the table yet: nothing is lost.
    w.sync("users")
    assert "not there yet" in shell("sync", "--to", tables, code=1)
    w.sync()
    told = shell("sync", "--to", tables)
    assert told.startswith("1 rows named, 1 merged, 0 left, 0 deferred, 1 requests")
    assert w.rows("bookings", "status", f"uid = '{first}'") == [("cancelled",)]
    assert json.loads(shell("sync", "--to", tables, "--json"))["changes"] == 0
    # What was merged long ago is forgotten.
    aged = sa.update(EVENTS).values(done_at=EVENTS.c.done_at - 31 * 86_400.0)
    w.store.database.run(lambda connection: connection.execute(aged))
    shell("sync", "--to", tables, "--keep-days", "60")
    assert kept(w) == 1
    shell("sync", "--to", tables)
    assert kept(w) == 0
    # Both secrets are valid after a rotation.
    w.cancel(second)
    w.drain()
    shell("rotate")
    w.cancel(third)
    w.drain()
    assert json.loads(shell("sync", "--to", tables, "--json"))["merged"] == 2
    # The receiver writes its counts once a second.
    wait_for(lambda: json.loads(shell("list", "--json"))["deliveries"].get("accepted") == 3)
    assert json.loads(shell("list", "--json"))["of_nobody"] == {}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("register", "--url", "ftp://somewhere"), 1, "https://"),
        (("sync", "--to", "sqlite:///not-there.db"), 2, "no database file"),
        (("sync", "--to", "sqlite:///{folder}/warehouse.db", "--delete-guard", "half=1"), 2, "no bound"),
        (("test", "--url", "http://127.0.0.1:1"), 1, "cannot be reached"),
        (("test", "--url", "{api}/nothing"), 1, "404: it does not know"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(shell: Shell, words: tuple[str, ...], code: int, said: str) -> None:
    shell.w.sync("users")
    told = shell(*(word.format(folder=shell.folder, api=shell.w.sandbox.url) for word in words), code=code)
    assert said in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("secret", "code", "said"), [("", 2, "no webhook secret"), ("short", 1, "16 characters")]
)
def test_without_a_secret_nothing_is_done(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, secret: str, code: int, said: str
) -> None:
    monkeypatch.setenv("CALCOM_WEBHOOK_SECRET", secret)
    for command in (("register", "--url", shell.w.url), ("test",), ("rotate",), ("remove",), ("list",)):
        assert said in shell(*command, code=code)
    assert shell.hooks() == []


def test_a_receiver_with_another_secret_is_told_apart(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell("register", "--url", shell.w.url)
    monkeypatch.setenv("CALCOM_WEBHOOK_SECRET", "another-secret-of-the-connection")
    assert "another secret" in shell("test", code=1)
