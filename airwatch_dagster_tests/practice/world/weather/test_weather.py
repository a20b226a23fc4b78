"""The simulated weather is reproducible and plausible, and the air follows it."""

from datetime import date

import numpy as np
import pytest

from airwatch_dagster.practice.world.air import air_of_year, places_km
from airwatch_dagster.practice.world.fields import days_of_year, plane_km
from airwatch_dagster.practice.world.network import SITES
from airwatch_dagster.practice.world.weather.daily import daily_weather
from airwatch_dagster.practice.world.weather.latent import FIELDS, latent_weather
from airwatch_dagster.practice.world.weather.surface import Surface, surface

SEEDS = (1, 2, 3)
YEARS = range(2018, 2022)
DAYS = np.concatenate([days_of_year(year) for year in YEARS])
CHICAGO = [site.cbsa_code for site in SITES].index("16980")


def lag_1(values: np.ndarray) -> float:
    return float(np.mean([np.corrcoef(column[:-1], column[1:])[0, 1] for column in values.T]))


def test_the_same_seed_gives_the_same_weather_whatever_is_asked_for() -> None:
    whole = latent_weather(DAYS, places_km(), seed=7)
    part = latent_weather(DAYS[500:510], places_km()[3:5], seed=7)
    assert part == pytest.approx(whole[500:510, :, 3:5], abs=1e-9)
    assert not np.allclose(part, latent_weather(DAYS[500:510], places_km()[3:5], seed=8))


@pytest.mark.parametrize("seed", SEEDS)
def test_all_fields_are_standard_normal(seed: int) -> None:
    fields = latent_weather(DAYS, places_km(), seed=seed)
    assert fields.shape == (len(DAYS), len(FIELDS), len(SITES))
    assert np.abs(fields.mean(axis=(0, 2))).max() < 0.15
    assert np.abs(fields.std(axis=(0, 2)) - 1.0).max() < 0.25


@pytest.mark.parametrize("seed", SEEDS)
def test_a_front_comes_every_three_to_six_days(seed: int) -> None:
    pressure = latent_weather(DAYS, places_km()[:1], seed=seed)[:, 0, 0]
    power = np.abs(np.fft.rfft(pressure)) ** 2
    period_days = 1.0 / np.maximum(np.fft.rfftfreq(len(pressure)), 1e-9)
    assert power[(period_days > 2.9) & (period_days < 6.5)].sum() > 0.6 * power.sum()


@pytest.mark.parametrize("seed", SEEDS)
def test_weather_is_that_of_the_region(seed: int) -> None:
    weather = daily_weather(DAYS, places_km(), seed=seed)
    months = np.array([date.fromordinal(int(day)).month for day in DAYS])
    assert 3.0 < weather.speed_ms.mean() < 4.5
    assert 0.2 < (weather.rain_mm > 0.1).mean() < 0.35
    assert 450.0 < 365.0 * weather.rain_mm.mean() < 1100.0
    assert -10.0 < np.median(weather.temperature_c[months == 1]) < 0.0
    assert 20.0 < np.median(weather.temperature_c[months == 7]) < 28.0
    assert np.percentile(weather.mixing_m, 5) > 150.0
    assert np.percentile(weather.mixing_m, 95) < 2500.0
    assert (weather.wind_east_ms > 0).mean() > 0.75
    assert ((weather.sky >= 0.0) & (weather.sky <= 1.0)).all()
    assert (weather.dew_point_c < weather.temperature_c).all()


def test_weather_is_alike_at_near_sites_and_persists_less_than_a_week() -> None:
    weather = daily_weather(DAYS, places_km(), seed=1)
    index = {site.name: number for number, site in enumerate(SITES)}
    for values in (weather.speed_ms, weather.mixing_m, weather.temperature_c):
        near = np.corrcoef(values[:, index["Practice Lakefront"]], values[:, index["Practice Rail Yard"]])[0, 1]
        assert near > 0.95
    assert 0.2 < lag_1(weather.speed_ms) < 0.6
    assert 0.0 < lag_1(np.log(weather.mixing_ratio)) < 0.6


def test_wind_blows_clockwise_around_a_high() -> None:
    places = plane_km(np.array([[41.88, -87.63]]))
    calm = np.zeros((2, len(FIELDS), 1))
    calm[1, FIELDS.index("slope_east")] = 1.0
    calm[1, FIELDS.index("slope_north")] = 1.0
    weather = surface(calm, np.array([737000.0, 737000.0]), places)
    assert weather.wind_north_ms[1, 0] > weather.wind_north_ms[0, 0] + 1.0
    assert weather.wind_east_ms[1, 0] < weather.wind_east_ms[0, 0] - 1.0


