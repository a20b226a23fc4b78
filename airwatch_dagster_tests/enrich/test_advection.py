"""Advection features of clouds that cross an invented network."""

import math

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from airwatch_dagster.enrich.advection import Advection
from airwatch_dagster.enrich.network import Network
from airwatch_dagster.schemas.enrich import ADVECTION
from airwatch_dagster_tests.enrich.networks import EARTH_KM, Lattice, lattice_bell, stations_at, strewn

LATTICE = Lattice()
MIDDLE = LATTICE.at(0.0, 0.0)

Place = tuple[float, float]
"""Latitude and longitude, or a displacement to the east and north in km."""


def advection(log_anomaly: np.ndarray, *, stations: pd.DataFrame, targets: np.ndarray) -> dict[str, np.ndarray]:
    return Advection.of(Network.of(stations, targets)).features(log_anomaly)


def seen_from(target: np.ndarray, log_anomaly: np.ndarray, *, day: int) -> dict[str, float]:
    found = advection(log_anomaly, stations=LATTICE.stations, targets=target)
    assert set(found) == set(ADVECTION)
    return {name: float(values[day, 0]) for name, values in found.items()}


@pytest.mark.parametrize(
    ("east", "north"),
    [(300, 0), (-300, 0), (0, 300), (0, -300), (212, 212), (-212, 212), (212, -212), (-212, -212), (150, 0), (500, 0)],
)
def test_the_estimated_origin_of_a_cloud_is_its_position_yesterday(east: int, north: int) -> None:
    """When the air moves east, its origin lies to the west, at a negative distance to the east."""
    cloud = LATTICE.cloud(east=east, north=north, days=4, middle_on_day=2)
    found = seen_from(MIDDLE, cloud, day=3)
    # Neighbouring displacements are up to 200 km apart, so the estimate is uncertain by 75 km.
    assert found["flow_east_km"] == pytest.approx(-east, abs=75.0)
    assert found["flow_north_km"] == pytest.approx(-north, abs=75.0)
    assert found["flow_gain"] > 0.6 * found["stillness_error"] > 0.02


def test_the_advected_anomaly_is_close_to_the_one_observed_downwind_the_next_day() -> None:
    cloud, downwind = LATTICE.cloud(east=300.0, north=0.0, days=5, middle_on_day=2), LATTICE.at(300.0, 0.0)
    found = seen_from(downwind, cloud, day=2)
    now, then = cloud[2, downwind].item(), cloud[3, downwind].item()
    assert (now, then) == (pytest.approx(0.73, abs=0.01), pytest.approx(1.5))
    # The map smooths the cloud: in its centre the map has 1.2 instead of 1.5.
    assert found["advected_log"] == pytest.approx(1.22, abs=0.03)
    upwind = seen_from(LATTICE.at(-300.0, 0.0), cloud, day=2)
    assert upwind["advected_log"] == pytest.approx(cloud[3, LATTICE.at(-300.0, 0.0)].item(), abs=0.1)


def test_the_broad_estimate_gives_more_weight_to_other_displacements() -> None:
    found = seen_from(MIDDLE, LATTICE.cloud(east=300.0, north=0.0, days=3, middle_on_day=2), day=1)
    assert found["advected_broadly_log"] < found["advected_log"]


def test_a_pattern_at_rest_has_no_displacement() -> None:
    still = LATTICE.cloud(east=0.0, north=0.0, days=3, middle_on_day=0)
    found = seen_from(MIDDLE, still, day=2)
    assert abs(found["flow_east_km"]) < 1.0
    assert abs(found["flow_north_km"]) < 1.0
    assert found["flow_gain"] == 0.0
    assert found["advected_log"] == pytest.approx(1.21, abs=0.01)


def test_without_anomalies_all_displacements_fit_equally_and_advect_nothing() -> None:
    found = seen_from(MIDDLE, np.zeros((2, len(LATTICE.x))), day=1)
    assert found["advected_log"] == found["stillness_error"] == found["flow_gain"] == 0.0
    assert abs(found["flow_east_km"]) < 1.0


def test_the_first_day_has_nulladvection() -> None:
    found = seen_from(MIDDLE, LATTICE.cloud(east=300.0, north=0.0, days=2, middle_on_day=1), day=0)
    assert all(np.isnan(value) for value in found.values())


def test_a_day_without_reports_and_the_next_have_nulladvection() -> None:
    cloud = LATTICE.cloud(east=300.0, north=0.0, days=5, middle_on_day=2)
    cloud[2] = np.nan
    known = [np.isfinite(seen_from(MIDDLE, cloud, day=day)["advected_log"]) for day in range(5)]
    assert known == [False, True, False, False, True]


def test_one_site_is_too_few_and_two_close_ones_are_enough() -> None:
    two, days = stations_at((40.0, -90.0), (40.1, -90.0)), np.zeros((2, 2))
    alone = advection(days[:, :1], stations=two.iloc[:1], targets=np.array([0]))
    assert all(np.isnan(values).all() for values in alone.values())
    both = advection(days, stations=two, targets=np.array([0]))
    assert [abs(values[1, 0]) < 1e-9 for values in both.values()] == [True] * 6
    far = advection(days, stations=stations_at((21.3, -157.9), (61.2, -149.9)), targets=np.array([0, 1]))
    assert all(np.isnan(values).all() for values in far.values())


