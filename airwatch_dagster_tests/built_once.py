"""What takes long to build and is only read: built once, by whichever worker needs it first."""

import fcntl
import shutil
from collections.abc import Callable
from pathlib import Path


def built_once(folder: Path, build: Callable[[Path], object]) -> Path:
    """The folder, built by the first caller; callers in other processes wait until it is complete.

    ``build`` gets the path of a folder that does not exist. When it fails, the next caller builds from the start.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    complete = folder.with_name(f"{folder.name}.complete")
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not complete.exists():
            shutil.rmtree(folder, ignore_errors=True)
            build(folder)
            complete.touch()
    return folder