def test_what_is_not_known_of_a_forecast_makes_rain_possible_and_the_mean_wind_stronger() -> None:
    fields = np.zeros((2, len(FIELDS), 1))
    places = plane_km(np.array([[41.88, -87.63]]))
    weather = surface(fields, np.array([737000.0, 737000.0]), places, unknown=np.array([0.0, 0.5]))
    assert weather.rain_probability[0, 0] == pytest.approx(0.0, abs=1e-6)
    assert weather.rain_mm[0, 0] == pytest.approx(0.0, abs=1e-6)
    assert 0.2 < weather.rain_probability[1, 0] < 0.35
    assert weather.rain_mm[1, 0] > 0.5
    assert weather.speed_ms[1, 0] > weather.speed_ms[0, 0]
    assert weather.wind_east_ms[0, 0] == weather.wind_east_ms[1, 0]


def anomalies(seed: int) -> tuple[np.ndarray, Surface]:
    """Log air without season, each day at each site, and the day's weather."""
    logs = np.log(np.vstack([air_of_year(year, seed=seed) for year in YEARS]))
    angle = 2.0 * np.pi * DAYS / 365.2425
    season = np.column_stack([np.ones(len(DAYS)), *(f(n * angle) for n in (1, 2) for f in (np.sin, np.cos))])
    logs -= season @ np.linalg.lstsq(season, logs, rcond=None)[0]
    return logs, daily_weather(DAYS, places_km(), seed=seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_wind_and_mixing_dilute_and_rain_washes_out(seed: int) -> None:
    logs, weather = anomalies(seed)
    effects = np.column_stack(
        [np.log(weather.speed_ms).ravel(), np.log(weather.mixing_ratio).ravel(), np.sqrt(weather.rain_mm).ravel()]
    )
    slopes = np.linalg.lstsq(np.column_stack([np.ones(len(effects)), effects]), logs.ravel(), rcond=None)[0][1:]
    # Blocks of 10 days stand for independent samples; a slope is certain when all but a few of 40 halves agree.
    blocks = np.arange(len(DAYS)) // 10
    draws = np.random.default_rng(seed)
    halves = []
    for _ in range(40):
        chosen = np.isin(blocks, draws.permutation(blocks.max() + 1)[: blocks.max() // 2])
        columns = np.column_stack([np.ones(chosen.sum() * len(SITES)), effects[np.repeat(chosen, len(SITES))]])
        halves.append(np.linalg.lstsq(columns, logs[chosen].ravel(), rcond=None)[0][1:])
    assert (slopes < 0.0).all()
    assert ((np.array(halves) < 0.0).mean(axis=0) >= 0.95).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_stagnant_days_are_dirtier(seed: int) -> None:
    logs, weather = anomalies(seed)
    ventilation = np.log(weather.speed_ms * weather.mixing_ratio)
    low, high = np.percentile(ventilation, [20, 80])
    assert logs[ventilation < low].mean() > logs[ventilation > high].mean() + 0.25


def explained(seed: int) -> float:
    """Share of damped persistence's squared error (log PM2.5, next day) that knowing the weather takes away: fitted on
    three years, scored on one."""
    logs, weather = anomalies(seed)
    known = np.stack(
        [
            *(np.log(weather.speed_ms), np.log(weather.mixing_ratio), np.sqrt(weather.rain_mm), weather.warmth_c),
            *(weather.wind_east_ms, weather.wind_north_ms),
        ]
    )
    split, errors = 1095, np.zeros(2)
    for site in range(len(SITES)):
        target = logs[1:, site]
        own = np.column_stack([np.ones(len(target)), logs[:-1, site]])
        for number, columns in enumerate((own, np.column_stack([own, known[:, 1:, site].T, known[:, :-1, site].T]))):
            weights = np.linalg.lstsq(columns[:split], target[:split], rcond=None)[0]
            errors[number] += np.square(target - columns @ weights)[split:].mean()
    return float(1.0 - errors[1] / errors[0])


def test_knowing_the_weather_helps_about_as_much_as_in_reality() -> None:
    shares = [explained(seed) for seed in SEEDS]
    assert 0.15 < np.mean(shares) < 0.30
    assert min(shares) > 0.10