def test_a_local_fire_counts_as_a_squared_error_of_one_at_most() -> None:
    large, huge = np.zeros((2, len(LATTICE.x))), np.zeros((2, len(LATTICE.x)))
    large[1, MIDDLE], huge[1, MIDDLE] = 1.1, 2.0
    errors = [seen_from(LATTICE.at(200.0, 0.0), one, day=1)["stillness_error"] for one in (large, huge)]
    assert errors[0] == errors[1] > 0.0


def test_advection_equals_a_slow_obvious_loop() -> None:
    stations, target = strewn(25, seed=4), 7
    log_anomaly = np.clip(np.random.default_rng(0).normal(0.0, 0.6, (2, 25)), -1.5, 2.0)
    log_anomaly[0, 3] = log_anomaly[1, 11] = np.nan
    found = advection(log_anomaly, stations=stations, targets=np.array([target]))
    places = list(zip(stations["latitude"].tolist(), stations["longitude"].tolist(), strict=True))
    expected = slow_advection(log_anomaly, places, target=target)
    for name, value in expected.items():
        assert found[name][1, 0] == pytest.approx(value, abs=0.02 if name.endswith("_km") else 2e-4), name


def slow_advection(log_anomaly: np.ndarray, places: list[Place], *, target: int) -> dict[str, float]:
    """Displacement by displacement and station by station, for the second day."""
    errors, brought, ways = [], [], []
    for km, sector in [(0.0, 0), *((km, sector) for km in (150.0, 300.0, 500.0, 750.0) for sector in range(8))]:
        way = km * np.sin(sector * np.pi / 4), km * np.cos(sector * np.pi / 4)
        error, bring = error_of(way, log_anomaly, places, target), map_at(places[target], way, log_anomaly[1], places)
        if error is not None and bring is not None:
            errors, brought, ways = [*errors, error], [*brought, bring], [*ways, way]
    excess = np.array(errors) - min(errors)
    narrow, broad = np.exp(-excess / 0.01), np.exp(-excess / 0.03)
    return {
        "advected_log": float(np.average(brought, weights=narrow)),
        "advected_broadly_log": float(np.average(brought, weights=broad)),
        "flow_east_km": float(np.average([way[0] for way in ways], weights=narrow)),
        "flow_north_km": float(np.average([way[1] for way in ways], weights=narrow)),
        "stillness_error": errors[0],
        "flow_gain": errors[0] - min(errors),
    }


def error_of(way: Place, log_anomaly: np.ndarray, places: list[Place], target: int) -> float | None:
    """Error of yesterday's displaced map around the target; None with too few sites."""
    total, weight = 0.0, 0.0
    for place, today in zip(places, log_anomaly[1], strict=True):
        before = map_at(place, way, log_anomaly[0], places)
        if before is not None and not np.isnan(today):
            near = gaussian(place, places[target], (0.0, 0.0), width_km=350.0)
            total += near * min(1.0, (today - before) ** 2)
            weight += near
    return total / weight if weight > 1.5 else None


def map_at(site: Place, way: Place, day: np.ndarray, places: list[Place]) -> float | None:
    """A day's map at a displacement from a site, its own station included; None with too few sites."""
    weights = [
        0.0 if np.isnan(value) else gaussian(place, site, way, width_km=120.0)
        for place, value in zip(places, day, strict=True)
    ]
    return float(np.average(np.nan_to_num(day), weights=weights)) if sum(weights) > 0.3 else None


def gaussian(place: Place, site: Place, way: Place, *, width_km: float) -> float:
    latitude = site[0] + math.degrees(way[1] / EARTH_KM)
    longitude = site[1] + math.degrees(way[0] / EARTH_KM) / math.cos(math.radians(site[0]))
    return lattice_bell(place, (latitude, longitude), width_km=width_km)


def test_a_day_computed_with_the_one_before_is_bit_identical_to_the_range() -> None:
    stations = strewn(40, seed=6)
    log_anomaly = np.random.default_rng(1).normal(0.0, 0.5, (6, 40))
    log_anomaly[log_anomaly > 0.9] = np.nan
    together = advection(log_anomaly, stations=stations, targets=np.arange(9))
    for day in range(1, 6):
        alone = advection(log_anomaly[day - 1 : day + 1], stations=stations, targets=np.arange(9))
        for name, values in together.items():
            np.testing.assert_array_equal(alone[name][1], values[day], err_msg=name)


def test_distant_stations_and_thread_counts_leave_advection_bit_identical() -> None:
    stations = strewn(40, seed=6)
    far = stations_at(*((61.0 + 0.05 * number, -150.0) for number in range(30)))
    more = pd.concat([stations, far.assign(site_id="02020" + far["site_id"].str[5:])], ignore_index=True)
    log_anomaly = np.random.default_rng(1).normal(0.0, 0.5, (4, 70))
    with threadpool_limits(1):
        alone = advection(log_anomaly[:, :40], stations=stations, targets=np.arange(9))
    with threadpool_limits(2):
        for name, values in advection(log_anomaly, stations=more, targets=np.arange(9)).items():
            np.testing.assert_array_equal(values, alone[name], err_msg=name)
