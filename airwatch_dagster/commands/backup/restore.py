"""`airwatch restore`: an installation as it was backed up, in empty folders."""

import shutil
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from airwatch_dagster.commands.backup.manifest import Manifest
from airwatch_dagster.commands.backup.places import STATE, TABLES, places
from airwatch_dagster.commands.wording import counted, program
from airwatch_dagster.errors import ConfigurationError, StorageError

Echo = Callable[[str], None]

_SETTINGS: Final = {STATE: "AIRWATCH_STATE", TABLES: "AIRWATCH_STORAGE"}


def restore_backup(folder: Path, *, echo: Echo) -> None:
    """Restore a backup to AIRWATCH_STATE and AIRWATCH_STORAGE, which must be empty or missing.

    Every file is compared with the manifest before the first one is written. The files are copied beside the two places
    and moved there by one step each, so a restore that is killed meanwhile leaves them empty. Raises ConfigurationError
    for a damaged backup and for a place that holds anything.
    """
    targets = places()
    manifest = Manifest.read(folder)
    for name, target in targets.items():
        _require_empty(_SETTINGS[name], target)
    manifest.require_complete(folder)
    beside = {
        name: target.with_name(f".{target.name}.{uuid.uuid4().hex}.restoring") for name, target in targets.items()
    }
    try:
        for name, copy in beside.items():
            _copy(folder, copy, [one for one in manifest.files if one.startswith(f"{name}/")], name)
        _publish(beside, targets)
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        fix = "Restore to folders that this user may write, on a disk with room"
        raise StorageError(str(error.filename or folder), f"cannot be restored: {reason}", fix=fix) from error
    finally:
        for copy in beside.values():
            shutil.rmtree(copy, ignore_errors=True)
    where = " and ".join(map(str, targets.values()))
    echo(f"{counted(len(manifest.files), 'file')} of {manifest.made_at} restored to {where}")
    echo(f"Continue with `{program()} doctor`, then `{program()} backfill FIRST yesterday` from the last day stored")


def _require_empty(setting: str, target: Path) -> None:
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        fix = "Set it to a new folder, or move away what is there"
        raise ConfigurationError(setting, f"{target} is not empty", fix=fix)


def _copy(folder: Path, copy: Path, names: list[str], place: str) -> None:
    copy.mkdir(mode=0o700, parents=True)
    for name in names:
        target = copy / Path(name).relative_to(place)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(folder / name, target)


def _publish(beside: Mapping[str, Path], targets: Mapping[str, Path]) -> None:
    for name, target in targets.items():
        if target.exists():
            target.rmdir()
        beside[name].rename(target)
