"""Locks: databases that another process keeps, and files of locks that nobody holds any more."""

import shlex
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from airwatch_dagster.commands.doctor.findings import Check, Finding, error, ok, warning
from airwatch_dagster.commands.wording import counted
from airwatch_dagster.orchestration.configuration.settings import RegistrySettings, StateSettings, storage_root
from airwatch_dagster.orchestration.registry.tracking import sqlite_path
from airwatch_dagster.storage.byte_stores import LOCKS
from airwatch_dagster.storage.locks.folder_locks import LEASE_S

EXPIRED_S: Final = 2 * LEASE_S
"""Seconds after which a lock of a file counts as left behind."""

BUSY_S: Final = 1.5
"""Seconds that a write lock may last before it counts as stuck; a run holds one for parts of a second."""


def _databases() -> Iterator[Finding]:
    """Silent unless one of the SQLite databases is locked or damaged."""
    state = StateSettings.from_environment().state
    for path in sqlite_databases():
        problem = _problem(path)
        if problem is not None:
            kept, file = path.name if path.parent == state else f"events/{path.name}", shlex.quote(str(path))
            mend = f"cp BACKUP/state/{kept} {file}" if "backup" in problem else f"fuser -v {file}"
            yield error("databases", f"{path} {problem}", run=mend)


def sqlite_databases() -> list[Path]:
    """Those of Dagster and MLflow in the state folder, but for the events of single runs."""
    settings = RegistrySettings.from_environment()
    tracking = sqlite_path(settings.mlflow_tracking_uri)
    named = [settings.state / "events" / "index.db", *([tracking] if tracking else [])]
    return sorted({*settings.state.glob("*.db"), *(path for path in named if path.is_file())})


def is_any_locked() -> bool:
    """Whether a check that opens them may wait for another process, as long as a run would."""
    return any("locked" in (_problem(path, wait_s=0.05) or "") for path in sqlite_databases())


def _problem(path: Path, *, wait_s: float = BUSY_S) -> str | None:
    if not path.stat().st_size:
        return "has no bytes, so all that was in it is lost. Restore it from a backup. Retrying will not help."
    try:
        with closing(sqlite3.connect(path, timeout=wait_s, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except sqlite3.OperationalError as raised:
        if "locked" not in str(raised):
            return f"cannot be written ({raised}). Make it a file that this user may write."
        return "is locked by another process. Wait until that is done, or end it. Retrying may help."
    except sqlite3.DatabaseError as raised:
        return f"is damaged ({raised}). Restore it from a backup. Retrying will not help."
    return None


def _locks() -> Iterator[Finding]:
    """Files of locks without a holder: the operating system frees a lock, the file of a killed process stays."""
    from airwatch_dagster.orchestration.instance.run_locks import FOLDER, RunLock

    folder = StateSettings.from_environment().state / FOLDER
    files = sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []
    stale = [path for path in files if not RunLock(folder, path.name).is_held]
    stale += _expired(storage_root())
    if not stale:
        yield ok("locks", f"{counted(len(files), 'run')} of commands under way" if files else "none left behind")
        return
    says = f"{counted(len(stale), 'file')} of locks without a holder, such as {stale[0]}: its process was killed. The"
    yield warning("locks", f"{says} next run passes over them; delete them.", run=f"rm {' '.join(map(str, stale))}")


def _expired(root: str) -> list[Path]:
    """Locks of files in a folder of tables that nobody has touched for so long that every writer takes them over."""
    folder = Path(root).expanduser() / LOCKS
    if "://" in root or not folder.is_dir():
        return []
    return sorted(path for path in folder.glob("*.lock") if time.time() - path.stat().st_mtime > EXPIRED_S)


CHECK: Final = Check("locks", _locks, "airwatch doctor")
DATABASE_CHECK: Final = Check("databases", _databases, "airwatch doctor")
