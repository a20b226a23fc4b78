"""`airwatch backup`: a consistent copy while AirWatch may be running."""

import re
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from airwatch_dagster.commands.backup.manifest import MANIFEST, Manifest, described, files_below
from airwatch_dagster.commands.backup.places import STATE, TABLES, is_within, places, require_sqlite
from airwatch_dagster.commands.purge import bytes_text
from airwatch_dagster.commands.wording import counted
from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.registry.model_files import FOLDER as MODELS
from airwatch_dagster.storage.unfinished import held, held_if_free

Echo = Callable[[str], None]

_NOT_COPIED: Final = re.compile(
    r"(run-locks|write-locks|\.locks|\.packs)/.*|.*\.db-(wal|shm|journal)"
    r"|(.*/)?\.[^/]+\.(tmp|part)|(.*/)?databases\.lock"
)
"""Locks of living processes, packs of tables, journals that belong to the databases as copied, and unfinished files."""

_SQLITE: Final = b"SQLite format 3\x00"
"""What a SQLite database begins with. Source: sqlite.org/fileformat."""

UNFINISHED: Final = ".unfinished"
"""File in a backup that is being made; its process locks it."""

_BUSY_S: Final = 60
"""Seconds to wait for a writer of a database."""


def make_backup(folder: Path, *, echo: Echo) -> None:
    """Copy state and tables to an empty or new folder, and write its manifest last.

    What a killed backup left in the folder is deleted first. Raises ConfigurationError for an installation that is not
    on one machine, and for a folder that holds anything else or is inside of what is copied.
    """
    sources = places()
    _require_usable(folder, sources.values())
    under_way = require_sqlite()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / UNFINISHED).touch(mode=0o600)
    with held(folder / UNFINISHED):
        files = _copied_files(folder, sources)
    size = sum(int(known["size"]) for known in files.values())
    echo(f"{counted(len(files), 'file')}, {bytes_text(size)}, in {folder}")
    if under_way:
        echo(f"{counted(under_way, 'run')} under way: once restored, such a run is reported as failed and started anew")


def _copied_files(folder: Path, sources: Mapping[str, Path]) -> dict[str, dict[str, str | int]]:
    """Copy everything and write the manifest; the description of each copy."""
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    files = {}
    for place, path in _in_order(sources[STATE], sources[TABLES]):
        name = f"{place}/{path.relative_to(sources[place])}"
        if _copied(path, folder / name):
            files[name] = described(folder / name)
    Manifest.of(files, made_at=made_at).write(folder)
    (folder / UNFINISHED).unlink()
    return files


def _require_usable(folder: Path, sources: Iterable[Path]) -> None:
    _clear_unfinished(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigurationError(str(folder), "is not an empty folder", fix="Name a new one for each backup")
    for source in sources:
        if is_within(folder, source) or is_within(source, folder):
            fix = "Name a folder elsewhere, best on another disk"
            raise ConfigurationError(str(folder), f"overlaps {source}, which is backed up", fix=fix)


def _clear_unfinished(folder: Path) -> None:
    """Delete what a killed backup left in the folder, and nothing else."""
    mark = folder / UNFINISHED
    if not mark.is_file():
        return
    try:
        with held_if_free(mark):
            for place in (STATE, TABLES):
                shutil.rmtree(folder / place, ignore_errors=True)
            for path in [folder / MANIFEST, *folder.glob(f".{MANIFEST}.*.part"), mark]:
                path.unlink(missing_ok=True)
    except BlockingIOError:
        problem = "another process is making a backup there"
        raise ConfigurationError(str(folder), problem, fix="Name a new folder for each backup") from None


def _in_order(state: Path, tables: Path) -> Iterator[tuple[str, Path]]:
    """Files to copy, so that what refers to something is copied before it: what is written meanwhile does no harm.

    Dagster's runs before their events, events before the tables that they say are built, tables before the models that
    they name, MLflow's database before the files of models.
    """
    own = [path for path in files_below(state) if not _NOT_COPIED.fullmatch(str(path.relative_to(state)))]
    groups = {"runs.db": 0, "schedules.db": 0, "events": 1, "mlflow.db": 3, MODELS: 4}
    of_state = [(groups.get(path.relative_to(state).parts[0], 5), STATE, path) for path in own]
    of_tables = [
        (2, TABLES, path) for path in files_below(tables) if not _NOT_COPIED.fullmatch(str(path.relative_to(tables)))
    ]
    for _, place, path in sorted([*of_state, *of_tables], key=lambda one: one[0]):
        yield place, path


def _copied(source: Path, target: Path) -> bool:
    """Whether the file was there to copy: it may have been deleted since it was listed."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with source.open("rb") as file:
            is_database = file.read(len(_SQLITE)) == _SQLITE
        if is_database:
            _copy_database(source, target)
        else:
            shutil.copy2(source, target)
    except FileNotFoundError:
        target.unlink(missing_ok=True)
        return False
    return True


def _copy_database(source: Path, target: Path) -> None:
    """Copy a database as it is after its last transaction, while others may write to it."""
    address = f"{source.as_uri()}?mode=ro"
    with (
        closing(sqlite3.connect(address, uri=True, timeout=_BUSY_S)) as original,
        closing(sqlite3.connect(target)) as copy,
    ):
        original.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
