"""The monitors that files name, kept as long as these files do not change."""

from collections.abc import Callable, Sequence
from pathlib import Path

from airwatch_dagster.acquire.airdata.archive import AirDataArchive
from airwatch_dagster.acquire.airdata.kept import Kept, KeptReads
from airwatch_dagster.acquire.readings import MonitorList


def kept_monitors(
    name: str,
    paths: Sequence[Path],
    read: Callable[[], MonitorList],
    *,
    parameters: Sequence[str],
    archive: AirDataArchive,
    kept: KeptReads | None,
) -> MonitorList:
    """What ``read`` makes of ``paths``, files of ``archive``, for ``parameters``; or what was kept of it when they were
    the same. ``name`` tells ``read`` from others."""
    if kept is None:
        return read()
    name, state = f"{name}.{'-'.join(parameters)}", [sha256_of(archive, path) for path in paths]
    monitors, rejected = kept.find(name, state), kept.find(f"{name}.rejected", state)
    if monitors is not None and rejected is not None:
        return MonitorList(monitors.frame, rejected.frame, monitors.numbers["foreign_rows"])
    found = read()
    kept.keep(f"{name}.rejected", state, Kept(found.rejected, {}))
    kept.keep(name, state, Kept(found.monitors, {"foreign_rows": found.foreign_rows}))
    return found


def sha256_of(archive: AirDataArchive, path: Path) -> str:
    """Digest of a file that was fetched from ``archive``, after its name."""
    download = archive.download(path.name)
    assert download is not None, f"{path} was fetched"
    return f"{path.name} {download.sha256}"
