"""What a backfill of forecasts ends with."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from airwatch_dagster.commands.pages.summary import forecast_summary
from airwatch_dagster.commands.wording import probability_text
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster_tests import builders
from airwatch_dagster_tests.builders import filled

DAY = pd.Timestamp("2021-07-04")
MONTH = pd.Timestamp("2021-07-01")
FORECAST = {name: builders.FORECAST_SCORE_ROW.get(name) for name in TABLES["predictions"].column_names}
FORECAST |= {"issue_date": DAY, "target_date": DAY + pd.Timedelta(days=2), "horizon_days": 2}


def forecasts(*sites: tuple[str, float, int, str, float]) -> pd.DataFrame:
    rows = [
        {
            **FORECAST,
            "site_id": site,
            "pm25_ugm3": value,
            "aqi": aqi,
            "aqi_category": category,
            "probability_above_35_4": chance,
        }
        for site, value, aqi, category, chance in sites
    ]
    frame: pd.DataFrame = TABLES["predictions"].schema.validate(pd.DataFrame(rows)[TABLES["predictions"].column_names])
    return frame


def champion(**values: Any) -> pd.DataFrame:
    return filled("champion_model", month=MONTH, decided_by="holdout", reason="it is best.", **values)


@pytest.fixture
def tables(tmp_path: Path) -> TableStorage:
    storage = TableStorage.open(str(tmp_path))
    names = {"170310001": "COM ED MAINTENANCE BLDG", "170310002": None}
    monitors = [{"site_id": site, "site_number": site[5:], "site_name": name} for site, name in names.items()]
    storage.write("monitors", {None: builders.monitors(*monitors)})
    made = forecasts(
        ("170310001", 8.19, 45, "Good", 0.002), ("170310002", 36.07, 102, "Unhealthy for Sensitive Groups", 0.36)
    )
    storage.write("predictions", {"2021-07-04": made})
    serving = champion(is_serving=True, model_family="ridge", model_version="42", serves_from=MONTH)
    storage.write("champion_model", {"2021-07": serving})
    return storage


def summary(tables: TableStorage, *, newest: str = "2021-07-04") -> str:
    return "\n".join(forecast_summary(tables, DAY, newest=pd.Timestamp(newest)))


def test_the_worst_site_comes_first_with_its_aqi_and_the_chance_of_a_bad_day(tables: TableStorage) -> None:
    first, _, *sites = summary(tables).splitlines()

    assert first.startswith("Tomorrow, Tuesday 6 July 2021: highest AQI 102 (Unhealthy for Sensitive Groups)")
    assert "Cook County, site 0002" in first
    assert "36 %" in first
    assert sites[0].split()[:5] == ["Cook", "County,", "site", "0002", "36.0"]
    assert sites[1].split()[:5] == ["Com", "Ed", "Maintenance", "Bldg", "8.1"]
    assert "<1 %" in sites[1]


def test_only_the_newest_forecast_is_for_tomorrow(tables: TableStorage) -> None:
    assert summary(tables, newest="2021-09-30").startswith("Tuesday 6 July 2021: ")


def test_it_says_who_serves_and_why_and_where_to_look(tables: TableStorage) -> None:
    text = summary(tables)

    assert "Ridge serves July 2021 (version 42)" in text
    assert "it is best." in text.lower()
    assert "airwatch inspect predictions 2021-07-04" in text
    assert "airwatch explain 2021-07-06 170310002" in text
    assert "Learned families need" not in text


def test_the_skill_of_served_forecasts_is_weighted_by_their_number(tables: TableStorage) -> None:
    for month, count, skill, coverage in (("2021-06", 30, 0.2, 0.9), ("2021-07", 10, -0.2, 0.7)):
        row = {"group_kind": "all", "horizon_days": 1, "forecasts": count, "compared_forecasts": count}
        scores = {"rmse_ugm3": 3.0, "skill_over_damped": skill, "coverage": coverage}
        made = filled("verification", month=pd.Timestamp(f"{month}-01"), **row, **scores)
        tables.write("verification", {month: made})

    [line] = [line for line in summary(tables).splitlines() if "1 day ahead" in line]
    assert "RMSE 3.0 µg/m³" in line
    assert "10 % better than damped persistence" in line
    assert "85 % inside" in line


def test_a_baseline_that_serves_says_what_learned_families_need(tables: TableStorage) -> None:
    tables.write(
        "champion_model",
        {"2021-07": champion(is_serving=True, model_family="persistence", model_version="1", serves_from=MONTH)},
    )
    span = {"first_target_date": pd.Timestamp("2021-02-01"), "last_target_date": pd.Timestamp("2021-06-30")}
    tables.write("trained_models", {"2021-07": filled("trained_models", month=MONTH, model_family="ridge", **span)})

    text = summary(tables)
    assert "Persistence, a baseline, serves July 2021" in text
    assert "need 12 months of examples before July 2021; there are 4" in text
    assert "backfill 2020-06-01 2021-07-04" in text


def test_without_a_champion_it_says_why_and_what_is_missing(tables: TableStorage) -> None:
    tables.write("predictions", {"2021-07-04": TABLES["predictions"].empty()})
    tables.write("champion_model", {"2021-07": champion(is_serving=False)})
    tables.write(
        "trained_models", {"2021-07": filled("trained_models", month=MONTH, model_family="ridge", is_fitted=False)}
    )

    text = summary(tables)
    assert "No forecast was issued from the readings of 2021-07-04" in text
    assert "it is best." in text
    assert "12 months" in text
    assert "there are 0" in text


@pytest.mark.parametrize(("share", "text"), [(0.0, "<1 %"), (0.36, "36 %"), (0.995, ">99 %")])
def test_no_forecast_is_certain(share: float, text: str) -> None:
    assert probability_text(share) == text


@pytest.mark.parametrize(
    ("gain", "source", "said"),
    [
        (0.082, "live", "Weather forecasts save it 8 % of damped persistence's squared error 2 days ahead"),
        (-0.03, "practice", "Simulated weather forecasts cost it 3 % of damped persistence's"),
        (None, "live", None),
    ],
)
def test_what_weather_saves_the_champion_is_told(
    gain: float | None, source: str, said: str | None, tables: TableStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRWATCH_SOURCE", source)
    known = {"is_serving": True, "model_family": "ridge", "model_version": "42", "serves_from": MONTH}
    tables.write("champion_model", {"2021-07": champion(**known, trained_for=MONTH)})
    rows = [
        filled("trained_models", month=MONTH, model_family=family, model_version=version, holdout_weather_gain_2d=saved)
        for family, version, saved in (("ridge", "42", gain), ("blend", "43", 0.5))
    ]
    tables.write("trained_models", {"2021-07": pd.concat(rows, ignore_index=True)})

    told = summary(tables)
    assert ("eather forecasts" in told) == (said is not None)
    assert said is None or said in told
