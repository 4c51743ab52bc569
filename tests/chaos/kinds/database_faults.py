"""The database fails: killed, cut off, full, locked, read-only, without rights."""

from __future__ import annotations

import contextlib
import pwd
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import psycopg

from tests.chaos.kinds.sync_killed import check_healed
from tests.chaos.lane import Child, ChildFailedError, Lane
from tests.chaos.scene import Scene
from tests.chaos.servers.process import account
from tests.chaos.servers.proxy import Proxy
from tests.chaos.truth import RESOURCES, Truth
from tests.chaos.verdict import Judge, WrongError

FAULTS = {
    "postgresql": ("killed", "cut", "cut by proxy", "full", "locked", "read-only", "without rights"),
    "mysql": ("killed", "cut", "cut by proxy", "full", "locked", "read-only", "without rights"),
    "sqlite": ("full", "full by pages", "locked", "locked for long", "read-only", "without rights"),
    "duckdb": ("full", "locked for long", "read-only", "without rights"),
}
MODES = ("merge", "history", "replace")


def strike(lane: Lane, seed: int) -> Counter[str]:
    """Let one thing happen to one database, while a run stages or publishes."""
    random = Random(f"database {seed}")
    variants = [
        (database, fault)
        for database in lane.databases
        for fault in FAULTS[database]
        if lane.own_mounts or (database, fault) != ("mysql", "full")
    ]
    database, fault = variants[seed % len(variants)]
    mode = random.choice(MODES)
    with Scene(seed) as scene, lane.warehouse(database, bounded=fault == "full") as url:
        call = {**scene.access, "target": url, "mode": mode, "resources": list(RESOURCES), "wait": 60.0}
        empty: Truth = {table: {} for table in scene.truth()}
        judge = Judge(url, empty, history=mode == "history")
        usual = {"seconds": 0.6, "publish": 0.1}
        if random.random() < 0.8 or fault in ("read-only", "locked", "locked for long"):
            usual = lane.run("sync", **call)
            check_healed(lane, judge, scene.truth())
        new = scene.churn()
        happened = Attack(lane, database, random, call, usual)
        with happened.by(fault):
            outcome = happened.run()
        judge.must_be_as_told(new, outcome)
        lane.run("sync", **call)
        check_healed(lane, judge, new)
    word = "ran through" if outcome == "done" else "refused"
    # A run that ends before the fault reaches it was not attacked.
    met = outcome != "done" or happened.met
    return Counter({"database faults": int(met), f"{database} {fault}: {word if met else 'not met'}": 1})


