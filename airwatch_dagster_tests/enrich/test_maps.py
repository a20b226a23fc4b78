"""Smoothed maps of the other sites' log anomalies, sampled around a site."""

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from airwatch_dagster.enrich.maps import Maps, direction
from airwatch_dagster.enrich.network import Network
from airwatch_dagster.schemas.enrich import MAP_SAMPLES, SECTORS
from airwatch_dagster_tests.enrich.networks import EARTH_KM, lattice_bell, stations_at, strewn

DAYS = 6
SECTOR_DEGREES = {"n": 0, "ne": 45, "e": 90, "se": 135, "s": 180, "sw": 225, "w": 270, "nw": 315}


NODE = float(np.degrees(9 * 450.0 / EARTH_KM)), float(-np.degrees(22 * 450.0 / EARTH_KM))
"""Latitude and longitude of a node of the maps of 50 km and of 150 km, where a map is not interpolated."""


def maps(log_anomaly: np.ndarray, *, stations: pd.DataFrame, targets: np.ndarray) -> dict[str, np.ndarray]:
    return Maps.of(Network.of(stations, targets)).features(log_anomaly)


def north_of_the_first(*km: float) -> pd.DataFrame:
    """A site at a node, and others due north of it."""
    return stations_at(NODE, *((NODE[0] + float(np.degrees(one / EARTH_KM)), NODE[1]) for one in km))


