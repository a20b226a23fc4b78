"""The one sensor that feeds the incidents and sends their messages."""

from dataclasses import replace
from typing import Final

import dagster as dg

from airwatch_dagster.orchestration.alerts.heartbeat import PING_EVERY_S, ping
from airwatch_dagster.orchestration.incidents.cursor import Cursor, Notice
from airwatch_dagster.orchestration.incidents.signs.finished_runs import newest_end
from airwatch_dagster.orchestration.resources import StorageResource, utc_now

LOOK_EVERY_S: Final = 45
"""Seconds between two looks for runs that have ended. Each takes the daemon a tenth of a second of CPU."""


@dg.sensor(
    minimum_interval_seconds=LOOK_EVERY_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Opens and closes incidents by what finished runs, checks, schedules and sensors show, in runs of "
    "commands too, and by the age of the data, the disks and rules of the air; "
    "sends one message on the opening, one on the end, and a daily digest of what is open",
)
def incidents(context: dg.SensorEvaluationContext, storage: StorageResource) -> dg.SkipReason:
    """Requests no run. Raises AirWatchError when no channel took a message and nothing else was new."""
    # Queries of Dagster's tables need SQLAlchemy: runs import the code location without it.
    from airwatch_dagster.orchestration.incidents.look import Look

    now, known = utc_now(), Cursor.read(context.cursor)
    if known is None:
        known = Cursor(newest_end(context.instance), digest=Notice(f"{now:%Y-%m-%d}"))
        context.update_cursor(known.text)
        return dg.SkipReason("The first look: runs that end from now on count")
    look = Look(context.instance, storage, context.repository_def, context.log)
    cursor, said = look.at(now, known)
    seconds = now.tz_localize("UTC").timestamp()
    if seconds - cursor.pinged_at >= PING_EVERY_S:
        ping(log=context.log)
        cursor = replace(cursor, pinged_at=seconds)
    context.update_cursor(cursor.text)
    return dg.SkipReason(said)
