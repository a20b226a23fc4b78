"""Sensor flags as an asset: the same rows by day and as a range, their numbers, and the warning that names sites."""

from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from airwatch_dagster.orchestration.assets.watch import sensor_flags
from airwatch_dagster.orchestration.metadata.sensor_flags import flagged_days
from airwatch_dagster.orchestration.resources import StorageResource
from airwatch_dagster.orchestration.tables.io_manager import ParquetIOManager
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.watch import SENSOR_TESTS
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster.watch.sensors.window import days_needed
from airwatch_dagster_tests.builders import SITE_DAY_ROW, monitors
from airwatch_dagster_tests.watch.test_sensor_flags import DAY, OWN, SITES, air, as_site_days, hours, set_last, smoke

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
NAMED = monitors({"site_id": OWN, "site_name": "Lakefront"})


DAYS = pd.date_range(end=DAY, periods=3)
"""Those that the tests run, at most."""


def stored(folder: Path, values: pd.DataFrame, raw: pd.DataFrame | None = None) -> TableStorage:
    tables = TableStorage.open(str(folder / "tables"))
    rows = as_site_days(values[values.index.isin(days_needed(DAYS))])
    whole = pd.DataFrame({**SITE_DAY_ROW, **{name: rows[name] for name in rows}})[TABLES["site_days"].column_names]
    whole = TABLES["site_days"].schema.validate(whole)
    tables.write("site_days", {f"{day:%Y-%m-%d}": of_day for day, of_day in whole.groupby("date_local")})
    tables.write("monitors", {None: NAMED})
    if raw is not None:
        tables.write("raw_readings", {f"{DAY:%Y-%m-%d}": raw})
    return tables


def run(folder: Path, **options: Any) -> dg.ExecuteInProcessResult:
    root = str(folder / "tables")
    resources = {"io_manager": ParquetIOManager(root=root), "storage": StorageResource(root=root)}
    stands_for = dg.AssetSpec("monitors")
    definitions = dg.Definitions([sensor_flags, stands_for], resources=resources)
    job = definitions.resolve_implicit_job_def_def_for_assets([dg.AssetKey("sensor_flags")])
    assert job is not None
    with dg.DagsterInstance.ephemeral() as instance:
        return job.execute_in_process(
            instance=instance, asset_selection=[dg.AssetKey("sensor_flags")], run_config=QUIET, **options
        )


def test_a_failed_sensor_is_named_with_the_reason_and_smoke_is_not(tmp_path: Path) -> None:
    tables = stored(tmp_path / "fault", set_last(air(), *[6.3] * 5))
    result = flagged_days(pd.DatetimeIndex([DAY]), monitors=NAMED, tables=tables)
    assert result.warnings == {
        "no_sensor_failed": {"2021-07-04": "Lakefront: The last 5 readings are all 6.3 µg/m³"},
    }

    tables = stored(tmp_path / "smoke", smoke(air(), 6.0))
    result = flagged_days(pd.DatetimeIndex([DAY]), monitors=NAMED, tables=tables)
    assert result.warnings == {"no_sensor_failed": {}}


def test_a_warning_names_five_sites_and_counts_the_rest(tmp_path: Path) -> None:
    values = air()
    values.iloc[-1] = values.iloc[-2]

    result = flagged_days(pd.DatetimeIndex([DAY]), monitors=NAMED, tables=stored(tmp_path, values))

    text = result.warnings["no_sensor_failed"]["2021-07-04"]
    assert text.count("the feed repeats a day") == 5
    assert text.endswith("; and 2 more sites")


def test_context_sites_are_listed_and_not_warned_of(tmp_path: Path) -> None:
    tables = stored(tmp_path, set_last(air(), *[6.3] * 5))
    of_context = monitors({"site_id": OWN, "site_name": "Lakefront", "is_context": True})

    result = flagged_days(pd.DatetimeIndex([DAY]), monitors=of_context, tables=tables)

    assert result.warnings == {"no_sensor_failed": {}}
    assert "| Lakefront | fail | flat line |" in result.partition_metadata["2021-07-04"]["worst sites"].value


def test_a_day_has_its_worst_sites_and_a_dozen_numbers(tmp_path: Path) -> None:
    tables = stored(tmp_path, set_last(air(), 0.0), hours_of_a_stuck_sensor())

    found = flagged_days(pd.DatetimeIndex([DAY]), monitors=NAMED, tables=tables).partition_metadata["2021-07-04"]

    numbers = {name: value for name, value in found.items() if isinstance(value, int)}
    assert len(numbers) <= 12
    assert (numbers["tested sites"], numbers["failed sites"]) == (len(SITES), 1)
    assert numbers["suspect or failed: flat line"] == 1
    assert "| Lakefront | fail | flat line | All hours of the day are 0.0 µg/m³ |" in found["worst sites"].value
    assert "| flat line | 6 | 0 | 0 | 1 | 0 |" in found["flags by test"].value


def test_days_without_stored_site_days_have_no_flags(tmp_path: Path) -> None:
    tables = TableStorage.open(str(tmp_path))

    result = flagged_days(pd.DatetimeIndex([DAY]), monitors=NAMED, tables=tables)

    assert result.frame.empty
    assert result.warnings == {"no_sensor_failed": {}}


@pytest.mark.slow
def test_runs_of_single_days_and_of_a_range_store_the_same_and_warn_of_the_same_days(tmp_path: Path) -> None:
    values = set_last(air(), *[6.3] * 6)
    days = [f"{day:%Y-%m-%d}" for day in DAYS]
    found = {}
    for folder in (tmp_path / "alone", tmp_path / "range"):
        tables = stored(folder, values)
        tags = {
            "dagster/asset_partition_range_start": days[0],
            "dagster/asset_partition_range_end": days[-1],
        }
        runs = [run(folder, tags=tags)] if folder.name == "range" else [run(folder, partition_key=day) for day in days]
        assert all(one.success for one in runs)
        failed = [
            one.partition
            for result in runs
            for one in result.get_asset_check_evaluations()
            if one.check_name == "no_sensor_failed" and not one.passed and one.partition is not None
        ]
        found[folder.name] = tables.read("sensor_flags", days), sorted(failed)

    pd.testing.assert_frame_equal(found["alone"][0], found["range"][0], check_exact=True)
    assert len(found["alone"][0]) == len(days) * len(SITES) * len(SENSOR_TESTS)
    assert found["alone"][1] == days[1:]


def hours_of_a_stuck_sensor() -> pd.DataFrame:
    rows = hours(mean=0.0, highest=0.0)
    missing = {name: None for name in TABLES["raw_readings"].column_names if name not in rows}
    named = {"units_of_measure": "Micrograms/cubic meter (LC)", "latitude": 41.9, "longitude": -87.6}
    whole = rows.assign(**{**missing, **named, "first_seen_at": pd.Timestamp("2021-10-01")})
    return TABLES["raw_readings"].schema.validate(whole[TABLES["raw_readings"].column_names])
