"""`airwatch restore`: an installation as it was backed up, in empty folders."""

import shutil
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from airwatch_dagster.commands.backup.manifest import Manifest, described, files_below
from airwatch_dagster.commands.backup.places import STATE, TABLES, places
from airwatch_dagster.commands.wording import counted, program
from airwatch_dagster.errors import ConfigurationError, StorageError
from airwatch_dagster.storage.unfinished import unfinished_folder

Echo = Callable[[str], None]

RESTORING: Final = ".restoring"
"""File in a restored place until the other one is in its place too."""

_SETTINGS: Final = {STATE: "AIRWATCH_STATE", TABLES: "AIRWATCH_STORAGE"}


def restore_backup(folder: Path, *, echo: Echo) -> None:
    """Restore a backup to AIRWATCH_STATE and AIRWATCH_STORAGE, which must be empty or missing.

    Every file is compared with the manifest before the first one is written. The files are copied beside the two places
    and moved there by one step each, so each is empty or complete when a restore is killed; the same command then goes
    on. Raises ConfigurationError for a damaged backup and for a place that holds anything else.
    """
    targets = places()
    manifest = Manifest.read(folder)
    done = {name for name, target in targets.items() if _is_restored(target, manifest, name)}
    for name in targets.keys() - done:
        _require_empty(_SETTINGS[name], targets[name])
    manifest.require_complete(folder)
    try:
        with ExitStack() as copies:
            beside = {name: copies.enter_context(unfinished_folder(targets[name])) for name in targets.keys() - done}
            for name, copy in beside.items():
                _copy(folder, copy, [one for one in manifest.files if one.startswith(f"{name}/")], name)
                (copy / RESTORING).touch()
            _publish(beside, targets)
        for target in targets.values():
            (target / RESTORING).unlink(missing_ok=True)
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        fix = "Restore to folders that this user may write, on a disk with room"
        raise StorageError(str(error.filename or folder), f"cannot be restored: {reason}", fix=fix) from error
    where = " and ".join(map(str, targets.values()))
    echo(f"{counted(len(manifest.files), 'file')} of {manifest.made_at} restored to {where}")
    echo(f"Continue with `{program()} doctor`, then `{program()} backfill FIRST yesterday` from the last day stored")


def _is_restored(target: Path, manifest: Manifest, place: str) -> bool:
    """Whether a killed restore of this very backup has moved the place to where it belongs, and nobody changed it."""
    if not (target / RESTORING).is_file():
        return False
    wanted = {name: known for name, known in manifest.files.items() if name.startswith(f"{place}/")}
    found = {f"{place}/{path.relative_to(target)}": described(path) for path in files_below(target)}
    found.pop(f"{place}/{RESTORING}")
    return found == wanted


def _require_empty(setting: str, target: Path) -> None:
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        fix = "Set it to a new folder, or move away what is there"
        raise ConfigurationError(setting, f"{target} is not empty", fix=fix)


def _copy(folder: Path, copy: Path, names: list[str], place: str) -> None:
    for name in names:
        target = copy / Path(name).relative_to(place)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(folder / name, target)


def _publish(beside: Mapping[str, Path], targets: Mapping[str, Path]) -> None:
    for name, copy in beside.items():
        if targets[name].exists():
            targets[name].rmdir()
        copy.rename(targets[name])
