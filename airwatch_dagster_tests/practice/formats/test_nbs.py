"""NBS bulletins of the practice world as AirWatch reads them: its values within the bulletin's rounding."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.acquire.weather.nbm.bulletin import read_nbs
from airwatch_dagster.acquire.weather.station_hours import StationHours
from airwatch_dagster.acquire.weather.stations import known_stations
from airwatch_dagster.geo import great_circle_km
from airwatch_dagster.practice.formats.nbs import LAYER_FACTOR, nbs_bulletin
from airwatch_dagster.practice.formats.units import FAULT_F
from airwatch_dagster.practice.world.network import SITES
from airwatch_dagster.practice.world.weather.forecasts import HourlyWeather, forecast
from airwatch_dagster.practice.world.weather.stations import STATIONS

SUMMER = datetime(2021, 7, 4, 17, tzinfo=UTC)
WINTER = datetime(2022, 1, 6, 7, tzinfo=UTC)
KNOT_MS, FAHRENHEIT_C = 1852.0 / 3600.0, 1.0 / 1.8


def read(folder: Path, content: bytes, run: datetime) -> StationHours:
    path = folder / "blend_nbstx"
    path.write_bytes(content)
    run_at = pd.Timestamp(run).tz_localize(None)
    return read_nbs(path, issued_at=run_at + pd.Timedelta(minutes=44), culprit="blend_nbstx", run_at=run_at)


def truth(run: datetime, valid_at: pd.Series) -> HourlyWeather:
    """What the run says at the bulletin's hours; STATIONS are its columns."""
    first = pd.Timestamp(1, 1, 1).toordinal()
    hours = np.array([(at.toordinal() - first + 1) * 24 + at.hour for at in valid_at])
    return forecast(hours, run_hour=run.toordinal() * 24 + run.hour, seed=1)


@pytest.mark.parametrize("run", [SUMMER, WINTER])
def test_every_value_comes_back_within_its_rounding(tmp_path: Path, run: datetime) -> None:
    found = read(tmp_path, nbs_bulletin(run, seed=1), run)
    assert found.rejected.empty
    assert found.stations_in_file == len(STATIONS)
    assert found.version == "0.0"
    for number, station in enumerate(STATIONS):
        rows = found.hours[found.hours["station_id"] == station.station_id]
        weather = truth(run, rows["valid_at"])
        daily = weather.daily
        expected = {
            "temperature_c": (weather.temperature_c, 0.5 * FAHRENHEIT_C),
            "wind_speed_ms": (weather.wind_speed_ms, 0.5 * KNOT_MS),
            "cloud_cover_pct": (100.0 * daily.sky, 0.5),
            "mixing_height_m": (weather.mixing_m, 0.5 * 30.48),
            "transport_wind_ms": (LAYER_FACTOR * daily.speed_ms, 0.5 * KNOT_MS),
        }
        for name, (values, rounding) in expected.items():
            assert rows[name].to_numpy() == pytest.approx(values[:, number], abs=rounding + 1e-3), name
        shown = np.arctan2(rows["wind_east_ms"], rows["wind_north_ms"]).to_numpy()
        angle = np.arctan2(daily.wind_east_ms, daily.wind_north_ms)[:, number]
        apart = (shown - angle + np.pi) % (2.0 * np.pi) - np.pi
        assert np.abs(apart)[rows["wind_speed_ms"] > 0].max() <= np.radians(5.0) + 1e-3


def test_highs_and_lows_are_those_of_the_day_and_night(tmp_path: Path) -> None:
    hours = read(tmp_path, nbs_bulletin(SUMMER, seed=1), SUMMER).hours
    of_day = hours["valid_at"].dt.hour
    assert hours.loc[hours["temperature_max_c"].notna(), "valid_at"].dt.hour.unique().tolist() == [0]
    assert hours.loc[hours["temperature_min_c"].notna(), "valid_at"].dt.hour.unique().tolist() == [12]
    around = hours[of_day.isin([21, 9])].set_index(["station_id", "valid_at"])["temperature_c"]
    for name in ("temperature_max_c", "temperature_min_c"):
        given = hours[hours[name].notna()]
        three_before = around.reindex(
            pd.MultiIndex.from_arrays([given["station_id"], given["valid_at"] - pd.Timedelta(hours=3)])
        ).to_numpy()
        is_known = ~np.isnan(three_before)
        assert given[name].to_numpy()[is_known] == pytest.approx(three_before[is_known], abs=2.6)
        assert is_known.sum() >= 2 * len(STATIONS)


def test_rain_is_given_for_6_hours_and_its_probability_for_12(tmp_path: Path) -> None:
    hours = read(tmp_path, nbs_bulletin(WINTER, seed=1), WINTER).hours
    assert (hours.loc[hours["precipitation_mm"].notna(), "valid_at"].dt.hour % 6 == 0).all()
    chances = hours.loc[hours["precipitation_probability_pct"].notna()]
    assert (chances["valid_at"].dt.hour % 12 == 0).all()
    assert chances["precipitation_probability_pct"].between(0, 100).all()


@pytest.mark.parametrize("hour", range(24))
def test_every_run_of_a_day_can_be_read(tmp_path: Path, hour: int) -> None:
    run = datetime(2020, 2, 28, hour, tzinfo=UTC)
    found = read(tmp_path, nbs_bulletin(run, seed=1), run)
    after = (found.hours["valid_at"] - found.hours["run_at"]).dt.total_seconds() / 3600.0
    assert found.rejected.empty
    assert after.min() in (4.0, 5.0, 6.0)
    assert after.max() - after.min() == 66.0
    assert found.hours["station_id"].nunique() == len(STATIONS)


@pytest.mark.slow
def test_a_year_of_runs_has_no_value_out_of_bounds(tmp_path: Path) -> None:
    for number in range(0, 365, 5):
        run = datetime(2023, 1, 1, 13, tzinfo=UTC) + timedelta(days=number)
        found = read(tmp_path, nbs_bulletin(run, seed=3), run)
        assert found.rejected.empty
        assert found.hours["temperature_c"].notna().all()


def test_a_faulty_bulletin_is_too_warm_and_nothing_else(tmp_path: Path) -> None:
    right = read(tmp_path, nbs_bulletin(SUMMER, seed=1), SUMMER).hours
    wrong = read(tmp_path, nbs_bulletin(SUMMER, seed=1, has_fault=True), SUMMER).hours
    warmer = (wrong["temperature_c"] - right["temperature_c"]).to_numpy()
    assert warmer == pytest.approx(FAULT_F * FAHRENHEIT_C, abs=1e-3)
    pd.testing.assert_series_equal(wrong["wind_speed_ms"], right["wind_speed_ms"])
    pd.testing.assert_series_equal(wrong["dew_point_c"], right["dew_point_c"])


def test_the_stations_are_where_airwatch_knows_them_and_near_every_site() -> None:
    known = known_stations(station.station_id for station in STATIONS).set_index("station_id")
    assert len(known) == len(STATIONS)
    for station in STATIONS:
        row = known.loc[station.station_id]
        assert (row["latitude"], row["longitude"]) == pytest.approx((station.latitude, station.longitude), abs=0.006)
    places = np.radians([[station.latitude, station.longitude] for station in STATIONS]).T
    for site in SITES:
        distance_km = great_circle_km(np.radians(site.latitude), np.radians(site.longitude), *places)
        assert distance_km.min() < 80.0
