"""Invented networks of stations, and clouds that cross them, for tests of maps and advection."""

from typing import Final

import numpy as np
import pandas as pd

EARTH_KM: Final = 6371.0


def stations_at(*places: tuple[float, float]) -> pd.DataFrame:
    """A station per latitude and longitude, each a site of its own."""
    numbers = [f"17031{number:04d}" for number in range(len(places))]
    latitude, longitude = zip(*places, strict=True)
    return pd.DataFrame({"site_id": numbers, "latitude": latitude, "longitude": longitude})


def strewn(count: int, *, seed: int) -> pd.DataFrame:
    """Stations at random positions within about 1500 km."""
    generator = np.random.default_rng(seed)
    return stations_at(*zip(generator.uniform(36, 46, count), generator.uniform(-97, -80, count), strict=True))


class Lattice:
    """Stations 100 km apart, over 1300 km west to east and 900 km south to north; x and y in km from the centre."""

    def __init__(self) -> None:
        y, x = np.meshgrid(np.arange(-4, 5) * 100.0, np.arange(-6, 7) * 100.0, indexing="ij")
        self.x, self.y = x.ravel(), y.ravel()
        latitude = 40.0 + np.degrees(self.y / EARTH_KM)
        longitude = -90.0 + np.degrees(self.x / EARTH_KM / np.cos(np.radians(latitude)))
        self.stations = stations_at(*zip(latitude, longitude, strict=True))

    def at(self, x: float, y: float) -> np.ndarray:
        """Column number of the station there, as an array of targets."""
        return np.flatnonzero((self.x == x) & (self.y == y))

    def cloud(self, *, east: float, north: float, days: int, middle_on_day: int) -> np.ndarray:
        """Log anomalies (days × stations) of a round cloud, 250 km wide and 1.5 high, that moves so many km a day."""
        day = np.arange(days)[:, None] - middle_on_day
        squared = (self.x - east * day) ** 2 + (self.y - north * day) ** 2
        return np.asarray(1.5 * np.exp(-0.5 * squared / 250.0**2))
