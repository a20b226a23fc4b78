"""Old files below AIRWATCH_STATE, and what killed processes left there and among the tables."""

import re
import shutil
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import dagster as dg
from dagster._core.storage.dagster_run import FINISHED_STATUSES

from airwatch_dagster.orchestration.retention.kinds import Item, oldest_first, utc

_RUN_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

_TEMPORARY: Final = re.compile(r"\..+\.(?:[0-9a-f]{32}\.(?:tmp|part)|[a-z0-9_]{8}\.part)")
"""Names of ``storage.unfinished``, and of earlier versions: hidden, unlike any file of a person."""

_RESPONSE: Final = ".jsonl.gz"


class StepLogs:
    """Dagster's captured output of steps: a folder per run, kept by its local compute log manager."""

    name = "logs"

    def __init__(self, state: Path, instance: dg.DagsterInstance) -> None:
        self._state, self._instance = state, instance

    def items(self, before: datetime) -> list[Item]:
        """Folders of runs that have ended, and of runs that Dagster does not know any more."""
        return oldest_first([item for folder in self._folders() if (item := self._item(folder))], before)

    def remove(self, items: Sequence[Item]) -> None:
        """Delete the folders."""
        for item in items:
            shutil.rmtree(item.name, ignore_errors=False) if Path(item.name).is_dir() else None

    def _folders(self) -> Iterator[Path]:
        for path in _entries(self._state):
            if _RUN_ID.fullmatch(path.name) and (path / "compute_logs").is_dir():
                yield path

    def _item(self, folder: Path) -> Item | None:
        run = self._instance.get_run_by_id(folder.name)
        if run is not None and run.status not in FINISHED_STATUSES:
            return None
        files = list(_files(folder))
        newest = max((changed for _, _, changed in files), default=folder.stat().st_mtime)
        return Item(str(folder), sum(size for _, size, _ in files), utc(newest))


class Downloads:
    """Cached files of AirData, AirNow and weather, each with its description; they are downloaded again when needed."""

    name = "downloads"

    def __init__(self, state: Path) -> None:
        self._folder = state / "downloads"

    def items(self, before: datetime) -> list[Item]:
        """Files that were downloaded before a time; the description is part of the file."""
        sizes = {path: (size, changed) for path, size, changed in _files(self._folder) if not _is_other(path)}
        found = []
        for path, (size, changed) in sizes.items():
            if path.suffix == ".json" and path.with_suffix("") in sizes:
                continue
            described, _ = sizes.get(path.with_name(f"{path.name}.json"), (0, 0.0))
            found.append(Item(str(path), size + described, utc(changed)))
        return oldest_first(found, before)

    def remove(self, items: Sequence[Item]) -> None:
        """Delete each file, then its description: a description without its file is not believed."""
        _delete(items, "", ".json")


class Responses:
    """Cached responses of the AQS API, AirNow's and Open-Meteo's. Those of AQS whose rows are not stored yet stay: a
    repeated run needs them."""

    name = "responses"

    def __init__(self, state: Path) -> None:
        self._folder = state / "downloads"

    def items(self, before: datetime) -> list[Item]:
        """Responses that are marked as stored."""
        found = {path: (size, changed) for path, size, changed in _files(self._folder)}
        stored = [path for path in found if path.name.endswith(_RESPONSE) and _marked(path, "stored") in found]
        items = []
        for path in stored:
            own = [found[one] for one in (path, _marked(path, "stored"), _marked(path, "pulled")) if one in found]
            items.append(Item(str(path), sum(size for size, _ in own), utc(max(changed for _, changed in own))))
        return oldest_first(items, before)

    def remove(self, items: Sequence[Item]) -> None:
        """Delete each response before its marks: one without marks would count as not stored."""
        _delete(items, "", ".pulled", ".stored")


class Leftovers:
    """Temporary files that were never renamed, because their process was killed."""

    name = "leftovers"

    def __init__(self, *folders: Path) -> None:
        self._folders = folders

    def items(self, before: datetime) -> list[Item]:
        """Hidden files with the names that AirWatch's writers give."""
        files = {path: (size, changed) for folder in self._folders for path, size, changed in _files(folder)}
        found = [Item(str(path), *_sized(state)) for path, state in files.items() if _TEMPORARY.fullmatch(path.name)]
        return oldest_first(found, before)

    def remove(self, items: Sequence[Item]) -> None:
        """Delete them."""
        _delete(items, "")


def _sized(state: tuple[int, float]) -> tuple[int, datetime]:
    return state[0], utc(state[1])


def _is_other(path: Path) -> bool:
    """Whether a file below ``downloads`` is another kind's."""
    is_response = path.name.endswith((_RESPONSE, f"{_RESPONSE}.stored", f"{_RESPONSE}.pulled"))
    return is_response or path.name.startswith(".")


def _marked(path: Path, mark: str) -> Path:
    return path.with_name(f"{path.name}.{mark}")


def _delete(items: Sequence[Item], *suffixes: str) -> None:
    for item in items:
        for suffix in suffixes:
            Path(f"{item.name}{suffix}").unlink(missing_ok=True)


def _files(folder: Path) -> Iterator[tuple[Path, int, float]]:
    """Regular files below a folder with size and time of writing; links are neither followed nor listed."""
    for path in _entries(folder):
        if path.is_symlink():
            continue
        if path.is_dir():
            yield from _files(path)
        elif path.is_file():
            try:
                state = path.stat()
            except FileNotFoundError:  # renamed or deleted since it was listed
                continue
            yield path, state.st_size, state.st_mtime


def _entries(folder: Path) -> list[Path]:
    """What is in a folder, by name; nothing in a missing one."""
    try:
        return sorted(folder.iterdir())
    except FileNotFoundError:
        return []
