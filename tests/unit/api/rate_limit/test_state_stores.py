"""Every store changes a record for one holder at a time, and says so when it cannot be used."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.api.rate_limit.governor import Governor, Permit
from calcom_provider.api.rate_limit.state import (
    FileStateStore,
    MemoryStateStore,
    PostgresStateStore,
    RedisStateStore,
    StateStore,
    StateUnavailableError,
    open_state_store,
)
from calcom_provider.api.rate_limit.window import Wait
from tests.faults.governor_child import headers

THREADS, TURNS = 6, 20


def holds_a_record_for_one(make: Callable[[], StateStore]) -> None:
    """Count in several threads, each with a connection of its own."""

    def count() -> None:
        store = make()
        for _ in range(TURNS):
            with store.transaction("count") as held:
                held.save({"n": (held.data or {"n": 0})["n"] + 1})
        store.close()

    threads = [threading.Thread(target=count) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store = make()
    with store.transaction("count") as held:
        assert held.data == {"n": THREADS * TURNS}

    def break_off() -> None:
        with store.transaction("count") as held:
            held.save({"n": 0})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        break_off()
    with store.transaction("count") as held:
        assert held.data == {"n": THREADS * TURNS}
    with store.transaction("other") as held:
        assert held.data is None
        first = held.now
    with store.transaction("other") as held:
        assert 0 <= held.now - first < 10
    store.close()


def shares_a_budget(make: Callable[[], StateStore]) -> None:
    """Spend with one governor what another then does not have."""
    one, two = Governor(make(), "key"), Governor(make(), "key")
    permit = one.ask()
    assert isinstance(permit, Permit)
    opening = two.ask()
    assert isinstance(opening, Wait)
    assert opening.reason == "opening"
    one.report(permit, headers(2, 1))
    permit = two.ask()
    assert isinstance(permit, Permit)
    spent = one.ask()
    assert isinstance(spent, Wait)
    began = time.monotonic()
    two.report(permit, {"retry-after": "7"}, refused=True)
    blocked = one.ask()
    assert isinstance(blocked, Wait)
    assert blocked.reason == "block"
    assert 6.9 - (time.monotonic() - began) < blocked.seconds < 8
    assert isinstance(Governor(make(), "another key").ask(), Permit)
    snapshot = two.snapshot()
    assert snapshot.limit == 2
    assert 6 < snapshot.blocked_for <= 7
    for governor in (one, two):
        governor.store.close()


def goes_on_alone(store: StateStore, caplog: pytest.LogCaptureFixture) -> None:
    """Use a governor whose store is not there."""
    with pytest.raises(StateUnavailableError), store.transaction("x"):
        pass
    governor = Governor(store, "key")
    governor.report(governor.acquire(), headers(2, 1))
    governor.report(governor.acquire(), headers(2, 0))
    assert isinstance(governor.ask(), Wait)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "hush" not in caplog.text


def test_file(tmp_path: Path) -> None:
    holds_a_record_for_one(lambda: FileStateStore(tmp_path))
    shares_a_budget(lambda: FileStateStore(tmp_path))
    assert str(FileStateStore(tmp_path)) == f"files in {tmp_path}"


def test_file_folder_is_private_and_old_records_go(tmp_path: Path) -> None:
    import os

    folder = tmp_path / "state"
    user = FileStateStore(folder)
    with user.transaction("old") as held:
        held.save({})
    assert folder.stat().st_mode & 0o077 == 0
    os.utime(folder / "old.json", (1, 1))
    with user.transaction("old"), FileStateStore(folder).transaction("new") as held:
        held.save({})
    assert {path.name for path in folder.glob("*.json")} == {"old.json", "new.json"}, (
        "somebody held the old one"
    )
    with FileStateStore(folder).transaction("new") as held:
        held.save({})
    assert {path.name for path in folder.glob("*.json")} == {"new.json"}


def test_memory() -> None:
    store = MemoryStateStore()
    holds_a_record_for_one(lambda: store)
    other = MemoryStateStore()
    shares_a_budget(lambda: other)


def test_redis(redis_url: str) -> None:
    holds_a_record_for_one(lambda: RedisStateStore(redis_url))
    shares_a_budget(lambda: RedisStateStore(redis_url))
    assert redis_url not in str(RedisStateStore(redis_url)) or "@" not in redis_url


def test_redis_lock_of_a_dead_holder_ends(redis_url: str) -> None:
    import redis

    server = redis.Redis.from_url(redis_url)
    server.set("calcom:limit:x:lock", "dead", px=300)
    with RedisStateStore(redis_url).transaction("x") as held:
        held.save({"n": 1})
    server.set("calcom:limit:x:lock", "alive", px=60_000)
    with pytest.raises(StateUnavailableError), RedisStateStore(redis_url, timeout=0.2).transaction("x"):
        pass
    server.delete("calcom:limit:x:lock")


def test_redis_holder_that_lost_its_lock_writes_nothing(redis_url: str) -> None:
    import redis

    server = redis.Redis.from_url(redis_url)
    store = RedisStateStore(redis_url)
    with store.transaction("y") as held:
        server.set("calcom:limit:y:lock", "somebody else")
        held.save({"n": "late"})
    assert server.get("calcom:limit:y") is None
    assert server.get("calcom:limit:y:lock") == b"somebody else"
    server.delete("calcom:limit:y:lock")
    server.set("calcom:limit:y", b"{damaged")
    with store.transaction("y") as held:
        assert held.data is None


def test_redis_that_is_not_there(caplog: pytest.LogCaptureFixture) -> None:
    goes_on_alone(RedisStateStore("redis://:hush@127.0.0.1:9/0"), caplog)


def test_postgres(postgres_url: str) -> None:
    holds_a_record_for_one(lambda: PostgresStateStore(postgres_url))
    shares_a_budget(lambda: PostgresStateStore(postgres_url))
    assert "@" not in str(PostgresStateStore(postgres_url))


def test_postgres_survives_a_lost_connection(postgres_url: str) -> None:
    store = PostgresStateStore(postgres_url)
    with store.transaction("x") as held:
        held.save({"n": 1})
    store._connection.close()
    with store.transaction("x") as held:
        assert held.data == {"n": 1}
    store.close()


def test_postgres_that_is_not_there(caplog: pytest.LogCaptureFixture) -> None:
    goes_on_alone(PostgresStateStore("postgresql+psycopg://u:hush@127.0.0.1:9/x"), caplog)


def test_a_postgres_database_that_does_not_exist_is_named_so(
    postgres_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    goes_on_alone(PostgresStateStore(f"{postgres_url}_which_nobody_made"), caplog)
    assert "PostgreSQL: the server has no database of this name" in caplog.text
    assert "which_nobody_made" not in caplog.text


@pytest.mark.parametrize(
    ("setting", "kind"),
    [
        ("memory:", MemoryStateStore),
        ("redis://127.0.0.1:9/0", RedisStateStore),
        ("rediss://127.0.0.1:9/0", RedisStateStore),
        ("postgresql://127.0.0.1:9/x", PostgresStateStore),
        ("postgres://127.0.0.1:9/x", PostgresStateStore),
        ("postgresql+psycopg2://127.0.0.1:9/x", PostgresStateStore),
    ],
)
def test_a_setting_names_the_store(setting: str, kind: type) -> None:
    assert isinstance(open_state_store(setting), kind)


def test_folders_as_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert str(open_state_store(str(tmp_path))) == f"files in {tmp_path}"
    assert str(open_state_store(f"file://{tmp_path}")) == f"files in {tmp_path}"
    monkeypatch.setenv("CALCOM_STATE_DIR", str(tmp_path / "a"))
    assert str(open_state_store()) == f"files in {tmp_path / 'a'}"
    monkeypatch.setenv("CALCOM_STATE_STORE", "memory:")
    assert isinstance(open_state_store(""), MemoryStateStore)


def test_an_unknown_kind_is_refused_without_showing_it() -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_state_store("mongodb://u:hush@host/x")
    assert "hush" not in str(caught.value)
