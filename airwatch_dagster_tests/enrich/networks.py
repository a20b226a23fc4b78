"""Invented networks of stations, and clouds that cross them, for tests of maps and advection."""

import math
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


def lattice_bell(place: tuple[float, float], point: tuple[float, float], *, width_km: float) -> float:
    """Weight of a station at ``place`` on a point, both in degrees, read from the four nodes around the point, which
    are half a width apart."""
    mesh = math.degrees(0.5 * width_km / EARTH_KM)
    (south, up), (west, right) = (divmod(round(degrees / mesh * 16), 16) for degrees in point)
    total = 0.0
    for row, column in ((0, 0), (0, 1), (1, 0), (1, 1)):
        share = (up if row else 16 - up) * (right if column else 16 - right) / 256
        km = haversine_km((south + row) * mesh, (west + column) * mesh, *place)
        total += share * math.exp(-0.5 * (km / width_km) ** 2)
    return total


def haversine_km(lat_1: float, lon_1: float, lat_2: float, lon_2: float) -> float:
    a, b, d = math.radians(lat_1), math.radians(lat_2), math.radians(lon_2 - lon_1)
    return EARTH_KM * math.acos(min(1.0, math.sin(a) * math.sin(b) + math.cos(a) * math.cos(b) * math.cos(d)))
