"""Exceedance probabilities against observed frequencies."""

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.schemas.forecast import PROBABILITY_COLUMNS
from airwatch_dagster.verify.metrics import UndefinedMetric
from airwatch_dagster.verify.reliability import brier_scores, reliability, reliability_tables


def scores(probabilities: list[float], observed: list[float]) -> pd.DataFrame:
    """Forecasts with these probabilities of exceeding every limit, and the observed values."""
    frame = pd.DataFrame({"pm25_observed_ugm3": observed, "horizon_days": 1})
    return frame.assign(**dict.fromkeys(PROBABILITY_COLUMNS.values(), np.array(probabilities)))


def test_a_bin_has_the_observed_frequency_of_its_forecasts() -> None:
    table = reliability(scores([0.72, 0.78, 0.74, 0.12], [12.0, 9.1, 9.0, 3.0]), limit_ugm3=9.0)
    assert table["probability_from"].tolist() == [0.1, 0.7]
    assert table["probability_to"].tolist() == [0.2, 0.8]
    assert table["forecasts"].tolist() == [1, 3]
    assert table["mean_probability"].tolist() == pytest.approx([0.12, 0.74666667])
    assert table["observed_frequency"].tolist() == pytest.approx([0.0, 2 / 3])


def test_certainty_is_in_the_outer_bins_and_an_edge_in_the_bin_below() -> None:
    table = reliability(scores([0.0, 0.1, 1.0], [3.0, 3.0, 40.0]), limit_ugm3=35.4)
    assert table["probability_from"].tolist() == [0.0, 0.05, 0.9]
    assert table["observed_frequency"].tolist() == [0.0, 0.0, 1.0]


def test_every_limit_has_a_table() -> None:
    assert reliability_tables(scores([0.3], [40.0]))["limit_ugm3"].tolist() == [9.0, 35.4, 55.4, 125.4, 225.4]


def test_the_brier_score_is_the_mean_squared_error_of_the_probability() -> None:
    row = brier_scores(scores([0.9, 0.6, 0.3, 0.0], [12.0, 10.0, 4.0, 2.0])).iloc[0]
    assert row["limit_ugm3"] == 9.0
    assert row["exceedances"] == 2
    assert row["brier_score"] == pytest.approx((0.01 + 0.16 + 0.09 + 0.0) / 4)
    assert row["brier_skill"] == pytest.approx(1 - 0.065 / 0.25)


def test_the_observed_frequency_forecast_every_day_has_no_skill() -> None:
    assert brier_scores(scores([0.25] * 4, [12.0, 1.0, 1.0, 1.0])).iloc[0]["brier_skill"] == pytest.approx(0.0)


def test_skill_is_null_where_a_limit_was_never_exceeded() -> None:
    table = brier_scores(scores([0.1, 0.2], [12.0, 1.0])).set_index("limit_ugm3")
    assert np.isnan(table.loc[35.4, "brier_skill"])
    assert table.loc[35.4, "brier_score"] == pytest.approx(0.025)


def test_every_group_has_its_own_score() -> None:
    both = pd.concat([scores([1.0], [12.0]), scores([1.0], [1.0]).assign(horizon_days=2)])
    table = brier_scores(both, by=["horizon_days"])
    assert table[table["limit_ugm3"] == 9.0]["brier_score"].tolist() == [0.0, 1.0]


@pytest.mark.parametrize("frame", [scores([], []), scores([np.nan], [5.0])])
def test_no_forecasts_and_nulls_are_an_error_and_not_a_number(frame: pd.DataFrame) -> None:
    with pytest.raises(UndefinedMetric):
        brier_scores(frame)
    with pytest.raises(UndefinedMetric):
        reliability(frame, limit_ugm3=9.0)
