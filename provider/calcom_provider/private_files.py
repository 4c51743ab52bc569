"""Make files that hold people's data so that other users of the machine cannot read them.

A file that exists already keeps its mode: whoever chose it had a reason.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

#: A ledger, or a report that shows people: for its owner alone.
OWNER = 0o600
#: A warehouse: for its owner and, where the umask lets it, for a group that reads it too.
GROUP = 0o660


def create_private(path: str | Path, mode: int = OWNER) -> None:
    """Make an empty file unless there is one, or its folder is missing.

    :param path: the file.
    :param mode: permissions, from which the umask takes away.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
    except (FileExistsError, FileNotFoundError, NotADirectoryError, PermissionError):
        # Who opens the file says better what is wrong with it.
        return


def mode_of(path: str | Path) -> int:
    """Return the permissions of a file, those of a private one where there is none.

    :param path: the file.
    """
    try:
        return stat.S_IMODE(Path(path).stat().st_mode)
    except OSError:
        return OWNER
