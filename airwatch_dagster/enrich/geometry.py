"""Distances and directions between stations on a sphere."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from airwatch_dagster.geo import EARTH_RADIUS_KM


@dataclass(frozen=True)
class Places:
    """Latitudes and longitudes of places, radians."""

    latitude: np.ndarray
    longitude: np.ndarray

    @classmethod
    def of(cls, stations: pd.DataFrame) -> Self:
        """Places of ``stations`` with latitude and longitude in degrees, in their order."""
        return cls(np.radians(stations["latitude"].to_numpy()), np.radians(stations["longitude"].to_numpy()))

    def __getitem__(self, chosen: np.ndarray) -> "Places":
        return Places(self.latitude[chosen], self.longitude[chosen])

    def unit_vectors(self) -> np.ndarray:
        """The places on a sphere of radius 1, places × 3: two are as far apart as the angle between them."""
        across = np.cos(self.latitude)
        return np.stack(
            [across * np.cos(self.longitude), across * np.sin(self.longitude), np.sin(self.latitude)], axis=1
        )

    def moved(self, *, east_km: float, north_km: float) -> "Places":
        """The places so far to the east and north of these, on a plane that touches the Earth at each."""
        east = east_km / (EARTH_RADIUS_KM * np.cos(self.latitude))
        return Places(self.latitude + north_km / EARTH_RADIUS_KM, self.longitude + east)


def distance_km(places: Places, targets: Places) -> np.ndarray:
    """Great-circle distance (km) of each place (row) to each target (column).

    From the chord between them: the distance of ``great_circle_km`` but for its rounding, in two fifths of the time.
    """
    squared = np.zeros((len(places.latitude), len(targets.latitude)))
    for here, there in zip(places.unit_vectors().T, targets.unit_vectors().T, strict=True):
        squared += (here[:, None] - there[None, :]) ** 2
    distance: np.ndarray = 2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(np.sqrt(squared) / 2, 1.0))
    return distance


def sector_number(places: Places, targets: Places) -> np.ndarray:
    """Sector of 45° in which each place (row) lies, seen from each target (column): 0-7, 0 = north, clockwise."""
    d_lon = places.longitude[:, None] - targets.longitude[None, :]
    there, here = places.latitude[:, None], targets.latitude[None, :]
    east = np.sin(d_lon) * np.cos(there)
    north = np.cos(here) * np.sin(there) - np.sin(here) * np.cos(there) * np.cos(d_lon)
    return (np.rint(np.degrees(np.arctan2(east, north)) / 45.0) % 8).astype(int)
