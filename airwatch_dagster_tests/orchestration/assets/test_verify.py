"""Verification as an asset: its checks judge the weeks up to the end of the month and say what was tried."""

from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from airwatch_dagster.orchestration.assets.verify import verification
from airwatch_dagster.orchestration.metadata.decay import DECAY_CHECKS
from airwatch_dagster.orchestration.partitions import DAYS, MONTHS
from airwatch_dagster.orchestration.resources import StorageResource
from airwatch_dagster.orchestration.tables.io_manager import ParquetIOManager
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster.verify.decay.measures import COVERAGE, SERVED, SKILL
from airwatch_dagster_tests.builders import CANDIDATE_SCORE_ROW, FORECAST_SCORE_ROW, filled
from airwatch_dagster_tests.verify.decay.simulated import forecasts

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
DECIDED: dict[str, Any] = {
    "month": pd.Timestamp("2021-06-01"),
    "is_serving": True,
    "model_family": "ridge",
    "model_version": "7",
    "last_target_date": pd.Timestamp("2021-05-31"),
    "decided_by": "shadow_scores",
    "decided_at": pd.Timestamp("2021-06-01 20:31"),
    "reason": "ridge stays: no challenger is better beyond noise.",
}


def stored(folder: Path, **options: Any) -> TableStorage:
    """Tables with served forecasts of a known quality from April to June 2021."""
    tables = TableStorage.open(str(folder / "tables"))
    store(tables, **options)
    tables.write("champion_model", {"2021-06": filled("champion_model", **DECIDED)})
    return tables


def store(tables: TableStorage, **options: Any) -> None:
    """Store such forecasts as ``forecast_scores`` and ``candidate_scores``."""
    scores, candidates = (
        frame.assign(pm25_ugm3=frame["pm25_ugm3"].clip(lower=0.0)) for frame in forecasts(1, **options)
    )
    whole = pd.DataFrame({**FORECAST_SCORE_ROW, **scores})[TABLES["forecast_scores"].column_names]
    shadow = pd.DataFrame({**CANDIDATE_SCORE_ROW, **candidates})[TABLES["candidate_scores"].column_names]
    tables.write("forecast_scores", {f"{day:%Y-%m-%d}": rows for day, rows in whole.groupby("target_date")})
    by_month = shadow.groupby(shadow["target_date"].dt.strftime("%Y-%m"))
    tables.write("candidate_scores", {str(month): rows for month, rows in by_month})


def run(folder: Path, month: str, *, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    root = str(folder / "tables")
    resources = {"io_manager": ParquetIOManager(root=root), "storage": StorageResource(root=root)}
    read = [
        dg.AssetSpec("forecast_scores", partitions_def=DAYS),
        dg.AssetSpec("candidate_scores", partitions_def=MONTHS),
    ]
    definitions = dg.Definitions([verification, *read], resources=resources)
    key = dg.AssetKey("verification")
    job = definitions.resolve_implicit_job_def_def_for_assets([key])
    assert job is not None
    return job.execute_in_process(instance=instance, asset_selection=[key], run_config=QUIET, partition_key=month)


def checks_of(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    return {one.check_name: one for one in result.get_asset_check_evaluations() if one.check_name in DECAY_CHECKS}


def test_a_loss_warns_with_size_since_when_and_what_was_tried(tmp_path: Path) -> None:
    stored(tmp_path, error=2.0)
    with dg.DagsterInstance.ephemeral() as instance:
        result = run(tmp_path, "2021-06", instance=instance)

    failed = {name: one for name, one in checks_of(result).items() if not one.passed}
    assert list(failed) == [SKILL]
    text, severity = str(failed[SKILL].description), failed[SKILL].severity
    assert severity == dg.AssetCheckSeverity.WARN
    assert "more squared error than damped persistence 1 day ahead, " in text
    assert "in 63 days to 30 June 2021; since " in text
    assert (
        "ridge (version 7) was trained last on days up to 31 May 2021, weeks of the loss among them, and selected on "
        "1 June 2021: ridge stays: no challenger is better beyond noise. Readers would be served as well by"
    ) in text


def test_healthy_forecasts_pass_and_the_judged_weeks_are_a_table(tmp_path: Path) -> None:
    stored(tmp_path)
    with dg.DagsterInstance.ephemeral() as instance:
        result = run(tmp_path, "2021-06", instance=instance)

    assert {name: one.passed for name, one in checks_of(result).items()} == dict.fromkeys(DECAY_CHECKS, True)
    [materialization] = result.asset_materializations_for_node("verification")
    weeks = materialization.metadata["last weeks"].value
    rows = [row.data for row in weeks.records] if hasattr(weeks, "records") else str(weeks).splitlines()
    assert sum("as promised" in str(row) for row in rows) == 18
    assert sum("not judged: 0 exceedances; 30 needed" in str(row) for row in rows) == 6


def test_the_weeks_before_the_month_are_read_as_they_are_stored(tmp_path: Path) -> None:
    """June alone has 30 days, too few for what needs 42."""
    tables = stored(tmp_path, error=2.0)
    spring = [day for day in tables.stored_partitions("forecast_scores") if day < "2021-06"]
    for day in spring:
        Path(tables.uri("forecast_scores", day).removeprefix("file://")).unlink()
    with dg.DagsterInstance.ephemeral() as instance:
        result = run(tmp_path, "2021-06", instance=instance)

    assert all(one.passed for one in checks_of(result).values())
    [materialization] = result.asset_materializations_for_node("verification")
    assert "not judged: 30 scored days; 42 needed" in str(materialization.metadata["last weeks"])


@pytest.mark.parametrize("name", [SKILL, SERVED, COVERAGE])
def test_each_check_says_what_follows_and_what_to_do(name: str) -> None:
    check = DECAY_CHECKS[name]

    assert check.follows.endswith(".")
    assert "`" in check.todo
