"""Each site's law of how air reaches it: found where it was planted, borrowed where little is known, and never told the
truth of the days it is tested on."""

import pickle

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.fit.models.site_regression import SiteRegression, design_matrix, fit_and_test, local_forecast
from airwatch_dagster_tests.fit.planted import planted, planted_rise

SITES = [f"17031{number:04d}" for number in range(6)]
OWN_WINDS = "170319999"
DAYS = 361
"""Six blocks of 60 days, of which the last has one more."""


@pytest.fixture(scope="module")
def examples() -> pd.DataFrame:
    return planted(sites=SITES, days=DAYS)


@pytest.fixture(scope="module")
def learned(examples: pd.DataFrame) -> tuple[SiteRegression, np.ndarray]:
    return fit_and_test(examples)


def log_anomaly(law: SiteRegression, examples: pd.DataFrame) -> np.ndarray:
    return law.predict(design_matrix(examples), examples["site_id"].to_numpy())


def gain_from_the_west(law: SiteRegression, examples: pd.DataFrame, *, site_id: str) -> float:
    """How much more log is forecast for a site when the map to the west reads one more."""
    asked = examples.head(1).assign(site_id=site_id)
    more = asked.assign(offset_300km_w_log=asked["offset_300km_w_log"] + 1.0)
    return (log_anomaly(law, more) - log_anomaly(law, asked)).item()


def test_a_planted_law_is_found(learned: tuple[SiteRegression, np.ndarray], examples: pd.DataFrame) -> None:
    law, unseen = learned
    later = planted(sites=SITES, days=50, seed=9)
    assert np.sqrt(np.mean((log_anomaly(law, later) - planted_rise(later)) ** 2)) < 0.01
    assert gain_from_the_west(law, examples, site_id=SITES[0]) == pytest.approx(0.3, abs=0.01)
    assert np.sqrt(np.mean((unseen - planted_rise(examples)) ** 2)) < 0.01


def test_a_forecast_in_micrograms_is_the_rise_above_the_mean(examples: pd.DataFrame) -> None:
    asked = examples.head(1).assign(pm25_mean_28d_ugm3=7.0)
    assert local_forecast(np.array([0.0]), asked).item() == pytest.approx(7.0)
    assert local_forecast(np.array([np.log(2.0)]), asked).item() == pytest.approx(17.0)


def test_a_site_never_seen_follows_the_common_law(
    learned: tuple[SiteRegression, np.ndarray], examples: pd.DataFrame
) -> None:
    asked = examples.head(20).assign(site_id="060379999")
    np.testing.assert_allclose(log_anomaly(learned[0], asked), design_matrix(asked) @ learned[0].common, rtol=1e-12)


@pytest.mark.parametrize(("days", "least", "most"), [(DAYS, 0.6, 0.75), (8, 0.3, 0.42)])
def test_a_site_learns_its_own_winds_from_many_days_and_keeps_to_the_common_law_with_few(
    days: int, least: float, most: float
) -> None:
    """Here the west counts 0.7 at one site and 0.3 at all the others."""
    own = planted(sites=[OWN_WINDS], days=days, laws={OWN_WINDS: 0.4}, seed=3)
    law, _ = fit_and_test(pd.concat([planted(sites=SITES, days=DAYS), own], ignore_index=True))
    assert least < gain_from_the_west(law, own, site_id=OWN_WINDS) < most
    assert gain_from_the_west(law, own, site_id=SITES[0]) == pytest.approx(0.3, abs=0.02)


def test_forecasts_of_a_block_are_those_of_a_law_fitted_without_it_and_five_days_around(
    learned: tuple[SiteRegression, np.ndarray], examples: pd.DataFrame
) -> None:
    day = (examples["target_date"] - pd.Timestamp("2019-01-01")).dt.days.to_numpy()
    for begin in (0, 60, 120, 180, 240, 300):
        asked = (day >= begin) & (day < (361 if begin == 300 else begin + 60))
        left = examples[(day < begin - 5) | (day >= (361 if begin == 300 else begin + 60) + 5)]
        np.testing.assert_allclose(learned[1][asked], slow_forecast(examples[asked], fitted_on=left), atol=1e-9)


