"""Memory for training: what the area needs, and what this machine or container allows."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from airwatch_dagster.commands.doctor.findings import Check, Finding, error, ok, warning
from airwatch_dagster.orchestration.configuration.settings import AreaSettings

NATION_GB: Final = 7.5
"""GB of the month's training of the whole country, 1,000 sites over 36 months: 6 to 7.5 measured."""

SOME_GB: Final = 1.0
"""GB of a metropolitan area's training; less than 1 measured around Chicago, 26 sites."""

STATE_GB: Final = 1.5
"""GB of a state's: at most 150 of the nation's 1,000 sites, so about a sixth of the nation's growth over SOME_GB."""

MEMINFO: Final = Path("/proc/meminfo")

CGROUPS: Final = (
    (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")),
    (
        Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
        Path("/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ),
)
"""Limit and use of this process's container, by versions 2 and 1 of Linux's control groups."""


def _memory() -> Iterator[Finding]:
    need, (total, free) = needed_gb(AreaSettings.from_environment().area), memory_gb()
    says = f"training a month of this area takes up to {need:g} GB; this machine or container has {total:.1f} GB"
    if total < need:
        fix = "Give it more, or choose a smaller area. Retrying will not help."
        yield error("memory", f"{says}, so that the run is killed. {fix}", run="airwatch areas WORD")
    elif free < need:
        says = f"{says}, of which {free:.1f} are free. End other processes before a month is opened."
        yield warning("memory", says, run="ps aux --sort=-rss | head")
    else:
        yield ok("memory", f"{says}, of which {free:.1f} are free")


def needed_gb(area: str) -> float:
    """GB that training takes, by the kind of area."""
    from airwatch_dagster.acquire.area import Area

    parsed = Area.parse(area)
    if parsed.is_everywhere:
        return NATION_GB
    several = STATE_GB * len(parsed.state_codes) + 0.1 * max(0, len(parsed.cbsa_codes) - 1)
    return min(NATION_GB, max(SOME_GB, several))


def memory_gb() -> tuple[float, float]:
    """All memory and what is available of it, in GB; a container's limit counts where it is lower."""
    lines = dict(line.split(":", 1) for line in MEMINFO.read_text(encoding="utf-8").splitlines() if ":" in line)
    total, free = (int(lines[name].split()[0]) * 1024 / 1e9 for name in ("MemTotal", "MemAvailable"))
    for limit_file, used_file in CGROUPS:
        limit, used = _number(limit_file), _number(used_file)
        if limit is not None and limit / 1e9 < total:
            total, free = limit / 1e9, min(free, (limit - (used or 0)) / 1e9)
    return total, free


def _number(file: Path) -> int | None:
    """The number in the file; None without the file, and for the word for no limit."""
    text = file.read_text(encoding="utf-8").strip() if file.is_file() else ""
    return int(text) if text.isdigit() else None


CHECK: Final = Check("memory", _memory, "free -h")
