"""How much of tomorrow's practice air does the weather explain, known perfectly and as it is forecast?

Per lead of 1 to 3 days, damped persistence (per site, log PM2.5 without its season) is fitted on four years of
simulated air and scored on two; so is the same with the weather of the target day and the issue day at the nearest
station. Forecasts are those of the run at 23 UTC of the issue day. Prints the share of the squared error that the
weather takes away (log PM2.5, and µg/m³ with smoke), and CPU times of a year of air and of a bulletin.
"""

import argparse
import time
from datetime import UTC, date, datetime, timedelta

import numpy as np

from airwatch_dagster.practice.formats.nbs import nbs_bulletin
from airwatch_dagster.practice.world.air import air_of_year, places_km
from airwatch_dagster.practice.world.fields import days_of_year
from airwatch_dagster.practice.world.weather.forecasts import HourlyWeather, forecast, observed
from airwatch_dagster.practice.world.weather.stations import stations_km

YEARS, TRAINING_DAYS = range(2016, 2022), 1461
LEADS = (1, 2, 3)
LOCAL_MIDNIGHT_UTC, RUN_HOUR_UTC = 6, 23
BULLETINS = 120


def daily_values(weather: HourlyWeather) -> np.ndarray:
    """A day's means that matter to the air: values × stations."""
    daily = weather.daily
    values = (daily.speed_ms, daily.mixing_ratio, daily.rain_mm + 0.1, daily.wind_east_ms, daily.wind_north_ms)
    means = np.stack([one.mean(axis=0) for one in (*values, daily.warmth_c)])
    return np.vstack([np.log(means[:2]), np.sqrt(means[2:3]), means[3:]])


def weather_of(days: np.ndarray, lead: int | None, seed: int) -> np.ndarray:
    """Days × values × stations: observed without a lead, else as forecast so many days before."""
    found = []
    for day in days:
        hours = 24 * int(day) + LOCAL_MIDNIGHT_UTC + np.arange(0, 24, 3)
        if lead is None:
            found.append(daily_values(observed(hours, seed=seed)))
        else:
            found.append(daily_values(forecast(hours, run_hour=24 * (int(day) - lead) + RUN_HOUR_UTC, seed=seed)))
    return np.array(found)


def errors(lead: int, air: np.ndarray, season: np.ndarray, weather: list[np.ndarray]) -> np.ndarray:
    """Mean squared errors of damped persistence without and with each of ``weather`` (days × values × sites, of the
    target day, the first of them observed): rows of log PM2.5 and µg/m³."""
    logs, split = np.log(air), TRAINING_DAYS
    sums = np.zeros((2, 2 + len(weather)))
    for site in range(air.shape[1]):
        target = logs[lead:, site]
        own = np.column_stack([season[lead:], logs[:-lead, site]])
        issue_day = weather[0][:-lead, :, site]
        columns = [own] + [np.column_stack([own, one[lead:, :, site], issue_day]) for one in weather]
        predictions = [logs[:-lead, site]]
        for matrix in columns:
            weights = np.linalg.lstsq(matrix[:split], target[:split], rcond=None)[0]
            predictions.append(matrix @ weights)
        for number, predicted in enumerate(predictions):
            apart = target - predicted
            scale = np.exp(apart[:split]).mean() if number else 1.0
            sums[0, number] += np.square(apart[split:]).mean()
            sums[1, number] += np.square(air[lead:, site] - scale * np.exp(predicted))[split:].mean()
    return sums


def report(seed: int) -> None:
    """Print one seed's figures."""
    days = np.concatenate([days_of_year(year) for year in YEARS])
    air = np.vstack([air_of_year(year, seed=seed) for year in YEARS])
    nearest = np.square(places_km()[:, None] - stations_km()[None]).sum(axis=2).argmin(axis=1)
    angle = 2.0 * np.pi * days / 365.2425
    season = np.column_stack([np.ones(len(days)), *(f(n * angle) for n in (1, 2) for f in (np.sin, np.cos))])
    logs = np.log(air)
    lag_1 = np.mean([np.corrcoef(column[:-1], column[1:])[0, 1] for column in logs.T])
    print(f"seed {seed}: mean {air.mean():.2f}, median {np.median(air):.2f}, 95 % {np.percentile(air, 95):.1f} µg/m³, ")
    print(f"  above 35.4 {100 * (air > 35.4).mean():.2f} %, correlation with the next day {lag_1:.2f}")
    truth = weather_of(days, None, seed)[:, :, nearest]
    for lead in LEADS:
        known = [truth, weather_of(days, lead, seed)[:, :, nearest]]
        for unit, row in zip(("log", "µg/m³"), errors(lead, air, season, known), strict=True):
            persistence, damped, perfect, forecasts = row
            print(
                f"  {lead} days, {unit}: damped over persistence {1 - damped / persistence:+.3f}, "
                f"perfect weather over damped {1 - perfect / damped:+.3f}, forecasts {1 - forecasts / damped:+.3f}"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=2)
    for seed in range(1, parser.parse_args().seeds + 1):
        report(seed)
    started = time.process_time()
    for year in range(2000, 2005):
        air_of_year(year, seed=1)
    print(f"a year of air: {1000 * (time.process_time() - started) / 5:.0f} ms of CPU")
    run = datetime.combine(date(2010, 1, 1), datetime.min.time(), UTC)
    nbs_bulletin(run, seed=1)
    started = time.process_time()
    for number in range(BULLETINS):
        nbs_bulletin(run + timedelta(hours=14 * number + 1), seed=1)
    print(f"a bulletin: {1000 * (time.process_time() - started) / BULLETINS:.1f} ms of CPU")


if __name__ == "__main__":
    main()
