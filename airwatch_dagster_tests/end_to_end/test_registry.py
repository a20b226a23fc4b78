"""MLflow's registry after a backfill: its champion alias serves the model that issued the forecasts."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import mlflow
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from airwatch_dagster import __version__
from airwatch_dagster.fit.examples import at_horizon
from airwatch_dagster.orchestration.registry.model_loading import load_model
from airwatch_dagster_tests.installations import REPOSITORY, Installation, run_job


@pytest.fixture
def copy(backfilled: Installation, tmp_path: Path) -> Installation:
    """A copy of the whole installation, to change."""
    shutil.copytree(backfilled.folder, tmp_path / "copy")
    return Installation(tmp_path / "copy")


def decisions(installation: Installation, month: str = "2021-05") -> list[tuple[str, str, str]]:
    """Version, who decided and first issue day of each, the newest first."""
    rows = installation.tables.read("champion_model", [month]).itertuples()
    return [(row.model_version, row.decided_by_person or row.decided_by, f"{row.serves_from:%m-%d}") for row in rows]


@pytest.fixture
def client(backfilled: Installation) -> Iterator[Any]:
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(f"sqlite:///{backfilled.folder / 'state' / 'mlflow.db'}")
    yield mlflow.MlflowClient()
    mlflow.set_tracking_uri(before)


def test_every_fitted_model_has_a_run_with_parameters_metrics_and_data(client: Any, backfilled: Installation) -> None:
    trained = backfilled.tables.read("trained_models").query("is_fitted")
    assert set(trained["month"].dt.strftime("%Y-%m")) == {"2021-05"}
    assert len(trained) >= 3
    for row in trained.itertuples():
        run = client.get_run(row.mlflow_run_id)
        assert run.info.status == "FINISHED"
        assert run.data.tags["family"] == row.model_family
        assert run.data.params["month"] == "2021-05"
        assert run.data.params["training_rows"] == str(row.training_rows)
        assert run.data.params["last_target_date"] == f"{row.last_target_date:%Y-%m-%d}" < "2021-05-01"
        assert run.data.metrics["holdout_rmse_1d_ugm3"] == pytest.approx(row.holdout_rmse_1d_ugm3)
        assert [entry.dataset.name for entry in run.inputs.dataset_inputs] == ["training_examples 2021-05"]
        version = client.get_model_version("airwatch_pm25", row.model_version)
        assert version.run_id == row.mlflow_run_id
        signature = mlflow.models.get_model_info(row.model_uri).signature
        assert {"horizon_days", "pm25_last_ugm3"} <= set(signature.inputs.input_names())
        assert signature.outputs.input_names() == ["pm25_ugm3"]


def test_the_dagster_run_has_a_finished_run_above_its_models(client: Any, backfilled: Installation) -> None:
    row = backfilled.tables.read("trained_models").query("is_fitted").iloc[0]
    parent = client.get_run(client.get_run(row["mlflow_run_id"]).data.tags["mlflow.parentRunId"])

    assert parent.info.status == "FINISHED"
    model = client.get_run(row["mlflow_run_id"])
    assert model.data.tags["dagster_run_id"] == parent.data.tags["dagster_run_id"]
    assert model.data.tags["airwatch_version"] == __version__
    with backfilled.with_definitions() as (_, instance):
        assert instance.get_run_by_id(parent.data.tags["dagster_run_id"]).is_success


def test_the_champion_alias_serves_exactly_the_forecasts_that_were_stored(
    client: Any, backfilled: Installation
) -> None:
    champion = backfilled.tables.read("champion_model", ["2021-05"]).iloc[0]
    stored = backfilled.tables.read("predictions", ["2021-05-31"])
    features = backfilled.tables.read("features", ["2021-05-31"])
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


@pytest.mark.slow
def test_forecasts_are_the_same_after_the_installation_was_moved(copy: Installation, tmp_path: Path) -> None:
    before = copy.tables.read("predictions", ["2021-05-31"])
    copy.run("models", "promote", "1", "--yes", "--month", "2021-05", "--by", "Ada", "--reason", "to connect once")
    copy.run("models", "rollback", "--month", "2021-05", "--by", "Ada", "--reason", "as it was")
    copy.folder.rename(tmp_path / "moved")
    moved = Installation(tmp_path / "moved")
    load_model.cache_clear()

    doctor = moved.run("doctor")
    moved.run("backfill", "2021-05-31", "2021-05-31", "--tables", "predictions", "--refresh")

    assert f"addresses of files in {(copy.folder / 'state' / 'mlflow-artifacts').as_uri()} were corrected" in doctor
    after = moved.tables.read("predictions", ["2021-05-31"])
    assert after["pm25_ugm3"].tolist() == before["pm25_ugm3"].tolist()
    assert set(after["model_version"]) == {"2"}
    assert not copy.folder.exists()


@pytest.mark.slow
def test_the_job_of_a_day_forecasts_and_writes_its_bulletin_without_mlflow(copy: Installation) -> None:
    """Importing it takes as long as the forecasts of a city."""
    code = (
        "import sys, dagster as dg; from airwatch_dagster.definitions import defs;"
        "from airwatch_dagster_tests.installations import run_job;"
        "run = run_job(defs, 'forecast_day', instance=dg.DagsterInstance.get(), partition_key='2021-05-31');"
        "made = {event.asset_key.to_user_string() for event in run.get_asset_materialization_events()};"
        "print(run.success, sorted({'predictions', 'bulletin'} & made), 'mlflow' in sys.modules)"
    )

    with copy.activated():
        command = [sys.executable, "-W", "ignore", "-c", code]
        process = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, check=False)

    assert process.stdout.splitlines()[-1:] == ["True ['bulletin', 'predictions'] False"], process.stderr


@pytest.mark.slow
def test_a_month_whose_models_were_pickles_is_refused_and_trained_again_by_the_command_that_is_named(
    copy: Installation,
) -> None:
    """Tables of before have no column with hashes; the rest of them stays readable."""
    before = copy.tables.read("predictions", ["2021-05-31"])
    for table in ("trained_models", "champion_model"):
        path = copy.folder / "tables" / table / "2021-05.parquet"
        rows = pq.read_table(path)
        # No checksum either: the file is one of before.
        pq.write_table(rows.drop_columns(["model_files"]).replace_schema_metadata(None), path)
    load_model.cache_clear()
    forecast = ("backfill", "2021-05-31", "2021-05-31", "--tables", "predictions", "--refresh")

    refused = copy.airwatch(*forecast)
    listed = copy.run("models")
    promoted = copy.airwatch("models", "promote", "1", "--yes", "--month", "2021-05", "--by", "Ada", "--reason", "why")

    assert refused.exit_code == 1
    sentence = r"model version 2 \(.*, trained for 2021-05\): was logged as a pickle, without hashes, and is not read"
    assert re.search(sentence, " ".join(refused.output.split()))
    command = re.search(r"Train the month again: `airwatch ([^`]*)`", " ".join(refused.output.split()))
    assert command is not None
    assert "persistence" in listed
    assert "model version 1 (persistence, trained for 2021-05): was logged as a pickle" in promoted.output
    copy.run(*command[1].split())
    copy.run(*forecast)
    after = copy.tables.read("predictions", ["2021-05-31"])
    assert after["pm25_ugm3"].tolist() == before["pm25_ugm3"].tolist()


@pytest.mark.slow
def test_an_override_of_a_month_with_all_its_forecasts_can_be_rolled_back(
    copy: Installation,
) -> None:
    before = copy.tables.read("champion_model", ["2021-05"]).iloc[0]

    output = copy.run(
        "models", "promote", "1", "--yes", "--month", "2021-05", "--by", "Ada", "--reason", "smoke season"
    )
    promoted = copy.tables.read("champion_model", ["2021-05"]).iloc[0]
    plan = copy.run("backfill", "2021-05-30", "2021-05-31", "--plan")
    copy.run("models", "rollback", "--month", "2021-05", "--by", "Bob", "--reason", "it was worse")

    assert "Ada promoted persistence (version 1) from 2021-05-01 on: smoke season. It replaces version 2." in output
    assert "Run `airwatch backfill 2021-05-01 2021-05-31` to recompute" in output
    assert (promoted["decided_by"], promoted["decided_by_person"], promoted["order_kind"]) == (
        "person",
        "Ada",
        "promote",
    )
    assert promoted["decided_at"] > before["decided_at"]
    assert promoted["last_target_date"] == before["last_target_date"] == pd.Timestamp("2021-04-30")
    planned = {line.split()[0]: line.split()[2] for line in plan.splitlines() if " older than " in line}
    assert {"predictions": "2", "forecast_scores": "1", "verification": "1"}.items() <= planned.items(), (
        "the two days' forecasts, the score they allow, and the month's"
    )
    assert decisions(copy) == [("2", "Bob", "05-01"), ("1", "Ada", "05-01"), ("2", "holdout", "05-01")]
    last = copy.airwatch("models", "rollback", "--month", "2021-05", "--reason", "once more")
    assert "models rollback: the champion of 2021-05 did not replace a version" in last.output


@pytest.mark.slow
def test_forecasts_issued_before_an_override_keep_their_model_when_they_are_rebuilt(copy: Installation) -> None:
    """The override is made on 21 May, before that day's forecast."""
    issued = [f"2021-05-{day:02d}" for day in range(1, 21)]
    for day in range(21, 32):
        (copy.folder / "tables" / "predictions" / f"2021-05-{day}.parquet").unlink()
    before = {day: copy.fingerprints()[f"predictions/{day}.parquet"] for day in issued}

    output = copy.run("models", "promote", "1", "--yes", "--by", "Ada", "--reason", "smoke season")
    plan = copy.run("backfill", "2021-05-01", "2021-05-31", "--tables", "predictions")

    assert "the next forecast on, issued on 2021-05-21. Issued forecasts do not change." in output
    assert "predictions        2021-05-01…2021-05-31" in plan, "every day of the month was due"
    assert {day: copy.fingerprints()[f"predictions/{day}.parquet"] for day in issued} == before
    later = copy.tables.read("predictions", [f"2021-05-{day}" for day in range(21, 32)])
    assert set(later["model_version"]) == {"1"}
    assert set(copy.tables.read("predictions", issued)["model_version"]) == {"2"}


