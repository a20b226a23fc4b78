"""A folder that only its user enters: databases, logs, locks and downloads are in it, under names that are known."""

import contextlib
import logging
import os
import stat
from pathlib import Path
from typing import Final

PRIVATE: Final = 0o700
"""The user alone. What is inside needs no mode of its own, whatever the umask of the program that wrote it."""

_OWN_NAMES: Final = {
    *("mlflow.db", "mlflow-artifacts", "events", "history", "runs.db", "schedules", "storage", "downloads"),
    *("run-locks", "write-locks", "pulls"),
}
"""What Dagster, MLflow and AirWatch create in it; a folder with none of it may be somebody's other one."""


def private_folder_problem(folder: Path) -> str | None:
    """Create ``folder`` for this user alone, whatever the umask, and make an older one so; what is in the way, or None.

    Left as they are: a folder of another user, which only that one can change, and one that holds other files. Where
    everybody may write, another user could plant a link under a name that AirWatch writes to: that is a problem.
    """
    if not folder.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=PRIVATE)
        with contextlib.suppress(PermissionError):  # a file system without modes, which is told below
            folder.chmod(PRIVATE)
    state = folder.stat()
    is_writable = bool(state.st_mode & stat.S_IWOTH)
    if is_writable and (state.st_mode & stat.S_ISVTX or _is_others(folder)):
        return "is a folder that everybody may write to"
    mode = stat.S_IMODE(state.st_mode)
    if mode & ~PRIVATE and state.st_uid == os.geteuid() and not _is_others(folder):
        _close(folder, mode)
    return None


def _close(folder: Path, mode: int) -> None:
    log = logging.getLogger(__name__)
    try:
        folder.chmod(PRIVATE)
    except OSError as error:  # a file system without modes
        log.warning("%s is open to other users (mode %o), and stays so: %s", folder, mode, error.strerror)
    else:
        text = "%s was open to other users (mode %o), and is this user's alone from now on (mode %o)"
        log.warning(text, folder, mode, PRIVATE)


def _is_others(folder: Path) -> bool:
    """Whether the folder holds files, and none of them is AirWatch's."""
    names = {entry.name for entry in os.scandir(folder)}
    return bool(names) and not names & _OWN_NAMES
