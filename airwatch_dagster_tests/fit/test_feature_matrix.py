"""The input matrix: departures from the site's own level, and the calendar of the target day."""

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.fit.feature_matrix import FIREWORKS, INPUTS, input_matrix, target_day_inputs


def rows(two_years: pd.DataFrame, **changes: object) -> pd.DataFrame:
    return two_years.head(4).assign(**changes)


def column(matrix: np.ndarray, name: str) -> list[float]:
    return matrix[:, INPUTS.index(name)].tolist()


def on(issue_date: str, *, horizon_days: int) -> dict[str, float]:
    """The calendar inputs of a forecast issued on a day."""
    issued = pd.Timestamp(issue_date)
    example = pd.DataFrame(
        {
            "weekday": [issued.dayofweek],
            "horizon_days": [horizon_days],
            "target_date": [issued + pd.Timedelta(days=horizon_days)],
        }
    )
    return {name: float(flags[0]) for name, flags in target_day_inputs(example).items()}


@pytest.mark.parametrize(
    ("issue_date", "horizon_days", "flag"),
    [
        ("2021-07-03", 1, "is_independence_day"),
        ("2021-07-01", 3, "is_independence_day"),
        ("2021-07-03", 2, "is_day_after_independence_day"),
        ("2021-07-04", 1, "is_day_after_independence_day"),
        ("2020-12-31", 1, "is_new_years_day"),
        ("2020-12-29", 3, "is_new_years_day"),
        ("2021-07-04", 2, None),
        ("2021-01-01", 1, None),
        ("2021-06-03", 1, None),
    ],
)
def test_fireworks_are_flagged_by_target_day_for_every_horizon(
    issue_date: str, horizon_days: int, flag: str | None
) -> None:
    flags = on(issue_date, horizon_days=horizon_days)
    assert {name for name in FIREWORKS if flags[name]} == ({flag} if flag else set())


@pytest.mark.parametrize(
    ("issue_date", "horizon_days", "is_weekend"),
    [("2021-06-04", 1, 1.0), ("2021-06-04", 2, 1.0), ("2021-06-04", 3, 0.0), ("2021-06-06", 1, 0.0)],
)
def test_the_weekend_is_that_of_the_target_day(issue_date: str, horizon_days: int, is_weekend: float) -> None:
    assert on(issue_date, horizon_days=horizon_days)["is_weekend"] == is_weekend


def test_every_input_has_its_column(two_years: pd.DataFrame) -> None:
    matrix = input_matrix(rows(two_years))
    assert matrix.shape == (4, len(INPUTS))
    assert matrix.dtype == np.float32
    assert len(set(INPUTS)) == len(INPUTS)


def test_levels_enter_as_departures_from_the_sites_own_mean(two_years: pd.DataFrame) -> None:
    examples = rows(two_years, pm25_mean_28d_ugm3=8.0, pm25_last_ugm3=824.0, near_w_pm25_ugm3=6.5, latitude=41.875)
    matrix = input_matrix(examples)
    assert column(matrix, "pm25_last_ugm3") == [816.0] * 4
    assert column(matrix, "near_w_pm25_ugm3") == [-1.5] * 4
    assert column(matrix, "pm25_mean_28d_ugm3") == [8.0] * 4
    assert column(matrix, "latitude") == [41.875] * 4


def test_an_unknown_feature_stays_null(two_years: pd.DataFrame) -> None:
    matrix = input_matrix(rows(two_years, pm25_lag_1d_ugm3=np.nan, far_e_pm25_change_ugm3=np.nan, advected_log=np.nan))
    for name in ("pm25_lag_1d_ugm3", "far_e_pm25_change_ugm3", "advected_log"):
        assert np.isnan(column(matrix, name)).all()


def test_the_matrix_does_not_depend_on_the_observation_the_site_or_the_issue_date(two_years: pd.DataFrame) -> None:
    examples = rows(two_years)
    other = examples.assign(pm25_observed_ugm3=500.0, site_id="999999999", issue_date=pd.Timestamp("1999-01-01"))
    np.testing.assert_array_equal(input_matrix(other), input_matrix(examples))
