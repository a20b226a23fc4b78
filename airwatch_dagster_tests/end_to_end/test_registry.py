"""What MLflow knows after a backfill, and that the model it serves is the one that made the forecasts."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.fit.examples import at_horizon
from airwatch_dagster_tests.installations import Installation


@pytest.fixture
def client(filled: Installation) -> Iterator[Any]:
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(f"sqlite:///{filled.folder / 'state' / 'mlflow.db'}")
    yield mlflow.MlflowClient()
    mlflow.set_tracking_uri(before)


def test_every_fitted_model_has_a_run_with_all_there_is_to_know(client: Any, filled: Installation) -> None:
    trained = filled.tables.read("trained_models").query("is_fitted")
    assert set(trained["month"].dt.strftime("%Y-%m")) == {"2021-05"}
    assert len(trained) >= 3
    for row in trained.itertuples():
        run = client.get_run(row.mlflow_run_id)
        assert run.info.status == "FINISHED"
        assert run.data.tags["family"] == row.model_family
        assert run.data.params["month"] == "2021-05"
        assert run.data.params["training_rows"] == str(row.training_rows)
        assert run.data.metrics["holdout_rmse_1d_ugm3"] == pytest.approx(row.holdout_rmse_1d_ugm3)
        assert [entry.dataset.name for entry in run.inputs.dataset_inputs] == ["training_examples 2021-05"]
        version = client.get_model_version("airwatch_pm25", row.model_version)
        assert version.run_id == row.mlflow_run_id
        signature = mlflow.models.get_model_info(row.model_uri).signature
        assert {"horizon_days", "pm25_last_ugm3"} <= set(signature.inputs.input_names())
        assert signature.outputs.input_names() == ["pm25_ugm3"]


def test_the_dagster_run_has_a_finished_run_above_its_models(client: Any, filled: Installation) -> None:
    row = filled.tables.read("trained_models").query("is_fitted").iloc[0]
    parent = client.get_run(client.get_run(row["mlflow_run_id"]).data.tags["mlflow.parentRunId"])

    assert parent.info.status == "FINISHED"
    with filled.opened() as (_, instance):
        assert instance.get_run_by_id(parent.data.tags["dagster_run_id"]).is_success


def test_the_champion_alias_serves_exactly_the_forecasts_that_were_stored(client: Any, filled: Installation) -> None:
    champion = filled.tables.read("champion_model", ["2021-05"]).iloc[0]
    stored = filled.tables.read("predictions", ["2021-05-31"])
    features = filled.tables.read("features", ["2021-05-31"])
    rows = pd.concat([at_horizon(features, horizon_days=horizon) for horizon in (1, 2, 3)], ignore_index=True)

    served = mlflow.pyfunc.load_model("models:/airwatch_pm25@champion").predict(rows)

    assert str(client.get_model_version_by_alias("airwatch_pm25", "champion").version) == champion["model_version"]
    assert (
        client.get_model_version("airwatch_pm25", champion["model_version"]).tags["serves_2021-05"]
        == champion["reason"]
    )
    merged = rows.assign(served=np.round(served["pm25_ugm3"], 4)).merge(stored, on=["site_id", "horizon_days"])
    assert len(merged) == len(stored) == 27
    assert merged["served"].tolist() == merged["pm25_ugm3"].tolist()


def test_a_person_appoints_a_version_and_takes_it_back(filled: Installation, tmp_path: Path) -> None:
    """In a copy of the whole installation."""
    shutil.copytree(filled.folder, tmp_path / "copy")
    copy = Installation(tmp_path / "copy")
    before = copy.tables.read("champion_model", ["2021-05"]).iloc[0]
    other = next(
        version
        for version in copy.tables.read("trained_models").query("is_fitted")["model_version"]
        if version != before["model_version"]
    )

    copy.done("models", "promote", other, "--month", "2021-05", "--by", "Ada", "--reason", "smoke season")
    appointed = copy.tables.read("champion_model", ["2021-05"]).iloc[0]
    plan = copy.done("backfill", "2021-05-30", "2021-05-31", "--plan")
    copy.done("models", "rollback", "--month", "2021-05", "--by", "Ada", "--reason", "it was worse")
    again = copy.tables.read("champion_model", ["2021-05"]).iloc[0]

    assert (appointed["model_version"], appointed["decided_by"]) == (other, "person")
    assert "Ada" in appointed["reason"]
    assert "smoke season" in appointed["reason"]
    assert "2 runs make 3 partitions of 2 tables" in plan, "the two days' forecasts, and the score they allow"
    assert again["model_version"] == before["model_version"]
    assert again["decided_by"] == "person"


def test_models_lists_champions_and_versions(filled: Installation) -> None:
    listed = json.loads(filled.done("models", "--json"))
    text = filled.done("models")

    assert [champion["model_family"] is None for champion in listed["champions"]] == [True, True, False]
    assert len(listed["versions"]) == len(filled.tables.read("trained_models").query("is_fitted"))
    assert text.splitlines()[1].startswith("  2021-03  nobody ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["promote", "99", "--reason", "why not"], "models promote: there is no version '99'"),
        (["rollback", "--reason", "why not"], "models rollback: the champion of 2021-05 replaced nobody"),
    ],
)
def test_a_version_that_is_not_there_cannot_serve(filled: Installation, arguments: list[str], said: str) -> None:
    before = filled.fingerprints()

    result = filled.airwatch("models", *arguments, "--month", "2021-05")

    assert result.exit_code == 1
    assert said in result.output
    assert "Traceback" not in result.output
    assert filled.fingerprints() == before