@pytest.mark.slow
def test_an_override_stays_in_force_when_the_champion_is_selected_again(copy: Installation) -> None:
    order = ("--month", "2021-05", "--from", "2021-05-11", "--by", "Ada", "--reason", "smoke season")
    copy.run("models", "promote", "1", "--yes", *order)
    override, chosen = (row for _, row in copy.tables.read("champion_model", ["2021-05"]).iterrows())

    copy.run("backfill", "2021-05-01", "2021-05-31", "--tables", "champion_model", "--refresh")

    still, selected = (row for _, row in copy.tables.read("champion_model", ["2021-05"]).iterrows())
    assert still["interval_calibration"] is not None
    pd.testing.assert_series_equal(still, override)
    assert selected["decided_at"] > chosen["decided_at"]
    assert decisions(copy) == [("1", "Ada", "05-11"), ("2", "holdout", "05-01")]
    with copy.activated():
        from airwatch_dagster.orchestration.registry.mlflow_client import configure_mlflow

        configure_mlflow()
        registry = mlflow.MlflowClient()
        assert str(registry.get_model_version_by_alias("airwatch_pm25", "champion").version) == "1"
        tags = registry.get_model_version("airwatch_pm25", "1").tags
    assert tags["serves_2021-05"].endswith("smoke season")
    assert (tags["serves_2021-05_from"], tags["serves_2021-05_decided_by"]) == ("2021-05-11", "Ada")
    assert tags["serves_2021-05_decided_at"] == f"{override['decided_at']:%Y-%m-%d %H:%M:%S} UTC"


