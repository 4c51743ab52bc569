"""Run tests against changed copies of the package, each in a forked child of a process that has the libraries.

Importing them takes longer than most tests that notice a change. What a child had to import besides, its parent
imports for those that follow; the package and the tests themselves are imported anew by every child.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import resource
import select
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.mutants.areas import PACKAGE, ROOT

#: Seconds of processor time until a run of tests counts as hung. A loaded machine makes no run longer by this measure.
LONGEST_BUSY = 300
#: Seconds until one counts as hung that waits for something for ever.
LONGEST = 1800
#: What a child imports by itself: what is tried, what tries it, and what reads its settings when it is imported.
ITS_OWN = ("calcom_provider", "tests", "conftest", "airflow", "__main__")


@dataclass(frozen=True)
class Verdict:
    """Say how a run of tests ended.

    :param outcome: ``caught``, ``survived``, ``hung`` or pytest's own trouble.
    :param busy: seconds of processor time.
    :param output: the end of what was printed.
    """

    outcome: str
    busy: float
    output: str = ""


class Judge:
    """Keep a copy of the package to change; one for each process, as it forks.

    :param folder: where the copy is made.
    """

    def __init__(self, folder: str) -> None:
        self._folder = Path(tempfile.mkdtemp(dir=folder))
        shutil.copytree(PACKAGE, self._folder / PACKAGE.name)
        self._written = 0
        sys.path.insert(0, str(self._folder))
        os.environ["PYTHONPATH"] = str(self._folder)
        # The first failure is enough: nobody reads a smaller one.
        os.environ["CALCOM_TEST_EXAMPLES"] = "first"
        sys.dont_write_bytecode = False
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.chdir(ROOT)

    def judge(self, tests: tuple[str, ...], module: str = "", code: str = "") -> Verdict:
        """Run tests with a module changed, or with none.

        :param tests: what pytest is given.
        :param module: path of the changed module below the package.
        :param code: the module with the change.
        """
        if not module:
            return self._run(tests)
        place = self._folder / PACKAGE.name / module
        sound = place.read_text()
        self._write(place, code)
        try:
            return self._run(tests)
        finally:
            self._write(place, sound)

    def _write(self, place: Path, code: str) -> None:
        """Write a module with a time of its own: by that, in seconds, and by its size a compiled one is known."""
        self._written += 1
        place.write_text(code)
        os.utime(place, (1_000_000_000 + self._written,) * 2)

    def _run(self, tests: tuple[str, ...]) -> Verdict:
        began = resource.getrusage(resource.RUSAGE_CHILDREN)
        read, write = os.pipe()
        log = self._folder / "output"
        pid = os.fork()
        if not pid:
            os.close(read)
            _work(tests, log, write)
        os.close(write)
        imported = _read_all(read, LONGEST)
        late = imported is None
        with contextlib.suppress(ProcessLookupError):
            # The child leads a group of its own: what it started and left goes with it.
            os.killpg(pid, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        busy = ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime
        answer = json.loads(imported) if imported else None
        if answer is not None:
            _import(answer["modules"])
            status = answer["code"]
        output = log.read_text(errors="replace")[-4000:] if log.exists() else ""
        if answer is None and (late or status == -signal.SIGXCPU):
            return Verdict("hung", busy)
        if answer is not None and status in (0, 1, 2):
            return Verdict("caught" if status else "survived", busy, output)
        if answer is None and status < 0:
            return Verdict("caught", busy, f"ended by signal {-status}")
        return Verdict(f"pytest ended with {status}", busy, output)


def _work(tests: tuple[str, ...], log: Path, write: int) -> None:
    """Be the child: run pytest, tell its exit code and what was imported, and end."""
    code = 70
    try:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CPU, (LONGEST_BUSY, LONGEST_BUSY + 5))
        output = os.open(log, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        os.dup2(output, 1)
        os.dup2(output, 2)
        known = set(sys.modules)
        # A test that takes long because the machine is loaded has noticed nothing.
        code = int(pytest.main(["-x", "-q", "--tb=line", "--timeout=0", *tests]))
        names = [name for name in sys.modules if name not in known and name.split(".")[0] not in ITS_OWN]
        sys.stdout.flush()
        answer = json.dumps({"code": code, "modules": names}).encode() + b"\n"
        while answer:
            answer = answer[os.write(write, answer) :]
    finally:
        # No exit handlers: they belong to the parent.
        os._exit(code)


def _read_all(pipe: int, seconds: float) -> bytes | None:
    """Read a line, or what there is when everybody has closed their end; None when it takes too long."""
    until, found = time.monotonic() + seconds, b""
    try:
        while not found.endswith(b"\n"):
            if not select.select([pipe], [], [], max(until - time.monotonic(), 0.0))[0]:
                return None
            part = os.read(pipe, 1 << 16)
            if not part:
                return found
            found += part
        return found
    finally:
        os.close(pipe)


def _import(names: list[str]) -> None:
    for name in names:
        # Some are made up by their libraries and cannot be imported by name.
        with contextlib.suppress(BaseException):
            importlib.import_module(name)
