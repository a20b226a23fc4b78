"""Scores of issued forecasts against valid observations."""

import pandas as pd
import pytest

from airwatch_dagster.schemas import TABLES
from airwatch_dagster.verify.scoring import score_forecasts
from airwatch_dagster_tests.simulated_air import simulated_site_days

SCORED_AT = pd.Timestamp("2021-03-01 12:00")


def forecast(
    pm25_ugm3: float = 8.0, *, target: str = "2021-01-02", horizon: int = 1, lower: float = 5.0, upper: float = 12.0
) -> pd.DataFrame:
    day = pd.Timestamp(target)
    return pd.DataFrame(
        [
            {
                "site_id": "170310000",
                "issue_date": day - pd.Timedelta(days=horizon),
                "target_date": day,
                "horizon_days": horizon,
                "pm25_ugm3": pm25_ugm3,
                "pm25_lower_ugm3": lower,
                "pm25_upper_ugm3": upper,
                "probability_above_9_0": 0.4,
                "probability_above_35_4": 0.01,
                "probability_above_55_4": 0.002,
                "probability_above_125_4": 0.0,
                "probability_above_225_4": 0.0,
                "aqi": 44,
                "aqi_category": "Good",
                "days_since_observed": 0,
                "model_family": "ridge",
                "model_version": "2",
            }
        ]
    )


def truth(pm25_ugm3: float = 10.0, *, is_valid: bool = True) -> pd.DataFrame:
    row = simulated_site_days(sites=1, first="2021-01-02", days=1, seed=1)
    assert len(row) == 1
    return row.assign(pm25_ugm3=pm25_ugm3, is_valid=is_valid)


def scored(predictions: pd.DataFrame, site_days: pd.DataFrame) -> pd.DataFrame:
    return score_forecasts(predictions, site_days=site_days, scored_at=SCORED_AT)


def test_an_error_is_forecast_minus_observed() -> None:
    row = TABLES["forecast_scores"].schema.validate(scored(forecast(8.0), truth(10.0))).iloc[0]
    assert row["error_ugm3"] == -2.0
    assert row["abs_error_ugm3"] == 2.0
    assert row["is_covered"]
    assert row["scored_at"] == SCORED_AT


@pytest.mark.parametrize(("observed", "is_covered"), [(5.0, True), (4.9, False), (12.0, True), (12.1, False)])
def test_coverage_includes_both_ends(observed: float, is_covered: bool) -> None:
    assert scored(forecast(), truth(observed))["is_covered"].tolist() == [is_covered]


def test_an_interval_from_zero_covers_a_slightly_negative_observation() -> None:
    assert scored(forecast(0.5, lower=0.0, upper=3.0), truth(-0.4))["is_covered"].tolist() == [True]


def test_a_forecast_without_a_valid_observation_is_not_scored() -> None:
    assert scored(forecast(), truth(is_valid=False)).empty
    assert scored(forecast(target="2021-01-09"), truth()).empty


def test_a_revised_observation_changes_the_score() -> None:
    assert scored(forecast(), truth(11.0))["error_ugm3"].tolist() == [-3.0]


def test_all_horizons_of_a_target_day_are_scored() -> None:
    both = pd.concat([forecast(horizon=1), forecast(horizon=3)], ignore_index=True)
    assert scored(both, truth())["horizon_days"].tolist() == [1, 3]


def test_a_score_has_the_interval_and_the_probabilities_of_its_forecast() -> None:
    row = scored(forecast(), truth()).iloc[0]
    assert (row["pm25_lower_ugm3"], row["pm25_upper_ugm3"]) == (5.0, 12.0)
    assert row["probability_above_9_0"] == 0.4
