"""From a source to a served forecast: 75 days of simulated air in every table, read from disk."""

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from airwatch_dagster.commands.backfill.planning import DEFAULT_TABLES
from airwatch_dagster.schemas import TABLES
from airwatch_dagster_tests.column_types import declared_columns
from airwatch_dagster_tests.end_to_end.conftest import FIRST, LAST
from airwatch_dagster_tests.installations import Installation, run_job

DAYS = [f"{day:%Y-%m-%d}" for day in pd.date_range(FIRST, LAST)]
MONTHS = ["2021-03", "2021-04", "2021-05"]
CHICAGO_SITES = 9


def stored(installation: Installation, table: str) -> pd.DataFrame:
    """All rows of a table, read without any code of AirWatch."""
    folder = installation.folder / "tables"
    files = (
        [folder / f"{table}.parquet"] if TABLES[table].grain == "none" else sorted((folder / table).glob("*.parquet"))
    )
    frames = [pd.read_parquet(file) for file in files]
    return pd.concat([frame for frame in frames if len(frame)] or frames[:1], ignore_index=True)


@pytest.mark.parametrize("table", ["monitors", "monitor_changes", "revisions", *DEFAULT_TABLES])
def test_every_partition_is_stored_and_fits_its_schema(backfilled: Installation, table: str) -> None:
    spec, files = TABLES[table], backfilled.folder / "tables" / table
    partitions = [path.stem for path in sorted(files.glob("*.parquet"))]

    detected = sorted({f"{pd.Timestamp(path.stat().st_mtime, unit='s'):%Y-%m-%d}" for path in files.glob("*.parquet")})
    assert partitions == {"day": DAYS, "month": MONTHS, "detected": detected, "none": []}[spec.grain]
    frame = spec.schema.validate(stored(backfilled, table))
    if spec.partition_column is not None:
        for partition in partitions:
            dates = pd.read_parquet(files / f"{partition}.parquet", columns=[spec.partition_column])
            assert dates[spec.partition_column].astype(str).str.startswith(partition).all()
        assert len(frame) or table in ("drift_report", "revisions")


def test_all_files_of_a_table_have_the_same_columns_and_types(backfilled: Installation) -> None:
    folder, wrong = backfilled.folder / "tables", []
    for table in TABLES:
        files = [*folder.glob(f"{table}.parquet"), *folder.glob(f"{table}/*.parquet")]
        wrong += [str(file) for file in files if not pq.read_schema(file).equals(declared_columns(table))]

    assert wrong == []


def test_forecasts_are_issued_for_the_sites_of_the_area_one_to_three_days_ahead(backfilled: Installation) -> None:
    predictions, sites = stored(backfilled, "predictions"), stored(backfilled, "site_days")
    area = set(sites.loc[sites["cbsa_code"] == "16980", "site_id"])

    assert len(area) == CHICAGO_SITES
    assert area < set(sites["site_id"])
    assert set(predictions["site_id"]) == area
    assert predictions["issue_date"].dt.strftime("%Y-%m").unique().tolist() == ["2021-05"]
    assert predictions.groupby(["site_id", "issue_date"])["horizon_days"].agg(list).map(tuple).unique().tolist() == [
        (1, 2, 3)
    ]
    days = pd.to_timedelta(predictions["horizon_days"], unit="D")
    assert (predictions["target_date"] == predictions["issue_date"] + days).all()
    assert (predictions["issued_at"] == predictions["issue_date"] + pd.Timedelta(hours=42, minutes=30)).all()
    assert (predictions["pm25_lower_ugm3"] <= predictions["pm25_ugm3"]).all()
    assert (predictions["pm25_ugm3"] <= predictions["pm25_upper_ugm3"]).all()


def test_a_month_is_served_by_a_model_that_saw_only_days_before_it(backfilled: Installation) -> None:
    trained, champions = stored(backfilled, "trained_models"), stored(backfilled, "champion_model")

    seen = trained[trained["last_target_date"].notna()]
    assert set(seen["month"].dt.month) == {4, 5}
    assert (seen["last_target_date"] < seen["month"]).all()
    assert champions["is_serving"].tolist() == [False, False, True]
    may = champions.iloc[2]
    served = trained[(trained["month"] == may["month"]) & (trained["model_version"] == may["model_version"])]
    assert served["model_family"].tolist() == [may["model_family"]]
    assert served["last_target_date"].tolist() == [pd.Timestamp("2021-04-30")]
    predictions = stored(backfilled, "predictions")
    assert set(predictions["model_version"]) == {may["model_version"]}
    assert set(predictions["model_family"]) == {may["model_family"]}