def slow_forecast(asked: pd.DataFrame, *, fitted_on: pd.DataFrame) -> np.ndarray:
    """By the normal equations of the rows that are left: all sites' first, then what each site has left of them."""
    common = ridge(fitted_on, against=np.zeros(len(fitted_on)), penalty=5.0, of_intercept=5.0)
    forecast = design_matrix(asked) @ common
    for site in SITES:
        own = fitted_on[fitted_on["site_id"] == site]
        departure = ridge(own, against=design_matrix(own) @ common, penalty=20.0, of_intercept=2.0)
        rows = (asked["site_id"] == site).to_numpy()
        forecast[rows] += design_matrix(asked[rows]) @ departure
    return np.asarray(forecast)


def ridge(examples: pd.DataFrame, *, against: np.ndarray, penalty: float, of_intercept: float) -> np.ndarray:
    design = design_matrix(examples)
    truth = np.log((examples["pm25_observed_ugm3"] + 3.0) / (examples["pm25_mean_28d_ugm3"] + 3.0)).to_numpy()
    penalties = np.diag([of_intercept, *[penalty] * (design.shape[1] - 1)])
    return np.linalg.inv(design.T @ design + penalties) @ design.T @ (truth - against)


def test_the_truth_of_a_block_and_around_it_is_unknown_to_its_forecasts(
    learned: tuple[SiteRegression, np.ndarray], examples: pd.DataFrame
) -> None:
    day = (examples["target_date"] - pd.Timestamp("2019-01-01")).dt.days.to_numpy()
    hidden, block = (day >= 115) & (day < 185), (day >= 120) & (day < 180)
    false = examples.assign(pm25_observed_ugm3=examples["pm25_observed_ugm3"].where(~hidden, 824.0))
    unseen = fit_and_test(false)[1]
    # What is left of the truth is what taking it out of the sums again rounds off.
    np.testing.assert_allclose(unseen[block], learned[1][block], atol=1e-9)
    assert np.abs(unseen[~hidden] - learned[1][~hidden]).min() > 0.0


def test_rows_alone_have_the_bits_of_rows_together_and_so_has_a_stored_law(
    learned: tuple[SiteRegression, np.ndarray], examples: pd.DataFrame
) -> None:
    law, some = learned[0], examples.sample(60, random_state=1)
    together = log_anomaly(law, some)
    alone = np.concatenate([log_anomaly(law, some.iloc[[row]]) for row in range(len(some))])
    np.testing.assert_array_equal(alone, together)
    np.testing.assert_array_equal(log_anomaly(pickle.loads(pickle.dumps(law)), some), together)
    assert log_anomaly(law, some.iloc[:0]).shape == (0,)


def test_a_law_of_some_sites_forgets_how_the_others_depart(
    learned: tuple[SiteRegression, np.ndarray], examples: pd.DataFrame
) -> None:
    kept = learned[0].of_sites({SITES[0]})
    assert set(kept.departures) == {SITES[0]}
    first, second = (examples[examples["site_id"] == site].head(5) for site in SITES[:2])
    np.testing.assert_array_equal(log_anomaly(kept, first), log_anomaly(learned[0], first))
    np.testing.assert_array_equal(log_anomaly(kept, second), log_anomaly(kept, second.assign(site_id="060379999")))


def test_what_is_not_known_counts_as_nothing_unusual(examples: pd.DataFrame) -> None:
    asked = examples.head(5)
    nothing = asked.assign(pm25_lag_1d_ugm3=asked["pm25_mean_28d_ugm3"], advected_log=0.0)
    unknown = asked.assign(pm25_lag_1d_ugm3=np.nan, advected_log=np.nan)
    np.testing.assert_array_equal(design_matrix(unknown), design_matrix(nothing))


def test_the_order_of_examples_does_not_matter(
    learned: tuple[SiteRegression, np.ndarray], examples: pd.DataFrame
) -> None:
    order = np.random.default_rng(0).permutation(len(examples))
    law, unseen = fit_and_test(examples.iloc[order])
    np.testing.assert_allclose(unseen, learned[1][order], atol=1e-9)
    np.testing.assert_allclose(law.common, learned[0].common, atol=1e-9)


@pytest.mark.parametrize("days", [1, 4])
def test_a_few_days_are_forecast_by_nothing_rather_than_by_themselves(days: int) -> None:
    few = planted(sites=SITES, days=days)
    law, unseen = fit_and_test(few)
    assert unseen.tolist() == [0.0] * len(few)
    assert np.abs(log_anomaly(law, few)).max() > 0.1
