"""AirNow's files and service: unreviewed readings of the day before, and the agencies' own forecasts."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, Final

import numpy as np

from airwatch_dagster.practice.formats.airdata import AGENCY, ENCODING
from airwatch_dagster.practice.world.air import air_of_year
from airwatch_dagster.practice.world.aqi import pm25_aqi
from airwatch_dagster.practice.world.instruments import instrument_year
from airwatch_dagster.practice.world.network import MONITORS, SITES
from airwatch_dagster.practice.world.random_streams import Floats, normal
from airwatch_dagster.practice.world.world import CBSAS, FIRST_DAY, Site

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


@dataclass(frozen=True)
class ReportingArea:
    """An area that an agency forecasts."""

    code: str
    name: str
    state: str
    latitude: float
    longitude: float
    sites: tuple[int, ...]
    """Positions of its sites in ``SITES``."""


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
    for area in AREAS.values():
        place = f"{area.name}|{area.state}|{area.latitude:.4f}|{area.longitude:.4f}"
        for (ahead, aqi), kind in zip(_expected_aqi(area, day, seed=seed), "YFF", strict=True):
            valid, category = day + timedelta(days=ahead), CATEGORY_NAMES[_category_number(aqi) - 1]
            yield (
                f"{day:%m/%d/%y}|{valid:%m/%d/%y}||CST|{ahead}|{kind}|Y|{place}|PM2.5|{aqi}|{category}|No||{AGENCY}\n"
            )


def _expected_aqi(area: ReportingArea, day: date, *, seed: int) -> Iterator[tuple[int, int]]:
    """Days ahead and AQI that the area's agency states on ``day``: observed the day before, expected now and next."""
    days = [day + timedelta(days=ahead) for ahead in (-1, 0, 1)]
    air = [air_of_year(on.year, seed=seed)[on.timetuple().tm_yday - 1, list(area.sites)].mean() for on in days]
    expected = [air[0], *(FORECAST_SKILL * coming + (1.0 - FORECAST_SKILL) * air[0] for coming in air[1:])]
    return zip((-1, 0, 1), (int(aqi) for aqi in pm25_aqi(np.array(expected))), strict=True)


def _category_number(aqi: int) -> int:
    return 1 + sum(aqi > limit for limit in CATEGORY_LIMITS)


def area_list() -> bytes:
    """``reportingarea_metadata.dat``: the reporting areas, one without forecasts in another country among them."""
    lines = [
        f"{area.name}|{area.state}|US|{area.latitude:.4f}|{area.longitude:.4f}|-6|Yes|CST|CDT|{area.code}|{AGENCY}"
        "|Closest Reading By Pollutant|All AirNow Monitors|50 miles\r\n"
        for area in AREAS.values()
    ]
    abroad = (
        "Practice Abroad||CA|49.9000|-97.1000|-6|Yes|CST|CDT|ca001|Practice Abroad||All AirNow Monitors|50 miles\r\n"
    )
    return "".join([*lines, abroad]).encode()


def historical_forecasts(code: str, first: date, last: date, *, today: date, seed: int) -> list[dict[str, Any]]:
    """What the area's agency forecast for the days ``first`` to ``last``, issued up to ``today``, as AirNow's service
    lists it; none for an unknown area."""
    area = AREAS.get(code)
    if area is None:
        return []
    latest = min(last, today)
    issued = [first + timedelta(days=number) for number in range(-1, (latest - first).days + 1)]
    return [
        _historical_row(area, day, day + timedelta(days=ahead), aqi)
        for day in issued
        if day >= FIRST_DAY
        for ahead, aqi in _expected_aqi(area, day, seed=seed)
        if ahead >= 0 and first <= day + timedelta(days=ahead) <= last
    ]


def _historical_row(area: ReportingArea, issued: date, valid: date, aqi: int) -> dict[str, Any]:
    number = _category_number(aqi)
    return {
        "dateIssue": issued.isoformat(),
        "dateValid": valid.isoformat(),
        "reportingArea": area.name,
        "reportingAreaCode": area.code,
        "stateCode": area.state,
        "parameterName": "PM2.5",
        "aqi": aqi,
        "categoryNumber": number,
        "categoryName": CATEGORY_NAMES[number - 1],
        "actionDay": False,
        "discussion": "",
    }


def _reporting_areas() -> Iterator[ReportingArea]:
    for number, (cbsa, name) in enumerate(CBSAS.items(), start=1):
        sites = tuple(at for at, site in enumerate(SITES) if site.cbsa_code == cbsa)
        city, states = name.split(", ")
        state, place = states[:2], SITES[sites[0]]
        code = f"{state.lower()}{number:03d}"
        yield ReportingArea(code, city.split("-")[0], state, place.latitude, place.longitude, sites)


AREAS: Final = {area.code: area for area in _reporting_areas()}
"""Reporting areas by code: each statistical area, at its first site."""
