"""Pooled ridge with per-site deviations: known coefficients are recovered, sites with little history stay near the
pooled ones, and out-of-block forecasts do not depend on the truth of their block."""

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.fit.models.site_regression import (
    SiteRegression,
    design_columns,
    design_matrix,
    fit_with_out_of_block,
    pm25_of_log_anomaly,
)
from airwatch_dagster_tests.fit.planted import planted, planted_log_anomaly

SITES = [f"17031{number:04d}" for number in range(6)]
OWN_WINDS = "170319999"
DAYS = 361
"""Six blocks of 60 days, of which the last has one more."""


@pytest.fixture(scope="module")
def examples() -> pd.DataFrame:
    return planted(sites=SITES, days=DAYS)


@pytest.fixture(scope="module")
def fitted(examples: pd.DataFrame) -> tuple[SiteRegression, np.ndarray]:
    return fit_with_out_of_block(examples)


def log_anomaly(regression: SiteRegression, examples: pd.DataFrame) -> np.ndarray:
    return regression.predict(design_matrix(examples), examples["site_id"].to_numpy())


def gain_from_the_west(regression: SiteRegression, examples: pd.DataFrame, *, site_id: str) -> float:
    """Change of a site's log anomaly when the map to the west is higher by one."""
    row = examples.head(1).assign(site_id=site_id)
    more = row.assign(offset_300km_w_log=row["offset_300km_w_log"] + 1.0)
    return (log_anomaly(regression, more) - log_anomaly(regression, row)).item()


def test_known_coefficients_are_recovered(fitted: tuple[SiteRegression, np.ndarray], examples: pd.DataFrame) -> None:
    regression, out_of_block = fitted
    later = planted(sites=SITES, days=50, seed=9)
    assert np.sqrt(np.mean((log_anomaly(regression, later) - planted_log_anomaly(later)) ** 2)) < 0.01
    assert gain_from_the_west(regression, examples, site_id=SITES[0]) == pytest.approx(0.3, abs=0.01)
    assert np.sqrt(np.mean((out_of_block - planted_log_anomaly(examples)) ** 2)) < 0.01


def test_a_log_anomaly_of_zero_is_the_28_day_mean(examples: pd.DataFrame) -> None:
    rows = examples.head(1).assign(pm25_mean_28d_ugm3=7.0)
    assert pm25_of_log_anomaly(np.array([0.0]), rows).item() == pytest.approx(7.0)
    assert pm25_of_log_anomaly(np.array([np.log(2.0)]), rows).item() == pytest.approx(17.0)


def test_a_site_without_history_has_the_pooled_coefficients(
    fitted: tuple[SiteRegression, np.ndarray], examples: pd.DataFrame
) -> None:
    rows = examples.head(20).assign(site_id="060379999")
    np.testing.assert_allclose(log_anomaly(fitted[0], rows), design_matrix(rows) @ fitted[0].pooled, rtol=1e-12)


@pytest.mark.parametrize(("days", "least", "most"), [(DAYS, 0.6, 0.75), (8, 0.3, 0.42)])
def test_a_site_with_many_days_has_its_own_coefficients_and_one_with_few_stays_near_the_pooled(
    days: int, least: float, most: float
) -> None:
    """Here the west counts 0.7 at one site and 0.3 at all the others."""
    own = planted(sites=[OWN_WINDS], days=days, extra_west={OWN_WINDS: 0.4}, seed=3)
    regression, _ = fit_with_out_of_block(pd.concat([planted(sites=SITES, days=DAYS), own], ignore_index=True))
    assert least < gain_from_the_west(regression, own, site_id=OWN_WINDS) < most
    assert gain_from_the_west(regression, own, site_id=SITES[0]) == pytest.approx(0.3, abs=0.02)


def test_forecasts_of_a_block_come_from_a_fit_without_it_and_five_days_around(
    fitted: tuple[SiteRegression, np.ndarray], examples: pd.DataFrame
) -> None:
    day = (examples["target_date"] - pd.Timestamp("2019-01-01")).dt.days.to_numpy()
    for begin in (0, 60, 120, 180, 240, 300):
        inside = (day >= begin) & (day < (361 if begin == 300 else begin + 60))
        left = examples[(day < begin - 5) | (day >= (361 if begin == 300 else begin + 60) + 5)]
        np.testing.assert_allclose(fitted[1][inside], slow_forecast(examples[inside], fitted_on=left), atol=1e-9)


