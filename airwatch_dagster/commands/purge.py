"""`airwatch purge`: what is older than it is kept for, and its removal."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from airwatch_dagster.commands.backfill.runs import report_lost_runs
from airwatch_dagster.commands.wording import counted
from airwatch_dagster.orchestration.instance.opening import opened_instance
from airwatch_dagster.orchestration.retention.kinds import KEPT_FOR, ages
from airwatch_dagster.orchestration.retention.purge import Removable, removable

Echo = Callable[[str], None]


def purge(
    *, older_than: Sequence[str], kinds: str | None, does_remove: bool, as_json: bool, show_all: bool, echo: Echo
) -> None:
    """List what can be removed, by kind; with ``does_remove`` remove it too.

    Raises ConfigurationError for an age or a kind that is not valid.
    """
    wanted = None if kinds is None else [name.strip() for name in kinds.split(",") if name.strip()]
    by_kind, found = ages(older_than), []
    with opened_instance() as instance:
        report_lost_runs(instance)
        for one in removable(instance, by_kind, kinds=wanted):
            if not as_json:
                _print(one, show_all=show_all, echo=echo)
            if does_remove:
                one.remove()
            found.append(one)
    if as_json:
        echo(json.dumps([_record(one) for one in found], indent=2))
        return
    count, size = sum(len(one.items) for one in found), bytes_text(sum(one.size for one in found))
    if does_remove:
        echo(f"Removed {counted(count, 'item')}, {size}.")
    elif count:
        echo(f"{counted(count, 'item')}, {size}, can be removed. Nothing was; add --yes to do it.")
    else:
        echo("Nothing is older than it is kept for.")


def _print(one: Removable, *, show_all: bool, echo: Echo) -> None:
    """``runs        12 items    1.3 MB  2026-01-03 to 2026-05-30  older than 180 days``."""
    span = f"{one.items[0].changed_at:%Y-%m-%d} to {one.items[-1].changed_at:%Y-%m-%d}" if one.items else ""
    size = bytes_text(one.size) if one.items else ""
    kept = f"older than {counted(one.age.days, 'day')}"
    echo(f"{one.kind.name:<10} {counted(len(one.items), 'item'):>12} {size:>9}  {span:<24}  {kept}")
    if show_all:
        for item in one.items:
            echo(f"  {item.changed_at:%Y-%m-%d}  {bytes_text(item.size):>9}  {item.name}")


def _record(one: Removable) -> dict[str, Any]:
    return {
        "kind": one.kind.name,
        "what": KEPT_FOR[one.kind.name].what,
        "kept_days": one.age.days,
        "items": len(one.items),
        "bytes": one.size,
        "oldest": one.items[0].changed_at.isoformat() if one.items else None,
        "newest": one.items[-1].changed_at.isoformat() if one.items else None,
        "names": [item.name for item in one.items],
    }


def bytes_text(size: float) -> str:
    """``0 B``, ``12 kB``, ``1.3 MB``, ``2.0 GB``; powers of 1000."""
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit != "MB" else f"{size:.1f} MB"
        size /= 1000
    return f"{size:.1f} GB"
