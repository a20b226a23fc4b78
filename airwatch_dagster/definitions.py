"""Table of contents of the code location. Importing it reads no setting: each run reads them when it starts."""

import dagster as dg

from airwatch_dagster.orchestration.alerts.sensors import alert_sensors
from airwatch_dagster.orchestration.assets import acquire, clean, enrich, fit, forecast, publish, verify, watch
from airwatch_dagster.orchestration.automation.jobs import JOBS
from airwatch_dagster.orchestration.automation.rechecks import RECHECK_SCHEDULES, RECHECK_SENSORS
from airwatch_dagster.orchestration.automation.sensors import SCHEDULES, SENSORS
from airwatch_dagster.orchestration.io_manager import ParquetIOManager
from airwatch_dagster.orchestration.registry.mlflow_client import mlflow_resource
from airwatch_dagster.orchestration.resources import SourceResource, StorageResource

defs = dg.Definitions(
    assets=dg.load_assets_from_modules(
        [acquire, clean, enrich, fit, forecast, publish, verify, watch], include_specs=True
    ),
    jobs=JOBS,
    schedules=[*SCHEDULES, *RECHECK_SCHEDULES],
    sensors=[*SENSORS, *RECHECK_SENSORS, *alert_sensors()],
    resources={
        "io_manager": ParquetIOManager(),
        "storage": StorageResource(),
        "source": SourceResource(),
        "mlflow": mlflow_resource,
    },
    executor=dg.in_process_executor,
)
