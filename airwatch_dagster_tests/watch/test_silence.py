"""Sites that fall silent when smoke is forecast are told from sites that fall silent by chance."""

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.watch.silence import MIN_SILENT, silence

DAYS = pd.date_range("2021-07-01", "2021-09-30")
SITES = [f"17031{number:04d}" for number in range(8)]


def air(seed: int) -> pd.DataFrame:
    """Forecasts in which each site has its level and all share episodes of several days above 35 µg/m³."""
    draw = np.random.default_rng(seed)
    shared = np.zeros(len(DAYS))
    for day in range(1, len(DAYS)):
        shared[day] = 0.8 * shared[day - 1] + draw.normal(0, 0.6)
    level = draw.normal(2.4, 0.3, len(SITES))
    values = np.exp(level + shared[:, None] + draw.normal(0, 0.15, (len(DAYS), len(SITES))))
    frame = pd.DataFrame(values, index=DAYS, columns=SITES).rename_axis("target_date").reset_index()
    return frame.melt("target_date", var_name="site_id", value_name="pm25_ugm3")


def covered(forecasts: pd.DataFrame, is_silent: np.ndarray, status: str = "missing") -> pd.DataFrame:
    rows = forecasts.rename(columns={"target_date": "date_local"})[["site_id", "date_local"]]
    return rows.assign(status=np.where(is_silent, status, "observed"))


@pytest.mark.parametrize("status", ["missing", "invalid"])
def test_sites_that_fall_silent_above_35_are_found(status: str) -> None:
    forecasts = air(3)
    is_silent = (forecasts["pm25_ugm3"] > 35).to_numpy()

    found = silence(covered(forecasts, is_silent, status), forecasts)

    assert found.is_found
    assert found.silent == is_silent.sum() >= MIN_SILENT
    assert found.forecast_ugm3 > 35
    assert found.lower_ugm3 > 15


def test_days_lost_by_chance_or_at_a_dirty_site_are_no_finding() -> None:
    """A site with a high level that often fails differs from the others, and not from itself."""
    found, excess = 0, []
    for seed in range(60):
        forecasts = air(seed)
        draw = np.random.default_rng(1000 + seed)
        by_site = forecasts.groupby("site_id")["pm25_ugm3"].transform("mean")
        is_dirty = (by_site == by_site.max()).to_numpy()
        lost = draw.random(len(forecasts)) < np.where(is_dirty, 0.4, 0.04)
        judged = silence(covered(forecasts, lost), forecasts)
        found, excess = found + judged.is_found, [*excess, judged.excess_ugm3]

    assert found <= 4, "2.5 % would be one or two of 60"
    assert abs(np.mean(excess)) < 1.0


def test_a_day_that_is_late_or_not_due_is_not_silent_and_a_site_that_is_always_silent_says_nothing() -> None:
    forecasts = air(3)
    is_high = (forecasts["pm25_ugm3"] > 35).to_numpy()
    for status in ("late", "not_scheduled"):
        assert silence(covered(forecasts, is_high, status), forecasts).silent == 0

    is_first = (forecasts["site_id"] == SITES[0]).to_numpy()
    assert silence(covered(forecasts, is_first), forecasts).silent == 0


def test_one_episode_is_one_observation() -> None:
    forecasts = air(3)
    in_week = forecasts["target_date"].between("2021-08-02", "2021-08-08").to_numpy()

    judged = silence(covered(forecasts, in_week), forecasts)

    assert judged.silent == 7 * len(SITES)
    assert judged.not_judged == "weeks with such days: 1; 4 needed"
    assert not judged.is_found
