"""Smoke plumes."""

from datetime import date

import numpy as np
import pytest

from airwatch_dagster.practice.world.air import places_km
from airwatch_dagster.practice.world.smoke import Plume, plumes_of_year, smoke_of_year


@pytest.mark.parametrize("year", range(2015, 2030))
def test_every_year_has_smoke_and_only_in_the_warm_months(year: int) -> None:
    smoke = smoke_of_year(year, seed=1, places_km=places_km())
    smoky = np.flatnonzero(smoke.max(axis=1) > 1.0)
    months = {date.fromordinal(date(year, 1, 1).toordinal() + int(day)).month for day in smoky}
    assert len(smoky) >= 3
    assert months <= {6, 7, 8, 9}


def test_smoke_moves_east_from_day_to_day() -> None:
    plume = plumes_of_year(2021, seed=1)[0]
    line = np.column_stack([np.linspace(-1200.0, 1500.0, 400), np.full(400, plume.start_km[1])])
    thickest = [line[plume.added_ugm3(age, line).argmax(), 0] for age in range(plume.days)]
    assert (np.diff(thickest) > 50.0).all()


def test_smoke_is_the_sum_of_its_plumes() -> None:
    places = places_km()
    slow = np.zeros((365, len(places)))
    for plume in plumes_of_year(2022, seed=1):
        for age in range(plume.days):
            for i, (east, north) in enumerate(places):
                slow[plume.first_day + age - date(2022, 1, 1).toordinal(), i] += one_place(plume, age, east, north)
    assert smoke_of_year(2022, seed=1, places_km=places) == pytest.approx(slow)


def one_place(plume: Plume, age: int, east: float, north: float) -> float:
    dx = east - plume.start_km[0] - age * plume.drift_km_per_day[0]
    dy = north - plume.start_km[1] - age * plume.drift_km_per_day[1]
    thickness = np.sin(np.pi * (age + 1) / (plume.days + 1))
    return float(plume.peak_ugm3 * thickness * np.exp(-(dx * dx + dy * dy) / (2 * plume.radius_km**2)))
