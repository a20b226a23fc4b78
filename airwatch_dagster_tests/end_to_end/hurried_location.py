"""The code location as a test's daemon loads it: looks of seconds, and jobs and a sensor that fail.

What goes wrong is switched on and off by files in the folder ``switches`` of Dagster's home.
"""

import os
import shutil
import time
from pathlib import Path
from typing import Any, Final

import dagster as dg

from airwatch_dagster import definitions
from airwatch_dagster.orchestration.incidents import look, sensors
from airwatch_dagster.orchestration.instance.run_executor import locking_executor

DISK_IS_FULL: Final = "disk is full"
SENSOR_FAILS: Final = "sensor fails"
WORK_GOES_ON: Final = "work goes on"

HURRY_S: Final = 2.0
"""Seconds between two looks of each kind."""


def switch(name: str) -> Path:
    """The file that switches it on, in the home of the installation that is active."""
    return Path(os.environ["DAGSTER_HOME"], "switches", name)


def _work(name: str) -> dg.JobDefinition:
    """A job whose step notes its process, and takes as long as ``WORK_GOES_ON`` is off."""

    @dg.op(name=f"{name}_step")
    def step() -> None:
        switch(f"{name}.pid").write_text(str(os.getpid()))
        while not switch(WORK_GOES_ON).exists():
            time.sleep(0.1)

    @dg.job(name=name, executor_def=locking_executor)
    def job() -> None:
        step()

    return job


work_that_stands, work_that_is_killed = _work("work_that_stands"), _work("work_that_is_killed")


@dg.sensor(job=work_that_stands, minimum_interval_seconds=2, default_status=dg.DefaultSensorStatus.RUNNING)
def watcher() -> dg.SkipReason:
    """A sensor that fails on demand."""
    if switch(SENSOR_FAILS).exists():
        raise ValueError("the list of files has no header")
    return dg.SkipReason("nothing new")


def code_location() -> dg.Definitions:
    """AirWatch's, in a hurry. It is made once in a process that does nothing else."""
    look.OVERDUE_EVERY_S = look.MEASURED_EVERY_S = sensors.PING_EVERY_S = HURRY_S  # type: ignore[misc]
    sensors.incidents._min_interval = int(HURRY_S)
    usage_of = shutil.disk_usage

    def disk_usage(path: Any) -> Any:
        usage = usage_of(path)
        return usage._replace(free=100_000_000) if switch(DISK_IS_FULL).exists() else usage

    shutil.disk_usage = disk_usage
    failing = dg.Definitions(jobs=[work_that_stands, work_that_is_killed], sensors=[watcher])
    return dg.Definitions.merge(definitions.code_location(), failing)