def anomalies(stations: pd.DataFrame, *, seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    found = np.clip(generator.normal(0.0, 0.7, (DAYS, len(stations))), -1.5, 2.0)
    found[generator.random(found.shape) < 0.2] = np.nan
    return found


def at_first(log_anomaly: list[list[float]], stations: pd.DataFrame) -> dict[str, list[float]]:
    """Map samples of the first station, day by day."""
    found = maps(np.array(log_anomaly, dtype=float), stations=stations, targets=np.array([0]))
    return {name: values[:, 0].tolist() for name, values in found.items()}


def test_there_is_a_sample_for_every_point_of_the_schema_and_both_days() -> None:
    expected = {f"{place}_log{day}" for place in MAP_SAMPLES for day in ("", "_before")}
    assert set(at_first([[0.0, 1.0]], north_of_the_first(100.0))) == expected


def test_a_map_is_a_gaussian_mean_shrunk_to_zero_by_half_a_station() -> None:
    found = at_first([[2.0, 1.0, -0.5]], north_of_the_first(150.0, 300.0))
    # Weights of 150 and 300 km under a width of 150 km: exp(-1/2) and exp(-2).
    expected = (0.60653 * 1.0 + 0.13534 * -0.5) / (0.60653 + 0.13534 + 0.5)
    assert expected == pytest.approx(0.43391, abs=1e-5)
    assert found["around_150km_log"] == [pytest.approx(expected, abs=2e-5)]


def test_a_neighbour_at_the_same_position_counts_two_thirds() -> None:
    twins = stations_at(NODE, NODE)
    assert at_first([[-1.0, 1.2]], twins)["around_50km_log"] == [pytest.approx(0.8, abs=1e-9)]


@pytest.mark.parametrize("sector", SECTORS)
def test_a_cloud_in_a_sector_shows_in_the_sample_of_that_sector(sector: str) -> None:
    east, north = direction(SECTORS.index(sector))
    away = np.degrees(300.0 / EARTH_KM)
    there = (40.0 + away * north, -90.0 + away * east / np.cos(np.radians(40.0)))
    found = at_first([[0.0, 1.5]], stations_at((40.0, -90.0), there))
    sides = {other: found[f"offset_300km_{other}_log"][0] for other in SECTORS}
    # Two thirds of 1.5, but between nodes a bell is a little lower.
    assert sides[sector] == pytest.approx(0.99, abs=0.01)
    assert max(value for other, value in sides.items() if other != sector) < 0.42


def test_every_map_equals_a_slow_obvious_loop() -> None:
    stations, target, day = strewn(25, seed=3), 4, 5
    log_anomaly = anomalies(stations)
    found = maps(log_anomaly, stations=stations, targets=np.array([target]))
    for place in MAP_SAMPLES:
        for which, suffix in ((day, ""), (day - 1, "_before")):
            expected = read(place, log_anomaly[which], stations, target=target)
            assert found[f"{place}_log{suffix}"][day, 0] == pytest.approx(expected, abs=1e-4), place


def read(place: str, log_anomaly: np.ndarray, stations: pd.DataFrame, *, target: int) -> float:
    """A map sampled at one point, station by station."""
    latitude, longitude, width = point_of(place, stations.iloc[target])
    total, weight = 0.0, 0.5
    for number, station in stations.iterrows():
        if number != target and not np.isnan(log_anomaly[number]):
            place = station["latitude"], station["longitude"]
            near = lattice_bell(place, (latitude, longitude), width_km=width)
            total, weight = total + near * log_anomaly[number], weight + near
    return total / weight


def point_of(place: str, site: pd.Series) -> tuple[float, float, float]:
    """Latitude, longitude and width of a map such as ``around_50km`` or ``offset_300km_ne``."""
    kind, distance, *sector = place.split("_")
    km = float(distance.removesuffix("km"))
    if kind == "around":
        return site["latitude"], site["longitude"], km
    bearing = np.radians(SECTOR_DEGREES[sector[0]])
    north = np.degrees(km / EARTH_KM) * np.cos(bearing)
    east = np.degrees(km / EARTH_KM) * np.sin(bearing) / np.cos(np.radians(site["latitude"]))
    return site["latitude"] + north, site["longitude"] + east, {300.0: 120.0, 800.0: 250.0}[km]


def test_a_site_is_never_part_of_its_own_map_even_after_a_move() -> None:
    stations = strewn(10, seed=1)
    stations.loc[1, "site_id"] = stations.loc[0, "site_id"]
    log_anomaly, targets = anomalies(stations), np.array([0, 1])
    other = log_anomaly.copy()
    other[:, [0, 1]] = 2.0
    before, after = (maps(one, stations=stations, targets=targets) for one in (log_anomaly, other))
    for name in before:
        np.testing.assert_array_equal(after[name], before[name])
    seen = maps(other, stations=stations, targets=np.array([2]))["around_400km_log"]
    assert (seen > maps(log_anomaly, stations=stations, targets=np.array([2]))["around_400km_log"]).any()


def test_the_sample_of_the_day_before_is_that_days_map_and_zero_on_the_first_day() -> None:
    found = at_first([[0.0, 1.0], [0.0, -1.0], [0.0, 0.5]], north_of_the_first(100.0))
    assert found["around_150km_log_before"] == [0.0, *found["around_150km_log"][:2]]


def test_the_map_is_zero_where_no_site_reports() -> None:
    found = at_first([[1.0, np.nan], [np.nan, np.nan]], north_of_the_first(100.0))
    assert {value for values in found.values() for value in values} == {0.0}
    assert set(at_first([[1.0]], north_of_the_first())["around_400km_log"]) == {0.0}


def test_a_map_stays_within_the_bounds_of_its_anomalies() -> None:
    stations = strewn(30, seed=5)
    for extreme in (-1.5, 2.0):
        log_anomaly = np.full((1, 30), extreme)
        found = maps(log_anomaly, stations=stations, targets=np.arange(30))
        assert max(np.abs(values).max() for values in found.values()) <= abs(extreme)


def bits(log_anomaly: np.ndarray, stations: pd.DataFrame) -> dict[str, np.ndarray]:
    return maps(log_anomaly, stations=stations, targets=np.arange(5))


def test_two_days_computed_alone_are_bit_identical_to_the_range() -> None:
    stations = strewn(60, seed=2)
    log_anomaly = anomalies(stations)
    together = bits(log_anomaly, stations)
    for day in range(1, DAYS):
        alone = bits(log_anomaly[day - 1 : day + 1], stations)
        for name, values in together.items():
            np.testing.assert_array_equal(alone[name][1], values[day], err_msg=name)


def test_distant_stations_and_thread_counts_leave_the_map_bit_identical() -> None:
    stations = strewn(60, seed=2)
    far = stations_at(*((21.3, -157.9 + 0.1 * number) for number in range(40)))
    more = pd.concat([stations, far.assign(site_id="15003" + far["site_id"].str[5:])], ignore_index=True)
    log_anomaly = anomalies(more)
    with threadpool_limits(1):
        alone = bits(log_anomaly[:, :60], stations)
    with threadpool_limits(2):
        for name, values in bits(log_anomaly, more).items():
            np.testing.assert_array_equal(values, alone[name], err_msg=name)
