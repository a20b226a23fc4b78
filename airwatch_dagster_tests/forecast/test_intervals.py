"""Intervals hold 90 % of observations, widen with the lead, stay above 0, and agree with the probabilities."""

import json

import numpy as np
import pytest

from airwatch_dagster.clean.aqi import AQI_2024
from airwatch_dagster.errors import ContractViolation
from airwatch_dagster.forecast.calibration import calibrate
from airwatch_dagster.forecast.intervals import IntervalCalibration
from airwatch_dagster.schemas.forecast import PROBABILITY_COLUMNS
from airwatch_dagster_tests.forecast.past_forecasts import MONTH, applied, each_lead, forecasts, past, widths


@pytest.fixture(scope="module")
def calibration() -> IntervalCalibration:
    return calibrate(past(30000), source="shadow_scores", month=MONTH)


@pytest.mark.parametrize("horizon", [1, 2, 3])
@pytest.mark.parametrize("age", [0, 2])
def test_intervals_hold_90_percent_of_new_observations(
    calibration: IntervalCalibration, horizon: int, age: int
) -> None:
    fresh = past(30000, seed=9)
    fresh = fresh[(fresh["horizon_days"] == horizon) & (fresh["days_since_observed"] == age)]
    outlook, observed = applied(calibration, fresh), fresh["pm25_observed_ugm3"].clip(lower=0.0).to_numpy()
    is_covered = (outlook.lower_ugm3 <= observed) & (observed <= outlook.upper_ugm3)
    assert is_covered.mean() == pytest.approx(0.9, abs=0.025)


@pytest.mark.parametrize(("least", "most"), [(0.0, 0.1), (0.1, 0.3), (0.3, 0.7), (0.7, 1.0)])
def test_a_limit_is_exceeded_as_often_as_its_probability(
    calibration: IntervalCalibration, least: float, most: float
) -> None:
    fresh = past(30000, seed=9)
    probability = applied(calibration, fresh).probabilities["probability_above_9_0"]
    inside = (probability > least) & (probability <= most)
    is_exceeded = fresh["pm25_observed_ugm3"].to_numpy()[inside] > 9.0
    assert is_exceeded.mean() == pytest.approx(probability[inside].mean(), abs=0.03)


def test_an_interval_holds_its_forecast_and_never_falls_below_zero() -> None:
    biased = past().assign(pm25_observed_ugm3=lambda frame: 3.0 * frame["pm25_ugm3"] + 5.0)
    outlook = applied(calibrate(biased, source="shadow_scores", month=MONTH), forecasts(0.0, 0.5, 8.0, 400.0))
    assert (outlook.lower_ugm3 >= 0.0).all()
    assert (outlook.lower_ugm3 <= [0.0, 0.5, 8.0, 400.0]).all()
    assert (outlook.upper_ugm3 >= [0.0, 0.5, 8.0, 400.0]).all()


@pytest.mark.parametrize("age", [0, 2])
def test_at_one_level_the_interval_never_narrows_with_the_lead(age: int) -> None:
    turned = past().assign(horizon_days=lambda frame: 4 - frame["horizon_days"])
    outlook = applied(calibrate(turned, source="shadow_scores", month=MONTH), each_lead(12.0, age=age))
    assert (np.diff(outlook.lower_ugm3) <= 0).all()
    assert (np.diff(outlook.upper_ugm3) >= 0).all()


def test_a_higher_forecast_has_a_wider_interval(calibration: IntervalCalibration) -> None:
    narrow, wide = widths(calibration, forecasts(4.0, 40.0))
    assert wide > 2 * narrow


def test_the_probability_of_exceeding_the_upper_end_is_five_percent(calibration: IntervalCalibration) -> None:
    levels = np.linspace(2.0, 12.0, 1001)
    outlook = applied(calibration, forecasts(*levels))
    closest = int(np.argmin(np.abs(outlook.upper_ugm3 - 9.0)))
    assert outlook.upper_ugm3[closest] == pytest.approx(9.0, abs=0.02)
    assert outlook.probabilities["probability_above_9_0"][closest] == pytest.approx(0.05, abs=0.001)


def test_probabilities_fall_as_the_limit_rises_and_rise_with_the_forecast(calibration: IntervalCalibration) -> None:
    probabilities = applied(calibration, forecasts(0.0, 3.0, 9.0, 30.0, 90.0, 300.0)).probabilities
    table = np.array([probabilities[column] for column in PROBABILITY_COLUMNS.values()])
    assert (np.diff(table, axis=0) <= 0.0).all()
    assert (np.diff(table, axis=1) >= 0.0).all()
    assert table.min() >= 0.0
    assert table.max() <= 1.0


def test_the_limits_are_the_tops_of_the_aqi_categories() -> None:
    tops = [segment.tenths_high / 10 for segment in AQI_2024.breakpoints[:-1]]
    assert list(PROBABILITY_COLUMNS) == tops


def test_a_forecasts_interval_is_bit_identical_alone_and_among_others(calibration: IntervalCalibration) -> None:
    frame = past(400, seed=3)
    together = applied(calibration, frame)
    alone = [applied(calibration, frame.iloc[[row]]) for row in range(len(frame))]
    assert [one.lower_ugm3[0] for one in alone] == together.lower_ugm3.tolist()
    assert [one.upper_ugm3[0] for one in alone] == together.upper_ugm3.tolist()
    for column, probability in together.probabilities.items():
        assert [one.probabilities[column][0] for one in alone] == probability.tolist()


def test_a_calibration_read_back_from_json_is_equal(calibration: IntervalCalibration) -> None:
    assert IntervalCalibration.from_json(calibration.to_json()) == calibration


def test_a_calibration_on_another_grid_is_refused_with_the_fix() -> None:
    stored = json.loads(IntervalCalibration.prior().to_json())
    for other in ({**stored, "probabilities": [0.05, 0.95]}, {"source": "prior", "bands": []}):
        with pytest.raises(ContractViolation, match="Materialize champion_model"):
            IntervalCalibration.from_json(json.dumps(other))


def test_the_prior_intervals_are_wide() -> None:
    outlook = applied(IntervalCalibration.prior(), each_lead(8.0))
    assert outlook.lower_ugm3.round(1).tolist() == [3.5, 3.0, 3.0]
    assert outlook.upper_ugm3.round(1).tolist() == [13.9, 15.3, 15.5]


def test_the_lower_end_of_a_smoke_forecast_is_low_since_smoke_may_leave_overnight() -> None:
    outlook = applied(IntervalCalibration.prior(), each_lead(100.0))
    assert outlook.lower_ugm3.round(1).tolist() == [34.1, 15.1, 13.4]
