"""Metrics of groups of forecasts; an undefined metric is null or an error, never 0."""

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.fit.metrics import pinball_loss
from airwatch_dagster.verify.metrics import (
    INTERVAL_TAIL,
    UndefinedMetric,
    categorical,
    compute_metrics,
    interval_measures,
    metrics,
)


def pairs(forecasts: list[float], observed: list[float], **more: object) -> pd.DataFrame:
    return pd.DataFrame({"pm25_ugm3": forecasts, "pm25_observed_ugm3": observed}).assign(**more)


def test_metrics_have_their_textbook_values() -> None:
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


def test_forecasts_with_an_interval_have_coverage_width_and_pinball_loss() -> None:
    frame = pairs(
        [9.0, 12.0], [10.0, 20.0], pm25_lower_ugm3=[6.0, 8.0], pm25_upper_ugm3=[14.0, 18.0], is_covered=[True, False]
    )
    row = metrics(frame).iloc[0]
    assert row["coverage"] == 0.5
    assert row["mean_width_ugm3"] == 9.0
    assert row["pinball_ugm3"] == pytest.approx((0.05 * 4 + 0.05 * 12 + 0.05 * 4 + 0.95 * 2) / 4)


EVENTS = pairs([9.1, 40.0, 9.0, 9.2, 5.0], [9.2, 12.0, 9.1, 9.0, 36.0])
"""Above 9.0: two hits, two misses, one false alarm; above 35.4: one miss, one false alarm."""


def test_detection_counts_exceedances_strictly_above_the_limit() -> None:
    found = categorical(EVENTS, limit_ugm3=9.0)
    assert (found["hits"], found["misses"], found["false_alarms"]) == (2, 2, 1)
    assert found["pod"] == 2 / 4
    assert found["far"] == 1 / 3
    assert found["csi"] == 2 / 5


def test_metrics_have_detection_at_the_tops_of_good_and_moderate() -> None:
    row = metrics(EVENTS).iloc[0]
    assert (row["pod_9_0"], row["csi_9_0"]) == (0.5, 0.4)
    assert (row["pod_35_4"], row["far_35_4"], row["csi_35_4"]) == (0.0, 1.0, 0.0)


def test_detection_without_an_event_is_null_and_not_zero() -> None:
    found = categorical(pairs([5.0, 6.0], [4.0, 7.0]), limit_ugm3=35.4)
    assert np.isnan([found["pod"], found["far"], found["csi"]]).all()


def test_detection_without_forecasts_is_an_error() -> None:
    with pytest.raises(UndefinedMetric, match="no forecasts"):
        categorical(pairs([], []), limit_ugm3=9.0)


def test_metrics_are_computed_per_group() -> None:
    frame = pairs([8.0, 12.0, 5.0, 6.0], [10.0, 11.0, 5.0, 7.0], horizon_days=[1, 1, 2, 2])
    found = metrics(frame, by=["horizon_days"])
    assert found["horizon_days"].tolist() == [1, 2]
    assert found["bias_ugm3"].tolist() == [-0.5, -0.5]


@pytest.mark.parametrize(
    ("frame", "problem"),
    [
        (pairs([], []), "no forecasts"),
        (pairs([1.0, np.nan], [1.0, 2.0]), "pm25_ugm3 is null in 1 of 2 rows"),
        (pairs([1.0, 2.0], [0.0, 0.0]), "normalised_mean_bias is undefined"),
        (pairs([1.0, 1.0], [1.0, 2.0]), "correlation is undefined"),
    ],
)
def test_an_undefined_metric_is_an_error_and_not_a_number(frame: pd.DataFrame, problem: str) -> None:
    with pytest.raises(UndefinedMetric, match=problem):
        metrics(frame)


def test_a_perfect_reference_leaves_skill_undefined() -> None:
    with pytest.raises(UndefinedMetric, match="skill is undefined"):
        metrics(pairs([1.0, 2.0], [1.0, 3.0], damped_ugm3=[1.0, 3.0]), reference="damped_ugm3")


def test_a_reference_with_nulls_is_an_error() -> None:
    with pytest.raises(UndefinedMetric, match="damped_ugm3 is null in 1 of 2 rows"):
        metrics(pairs([1.0, 2.0], [1.0, 3.0], damped_ugm3=[1.0, np.nan]), reference="damped_ugm3")


def test_an_undefined_group_is_named() -> None:
    frame = pairs([8.0, 9.0, 5.0], [7.0, 9.5, 5.0], horizon_days=[1, 1, 2])
    with pytest.raises(UndefinedMetric, match=r"correlation is undefined.*horizon_days 2"):
        metrics(frame, by=["horizon_days"])


def test_computed_metrics_are_null_where_they_are_undefined() -> None:
    found = compute_metrics(pairs([0.0], [0.0], damped_ugm3=[np.nan]), reference="damped_ugm3")
    undefined = {name for name, value in found.items() if np.isnan(value)}
    assert {"normalised_mean_bias", "correlation", "index_of_agreement", "skill", "pod_9_0"} <= undefined
    assert (found["mae_ugm3"], found["compared_rows"]) == (0.0, 0)


def test_skill_is_over_the_forecasts_that_have_a_reference() -> None:
    frame = pairs([9.0, 12.0], [10.0, 20.0], damped_ugm3=[12.0, np.nan])
    found = compute_metrics(frame, reference="damped_ugm3")
    assert (found["compared_rows"], found["skill"]) == (1, 0.75)


def intervals(*rows: tuple[float, float, float]) -> pd.DataFrame:
    """Both ends of an interval, and the observed value."""
    return pd.DataFrame(rows, columns=["pm25_lower_ugm3", "pm25_upper_ugm3", "pm25_observed_ugm3"])


def test_the_pinball_loss_grows_with_the_width_and_with_the_distance_of_a_miss() -> None:
    table = interval_measures(intervals((4.0, 14.0, 8.0), (4.0, 14.0, 24.0), (4.0, 14.0, 3.0)))

    assert table["width_ugm3"].tolist() == [10.0, 10.0, 10.0]
    assert table["pinball_ugm3"].tolist() == pytest.approx([0.25, 5.25, 0.75])


def test_the_pinball_loss_of_an_interval_is_the_mean_of_its_two_ends() -> None:
    lower, upper, observed = np.array([4.0]), np.array([14.0]), np.array([24.0])
    below = pinball_loss(lower, observed, quantile=INTERVAL_TAIL)
    above = pinball_loss(upper, observed, quantile=1.0 - INTERVAL_TAIL)

    measured = interval_measures(intervals((4.0, 14.0, 24.0)))

    assert measured["pinball_ugm3"].tolist() == pytest.approx((below + above) / 2)