@pytest.mark.slow
def test_an_earlier_version_can_serve_a_month_that_has_no_models_yet(copy: Installation) -> None:
    """June has no models yet; when its champion is selected later, the override stays in force."""
    copy.run("models", "promote", "1", "--yes", "--by", "Ada", "--reason", "keep it simple")
    output = copy.run("models")

    assert decisions(copy, "2021-06") == [("1", "Ada", "06-01")]
    assert "2021-06  persistence             1 Ada promoted persistence (version 1) from 2021-06-01 on" in output
    assert "UTC; to 2021-06-30)" in output
    with copy.with_definitions() as (definitions, instance):
        assert run_job(definitions, "open_month", partition_key="2021-06", instance=instance).success
        made = [
            instance.get_latest_materialization_event(dg.AssetKey(table)).asset_materialization
            for table in ("trained_models", "champion_model")
        ]
    assert decisions(copy, "2021-06")[0][:2] == ("1", "Ada")
    assert len(decisions(copy, "2021-06")) == 2
    registered = copy.tables.read("trained_models", ["2021-06"]).dropna(subset=["model_version"])
    assert len(registered) > 0
    for row in registered.itertuples():
        assert f"| {row.model_family} | {row.model_version} | {row.mlflow_run_id} |" in str(
            made[0].metadata["MLflow models"].value
        )
    places = {str(one.metadata["MLflow run"].value) for one in made}
    assert len(places) == 1, "one MLflow run stands for the whole Dagster run"
    assert "open with `mlflow ui --backend-store-uri sqlite:///" in places.pop()


