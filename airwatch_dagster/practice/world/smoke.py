"""Smoke plumes over the practice network: a few a year, between June and September, drifting east with the wind."""

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from airwatch_dagster.practice.world.random_streams import Floats, uniform
from airwatch_dagster.practice.world.weather.daily import wind_km
from airwatch_dagster.practice.world.weather.surface import MEAN_WIND_KM_PER_DAY

SEASON_FIRST: Final = (6, 1)
SEASON_DAYS: Final = 105
"""Plumes start from 1 June on, for this many days, so none crosses a year's end."""

MAX_PLUMES: Final = 4
"""Most plumes a year: one in every year, and each further one in a quarter of the years."""

FOLLOWS_WIND: Final = 0.5
"""Share of the wind's deviation from its mean by which smoke is carried off its course; smoke aloft feels it less."""


@dataclass(frozen=True)
class Plume:
    """A round cloud of smoke that drifts, thickens and thins out."""

    first_day: int
    """Ordinal of the day it appears."""
    days: int
    peak_ugm3: float
    radius_km: float
    path_km: tuple[tuple[float, float], ...]
    """Its centre on each of its days, km east and north."""

    def added_ugm3(self, age_days: int, places_km: Floats) -> Floats:
        """PM2.5 that it adds at each place (rows of ``places_km``) on one of its days, µg/m³."""
        distance_km = np.hypot(*(places_km - np.array(self.path_km[age_days])).T)
        thickness = np.sin(np.pi * (age_days + 1.0) / (self.days + 1.0))
        return self.peak_ugm3 * thickness * np.exp(-0.5 * (distance_km / self.radius_km) ** 2)


def smoke_of_year(year: int, *, seed: int, places_km: Floats) -> Floats:
    """PM2.5 from smoke, µg/m³, zero or more: one row per day of the year, one column per place."""
    first, last = date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()
    added = np.zeros((last - first + 1, len(places_km)))
    for plume in plumes_of_year(year, seed=seed):
        for age in range(plume.days):
            added[plume.first_day - first + age] += plume.added_ugm3(age, places_km)
    return added


def plumes_of_year(year: int, *, seed: int) -> tuple[Plume, ...]:
    """The plumes of a year, at least one; they start in the west or north-west."""
    draws = uniform(seed, "plume", days=np.array([year]), items=np.arange(8 * MAX_PLUMES))[0].reshape(MAX_PLUMES, 8)
    return tuple(_plume(year, draw, seed) for number, draw in enumerate(draws) if number == 0 or draw[0] < 0.25)


def _plume(year: int, draw: Floats, seed: int) -> Plume:
    first_day = date(year, *SEASON_FIRST).toordinal() + int(SEASON_DAYS * draw[1])
    days = 5 + int(3 * draw[2])
    start = np.array([[-750.0 - 150.0 * draw[5], -150.0 + 700.0 * draw[6]]])
    course = np.array([170.0 + 90.0 * draw[7], -20.0 - 60.0 * draw[6]])
    wind = wind_km(np.arange(first_day + 1, first_day + days), seed=seed) - np.array(MEAN_WIND_KM_PER_DAY)
    path = np.vstack([start, start + np.cumsum(course + FOLLOWS_WIND * wind, axis=0)])
    return Plume(
        first_day=first_day,
        days=days,
        peak_ugm3=float(20.0 * 9.0 ** draw[3] ** 1.5),
        radius_km=160.0 + 160.0 * float(draw[4]),
        path_km=tuple((float(east), float(north)) for east, north in path),
    )