class Attack:
    """Carry out one fault around one run."""

    def __init__(
        self, lane: Lane, database: str, random: Random, call: dict[str, Any], usual: dict[str, float]
    ) -> None:
        self.lane, self.database, self.random, self.usual = lane, database, random, usual
        self.call = dict(call)
        self.url = str(call["target"])
        self.path = Path(self.url.partition(":///")[2])
        self.name = self.url.rpartition("/")[2]
        #: What happens at a random moment of staging or publishing.
        self.during: Any = None
        #: What happens after some time, wherever the run stands by then.
        self.after: Any = None
        #: Whether the run met the fault, although it ended well.
        self.met = False

    @property
    def server(self) -> Any:
        return self.lane.postgresql if self.database == "postgresql" else self.lane.mariadb

    def by(self, fault: str) -> contextlib.AbstractContextManager[None]:
        return getattr(self, fault.replace(" ", "_").replace("-", "_"))()  # type: ignore[no-any-return]

    def run(self) -> str:
        """Run the sync through it; ``done``, or what it failed with."""
        child = self.lane.start("sync", **self.call)
        if self.during is not None:
            self._moment(child)
            self.met = child.alive
            self.during()
        elif self.after is not None:
            time.sleep(self.random.uniform(0, 2 * self.usual["seconds"]))
            self.met = child.alive
            self.after()
        try:
            child.result()
        except ChildFailedError as error:
            if error.kind in ("unexplained", "Died"):
                raise WrongError(f"not told in words of ours: {error}\n{error.trace}") from None
            return f"{error.kind}: {error.text}"
        return "done"

    def _moment(self, child: Child) -> None:
        """Wait for a random moment of staging, or of publishing."""
        if self.random.random() < 0.5:
            while child.alive and child.told(60) != "publishing":
                pass
            time.sleep(self.random.uniform(0, self.usual["publish"]))
        else:
            time.sleep(self.random.uniform(0, self.usual["seconds"]))

    # -- server and connection ----------------

    @contextlib.contextmanager
    def killed(self) -> Iterator[None]:
        self.during = self.server.server.kill
        try:
            yield
        finally:
            self.server.restart()

    @contextlib.contextmanager
    def cut(self) -> Iterator[None]:
        self.during = lambda: self.server.cut(self.name)
        yield

    @contextlib.contextmanager
    def cut_by_proxy(self) -> Iterator[None]:
        proxy = Proxy(self.server.port)
        self.call["target"] = self.server.url(self.name, port=proxy.port)
        proxy.cut_after(int(2 ** self.random.uniform(7, 17)))
        try:
            yield
            self.met = bool(proxy.cuts)
        finally:
            proxy.close()

    # -- room ----------------

    @contextlib.contextmanager
    def full(self) -> Iterator[None]:
        if self.database == "duckdb":
            # A run of few changes writes some 20 kB to the log beside the file.
            self.call["limits"] = {"fsize": int(2 ** self.random.uniform(9, 14))}
            yield
        elif self.database == "sqlite":
            size = self.path.stat().st_size if self.path.exists() else 0
            # The log beside the file grows from nothing, so a small bound meets it, and a large one the file itself.
            largest = self.random.choice((60_000, size + 20_000))
            self.call["limits"] = {"fsize": self.random.randrange(4096, largest)}
            yield
        elif self.database == "postgresql":
            with self._files_of_sessions_limited():
                yield
        else:
            # The tables' own file system: staging takes about 1.5 MB of it.
            with self.server.full(self.name, self.random.randrange(0, 1_400_000)):
                yield

    @contextlib.contextmanager
    def full_by_pages(self) -> Iterator[None]:
        if self.path.exists():
            # Free pages inside of the file would be taken first.
            with contextlib.closing(sqlite3.connect(self.path)) as opened:
                opened.execute("VACUUM")
                opened.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        pages = self.path.stat().st_size // 4096 if self.path.exists() else 0
        self.call["limits"] = {"pages": pages + self.random.randrange(1, 5)}
        yield

    @contextlib.contextmanager
    def _files_of_sessions_limited(self) -> Iterator[None]:
        """Bound the size of the files that sessions in this database write: a quota for them alone."""
        stop, size = threading.Event(), self.random.choice((8192, 8192, 16384))
        bounded: set[int] = set()

        def bound() -> None:
            while not stop.is_set():
                # The server may be recovering: without room for its log it ends all sessions.
                with contextlib.suppress(psycopg.Error), self.server.watching() as sessions:
                    while not stop.is_set():
                        for pid in {pid for pid, *_ in sessions(self.name)} - bounded:
                            bounded.add(pid) if self.server.bound(pid, size) else None
                        stop.wait(0.02)
                stop.wait(0.1)

        thread = threading.Thread(target=bound, name="chaos-quota")
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
        if not bounded:
            raise WrongError("no session could be bounded")
        self._until_it_answers()

    def _until_it_answers(self) -> None:
        # Without room for its log PostgreSQL ends all sessions and recovers.
        until = time.monotonic() + 60
        while True:
            try:
                self.server.ask("SELECT 1", self.name)
                return
            except Exception:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)

    # -- locks and rights ----------------

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold a table, or the file, for some time: the run waits, and goes on."""
        holder = self.lane.start("lock_file", target=self.url) if self.database == "sqlite" else None
        if holder is not None:
            while holder.told() != "locked":
                pass
            self.after = holder.kill
            try:
                yield
            finally:
                holder.kill()
            return
        with self.server.locked(self.name, f"calcom_{self.random.choice(RESOURCES)}") as release:
            self.after = release
            yield

    @contextlib.contextmanager
    def locked_for_long(self) -> Iterator[None]:
        holder = self.lane.start("lock_file", target=self.url)
        while holder.told() != "locked":
            pass
        self.call["wait"] = 1.0
        self.call["limits"] = {"lock_wait": 2.0}
        try:
            yield
        finally:
            holder.kill()

    @contextlib.contextmanager
    def read_only(self) -> Iterator[None]:
        if self.database in ("sqlite", "duckdb"):
            with self._rights(0o555, 0o444):
                yield
        else:
            with self.server.read_only(self.name) as user:
                self.call["target"] = self.server.url(self.name, user)
                yield

    @contextlib.contextmanager
    def without_rights(self) -> Iterator[None]:
        if self.database in ("sqlite", "duckdb"):
            with self._rights(0o700, 0o600):
                yield
        else:
            with self.server.reader(self.name) as user:
                self.call["target"] = self.server.url(self.name, user)
                yield

    @contextlib.contextmanager
    def _rights(self, folder: int, file: int) -> Iterator[None]:
        """Let the run have no more than the bits say; root, whom they do not bind, becomes somebody else for it."""
        name = account()
        if name is not None:
            self.call["limits"] = {"user": pwd.getpwnam(name).pw_uid}
        else:
            folder, file = folder & 0o555, file & 0o444
        self.path.parent.chmod(folder)
        if self.path.exists():
            self.path.chmod(file)
        try:
            yield
        finally:
            self.path.parent.chmod(0o755)
            if self.path.exists():
                self.path.chmod(0o600)
