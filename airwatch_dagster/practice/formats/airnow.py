"""AirNow's daily files: unreviewed readings of the day before, and the agencies' own forecasts."""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

import numpy as np

from airwatch_dagster.practice.formats.airdata import AGENCY, ENCODING
from airwatch_dagster.practice.world.air import air_of_year
from airwatch_dagster.practice.world.aqi import pm25_aqi
from airwatch_dagster.practice.world.instruments import instrument_year
from airwatch_dagster.practice.world.network import MONITORS, SITES
from airwatch_dagster.practice.world.random_streams import Floats, normal
from airwatch_dagster.practice.world.world import CBSAS, Site

BIAS_UGM3: Final = 0.5
"""Mean of AirNow's value minus the final one, µg/m³; measured on published site-days."""

SPREAD_UGM3: Final = 1.8
"""Standard deviation of that difference, µg/m³; gives about the published mean absolute difference of 1.5."""

CATEGORY_LIMITS: Final = (50, 100, 150, 200, 300)
"""Highest AQI of each category but the last."""

CATEGORY_NAMES: Final = (
    "Good",
    "Moderate",
    "Unhealthy for Sensitive Groups",
    "Unhealthy",
    "Very Unhealthy",
    "Hazardous",
)

COLUMNS_BEFORE_V2: Final = 8
"""The first columns of daily_data_v2.dat's thirteen, which the older daily_data.dat has: ValidDate to DataSource."""

FORECAST_SKILL: Final = 0.6
"""Weight of the future air in an agency's forecast; the rest is the air of the day before."""


@lru_cache(maxsize=64)
def daily_data(day: date, *, seed: int) -> bytes:
    """``daily_data_v2.dat`` of a day: one line per site with a continuous reading, never revised afterwards."""
    return "".join(_daily_lines(day, seed=seed)).encode(ENCODING)


def daily_data_before_v2(day: date, *, seed: int) -> bytes:
    """``daily_data.dat`` of a day, the older file: the same readings without AQI, position and full site number."""
    lines = daily_data(day, seed=seed).splitlines()
    return b"".join(b"|".join(line.split(b"|")[:COLUMNS_BEFORE_V2]) + b"\n" for line in lines)


@lru_cache(maxsize=64)
def reporting_areas(day: date, *, seed: int) -> bytes:
    """``reportingarea.dat`` of a day: per area yesterday's observation and forecasts for the day and the next one."""
    return "".join(_area_lines(day, seed=seed)).encode(ENCODING)


def _daily_lines(day: date, *, seed: int) -> Iterator[str]:
    values = unreviewed_ugm3(day, seed=seed)
    for site, value, aqi in zip(SITES, values, pm25_aqi(values), strict=True):
        if not np.isnan(value):
            category = sum(int(aqi) > limit for limit in CATEGORY_LIMITS)
            yield (
                f"{day:%m/%d/%y}|{site.site_id}|{site.name}|PM2.5-24hr|UG/M3|{value}|24|{AGENCY}|{aqi}|{category}"
                f"|{site.latitude:.6f}|{site.longitude:.6f}|840{site.site_id}\n"
            )


def unreviewed_ugm3(day: date, *, seed: int) -> Floats:
    """AirNow's 24-hour PM2.5 per site of ``SITES``, µg/m³ to 0.1; nan where no continuous monitor reported."""
    readings = instrument_year(day.year, seed=seed)
    row = day.timetuple().tm_yday - 1
    error = BIAS_UGM3 + SPREAD_UGM3 * normal(seed, "airnow", days=readings.days[[row]], items=np.arange(len(SITES)))[0]
    first_hourly = [_first_hourly(site) for site in SITES]
    values = [np.nan if number is None else readings.mean_ugm3[row, number] for number in first_hourly]
    return np.round(np.array(values) + error, 1) + 0.0


def _first_hourly(site: Site) -> int | None:
    hourly = (number for number, (place, m) in enumerate(MONITORS) if place is site and m.schedule == "hourly")
    return next(hourly, None)


def _area_lines(day: date, *, seed: int) -> Iterator[str]:
    """Observed yesterday (Y, -1), forecast today and tomorrow (F, 0 and 1) of every statistical area."""
    days = [day + timedelta(days=ahead) for ahead in (-1, 0, 1)]
    for code, name in CBSAS.items():
        sites = [number for number, site in enumerate(SITES) if site.cbsa_code == code]
        air = [air_of_year(on.year, seed=seed)[on.timetuple().tm_yday - 1, sites].mean() for on in days]
        expected = [air[0], *(FORECAST_SKILL * coming + (1.0 - FORECAST_SKILL) * air[0] for coming in air[1:])]
        area, state = name.split(", ")
        place = f"{area.split('-')[0]}|{state[:2]}|{SITES[sites[0]].latitude:.4f}|{SITES[sites[0]].longitude:.4f}"
        for ahead, valid, kind, aqi in zip((-1, 0, 1), days, "YFF", pm25_aqi(np.array(expected)), strict=True):
            category = CATEGORY_NAMES[sum(int(aqi) > limit for limit in CATEGORY_LIMITS)]
            yield (
                f"{day:%m/%d/%y}|{valid:%m/%d/%y}||CST|{ahead}|{kind}|Y|{place}|PM2.5|{aqi}|{category}|No||{AGENCY}\n"
            )
