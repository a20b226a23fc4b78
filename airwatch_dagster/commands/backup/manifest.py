"""The list of a backup's files with their hashes; a backup without one is not complete."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from airwatch_dagster import __version__
from airwatch_dagster.acquire.http.atomic_file import write_atomically
from airwatch_dagster.errors import ConfigurationError

MANIFEST: Final = "manifest.json"

_FORMAT: Final = 1
"""Changes when an older AirWatch could not restore a newer backup."""

_FIX: Final = "Restore another backup; this one is damaged"


@dataclass(frozen=True)
class Manifest:
    """What a backup holds."""

    made_at: str
    """UTC, ISO 8601."""
    versions: dict[str, str]
    """AirWatch's, Dagster's and MLflow's, which wrote the databases."""
    files: dict[str, dict[str, str | int]]
    """Path in the backup → ``sha256`` and ``size``."""
    format: int = _FORMAT

    @classmethod
    def of(cls, files: dict[str, dict[str, str | int]], *, made_at: str) -> "Manifest":
        """A manifest of this installation's versions."""
        versions = {name: version(name) for name in ("dagster", "mlflow")}
        return cls(made_at, {"airwatch": __version__, **versions}, files)

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """The manifest of a backup. Raises ConfigurationError for a folder that is not a complete backup."""
        path = folder / MANIFEST
        try:
            manifest = cls(**json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            fix = "Name a folder that `airwatch backup` completed"
            raise ConfigurationError(str(folder), f"has no {MANIFEST}, so it is no complete backup", fix=fix) from None
        except (ValueError, TypeError) as error:
            raise ConfigurationError(str(path), "is not the manifest of a backup", fix=_FIX) from error
        if manifest.format != _FORMAT:
            problem = f"has format {manifest.format}, this AirWatch reads {_FORMAT}"
            raise ConfigurationError(str(path), problem, fix=f"Install AirWatch {manifest.versions.get('airwatch')}")
        return manifest

    def write(self, folder: Path) -> None:
        """Write it as the last file of a backup."""
        write_atomically(folder / MANIFEST, json.dumps(asdict(self), indent=1).encode())

    def require_complete(self, folder: Path) -> None:
        """Raise ConfigurationError naming the first file that is missing, changed or not listed."""
        found = {str(path.relative_to(folder)) for path in files_below(folder)} - {MANIFEST}
        for name, known in sorted(self.files.items()):
            if name not in found:
                raise ConfigurationError(str(folder / name), "is missing from the backup", fix=_FIX)
            if described(folder / name) != known:
                raise ConfigurationError(str(folder / name), "is not as it was backed up (SHA-256)", fix=_FIX)
        for name in sorted(found - self.files.keys()):
            fix = "Move it away, if you put it there"
            raise ConfigurationError(str(folder / name), "is in the backup, but not in its manifest", fix=fix)


def described(path: Path) -> dict[str, str | int]:
    """Hash and bytes of a file."""
    with path.open("rb") as file:
        return {"sha256": hashlib.file_digest(file, "sha256").hexdigest(), "size": path.stat().st_size}


def files_below(folder: Path) -> Iterator[Path]:
    """Regular files below a folder in a fixed order; links are neither followed nor given."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_symlink():
            continue
        if path.is_dir():
            yield from files_below(path)
        elif path.is_file():
            yield path
