"""Readings of the practice monitors: sampling schedules, gaps, incomplete days, bias, noise, negative values."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from airwatch_dagster.practice.world.air import air_of_year, places_km
from airwatch_dagster.practice.world.fields import days_of_year
from airwatch_dagster.practice.world.network import MONITORS, SITES
from airwatch_dagster.practice.world.random_streams import Floats, Integers, normal, uniform
from airwatch_dagster.practice.world.smoke import smoke_of_year
from airwatch_dagster.practice.world.world import PARAMETER_CODE, RESTATED_RATIO, Instrument, Monitor, Schedule

Flags = npt.NDArray[np.bool_]

SCHEDULE_ORIGINS: Final[dict[Schedule, date]] = {
    "hourly": date(2021, 1, 1),
    "1-in-3": date(2021, 1, 1),
    "1-in-6": date(2021, 1, 4),
}
"""A nationwide sampling day of the schedule, as in EPA's daily files of 2012 and 2018-21."""

_DAYS_BETWEEN_SAMPLES: Final[dict[Schedule, int]] = {"hourly": 1, "1-in-3": 3, "1-in-6": 6}

LOST_SAMPLES: Final = 0.03
"""Share of scheduled days without a valid sample, besides outages."""

OUTAGE_STARTS: Final = 0.005
"""Probability per monitor and day that an outage begins."""

MAX_OUTAGE_DAYS: Final = 6

HOURS_TAKEN: Final = ((0.870, 24), (0.920, 23), (0.945, 22), (0.965, 21), (0.975, 20), (0.985, 18))
"""Cumulative share of days and hours measured by a continuous monitor; other days have fewer than 75 % of their
hours."""

MAX_HOURS_OF_AN_INCOMPLETE_DAY: Final = 17

RELATIVE_NOISE: Final = 0.05
"""Standard deviation of the relative noise of a reading."""

MIN_READING_UGM3: Final = -7.0
"""Lower limit of readings, about the lowest day that AQS has published."""

EVENT_SMOKE_UGM3: Final = 15.0
"""Smoke (µg/m³) in a day's PM2.5 above which agencies that claim exceptional events claim one."""


@dataclass(frozen=True)
class InstrumentYear:
    """A year of final readings: one row per day, one column per monitor of ``MONITORS``."""

    days: Integers
    """Proleptic Gregorian ordinals."""
    mean_ugm3: Floats
    """Mean of the day's observations; nan where there is none."""
    hours: Integers
    """Observations of the day: 0-24 of continuous monitors, 0 or 1 of filters."""
    smoke_ugm3: Floats
    """Part of the PM2.5 that is smoke."""
    method_codes: npt.NDArray[np.str_]


@lru_cache(maxsize=32)
def instrument_year(year: int, *, seed: int) -> InstrumentYear:
    """Final readings of a calendar year; cached."""
    days = days_of_year(year)
    at_site = np.array([SITES.index(site) for site, _ in MONITORS])
    used = [[monitor.method_on(date.fromordinal(int(day))) for _, monitor in MONITORS] for day in days]
    method_codes = np.array([[instrument.method_code for instrument in row] for row in used])
    hours = _hours(days, seed=seed)
    mean = _readings(days, air_of_year(year, seed=seed)[:, at_site], used, seed=seed)
    numbers = {
        (site.site_id, monitor.poc): number
        for number, (site, monitor) in enumerate(MONITORS)
        if monitor.parameter_code == PARAMETER_CODE
    }
    for number, (site, monitor) in enumerate(MONITORS):
        if monitor.restates_poc is not None:
            original = numbers[site.site_id, monitor.restates_poc]
            mean[:, number] = RESTATED_RATIO * mean[:, original]
            hours[:, number] = np.where(_open(monitor, days), hours[:, original], 0)
    mean[hours == 0] = np.nan
    smoke = smoke_of_year(year, seed=seed, places_km=places_km())[:, at_site]
    return InstrumentYear(days, mean, hours, smoke, method_codes)


def is_on_schedule(schedule: Schedule, days: Integers) -> Flags:
    """Whether samplers of the schedule run on each day; all of one schedule share a phase."""
    return (days - SCHEDULE_ORIGINS[schedule].toordinal()) % _DAYS_BETWEEN_SAMPLES[schedule] == 0


def _readings(days: Integers, air: Floats, used: list[list[Instrument]], *, seed: int) -> Floats:
    """Readings of ``air`` by the instruments ``used`` by each monitor (columns) on each day (rows), µg/m³."""
    items = np.arange(len(MONITORS))
    bias = np.array([[instrument.bias for instrument in row] for row in used])
    spread = np.array([[instrument.noise_ugm3 for instrument in row] for row in used])
    relative = np.exp(RELATIVE_NOISE * normal(seed, "noise.relative", days=days, items=items))
    additive = spread * normal(seed, "noise.additive", days=days, items=items)
    return np.maximum(air * bias * relative + additive, MIN_READING_UGM3)


def _hours(days: Integers, *, seed: int) -> Integers:
    """Number of observations: 0 when off schedule, closed or in an outage."""
    items = np.arange(len(MONITORS))
    lost = uniform(seed, "lost", days=days, items=items) < LOST_SAMPLES
    running = np.stack([_runs(monitor, days) for _, monitor in MONITORS], axis=1)
    is_filter = np.array([monitor.schedule != "hourly" for _, monitor in MONITORS])
    share = uniform(seed, "hours", days=days, items=items)
    few = 1 + np.floor(MAX_HOURS_OF_AN_INCOMPLETE_DAY * uniform(seed, "hours.few", days=days, items=items))
    measured = np.select([share < limit for limit, _ in HOURS_TAKEN], [hours for _, hours in HOURS_TAKEN], few)
    taken = np.where(is_filter, 1, measured)
    return np.where(running & ~lost & ~_short_outages(days, items, seed=seed), taken, 0).astype(np.int64)


def _short_outages(days: Integers, items: Integers, *, seed: int) -> Flags:
    """Whether each day is part of an outage that began at most ``MAX_OUTAGE_DAYS`` earlier."""
    reach = np.arange(days[0] - MAX_OUTAGE_DAYS, days[-1] + 1)
    starts = uniform(seed, "outage", days=reach, items=items) < OUTAGE_STARTS
    length = 1 + np.floor(MAX_OUTAGE_DAYS * uniform(seed, "outage.length", days=reach, items=items))
    out = np.zeros((len(days), len(items)), dtype=bool)
    for age in range(MAX_OUTAGE_DAYS):
        began = slice(MAX_OUTAGE_DAYS - age, len(reach) - age)
        out |= starts[began] & (length[began] > age)
    return out


def _runs(monitor: Monitor, days: Integers) -> Flags:
    running = _open(monitor, days) & is_on_schedule(monitor.schedule, days)
    for first, last in monitor.outages:
        running &= (days < first.toordinal()) | (days > last.toordinal())
    return running


def _open(monitor: Monitor, days: Integers) -> Flags:
    return (days >= monitor.opened_on.toordinal()) & (days <= (monitor.closed_on or date.max).toordinal())