def test_scores_equal_a_slow_join_of_forecasts_and_observed_values(backfilled: Installation) -> None:
    site_days = stored(backfilled, "site_days")
    truth = {(day.site_id, day.date_local): day.pm25_ugm3 for day in site_days.itertuples() if day.is_valid}
    expected = {}
    for forecast in stored(backfilled, "predictions").itertuples():
        observed = truth.get((forecast.site_id, forecast.target_date))
        if observed is not None:
            error = forecast.pm25_ugm3 - observed
            covered = forecast.pm25_lower_ugm3 <= max(observed, 0.0) <= forecast.pm25_upper_ugm3
            expected[forecast.site_id, forecast.issue_date, forecast.horizon_days] = (observed, error, covered)

    scores = stored(backfilled, "forecast_scores").set_index(["site_id", "issue_date", "horizon_days"])
    made = scores[["pm25_observed_ugm3", "error_ugm3", "is_covered"]].itertuples(index=False, name=None)

    assert len(expected) > 500
    assert dict(zip(scores.index, made, strict=True)) == expected


@pytest.mark.parametrize("month", MONTHS)
def test_every_month_has_a_drift_report(backfilled: Installation, month: str) -> None:
    page = (backfilled.folder / "tables" / "site" / "reports" / f"drift_report-{month}.html").read_text()

    assert page.lower().startswith("<!doctype html>")
    assert "no earlier year has features of this season yet" in page


def test_a_second_backfill_has_nothing_to_do(backfilled: Installation) -> None:
    before = {path: path.stat().st_mtime_ns for path in (backfilled.folder / "tables").rglob("*.parquet")}

    output = backfilled.run("backfill", FIRST, LAST)

    assert "stored and up to date" in output
    assert {path: path.stat().st_mtime_ns for path in (backfilled.folder / "tables").rglob("*.parquet")} == before


@pytest.mark.slow
def test_days_built_one_at_a_time_have_the_rows_of_the_backfill(backfilled: Installation, tmp_path: Path) -> None:
    """By the job of every day, in a copy of the tables that lacks these days."""
    copy = backfilled.with_settings(AIRWATCH_STORAGE=str(tmp_path / "tables"))
    shutil.copytree(backfilled.folder / "tables", tmp_path / "tables")
    days = ["2021-05-04", "2021-05-05"]
    tables = ("raw_readings", "site_days", "features", "predictions", "sensor_flags")
    for day in days:
        for table in (*tables, "forecast_scores"):
            (tmp_path / "tables" / table / f"{day}.parquet").unlink()

    with copy.with_definitions() as (definitions, instance):
        for day in days:
            assert run_job(definitions, "forecast_day", partition_key=day, instance=instance).success

    for table in tables:
        unlike = ["first_seen_at"] if table == "raw_readings" else []
        expected, made = (one.tables.read(table, days).drop(columns=unlike) for one in (backfilled, copy))
        assert len(made) > 0
        pd.testing.assert_frame_equal(made, expected)
    expected, made = (one.tables.read("forecast_scores", days).drop(columns="scored_at") for one in (backfilled, copy))
    pd.testing.assert_frame_equal(made, expected)


@pytest.mark.slow
def test_an_interrupted_backfill_resumes_where_it_stopped(tmp_path: Path) -> None:
    installation = Installation.at(tmp_path, AIRWATCH_CONTEXT_KM="0")
    days = ("2021-05-28", "2021-05-31")
    broken = installation.with_settings(MLFLOW_TRACKING_URI="http://127.0.0.1:9").airwatch("backfill", *days)
    kept = installation.fingerprints()

    assert broken.exit_code == 1
    assert re.findall(r"\[ *(\d+)/\d+\]", broken.output) == ["1", "2", "3", "4"], "trained_models is the fifth"
    assert {Path(name).parts[0] for name in kept} == {
        "rejected_lines.parquet",
        *(".airwatch-probe", "airwatch.json", "monitors.parquet"),
        *("raw_readings", "site_days", "features", "training_examples"),
    }
    output = installation.run("backfill", *days)

    assert "13 runs build 25 partitions of 13 tables" in output
    assert kept.items() <= installation.fingerprints().items()
    assert all(
        len(installation.tables.stored_partitions(table)) == (4 if TABLES[table].grain == "day" else 1)
        for table in DEFAULT_TABLES
    )


