"""What no message can tell, because what sends messages is what has stopped: the daemon, or the code location."""

from datetime import UTC, datetime
from typing import Final

import dagster as dg
from dagster._core.definitions.run_request import InstigatorType

from airwatch_dagster.commands.wording import duration_text
from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.alerts.channels import LOG, channels_of
from airwatch_dagster.orchestration.alerts.messages import plain
from airwatch_dagster.orchestration.alerts.settings import AlertSettings

DAEMON_SILENT_S: Final = 300.0
"""Seconds without a heartbeat after which the daemon has stopped; it sends one every 30."""

SENSOR_SILENT_S: Final = 600.0
"""Seconds without a tick of the sensor ``incidents`` after which the code location counts as not loaded; it ticks every
45, one sensor after the other."""

SENSOR: Final = "incidents"


def last_heartbeat(instance: dg.DagsterInstance) -> datetime | None:
    """When Dagster's daemon last said that it runs, UTC; None when it never did."""
    beats = [beat.timestamp for beat in instance.get_daemon_heartbeats().values()]
    return datetime.fromtimestamp(max(beats), UTC) if beats else None


def automation_problem(instance: dg.DagsterInstance, now: datetime) -> str | None:
    """Why nothing starts by itself, in a sentence; None when it does, and where no daemon is expected.

    That is where it has never run, or has stopped and nobody was to be told anything, as on a laptop.
    """
    seen = last_heartbeat(instance)
    if seen is None:
        return None
    if (stopped := daemon_stopped(seen, now)) is not None:
        return f"{stopped} and nobody is told: make dev" if _is_somebody_told() else None
    looked = _last_look(instance)
    if looked is None or (now - looked).total_seconds() <= SENSOR_SILENT_S:
        return None
    since = duration_text((now - looked).total_seconds())
    why = _load_error() or "it does not load where it is served, or has only just started"
    return f"The daemon runs, but no sensor has looked for {since}, so nobody is told: code location in error: {why}"


def daemon_stopped(seen: datetime, now: datetime) -> str | None:
    """The begin of a sentence that says when it stopped and what follows; None for a daemon that runs."""
    silent_s = (now - seen).total_seconds()
    if silent_s <= DAEMON_SILENT_S:
        return None
    return f"Dagster's daemon last ran {duration_text(silent_s)} ago, so no schedule runs"


def _is_somebody_told() -> bool:
    """Whether messages or pings are to leave: then somebody relies on the daemon."""
    try:
        settings = AlertSettings.from_environment()
    except ConfigurationError:  # they are set, if not well; `airwatch doctor` says what is wrong
        return True
    return channels_of(settings) != (LOG,) or settings.heartbeat_url is not None


def _last_look(instance: dg.DagsterInstance) -> datetime | None:
    """None for a sensor that has never ticked, or that a person has switched off."""
    states = instance.all_instigator_state(instigator_type=InstigatorType.SENSOR)
    state = next((one for one in states if one.instigator_name == SENSOR and one.is_running), None)
    data = state.sensor_instigator_data if state is not None else None
    at = data.last_tick_timestamp if data is not None else None
    return datetime.fromtimestamp(at, UTC) if at else None


def _load_error() -> str:
    """Why the code location does not load in this process; empty when it does."""
    try:
        from airwatch_dagster.definitions import code_location

        code_location().get_repository_def()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
        return plain(str(error) or type(error).__name__)
    return ""
