"""Forecasts know part of what comes, less of what is further ahead, and nothing else of the future."""

from datetime import date
from functools import cache

import numpy as np
import pytest

from airwatch_dagster.practice.world.weather import forecasts
from airwatch_dagster.practice.world.weather.forecasts import forecast, known_part, observed
from airwatch_dagster.practice.world.weather.stations import STATIONS

FIRST = date(2019, 3, 1).toordinal()
STATION = 17
SEEDS = (1, 2)


@cache
def at_leads(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Mixing ratio (log) at a station at noon, forecast 1, 2 and 3 days before (columns), and observed."""
    forecast_, truth = [], []
    for day in range(FIRST, FIRST + 500):
        noon = np.array([24 * day + 18])
        ratios = [
            forecast(noon, run_hour=24 * day + 23 - 24 * lead, seed=seed).daily.mixing_ratio for lead in (1, 2, 3)
        ]
        forecast_.append([np.log(ratio[0, STATION]) for ratio in ratios])
        truth.append(np.log(observed(noon, seed=seed).daily.mixing_ratio[0, STATION]))
    return np.array(forecast_), np.array(truth)


def test_a_forecast_is_the_same_however_often_it_is_asked_for() -> None:
    hours = np.arange(24 * FIRST + 24, 24 * FIRST + 60, 3)
    first = forecast(hours, run_hour=24 * FIRST + 17, seed=1)
    forecasts._states_of_year.cache_clear()
    forecasts._known_states.cache_clear()
    again = forecast(hours[4:6], run_hour=24 * FIRST + 17, seed=1)
    assert again.temperature_c == pytest.approx(first.temperature_c[4:6], abs=1e-9)
    assert first.temperature_c.shape == (len(hours), len(STATIONS))
    other = forecast(hours, run_hour=24 * FIRST + 17, seed=2)
    assert not np.allclose(other.temperature_c, first.temperature_c)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_the_first_day_is_good_and_the_third_clearly_worse(seed: int) -> None:
    predicted, truth = at_leads(seed)
    correlations = [np.corrcoef(column, truth)[0, 1] for column in predicted.T]
    assert correlations[0] > 0.90
    assert correlations[0] > correlations[1] + 0.03
    assert correlations[1] > correlations[2] + 0.03
    assert 0.6 < correlations[2] < 0.9


@pytest.mark.parametrize("seed", SEEDS)
def test_forecasts_are_calibrated_and_their_revisions_cannot_be_foreseen(seed: int) -> None:
    predicted, truth = at_leads(seed)
    for later in (truth, predicted[:, 0]):
        slope = np.polyfit(predicted[:, 2], later, 1)[0]
        assert slope == pytest.approx(1.0, abs=0.15)
    revision = predicted[:, 0] - predicted[:, 1]
    assert abs(np.corrcoef(revision, predicted[:, 1])[0, 1]) < 0.13


def test_a_forecast_depends_on_the_weather_of_its_time_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """With another weather on every other day, the forecast of a noon is the same to the last digit."""
    noon, run = np.array([24 * FIRST + 18]), 24 * (FIRST - 1) + 23
    before = forecast(noon, run_hour=run, seed=1)
    real = forecasts._state
    monkeypatch.setattr(
        forecasts, "_state", lambda day, seed: real(day, seed) if day == FIRST else real(day + 400, seed)
    )
    forecasts._known_states.cache_clear()
    after = forecast(noon, run_hour=run, seed=1)
    monkeypatch.undo()
    forecasts._known_states.cache_clear()
    assert after.temperature_c.tobytes() == before.temperature_c.tobytes()
    assert after.wind_speed_ms.tobytes() == before.wind_speed_ms.tobytes()


@pytest.mark.slow
def test_errors_are_independent_of_all_weather_around() -> None:
    """Given the weather of its noon, a forecast says nothing of the days around: three standard errors for each."""
    noons = np.array([24 * day + 18 for day in range(FIRST, FIRST + 600)])
    truth = np.log([observed(np.array([hour]), seed=1).daily.mixing_ratio[0, STATION] for hour in noons])
    ahead = [
        forecast(np.array([hour]), run_hour=int(hour) - 67, seed=1).daily.mixing_ratio[0, STATION] for hour in noons
    ]
    own = np.column_stack([np.ones(len(truth) - 4), truth[2:-2]])
    around = np.column_stack([truth[:-4], truth[1:-3], truth[3:-1], truth[4:]])
    target = np.log(ahead)[2:-2]
    columns = np.column_stack([own, around])
    weights, rest = np.linalg.lstsq(columns, target, rcond=None)[:2]
    variance = rest[0] / (len(target) - columns.shape[1])
    errors = np.sqrt(variance * np.diag(np.linalg.inv(columns.T @ columns)))
    assert weights[1] > 10.0 * errors[1]
    assert (np.abs(weights[2:]) < 3.0 * errors[2:]).all()


def test_runs_between_analyses_know_what_the_one_before_knew() -> None:
    hours = np.arange(24 * FIRST + 30, 24 * FIRST + 60, 3)
    at_12, at_17, at_18 = (forecast(hours, run_hour=24 * FIRST + hour, seed=1).temperature_c for hour in (12, 17, 18))
    assert at_12.tobytes() == at_17.tobytes()
    assert not np.allclose(at_17, at_18)


def test_the_known_part_falls_with_the_lead() -> None:
    part = known_part(np.array([-6.0, 0.0, 19.0, 43.0, 67.0]))
    assert part == pytest.approx([0.985, 0.985, 0.896, 0.753, 0.610], abs=0.002)


def test_days_are_warmest_in_the_afternoon_and_mix_most_then() -> None:
    weather = observed(np.arange(24 * FIRST, 24 * FIRST + 24 * 60), seed=1)
    hour = weather.hours % 24
    warmth = [weather.temperature_c[hour == one].mean() for one in range(24)]
    mixing = [weather.mixing_m[hour == one].mean() for one in range(24)]
    assert int(np.argmax(warmth)) in range(19, 23)
    assert int(np.argmax(mixing)) in range(18, 23)
    assert min(mixing) > 0.2 * np.mean(mixing)
