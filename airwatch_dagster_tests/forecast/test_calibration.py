"""Past errors count by relevance for the month, and few of them lean on the prior."""

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.fit.scores import evidence_to_json
from airwatch_dagster.forecast.calibration import calibrate, calibrate_champion, relevance
from airwatch_dagster.forecast.intervals import IntervalCalibration
from airwatch_dagster_tests.forecast.past_forecasts import MONTH, each_lead, forecasts, past, widths


def calibrated(*evidence: pd.DataFrame, month: pd.Timestamp = MONTH) -> IntervalCalibration:
    return calibrate(pd.concat(evidence, ignore_index=True), source="shadow_scores", month=month)


def width(calibration: IntervalCalibration, **forecast: int | str) -> float:
    return float(widths(calibration, forecasts(8.0, **forecast))[0])


def test_recent_months_and_the_same_season_weigh_most() -> None:
    days = pd.Series(pd.to_datetime(["2020-12-15", "2020-07-15", "2020-01-15", "2019-07-15", "2019-01-15"]))
    last_month, summer, same_season, summer_before, season_before = relevance(days, month=MONTH)
    assert last_month > same_season > season_before > summer > summer_before
    assert summer_before < 0.02


def test_a_season_continues_over_the_turn_of_the_year() -> None:
    days = pd.Series(pd.to_datetime(["2019-12-31", "2020-01-30"]))
    before, after = relevance(days, month=MONTH)
    assert before == pytest.approx(after, rel=0.1)


def test_intervals_follow_errors_that_grew_lately() -> None:
    calm, storm = past(spread=0.1, days_ago=200, seed=1), past(spread=0.4, days_ago=15, seed=2)
    only_calm, only_storm = width(calibrated(calm)), width(calibrated(storm))
    assert width(calibrated(calm, storm)) > 0.8 * only_storm > 2.0 * only_calm


def test_intervals_follow_the_same_season_of_the_year_before() -> None:
    calm, storm = past(spread=0.1, days_ago=170, seed=1), past(spread=0.4, days_ago=350, seed=2)
    summer_month = MONTH - pd.DateOffset(months=6) + pd.DateOffset(years=1)
    assert width(calibrated(calm, storm)) > 1.3 * width(calibrated(calm, storm, month=summer_month))


def test_a_site_that_is_hard_to_forecast_has_wider_intervals() -> None:
    found = calibrated(past(spread=0.2, site="170310001"), past(spread=0.4, site="060370002", seed=1))
    assert width(found, site="060370002") > 1.5 * width(found, site="170310001")


def test_a_site_without_past_forecasts_has_the_intervals_of_its_area() -> None:
    found = calibrated(past(spread=0.2, site="170310001"), past(spread=0.4, site="060370002", seed=1))
    assert width(found, site="170310001") < width(found, site="999999999") < width(found, site="060370002")


def test_a_few_forecasts_of_a_site_hardly_change_its_width() -> None:
    found = calibrated(past(spread=0.2), past(20, spread=2.0, site="060370002", seed=1))
    assert width(found, site="060370002") < 1.4 * width(found)


def test_a_forecast_from_an_old_reading_has_a_wider_interval() -> None:
    found = calibrated(past())
    assert width(found, age=2) > 1.2 * width(found)


def test_each_level_has_its_own_errors() -> None:
    low = past().assign(pm25_ugm3=5.0, pm25_observed_ugm3=np.tile([4.0, 6.0], 3000))
    high = past().assign(pm25_ugm3=20.0, pm25_observed_ugm3=np.tile([8.0, 45.0], 3000))
    narrow, wide = widths(calibrated(low, high), forecasts(5.0, 20.0))
    assert narrow == pytest.approx(2.0, abs=1.0)
    assert wide == pytest.approx(37.0, abs=5.0)


def test_a_level_without_past_forecasts_has_the_prior_interval() -> None:
    found, prior = calibrated(past(spread=0.05)), IntervalCalibration.prior()
    unnamed = forecasts(80.0, site="999999999")
    assert widths(found, unnamed) == pytest.approx(widths(prior, unnamed), rel=1e-3)


@pytest.mark.parametrize("spread", [0.02, 2.0])
def test_a_handful_of_forecasts_barely_changes_the_prior(spread: float) -> None:
    found = widths(calibrated(past(9, spread=spread)), each_lead(8.0))
    assert found == pytest.approx(widths(IntervalCalibration.prior(), each_lead(8.0)), rel=0.25)


def test_without_evidence_the_prior_is_used_and_named() -> None:
    found = calibrate(past(0), source="holdout", month=MONTH)
    assert found == IntervalCalibration.prior()
    assert found.source == "prior"


def of_ridge(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(model_family="ridge")


def champion(scores: pd.DataFrame, *, holdout: str | None = None) -> IntervalCalibration:
    trained = pd.DataFrame({"model_family": ["ridge"], "holdout_evidence": [holdout]})
    return calibrate_champion(scores, trained=trained, model_family="ridge", month=MONTH)


def test_a_champion_is_calibrated_by_its_own_shadow_scores_before_the_month() -> None:
    own, wide = past(spread=0.1, days_ago=60), past(spread=1.0)
    foreign = [
        of_ridge(wide.assign(target_date=MONTH)),
        of_ridge(wide.assign(target_date=MONTH - pd.DateOffset(months=25))),
        wide.assign(model_family="catboost"),
    ]
    assert champion(pd.concat([of_ridge(own), *foreign])) == calibrate(own, source="shadow_scores", month=MONTH)


def test_a_champion_without_shadow_scores_is_calibrated_by_its_holdout() -> None:
    found = champion(of_ridge(past(0)), holdout=evidence_to_json(past(spread=0.1)))
    assert found.source == "holdout"
    assert sum(lead.rows for lead in found.leads) == 1500
    assert widths(found, forecasts(8.0)) < 0.6 * widths(IntervalCalibration.prior(), forecasts(8.0))


def test_too_few_shadow_scores_are_joined_to_the_holdout() -> None:
    found = champion(of_ridge(past(300)), holdout=evidence_to_json(past()))
    assert found.source == "holdout"
    assert sum(lead.rows for lead in found.leads) == 1800
