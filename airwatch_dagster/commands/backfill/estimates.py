"""How long the runs of a backfill take: by what earlier ones took, else by a table of usual costs."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

import dagster as dg
import pandas as pd

from airwatch_dagster.acquire.aqs.request_plan import Cost
from airwatch_dagster.commands.backfill.parallel import Task
from airwatch_dagster.commands.backfill.runs import KIND, STORAGE
from airwatch_dagster.orchestration.automation.jobs import RANGE_END, RANGE_START
from airwatch_dagster.orchestration.configuration.settings import storage_root
from airwatch_dagster.schemas import TABLES

RUN_S: Final = 1.0
"""Seconds of a run besides its partitions."""

PARTITION_S: Final[Mapping[str, float]] = {
    "raw_readings": 0.02,
    "weather_forecasts": 0.3,
    "site_days": 0.01,
    "features": 0.01,
    "training_examples": 0.5,
    "hyperparameters": 60.0,
    "trained_models": 6.0,
    "candidate_scores": 0.8,
    "champion_model": 0.8,
    "predictions": 0.02,
    "forecast_scores": 0.01,
    "early_scores": 0.01,
    "verification": 0.4,
    "scoreboard": 0.5,
    "scoreboard_events": 0.3,
    "monthly_findings": 0.5,
    "drift_report": 1.8,
    "coverage": 0.4,
    "sensor_flags": 0.02,
    "agency_forecasts": 1.0,
    "bulletin": 0.05,
}
"""Seconds of a partition, a day or a month, in a storage without earlier runs: measured on two cores with the demo's 9
sites and 30 around them, downloads excluded. A larger area takes longer; its own runs say how long."""

WHOLE_S: Final = 4.0
"""Seconds of a table without partitions, downloads excluded."""

RUNS_MEASURED: Final = 200
"""Newest successful backfill runs of the storage that are looked at."""


class Estimates:
    """Seconds that runs will take; corrected by each run that ends."""

    def __init__(self, measured: Mapping[str, float] = MappingProxyType({})) -> None:
        self._per_partition = {**PARTITION_S, **measured}
        self._costs: dict[Task, Cost] = {}

    def add_downloads(self, costs: Mapping[Task, Cost]) -> None:
        """These runs make requests of EPA."""
        self._costs.update(costs)

    def seconds(self, task: Task) -> float:
        """Seconds of the run, with the requests that it makes of EPA."""
        if task.step is None:
            return WHOLE_S
        own = RUN_S + task.step.count * self._per_partition.get(task.table, 0.0)
        return max(own, self._costs.get(task, Cost()).seconds)

    def all_seconds(self, tasks: Iterable[Task], *, processes: int) -> float:
        """Seconds of these runs together, so many at a time."""
        return sum(map(self.seconds, tasks)) / max(1, processes)

    def observe(self, task: Task, seconds: float) -> None:
        """A run ended after so many seconds."""
        if task.step is not None:
            self._per_partition[task.table] = max(0.0, seconds - RUN_S) / task.step.count


def measured_seconds(instance: dg.DagsterInstance) -> dict[str, float]:
    """Seconds of a partition by table, from the newest successful backfill runs of this storage."""
    of_storage = dg.RunsFilter(tags={KIND: "backfill", STORAGE: storage_root()}, statuses=[dg.DagsterRunStatus.SUCCESS])
    spent: defaultdict[str, float] = defaultdict(float)
    built: defaultdict[str, int] = defaultdict(int)
    for record in instance.get_run_records(of_storage, limit=RUNS_MEASURED):
        run = record.dagster_run
        if RANGE_START not in run.tags or not run.asset_selection or not record.start_time or not record.end_time:
            continue
        table = next(iter(run.asset_selection)).to_user_string()
        unit = "M" if TABLES[table].grain == "month" else "D"
        spent[table] += max(0.0, record.end_time - record.start_time)
        built[table] += len(pd.period_range(run.tags[RANGE_START], run.tags[RANGE_END], freq=unit))
    return {table: spent[table] / built[table] for table in spent}
