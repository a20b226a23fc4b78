"""The simulated air: repeatable, plausible, and worth forecasting."""

from datetime import date

import numpy as np
import pytest

from airwatch_dagster.practice.world.air import air_of_year, days_of_year, places_km, wind_km
from airwatch_dagster.practice.world.network import SITES
from airwatch_dagster.practice.world.random_streams import normal, uniform
from airwatch_dagster.practice.world.smoke import Plume, plumes_of_year, smoke_of_year

SEEDS = (1, 2, 3)


def air(seed: int, years: range = range(2018, 2022)) -> np.ndarray:
    return np.vstack([air_of_year(year, seed=seed) for year in years])


def lag_1(before: np.ndarray, after: np.ndarray) -> float:
    return float(np.corrcoef(before[:-1], after[1:])[0, 1])


def test_a_draw_depends_on_its_address_only():
    many = uniform(1, "wind", days=np.arange(700_000, 700_100), items=np.arange(50))
    one = uniform(1, "wind", days=np.array([700_042]), items=np.array([7]))
    assert one[0, 0] == many[42, 7]


def test_draws_are_the_same_on_every_machine():
    drawn = uniform(1, "wind", days=np.array([700_000]), items=np.arange(3))[0]
    assert drawn.tolist() == [0.2025907809946656, 0.2547948441370748, 0.7428376350748833]


def test_uniform_draws_are_uniform_and_normal_ones_normal():
    days, items = np.arange(1000), np.arange(100)
    flat, bell = uniform(5, "a", days=days, items=items), normal(5, "b", days=days, items=items)
    assert np.histogram(flat, bins=10, range=(0.0, 1.0))[0] / flat.size == pytest.approx(np.full(10, 0.1), abs=0.004)
    assert (bell.mean(), bell.std(), (np.abs(bell) > 1.96).mean()) == pytest.approx((0.0, 1.0, 0.05), abs=0.005)
    assert abs(np.corrcoef(bell[:-1].ravel(), bell[1:].ravel())[0, 1]) < 0.01


def test_neighbouring_seeds_give_unrelated_draws():
    one, other = (normal(seed, "a", days=np.arange(1000), items=np.arange(100)).ravel() for seed in (1, 2))
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.01


def test_the_same_seed_gives_the_same_air():
    first = air_of_year(2020, seed=7).copy()
    air_of_year.cache_clear()
    assert air_of_year(2020, seed=7).tobytes() == first.tobytes()
    assert not np.allclose(first, air_of_year(2020, seed=8))


def test_air_has_a_row_per_day_and_a_column_per_site():
    assert air_of_year(2020, seed=1).shape == (366, len(SITES))
    assert (air(1) > 0).all()


def test_air_goes_on_smoothly_over_new_year():
    changes = []
    for year in range(2015, 2027):
        ending, beginning = np.log(air_of_year(year, seed=1)[-1]), np.log(air_of_year(year + 1, seed=1)[0])
        changes.append(np.abs(beginning - ending).mean())
    usual = np.abs(np.diff(np.log(air(1)), axis=0)).mean()
    assert 0.5 * usual < np.mean(changes) < 1.5 * usual


@pytest.mark.parametrize("seed", SEEDS)
def test_typical_values_are_those_of_the_region(seed):
    values = air(seed)
    assert 7.0 < values.mean() < 10.5
    assert 5.5 < np.median(values) < 8.5
    assert 12.0 < np.percentile(values, 95) < 22.0


@pytest.mark.parametrize("seed", SEEDS)
def test_tomorrow_resembles_today_about_as_much_as_in_published_data(seed):
    logs = np.log(air(seed))
    own = np.mean([lag_1(logs[:, i], logs[:, i]) for i in range(len(SITES))])
    assert 0.48 < own < 0.65


@pytest.mark.parametrize("seed", SEEDS)
def test_what_lies_west_tells_more_about_tomorrow_than_what_lies_east(seed):
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
def test_damping_beats_persistence_and_neighbours_beat_both(seed):
    rmse = rmse_of_linear_forecasts(seed)
    assert rmse["own"] < 0.95 * rmse["persistence"]
    assert rmse["neighbours"] < 0.95 * rmse["own"]


def test_near_sites_breathe_the_same_air_and_far_ones_less():
    logs = np.log(air(1))
    index = {site.name: i for i, site in enumerate(SITES)}
    near = np.corrcoef(logs[:, index["Practice Lakefront"]], logs[:, index["Practice Rail Yard"]])[0, 1]
    far = np.corrcoef(logs[:, index["Practice Lakefront"]], logs[:, index["Practice Grain Dock"]])[0, 1]
    assert near > 0.75
    assert far < 0.5


def test_winter_and_summer_are_dirtier_than_spring_and_autumn():
    days = np.concatenate([days_of_year(year) for year in range(2015, 2027)])
    months = np.array([date.fromordinal(int(day)).month for day in days])
    values = air(1, range(2015, 2027)).mean(axis=1)
    median = {month: np.median(values[months == month]) for month in range(1, 13)}
    assert min(median[1], median[7]) > 1.15 * max(median[4], median[10])


def test_the_wind_blows_mostly_from_the_west():
    wind = wind_km(days_of_year(2021), seed=1)
    assert (wind[:, 0] > 0).mean() > 0.75


@pytest.mark.parametrize("year", range(2015, 2030))
def test_every_year_has_smoke_and_only_in_the_warm_months(year):
    smoke = smoke_of_year(year, seed=1, places_km=places_km())
    smoky = np.flatnonzero(smoke.max(axis=1) > 1.0)
    months = {date.fromordinal(date(year, 1, 1).toordinal() + int(day)).month for day in smoky}
    assert len(smoky) >= 3
    assert months <= {6, 7, 8, 9}


def test_the_worst_smoke_days_are_hazardous_for_some_and_rare():
    values = air(1, range(2015, 2027))
    assert values.max() > 90.0
    assert 0.001 < (values > 35.4).mean() < 0.015


def test_smoke_moves_east_from_day_to_day():
    plume = plumes_of_year(2021, seed=1)[0]
    line = np.column_stack([np.linspace(-1200.0, 1500.0, 400), np.full(400, plume.start_km[1])])
    thickest = [line[plume.added_ugm3(age, line).argmax(), 0] for age in range(plume.days)]
    assert (np.diff(thickest) > 50.0).all()


def test_smoke_is_the_sum_of_its_plumes():
    places = places_km()
    slow = np.zeros((365, len(places)))
    for plume in plumes_of_year(2022, seed=1):
        for age in range(plume.days):
            for i, (east, north) in enumerate(places):
                slow[plume.first_day + age - date(2022, 1, 1).toordinal(), i] += one_place(plume, age, east, north)
    assert smoke_of_year(2022, seed=1, places_km=places) == pytest.approx(slow)


def one_place(plume: Plume, age: int, east: float, north: float) -> float:
    dx = east - plume.start_km[0] - age * plume.drift_km_per_day[0]
    dy = north - plume.start_km[1] - age * plume.drift_km_per_day[1]
    thickness = np.sin(np.pi * (age + 1) / (plume.days + 1))
    return float(plume.peak_ugm3 * thickness * np.exp(-(dx * dx + dy * dy) / (2 * plume.radius_km**2)))
