"""`airwatch explain`: a forecast's model, the decision behind it, its readings and its runs."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from airwatch_dagster_tests.end_to_end.conftest import LAST
from airwatch_dagster_tests.installations import REPOSITORY, Installation

DAY = "2021-05-20"


@pytest.fixture
def site(backfilled: Installation) -> str:
    return str(backfilled.tables.read("predictions", [DAY])["site_id"].iloc[0])


def explained(installation: Installation, *arguments: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(installation.run("explain", *arguments, "--json"))
    return found


def test_the_forecasts_of_a_day_are_those_issued_one_two_and_three_days_before(
    backfilled: Installation, site: str
) -> None:
    found = explained(backfilled, DAY, site)

    stored = backfilled.tables.read("predictions", ["2021-05-19", "2021-05-18", "2021-05-17"])
    rows = stored[(stored["site_id"] == site) & (stored["target_date"] == DAY)]
    assert [one["forecast"]["issue_date"][:10] for one in found] == ["2021-05-19", "2021-05-18", "2021-05-17"]
    assert [one["forecast"]["pm25_ugm3"] for one in found] == rows["pm25_ugm3"].tolist()


def test_a_forecast_names_its_model_and_the_days_it_was_trained_on(backfilled: Installation, site: str) -> None:
    model = explained(backfilled, DAY, site)[0]["model"]

    trained = backfilled.tables.read("trained_models", ["2021-05"]).set_index("model_version")
    row = trained.loc[model["model_version"]]
    assert (model["model_family"], model["mlflow_run_id"]) == (row["model_family"], row["mlflow_run_id"])
    assert (model["trained_for"][:10], model["last_target_date"][:10]) == ("2021-05-01", "2021-04-30")
    assert model["training_rows"] == row["training_rows"] > 0


def test_a_forecast_names_the_reading_it_is_based_on(backfilled: Installation, site: str) -> None:
    for one in explained(backfilled, DAY, site, "--issued"):
        reading = one["reading"]
        day = backfilled.tables.read("site_days", [reading["date_local"][:10]]).set_index("site_id")
        features = backfilled.tables.read("features", [DAY]).set_index("site_id")
        assert reading["pm25_ugm3"] == reading["pm25_now_ugm3"] == day.loc[site, "pm25_ugm3"]
        assert reading["pm25_ugm3"] == pytest.approx(features.loc[site, "pm25_last_ugm3"], abs=1e-4)
        assert reading["sources"] == ["practice"]
        assert reading["is_provisional"] == day.loc[site, "is_provisional"]
        assert pd.Timestamp(reading["first_seen_at"]) < pd.Timestamp(one["runs"][0]["made_at"])
        assert 10 <= reading["neighbours"] < backfilled.tables.read("monitors")["site_id"].nunique()


def test_a_forecast_names_the_runs_that_built_it(backfilled: Installation, site: str) -> None:
    runs = explained(backfilled, DAY, site, "--issued")[0]["runs"]

    assert [(run["table"], run["partition"]) for run in runs][:4] == [
        ("predictions", DAY),
        ("champion_model", "2021-05"),
        ("trained_models", "2021-05"),
        ("features", DAY),
    ]
    with backfilled.with_definitions() as (_, instance):
        for run in runs:
            made = instance.get_run_by_id(run["run_id"])
            assert made is not None
            assert made.is_success
            assert made.asset_selection == {dg.AssetKey(run["table"])}


def test_the_text_names_model_reason_training_days_and_runs(backfilled: Installation, site: str) -> None:
    dashed = f"{site[:2]}-{site[2:5]}-{site[5:]}"

    output = backfilled.with_settings(AIRWATCH_UI_URL="http://127.0.0.1:3000").run("explain", DAY, dashed)

    champion = backfilled.tables.read("champion_model", ["2021-05"]).iloc[0]
    title, _, first = output.splitlines()[:3]
    assert title.startswith(f"3 forecasts for {DAY} at Practice ")
    assert title.endswith(f"({site})")
    assert first.startswith(f"Issued 2021-05-19 for {DAY}, 1 day ahead: ")
    assert f"{champion['model_family']}, version {champion['model_version']} of airwatch_pm25" in output
    assert "examples of target days 2021-03-19 to 2021-04-30, for 2021-05" in output
    assert champion["reason"] in output
    assert "in force on issue days 2021-05-01 to 2021-05-31" in output
    assert "neighbours up to 800 km away" in output
    assert "predictions[2021-05-19]     http://127.0.0.1:3000/runs/" in output
    assert "mlflow ui --backend-store-uri sqlite:///" in output


@pytest.mark.slow
def test_after_an_override_each_forecast_names_the_decision_it_was_issued_under(
    backfilled: Installation, site: str, tmp_path: Path
) -> None:
    shutil.copytree(backfilled.folder, tmp_path / "copy")
    copy = Installation(tmp_path / "copy")
    copy.run("models", "promote", "1", "--yes", "--from", "2021-05-19", "--by", "Ada", "--reason", "smoke season")
    copy.run("backfill", "2021-05-17", "2021-05-19", "--tables", "predictions")

    newest, *earlier = explained(copy, DAY, site)

    assert newest["model"]["model_version"] == "1"
    assert newest["decision"]["decided_by_person"] == "Ada"
    assert newest["decision"]["reason"].endswith("smoke season")
    assert newest["decision"]["serves_from"][:10] == "2021-05-19"
    for one in earlier:
        assert one["decision"]["decided_by"] == "holdout"
        assert one["decision"]["serves_until"][:10] == "2021-05-18"
    chosen, ordered = earlier[0]["runs"][1]["run_id"], newest["runs"][1]["run_id"]
    assert chosen != ordered, "each decision was taken in a run of its own"


@pytest.mark.slow
def test_a_version_that_no_table_names_any_more_comes_from_the_registry(
    backfilled: Installation, site: str, tmp_path: Path
) -> None:
    """The month's models were retrained after its forecasts were issued."""
    shutil.copytree(backfilled.folder, tmp_path / "copy")
    copy = Installation(tmp_path / "copy")
    before = explained(copy, DAY, site)[0]
    copy.run("backfill", "2021-05-01", LAST, "--tables", "trained_models,champion_model", "--refresh")

    after = explained(copy, DAY, site)[0]

    assert after["model"] == before["model"]
    assert after["decision"] is None
    assert "no decision names this version" in copy.run("explain", DAY, site)


