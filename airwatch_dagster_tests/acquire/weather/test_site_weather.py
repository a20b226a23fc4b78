"""Sites have the weather of the stations around them, nearer ones first, in their own standard time."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.acquire.weather.site_weather import (
    days_at_sites,
    hours_at_sites,
    interpolated,
    neighbours,
    stations_within_reach,
)
from airwatch_dagster.acquire.weather.station_hours import station_hours
from airwatch_dagster.acquire.weather.stations import known_stations, standard_offset_hours, us_stations
from airwatch_dagster.geo import great_circle_km

DAY = pd.Timestamp("2021-07-04")
CHICAGO = {"site_id": "170310001", "latitude": 41.67, "longitude": -87.73}


def places(*changes: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame([{"latitude": 40.0, "longitude": -100.0, "elevation_m": 0.0, **change} for change in changes])


def test_nearer_stations_weigh_more_by_distance() -> None:
    stations = places({"latitude": 40.1}, {"latitude": 40.3})  # 11.1 and 33.4 km

    near = neighbours(places({}), stations, height_km_per_m=0.0)
    value = interpolated(np.array([10.0, 20.0]), near)

    assert near.distance_km[0].tolist() == pytest.approx([11.12, 33.36], abs=0.01)
    assert value[0] == pytest.approx((10.0 * 3 + 20.0) / 4, rel=1e-6)


def test_a_station_without_a_value_leaves_its_weight_to_the_others() -> None:
    near = neighbours(places({}), places({"latitude": 40.1}, {"latitude": 40.3}))

    assert interpolated(np.array([np.nan, 20.0]), near)[0] == pytest.approx(20.0)
    assert np.isnan(interpolated(np.array([np.nan, np.nan]), near)[0])


def test_the_five_nearest_within_the_radius_count() -> None:
    stations = places(*({"latitude": 40.0 + 0.1 * n} for n in (9, 1, 2, 3, 4, 5, 6)))

    near = neighbours(places({}, {"latitude": 45.0}), stations)

    assert near.index[0].tolist() == [1, 2, 3, 4, 5]
    assert near.has_any.tolist() == [True, False]
    assert np.isnan(interpolated(np.arange(7.0), near)).tolist() == [False, True]


def test_temperatures_move_to_the_height_of_the_site() -> None:
    stations = places({"latitude": 40.1, "elevation_m": 200.0}, {"latitude": 39.9, "elevation_m": 1200.0})
    at = {"known": places({"elevation_m": 1000.0}), "unknown": places({"elevation_m": np.nan, "latitude": 40.05})}

    moved = {
        how: interpolated(np.array([20.0, 13.5]), neighbours(site, stations), lapse_c_per_m=0.0065)[0]
        for how, site in at.items()
    }

    assert moved == {"known": pytest.approx(14.8), "unknown": pytest.approx(20.0)}


def test_a_station_of_another_height_is_farther() -> None:
    stations = places({"latitude": 40.1, "elevation_m": 1000.0}, {"latitude": 40.2})

    assert neighbours(places({}), stations, count=1).index[0].tolist() == [1]
    assert neighbours(places({}), stations, count=1, height_km_per_m=0.0).index[0].tolist() == [0]


def test_without_stations_there_is_nothing() -> None:
    near = neighbours(places({}, {}), places({}).head(0))

    assert near.has_any.tolist() == [False, False]
    assert np.isnan(interpolated(np.array([]), near)).tolist() == [True, True]


def test_blocks_of_sites_are_as_one_site_at_a_time() -> None:
    random = np.random.default_rng(7)

    def scattered(count: int) -> pd.DataFrame:
        degrees = {"latitude": random.uniform(38, 42, count), "longitude": random.uniform(-102, -98, count)}
        return pd.DataFrame({**degrees, "elevation_m": random.uniform(0, 2000, count)})

    sites, stations = scattered(300), scattered(80)
    values = random.normal(10, 5, 80)

    together = interpolated(values, neighbours(sites, stations), lapse_c_per_m=0.0065)

    for at in (0, 255, 256, 299):
        site = sites.iloc[at]
        km = great_circle_km(
            *(np.radians(one) for one in (site["latitude"], site["longitude"])),
            *(np.radians(stations[name].to_numpy()) for name in ("latitude", "longitude")),
        )
        effective = np.hypot(km, 0.1 * (site["elevation_m"] - stations["elevation_m"].to_numpy()))
        chosen = [one for one in np.argsort(effective) if km[one] <= 100.0][:5]
        weights = [1 / max(effective[one], 1.0) for one in chosen]
        moved = [values[one] - 0.0065 * (site["elevation_m"] - stations["elevation_m"].iloc[one]) for one in chosen]
        assert together[at] == pytest.approx(np.average(moved, weights=weights))


def days(**values: list[Any]) -> pd.DataFrame:
    """A day of the stations A and B."""
    given = {"station_id": ["A", "B"], "target_date": DAY, "horizon_days": 0, "temperature_c": 20.0}
    return pd.DataFrame({**given, "issued_at": pd.to_datetime(["2021-07-04 12:00", "2021-07-04 13:00"]), **values})


AB = places({"station_id": "A", "latitude": 40.1}, {"station_id": "B", "latitude": 40.2})


def test_the_class_is_that_of_the_nearest_station_that_has_one_and_issued_at_the_latest() -> None:
    sites = places({"site_id": "310010001"}, {"site_id": "310010002", "latitude": 40.3})
    near = neighbours(sites, AB)

    both = days_at_sites(days(weather_class=["smoke", "clear"]), AB, sites, near, values=("temperature_c",))
    one = days_at_sites(days(weather_class=[None, "clear"]), AB, sites, near, values=("temperature_c",))

    assert both["weather_class"].tolist() == ["smoke", "clear"]
    assert one["weather_class"].tolist() == ["clear", "clear"]
    assert both["issued_at"].unique().tolist() == [pd.Timestamp("2021-07-04 13:00")]
    assert both["station_distance_km"].tolist() == pytest.approx([11.12, 11.12], abs=0.01)


def test_a_site_out_of_reach_and_a_day_without_any_value_have_no_row() -> None:
    sites = places({"site_id": "310010001"}, {"site_id": "310010002", "latitude": 45.0})

    rows = days_at_sites(days(), AB, sites, neighbours(sites, AB), values=("temperature_c",))
    empty = days_at_sites(days(temperature_c=np.nan), AB, sites, neighbours(sites, AB), values=("temperature_c",))

    assert rows["site_id"].tolist() == ["310010001"]
    assert empty.empty


def hours_of(stations: list[str]) -> pd.DataFrame:
    valid_at = pd.date_range("2021-07-04 03:00", periods=32, freq="3h")
    parts = [
        pd.DataFrame(
            {"station_id": one, "valid_at": valid_at, "run_at": DAY, "issued_at": DAY, "temperature_c": range(32)}
        )
        for one in stations
    ]
    return station_hours(pd.concat(parts, ignore_index=True))


def test_each_site_has_days_of_the_standard_time_of_its_nearest_station() -> None:
    denver = {"site_id": "080310002", "latitude": 39.86, "longitude": -104.67}

    found = pd.DataFrame(
        hours_at_sites(hours_of(["KORD", "KMDW", "KDEN"]), pd.DataFrame([CHICAGO, denver]), issue_date=DAY)
    )

    by_site = found[found["horizon_days"] == 1].set_index("site_id")["temperature_c"]
    # The day begins at 06 UTC in Chicago, not at 05 UTC as by its clocks in summer, and at 07 UTC in Denver.
    assert by_site.to_dict() == pytest.approx({"170310001": 12.5, "080310002": 13.5}, abs=0.1)
    assert found.groupby("site_id").size().to_dict() == {"170310001": 4, "080310002": 4}


def test_stations_without_a_known_position_are_left_out() -> None:
    assert not hours_at_sites(hours_of(["46083", "CLFU1"]), pd.DataFrame([CHICAGO]), issue_date=DAY)
    assert known_stations(["46083", "KORD"])["station_id"].tolist() == ["KORD"]


def test_positions_are_degrees_and_metres() -> None:
    ohare = us_stations().set_index("station_id").loc["KORD"]

    assert (ohare["latitude"], ohare["longitude"]) == (pytest.approx(41.98, abs=0.02), pytest.approx(-87.91, abs=0.02))
    assert ohare["elevation_m"] == pytest.approx(205, abs=5)
    assert ohare["time_zone"] == "America/Chicago"


def test_offsets_are_of_standard_time_all_year() -> None:
    zones = pd.Series(["America/Chicago", "America/Phoenix", "Pacific/Honolulu", "Pacific/Guam", "America/Chicago"])

    for day in ("2021-01-04", "2021-07-04", "2021-03-14"):
        assert standard_offset_hours(zones, pd.Timestamp(day)).tolist() == [-6.0, -7.0, -10.0, 10.0, -6.0]


def test_stations_within_reach_are_those_around_any_site() -> None:
    found = stations_within_reach(pd.DataFrame([CHICAGO]), radius_km=50.0)

    assert {"KORD", "KMDW"} <= set(found["station_id"])
    assert "KMKE" not in set(found["station_id"])
