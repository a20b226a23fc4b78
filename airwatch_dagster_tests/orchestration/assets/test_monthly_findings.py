"""Monthly findings as an asset: the same rows and pages by month and as a range, and the warning with its cause."""

from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.orchestration.assets.watch import monthly_findings
from airwatch_dagster.orchestration.resources import StorageResource
from airwatch_dagster.orchestration.tables.io_manager import ParquetIOManager
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster_tests.builders import SITE_DAY_ROW, monitors

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
MONTHS = ["2021-05", "2021-06", "2021-07"]
STUCK = "170310004"


def stored(folder: Path) -> TableStorage:
    """Two years of the same air at twelve sites; in July 2021 one of them reads a fifth of it."""
    tables = TableStorage.open(str(folder / "tables"))
    days = pd.date_range("2019-07-01", "2021-07-31")
    drawn = np.random.default_rng(5)
    air = drawn.lognormal(2.2, 0.5, len(days))
    parts = []
    for number in range(12):
        site = f"17031{number:04d}"
        values = air * drawn.lognormal(0.0, 0.08, len(days))
        values = np.where((days >= "2021-07-01") & (site == STUCK), values / 5, values)
        place = {"latitude": 41.5 + 0.08 * number, "longitude": -87.6 - 0.05 * (number % 4)}
        parts.append(
            pd.DataFrame({**SITE_DAY_ROW, **place, "site_id": site, "date_local": days, "pm25_ugm3": values.round(1)})
        )
    rows = pd.concat(parts).sort_values(["date_local", "site_id"], ignore_index=True)[TABLES["site_days"].column_names]
    rows = TABLES["site_days"].schema.validate(rows)
    tables.write("site_days", {f"{day:%Y-%m-%d}": of_day for day, of_day in rows.groupby("date_local")})
    tables.write("monitors", {None: monitors({"site_id": STUCK, "site_name": "Lakefront"})})
    return tables


def run(folder: Path, **options: Any) -> dg.ExecuteInProcessResult:
    root = str(folder / "tables")
    resources = {"io_manager": ParquetIOManager(root=root), "storage": StorageResource(root=root)}
    others = [dg.AssetSpec("monitors"), dg.AssetSpec("monitor_changes")]
    days = dg.AssetSpec("site_days", partitions_def=dg.DailyPartitionsDefinition("2009-01-01", hour_offset=10))
    definitions = dg.Definitions([monthly_findings, days, *others], resources=resources)
    job = definitions.resolve_implicit_job_def_def_for_assets([dg.AssetKey("monthly_findings")])
    assert job is not None
    with dg.DagsterInstance.ephemeral() as instance:
        keys = [dg.AssetKey("monthly_findings")]
        return job.execute_in_process(instance=instance, asset_selection=keys, run_config=QUIET, **options)


@pytest.mark.slow
def test_runs_of_single_months_and_of_a_range_store_the_same_and_name_the_sensor(tmp_path: Path) -> None:
    found = {}
    for folder in (tmp_path / "alone", tmp_path / "range"):
        tables = stored(folder)
        tags = {
            "dagster/asset_partition_range_start": MONTHS[0],
            "dagster/asset_partition_range_end": MONTHS[-1],
        }
        runs = (
            [run(folder, tags=tags)] if folder.name == "range" else [run(folder, partition_key=key) for key in MONTHS]
        )
        assert all(one.success for one in runs)
        failed = {
            one.partition: one
            for result in runs
            for one in result.get_asset_check_evaluations()
            if one.check_name == "no_fault_found" and not one.passed and one.partition is not None
        }
        pages = {name: tables.page(f"findings/{name}") for name in tables.pages("findings")}
        found[folder.name] = tables.read("monthly_findings", MONTHS), failed, pages

    (alone, failed, pages), (together, failed_together, pages_together) = found["alone"], found["range"]
    pd.testing.assert_frame_equal(alone, together, check_exact=True)
    assert pages == pages_together
    assert sorted(pages) == ["2021-05.html", "2021-06.html", "2021-07.html", "index.html"]
    assert set(failed) == set(failed_together) == {"2021-07"}
    assert failed["2021-07"].metadata["probable cause"].value == "sensor"
    assert failed_together["2021-07"].metadata["probable cause"].value == "sensor"
    assert "Lakefront" in str(failed["2021-07"].description)
    assert failed["2021-07"].severity == dg.AssetCheckSeverity.WARN
