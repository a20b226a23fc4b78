"""The one great-circle distance, on one sphere."""

from typing import Final

import numpy as np

EARTH_RADIUS_KM: Final = 6371.0
"""Mean radius of the Earth, km. Source: IUGG, 6371.0088 km, rounded."""


def great_circle_km(
    latitude: np.ndarray, longitude: np.ndarray, to_latitude: np.ndarray, to_longitude: np.ndarray
) -> np.ndarray:
    """Great-circle distance in km between places in radians; the four arrays broadcast; nan in, nan out.

    Haversine formula: exact to a few centimetres for near places, where the law of cosines is not.
    """
    cosines = np.cos(latitude) * np.cos(to_latitude)
    chord = np.sin((latitude - to_latitude) / 2) ** 2 + cosines * np.sin((longitude - to_longitude) / 2) ** 2
    distance_km: np.ndarray = 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(chord, 0.0, 1.0)))
    return distance_km
