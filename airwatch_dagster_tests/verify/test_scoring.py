"""Forecasts are judged on what came true, and an undefined measure is an error."""

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.schemas import TABLES
from airwatch_dagster.verify.scoring import UndefinedMetric, categorical, metrics, score_forecasts
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


def test_a_slightly_negative_reading_is_held_by_an_interval_from_zero() -> None:
    assert scored(forecast(0.5, lower=0.0, upper=3.0), truth(-0.4))["is_covered"].tolist() == [True]


def test_a_forecast_without_valid_truth_is_not_scored() -> None:
    assert scored(forecast(), truth(is_valid=False)).empty
    assert scored(forecast(target="2021-01-09"), truth()).empty


def test_a_revised_truth_changes_the_score() -> None:
    assert scored(forecast(), truth(11.0))["error_ugm3"].tolist() == [-3.0]


def test_all_horizons_of_a_target_day_are_scored() -> None:
    both = pd.concat([forecast(horizon=1), forecast(horizon=3)], ignore_index=True)
    assert scored(both, truth())["horizon_days"].tolist() == [1, 3]


def pairs(forecasts: list[float], observed: list[float], **more: object) -> pd.DataFrame:
    return pd.DataFrame({"pm25_ugm3": forecasts, "pm25_observed_ugm3": observed}).assign(**more)


def test_measures_have_their_textbook_values() -> None:
    row = metrics(pairs([8.0, 12.0, 10.0], [10.0, 10.0, 13.0])).iloc[0]
    assert row["rmse_ugm3"] == pytest.approx(np.sqrt(17 / 3))
    assert row["mae_ugm3"] == pytest.approx(7 / 3)
    assert row["bias_ugm3"] == pytest.approx(-1.0)
    assert row["normalised_mean_bias"] == pytest.approx(-3 / 33)
    assert row["normalised_mean_error"] == pytest.approx(7 / 33)
    assert row["correlation"] == pytest.approx(0.0, abs=1e-12)
    assert row["index_of_agreement"] == pytest.approx(1 - 17 / 29)


def test_the_index_of_agreement_of_a_perfect_forecast_is_one() -> None:
    assert metrics(pairs([8.0, 12.0], [8.0, 12.0])).iloc[0]["index_of_agreement"] == 1.0


def test_skill_is_the_share_of_the_reference_error_saved() -> None:
    frame = pairs([9.0, 12.0], [10.0, 13.0], damped_ugm3=[12.0, 11.0])
    assert metrics(frame, reference="damped_ugm3").iloc[0]["skill"] == pytest.approx(0.75)


def test_coverage_width_and_pinball_come_with_the_interval() -> None:
    frame = pairs(
        [9.0, 12.0], [10.0, 20.0], pm25_lower_ugm3=[6.0, 8.0], pm25_upper_ugm3=[14.0, 18.0], is_covered=[True, False]
    )
    row = metrics(frame).iloc[0]
    assert row["coverage"] == 0.5
    assert row["mean_width_ugm3"] == 9.0
    assert row["pinball_ugm3"] == pytest.approx((0.05 * 4 + 0.05 * 12 + 0.05 * 4 + 0.95 * 2) / 4)


EVENTS = pairs([9.1, 40.0, 9.0, 9.2, 5.0], [9.2, 12.0, 9.1, 9.0, 36.0])
"""Above 9.0: two hits, two misses and a false alarm; above 35.4: a miss and a false alarm."""


def test_detection_counts_exceedances_strictly_above_the_limit() -> None:
    found = categorical(EVENTS, limit_ugm3=9.0)
    assert (found["hits"], found["misses"], found["false_alarms"]) == (2, 2, 1)
    assert found["pod"] == 2 / 4
    assert found["far"] == 1 / 3
    assert found["csi"] == 2 / 5


def test_detection_comes_with_the_measures_at_the_tops_of_good_and_moderate() -> None:
    row = metrics(EVENTS).iloc[0]
    assert (row["pod_9_0"], row["csi_9_0"]) == (0.5, 0.4)
    assert (row["pod_35_4"], row["far_35_4"], row["csi_35_4"]) == (0.0, 1.0, 0.0)


def test_without_an_event_detection_is_null_and_not_zero() -> None:
    found = categorical(pairs([5.0, 6.0], [4.0, 7.0]), limit_ugm3=35.4)
    assert np.isnan([found["pod"], found["far"], found["csi"]]).all()


def test_detection_of_nothing_is_an_error() -> None:
    with pytest.raises(UndefinedMetric, match="no forecasts"):
        categorical(pairs([], []), limit_ugm3=9.0)


def test_a_score_carries_the_interval_and_the_chances_of_its_forecast() -> None:
    row = scored(forecast(), truth()).iloc[0]
    assert (row["pm25_lower_ugm3"], row["pm25_upper_ugm3"]) == (5.0, 12.0)
    assert row["probability_above_9_0"] == 0.4


def test_measures_are_given_per_group() -> None:
    frame = pairs([8.0, 12.0, 5.0, 6.0], [10.0, 11.0, 5.0, 7.0], horizon_days=[1, 1, 2, 2])
    found = metrics(frame, by=["horizon_days"])
    assert found["horizon_days"].tolist() == [1, 2]
    assert found["bias_ugm3"].tolist() == [-0.5, -0.5]


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (pairs([], []), "no forecasts"),
        (pairs([1.0, np.nan], [1.0, 2.0]), "pm25_ugm3 is null in 1 of 2 rows"),
        (pairs([1.0, 2.0], [0.0, 0.0]), "normalised mean bias is undefined"),
        (pairs([1.0, 1.0], [1.0, 2.0]), "correlation is undefined"),
    ],
)
def test_an_undefined_measure_is_an_error_and_not_a_number(frame: pd.DataFrame, said: str) -> None:
    with pytest.raises(UndefinedMetric, match=said):
        metrics(frame)


def test_a_perfect_reference_leaves_skill_undefined() -> None:
    with pytest.raises(UndefinedMetric, match="skill is undefined"):
        metrics(pairs([1.0, 2.0], [1.0, 3.0], damped_ugm3=[1.0, 3.0]), reference="damped_ugm3")
