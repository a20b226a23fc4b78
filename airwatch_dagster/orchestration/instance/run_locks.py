"""Which runs still have a process that makes them."""

import fcntl
import os
from pathlib import Path
from typing import IO


class RunLocks:
    """Runs of processes on this machine: each has a file in ``folder``, locked until its process ends, in any way.

    The operating system frees the lock of a process that is killed, so that nobody has to believe a word it left.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ours: dict[str, IO[bytes]] = {}

    def enter(self, run_id: str) -> None:
        """This process makes ``run_id`` until it ends or leaves."""
        self._folder.mkdir(parents=True, exist_ok=True)
        while run_id not in self._ours:
            file = (self._folder / run_id).open("ab")
            fcntl.flock(file, fcntl.LOCK_EX)
            if _is_at(file, self._folder / run_id):
                self._ours[run_id] = file
            else:  # whoever found it unlocked a moment ago has removed it
                file.close()

    def gone(self, asked: set[str]) -> list[str]:
        """Those of ``asked``, and of the runs that ever entered, whose process is not there any more."""
        known = {path.name for path in self._folder.iterdir()} if self._folder.is_dir() else set()
        return [run_id for run_id in sorted((asked | known) - set(self._ours)) if self._is_gone(run_id)]

    def leave(self) -> None:
        """This process makes none of its runs any more."""
        while self._ours:
            run_id, file = self._ours.popitem()
            (self._folder / run_id).unlink(missing_ok=True)
            file.close()

    def _is_gone(self, run_id: str) -> bool:
        path = self._folder / run_id
        try:
            with path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if not _is_at(file, path):
                    return False
                path.unlink()
        except FileNotFoundError:
            return True
        except BlockingIOError:
            return False
        return True


def _is_at(file: IO[bytes], path: Path) -> bool:
    """Whether an open file is the one that bears this name now."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
