"""Tables of contents of the code location. Importing it reads no setting: each run reads them when it starts."""

import gc

from airwatch_dagster.collector import collect_seldom

collect_seldom()

# isort: split
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Any

import dagster as dg
import pandera.pandas  # noqa: F401  # pandas with it

# The objects of the libraries stay as long as the process: no collection looks through them again, nor does its end.
# Without this a third of the import is such collections.
gc.freeze()

# isort: split
from airwatch_dagster.orchestration.assets import acquire, clean, enrich, fit, forecast, publish, verify, watch
from airwatch_dagster.orchestration.automation.jobs import JOBS
from airwatch_dagster.orchestration.automation.purge import PURGE_SCHEDULE, purge_job
from airwatch_dagster.orchestration.automation.rechecks import RECHECK_SCHEDULES, RECHECK_SENSORS
from airwatch_dagster.orchestration.automation.schedules import SCHEDULES
from airwatch_dagster.orchestration.automation.sensors import SENSORS
from airwatch_dagster.orchestration.first_day import first_listed_day
from airwatch_dagster.orchestration.incidents.sensors import incidents
from airwatch_dagster.orchestration.instance.run_executor import locking_executor
from airwatch_dagster.orchestration.partitions import partitions_from
from airwatch_dagster.orchestration.registry.mlflow_client import mlflow_resource
from airwatch_dagster.orchestration.resources import SourceResource, StorageResource
from airwatch_dagster.orchestration.tables.io_manager import ParquetIOManager
from airwatch_dagster.orchestration.tables.table_asset import assets_over
from airwatch_dagster.orchestration.weather.resource import WeatherResource

MODULES = (acquire, clean, enrich, fit, forecast, publish, verify, watch)


def _definitions(assets: Sequence[Any]) -> dg.Definitions:
    return dg.Definitions(
        assets=assets,
        jobs=[*JOBS, purge_job],
        schedules=[*SCHEDULES, *RECHECK_SCHEDULES, PURGE_SCHEDULE],
        sensors=[*SENSORS, *RECHECK_SENSORS, incidents],
        resources={
            "io_manager": ParquetIOManager(),
            "storage": StorageResource(),
            "source": SourceResource(),
            "weather": WeatherResource(),
            "mlflow": mlflow_resource,
        },
        executor=locking_executor,
    )


defs = _definitions(dg.load_assets_from_modules(MODULES, include_specs=True))
"""What commands run: partitions since 2009, whatever is stored."""


def code_location() -> dg.Definitions:
    """What Dagster's UI and daemon load: the same over partitions from the first stored day on.

    Raises ConfigurationError for an AIRWATCH_FIRST_DAY that is not valid.
    """
    return _since(first_listed_day())


@lru_cache(maxsize=1)
def _since(first_day: date) -> dg.Definitions:
    """Built once: Dagster asks for the code location four times in the process of a run."""
    assets = assets_over(partitions_from(first_day), MODULES)
    return _definitions([*assets, acquire.rejected_lines, watch.incidents])
