"""A MariaDB server of our own, where the machine has its binaries."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pymysql

from tests.chaos.servers import room
from tests.chaos.servers.process import Server, account, free_port, give

TITLE = "MariaDB"


def is_here() -> bool:
    """Tell whether the machine has a MariaDB to start."""
    return bool(shutil.which("mariadbd") and shutil.which("mariadb-install-db"))


class MariaDB:
    """Run a server; databases on it are made for each use."""

    def __init__(self, folder: Path) -> None:
        user = self._user = account("mysql")
        self.port = free_port()
        self.data = folder / "mariadb"
        give(self.data, user)
        subprocess.run(
            [
                "mariadb-install-db", "--no-defaults", f"--datadir={self.data}", "--skip-test-db",
                "--auth-root-authentication-method=normal", "--innodb-log-file-size=16M",
                *([f"--user={user}"] if user else []),
            ],
            check=True, capture_output=True, cwd="/",
        )  # fmt: skip
        self.server = Server(
            [
                shutil.which("mariadbd") or "mariadbd", "--no-defaults", f"--datadir={self.data}",
                f"--port={self.port}",
                "--bind-address=127.0.0.1", f"--socket={self.data}/mariadb.sock", "--skip-log-bin",
                "--innodb-log-file-size=16M", "--innodb-buffer-pool-size=64M", "--innodb-lock-wait-timeout=20",
                f"--pid-file={self.data}/mariadb.pid", "--skip-name-resolve",
            ],
            lambda: self.ask("SELECT 1"),
            user=user,
            log=folder / "mariadb.log",
        )  # fmt: skip
        self._numbers = itertools.count(1)
        self.server.start()

    def _connect(self, database: str | None) -> pymysql.Connection:
        return pymysql.connect(
            host="127.0.0.1",
            port=self.port,
            user="root",
            database=database,
            autocommit=True,
            connect_timeout=5,
        )

    def ask(self, sql: str, database: str | None = None) -> list[Any]:
        """Send one statement as the administrator."""
        with contextlib.closing(self._connect(database)) as opened, opened.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    def url(self, database: str, user: str = "root", port: int | None = None) -> str:
        return f"mysql+pymysql://{user}@127.0.0.1:{port or self.port}/{database}"

    def fresh(self, *, bounded: bool = False) -> str:
        """Make a database and return its name.

        :param bounded: on a file system of its own, so that :meth:`full` can leave it without room.
        """
        name = f"chaos_{next(self._numbers)}"
        self.ask(f"CREATE DATABASE {name}")
        if bounded:
            room.put(self.data / name, self._user)
        return name

    def drop(self, name: str) -> None:
        if (self.data / name).is_mount():
            # The files go, the folder cannot.
            with contextlib.suppress(pymysql.MySQLError):
                self.ask(f"DROP DATABASE {name}")
            room.take(self.data / name)
        self.ask(f"DROP DATABASE IF EXISTS {name}")

    def sessions(self, name: str) -> list[Any]:
        return self.ask(f"SELECT id, state, info FROM information_schema.processlist WHERE db = '{name}'")

    def cut(self, name: str) -> int:
        """End every session in a database."""
        cut = 0
        for number, *_ in self.sessions(name):
            try:
                self.ask(f"KILL {number}")
                cut += 1
            except pymysql.MySQLError:
                pass
        return cut

    @contextlib.contextmanager
    def locked(self, name: str, table: str) -> Iterator[Callable[[], None]]:
        """Hold a table against everybody, readers too, until the function is called."""
        with contextlib.closing(self._connect(name)) as opened:
            opened.query(f"LOCK TABLES {table} WRITE")
            yield lambda: opened.query("UNLOCK TABLES") and None

    @contextlib.contextmanager
    def read_only(self, name: str) -> Iterator[str]:
        """Let nobody but administrators write, as on a replica."""
        with self._account(name, "ALL") as user:
            self.ask("SET GLOBAL read_only = 1")
            try:
                yield user
            finally:
                self.ask("SET GLOBAL read_only = 0")

    @contextlib.contextmanager
    def reader(self, name: str) -> Iterator[str]:
        """Give an account that may look and no more."""
        with self._account(name, "SELECT") as user:
            yield user

    @contextlib.contextmanager
    def _account(self, name: str, rights: str) -> Iterator[str]:
        user = f"user_{name}"
        self.ask(f"CREATE USER {user}@'127.0.0.1'")
        self.ask(f"GRANT {rights} ON {name}.* TO {user}@'127.0.0.1'")
        try:
            yield user
        finally:
            self.ask(f"DROP USER {user}@'127.0.0.1'")

    @contextlib.contextmanager
    def full(self, name: str, left: int) -> Iterator[None]:
        """Leave a bounded database so many bytes of room."""
        room.leave(self.data / name, left)
        try:
            yield
        finally:
            room.leave(self.data / name, None)
            if not self.server.alive:
                # InnoDB gives up where it cannot go on writing, and recovers when it is started again.
                self.server.start()

    def restart(self) -> None:
        self.server.kill()
        self.server.start()

    def stop(self) -> None:
        self.server.kill()
