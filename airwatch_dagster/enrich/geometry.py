"""Distances and directions between stations on a sphere."""

from dataclasses import dataclass
from typing import Any, Self

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

    def __getitem__(self, chosen: Any) -> "Places":
        """Some of the places, or, by ``[:, None]``, a column of them: each against each of others in a row."""
        return Places(self.latitude[chosen], self.longitude[chosen])

    def unit_vectors(self) -> np.ndarray:
        """The places on a sphere of radius 1, the last axis of 3: two are as far apart as the angle between them."""
        across = np.cos(self.latitude)
        return np.stack(
            [across * np.cos(self.longitude), across * np.sin(self.longitude), np.sin(self.latitude)], axis=-1
        )

    def moved(self, *, east_km: float, north_km: float) -> "Places":
        """The places so far to the east and north of these, on a plane that touches the Earth at each."""
        east = east_km / (EARTH_RADIUS_KM * np.cos(self.latitude))
        return Places(self.latitude + north_km / EARTH_RADIUS_KM, self.longitude + east)


def distance_km(places: Places, targets: Places) -> np.ndarray:
    """Great-circle distance (km) of places to targets, which broadcast.

    From the chord between them: the distance of ``great_circle_km`` but for its rounding, in two fifths of the time.
    """
    here, there = places.unit_vectors(), targets.unit_vectors()
    squared = np.zeros(np.broadcast_shapes(places.latitude.shape, targets.latitude.shape))
    for axis in range(3):
        squared += (here[..., axis] - there[..., axis]) ** 2
    distance: np.ndarray = 2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(np.sqrt(squared) / 2, 1.0))
    return distance


def sector_number(places: Places, targets: Places) -> np.ndarray:
    """Sector of 45° in which places lie, seen from targets, which broadcast: 0-7, 0 = north, clockwise."""
    d_lon = places.longitude - targets.longitude
    east = np.sin(d_lon) * np.cos(places.latitude)
    north = np.cos(targets.latitude) * np.sin(places.latitude)
    north = north - np.sin(targets.latitude) * np.cos(places.latitude) * np.cos(d_lon)
    return (np.rint(np.degrees(np.arctan2(east, north)) / 45.0) % 8).astype(int)
