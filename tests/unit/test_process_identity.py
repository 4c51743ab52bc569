"""One identity of a process for all that must tell whether another one is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from calcom_provider.process_identity import ProcessIdentity, parse, this_process
from tests.unit.ended_process import TELL, ended_process


@pytest.fixture
def child() -> Iterator[tuple[subprocess.Popen[str], ProcessIdentity]]:
    """Give a process that runs, and what it says of itself."""
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"{TELL.replace('print(this_process())', 'print(this_process(), flush=True)')}; input()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    identity = parse(process.stdout.readline().strip())
    assert identity is not None
    yield process, identity
    process.kill()
    process.communicate()


def test_an_identity_is_read_as_it_was_written() -> None:
    mine = this_process()
    assert mine.pid == os.getpid()
    assert mine.boot
    assert mine.namespace
    assert mine.started
    assert parse(str(mine)) == mine
    assert not mine.is_gone()
    # It goes into a column of 200 characters, with the id of a run.
    assert len(str(replace(mine, host="h" * 64, pid=4194304))) < 160


@pytest.mark.parametrize(
    "text", ["", "host/12/345", "host:12", "h/b/n/x/1", "hostpid:[1]#12#x", "a/b/c/1/2/3"]
)
def test_what_earlier_releases_wrote_is_no_identity(text: str) -> None:
    assert parse(text) is None


def test_a_killed_process_is_gone_before_and_after_its_parent_looks(
    child: tuple[subprocess.Popen[str], ProcessIdentity],
) -> None:
    process, identity = child
    assert not identity.is_gone()
    os.kill(process.pid, signal.SIGKILL)
    until = time.monotonic() + 60
    while not identity.is_gone() and time.monotonic() < until:
        time.sleep(0.01)
    assert identity.is_gone()  # a zombie
    process.wait()
    assert identity.is_gone()


def test_a_process_id_that_is_used_again_is_not_the_process() -> None:
    assert replace(this_process(), started="1").is_gone()


@pytest.mark.parametrize(
    "unknown", [{"boot": "another"}, {"namespace": "1"}, {"host": "another"}, {"boot": ""}, {"started": ""}]
)
def test_of_a_process_elsewhere_nothing_is_known(unknown: dict[str, str]) -> None:
    ended = ended_process()
    assert ended.is_gone()
    assert not replace(ended, **unknown).is_gone()


def test_a_forked_child_is_another_process() -> None:
    here = this_process()
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(write, str(this_process()).encode())
        os._exit(0)
    os.waitpid(pid, 0)
    told = parse(os.read(read, 1000).decode())
    os.close(read)
    os.close(write)
    assert told is not None
    assert (told.pid, told.boot, told.namespace) == (pid, here.boot, here.namespace)
