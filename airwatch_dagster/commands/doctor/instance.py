"""Dagster's instance: whether it opens, with a schema of this version, and whether its daemon runs."""

import math
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from airwatch_dagster.commands.doctor.findings import Check, Finding, error, ok, warning
from airwatch_dagster.commands.doctor.locks import is_any_locked
from airwatch_dagster.commands.wording import counted, duration_text
from airwatch_dagster.orchestration.configuration.environment import dagster_home

MIGRATE: Final = "python -m airwatch_dagster.commands.with_settings dagster instance migrate"
"""Dagster's own command, with AirWatch's settings."""

RESTORE: Final = "airwatch restore BACKUP"
"""The way back after an upgrade, to empty places."""

MAX_S: Final = 16.0
"""Seconds for PostgreSQL's first answers."""

SILENT_S: Final = 300.0
"""Seconds without a heartbeat after which the daemon counts as not running; it sends one every 30."""


def _dagster() -> Iterator[Finding]:
    from airwatch_dagster.orchestration.instance.opening import opened_instance

    with opened_instance() as instance:
        counted_runs = counted(instance.get_runs_count(), "run")
        yield ok("dagster", f"instance at {instance.root_directory}, {counted_runs}; DAGSTER_HOME is {dagster_home()}")


def _schema() -> Iterator[Finding]:
    from airwatch_dagster.orchestration.instance.opening import opened_instance

    with opened_instance() as instance:
        storages = {
            "runs": instance.run_storage,
            "events": instance.event_log_storage,
            "schedules": instance.schedule_storage,
        }
        found = {name: storage.alembic_version() for name, storage in storages.items() if storage is not None}
    behind = {name: version for name, version in found.items() if version is not None and not _is_current(*version)}
    if not behind:
        yield ok("dagster schema", "that of the installed Dagster")
        return
    named = ", ".join(f"{name} at {has or 'none'} and not {wants}" for name, (has, wants) in behind.items())
    if any(has is not None and not _is_known(has) for has, _ in behind.values()):
        says = f"the tables of {named} were made by a newer Dagster than the installed one, which cannot migrate them"
        fix = "Install the newer version again, or restore a backup of before. Retrying will not help."
        yield error("dagster schema", f"{says}. {fix}", run=RESTORE)
        return
    says = f"the tables of {named} were made by an older Dagster than the installed one. Back them up, then migrate"
    yield error("dagster schema", f"{says}. Retrying will not help.", run=MIGRATE)


def _is_known(version: str) -> bool:
    """Whether the installed Dagster has the migration that leads to this version."""
    import dagster._core.storage as storage

    folder = Path(storage.__file__).parent / "alembic" / "versions"
    return any(version in file.read_text(encoding="utf-8") for file in folder.glob("*.py"))


def _is_current(has: str | None, wants: Any) -> bool:
    return has in wants if isinstance(wants, tuple) else has == wants


def _daemon() -> Iterator[Finding]:
    from airwatch_dagster.orchestration.instance.opening import opened_instance

    with opened_instance() as instance:
        required = set(instance.get_required_daemon_types())
        beats = {name: beat for name, beat in instance.get_daemon_heartbeats().items() if name in required}
    effect = "Schedules, sensors and queued runs do not run. Start it, and leave it running."
    if not beats:
        yield warning("daemon", f"Dagster's daemon has never run here. {effect}", run="make dev")
        return
    since = time.time() - max(beat.timestamp for beat in beats.values())
    if since > SILENT_S:
        yield warning("daemon", f"Dagster's daemon last ran {duration_text(since)} ago. {effect}", run="make dev")
        return
    failing = {name: beat.errors[0] for name, beat in beats.items() if beat.errors}
    for name, raised in failing.items():
        from airwatch_dagster.orchestration.alerts.messages import one_line

        says = f"the daemon runs, but its part {name} fails: {one_line(raised.message)}. Correct what it names."
        yield error("daemon", f"{says} Retrying may help.", run="make dev")
    if not failing:
        yield ok("daemon", f"runs; last heartbeat {duration_text(since)} ago")


def checks() -> Sequence[Check]:
    """Those of the instance; where a server or another process could keep them waiting, not for long."""
    max_s = MAX_S if _is_on_a_server() or is_any_locked() else math.inf
    return (
        Check("dagster", _dagster, "unset DAGSTER_HOME", max_s),
        Check("dagster schema", _schema, MIGRATE, needs="dagster"),
        Check("daemon", _daemon, "make dev", needs="dagster"),
    )


def _is_on_a_server() -> bool:
    file = Path(dagster_home()) / "dagster.yaml"
    try:
        return "postgres" in file.read_text(encoding="utf-8", errors="replace")
    except OSError:  # the check itself says what is wrong
        return False
