"""Hours become the days of each site's own standard time."""

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.acquire.weather.open_meteo.site_days import SiteHours, days_of

ALBANY, DENVER, GUAM = ("36001", 42.65, -73.75), ("08031", 39.75, -104.99), ("66010", 13.47, 144.79)
DAY = pd.Timestamp("2024-07-04")
EVERY_HOUR = pd.date_range("2024-07-03", "2024-07-08 23:00", freq="h")


def sites(*places: tuple[str, float, float]) -> pd.DataFrame:
    return pd.DataFrame(places, columns=["site_id", "latitude", "longitude"])


def hours(site_count: int = 1, **values: np.ndarray) -> SiteHours:
    published = (EVERY_HOUR - pd.Timedelta(hours=12)).to_numpy()
    grids = {name: np.tile(numbers.astype(float), (site_count, 1)) for name, numbers in values.items()}
    return SiteHours(EVERY_HOUR, published, site_count, grids)


def local(offset: int) -> pd.DatetimeIndex:
    return EVERY_HOUR + pd.Timedelta(hours=offset)


def of_horizon(days: pd.DataFrame, horizon: int) -> pd.Series:
    return days[days["horizon_days"] == horizon].iloc[0]


@pytest.mark.parametrize(("place", "offset"), [(ALBANY, -5), (DENVER, -7), (GUAM, 10)])
def test_a_day_is_that_of_standard_time_even_in_summer(place: tuple[str, float, float], offset: int) -> None:
    at = local(offset)
    is_the_fifth = at.floor("D") == pd.Timestamp("2024-07-05")
    days = days_of(hours(temperature_2m=np.where(is_the_fifth, 30.0, 10.0)), sites(place), issue_date=DAY)

    assert days["horizon_days"].tolist() == [0, 1, 2, 3]
    assert days["temperature_c"].tolist() == [10.0, 30.0, 10.0, 10.0]
    assert days["temperature_max_c"].tolist() == [10.0, 30.0, 10.0, 10.0]
    # The night that ends on the fifth begins on the fourth, and the sixth's on the fifth.
    assert days["temperature_min_c"].tolist() == [10.0, 10.0, 10.0, 10.0]


def test_the_lowest_temperature_is_that_of_the_night_that_ends_on_the_day() -> None:
    at = local(-5)
    numbers = np.full(len(at), 20.0)
    numbers[at == pd.Timestamp("2024-07-04 18:00")] = -9.0  # before the night
    numbers[at == pd.Timestamp("2024-07-04 19:00")] = 3.0
    numbers[at == pd.Timestamp("2024-07-05 08:00")] = 2.0
    numbers[at == pd.Timestamp("2024-07-05 09:00")] = -9.0  # after it
    days = days_of(hours(temperature_2m=numbers), sites(ALBANY), issue_date=DAY)
    assert of_horizon(days, 1)["temperature_min_c"] == 2.0


def test_rain_is_that_of_the_hours_that_end_within_the_day() -> None:
    at = local(-5)
    rain = np.zeros(len(at))
    rain[at == pd.Timestamp("2024-07-05 00:00")] = 1.0  # the last hour of the fourth
    rain[at == pd.Timestamp("2024-07-05 01:00")] = 2.0  # the first of the fifth
    rain[at == pd.Timestamp("2024-07-06 00:00")] = 4.0  # its last
    days = days_of(hours(precipitation=rain), sites(ALBANY), issue_date=DAY)
    assert days["precipitation_mm"].tolist() == [1.0, 6.0, 0.0, 0.0]


def test_a_missing_hour_leaves_sums_and_extremes_null_and_means_as_they_are() -> None:
    at = local(-5)
    steady = np.where(at == pd.Timestamp("2024-07-05 15:00"), np.nan, 20.0)
    rain = np.where(at == pd.Timestamp("2024-07-05 15:00"), np.nan, 0.0)
    days = days_of(hours(temperature_2m=steady, precipitation=rain), sites(ALBANY), issue_date=DAY)
    one = of_horizon(days, 1)
    assert one["temperature_c"] == 20.0
    assert np.isnan([one["temperature_max_c"], one["precipitation_mm"]]).all()
    assert one["temperature_min_c"] == 20.0