def slow_forecast(examples: pd.DataFrame, *, fitted_on: pd.DataFrame) -> np.ndarray:
    """By the normal equations of the rows that are left: of all sites, then of each site's residuals."""
    pooled = ridge(fitted_on, against=np.zeros(len(fitted_on)), penalty=5.0, of_intercept=5.0)
    forecast = design_matrix(examples) @ pooled
    for site in SITES:
        own = fitted_on[fitted_on["site_id"] == site]
        deviation = ridge(own, against=design_matrix(own) @ pooled, penalty=20.0, of_intercept=2.0)
        rows = (examples["site_id"] == site).to_numpy()
        forecast[rows] += design_matrix(examples[rows]) @ deviation
    return np.asarray(forecast)


def ridge(examples: pd.DataFrame, *, against: np.ndarray, penalty: float, of_intercept: float) -> np.ndarray:
    design = design_matrix(examples)
    truth = np.log((examples["pm25_observed_ugm3"] + 3.0) / (examples["pm25_mean_28d_ugm3"] + 3.0)).to_numpy()
    penalties = np.diag([of_intercept, *[penalty] * (design.shape[1] - 1)])
    return np.linalg.inv(design.T @ design + penalties) @ design.T @ (truth - against)


def test_forecasts_of_a_block_do_not_depend_on_the_truth_in_and_around_it(
    fitted: tuple[SiteRegression, np.ndarray], examples: pd.DataFrame
) -> None:
    day = (examples["target_date"] - pd.Timestamp("2019-01-01")).dt.days.to_numpy()
    hidden, block = (day >= 115) & (day < 185), (day >= 120) & (day < 180)
    false = examples.assign(pm25_observed_ugm3=examples["pm25_observed_ugm3"].where(~hidden, 824.0))
    out_of_block = fit_with_out_of_block(false)[1]
    # Subtracting the block from the sums leaves rounding errors of its truth.
    np.testing.assert_allclose(out_of_block[block], fitted[1][block], atol=1e-9)
    assert np.abs(out_of_block[~hidden] - fitted[1][~hidden]).min() > 0.0


def test_rows_alone_and_rows_together_are_bit_identical(
    fitted: tuple[SiteRegression, np.ndarray], examples: pd.DataFrame
) -> None:
    regression, some = fitted[0], examples.sample(60, random_state=1)
    together = log_anomaly(regression, some)
    alone = np.concatenate([log_anomaly(regression, some.iloc[[row]]) for row in range(len(some))])
    np.testing.assert_array_equal(alone, together)
    assert log_anomaly(regression, some.iloc[:0]).shape == (0,)


def test_a_regression_of_some_sites_has_no_deviations_of_the_others(
    fitted: tuple[SiteRegression, np.ndarray], examples: pd.DataFrame
) -> None:
    kept = fitted[0].of_sites({SITES[0]})
    assert set(kept.deviations) == {SITES[0]}
    first, second = (examples[examples["site_id"] == site].head(5) for site in SITES[:2])
    np.testing.assert_array_equal(log_anomaly(kept, first), log_anomaly(fitted[0], first))
    np.testing.assert_array_equal(log_anomaly(kept, second), log_anomaly(kept, second.assign(site_id="060379999")))


def test_an_unknown_value_counts_as_nothing_unusual(examples: pd.DataFrame) -> None:
    rows = examples.head(5)
    nothing = rows.assign(pm25_lag_1d_ugm3=rows["pm25_mean_28d_ugm3"], advected_log=0.0)
    unknown = rows.assign(pm25_lag_1d_ugm3=np.nan, advected_log=np.nan)
    np.testing.assert_array_equal(design_matrix(unknown), design_matrix(nothing))


def test_the_order_of_examples_does_not_matter(
    fitted: tuple[SiteRegression, np.ndarray], examples: pd.DataFrame
) -> None:
    order = np.random.default_rng(0).permutation(len(examples))
    regression, out_of_block = fit_with_out_of_block(examples.iloc[order])
    np.testing.assert_allclose(out_of_block, fitted[1][order], atol=1e-9)
    np.testing.assert_allclose(regression.pooled, fitted[0].pooled, atol=1e-9)


@pytest.mark.parametrize("days", [1, 4])
def test_a_few_days_have_an_out_of_block_forecast_of_zero(days: int) -> None:
    few = planted(sites=SITES, days=days)
    regression, out_of_block = fit_with_out_of_block(few)
    assert out_of_block.tolist() == [0.0] * len(few)
    assert np.abs(log_anomaly(regression, few)).max() > 0.1


def test_the_number_of_columns_of_a_design_is_known_without_one(examples: pd.DataFrame) -> None:
    assert design_matrix(examples.head(3)).shape == (3, design_columns())
