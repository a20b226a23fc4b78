"""The simulated air is reproducible, plausible and predictable."""

from datetime import date

import numpy as np
import pytest

from airwatch_dagster.practice.world.air import air_of_year, places_km, wind_km
from airwatch_dagster.practice.world.fields import days_of_year
from airwatch_dagster.practice.world.network import SITES

SEEDS = (1, 2, 3)


def air(seed: int, years: range = range(2018, 2022)) -> np.ndarray:
    return np.vstack([air_of_year(year, seed=seed) for year in years])


def lag_1(before: np.ndarray, after: np.ndarray) -> float:
    return float(np.corrcoef(before[:-1], after[1:])[0, 1])


def test_the_same_seed_gives_the_same_air() -> None:
    first = air_of_year(2020, seed=7).copy()
    air_of_year.cache_clear()
    assert air_of_year(2020, seed=7).tobytes() == first.tobytes()
    assert not np.allclose(first, air_of_year(2020, seed=8))


def test_air_has_a_row_per_day_and_a_column_per_site() -> None:
    assert air_of_year(2020, seed=1).shape == (366, len(SITES))
    assert (air(1) > 0).all()


def test_air_is_continuous_over_new_year() -> None:
    changes = []
    for year in range(2015, 2027):
        ending, beginning = np.log(air_of_year(year, seed=1)[-1]), np.log(air_of_year(year + 1, seed=1)[0])
        changes.append(np.abs(beginning - ending).mean())
    usual = np.abs(np.diff(np.log(air(1)), axis=0)).mean()
    assert 0.5 * usual < np.mean(changes) < 1.5 * usual


@pytest.mark.parametrize("seed", SEEDS)
def test_typical_values_match_the_region(seed: int) -> None:
    values = air(seed)
    assert 7.0 < values.mean() < 10.5
    assert 5.5 < np.median(values) < 8.5
    assert 12.0 < np.percentile(values, 95) < 22.0


@pytest.mark.parametrize("seed", SEEDS)
def test_correlation_with_the_next_day_is_about_that_of_published_data(seed: int) -> None:
    logs = np.log(air(seed))
    own = np.mean([lag_1(logs[:, i], logs[:, i]) for i in range(len(SITES))])
    assert 0.48 < own < 0.65


@pytest.mark.parametrize("seed", SEEDS)
def test_air_to_the_west_predicts_tomorrow_better_than_air_to_the_east(seed: int) -> None:
    logs, east_km = np.log(air(seed)), places_km()[:, 0]
    chicago = [i for i, site in enumerate(SITES) if site.cbsa_code == "16980"]
    west = [i for i in range(len(SITES)) if -450 < east_km[i] - east_km[chicago].mean() < -150]
    east = [i for i in range(len(SITES)) if 150 < east_km[i] - east_km[chicago].mean() < 450]
    target = logs[:, chicago].mean(axis=1)
    from_west, from_east = (lag_1(logs[:, side].mean(axis=1), target) for side in (west, east))
    assert from_west > from_east + 0.1
    assert from_west > lag_1(target, target)


def rmse_of_linear_forecasts(seed: int) -> dict[str, float]:
    """One-day RMSE at the Chicago sites in log PM2.5, fitted on four years and scored on two."""
    logs = np.log(air(seed, range(2016, 2022)))
    split = 1461
    errors: dict[str, list[np.ndarray]] = {"persistence": [], "own": [], "neighbours": []}
    for i in (i for i, site in enumerate(SITES) if site.cbsa_code == "16980"):
        errors["persistence"].append((logs[1:, i] - logs[:-1, i])[split:])
        for name, columns in (("own", [i]), ("neighbours", list(range(len(SITES))))):
            known = np.column_stack([np.ones(len(logs) - 1), logs[:-1, columns]])
            weights = np.linalg.lstsq(known[:split], logs[1 : split + 1, i], rcond=None)[0]
            errors[name].append(logs[split + 1 :, i] - known[split:] @ weights)
    return {name: float(np.sqrt(np.mean(np.square(np.concatenate(parts))))) for name, parts in errors.items()}


@pytest.mark.parametrize("seed", SEEDS)
def test_damping_beats_persistence_and_neighbours_beat_both(seed: int) -> None:
    rmse = rmse_of_linear_forecasts(seed)
    assert rmse["own"] < 0.95 * rmse["persistence"]
    assert rmse["neighbours"] < 0.95 * rmse["own"]


def test_near_sites_are_more_correlated_than_far_ones() -> None:
    logs = np.log(air(1))
    index = {site.name: i for i, site in enumerate(SITES)}
    near = np.corrcoef(logs[:, index["Practice Lakefront"]], logs[:, index["Practice Rail Yard"]])[0, 1]
    far = np.corrcoef(logs[:, index["Practice Lakefront"]], logs[:, index["Practice Grain Dock"]])[0, 1]
    assert near > 0.75
    assert far < 0.5


def test_winter_and_summer_are_dirtier_than_spring_and_autumn() -> None:
    days = np.concatenate([days_of_year(year) for year in range(2015, 2027)])
    months = np.array([date.fromordinal(int(day)).month for day in days])
    values = air(1, range(2015, 2027)).mean(axis=1)
    median = {month: np.median(values[months == month]) for month in range(1, 13)}
    assert min(median[1], median[7]) > 1.15 * max(median[4], median[10])


def test_the_wind_blows_mostly_from_the_west() -> None:
    wind = wind_km(days_of_year(2021), seed=1)
    assert (wind[:, 0] > 0).mean() > 0.75


def test_the_worst_smoke_days_are_hazardous_for_some_and_rare() -> None:
    values = air(1, range(2015, 2027))
    assert values.max() > 90.0
    assert 0.001 < (values > 35.4).mean() < 0.015