def test_a_day_with_few_hours_has_no_mean() -> None:
    at = local(-5)
    numbers = np.where(at < pd.Timestamp("2024-07-05 14:00"), 20.0, np.nan)
    days = days_of(hours(temperature_2m=numbers), sites(ALBANY), issue_date=DAY)
    assert of_horizon(days, 0)["temperature_c"] == 20.0
    assert days["horizon_days"].max() == 1
    assert np.isnan(of_horizon(days, 1)["temperature_c"])


def test_wind_blows_towards_where_it_goes_and_a_calm_nowhere() -> None:
    west = np.full(len(EVERY_HOUR), 270.0)
    speed = np.where(local(-5).floor("D") == pd.Timestamp("2024-07-05"), 0.0, 4.0)
    days = days_of(hours(wind_speed_10m=speed, wind_direction_10m=west), sites(ALBANY), issue_date=DAY)
    assert days["wind_east_ms"].tolist() == pytest.approx([4.0, 0.0, 4.0, 4.0])
    assert days["wind_north_ms"].tolist() == pytest.approx([0.0] * 4, abs=1e-6)
    assert days["wind_speed_ms"].tolist() == [4.0, 0.0, 4.0, 4.0]


def test_humidity_boundary_layer_clouds_and_chance_of_rain() -> None:
    at = local(-5)
    length = len(at)
    chance = np.where(at == pd.Timestamp("2024-07-05 13:00"), 90.0, 10.0)
    height = np.where(at.hour == 15, 1500.0, 500.0)
    days = days_of(
        hours(
            temperature_2m=np.full(length, 20.0),
            dew_point_2m=np.full(length, 20.0),
            cloud_cover=np.full(length, 40.0),
            boundary_layer_height=height,
            precipitation_probability=chance,
        ),
        sites(ALBANY),
        issue_date=DAY,
    )
    one = of_horizon(days, 1)
    assert one["relative_humidity_pct"] == pytest.approx(100.0)
    assert one["cloud_cover_pct"] == 40.0
    assert (one["boundary_layer_height_m"], one["boundary_layer_height_max_m"]) == (pytest.approx(13_000 / 24), 1500.0)
    assert days["precipitation_probability_pct"].tolist() == [10.0, 90.0, 10.0, 10.0]


def test_a_day_was_issued_when_the_last_of_its_values_was() -> None:
    days = days_of(hours(temperature_2m=np.full(len(EVERY_HOUR), 20.0)), sites(ALBANY), issue_date=DAY)
    # The midnight that ends the fifth is 05:00 UTC of the sixth; published 12 hours earlier.
    assert of_horizon(days, 1)["issued_at"] == pd.Timestamp("2024-07-05 17:00")


def test_sites_in_several_zones_keep_their_values_apart() -> None:
    places = sites(ALBANY, DENVER, GUAM)
    numbers = np.repeat([[10.0], [20.0], [30.0]], len(EVERY_HOUR), axis=1)
    found = hours(3)
    found.values["temperature_2m"] = numbers
    days = days_of(found, places, issue_date=DAY)
    means = days.groupby("site_id")["temperature_c"].agg(["min", "max", "count"])
    assert means.loc[["36001", "08031", "66010"]].to_numpy().tolist() == [[10, 10, 4], [20, 20, 4], [30, 30, 4]]


def test_a_site_without_values_has_no_days() -> None:
    assert days_of(hours(temperature_2m=np.full(len(EVERY_HOUR), np.nan)), sites(ALBANY), issue_date=DAY).empty
    assert days_of(hours(), sites(ALBANY), issue_date=DAY).empty
    assert days_of(hours(0), sites(), issue_date=DAY).empty
