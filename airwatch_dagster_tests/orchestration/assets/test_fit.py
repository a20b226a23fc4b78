"""A champion is decided under the write lock of its table: two decisions at once never lose one."""

from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from airwatch_dagster.errors import StorageError
from airwatch_dagster.orchestration.assets import fit
from airwatch_dagster.orchestration.instance.write_locks import WriteLock
from airwatch_dagster.orchestration.partitions import MONTHS
from airwatch_dagster.orchestration.resources import StorageResource
from airwatch_dagster.orchestration.tables.io_manager import ParquetIOManager
from airwatch_dagster.schemas import TABLES

MONTH = "2021-07"


class Tracking:
    """An MLflow that keeps nothing."""

    dagster_run_id = "run"
    tracking_uri = "sqlite:///mlflow.db"

    def log_dict(self, *_: Any) -> None: ...

    def log_artifacts(self, *_: Any) -> None: ...


def test_a_champion_is_selected_and_stored_under_the_write_lock(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AIRWATCH_STATE", str(tmp_path / "state"))
    root = str(tmp_path / "tables")
    other = WriteLock(tmp_path / "state" / "write-locks", root=root, table="champion_model", holder="another run")
    tried: list[str] = []

    def select(*_: Any, **__: Any) -> pd.DataFrame:
        with pytest.raises(StorageError) as refused:
            other.acquire(wait_s=0)
        tried.append(str(refused.value))
        return TABLES["champion_model"].empty()

    monkeypatch.setattr(fit, "select_or_override", select)
    monkeypatch.setattr(fit, "cross_links", lambda *_, **__: {})
    manager = ParquetIOManager(root=root)
    for table in ("trained_models", "candidate_scores"):
        StorageResource(root=root).tables().write(table, {MONTH: TABLES[table].empty()})
    resources = {
        "io_manager": manager,
        "storage": StorageResource(root=root),
        "mlflow": dg.ResourceDefinition.hardcoded_resource(Tracking()),
    }
    upstream = [dg.AssetSpec(table, partitions_def=MONTHS) for table in ("trained_models", "candidate_scores")]
    definitions = dg.Definitions([fit.champion_model, *upstream], resources=resources)
    job = definitions.resolve_implicit_job_def_def_for_assets([dg.AssetKey("champion_model")])
    assert job is not None
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(
            instance=instance, asset_selection=[dg.AssetKey("champion_model")], partition_key=MONTH
        )

    assert result.success
    assert len(tried) == 1
    assert "champion_model" in tried[0]
    other.acquire(wait_s=0)
    other.release()
