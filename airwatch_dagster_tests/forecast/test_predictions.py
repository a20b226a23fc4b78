"""Every site of an issue day has a forecast for each horizon; without a model the table is empty."""

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.enrich.features import build_features
from airwatch_dagster.fit.models.baselines import Persistence
from airwatch_dagster.fit.models.families import FittedModel
from airwatch_dagster.forecast.intervals import IntervalCalibration
from airwatch_dagster.forecast.predictions import issued, predict
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.forecast import PROBABILITY_COLUMNS
from airwatch_dagster_tests.simulated_air import simulated_site_days

MODEL = FittedModel("persistence", Persistence())


@pytest.fixture(scope="module")
def features() -> pd.DataFrame:
    days = simulated_site_days(sites=6, first="2021-01-01", days=40)
    return build_features(
        days, issue_dates=pd.date_range("2021-02-01", "2021-02-05"), area_site_ids=set(days["site_id"])
    )


def served(features: pd.DataFrame, model: FittedModel | None = MODEL) -> pd.DataFrame:
    prior = IntervalCalibration.prior()
    return predict(features, model=model, model_family="persistence", model_version="4", calibration=prior)


def test_every_site_has_three_horizons_even_off_its_sampling_schedule(features: pd.DataFrame) -> None:
    predictions = TABLES["predictions"].schema.validate(served(features))
    assert len(predictions) == 3 * len(features)
    assert (predictions["days_since_observed"] > 0).any()
    assert set(predictions["model_version"]) == {"4"}


def test_forecasts_have_no_time_of_issue_until_they_are_issued(features: pd.DataFrame) -> None:
    made = served(features)
    at = made["issue_date"] + pd.Timedelta(hours=42)

    found = issued(made, at=at.set_axis(range(7, 7 + len(at))))

    assert made["issued_at"].isna().all()
    assert found["issued_at"].tolist() == at.tolist()
    pd.testing.assert_frame_equal(found.drop(columns="issued_at"), made.drop(columns="issued_at"))
    assert len(issued(served(features, model=None), at=at.head(0))) == 0


def test_the_aqi_is_that_of_the_rounded_value(features: pd.DataFrame) -> None:
    row = served(features.head(1).assign(pm25_last_ugm3=np.float32(35.4567891))).iloc[0]
    assert row["pm25_ugm3"] == 35.4568
    assert row["aqi"] == 100
    assert row["aqi_category"] == "Moderate"


def test_an_interval_holds_its_forecast(features: pd.DataFrame) -> None:
    predictions = served(features)
    assert (predictions["pm25_lower_ugm3"] <= predictions["pm25_ugm3"]).all()
    assert (predictions["pm25_upper_ugm3"] >= predictions["pm25_ugm3"]).all()


def test_the_probability_of_exceeding_a_limit_falls_as_the_limit_rises(features: pd.DataFrame) -> None:
    probabilities = served(features)[list(PROBABILITY_COLUMNS.values())].to_numpy()
    assert probabilities.max() <= 1.0
    assert probabilities.min() >= 0.0
    assert (np.diff(probabilities, axis=1) <= 0.0).all()
    assert probabilities[:, 0].min() > 0.0


def test_days_served_one_by_one_are_bit_identical_to_a_range(features: pd.DataFrame) -> None:
    parts = [served(day) for _, day in features.groupby("issue_date")]
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), served(features), check_exact=True)


@pytest.mark.parametrize("model", [MODEL, None])
def test_without_features_or_without_a_model_the_table_is_empty(
    model: FittedModel | None, features: pd.DataFrame
) -> None:
    found = served(features.iloc[:0] if model else features, model)
    assert found.empty
    assert list(found.columns) == TABLES["predictions"].column_names
