"""Persistence, damped persistence and climatology."""

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from airwatch_dagster.fit.models.baselines import Climatology, DampedPersistence, Persistence, season_number


def test_persistence_repeats_the_last_reading() -> None:
    rows = pd.DataFrame({"pm25_last_ugm3": [7.5, 0.3]})
    assert Persistence.fit(rows).predict(rows).tolist() == [7.5, 0.3]


def test_damping_recovers_the_factor_the_data_was_generated_with() -> None:
    generator = np.random.default_rng(0)
    departure = generator.normal(0.0, 3.0, 4000)
    examples = pd.DataFrame(
        {
            "pm25_mean_28d_ugm3": 10.0,
            "pm25_last_ugm3": 10.0 + departure,
            "pm25_observed_ugm3": 10.0 + 0.6 * departure + generator.normal(0.0, 0.1, 4000),
            "horizon_days": 1,
            "days_since_observed": 0,
        }
    )
    assert DampedPersistence.fit(examples).phi[0] == pytest.approx(0.6, abs=0.01)


def test_damping_has_the_same_bits_on_one_thread_and_on_two() -> None:
    """Forests split on less than a rounding error."""
    generator = np.random.default_rng(0)
    last, observed = generator.normal(12.0, 4.0, (2, 60_000))
    examples = pd.DataFrame({"pm25_mean_28d_ugm3": 10.0, "pm25_last_ugm3": last, "pm25_observed_ugm3": observed})
    examples = examples.assign(horizon_days=1, days_since_observed=0)
    with threadpool_limits(1):
        single = DampedPersistence.fit(examples)
    with threadpool_limits(2):
        assert DampedPersistence.fit(examples).phi == single.phi


def test_an_older_reading_is_damped_more(two_years: pd.DataFrame) -> None:
    model = DampedPersistence.fit(two_years)
    rows = pd.DataFrame(
        {"pm25_mean_28d_ugm3": 10.0, "pm25_last_ugm3": 20.0, "horizon_days": 1, "days_since_observed": [0, 4]}
    )
    fresh, old = model.predict(rows)
    assert fresh > old >= 10.0


def test_climatology_of_an_unknown_site_is_that_of_the_season() -> None:
    days = pd.date_range("2020-01-01", "2020-12-31")
    is_summer = days.month.isin([6, 7, 8])
    known = pd.DataFrame(
        {"site_id": "170310001", "target_date": days, "pm25_observed_ugm3": np.where(is_summer, 20.0, 8.0)}
    )
    model = Climatology.fit(known)
    rows = pd.DataFrame({"site_id": "999999999", "target_date": pd.to_datetime(["2021-07-01", "2021-01-01"])})
    summer, winter = model.predict(rows)
    assert summer == pytest.approx(20.0, abs=2.5)
    assert winter == pytest.approx(8.0, abs=1.5)


def test_climatology_shrinks_a_site_less_the_more_days_it_has() -> None:
    days = pd.date_range("2020-01-01", "2020-03-31")
    base = pd.DataFrame({"site_id": "170310001", "target_date": days, "pm25_observed_ugm3": 10.0})
    few = pd.DataFrame({"site_id": "170310002", "target_date": days[:3], "pm25_observed_ugm3": 30.0})
    many = pd.DataFrame({"site_id": "170310003", "target_date": days, "pm25_observed_ugm3": 30.0})
    model = Climatology.fit(pd.concat([base, few, many], ignore_index=True))
    rows = pd.DataFrame({"site_id": ["170310002", "170310003"], "target_date": days[:2]})
    rare, daily = model.predict(rows)
    assert rare < daily - 3.0


def test_december_to_february_are_season_zero() -> None:
    days = pd.Series(pd.to_datetime(["2020-12-01", "2021-02-28", "2021-03-01", "2021-07-04", "2021-11-30"]))
    assert season_number(days).tolist() == [0, 0, 1, 2, 3]
