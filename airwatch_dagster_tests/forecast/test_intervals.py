"""Intervals hold nine observations in ten, widen with the lead, and obey physics."""

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.fit.scores import evidence_to_json
from airwatch_dagster.forecast.intervals import IntervalCalibration, calibrate, calibrate_champion


def past(rows: int = 6000, *, seed: int = 0, spread: float = 0.3) -> pd.DataFrame:
    """Forecasts whose log error grows with the lead and for sites not observed on the issue day."""
    generator = np.random.default_rng(seed)
    horizon, age = generator.integers(1, 4, rows), np.where(generator.random(rows) < 0.25, 2, 0)
    forecast = generator.gamma(4.0, 2.5, rows)
    error = spread * (1 + 0.3 * horizon + 0.5 * (age > 0)) * generator.normal(0.0, 1.0, rows)
    return pd.DataFrame(
        {
            "horizon_days": horizon,
            "days_since_observed": age,
            "pm25_ugm3": forecast,
            "pm25_observed_ugm3": (forecast + 3.0) * np.exp(error) - 3.0,
        }
    )


def applied(calibration: IntervalCalibration, frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    forecast, age = frame["pm25_ugm3"].to_numpy(), frame["days_since_observed"].to_numpy()
    return calibration.apply(forecast, horizon_days=frame["horizon_days"].to_numpy(), days_since_observed=age)


@pytest.mark.parametrize("horizon", [1, 2, 3])
@pytest.mark.parametrize("age", [0, 2])
def test_nine_of_ten_new_observations_fall_inside(horizon: int, age: int) -> None:
    fresh = past(30000, seed=9)
    fresh = fresh[(fresh["horizon_days"] == horizon) & (fresh["days_since_observed"] == age)]
    lower, upper = applied(calibrate(past(), source="shadow_scores"), fresh)
    observed = np.maximum(fresh["pm25_observed_ugm3"], 0.0)
    assert np.mean((lower <= observed) & (observed <= upper)) == pytest.approx(0.9, abs=0.03)


def test_an_interval_holds_its_forecast_and_never_falls_below_zero() -> None:
    biased = past().assign(pm25_observed_ugm3=lambda frame: 3.0 * frame["pm25_ugm3"] + 5.0)
    frame = pd.DataFrame({"pm25_ugm3": [0.0, 0.5, 8.0, 400.0], "horizon_days": 1, "days_since_observed": 0})
    lower, upper = applied(calibrate(biased, source="shadow_scores"), frame)
    assert (lower >= 0.0).all()
    assert (lower <= frame["pm25_ugm3"]).all()
    assert (upper >= frame["pm25_ugm3"]).all()


def test_at_one_level_the_interval_never_narrows_with_the_lead() -> None:
    turned = past().assign(horizon_days=lambda frame: 4 - frame["horizon_days"])
    frame = pd.DataFrame({"pm25_ugm3": 12.0, "horizon_days": [1, 2, 3], "days_since_observed": 0})
    lower, upper = applied(calibrate(turned, source="shadow_scores"), frame)
    assert (np.diff(lower) <= 0).all()
    assert (np.diff(upper) >= 0).all()


def test_a_higher_forecast_has_a_wider_interval() -> None:
    frame = pd.DataFrame({"pm25_ugm3": [4.0, 40.0], "horizon_days": 1, "days_since_observed": 0})
    lower, upper = applied(calibrate(past(), source="shadow_scores"), frame)
    assert upper[1] - lower[1] > 2 * (upper[0] - lower[0])


def test_a_stored_calibration_is_the_same() -> None:
    calibration = calibrate(past(), source="shadow_scores")
    assert IntervalCalibration.from_json(calibration.to_json()) == calibration


def test_without_evidence_the_prior_width_is_used_and_said() -> None:
    calibration = calibrate(past(10), source="holdout")
    assert calibration == IntervalCalibration.prior()
    assert calibration.source == "prior"


def scores_of(months_ago: int, frame: pd.DataFrame) -> pd.DataFrame:
    day = pd.Timestamp("2021-01-01") - pd.DateOffset(months=months_ago)
    return frame.assign(model_family="ridge", target_date=day)


def test_a_champion_is_calibrated_by_its_own_shadow_scores_of_the_trailing_year() -> None:
    narrow, wide = past(spread=0.1), past(spread=1.0)
    scores = pd.concat(
        [
            scores_of(2, narrow),
            scores_of(14, wide),
            scores_of(0, wide),
            scores_of(2, wide).assign(model_family="catboost"),
        ]
    )
    trained = pd.DataFrame({"model_family": ["ridge"], "holdout_evidence": [None]})
    found = calibrate_champion(scores, trained=trained, model_family="ridge", month=pd.Timestamp("2021-01-01"))
    assert found == calibrate(narrow, source="shadow_scores")


def test_a_champion_without_shadow_scores_is_calibrated_by_its_holdout() -> None:
    trained = pd.DataFrame({"model_family": ["ridge"], "holdout_evidence": [evidence_to_json(past())]})
    none = scores_of(1, past().iloc[:0])
    found = calibrate_champion(none, trained=trained, model_family="ridge", month=pd.Timestamp("2021-01-01"))
    assert found.source == "holdout"
    assert sum(band.rows for band in found.bands) >= 1500
