"""Nearest-neighbour persistence: whose reading counts, and that it was known on the issue date."""

from typing import Any

import numpy as np
import pandas as pd

from airwatch_dagster.geo import great_circle_km
from airwatch_dagster.verify.nearest_site import nearest_site_forecasts
from airwatch_dagster_tests.builders import site_days

FOURTH, FIFTH = pd.Timestamp("2021-07-04"), pd.Timestamp("2021-07-05")
OWN, NEAR, FAR = "170310001", "170310002", "170310003"
PLACES: dict[str, dict[str, Any]] = {
    OWN: {"site_id": OWN, "latitude": 41.0},
    NEAR: {"site_id": NEAR, "latitude": 41.1},
    FAR: {"site_id": FAR, "latitude": 42.0},
}
ISSUED = pd.DataFrame({"site_id": [OWN], "issue_date": [FOURTH]})


def forecasts(*days: dict[str, Any], issued: pd.DataFrame = ISSUED) -> list[float]:
    values: list[float] = nearest_site_forecasts(issued, site_days=site_days(*days))["pm25_ugm3"].tolist()
    return values


def test_the_nearest_other_site_observed_on_the_issue_date_is_the_forecast() -> None:
    own, near, far = ({**PLACES[site], "pm25_ugm3": value} for site, value in ((OWN, 5.0), (NEAR, 8.0), (FAR, 20.0)))

    assert forecasts(own, near, far) == [8.0]


def test_a_nearer_site_without_a_valid_value_that_day_does_not_count() -> None:
    invalid = {**PLACES[NEAR], "pm25_ugm3": 8.0, "is_valid": False}
    on_another_day = {**PLACES[NEAR], "pm25_ugm3": 8.0, "date_local": FIFTH}

    for near in (invalid, on_another_day):
        assert forecasts(PLACES[OWN], near, {**PLACES[FAR], "pm25_ugm3": 20.0}) == [20.0]


def test_a_site_that_was_not_observed_itself_has_a_forecast() -> None:
    later = {**PLACES[OWN], "date_local": FIFTH}

    assert forecasts(later, {**PLACES[NEAR], "pm25_ugm3": 8.0}) == [8.0]


def test_without_another_site_observed_that_day_there_is_no_forecast() -> None:
    assert forecasts(PLACES[OWN]) == []
    assert forecasts(PLACES[OWN], {**PLACES[NEAR], "date_local": FIFTH}) == []
    assert forecasts(PLACES[NEAR]) == []


def test_a_negative_reading_counts_as_zero() -> None:
    assert forecasts(PLACES[OWN], {**PLACES[NEAR], "pm25_ugm3": -1.5}) == [0.0]


def test_of_sites_equally_near_the_lowest_id_counts() -> None:
    twins = [{**PLACES[FAR], "site_id": site, "pm25_ugm3": value} for site, value in (("170310009", 9.0), (FAR, 3.0))]

    assert forecasts(PLACES[OWN], *twins) == [3.0]


def test_no_reading_of_another_day_can_change_a_forecast() -> None:
    """Readings of a week are replaced on every day but the issue date, and sites vanish from all later days."""
    generator = np.random.default_rng(3)
    week = pd.date_range("2021-07-01", periods=7)
    known = site_days(
        *(
            {"site_id": f"17031{n:04d}", "date_local": day, "latitude": 41.0 + n * n / 50, "pm25_ugm3": value}
            for n, value in enumerate(generator.uniform(0, 50, 12))
            for day in week
            if generator.random() < 0.7
        )
    )
    issued = known.loc[known["date_local"] == FOURTH, ["site_id"]].assign(issue_date=FOURTH)
    other_days = known["date_local"] != FOURTH
    corrupted = known.assign(pm25_ugm3=known["pm25_ugm3"].mask(other_days, 999.0))
    until_then = known[known["date_local"] <= FOURTH]

    expected = nearest_site_forecasts(issued, site_days=known)
    assert len(expected) == len(issued) > 5
    for changed in (corrupted, until_then):
        pd.testing.assert_frame_equal(nearest_site_forecasts(issued, site_days=changed), expected)


def test_many_sites_and_days_agree_with_a_plain_loop() -> None:
    generator = np.random.default_rng(4)
    days = pd.date_range("2021-07-01", periods=5)
    sites = [(f"17031{n:04d}", *generator.uniform((38.0, -92.0), (44.0, -84.0))) for n in range(15)]
    table = site_days(
        *(
            {"site_id": site, "date_local": day, "latitude": latitude, "longitude": longitude, "pm25_ugm3": value}
            for site, latitude, longitude in sites
            for day, value in zip(days, generator.uniform(0, 60, 5), strict=True)
            if generator.random() < 0.5
        )
    )
    issued = table[["site_id", "date_local"]].set_axis(["site_id", "issue_date"], axis=1)

    found = nearest_site_forecasts(issued, site_days=table)

    def expected(row: Any) -> float:
        here = table[table["site_id"] == row.site_id].iloc[0]
        others = table[(table["date_local"] == row.issue_date) & (table["site_id"] != row.site_id)]
        place = (np.radians(here[["latitude", "longitude"]].astype(float)).to_numpy() for _ in others.index)
        km = [
            great_circle_km(*point, *np.radians([other.latitude, other.longitude]))
            for point, other in zip(place, others.itertuples(), strict=True)
        ]
        return float(others["pm25_ugm3"].iloc[int(np.argmin(km))])

    assert found["pm25_ugm3"].tolist() == [expected(row) for row in found.itertuples()]
    assert len(found) == len(issued)
