"""Table of contents of the code location."""

import dagster as dg

from airwatch_dagster.orchestration.alerts import alert_sensors
from airwatch_dagster.orchestration.automation import SCHEDULES, SENSORS
from airwatch_dagster.orchestration.experiments import mlflow_resource
from airwatch_dagster.orchestration.jobs import JOBS
from airwatch_dagster.orchestration.looking_back import LOOK_SCHEDULES, LOOK_SENSORS
from airwatch_dagster.orchestration.parquet_io_manager import ParquetIOManager
from airwatch_dagster.orchestration.resources import SourceResource, StorageResource
from airwatch_dagster.orchestration.settings import storage_root
from airwatch_dagster.orchestration.stages import acquire, clean, enrich, fit, forecast, monitor

storage = storage_root()

defs = dg.Definitions(
    assets=dg.load_assets_from_modules([acquire, clean, enrich, fit, forecast, monitor]),
    jobs=JOBS,
    schedules=[*SCHEDULES, *LOOK_SCHEDULES],
    sensors=[*SENSORS, *LOOK_SENSORS, *alert_sensors()],
    resources={
        "io_manager": ParquetIOManager(root=storage),
        "storage": StorageResource(root=storage),
        "source": SourceResource(),
        "mlflow": mlflow_resource,
    },
    executor=dg.in_process_executor,
)
