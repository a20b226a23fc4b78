"""Smoke plumes."""

from datetime import date

import numpy as np
import pytest

from airwatch_dagster.practice.world.air import places_km
from airwatch_dagster.practice.world.smoke import FOLLOWS_WIND, Plume, plumes_of_year, smoke_of_year
from airwatch_dagster.practice.world.weather.daily import wind_km


@pytest.mark.parametrize("year", range(2015, 2030))
def test_every_year_has_smoke_and_only_in_the_warm_months(year: int) -> None:
    smoke = smoke_of_year(year, seed=1, places_km=places_km())
    smoky = np.flatnonzero(smoke.max(axis=1) > 1.0)
    months = {date.fromordinal(date(year, 1, 1).toordinal() + int(day)).month for day in smoky}
    assert len(smoky) >= 3
    assert months <= {6, 7, 8, 9}


@pytest.mark.parametrize("year", range(2018, 2026))
def test_smoke_moves_east_as_fast_as_the_wind_lets_it(year: int) -> None:
    plume = plumes_of_year(year, seed=1)[0]
    path = np.array(plume.path_km)
    assert 50.0 < (path[-1, 0] - path[0, 0]) / (plume.days - 1) < 500.0
    wind = wind_km(np.arange(plume.first_day + 1, plume.first_day + plume.days), seed=1)
    course = np.diff(path, axis=0) - FOLLOWS_WIND * wind
    assert np.ptp(course, axis=0) == pytest.approx([0.0, 0.0], abs=1e-6)


def test_smoke_is_thickest_at_the_centre_of_its_plume() -> None:
    plume = plumes_of_year(2021, seed=1)[0]
    for age, (east, north) in enumerate(plume.path_km):
        line = np.column_stack([east + np.linspace(-300.0, 300.0, 61), np.full(61, north)])
        assert plume.added_ugm3(age, line).argmax() == 30


def test_smoke_is_the_sum_of_its_plumes() -> None:
    places = places_km()
    slow = np.zeros((365, len(places)))
    for plume in plumes_of_year(2022, seed=1):
        for age in range(plume.days):
            for i, (east, north) in enumerate(places):
                slow[plume.first_day + age - date(2022, 1, 1).toordinal(), i] += one_place(plume, age, east, north)
    assert smoke_of_year(2022, seed=1, places_km=places) == pytest.approx(slow)


def one_place(plume: Plume, age: int, east: float, north: float) -> float:
    dx, dy = east - plume.path_km[age][0], north - plume.path_km[age][1]
    thickness = np.sin(np.pi * (age + 1) / (plume.days + 1))
    return float(plume.peak_ugm3 * thickness * np.exp(-(dx * dx + dy * dy) / (2 * plume.radius_km**2)))