@pytest.mark.slow
def test_tables_without_days_are_built_when_they_are_named(tmp_path: Path) -> None:
    installation = Installation.at(tmp_path, AIRWATCH_CONTEXT_KM="0")
    days = ("2021-05-30", "2021-05-31")

    assert "Only monitors and monitor_changes to build, as a whole." in installation.run(
        "backfill", *days, "--tables", "monitor_changes, monitors"
    )
    assert set(installation.fingerprints()) == {
        *("airwatch.json", "monitors.parquet", "monitor_changes.parquet", "rejected_lines.parquet")
    }
    installation.run("backfill", *days, "--tables", "raw_readings")
    (detected,) = installation.tables.stored_partitions("revisions")
    assert "up to date" in installation.run("backfill", *days, "--tables", "revisions")
    listed = installation.tables.stored_partitions("revisions")
    assert "1 run builds 1 partition of 1 table" in installation.run(
        "backfill", *days, "--tables", "revisions", "--refresh"
    )
    assert installation.tables.stored_partitions("revisions")[detected] > listed[detected]


def test_a_plan_is_printed_and_nothing_is_run(backfilled: Installation) -> None:
    before = backfilled.fingerprints()

    output = backfilled.run("backfill", FIRST, LAST, "--refresh", "--plan", "--tables", "raw_readings,predictions")

    assert "2 runs build 150 partitions of 2 tables" in output
    [readings, predictions] = [line.split() for line in output.splitlines() if FIRST in line]
    assert readings[:4] == ["raw_readings", f"{FIRST}…{LAST}", "75", "1"]
    assert predictions[0] == "predictions"
    assert (readings[-1], predictions[-1]) == ("refresh", "refresh")
    assert backfilled.fingerprints() == before


def test_inspect_shows_partitions_and_rows(backfilled: Installation) -> None:
    listing = backfilled.run("inspect", "predictions")
    text = backfilled.run("inspect", "predictions", "2021-05-31", "--rows", "2")

    assert listing.startswith(f"predictions: 75 partitions, {FIRST}…{LAST}, last written 20")
    assert text.startswith("predictions 2021-05-31: 2 of 27 rows")
    assert len([line for line in text.splitlines() if line.split()[1:2] == ["Practice"]]) == 2


def test_inspect_prints_json_for_scripts(backfilled: Installation) -> None:
    partitions = json.loads(backfilled.run("inspect", "predictions", "--json"))
    rows = json.loads(backfilled.run("inspect", "predictions", "2021-05-31", "--json"))
    monitors = json.loads(backfilled.run("inspect", "monitors", "--json"))

    assert [entry["partition"] for entry in partitions] == DAYS
    assert pd.DataFrame(rows)["site_id"].nunique() == CHICAGO_SITES
    assert list(rows[0]) == TABLES["predictions"].column_names
    assert {row["is_context"] for row in monitors} == {True, False}


def test_everything_is_fresh_after_a_backfill_up_to_yesterday(backfilled: Installation) -> None:
    state = json.loads(backfilled.run("status", "--json"))

    assert (state["is_fresh"], state["due"], state["runs"]) == (True, [], [])
    champion = backfilled.tables.read("champion_model", ["2021-05"]).iloc[0]
    assert state["champion"]["model_version"] == champion["model_version"]
    assert state["champion"]["serves_from"] == "2021-05-01"
    assert backfilled.run("status").startswith("All fresh. Source practice, area cbsa:16980, storage ")


def test_doctor_reports_no_problem_after_a_backfill(backfilled: Installation) -> None:
    findings = json.loads(backfilled.run("doctor", "--json"))

    assert [finding for finding in findings if finding["level"] == "error"] == []
    says = {finding["what"]: finding["says"] for finding in findings}
    assert says["sites"].startswith("9 sites with ")
    assert says["readings"] == "the storage holds simulated readings, as the source has"
    assert {finding["what"] for finding in findings} >= {"source", "storage", "mlflow", "dagster", "runs", "disk"}
