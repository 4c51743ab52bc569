"""File systems of a bounded size, among mounts that nobody else sees and that end with this process."""

from __future__ import annotations

import ctypes
import os
import pwd
import subprocess
from pathlib import Path

_CLONE_NEWNS = 0x00020000
#: More than any attack needs.
AMPLE = 1 << 30


def own_mounts() -> bool:
    """Give this process, and what it starts, mounts of its own; tell whether that is allowed here."""
    if os.geteuid() != 0 or ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNS):
        return False
    return not _mount("--make-rprivate", "/")


def put(folder: Path, user: str | None) -> None:
    """Put an empty file system over a folder, for an account to use.

    :raises RuntimeError: when it cannot be mounted.
    """
    entry = pwd.getpwnam(user or "root")
    options = f"size={AMPLE},mode=700,uid={entry.pw_uid},gid={entry.pw_gid}"
    if _mount("-t", "tmpfs", "-o", options, "chaos", str(folder)):
        raise RuntimeError(f"nothing could be mounted at {folder}")


def leave(folder: Path, left: int | None) -> None:
    """Bound a file system to what it holds and so many bytes more; None for ample room."""
    held = os.statvfs(folder)
    used = (held.f_blocks - held.f_bfree) * held.f_frsize
    if _mount("-o", f"remount,size={AMPLE if left is None else used + left}", str(folder)):
        raise RuntimeError(f"{folder} could not be bounded")


def take(folder: Path) -> None:
    """Take a file system away, which nobody uses any more."""
    subprocess.run(["umount", str(folder)], check=True, capture_output=True)


def _mount(*words: str) -> int:
    return subprocess.run(["mount", *words], check=False, capture_output=True).returncode
