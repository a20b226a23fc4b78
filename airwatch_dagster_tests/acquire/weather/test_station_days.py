"""Hours of stations become days of local standard time, as a slow loop over the hours would have them."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.acquire.weather.station_days import STATION_DAY_KEY, STATION_DAY_VALUES, station_days
from airwatch_dagster.acquire.weather.station_hours import (
    relative_humidity_pct,
    station_hours,
    wind_components,
)

ISSUE = pd.Timestamp("2021-07-04")


def hours(first: str = "2021-07-04 06:00", count: int = 24, **values: Any) -> pd.DataFrame:
    """3-hourly hours of one station; a value is one for all hours, or one for each."""
    valid_at = pd.date_range(first, periods=count, freq="3h")
    given = {"station_id": "KORD", "valid_at": valid_at, "run_at": ISSUE, "issued_at": ISSUE + pd.Timedelta(minutes=44)}
    return station_hours(pd.DataFrame({**given, **values}))


def day_of(rows: pd.DataFrame, horizon: int = 0, offset: float = -6.0) -> pd.Series:
    days = station_days(rows, utc_offset_hours=offset, issue_date=ISSUE).set_index("horizon_days")
    return days.loc[horizon]


def at_hours(which: dict[str, float], count: int = 24, first: str = "2021-07-04 06:00") -> list[float]:
    """Values at some times, nan at others."""
    times = pd.date_range(first, periods=count, freq="3h")
    return [which.get(f"{one:%d %H}", np.nan) for one in times]


def test_days_are_those_of_the_offset_and_means_of_their_eight_values() -> None:
    rows = hours(temperature_c=np.arange(24.0))

    days = station_days(rows, utc_offset_hours=-6.0, issue_date=ISSUE)

    assert list(days) == [*STATION_DAY_KEY, *STATION_DAY_VALUES]
    assert days["target_date"].tolist() == [ISSUE + pd.Timedelta(days=n) for n in range(3)]
    assert days["temperature_c"].tolist() == [3.5, 11.5, 19.5]
    assert days["issued_at"].unique().tolist() == [pd.Timestamp("2021-07-04 00:44")]


@pytest.mark.parametrize(("first", "mean"), [("2021-07-04 15:00", 2.0), ("2021-07-04 18:00", np.nan)])
def test_a_day_needs_five_of_its_eight_values(first: str, mean: float) -> None:
    rows = hours(first, temperature_c=np.arange(24.0), temperature_max_c=30.0)

    assert day_of(rows)["temperature_c"] == pytest.approx(mean, nan_ok=True)


def test_null_hours_count_as_missing() -> None:
    cloud = [10.0, np.nan, 20.0, np.nan, 30.0, 40.0, 50.0, np.nan, *[np.nan] * 16]

    assert day_of(hours(cloud_cover_pct=cloud))["cloud_cover_pct"] == 30.0
    with pytest.raises(KeyError):
        day_of(hours(cloud_cover_pct=cloud), horizon=1)


def test_hourly_values_need_the_same_share_of_a_day() -> None:
    valid_at = pd.date_range("2021-07-04 06:00", periods=14, freq="h")
    rows = station_hours(
        pd.DataFrame(
            {"station_id": "KORD", "valid_at": valid_at, "run_at": ISSUE, "issued_at": ISSUE, "temperature_c": 20.0}
        )
    )
    more = pd.concat([rows, rows.assign(valid_at=rows["valid_at"] + pd.Timedelta(hours=14)).head(1)])

    assert station_days(rows, utc_offset_hours=-6.0, issue_date=ISSUE).empty
    assert len(station_days(more, utc_offset_hours=-6.0, issue_date=ISSUE)) == 1


def test_days_beyond_three_and_before_the_issue_date_are_left_out() -> None:
    rows = hours("2021-07-03 06:00", count=48, temperature_c=20.0)

    assert station_days(rows, utc_offset_hours=-6.0, issue_date=ISSUE)["horizon_days"].tolist() == [0, 1, 2, 3]


def test_wind_is_averaged_as_speed_and_as_a_vector() -> None:
    east, north = wind_components(np.array([4.0, 4.0] * 12), np.array([90.0, 270.0] * 12))
    day = day_of(hours(wind_speed_ms=4.0, wind_east_ms=east, wind_north_ms=north))

    assert east[:2].tolist() == pytest.approx([-4.0, 4.0])
    assert (day["wind_speed_ms"], day["wind_east_ms"]) == (4.0, pytest.approx(0.0, abs=1e-6))


def test_humidity_is_averaged_over_the_hours_not_computed_from_means() -> None:
    day = day_of(hours(temperature_c=[20.0, 10.0] * 12, dew_point_c=10.0))

    assert relative_humidity_pct(np.array([20.0, 10.0, 5.0]), np.array([10.0, 10.0, 6.0])).tolist() == pytest.approx(
        [52.5, 100.0, 100.0], abs=0.1
    )
    assert day["relative_humidity_pct"] == pytest.approx(76.3, abs=0.1)


def test_ventilation_is_the_mean_of_height_times_transport_wind() -> None:
    day = day_of(hours(mixing_height_m=[500.0, 1500.0] * 12, transport_wind_ms=[2.0, 6.0] * 12))

    assert day["ventilation_m2s"] == 5000.0
    assert (day["boundary_layer_height_m"], day["boundary_layer_height_max_m"]) == (1000.0, 1500.0)


def test_without_the_afternoon_the_highest_mixing_height_is_null() -> None:
    height = [500.0] * 24
    height[5] = np.nan  # 21:00 UTC, 15:00 at UTC-6

    day = day_of(hours(mixing_height_m=height))

    assert day["boundary_layer_height_m"] == 500.0
    assert np.isnan(day["boundary_layer_height_max_m"])


@pytest.mark.parametrize("offset", [-4.0, -5.0, -8.0, -10.0])
def test_extremes_belong_to_the_local_day_in_which_their_period_ends(offset: float) -> None:
    rows = hours(
        temperature_max_c=at_hours({"05 00": 30.0, "06 00": 31.0}),
        temperature_min_c=at_hours({"04 12": 14.0, "05 12": 15.0}),
    )

    days = station_days(rows, utc_offset_hours=offset, issue_date=ISSUE).set_index("horizon_days")

    assert days.loc[[0, 1], "temperature_max_c"].tolist() == [30.0, 31.0]
    assert days.loc[[0, 1], "temperature_min_c"].tolist() == [14.0, 15.0]


def test_west_of_the_date_line_the_extremes_are_not_used() -> None:
    rows = hours(temperature_max_c=at_hours({"05 00": 30.0}), temperature_min_c=at_hours({"04 12": 14.0}))

    assert station_days(rows, utc_offset_hours=10.0, issue_date=ISSUE).empty


def test_rain_is_shared_between_two_days_by_time() -> None:
    rain = at_hours({"04 06": 6.0, "04 12": 1.0, "04 18": 2.0, "05 00": 3.0, "05 06": 12.0, "05 12": 0.0})

    by_offset = {offset: day_of(hours(precipitation_mm=rain), offset=offset)["precipitation_mm"] for offset in (-6, -4)}

    # At UTC-6 the day begins and ends with a period. At UTC-4 it has the last two hours of the one to 06 UTC, and the
    # first four of that of the next day.
    assert by_offset == {-6: pytest.approx(1 + 2 + 3 + 12), -4: pytest.approx(2 + 1 + 2 + 3 + 8)}


def test_rain_needs_all_but_less_than_a_period_of_the_day() -> None:
    missing_one = at_hours({"04 12": 1.0, "04 18": 2.0, "05 00": 3.0})

    assert np.isnan(day_of(hours(precipitation_mm=missing_one, temperature_c=20.0))["precipitation_mm"])


def test_the_probability_is_the_higher_of_the_days_two_periods() -> None:
    probability = at_hours({"04 12": 90.0, "05 00": 20.0, "05 12": 60.0, "06 00": 10.0})

    found = [
        day_of(hours(precipitation_probability_pct=probability), h)["precipitation_probability_pct"] for h in (0, 1)
    ]

    # The period to 12 UTC has its middle at 06 UTC: midnight at UTC-6, and so the day's first.
    assert found == [90.0, 60.0]


def test_many_stations_are_as_a_loop_over_them() -> None:
    random = np.random.default_rng(4)
    stations = [
        hours(temperature_c=random.normal(15, 8, 24), cloud_cover_pct=random.uniform(0, 100, 24)).assign(
            station_id=name
        )
        for name in ("KMDW", "KORD", "KMKE")
    ]

    together = station_days(pd.concat(stations), utc_offset_hours=-5.0, issue_date=ISSUE).set_index("station_id")

    for rows in stations:
        name = rows["station_id"].iloc[0]
        for _, day in together.loc[name].iterrows():
            local = rows["valid_at"] + pd.Timedelta(hours=-5)
            chosen = rows[(local >= day["target_date"]) & (local < day["target_date"] + pd.Timedelta(days=1))]
            if len(chosen) >= 5:
                assert day["temperature_c"] == pytest.approx(np.mean(chosen["temperature_c"].to_list()), rel=1e-5)
            else:
                assert np.isnan(day["temperature_c"])