@pytest.mark.slow
def test_a_reading_revised_since_is_shown_as_it_was_and_as_it_is(
    backfilled: Installation, site: str, tmp_path: Path
) -> None:
    shutil.copytree(backfilled.folder, tmp_path / "copy")
    copy = Installation(tmp_path / "copy")
    before = explained(copy, DAY, site)[0]["reading"]
    day = before["date_local"][:10]
    site_days = copy.tables.read("site_days", [day])
    site_days.loc[site_days["site_id"] == site, "pm25_ugm3"] += 5.0
    copy.tables.write("site_days", {day: site_days})

    reading = explained(copy, DAY, site)[0]["reading"]

    assert reading["pm25_ugm3"] == before["pm25_ugm3"]
    assert reading["pm25_now_ugm3"] == before["pm25_ugm3"] + 5.0
    assert f"revised since, to {before['pm25_ugm3'] + 5.0:.1f} µg/m³" in copy.run("explain", DAY, site)


@pytest.mark.slow
def test_tables_built_elsewhere_are_explained_without_their_runs(
    backfilled: Installation, site: str, tmp_path: Path
) -> None:
    elsewhere = Installation.at(tmp_path).with_settings(AIRWATCH_STORAGE=str(backfilled.folder / "tables"))

    [one, *_] = explained(elsewhere, DAY, site)

    assert [run["run_id"] for run in one["runs"]] == [None] * 5
    assert one["model"] == explained(backfilled, DAY, site)[0]["model"]
    assert "not built in this Dagster instance" in elsewhere.run("explain", DAY, site)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["4 July", "170319001"], "DAY: '4 July' is not a valid date. Use YYYY-MM-DD"),
        ([DAY, "Chicago"], "SITE: 'Chicago' is not a valid site. Use state, county and site number"),
        ([DAY, "999999999"], "explain: no forecast for 2021-05-20 is stored for 999999999, 9 other sites have one"),
        (["2021-07-04", "170319001"], "explain: no forecast for 2021-07-04 is stored for 170319001, nor for any other"),
    ],
)
def test_a_day_or_site_without_forecasts_is_an_error_that_names_it(
    backfilled: Installation, arguments: list[str], message: str
) -> None:
    result = backfilled.airwatch("explain", *arguments)

    assert result.exit_code == 1
    assert result.output.startswith(f"Error: {message}")


@pytest.mark.slow
def test_explaining_loads_nothing_heavy(backfilled: Installation, site: str) -> None:
    heavy = ("mlflow", "catboost", "sklearn", "evidently")
    code = (
        "import sys; from airwatch_dagster.commands.champions.explain import explain_forecasts;"
        f"explain_forecasts({DAY!r}, {site!r}); print([name for name in {heavy!r} if name in sys.modules])"
    )

    with backfilled.activated():
        process = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, cwd=REPOSITORY, check=False
        )

    assert process.stdout == "[]\n", process.stderr
