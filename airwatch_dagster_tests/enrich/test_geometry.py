"""Distances and directions on a sphere, in Alaska and across the date line as well."""

import numpy as np
import pytest

from airwatch_dagster.enrich.geometry import Places, distance_km, sector_number

CHICAGO, NEW_YORK, LOS_ANGELES = (41.8781, -87.6298), (40.7128, -74.0060), (34.0522, -118.2437)
ANCHORAGE, HONOLULU, SAN_JUAN = (61.2181, -149.9003), (21.3069, -157.8583), (18.4655, -66.1057)
FAIRBANKS = (64.84, -147.72)
WEST_OF_THE_DATE_LINE, EAST_OF_IT = (52.0, 179.9), (52.0, -179.9)


def places(*degrees: tuple[float, float]) -> Places:
    latitude, longitude = np.radians(np.array(degrees)).T
    return Places(latitude, longitude)


@pytest.mark.parametrize(
    ("one", "other", "km"),
    [
        (CHICAGO, NEW_YORK, 1144.3),
        (LOS_ANGELES, NEW_YORK, 3935.7),
        (HONOLULU, ANCHORAGE, 4480.6),
        (CHICAGO, SAN_JUAN, 3305.2),
        ((0.0, 0.0), (90.0, 0.0), 10007.5),
        ((0.0, 0.0), (0.0, 180.0), 20015.1),
        (WEST_OF_THE_DATE_LINE, EAST_OF_IT, 13.7),
        (CHICAGO, CHICAGO, 0.0),
    ],
)
def test_distances_are_those_of_great_circles(one: tuple[float, float], other: tuple[float, float], km: float) -> None:
    there_and_back = distance_km(places(one, other)[:, None], places(one, other))
    assert there_and_back[0, 1] == there_and_back[1, 0] == pytest.approx(km, abs=0.05)
    assert there_and_back[0, 0] == there_and_back[1, 1] == 0.0


def test_a_column_of_places_is_measured_to_each_target() -> None:
    found = distance_km(places(CHICAGO, NEW_YORK, LOS_ANGELES)[:, None], places(NEW_YORK))
    np.testing.assert_allclose(found, [[1144.3], [0.0], [3935.7]], atol=0.05)


@pytest.mark.parametrize("here", [CHICAGO, HONOLULU, SAN_JUAN, FAIRBANKS, WEST_OF_THE_DATE_LINE, EAST_OF_IT])
@pytest.mark.parametrize("bearing", [0, 22, 23, 67, 90, 112, 135, 180, 225, 270, 315, 337, 338])
def test_a_sector_contains_the_directions_within_22_5_degrees_of_its_middle(
    here: tuple[float, float], bearing: int
) -> None:
    expected = {0: 0, 22: 0, 23: 1, 67: 1, 90: 2, 112: 2, 135: 3, 180: 4, 225: 5, 270: 6, 315: 7, 337: 7, 338: 0}
    there = places(reached(here, bearing_degrees=bearing, km=300.0))
    assert sector_number(there, places(here)).tolist() == [expected[bearing]]


def reached(here: tuple[float, float], *, bearing_degrees: float, km: float) -> tuple[float, float]:
    """The point at a distance and initial bearing from ``here``, on a great circle."""
    latitude, longitude = np.radians(here)
    bearing, angle = np.radians(bearing_degrees), km / 6371.0
    north = np.arcsin(np.sin(latitude) * np.cos(angle) + np.cos(latitude) * np.sin(angle) * np.cos(bearing))
    across = np.sin(bearing) * np.sin(angle) * np.cos(latitude)
    east = longitude + np.arctan2(across, np.cos(angle) - np.sin(latitude) * np.sin(north))
    return float(np.degrees(north)), float((np.degrees(east) + 180.0) % 360.0 - 180.0)


@pytest.mark.parametrize(
    ("here", "allowed_km"), [(SAN_JUAN, 7), (CHICAGO, 17), ((49.0, -97.0), 22), (FAIRBANKS, 41), (EAST_OF_IT, 24)]
)
def test_a_move_of_800_km_is_800_km_long_within_3_percent_and_5_in_alaska(
    here: tuple[float, float], allowed_km: float
) -> None:
    for sector in range(8):
        east, north = np.sin(sector * np.pi / 4), np.cos(sector * np.pi / 4)
        there = places(here).moved(east_km=800.0 * east, north_km=800.0 * north)
        assert distance_km(there, places(here)).item() == pytest.approx(800.0, abs=allowed_km)
        assert sector_number(there, places(here)).item() == sector


def test_a_move_crosses_the_date_line() -> None:
    there = places(WEST_OF_THE_DATE_LINE).moved(east_km=13.7, north_km=0.0)
    assert distance_km(there, places(EAST_OF_IT)).item() < 0.05