def test_models_lists_champions_and_versions(backfilled: Installation) -> None:
    listed = json.loads(backfilled.run("models", "--json"))
    text = backfilled.run("models")

    assert [champion["model_family"] is None for champion in listed["champions"]] == [True, True, False]
    assert len(listed["versions"]) == len(backfilled.tables.read("trained_models").query("is_fitted"))
    assert text.splitlines()[1].startswith("  2021-03  no champion ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["promote", "99", "--month", "2021-05"], "models promote: version '99' does not exist"),
        (["rollback", "--month", "2021-05"], "models rollback: the champion of 2021-05 did not replace a version"),
        (["rollback"], "models rollback: the champion of 2021-06 did not replace a version"),
        (
            ["promote", "1", "--month", "2021-04"],
            "models promote: version 1 (persistence) was trained on days up to 2021-04-30 and cannot serve 2021-04",
        ),
        (["promote", "2", "--month", "2021-05"], "models promote: version 2 is already the champion on 2021-05-01"),
        (["promote", "1", "--month", "May"], "--month: 'May' is not a valid month. Use YYYY-MM, from 2009-01 to 2"),
        (["promote", "1", "--month", "2100-01"], "--month: '2100-01' is not a valid month"),
        (["promote", "1", "--from", "soon"], "--from: 'soon' is not a valid date"),
        (
            ["promote", "1", "--month", "2021-05", "--from", "2021-06-01"],
            "--from: 2021-06-01 is not a day of 2021-05. Use a day from 2021-05-01 to 2021-05-31",
        ),
        (["promote", "1", "--by", " "], "--by: is empty. Name who decides and why"),
    ],
)
def test_an_invalid_override_changes_nothing(backfilled: Installation, arguments: list[str], message: str) -> None:
    before = backfilled.fingerprints()

    result = backfilled.airwatch("models", *arguments, "--reason", "why not")

    assert result.exit_code == 1
    assert message in result.output
    assert "Traceback" not in result.output
    assert backfilled.fingerprints() == before


@pytest.mark.slow
def test_doctor_names_the_model_that_serves_and_a_file_that_was_swapped(copy: Installation) -> None:
    sound = copy.airwatch("doctor").output
    [serving] = copy.tables.read("champion_model", ["2021-05"]).itertuples()
    [folder] = (copy.folder / "state" / "mlflow-artifacts").rglob(str(serving.model_uri).removeprefix("models:/"))
    [described] = folder.rglob("model.json")
    described.write_bytes(described.read_bytes().replace(b"airwatch", b"aircrash"))
    damaged = copy.airwatch("doctor")

    name = (
        f"models: model version {serving.model_version} ({serving.model_family.replace('_', ' ')}, trained for 2021-05)"
    )
    assert f"ok    {name}: its files are those that were logged" in sound.splitlines()
    [line] = [line for line in damaged.output.splitlines() if line.startswith("FAIL  models")]
    assert line.startswith(f"FAIL  {name}: model.json is not the file that was logged: its SHA-256 is not ")
    assert line.endswith(
        "Run: airwatch backfill 2021-05-01 2021-05-01 --tables trained_models,champion_model --refresh"
    )
    assert damaged.exit_code == 1
